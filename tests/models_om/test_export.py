"""From networks to the files that machines run: exports keep every value, INT8 stays close and tells what it did."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import numpy as np
import pytest

import models_om.export  # noqa: F401  (before onnx)

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from models_om.export import onnx_graph, record  # noqa: E402
from models_om.export.int8 import quantise  # noqa: E402
from models_om.export.lite import run_mindir, to_mindir  # noqa: E402
from models_om.export.qdq import FloatGraph, QuantisationError  # noqa: E402
from models_om.export.ranges import Grid, Histogram, int8_weight, weight_scales  # noqa: E402
from models_om.export.running import Runner  # noqa: E402

Feeds = List[Dict[str, np.ndarray]]

needs_mindspore = pytest.mark.skipif(
    importlib.util.find_spec("mindspore") is None, reason="MindSpore is not installed (extra: train)"
)
PYTHON37 = os.environ.get("SONIC_PYTHON37", "")
needs_lite = pytest.mark.skipif(not PYTHON37, reason="SONIC_PYTHON37 names no interpreter with mindspore-lite 2.0.0")


class Toy:
    """Builds small networks of what the shipped ones are made of."""

    def __init__(self) -> None:
        self.nodes: list = []
        self.constants: list = []
        self.generator = np.random.default_rng(0)
        self.channels = {"image": 3, "hint": 16}

    def add(self, op: str, inputs: List[str], channels: int, **attributes: object) -> str:
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        self.channels[name] = channels
        return name

    def conv(self, value: str, channels: int, stride: int = 1, relu: bool = True, scale: float = 1.0) -> str:
        inputs = self.channels[value]
        weight = self.generator.standard_normal((channels, inputs, 3, 3)) * np.sqrt(2 / inputs / 9) * scale
        bias = self.generator.standard_normal(channels) * 0.1
        names = [f"weight_{len(self.nodes)}", f"bias_{len(self.nodes)}"]
        self.constants += [numpy_helper.from_array(a.astype(np.float32), n) for a, n in zip((weight, bias), names)]
        attributes = {"kernel_shape": [3, 3], "strides": [stride] * 2, "pads": [1] * 4, "dilations": [1, 1], "group": 1}
        made = self.add("Conv", [value, *names], channels, **attributes)
        return self.add("Relu", [made], channels) if relu else made

    def save(self, path: Path, output: str, inputs: Tuple[str, ...] = ("image", "hint"), side: int = 16) -> Path:
        self.nodes[-1].output[0] = "picture"
        sides = {"image": 16, "hint": 8}
        values = [self._value(name, self.channels[name], sides[name]) for name in inputs]
        results = [self._value("picture", self.channels[output], side)]
        graph = helper.make_graph(self.nodes, "toy", values, results, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)
        return path

    @staticmethod
    def _value(name: str, channels: int, side: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, side, side])


def painter(path: Path) -> Path:
    """A U-Net: stride, residual, skip by Concat, a second input, DepthToSpace and nearest Resize, Sigmoid."""
    toy = Toy()
    full = toy.conv("image", 16)
    half = toy.conv(full, 32, stride=2)
    hint = toy.conv("hint", 8)
    half = toy.conv(toy.add("Concat", [half, hint], 40, axis=1), 32)
    residual = toy.add("Add", [half, toy.conv(half, 32, relu=False)], 32)
    up = toy.add("DepthToSpace", [toy.conv(toy.add("Relu", [residual], 32), 32)], 8, blocksize=2, mode="DCR")
    toy.constants += [numpy_helper.from_array(np.array(v, np.float32), n) for v, n in (([], "r"), ([1, 1, 2, 2], "s"))]
    attributes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    wide = toy.add("Resize", [toy.conv(residual, 8, relu=False), "r", "s"], 8, **attributes)
    joined = toy.add("Concat", [up, wide, full], 32, axis=1)
    last = toy.conv(toy.conv(joined, 16), 4, relu=False)
    return toy.save(path, toy.add("Sigmoid", [last], 4))


def feeds(seed: int, count: int = 6) -> Feeds:
    generator = np.random.default_rng(seed)
    shapes = {"image": (1, 3, 16, 16), "hint": (1, 16, 8, 8)}
    return [{k: generator.standard_normal(s).astype(np.float32) for k, s in shapes.items()} for _ in range(count)]


def decibels(network: Path, twin: Path, inputs: Feeds) -> float:
    ours, theirs = (np.stack([Runner(path)(feed)["picture"] for feed in inputs]) for path in (network, twin))
    return float(10 * np.log10((ours**2).sum() / ((ours - theirs) ** 2).sum()))


def test_a_quantised_network_stays_close_and_computes_on_integers_throughout(tmp_path: Path) -> None:
    source, target = painter(tmp_path / "toy.fp32.onnx"), tmp_path / "toy.int8.onnx"
    report = quantise(source, target, feeds(1), feeds(2))
    assert decibels(source, target, feeds(3)) > 30
    # The first reads three channels.
    assert [layer.precision for layer in report.layers] == ["float"] + 8 * ["int8"]
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    onnxruntime.InferenceSession(str(target), options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node]
    assert kinds.count("QLinearConv") == 8 and kinds.count("Conv") == 1 and "Relu" not in kinds
    assert kinds.count("QLinearAdd") == 1 and kinds.count("QLinearConcat") == 2


def outlier(path: Path) -> Path:
    """Eight convolutions; the output of the fourth has channels of very different size, which one grid cannot hold."""
    toy, value = Toy(), "hint"
    for number in range(8):
        value = toy.conv(value, 16, relu=number < 7)
    values = {item.name: numpy_helper.to_array(item).copy() for item in toy.constants}
    fourth, fifth = sorted((name for name in values if "weight" in name), key=lambda name: int(name[7:]))[3:5]
    values[fourth][0] *= 3000
    values[fifth][:, 0] /= 3000
    toy.constants = [numpy_helper.from_array(value, name) for name, value in values.items()]
    return toy.save(path, value, ("hint",), 8)


def test_the_layers_that_int8_hurts_stay_float_and_no_others(tmp_path: Path) -> None:
    source, target = outlier(tmp_path / "toy.fp32.onnx"), tmp_path / "toy.int8.onnx"
    images = [{"hint": feed["hint"]} for feed in feeds(1)]
    loose = quantise(source, target, images, images)
    goal = loose.error_all_int8 / 4
    report = quantise(source, target, images, images, goal=goal)
    kept = {number for number, layer in enumerate(report.layers) if layer.precision == "float"}
    # The fourth makes the outlier, the fifth reads it.
    assert kept and kept <= {3, 4}
    assert report.error <= goal < report.error_all_int8
    graph = onnx.load(target).graph
    weights = {item.name for item in graph.initializer if item.data_type == TensorProto.FLOAT and len(item.dims) == 4}
    assert len(weights) == len(kept)


def test_the_record_is_of_the_file_beside_it(tmp_path: Path) -> None:
    source, target = painter(tmp_path / "toy.fp32.onnx"), tmp_path / "toy.int8.onnx"
    quantise(source, target, feeds(1), feeds(2))
    told = json.loads(record.record_path(target).read_text())
    assert told["source"]["sha256"] == record.sha256(source) and told["built"]["sha256"] == record.sha256(target)
    graph = onnx.load(target).graph
    values = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    originals = {node.name: node for node in onnx.load(source).graph.node}
    assert [layer["precision"] for layer in told["layers"]].count("int8") == 8
    for layer in told["layers"]:
        if layer["precision"] == "float":
            continue
        weight = originals[layer["name"]].input[1]
        np.testing.assert_array_equal(np.array(layer["weight_scales"], np.float32), values[f"{weight}.scale"])
        for end in (layer["input"], layer["output"]):
            assert np.float32(end["scale"]) == values[f"{end['tensor']}.scale"]
            assert end["zero_point"] == values[f"{end['tensor']}.zero_point"] == end["offset"] + 128
    assert {name + ".scale" for name in told["tensors"]} <= set(values)


def test_the_record_is_enough_to_compute_a_layer_on_integers(tmp_path: Path) -> None:
    toy = Toy()
    source = toy.save(tmp_path / "toy.fp32.onnx", toy.conv("hint", 8), ("hint",), 8)
    images = [{"hint": feed["hint"]} for feed in feeds(1)]
    target = tmp_path / "toy.int8.onnx"
    quantise(source, target, images, images)
    layer = json.loads(record.record_path(target).read_text())["layers"][0]
    weight, bias = (numpy_helper.to_array(item).astype(np.float64) for item in onnx.load(source).graph.initializer)
    ends = [(layer[end]["scale"], layer[end]["offset"]) for end in ("input", "output")]
    scales = np.array(layer["weight_scales"])
    image = images[0]["hint"][0]
    # The way of AscendQuant and AscendDequant: signed codes, int32 sums, one float factor a channel.
    codes = np.clip(np.rint(image / ends[0][0]) + ends[0][1], -128, 127) - ends[0][1]
    padded = np.pad(codes, ((0, 0), (1, 1), (1, 1)))
    columns = np.stack([padded[:, y : y + 8, x : x + 8] for y in range(3) for x in range(3)], 1).reshape(144, -1)
    factor = ends[0][0] * scales[:, None]
    sums = int8_weight(weight, scales).reshape(8, 144).astype(np.int64) @ columns + np.rint(bias[:, None] / factor)
    output = np.clip(np.rint(sums * factor / ends[1][0]) + ends[1][1], -128, 127) - ends[1][1]
    theirs = Runner(target)(images[0])["picture"].reshape(8, -1)
    np.testing.assert_allclose(output * ends[1][0], theirs, atol=1.01 * ends[1][0])
    assert np.mean(np.abs(output * ends[1][0] - theirs) > 1e-4) < 0.001


def test_a_grid_gives_up_rare_extremes_but_not_the_values_that_matter() -> None:
    generator = np.random.default_rng(0)
    parts = generator.standard_normal((100, 20000)).astype(np.float32)
    parts[0, 0] = 40.0
    histogram = Histogram()
    histogram.extend(parts)
    for part in parts:
        histogram.count(part)
    grid = histogram.best_grid()
    assert histogram.error(grid) < histogram.error(Grid.between(parts.min(), parts.max())) / 2
    assert np.abs(grid.rounded(parts[1]) - parts[1])[np.abs(parts[1]) < 3].max() < 0.05
    assert grid.rounded(np.zeros(1))[0] == 0


def test_weights_of_small_channels_keep_their_precision() -> None:
    weight = np.random.default_rng(0).standard_normal((2, 4, 3, 3)).astype(np.float32)
    weight[1] /= 1000
    scales = weight_scales(weight)
    error = np.abs(int8_weight(weight, scales) * scales[:, None, None, None] - weight)
    assert error[1].max() < 1e-3 * np.abs(weight[0]).max() / 50


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-500])


def not_a_number(path: Path) -> None:
    model = onnx.load(path)
    weight = numpy_helper.to_array(model.graph.initializer[0]).copy()
    weight.flat[0] = np.nan
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weight, model.graph.initializer[0].name))
    onnx.save(model, path)


@pytest.mark.parametrize(("damage", "words"), [(truncated, "no sound ONNX"), (not_a_number, "not numbers")])
def test_a_damaged_network_is_refused(tmp_path: Path, damage: Callable[[Path], None], words: str) -> None:
    source, target = painter(tmp_path / "toy.fp32.onnx"), tmp_path / "toy.int8.onnx"
    damage(source)
    with pytest.raises(QuantisationError, match=words):
        quantise(source, target, feeds(1), feeds(2))
    assert not target.exists()


def test_unfit_inputs_are_refused_by_name(tmp_path: Path) -> None:
    source, target = painter(tmp_path / "toy.fp32.onnx"), tmp_path / "toy.int8.onnx"
    good = feeds(1)
    lacking = [{"image": good[0]["image"]}]
    small = [{**good[0], "hint": good[0]["hint"][..., :4]}]
    infinite = [{**good[0], "hint": np.full_like(good[0]["hint"], np.inf)}]
    for bad, words in (
        (lacking, "wants"),
        (small, "hint is float32"),
        (infinite, "hint holds"),
        ([], "no calibration"),
    ):
        with pytest.raises(QuantisationError, match=words):
            quantise(source, target, bad, good)
    assert not target.exists()


def test_shipped_records_are_of_the_shipped_files() -> None:
    from models_om.manifest import BUILT

    paths = sorted(BUILT.glob("*.scales.json"))
    assert paths
    for path in paths:
        told = record.read(path)
        for side in ("source", "built"):
            assert record.sha256(BUILT / told[side]["file"]) == told[side]["sha256"], path.name
        assert told["error"]["built"] <= told["error"]["goal"]
        layers = [unit.name for unit in FloatGraph(BUILT / told["source"]["file"]).layers]
        assert [layer["name"] for layer in told["layers"]] == layers


def test_a_face_calibrates_the_painter_or_judges_it_but_never_both(tmp_path: Path) -> None:
    from appliance.pipeline.motion.model import LARGEST
    from models_om.export.recipes import RECIPES

    (tmp_path / "mouths").mkdir()
    for number, source in enumerate(("portraits", "grid", "renders")):
        faces = np.repeat(np.arange(6) + 10 * number, 4)
        crop = np.broadcast_to(faces[:, None, None, None], (24, 9, 160, 160)).astype(np.uint8)
        split = np.where(faces % 10 < 2, "train", "held_out")
        motion = np.full((24, 32), 0.9, np.float16)
        np.savez(tmp_path / "mouths" / f"{source}.npz", face=faces, split=split, crop=crop, motion=motion)
    calibration, test = RECIPES["sonic_painter"].feeds(tmp_path, tmp_path)
    faces = [{int(round(float(feed["crop"][0, 0, 0, 0]) * 255)) for feed in half} for half in (calibration, test)]
    assert faces[0] and faces[1] and not faces[0] & faces[1]
    assert min(face % 10 for half in faces for face in half) == 2  # 0 and 1 were trained on
    # Ranges hold what users may ask for.
    assert max(feed["motion"].max() for feed in calibration) == np.float32(LARGEST)


# --- MindSpore's exports ----------------------------------------------------------------------------------------------


def exported(network: object, value: np.ndarray, folder: Path) -> Tuple[np.ndarray, onnx.ModelProto]:
    import mindspore as ms

    network.set_train(False)
    ms.export(network, ms.Tensor(value), file_name=str(folder / "raw"), file_format="ONNX")
    model = onnx_graph.tidy(onnx.load(folder / "raw.onnx"), "toy", ["value"], ["result"])
    return network(ms.Tensor(value)).asnumpy(), model


def check(expected: np.ndarray, model: onnx.ModelProto, value: np.ndarray, folder: Path) -> None:
    """ONNX Runtime gives what MindSpore does; so does MindSpore Lite, if it is there."""
    np.testing.assert_allclose(Runner(model.SerializeToString())({"value": value})["result"], expected, atol=1e-5)
    if PYTHON37:
        onnx.save(model, folder / "toy.onnx")
        to_mindir(folder / "toy.onnx", folder / "toy.mindir", Path(PYTHON37))
        lite = run_mindir(folder / "toy.mindir", [{"value": value}], Path(PYTHON37))[0]["result"]
        np.testing.assert_allclose(lite, expected, atol=1e-4)


@needs_mindspore
def test_export_keeps_every_value_and_leaves_no_batch_norm(tmp_path: Path) -> None:
    import mindspore as ms

    from models_om.networks import SpeechEncoder

    ms.set_seed(2)
    network = SpeechEncoder(width=16)
    for name, parameter in network.parameters_and_names():
        if "moving" in name:
            values = np.random.default_rng(0).uniform(0.5, 1.5, parameter.shape)
            parameter.set_data(ms.Tensor(values.astype(np.float32)))
    mel = np.random.default_rng(1).standard_normal((1, 1, 80, 160)).astype(np.float32)
    expected, model = exported(network, mel, tmp_path)
    assert {node.op_type for node in model.graph.node} <= {"Conv", "Relu", "Add", "Concat", "Sigmoid"}
    ours = Runner(model.SerializeToString())({"value": mel})["result"]
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def upsampling(kind: str) -> object:
    """A Cell (1,8,10,10) → (1,3,20,20): convolution, one way of growing, convolution."""
    from mindspore import nn, ops

    class Growing(nn.Cell):
        def __init__(self) -> None:
            super().__init__()
            inner = 16 if kind == "nearest" else 4
            self.before = nn.Conv2d(8, 16, 3, pad_mode="pad", padding=1, has_bias=True)
            self.after = nn.Conv2d(inner, 3, 3, pad_mode="pad", padding=1, has_bias=True)
            self.shuffle = ops.DepthToSpace(2)
            self.grow = ops.ResizeNearestNeighbor((20, 20))

        def construct(self, value):
            value = self.before(value)
            if kind == "nearest":
                value = self.grow(value)
            elif kind == "pixel_shuffle":
                value = ops.pixel_shuffle(value, 2)
            else:
                value = self.shuffle(value)
            return self.after(value)

    return Growing()


@needs_mindspore
@pytest.mark.parametrize(
    ("kind", "node"), [("depth_to_space", "DepthToSpace"), ("pixel_shuffle", "DepthToSpace"), ("nearest", "Resize")]
)
def test_growing_is_one_node_with_the_same_result(tmp_path: Path, kind: str, node: str) -> None:
    value = np.random.default_rng(1).standard_normal((1, 8, 10, 10)).astype(np.float32)
    expected, model = exported(upsampling(kind), value, tmp_path)
    assert [item.op_type for item in model.graph.node] == ["Conv", node, "Conv"]
    check(expected, model, value, tmp_path)


@needs_mindspore
def test_an_input_that_a_concat_reads_reaches_it_unchanged(tmp_path: Path) -> None:
    from mindspore import nn, ops

    class Joining(nn.Cell):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(8, 4, 3, pad_mode="pad", padding=1, has_bias=True)
            self.after = nn.Conv2d(12, 3, 1, has_bias=True)

        def construct(self, value):
            return self.after(ops.concat((self.conv(value), value), 1))

    value = np.random.default_rng(1).standard_normal((1, 8, 10, 10)).astype(np.float32)
    check(*exported(Joining(), value, tmp_path), value, tmp_path)


@needs_lite
def test_lite_computes_what_onnx_runtime_does(tmp_path: Path) -> None:
    source = painter(tmp_path / "toy.onnx")
    to_mindir(source, tmp_path / "toy.mindir", Path(PYTHON37))
    for feed, lite in zip(feeds(1), run_mindir(tmp_path / "toy.mindir", feeds(1), Path(PYTHON37))):
        np.testing.assert_allclose(lite["picture"], Runner(source)(feed)["picture"], atol=1e-4)
