"""The INT8 networks as the Ascend 310 compiler reads them: from the calibration record, sound, and what is computed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Dict

import numpy as np
import pytest

import models_om.export  # noqa: F401  (before onnx)

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from appliance.errors import ModelCorrupt, ModelMismatch, ModelMissing  # noqa: E402
from models_om.export import record as records  # noqa: E402
from models_om.export.ranges import Grid, weight_scales  # noqa: E402
from models_om.export.recipes import RECIPES, float_file, int8_file  # noqa: E402
from models_om.export.running import Runner  # noqa: E402
from models_om.quantise.__main__ import main, write_deployed  # noqa: E402
from models_om.quantise.amct import record_text  # noqa: E402
from models_om.quantise.check import complaints, differences  # noqa: E402
from models_om.quantise.compare import compare  # noqa: E402
from models_om.quantise.deploy import deploy_graph, read  # noqa: E402
from models_om.quantise.encoding import packed, unpacked  # noqa: E402
from models_om.quantise.golden import Golden, quantised  # noqa: E402

NETWORKS = list(RECIPES)
CHANNELS, OUTPUTS, SIDE = 20, 6, 9
OFFSET = -13


def toy(folder: Path) -> Path:
    """A float32 network with its record: two layers read the same input, one of them without bias; one stays float."""
    chance = np.random.default_rng(5)
    shapes = {"first": (OUTPUTS, CHANNELS, 3, 3), "second": (OUTPUTS, CHANNELS, 1, 1), "last": (2, OUTPUTS, 1, 1)}
    weights = {name: chance.standard_normal(shape).astype(np.float32) * 0.2 for name, shape in shapes.items()}
    bias = chance.standard_normal(OUTPUTS).astype(np.float32)

    def conv(name: str, inputs: list, output: str, side: int) -> onnx.NodeProto:
        spelled = {"kernel_shape": [side, side], "strides": [1, 1], "dilations": [1, 1], "pads": [side // 2] * 4}
        return helper.make_node("Conv", inputs, [output], name, group=1, **spelled)

    nodes = [
        conv("conv_0", ["x", "first", "bias"], "a", 3),
        helper.make_node("Relu", ["a"], ["b"], "relu_1"),
        conv("conv_2", ["x", "second"], "c", 1),
        helper.make_node("Add", ["b", "c"], ["d"], "add_3"),
        conv("conv_4", ["d", "last"], "y", 1),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, SIDE, SIDE])
        for name, channels in (("x", CHANNELS), ("y", 2))
    ]
    initial = [numpy_helper.from_array(value, name) for name, value in {**weights, "bias": bias}.items()]
    graph = helper.make_graph(nodes, "toy", ends[:1], ends[1:], initial)
    source = folder / "toy.fp32.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), source)
    grid = Grid(float(np.float32(0.0173)), OFFSET + 128)
    described = {"tensor": "x", "scale": grid.scale, "zero_point": grid.zero_point, "offset": OFFSET}
    layers = [
        {"name": name, "precision": "int8", "input": described, "weight_scales": [float(s) for s in scales]}
        for name, scales in (("conv_0", weight_scales(weights["first"])), ("conv_2", weight_scales(weights["second"])))
    ]
    layers.append({"name": "conv_4", "precision": "float"})
    file = {"file": source.name, "sha256": records.sha256(source)}
    records.write(records.record_path(source), {"format": 1, "network": "toy", "source": file, "layers": layers})
    return source


@pytest.fixture()
def source(tmp_path: Path) -> Path:
    return toy(tmp_path)


@pytest.fixture()
def deployed(source: Path) -> onnx.ModelProto:
    return deploy_graph(*read(source))


def feed(seed: int = 6) -> Dict[str, np.ndarray]:
    return {"x": np.random.default_rng(seed).uniform(-2.5, 2.5, (1, CHANNELS, SIDE, SIDE)).astype(np.float32)}


def by_name(model: onnx.ModelProto, name: str) -> onnx.NodeProto:
    return next(node for node in model.graph.node if node.name == name)


def constant(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    return next(item for item in model.graph.initializer if item.name == name)


# --- what is written --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_becomes_a_sound_graph_of_the_integers_that_onnx_runtime_runs(name: str, tmp_path: Path) -> None:
    model, deployed, wrong = write_deployed(float_file(name), tmp_path)
    assert wrong == []
    assert onnx.load(tmp_path / f"{name}.deploy.onnx") == deployed
    record = records.read(records.record_path(float_file(name)))
    layers = [layer["name"] for layer in record["layers"] if layer["precision"] == "int8"]
    kinds = [node.op_type for node in deployed.graph.node]
    assert kinds.count("AscendDequant") == len(layers) >= kinds.count("AscendQuant") > 0
    assert len(kinds) == len(model.graph.node) + len(layers) + kinds.count("AscendQuant")
    theirs = {item.name: item for item in onnx.load(int8_file(name)).graph.initializer}
    for layer in layers:
        for kind, original in zip(("weight", "bias"), by_name(model, layer).input[1:]):
            ours = numpy_helper.to_array(constant(deployed, f"{layer}.{kind}"))
            np.testing.assert_array_equal(ours, numpy_helper.to_array(theirs[f"{original}.code"]))


def test_the_format_of_a_layer(source: Path, deployed: onnx.ModelProto) -> None:
    assert [node.op_type for node in deployed.graph.node] == [
        "AscendQuant", "Conv", "AscendDequant", "Relu", "Conv", "AscendDequant", "Add", "Conv",
    ]  # fmt: skip
    record = read(source)[1]
    scale, weights = record["layers"][0]["input"]["scale"], record["layers"][0]["weight_scales"]
    quant, layer, dequant = deployed.graph.node[:3]
    values = {item.name: helper.get_attribute_value(item) for item in quant.attribute}
    assert values == {"scale": pytest.approx(1 / scale, rel=1e-7), "offset": -13.0, "dst_type": b"INT8"}
    assert (quant.name, dequant.name, list(dequant.output)) == ("conv_0.quant", "conv_0.dequant", ["a"])
    assert {item.name: helper.get_attribute_value(item) for item in dequant.attribute} == {"dtype": 0}
    # One quantisation serves both readers of x.
    assert [by_name(deployed, name).input[0] for name in ("conv_0", "conv_2")] == list(quant.output) * 2
    parameters = numpy_helper.to_array(constant(deployed, "conv_0.dequant.param"))
    assert parameters.dtype == np.uint64 and parameters.shape == (OUTPUTS,)
    bits = np.frombuffer((np.float32(scale) * np.float32(weights[1])).tobytes(), np.uint32)[0]
    assert int(parameters[1]) == int(bits)
    float_bias = numpy_helper.to_array(constant(read(source)[0], "bias"))
    bias = numpy_helper.to_array(constant(deployed, layer.input[2]))
    np.testing.assert_allclose(bias * scale * np.array(weights), float_bias, atol=0.51 * scale * max(weights))


def test_scales_survive_their_packing() -> None:
    scales = np.array([1.5e-7, 0.0173, 1.0, 3e4], np.float32)
    assert packed(np.array([1.0], np.float32)).tolist() == [0x3F800000]
    np.testing.assert_array_equal(unpacked(packed(scales)), scales)


def test_the_record_file_of_amct_holds_the_same_grids(source: Path) -> None:
    model, record = read(source)
    text = record_text(model, record)
    entries = re.findall(r'record \{\n  key: "(\w+)"\n  value \{\n(.*?)  \}\n\}\n', text, re.DOTALL)
    assert [key for key, _ in entries] == ["conv_0", "conv_2"]
    for (_, content), layer in zip(entries, record["layers"]):
        lines = [line.strip().split(": ") for line in content.splitlines()]
        values = [float(value) for key, value in lines if key == "scale_w"]
        assert [np.float32(value) for value in values] == [np.float32(value) for value in layer["weight_scales"]]
        assert [value for key, value in lines if key == "offset_w"] == ["0"] * OUTPUTS
        single = {key: value for key, value in lines if not key.endswith("_w")}
        assert np.float32(single.pop("scale_d")) == np.float32(layer["input"]["scale"])
        assert single == {"offset_d": "-13", "channels": str(CHANNELS), "height": str(SIDE), "width": str(SIDE)}


# --- what cannot be used ----------------------------------------------------------------------------------------------


def test_a_record_of_another_file_is_refused(source: Path) -> None:
    source.write_bytes(source.read_bytes() + b"\x12\x00")  # an empty field more: the same network, other bytes
    with pytest.raises((ModelMismatch, ModelCorrupt)):
        read(source)
    record = records.record_path(source)
    record.write_text("{}")
    with pytest.raises(ModelCorrupt):
        read(source)
    record.unlink()
    with pytest.raises(ModelMissing, match=record.name):
        read(source)


def test_a_record_of_other_layers_is_refused(source: Path) -> None:
    model, record = read(source)
    record["layers"][0]["weight_scales"].pop()
    with pytest.raises(ModelMismatch, match="conv_0"):
        deploy_graph(model, record)


def test_the_command_names_its_target_and_writes_both_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["--only", "sonic_denoiser", "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as stopped:
        main(chosen)
    assert stopped.value.code == 2
    assert main(["--target", "ascend310", *chosen]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"sonic_denoiser.deploy.onnx", "sonic_denoiser.record.txt"}
    assert "sound" in capsys.readouterr().out
    (tmp_path / "photos").mkdir()
    assert main(["--target", "ascend310", *chosen, "--portraits", str(tmp_path / "photos")]) == 2
    assert "no photos" in capsys.readouterr().err


# --- broken graphs ----------------------------------------------------------------------------------------------------


def attribute(node: str, name: str, value: object) -> Callable[[onnx.ModelProto], None]:
    """Sets, or with None takes away, an attribute of a node."""

    def change(model: onnx.ModelProto) -> None:
        attributes = by_name(model, node).attribute
        kept = [item for item in attributes if item.name != name]
        del attributes[:]
        attributes.extend(kept if value is None else [*kept, helper.make_attribute(name, value)])

    return change


def values(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[onnx.ModelProto], None]:
    """Puts other values into a constant."""

    def apply(model: onnx.ModelProto) -> None:
        item = constant(model, name)
        item.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(item)), name))

    return apply


def node(name: str, change: Callable[[onnx.NodeProto], object]) -> Callable[[onnx.ModelProto], None]:
    return lambda model: change(by_name(model, name)) and None


def graph(change: Callable[[onnx.GraphProto], object]) -> Callable[[onnx.ModelProto], None]:
    return lambda model: change(model.graph) and None


def renamed(old: str, new: str) -> Callable[[onnx.ModelProto], None]:
    return node(old, lambda item: setattr(item, "name", new))


def moved(proto: onnx.NodeProto, index: int, value: str) -> None:
    proto.input[index] = value


def with_float_weights(model: onnx.ModelProto) -> None:
    values("conv_0.weight", lambda a: a.astype(np.float32))(model)


def without_quant(model: onnx.ModelProto) -> None:
    moved(by_name(model, "conv_0"), 0, "x")
    moved(by_name(model, "conv_2"), 0, "x")
    model.graph.node.remove(by_name(model, "conv_0.quant"))


def codes_as_output(model: onnx.ModelProto) -> None:
    model.graph.output.append(helper.make_tensor_value_info("conv_0.quant", TensorProto.FLOAT, [1, CHANNELS, 9, 9]))


def sums_to_relu(model: onnx.ModelProto) -> None:
    moved(by_name(model, "relu_1"), 0, "conv_0.sum")


def at_random(item: TensorProto) -> None:
    item.type.tensor_type.shape.dim[0].dim_param = "n"


BROKEN: Dict[str, tuple] = {
    "no scale": (attribute("conv_0.quant", "scale", None), "no attribute scale"),
    "no dst_type": (attribute("conv_0.quant", "dst_type", None), "no attribute dst_type"),
    "whole scale": (attribute("conv_0.quant", "scale", 58), "another type"),
    "scale of zero": (attribute("conv_0.quant", "scale", 0.0), "one by which"),
    "negative scale": (attribute("conv_0.quant", "scale", -57.8), "one by which"),
    "scale that is no number": (attribute("conv_0.quant", "scale", float("nan")), "one by which"),
    "scale beyond fp16": (attribute("conv_0.quant", "scale", 7e4), "no normal number of fp16"),
    "scale that fp16 loses": (attribute("conv_0.quant", "scale", 1e-5), "no normal number of fp16"),
    "offset of uint8": (attribute("conv_0.quant", "offset", 128.0), "offset 128"),
    "broken offset": (attribute("conv_0.quant", "offset", 0.5), "offset 0.5"),
    "whole offset": (attribute("conv_0.quant", "offset", -13), "another type"),
    "4 bits": (attribute("conv_0.quant", "dst_type", "INT4"), "dst_type"),
    "sqrt_mode": (attribute("conv_0.quant", "sqrt_mode", 1), "does not belong"),
    "relu_flag": (attribute("conv_0.dequant", "relu_flag", 1), "does not belong"),
    "fp16 result": (attribute("conv_0.dequant", "dtype", 1), "makes no float32"),
    "no dtype": (attribute("conv_0.dequant", "dtype", None), "no attribute dtype"),
    "domain": (node("conv_0.quant", lambda n: setattr(n, "domain", "ai.ascend")), "domain ai.ascend"),
    "quant of another name": (renamed("conv_0.quant", "quantise"), "not called after a layer"),
    "dequant of another name": (renamed("conv_0.dequant", "dequantise"), "not called after conv_0"),
    "name twice": (renamed("relu_1", "add_3"), "2 nodes are called so"),
    "name that ATC refuses": (renamed("relu_1", "relu 1"), "nodes are called so"),
    "float32 scales": (values("conv_0.dequant.param", unpacked), "no uint64"),
    "scales too few": (values("conv_0.dequant.param", lambda a: a[:1]), "scales (1,) for 6"),
    "scales in the upper half": (values("conv_0.dequant.param", lambda a: a << np.uint64(32)), "upper half"),
    "a shift": (values("conv_0.dequant.param", lambda a: a | np.uint64(1 << 33)), "upper half"),
    "scale of zero among others": (values("conv_0.dequant.param", lambda a: a * (a != a[0])), "positive normal"),
    "negative among scales": (values("conv_0.dequant.param", lambda a: a | np.uint64(1 << 31)), "positive normal"),
    "scales of weights too small": (
        values("conv_0.dequant.param", lambda a: packed(unpacked(a) * np.float32(1e-7))), "scales of weights",
    ),
    "scales of another layer": (
        node("conv_0.dequant", lambda n: moved(n, 1, "conv_2.dequant.param")), "scales are not called after",
    ),
    "one input": (node("conv_0.dequant", lambda n: n.input.pop()), "1 inputs"),
    "two inputs": (node("conv_0.quant", lambda n: n.input.append("bias")), "2 inputs"),
    "float weights": (with_float_weights, "no int8 constants"),
    "uint8 weights": (values("conv_0.weight", lambda a: a.astype(np.uint8)), "no int8 constants"),
    "weights from outside": (node("conv_0", lambda n: moved(n, 1, "x")), "no int8 constants"),
    "float bias": (values("conv_0.bias", lambda a: a.astype(np.float32)), "instead of int32"),
    "int64 bias": (values("conv_0.bias", lambda a: a.astype(np.int64)), "instead of int32"),
    "bias too short": (values("conv_0.bias", lambda a: a[:-1]), "instead of int32"),
    "sums too large": (values("conv_0.bias", lambda a: np.full_like(a, 2**31 - 1)), "fit in 32 bits"),
    "no quantisation": (without_quant, "no AscendQuant before"),
    "codes to an Add": (node("add_3", lambda n: moved(n, 0, "conv_0.quant")), "something else than a convolution"),
    "codes as an output": (codes_as_output, "codes are an output"),
    "sums to a ReLU": (sums_to_relu, "sums go elsewhere"),
    "dequantised float": (node("conv_0.dequant", lambda n: moved(n, 0, "x")), "no sum of integers"),
    "quantised weights": (node("conv_0.quant", lambda n: moved(n, 0, "last")), "no activation"),
    "Gemm on integers": (node("conv_2", lambda n: setattr(n, "op_type", "Gemm")), "on integers"),
    "groups": (attribute("conv_0", "group", 2), "no plain two-dimensional"),
    "QuantizeLinear": (node("relu_1", lambda n: setattr(n, "op_type", "QuantizeLinear")), "no parser"),
    "opset 17": (lambda model: setattr(model.opset_import[0], "version", 17), "opset"),
    "order": (graph(lambda g: g.node.insert(0, g.node.pop(3))), "before it is made"),
    "missing node": (graph(lambda g: g.node.pop(3)), "before it is made"),
    "unused constant": (graph(lambda g: g.initializer.append(numpy_helper.from_array(np.ones(1), "z"))), "not used"),
    "tensor made twice": (node("relu_1", lambda n: n.output.__setitem__(0, "a")), "tensors are called so"),
    "half outside": (
        graph(lambda g: setattr(g.input[0].type.tensor_type, "elem_type", TensorProto.FLOAT16)), "not float32 outside",
    ),
    "free batch": (graph(lambda g: at_random(g.input[0])), "not static"),
    "unmade output": (graph(lambda g: setattr(g.output[0], "name", "z")), "no node makes"),
    "channels that do not meet": (values("conv_0.weight", lambda a: a[:, :-1]), "19 channels"),
    "kernel of another size": (attribute("conv_0", "kernel_shape", [5, 5]), "graph: "),
}  # fmt: skip
"""What is done to a sound graph, and words of the complaint."""


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_graph_is_complained_of(what: str, deployed: onnx.ModelProto) -> None:
    assert complaints(deployed) == []
    change, words = BROKEN[what]
    change(deployed)
    assert any(words in complaint for complaint in complaints(deployed)), complaints(deployed)


def test_a_graph_without_any_integer_is_complained_of(source: Path) -> None:
    assert complaints(read(source)[0]) == ["graph: no layer is INT8"]


FALSE: Dict[str, tuple] = {
    "weights by one": (values("conv_2.weight", lambda a: a - np.sign(a)), "other weights"),
    "bias": (values("conv_0.bias", lambda a: a + np.int32(1)), "another bias"),
    "scales": (values("conv_0.dequant.param", lambda a: a + np.uint64(1)), "other scales"),
    "scale": (attribute("conv_0.quant", "scale", 57.0), "another grid"),
    "offset": (attribute("conv_0.quant", "offset", -12.0), "another grid"),
    "padding": (attribute("conv_2", "dilations", [2, 2]), "other attributes"),
    "float layer": (values("last", lambda a: a * 2), "not as in the float32"),
    "exchanged": (node("add_3", lambda n: moved(n, 0, "a")), "not as in the float32"),
}
"""Sound graphs, but not those of the record."""


@pytest.mark.parametrize("what", FALSE)
def test_a_graph_that_is_not_of_its_record_is_told(what: str, source: Path, deployed: onnx.ModelProto) -> None:
    assert differences(deployed, *read(source)) == []
    change, words = FALSE[what]
    change(deployed)
    assert any(words in difference for difference in differences(deployed, *read(source)))


# --- what it computes -------------------------------------------------------------------------------------------------


def test_a_layer_adds_up_integers_as_by_hand(source: Path, deployed: onnx.ModelProto) -> None:
    """One output value after the other, in Python's integers."""
    record, x = read(source)[1], feed()["x"]
    scale, weights = np.float32(record["layers"][0]["input"]["scale"]), record["layers"][0]["weight_scales"]
    kernel = numpy_helper.to_array(constant(deployed, "conv_0.weight"))
    bias = numpy_helper.to_array(constant(deployed, "conv_0.bias"))
    half = np.float16
    codes = np.rint(x.astype(half) * half(np.float32(1 / scale)) + half(OFFSET)).clip(-128, 127)
    y = Golden(deployed, half=True)(feed())["a"]
    for output, row, column in ((0, 0, 0), (3, 4, 5), (5, 8, 8), (2, 0, 7)):
        total = int(bias[output])
        for channel in range(CHANNELS):
            for i in range(3):
                for j in range(3):
                    r, c = row + i - 1, column + j - 1
                    if 0 <= r < SIDE and 0 <= c < SIDE:  # outside is the offset, and counts as nothing
                        code = int(codes[0, channel, r, c]) - OFFSET
                        total += code * int(kernel[output, channel, i, j])
        expected = np.float16(np.float32(total) * (scale * np.float32(weights[output])))
        assert y[0, output, row, column] == expected


