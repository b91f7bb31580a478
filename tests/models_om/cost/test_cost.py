"""The cost model: its arithmetic by hand on small layers, its calls as the pipeline makes them, its words honest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Sequence

import numpy as np
import pytest

import models_om.export  # noqa: F401  (before onnx)

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import appliance.pipeline.motion.model as motion_model  # noqa: E402
from appliance.demo import RECORDINGS  # noqa: E402
from appliance.models import ModelStore  # noqa: E402
from appliance.pipeline.runtime.base import Network  # noqa: E402
from appliance.pipeline.runtime.select import load_network  # noqa: E402
from appliance.pipeline.speech import load_speech  # noqa: E402
from appliance.settings import FRAME_RATE, MakeOptions  # noqa: E402
from models_om.cost import frame, report  # noqa: E402
from models_om.cost.chip import TASK_S  # noqa: E402
from models_om.cost.frame import Measured, NetworkCost, Processor  # noqa: E402
from models_om.cost.layers import Layer, layers  # noqa: E402
from models_om.export import record  # noqa: E402
from models_om.lint.cube import Product  # noqa: E402
from models_om.lint.graph import Graph  # noqa: E402
from models_om.manifest import BUILT, SIGNATURES  # noqa: E402

PIXELS = 8 * 8


def network(path: Path, int8: Sequence[str] = ()) -> Dict[str, Layer]:
    """Two convolutions of 16 channels over 8 × 8 pixels, each with its ReLU; layers by name."""
    convolution = {"kernel_shape": [3, 3], "pads": [1] * 4}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], "first", **convolution),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("Conv", ["b", "w"], ["c"], "second", **convolution),
        helper.make_node("Relu", ["c"], ["y"], "last_relu"),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 16, 8, 8]) for name in "xy"]
    weight = numpy_helper.from_array(np.ones((16, 16, 3, 3), np.float32), "w")
    graph = helper.make_graph(nodes, "toy", ends[:1], ends[1:], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)]), path)
    described = [{"name": name, "precision": "int8"} for name in int8]
    content: Dict[str, Any] = {"source": {"file": "", "sha256": ""}, "layers": described, "tensors": {}}
    path.with_name("toy.scales.json").write_text(json.dumps(content))
    return {layer.name: layer for layer in layers(Graph(path))}


def test_a_layer_in_fp16_by_hand(tmp_path: Path) -> None:
    found = network(tmp_path / "toy.onnx")
    assert list(found) == ["x", "first", "second", "y"]  # no ReLU is a task of its own
    first = found["first"]
    macs = PIXELS * 9 * 16 * 16
    assert (first.macs, first.computed, first.used) == (macs, macs, 1)
    assert first.bytes == 2 * (16 * PIXELS + 9 * 16 * 16 + 16 * PIXELS)
    assert first.compute_s == pytest.approx(macs / 4e12) and first.memory_s == pytest.approx(first.bytes / 51.2e9)
    assert first.seconds == first.memory_s > first.compute_s
    assert found["x"].bytes == (4 + 2) * 16 * PIXELS  # float32 in, fp16 out
    assert found["y"].bytes == (2 + 4) * 16 * PIXELS


def test_between_layers_in_int8_values_stay_int8(tmp_path: Path) -> None:
    found = network(tmp_path / "toy.onnx", ["first", "second"])
    assert list(found) == ["x", "x.quant", "first", "second", "y"]
    # 16 channels take the room of 32, in the cube and in memory.
    assert found["first"].used == 0.5
    assert found["first"].bytes == 32 * PIXELS + 9 * 32 * 16 + 32 * PIXELS
    assert found["second"].bytes == 32 * PIXELS + 9 * 32 * 16 + 2 * 16 * PIXELS  # fp16 again
    assert found["x.quant"].bytes == 2 * 16 * PIXELS + 32 * PIXELS
    alone = network(tmp_path / "toy.onnx", ["second"])
    assert list(alone) == ["x", "first", "b.quant", "second", "y"]
    assert alone["first"].precision == "fp16" and alone["first"].bytes == 2 * (2 * 16 * PIXELS + 9 * 16 * 16)


@pytest.mark.parametrize(
    "layer, int8, used",
    [
        (Product(1, 64, 9, 16, 16), False, 1.0),
        (Product(1, 64, 9, 16, 16), True, 0.5),
        (Product(1, 64, 9, 3, 16), False, 3 / 16),
        (Product(1, 1, 1, 32, 16), True, 1 / 16),  # one pixel of sixteen
        (Product(32, 64, 9, 1, 1), False, 1 / 16),  # depthwise: the diagonal of a block
        (Product(4, 64, 9, 8, 8), False, 0.5),  # two groups in a block
        (Product(2, 64, 1, 24, 16), False, 24 / 32),
    ],
)
def test_blocks_that_channels_do_not_fill_are_computed_all_the_same(layer: Product, int8: bool, used: float) -> None:
    assert layer.used(int8) == pytest.approx(used)
    assert layer.computed(int8) * used == pytest.approx(layer.macs)


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_multiplications_are_those_that_quantisation_counted(name: str) -> None:
    counted = {entry["name"]: entry for entry in record.read(BUILT / f"{name}.scales.json")["layers"]}
    found = {layer.name: layer for layer in layers(Graph(frame.network_file(name))) if layer.macs}
    assert {key: layer.macs for key, layer in found.items()} == {
        key: entry["multiplications"] for key, entry in counted.items()
    }
    assert all((layer.precision == "int8") == (counted[key]["precision"] == "int8") for key, layer in found.items())


class Counted(Network):
    """Counts how often a network is run."""

    calls: Dict[str, int] = {}  # noqa: RUF012

    def __init__(self, inner: Network) -> None:
        super().__init__(inner.name, inner.inputs, inner.outputs)
        self._inner = inner

    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        self.calls[self.name] = self.calls.get(self.name, 0) + 1
        return self._inner.run(inputs)

    def close(self) -> None:
        self._inner.close()


def test_calls_are_those_of_the_pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counted, "calls", {})
    monkeypatch.setattr(motion_model, "load_network", lambda *given: Counted(load_network(*given)))
    store, options = ModelStore(), MakeOptions()
    model = motion_model.MotionModel(store, "onnx", "int8")
    with load_speech(RECORDINGS[0], tmp_path, store) as speech:
        blocks = list(model.generate(speech, options))
        frames = sum(len(block.coefficients) for block in blocks)
        assert frames == speech.frames
    model.close()
    windows = frames * frame.calls_a_frame("sonic")
    # One window more than there are steps from one to the next, and none where nobody speaks.
    assert 0.5 * windows <= Counted.calls["sonic"] <= windows + 2
    per_window = frame.calls_a_frame("sonic_denoiser", options.inference_steps) / frame.calls_a_frame("sonic")
    assert Counted.calls["sonic_denoiser"] == Counted.calls["sonic"] * round(per_window)
    assert frame.calls_a_frame("sonic_painter") == 1


def test_the_networks_leave_real_time_on_the_npu() -> None:
    networks = report.costs()
    spent = frame.npu_s(networks)
    assert spent * frame.NPU_GOAL <= 1 / FRAME_RATE
    # The sum is of the calls, with the start of every operator.
    by_name = {network.name: network for network in networks}
    assert set(by_name) == set(SIGNATURES)
    painter = by_name["sonic_painter"]
    at_best = sum(layer.seconds for layer in painter.layers)
    assert painter.seconds == pytest.approx(at_best + TASK_S * len(painter.layers))
    assert spent > painter.seconds
    steps = frame.STEPS
    more = frame.npu_s(networks, steps + 20) - spent
    assert more == pytest.approx(by_name["sonic_denoiser"].seconds)  # twenty steps a window of twenty frames


def test_a_frame_takes_as_long_as_what_holds_it_up_most() -> None:
    stages = {"speech": 0.5, "motion": 0.5, "render": 2.0, "encode": 1.0, "ffmpeg": 5.0}

    def margin(alone: float = 0.1, awaited: float = 0.001, **changed: float) -> float:
        return Processor({**stages, **changed}, 10.0, alone, 0.004, awaited).margin

    assert margin(ffmpeg=50.0) == pytest.approx(0.04 * frame.CORES / (0.024 + 0.02 + 0.5))
    assert margin() == pytest.approx(0.04 / (0.02 + 0.001))
    assert margin(awaited=0.03) == pytest.approx(0.04 / (0.02 + 0.03))
    assert margin(alone=0.8) == pytest.approx(0.04 / (0.8 * (0.024 + 0.02)))


def measured(render: float) -> Measured:
    spent = {"speech": 0.1, "motion": 0.1, "render": render, "encode": 0.1, "ffmpeg": 1.0}
    return Measured({"384": spent, "512": spent}, {"384": 0.1, "512": 0.1}, {})


def test_a_goal_that_is_not_met_is_said_so() -> None:
    networks = report.costs()
    assert ["not met" in line for line in report.verdicts(networks, measured(20.0))] == [False, True, True]
    assert ["not met" in line for line in report.verdicts(networks, measured(0.5))] == [False, False, False]
    heavy = [NetworkCost(network.name, list(network.layers) * 8) for network in networks]
    assert ["not met" in line for line in report.verdicts(heavy, measured(0.5))] == [True, False, False]


def test_the_document_says_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    document = tmp_path / "cost.md"
    report.write_report(document)
    text, shown = document.read_text(encoding="utf-8"), capsys.readouterr().out
    assert "arithmetic, not a measurement" in text and "stated ratio" in text
    for name in SIGNATURES:
        assert f"`{name}`, one call" in text and name in shown
    assert "conv_30" in text and "times real time" in shown
    rows = [line for line in text.splitlines() if line.startswith("| `sonic_denoiser` |")]
    assert [row.split("|")[2].strip() for row in rows] == [f"{frame.STEPS / 20:g}"]
