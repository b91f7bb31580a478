"""The NPU as a run time, on a strict double of CANN: what the contract of all run times does not say already."""

from __future__ import annotations

import logging
import random
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List

import numpy as np
import pytest
from helpers import write_manifest
from make_toy import expected
from npus import plugged_in, toy_shell, toy_store
from om_shells import BROKEN

from appliance.errors import ModelCorrupt, ModelMismatch, NpuError, RuntimeUnavailable, SonicError
from appliance.models import ModelStore
from appliance.pipeline.runtime import acl
from appliance.pipeline.runtime.acl.codes import ADVICE, CODES, meaning
from appliance.pipeline.runtime.base import Network
from appliance.pipeline.runtime.select import choose, load_network, statuses

HALF = 5e-3
"""What rounding to float16 may change in the toy network."""

MACHINES = [
    pytest.param({"profile": "cann50", "run_mode": 0}, id="CANN 5.0 on the board"),
    pytest.param({"profile": "cann6", "run_mode": 0}, id="CANN 6 on the board"),
    pytest.param({"profile": "cann6", "run_mode": 1}, id="CANN 6 in a host"),
]


@pytest.fixture()
def store(tmp_path: Path) -> ModelStore:
    return toy_store(tmp_path, toy_shell())


@pytest.fixture()
def npu() -> Iterator[Any]:
    with plugged_in() as plugged:
        yield plugged


def given(seed: int = 0) -> Dict[str, np.ndarray]:
    chance = np.random.RandomState(seed)
    return {
        "left": chance.randn(1, 2, 4, 5).astype(np.float32),
        "right": chance.randn(1, 3, 4, 5).astype(np.float32),
    }


def check(network: Network, seed: int = 0) -> None:
    outputs = network.run(given(seed))
    for name, wanted in zip("yz", expected(**given(seed))):
        np.testing.assert_allclose(outputs[name], wanted, atol=HALF)


# --- what it computes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("options", ["--output_type=FP32", "--output_type=FP16"])
@pytest.mark.parametrize("new", [False, True], ids=["old .om", "new .om"])
def test_results_on_every_machine(machine: Dict[str, Any], options: str, new: bool, tmp_path: Path) -> None:
    with plugged_in(**machine):
        network = load_network(toy_store(tmp_path, toy_shell(options=options, new=new)), "toy", "acl")
        for seed in range(3):
            check(network, seed)
        assert {array.dtype for array in network.run(given()).values()} == {np.dtype("float32")}
        network.close()


def test_outputs_without_names_are_taken_in_order(store: ModelStore) -> None:
    with plugged_in(tensor_names=False):
        network = load_network(store, "toy", "acl")
        check(network)
        network.close()


def test_the_board_chooses_the_npu_by_itself(npu: Any, store: ModelStore) -> None:
    choice = choose("auto", None, store)
    assert (choice.runtime, choice.precision) == ("acl", "fp32")


def test_buffers_are_made_once(npu: Any, store: ModelStore) -> None:
    network = load_network(store, "toy", "acl")
    before = len(npu.calls)
    for seed in range(5):
        check(network, seed)
    per_run = ["rt.set_context", "rt.memcpy", "rt.memcpy", "mdl.execute_async", "rt.synchronize_stream"]
    assert npu.calls[before:] == [*per_run, "rt.memcpy", "rt.memcpy"] * 5
    network.close()


# --- threads and lives ------------------------------------------------------------------------------------------------


def in_thread(work: Callable[[], None]) -> None:
    failures: List[BaseException] = []

    def body() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


def test_load_run_and_close_in_different_threads(npu: Any, store: ModelStore) -> None:
    networks: List[Network] = []
    in_thread(lambda: networks.append(load_network(store, "toy", "acl")))
    in_thread(lambda: check(networks[0]))
    check(networks[0])
    in_thread(networks[0].close)


def test_threads_do_not_mix_up_their_data(npu: Any, store: ModelStore) -> None:
    networks = [load_network(store, "toy", "acl") for _ in range(2)]
    failures: List[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(20):
                check(networks[number % 2], 100 * number + turn)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    for network in networks:
        network.close()


def test_the_device_is_given_back_with_the_last_network(npu: Any, store: ModelStore) -> None:
    first, second = (load_network(store, "toy", "acl") for _ in range(2))
    assert npu.calls.count("rt.set_device") == 1
    first.close()
    first.close()
    assert npu.device
    check(second)
    second.close()
    assert not npu.device
    third = load_network(store, "toy", "acl")
    check(third)
    third.close()
    assert (npu.calls.count("rt.set_device"), npu.calls.count("init")) == (2, 1)


def test_what_was_not_closed_is_given_back_at_the_end(store: ModelStore) -> None:
    with plugged_in() as npu:
        check(load_network(store, "toy", "acl"))
    assert npu.finalised


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_never_reaches_the_npu(name: str, npu: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt):
        load_network(toy_store(tmp_path, BROKEN[name][0](toy_shell()) or b" "), "toy", "acl")
    assert npu.calls == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (toy_shell(soc="Ascend310P3"), "Ascend310P3.*Ascend310"),
        (toy_shell(options="--dynamic_batch_size=1,2"), "dynamic"),
        (toy_shell().replace(b"left:1,2,4,5", b"left:1,2,5,4"), "another network"),
    ],
    ids=["chip", "dynamic", "shape"],
)
def test_another_file_is_not_loaded(content: bytes, words: str, npu: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelMismatch, match=words):
        load_network(toy_store(tmp_path, content), "toy", "acl")
    assert "mdl.load_from_file" not in npu.calls
    assert not npu.device


