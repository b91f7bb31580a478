"""The double of pyACL itself: it answers as CANN is known to, called as a program of another hand would."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np
import pytest
from make_toy import expected
from npus import plugged_in, toy_shell


class Bare:
    """A program that calls `acl` directly: one network, one run after the other."""

    def __init__(self, path: Path) -> None:
        import acl  # type: ignore[import-not-found]

        self.acl = acl
        acl.init()
        acl.rt.set_device(0)
        self.context, _ = acl.rt.create_context(0)
        self.stream, _ = acl.rt.create_stream()
        acl.rt.get_run_mode()
        acl.mdl.query_size(str(path))
        self.model, self.code = acl.mdl.load_from_file(str(path))
        self.description = acl.mdl.create_desc()
        acl.mdl.get_desc(self.description, self.model)
        self.inputs, self.outputs = self.dataset("input"), self.dataset("output")

    def dataset(self, side: str) -> int:
        """With buffers; their addresses are in `addresses`."""
        acl, made = self.acl, self.acl.mdl.create_dataset()
        for index in range(getattr(acl.mdl, f"get_num_{side}s")(self.description)):
            size = getattr(acl.mdl, f"get_{side}_size_by_index")(self.description, index)
            address, _ = acl.rt.malloc(size, 0)
            acl.mdl.add_dataset_buffer(made, acl.create_data_buffer(address, size))
        return int(made)

    def address(self, dataset: int, index: int) -> int:
        return int(self.acl.get_data_buffer_addr(self.acl.mdl.get_dataset_buffer(dataset, index)))

    def copy_in(self, index: int, array: np.ndarray) -> int:
        return int(
            self.acl.rt.memcpy(self.address(self.inputs, index), array.nbytes, array.ctypes.data, array.nbytes, 3)
        )

    def copy_out(self, index: int, array: np.ndarray) -> int:
        return int(
            self.acl.rt.memcpy(array.ctypes.data, array.nbytes, self.address(self.outputs, index), array.nbytes, 3)
        )

    def start(self) -> int:
        return int(self.acl.mdl.execute_async(self.model, self.inputs, self.outputs, self.stream))


LEFT, RIGHT = np.ones((1, 2, 4, 5), np.float32), np.full((1, 3, 4, 5), 0.5, np.float32)


@pytest.fixture()
def npu() -> Iterator[Any]:
    with plugged_in(strict=False, half=False) as plugged:
        yield plugged


@pytest.fixture()
def bare(npu: Any, tmp_path: Path) -> Bare:
    (tmp_path / "toy.om").write_bytes(toy_shell())
    return Bare(tmp_path / "toy.om")


def names(npu: Any) -> List[str]:
    return [complaint.name for complaint in npu.complaints]


def test_a_run_is_deferred_until_it_is_waited_for(bare: Bare, npu: Any) -> None:
    y = np.empty((1, 3, 4, 5), np.float32)
    bare.copy_in(0, LEFT)
    bare.copy_in(1, RIGHT)
    assert bare.start() == 0
    bare.copy_out(0, y)
    assert np.isnan(y).all(), "poison where somebody does not wait"
    bare.copy_in(1, 3 * RIGHT)
    assert bare.acl.rt.synchronize_stream(bare.stream) == 0
    bare.copy_out(0, y)
    np.testing.assert_allclose(y, expected(LEFT, 3 * RIGHT)[0], atol=1e-5)
    assert names(npu) == ["read-before-synchronise", "write-while-running"]


def test_float16_of_the_chip(tmp_path: Path) -> None:
    (tmp_path / "toy.om").write_bytes(toy_shell(options="--output_type=FP16"))
    with plugged_in(strict=False) as npu:
        bare = Bare(tmp_path / "toy.om")
        assert bare.acl.mdl.get_output_data_type(bare.description, 0) == 1
        assert bare.acl.mdl.get_output_size_by_index(bare.description, 0) == 2 * 60
        bare.copy_in(0, 1e6 * LEFT)
        bare.copy_in(1, RIGHT)
        bare.start()
        bare.acl.rt.synchronize_stream(bare.stream)
        y = np.empty((1, 3, 4, 5), np.float16)
        bare.copy_out(0, y)
    assert np.isinf(y).any(), "beyond 65504"
    assert set(names(npu)) >= {"leak-model", "leak-stream", "leak-context", "leak-memory", "leak-dataset"}


def test_what_is_left_at_the_end_is_named_with_its_birthplace() -> None:
    with plugged_in(strict=False) as other:
        import acl

        acl.init()
        acl.rt.set_device(0)
        acl.rt.malloc(64, 0)
    (memory, device) = (
        next(c for c in other.complaints if c.name == name) for name in ("leak-memory", "not-finalised")
    )
    assert "test_acl_double.py" in memory.where
    assert device.call == "end"


def test_indices_past_the_end_have_no_code(bare: Bare, npu: Any) -> None:
    mdl, description = bare.acl.mdl, bare.description
    assert mdl.get_input_size_by_index(description, 2) == 0
    assert mdl.get_output_name_by_index(description, 2) == ""
    assert mdl.get_input_data_type(description, -1) == -1
    assert mdl.get_input_dims(description, 5) == (0, 100000)
    assert mdl.get_num_inputs(0) == 0
    assert names(npu).count("index-past-end") == 4
    assert "null-handle" in names(npu)


def test_codes_that_are_known(bare: Bare, npu: Any) -> None:
    acl, mdl, rt = bare.acl, bare.acl.mdl, bare.acl.rt
    codes: Dict[str, int] = {
        "init again": acl.init(),
        "device 7": rt.set_device(7),
        "malloc of nothing": rt.malloc(0, 0)[1],
        "no file": mdl.load_from_file("/nowhere.om")[1],
        "unload nothing": mdl.unload(bare.model + 1),
        "memcpy from null": rt.memcpy(bare.address(bare.inputs, 0), 8, 0, 8, 3),
        "memcpy too much": rt.memcpy(bare.address(bare.inputs, 0), 8, LEFT.ctypes.data, 9, 3),
        "host memory": rt.malloc_host(64)[1],
        "too few buffers": mdl.execute_async(bare.model, mdl.create_dataset(), bare.outputs, bare.stream),
    }
    assert codes == {
        "init again": 100002, "device 7": 107001, "malloc of nothing": 100000, "no file": 145002,
        "unload nothing": 145003, "memcpy from null": 100000, "memcpy too much": 107000, "host memory": 207000,
        "too few buffers": 145000,
    }  # fmt: skip


def test_a_thread_without_context_is_refused_and_told_why(bare: Bare) -> None:
    answers: List[Any] = []

    def work() -> None:
        answers.append(bare.acl.rt.malloc(64, 0)[1])
        answers.append(bare.acl.get_recent_err_msg())
        answers.append(bare.acl.get_recent_err_msg())
        bare.acl.rt.set_context(bare.context)
        answers.append(bare.acl.rt.malloc(64, 0)[1])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert answers == [107002, "EZ9999: this thread has no context: call set_context first", None, 0]


def test_another_chips_file_is_refused_with_both_names(tmp_path: Path) -> None:
    (tmp_path / "toy.om").write_bytes(toy_shell(soc="Ascend310B4"))
    with plugged_in(strict=False) as other:
        import acl

        acl.init()
        acl.rt.set_device(0)
        assert acl.mdl.load_from_file(str(tmp_path / "toy.om")) == (0, 507008)
        assert "supported socVersion=Ascend310, but the model socVersion=Ascend310B4" in acl.get_recent_err_msg()
    assert "wrong-soc" in names(other)


def test_a_batch_must_be_set_and_be_one_of_those_compiled(npu: Any, tmp_path: Path) -> None:
    (tmp_path / "toy.om").write_bytes(toy_shell(options="--dynamic_batch_size=1,2"))
    bare = Bare(tmp_path / "toy.om")
    mdl = bare.acl.mdl
    assert mdl.get_dynamic_batch(bare.description) == ({"batchCount": 2, "batch": [1, 2]}, 0)
    index, code = mdl.get_input_index_by_name(bare.description, "ascend_mbatch_shape_data")
    assert (index, code) == (2, 0)
    bare.copy_in(0, LEFT)
    bare.copy_in(1, RIGHT)
    assert bare.start() == 145012
    assert mdl.set_dynamic_batch_size(bare.model, bare.inputs, index, 3) == 145013
    assert mdl.set_dynamic_batch_size(bare.model, bare.inputs, index, 1) == 0
    assert {"batch-not-set", "wrong-batch"} <= set(names(npu))


@pytest.mark.parametrize(("profile", "bytes_too"), [("cann50", False), ("cann6", True)])
def test_helpers_of_each_cann(profile: str, bytes_too: bool) -> None:
    with plugged_in(strict=False, profile=profile) as npu:
        import acl

        assert ("bytes_to_ptr" in dir(acl.util)) is bytes_too
        assert acl.util.numpy_to_ptr(LEFT) == LEFT.ctypes.data
        assert names(npu) == (["deprecated-helper"] if bytes_too else [])
        with pytest.raises(ValueError):
            acl.util.numpy_to_ptr(b"bytes")


def test_arguments_go_by_position_and_type(npu: Any) -> None:
    import acl

    for call in (
        lambda: acl.rt.set_device(device=0),
        lambda: acl.rt.set_device("0"),
        lambda: acl.rt.set_device(None),
        lambda: acl.rt.set_device(True),
        lambda: acl.rt.malloc(64),
        lambda: acl.mdl.load_from_file(Path("toy.om")),
    ):
        with pytest.raises(TypeError):
            call()
    assert set(names(npu)) == {"wrong-type"}
    with pytest.raises(AttributeError):
        acl.rt.mallocate(64, 0)


def test_a_sick_device_does_nothing_until_it_is_reset(bare: Bare, npu: Any) -> None:
    bare.copy_in(0, LEFT)
    bare.copy_in(1, RIGHT)
    npu.fail_on("rt.synchronize_stream", 507014)
    bare.start()
    rt = bare.acl.rt
    assert rt.synchronize_stream(bare.stream) == 507014
    assert rt.synchronize_stream(bare.stream) == 507014
    assert bare.start() == 507014
    assert rt.reset_device(0) == 0
    assert rt.set_device(0) == 0
    assert rt.malloc(64, 0)[1] == 0


def test_while_a_stream_is_waited_for_others_may_call(bare: Bare, npu: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, free = threading.Event(), threading.Event()

    def wait(_: float) -> None:
        waiting.set()
        assert free.wait(60)

    monkeypatch.setattr("time.sleep", wait)
    bare.copy_in(0, LEFT)
    bare.copy_in(1, RIGHT)
    bare.start()

    def synchronise() -> None:
        bare.acl.rt.set_context(bare.context)
        bare.acl.rt.synchronize_stream(bare.stream)

    thread = threading.Thread(target=synchronise)
    thread.start()
    assert waiting.wait(60)
    assert bare.acl.rt.malloc(64, 0)[1] == 0
    free.set()
    thread.join(60)
    assert not thread.is_alive()
