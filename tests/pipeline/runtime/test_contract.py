"""What every run time must do alike. Each test runs on every one that this machine has, and on a played NPU."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Iterator

import numpy as np
import pytest
from helpers import write_manifest
from make_toy import expected
from npus import plugged_in, toy_shell

from appliance.errors import ModelCorrupt, ModelInputInvalid, ModelMismatch, ModelMissing, RuntimeUnavailable
from appliance.models import ModelStore
from appliance.pipeline.runtime import mindspore_lite, onnx
from appliance.pipeline.runtime.base import Network
from appliance.pipeline.runtime.select import choose, load_network

OBSTACLES = {"onnx": onnx.obstacle(), "mindspore_lite": mindspore_lite.obstacle()}
FILES = {"onnx": "toy.onnx", "mindspore_lite": "toy.mindir", "acl": "toy.om"}


@pytest.fixture(params=[*(name for name, obstacle in OBSTACLES.items() if not obstacle), "acl"])
def runtime(request: pytest.FixtureRequest, toy_store: ModelStore) -> Iterator[str]:
    if request.param != "acl":
        yield request.param
        return
    (toy_store.networks / "toy.om").write_bytes(toy_shell())
    write_manifest(toy_store.networks, FILES)
    with plugged_in(half=False):
        yield "acl"


@pytest.fixture()
def network(runtime: str, toy_store: ModelStore) -> Iterator[Network]:
    loaded = load_network(toy_store, "toy", runtime)
    yield loaded
    loaded.close()


def inputs(seed: int = 0) -> Dict[str, np.ndarray]:
    random = np.random.RandomState(seed)
    return {
        "left": random.randn(1, 2, 4, 5).astype(np.float32),
        "right": random.randn(1, 3, 4, 5).astype(np.float32),
    }


def test_values_names_shapes_and_dtypes(network: Network) -> None:
    given = inputs()
    outputs = network.run(given)
    assert sorted(outputs) == ["y", "z"]
    for name, wanted in zip("yz", expected(**given)):
        assert outputs[name].dtype == np.float32
        np.testing.assert_allclose(outputs[name], wanted, atol=1e-5)


def test_inputs_may_change_after_the_run(network: Network) -> None:
    given = inputs()
    before = network.run(given)["y"].copy()
    changed = inputs()
    outputs = network.run(changed)
    changed["left"][:] = 99
    np.testing.assert_array_equal(outputs["y"], before)


def test_inputs_are_left_alone(network: Network) -> None:
    given, untouched = inputs(), inputs()
    network.run(given)
    np.testing.assert_array_equal(given["left"], untouched["left"])
    np.testing.assert_array_equal(given["right"], untouched["right"])


def test_outputs_survive_the_next_run_and_the_network(network: Network) -> None:
    first = network.run(inputs(1))
    kept = {name: array.copy() for name, array in first.items()}
    network.run(inputs(2))
    network.close()
    for name in kept:
        np.testing.assert_array_equal(first[name], kept[name])
        first[name][:] = 0  # the caller's own memory: writable


def test_several_threads_at_once(network: Network) -> None:
    """Each gets what belongs to its own inputs, round after round."""
    wanted = {seed: expected(**inputs(seed)) for seed in range(8)}

    def rounds(seed: int) -> None:
        for _ in range(20):
            outputs = network.run(inputs(seed))
            for name, value in zip("yz", wanted[seed]):
                np.testing.assert_allclose(outputs[name], value, atol=1e-5)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(rounds, seed) for seed in wanted]:
            done.result()


def test_any_memory_order(network: Network) -> None:
    given = inputs()
    wanted = network.run(given)["y"]
    fortran = {name: np.asfortranarray(array) for name, array in given.items()}
    np.testing.assert_array_equal(network.run(fortran)["y"], wanted)
    strided = {name: np.repeat(array, 2, axis=3)[..., ::2] for name, array in given.items()}
    np.testing.assert_array_equal(network.run(strided)["y"], wanted)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"left": None}, id="missing"),
        pytest.param({"third": np.zeros((1,), np.float32)}, id="extra"),
        pytest.param({"left": np.zeros((1, 2, 5, 4), np.float32)}, id="transposed"),
        pytest.param({"left": np.zeros(40, np.float32)}, id="flat"),
        pytest.param({"left": np.zeros((2, 2, 4, 5), np.float32)}, id="batch of two"),
        pytest.param({"left": np.zeros((1, 2, 4, 5), np.float64)}, id="float64"),
        pytest.param({"left": np.zeros((1, 2, 4, 5), np.int32)}, id="int32"),
    ],
)
def test_wrong_inputs_are_refused(network: Network, change: Dict[str, np.ndarray]) -> None:
    given = {name: array for name, array in {**inputs(), **change}.items() if array is not None}
    with pytest.raises(ModelInputInvalid):
        network.run(given)


def test_missing_file(runtime: str, toy_store: ModelStore) -> None:
    (toy_store.networks / FILES[runtime]).unlink()
    with pytest.raises(ModelMissing):
        load_network(toy_store, "toy", runtime)


def test_file_changed_since_it_was_built(runtime: str, toy_store: ModelStore) -> None:
    path = toy_store.networks / FILES[runtime]
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelCorrupt):
        load_network(toy_store, "toy", runtime)


@pytest.mark.parametrize("content", [b"", b"no network" * 20, None], ids=["empty", "text", "half"])
def test_file_that_is_no_network(runtime: str, toy_store: ModelStore, content: bytes) -> None:
    path = toy_store.networks / FILES[runtime]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content is None else content)
    write_manifest(toy_store.networks, {runtime: FILES[runtime]})
    with pytest.raises(ModelCorrupt):
        load_network(ModelStore(networks=toy_store.networks), "toy", runtime)


@pytest.mark.parametrize("was, becomes", [('"left"', '"lefty"'), ("[1, 2, 4, 5]", "[1, 2, 5, 4]"), ('"z"', '"x"')])
def test_network_with_another_signature_is_refused(runtime: str, was: str, becomes: str, toy_store: ModelStore) -> None:
    manifest = toy_store.networks / "manifest.toml"
    manifest.write_text(manifest.read_text().replace(was, becomes))
    with pytest.raises(ModelMismatch, match="toy"):
        load_network(toy_store, "toy", runtime)


def test_unknown_network(runtime: str, toy_store: ModelStore) -> None:
    with pytest.raises(ModelMissing):
        load_network(toy_store, "nobody", runtime)


def test_precision_that_was_not_built(runtime: str, toy_store: ModelStore) -> None:
    with pytest.raises(RuntimeUnavailable, match="int8"):
        load_network(toy_store, "toy", runtime, "int8")


@pytest.mark.parametrize("name", ["toy", "sonic", "sonic_denoiser"])
def test_run_times_agree(name: str, toy_store: ModelStore, store: ModelStore) -> None:
    if any(OBSTACLES.values()):
        pytest.skip("; ".join(f"{name}: {why}" for name, why in OBSTACLES.items() if why))
    holder = toy_store if name == "toy" else store
    random = np.random.RandomState(3)
    given = {spec.name: random.uniform(-1, 1, spec.shape).astype(spec.dtype) for spec in holder.network(name).inputs}
    results = [load_network(holder, name, runtime, "fp32").run(given) for runtime in OBSTACLES]
    assert sorted(results[0]) == sorted(results[1])
    for output, values in results[0].items():
        np.testing.assert_allclose(values, results[1][output], atol=1e-3)
        assert values.std() > 1e-3 or values.size == 1, "says nothing"


def test_free_choice_takes_the_first_that_runs_and_says_why_not_the_others(toy_store: ModelStore) -> None:
    choice = choose("auto", None, toy_store)
    assert (choice.runtime, choice.precision) == ("onnx", "fp32")
    assert "acl" in choice.reason


def test_npu_is_refused_with_the_reason(toy_store: ModelStore) -> None:
    with pytest.raises(RuntimeUnavailable, match="acl"):
        choose("acl", None, toy_store)


def test_without_networks_nothing_is_chosen(toy_store: ModelStore) -> None:
    (toy_store.networks / "manifest.toml").unlink()
    with pytest.raises(ModelMissing):
        choose("auto", None, toy_store)