def test_an_image_as_bytes_is_refused_where_the_manifest_has_float32(npu: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelMismatch, match="right uint8"):
        load_network(toy_store(tmp_path, toy_shell(options="--insert_op_conf=aipp.cfg")), "toy", "acl")
    assert not npu.device


def test_changed_file(npu: Any, store: ModelStore) -> None:
    path = store.networks / "toy.om"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelCorrupt, match="sha256"):
        load_network(store, "toy", "acl")
    assert npu.calls == []


def test_a_model_that_does_not_fit_is_not_loaded(store: ModelStore) -> None:
    with plugged_in(memory=1 << 20) as npu:
        with pytest.raises(NpuError, match=r"1 MB of memory left.*needs 2 MB") as caught:
            load_network(store, "toy", "acl")
        assert "buffers" in caught.value.detail
        assert "mdl.load_from_file" not in npu.calls


def test_a_driver_that_does_not_know_its_memory(npu: Any, store: ModelStore) -> None:
    npu.fail_on("rt.get_mem_info", 207000)
    network = load_network(store, "toy", "acl")
    check(network)
    network.close()


# --- faults -----------------------------------------------------------------------------------------------------------


def calls_of_a_life(store: ModelStore) -> int:
    """How many calls loading, two runs and closing take; finalize, at the end, comes after them."""
    with plugged_in() as npu:
        live(store)
    return len(npu.calls) - 1


def live(store: ModelStore) -> None:
    network = load_network(store, "toy", "acl")
    try:
        check(network, 1)
        check(network, 2)
    finally:
        network.close()


@pytest.mark.parametrize("code", [207001, 507015])
def test_wherever_it_fails_there_is_a_named_error_and_no_leak(code: int, store: ModelStore) -> None:
    """Every call in turn; the double sees whether CANN was asked what it was, and what is left behind."""
    failed = 0
    for number in range(1, calls_of_a_life(store) + 1):
        with plugged_in() as npu:
            npu.fail_at(number, code)
            try:
                live(store)
            except NpuError as error:
                failed += 1
                assert f"acl.{npu.calls[number - 1]}" in error.detail
                assert "EZ9999: fault on demand" in error.detail
                assert str(code) in error.detail or "no result" in error.detail
            live(store)  # and it can be used again
    assert failed > 10