def test_codes_round_to_even_and_end_at_their_limits() -> None:
    x = np.array([0.5, 1.5, 2.5, -0.5, 1000, -1000], np.float32)
    for way in (False, True):
        assert quantised(x, 1.0, 0.0, way).tolist() == [0, 2, 2, 0, 127, -128]
    # fp16 has 11 bits: 100.0625 + 0.4375 lies half-way, and becomes 100.5 before it is rounded.
    assert quantised(np.array([200.7], np.float32), 1.0, -128.0, False).tolist() == [73]
    assert quantised(np.array([200.45], np.float32), 1.0, -128.0, True).tolist() == [72]


def test_fp16_changes_few_codes_and_none_by_more_than_one(source: Path, deployed: onnx.ModelProto) -> None:
    result = compare(read(source)[0], deployed, [feed(seed) for seed in range(8)], source.parent / "none.onnx")
    assert 0 < result.codes.share < 0.1 and result.codes.most == 1


@pytest.mark.parametrize("name", NETWORKS)
def test_the_executor_computes_float_networks_as_onnx_runtime_does(name: str) -> None:
    model = onnx.load(float_file(name))
    given = inputs_of(model)
    expected = Runner(float_file(name))(given)
    made = Golden(model)(given)
    for output, value in expected.items():
        np.testing.assert_allclose(made[output], value, atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_deploy_graphs_are_no_noisier_than_what_onnx_runtime_runs(name: str) -> None:
    """They round less: sums of layers and what is read by float layers stay in floating point."""
    model, record = read(float_file(name))
    result = compare(model, deploy_graph(model, record), [inputs_of(model)], int8_file(name))
    for noises in result.outputs.values():
        assert noises["exact"].decibels > noises["runtime"].decibels - 1
        assert noises["half"].decibels > noises["runtime"].decibels - 1
    for noise in result.layers.values():
        # Where INT8 adds next to no noise, that of fp16 is heard.
        assert noise.half.decibels > min(noise.exact.decibels, 45) - 1
    assert result.codes.share < 0.05 and result.codes.most <= 1


def inputs_of(model: onnx.ModelProto) -> Dict[str, np.ndarray]:
    """Values between 0 and 1 for every input."""
    chance = np.random.default_rng(3)
    shapes = {item.name: [axis.dim_value for axis in item.type.tensor_type.shape.dim] for item in model.graph.input}
    return {name: chance.uniform(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
