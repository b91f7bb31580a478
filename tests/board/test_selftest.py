"""The self-test of the networks: it passes where they are right and only there; and `doctor --ascend`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest
from boards import install, on_board
from helpers import appliance

from appliance.board import OK, PROBLEM, WARNING, golden
from appliance.board.golden import FILE, TOLERANCE, error_of, golden_inputs, make_golden, read_golden
from appliance.board.selftest import Latency, compare, examine_networks, pace, percentiles
from appliance.errors import ModelCorrupt
from appliance.models import ModelStore
from appliance.pipeline.runtime.select import load_network

NETWORKS = ("sonic", "sonic_denoiser", "sonic_painter")


@pytest.fixture(scope="module")
def outputs(store: ModelStore) -> Dict[str, Dict[str, np.ndarray]]:
    """Of the int8 networks, which a board runs."""
    found = {}
    for name in NETWORKS:
        network = load_network(store, name, "onnx", "int8")
        found[name] = network.run(golden_inputs(network))
        network.close()
    return found


def test_what_is_shipped_is_of_these_networks(store: ModelStore) -> None:
    """Where this fails: `python -m appliance.board`."""
    made, shipped = make_golden(store), read_golden()
    assert set(made) == set(shipped)
    for name, value in made.items():
        if "." in name:
            assert error_of(value, shipped[name]) < 0.002, name
        else:
            assert str(value) == str(shipped[name])
    assert FILE.stat().st_size < 300_000


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_all_networks_pass(store: ModelStore, precision: str) -> None:
    found = {item.name: item for item in examine_networks(store, "onnx", precision)}
    assert set(found) == {*NETWORKS, "pace"}
    for name in NETWORKS:
        assert found[name].state == OK, found[name]
        assert "p50" in found[name].value
        assert "p99" in found[name].value


def source(name: str) -> str:
    return str(read_golden()[name])


@pytest.mark.parametrize("name", NETWORKS)
def test_there_is_room_below_the_tolerance(outputs: Dict[str, Dict[str, np.ndarray]], name: str) -> None:
    """An NPU rounds more than this processor does."""
    for key, value in outputs[name].items():
        assert error_of(value, read_golden()[f"{name}.{key}"]) < TOLERANCE["int8"] / 2


WRONG = {
    "silence": lambda x: x * 0,
    "another scale": lambda x: x * 1.5,
    "a sign": lambda x: -x,
    "an offset": lambda x: x + 0.5 * np.abs(x).max(),
    "another order": lambda x: np.roll(x, 1, axis=1),
    "no numbers": lambda x: x + np.nan,
    "too large": lambda x: np.where(x > np.median(x), np.inf, x),
}


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.parametrize("name", NETWORKS)
def test_wrong_results_are_seen(outputs: Dict[str, Dict[str, np.ndarray]], name: str, how: str) -> None:
    for key in outputs[name]:
        changed = {**outputs[name], key: WRONG[how](outputs[name][key])}
        found = compare(name, changed, "int8", source(name))
        assert found.state == PROBLEM, (key, found)
        assert key in found.value


def test_results_of_other_networks_are_not_compared(outputs: Dict[str, Dict[str, np.ndarray]]) -> None:
    found = compare("sonic", outputs["sonic"], "int8", "0" * 64)
    assert found.state == WARNING
    assert "not compared" in found.value


def test_a_network_that_does_not_run(store: ModelStore, toy_store: ModelStore) -> None:
    (toy_store.networks / "toy.onnx").write_bytes(b"damaged")
    (found,) = examine_networks(toy_store, "onnx")
    assert (found.name, found.state) == ("toy", PROBLEM)
    assert found.action
    (found,) = examine_networks(store, "acl")
    assert (found.name, found.state) == ("networks", PROBLEM)


def test_damaged_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for content in (None, b"", b"PK\x03\x04 and no more", FILE.read_bytes()[:5000]):
        monkeypatch.setattr(golden, "FILE", tmp_path / "golden.npz")
        if content is not None:
            (tmp_path / "golden.npz").write_bytes(content)
        with pytest.raises(ModelCorrupt, match=r"golden\.npz"):
            read_golden()


def test_whether_there_is_time_enough() -> None:
    quick = {"sonic": Latency(20, 30), "sonic_denoiser": Latency(2, 3), "sonic_painter": Latency(8, 9)}
    found = pace(quick)
    assert found.state == OK
    assert found.value == "10.0 ms of the networks a frame, 4.0 times real time"
    found = pace({**quick, "sonic_painter": Latency(45, 50)})
    assert found.state == WARNING
    assert found.action


def test_percentiles() -> None:
    assert percentiles([float(ms) for ms in range(101)]) == (50.0, 99.0)


# --- the command ------------------------------------------------------------------------------------------------------


def test_no_board_is_no_error(store: ModelStore) -> None:
    if Path("/dev/davinci0").exists():
        pytest.skip("this machine has an NPU")
    done = appliance("doctor", "--ascend", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    sections = json.loads(done.stdout)["sections"]
    (board,) = sections["Ascend board"]
    assert (board["state"], board["found"]) == ("ok", "none here; only the networks are tried")
    networks = {line["name"]: line for line in sections["Networks"]}
    assert [networks[name]["state"] for name in NETWORKS] == ["ok"] * 3
    assert "Ascend board" not in json.loads(appliance("doctor", "--json").stdout)["sections"]


def test_people_see_the_same(store: ModelStore) -> None:
    shown = appliance("doctor", "--ascend", COLUMNS="200").stdout
    assert "sonic_painter" in shown
    assert "p99" in shown
    assert "can work here" in shown


def test_on_the_played_npu(store: ModelStore, tmp_path: Path) -> None:
    install(tmp_path)
    done, complaints = on_board(tmp_path, "doctor", "--ascend", "--json")
    assert complaints == []
    networks: Dict[str, Any] = {line["name"]: line for line in json.loads(done.stdout)["sections"]["Networks"]}
    for name in NETWORKS:
        assert networks[name]["state"] == "ok", networks[name]
        assert networks[name]["found"].startswith("acl int8, largest error")
    assert done.returncode == 0, done.stdout