def test_a_fault_of_the_device_is_recovered_from_once(
    npu: Any, store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    networks = [load_network(store, "toy", "acl") for _ in range(2)]
    check(networks[0])
    npu.fail_on("rt.synchronize_stream", 507015)
    with caplog.at_level(logging.WARNING):
        check(networks[1])
    assert "507015 ACL_ERROR_RT_AICORE_EXCEPTION" in caplog.text
    assert npu.calls.count("rt.set_device") == 2
    for network in networks:
        check(network)
        network.close()


def test_a_fault_that_comes_back_is_given_up_loudly(
    npu: Any, store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    network = load_network(store, "toy", "acl")
    npu.fail_on("mdl.execute_async", 507014, times=2)
    with pytest.raises(NpuError, match="failed again") as caught:
        network.run(given())
    assert "507014" in caught.value.detail
    assert not npu.device
    assert "is given up" in next(record.getMessage() for record in caplog.records if record.levelname == "ERROR")
    calls = len(npu.calls)
    with pytest.raises(NpuError, match="failed again"):
        network.run(given())
    with pytest.raises(NpuError, match="failed again"):
        load_network(store, "toy", "acl")
    assert len(npu.calls) == calls
    network.close()
    again = load_network(store, "toy", "acl")
    check(again)
    again.close()


def test_a_second_fault_soon_after_the_first_is_not_recovered_from(npu: Any, store: ModelStore) -> None:
    network = load_network(store, "toy", "acl")
    npu.fail_on("rt.synchronize_stream", 507018)
    check(network)
    npu.fail_on("mdl.execute_async", 507018)
    with pytest.raises(NpuError, match="failed again"):
        check(network)
    network.close()


def test_after_a_long_calm_it_is(npu: Any, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acl.session, "CALM", 3)
    network = load_network(store, "toy", "acl")
    for _ in range(3):
        npu.fail_on("rt.synchronize_stream", 507018)
        for seed in range(3):
            check(network, seed)
    network.close()


def test_without_permission_the_advice_is_to_get_it(npu: Any, store: ModelStore) -> None:
    npu.fail_on("rt.set_device", 207006)
    with pytest.raises(NpuError) as caught:
        load_network(store, "toy", "acl")
    assert "HwHiAiUser" in caught.value.action
    npu.fail_on("rt.set_device", 507033)
    with pytest.raises(NpuError) as caught:
        load_network(store, "toy", "acl")
    assert "Driver, firmware and CANN" in caught.value.action
    assert npu.calls.count("rt.set_device") == 2, "a device that cannot be opened is not opened again and again"


def test_a_cann_that_cannot_say_what_went_wrong(npu: Any, store: ModelStore) -> None:
    npu.functions = {name: found for name, found in npu.functions.items() if name != "get_recent_err_msg"}
    npu.fail_on("mdl.load_from_file", 545001)
    with pytest.raises(NpuError) as caught:
        load_network(store, "toy", "acl")
    assert caught.value.detail.endswith("the model could not be loaded")
    npu.complaints.clear()


def test_without_the_module_there_is_a_reason() -> None:
    with pytest.raises(RuntimeUnavailable, match=r"set_env\.sh"):
        acl.session.shared()


def test_an_interrupted_run_is_waited_for_before_its_memory_is_freed(
    npu: Any, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = load_network(store, "toy", "acl")

    def interrupted(stream: int) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(npu, "rt_synchronize_stream", interrupted)
    with pytest.raises(KeyboardInterrupt):
        network.run(given())
    network.close()


@pytest.mark.parametrize("seed", range(20))
def test_any_course_of_things(seed: int, store: ModelStore) -> None:
    """Loading, running and closing in any order and thread, with a failing call now and then: right or refused."""
    chance = random.Random(seed)
    codes = (207001, 500000, 507011, 507015, 507899, 100000)
    networks: List[Network] = []
    outcomes: List[str] = []

    def step() -> None:
        deed = chance.choice(("load", "run", "run", "run", "close"))
        try:
            if deed == "load" or not networks:
                networks.append(load_network(store, "toy", "acl"))
            elif deed == "run":
                check(chance.choice(networks), chance.randrange(100))
            else:
                networks.pop(chance.randrange(len(networks))).close()
            outcomes.append(deed)
        except NpuError:
            outcomes.append("refused")

    with plugged_in(profile=chance.choice(("cann50", "cann6")), run_mode=chance.randrange(2), patience=1000) as npu:
        for _ in range(40):
            if chance.random() < 0.15:
                npu.fail_at(len(npu.calls) + chance.randrange(1, 30), chance.choice(codes))
            if chance.random() < 0.3:
                in_thread(step)
            else:
                step()
    assert len(outcomes) == 40
    assert "run" in outcomes


def test_another_module_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "acl", ModuleType("acl"))
    with pytest.raises(RuntimeUnavailable, match="not CANN's"):
        acl.session.shared()


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_of_cann() -> None:
    assert CODES[507033].name == "ACL_ERROR_RT_DEV_SETUP_ERROR"
    assert CODES[145003].name == "ACL_ERROR_GE_EXEC_MODEL_ID_INVALID"
    assert CODES[100002].name == "ACL_ERROR_REPEAT_INITIALIZE"
    assert "4711" in meaning(4711).words
    assert set(ADVICE) <= set(CODES)
    assert all(words[0].islower() or words.startswith("CANN") for _, words in CODES.values())


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_why_the_npu_is_not_used(npu: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy_store(tmp_path, toy_shell())
    (tmp_path / "toy.onnx").write_bytes(toy_shell())
    write_manifest(tmp_path, {"onnx": "toy.onnx"})
    store = ModelStore(networks=tmp_path)
    assert "no files for it" in statuses(store)[0].reason
    assert choose("auto", None, store).runtime == "onnx"
    monkeypatch.setattr(acl, "device_nodes", list)
    assert "/dev/davinci" in statuses(store)[0].reason


def test_every_error_of_the_npu_is_one_for_people(npu: Any, store: ModelStore) -> None:
    npu.fail_on("rt.malloc", 207018)
    with pytest.raises(SonicError) as caught:
        load_network(store, "toy", "acl")
    assert caught.value.message == "The NPU does not work: the memory is used up."
    assert (caught.value.code, caught.value.exit_code) == ("npu", 5)
    assert "207018 ACL_ERROR_RT_DEVICE_OOM" in caught.value.detail
