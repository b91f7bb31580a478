"""Each rule of the Ascend 310 linter on a graph that breaks it and on one that comes close and does not."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Sequence, Set, Tuple

import numpy as np
import pytest

import models_om.export  # noqa: F401  (before onnx)

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from models_om.lint.finding import ERROR, NOTE, RULES, WARNING, Finding, lint  # noqa: E402
from models_om.lint.graph import Graph  # noqa: E402
from models_om.manifest import BUILT, SIGNATURES  # noqa: E402
from models_om.quantise.__main__ import write_deployed  # noqa: E402

PICTURE = (1, 16, 8, 8)
TOKENS = (1, 6, 64)
Node = Tuple[Any, ...]
"""Operator, inputs and outputs by name in one text each, attributes if any."""


def constant(*shape: int, value: float = 0.5, dtype: Any = np.float32) -> np.ndarray:
    return np.full(shape, value, dtype)


KERNEL = constant(32, 16, 3, 3)
CONV: Dict[str, Any] = {
    "kernel_shape": [3, 3], "strides": [1, 1], "dilations": [1, 1], "pads": [1] * 4, "group": 1,
}  # fmt: skip


@dataclass
class Toy:
    """A graph of few nodes; ``ranges`` and ``int8`` layers are what its calibration record says."""

    nodes: Sequence[Node]
    constants: Dict[str, Any] = field(default_factory=dict)
    inputs: Dict[str, Any] = field(default_factory=lambda: {"x": PICTURE})
    outputs: Sequence[str] = ("y",)
    opset: int = 11
    name: str = "toy"
    dtype: int = TensorProto.FLOAT
    names: Sequence[str] = ()
    ranges: Dict[str, Tuple[float, int]] = field(default_factory=dict)
    int8: Sequence[str] = ()
    stale: bool = False

    def save(self, path: Path) -> Path:
        made = []
        for number, (op, inputs, outputs, *rest) in enumerate(self.nodes):
            domain, _, kind = op.rpartition("::")
            name = self.names[number] if self.names else f"{kind.lower()}_{number}"
            attributes = rest[0] if rest else {}
            made.append(helper.make_node(kind, inputs.split(), outputs.split(), name, domain=domain, **attributes))
        values = [helper.make_tensor_value_info(name, self.dtype, shape) for name, shape in self.inputs.items()]
        results = [helper.make_tensor_value_info(name, self.dtype, None) for name in self.outputs]
        weights = [numpy_helper.from_array(np.asarray(v), name) for name, v in self.constants.items()]
        graph = helper.make_graph(made, self.name, values, results, weights)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)]), path)
        if self.ranges or self.int8 or self.stale:
            self._write_record(path)
        return path

    def _write_record(self, path: Path) -> None:
        digest = "0" * 64 if self.stale else hashlib.sha256(path.read_bytes()).hexdigest()
        tensors = {n: {"scale": s, "zero_point": z, "offset": z - 128} for n, (s, z) in self.ranges.items()}
        layers = [{"name": name, "precision": "int8"} for name in self.int8]
        record = {"source": {"file": path.name, "sha256": digest}, "tensors": tensors, "layers": layers}
        path.with_name("toy.scales.json").write_text(json.dumps(record))


def conv(weight: np.ndarray = KERNEL, **attributes: Any) -> Toy:
    return Toy([("Conv", "x w", "y", {**CONV, **attributes})], {"w": weight})


def single(op: str, inputs: str = "x", constants: Any = (), **rest: Any) -> Toy:
    """One node; keywords with a capital are of the graph, the others attributes of the node."""
    graph = {name.lower(): rest.pop(name) for name in list(rest) if name[0].isupper()}
    return Toy([(op, inputs, "y", rest)], dict(constants), **graph)


def resize(scales: Sequence[float] = (1, 1, 2, 2), inputs: str = "x region scales", **attributes: Any) -> Toy:
    opset = attributes.pop("Opset", 11)
    shape = attributes.pop("Shape", PICTURE)
    given = {"region": np.zeros(0, np.float32), "scales": np.array(scales, np.float32)}
    return Toy([("Resize", inputs, "y", attributes)], given, {"x": shape}, opset=opset)


LINEAR = {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}
NEAREST = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}


def norm(axes: Sequence[int] = (-1,), change: Dict[int, Node] = {}, tail: Sequence[Node] = ()) -> Toy:  # noqa: B006
    """A layer norm as the compiler knows it, with nodes exchanged."""
    nodes: List[Node] = [
        ("ReduceMean", "x", "mean", {"axes": list(axes)}),
        ("Sub", "x mean", "d"),
        ("Pow", "d two", "squares"),
        ("ReduceMean", "squares", "variance", {"axes": list(axes)}),
        ("Add", "variance epsilon", "safe"),
        ("Sqrt", "safe", "root"),
        ("Div", "d root", "unit"),
        *(tail or [("Mul", "unit gamma", "scaled"), ("Add", "scaled beta", "y")]),
    ]
    for number, node in change.items():
        nodes[number] = node
    given = {"two": np.float32(2), "epsilon": np.float32(1e-5), "gamma": constant(64), "beta": constant(64)}
    return Toy(nodes, {**given, "shape": np.array([1, 6, 64])}, {"x": TOKENS})


def gelu(change: Dict[int, Node] = {}) -> Toy:  # noqa: B006
    nodes: List[Node] = [
        ("Div", "x root", "scaled"), ("Erf", "scaled", "e"), ("Add", "e one", "sum"), ("Mul", "x sum", "product"),
        ("Mul", "product half", "y"),
    ]  # fmt: skip
    for number, node in change.items():
        nodes[number] = node
    given = {"root": math.sqrt(2), "inverse": math.sqrt(0.5), "one": 1, "half": 0.5, "tanh": 0.044715}
    return Toy(nodes, {name: np.float32(value) for name, value in given.items()})


def group_norm(reshaped: bool) -> Toy:
    nodes: List[Node] = [
        ("Reshape", "x split", "a"), ("InstanceNormalization", "a gamma beta", "b"), ("Reshape", "b whole", "c"),
        ("Mul", "c factor", "d"), ("Add", "d factor", "y"),
    ]  # fmt: skip
    if not reshaped:
        nodes = [("InstanceNormalization", "x gammas betas", "y")]
    given = {"split": np.array([1, 4, 4, 64]), "whole": np.array(PICTURE), "factor": constant(1, 16, 1, 1)}
    given.update(gamma=constant(4), beta=constant(4), gammas=constant(16), betas=constant(16))
    return Toy(nodes, given)


def guarded(epsilon: float, op: str = "Sqrt") -> Toy:
    second = ("Sqrt", "safe", "y") if op == "Sqrt" else (op, "x safe", "y")
    return Toy([("Add", "x epsilon", "safe"), second], {"epsilon": np.float32(epsilon)})


def mean_of(side: int) -> Toy:
    return single("GlobalAveragePool", Inputs={"x": (1, 16, side, side)})


def two_outputs(first: str, second: str) -> Toy:
    return Toy([("Relu", "x", first), ("Tanh", "x", second)], outputs=(first, second))


def code(*scales: float, high: int = 0) -> np.ndarray:
    return np.array(scales, np.float32).view(np.uint32).astype(np.uint64) | np.uint64(high << 32)


def deploy(**change: Any) -> Toy:
    """A convolution as INT8 of this chip, with one thing changed."""
    quant = {"scale": 20.0, "offset": -3.0, "dst_type": "INT8", **change.pop("quant", {})}
    weight = change.pop("weight", constant(32, 16, 3, 3, value=5, dtype=np.int8))
    bias = change.pop("bias", constant(32, value=7, dtype=np.int32))
    parameter = change.pop("parameter", code(*[1e-3] * 32))
    middle = change.pop("middle", ("Conv", "q w b", "sums", CONV))
    last = change.pop("last", ("AscendDequant", "sums p", "y", {"dtype": 0}))
    nodes = [("AscendQuant", "x", "q", quant), middle, last]
    return Toy(nodes, {"w": weight, "b": bias, "p": parameter}, **change)


def chain(count: int, int8: Sequence[int]) -> Toy:
    """Convolutions in a row, some of them in INT8 by the record."""
    names = ["x", *(f"v{number}" for number in range(1, count)), "y"]
    nodes = [("Conv", f"{a} w", b, CONV) for a, b in zip(names, names[1:])]
    return Toy(nodes, {"w": constant(16, 16, 3, 3)}, int8=[f"conv_{number}" for number in int8])


@dataclass
class Case:
    rule: str
    severity: str
    bad: Toy
    good: Toy


SQUARE = constant(16, 32, 3, 3, dtype=np.int8)
WAVE = {"gamma": constant(16), "beta": constant(16)}
CASES = [
    Case("opset", ERROR, single("Relu", Opset=16), single("Relu", Opset=11)),
    Case("opset", ERROR, single("Relu", Opset=7), single("Relu")),
    Case("opset", WARNING, single("Relu", Opset=14), single("Relu")),
    Case("opset", NOTE, single("Relu", Opset=13), single("Relu")),
    Case("domain", ERROR, single("com.microsoft::FusedConv"), single("ai.onnx::Relu")),
    Case("no-parser", ERROR, single("GridSample", "x x"), single("Resize")),
    Case("no-parser", ERROR, single("LayerNormalization", "x"), norm()),
    Case("no-parser", ERROR, single("QuantizeLinear", "x s", {"s": constant(1)}), deploy()),
    Case("ai-cpu", WARNING, single("CumSum", "x a", {"a": np.int64(1)}), single("Relu")),
    Case("risky", WARNING, single("RoiAlign", "x x x"), single("MaxPool", kernel_shape=[2, 2])),
    Case("unlisted", WARNING, single("Hardmax"), single("Softmax", axis=-1)),
    Case("release", WARNING, single("Einsum", "x x", equation="abcd,abcd->abcd"), single("MatMul", "x x")),
    Case("release", WARNING, single("HardSwish", Opset=14), single("HardSigmoid")),
    Case(
        "conv-attributes", ERROR, single("Conv", "x w", {"w": KERNEL}),
        single("Conv", "x w", {"w": KERNEL}, pads=[1] * 4),
    ),
    Case(
        "conv-attributes", ERROR, single("ConvTranspose", "x w", {"w": constant(16, 32, 2, 2)}, strides=[2, 2]),
        single("ConvTranspose", "x w", {"w": constant(16, 32, 2, 2)}, strides=[2, 2], kernel_shape=[2, 2]),
    ),
    Case("conv-attributes", ERROR, conv(pads=[1, 1, 1]), conv(pads=[1, 1, 1, 1])),
    Case(
        "conv-attributes", ERROR,
        Toy([("Conv", "x w", "y", {"kernel_shape": [1] * 3, "auto_pad": "SAME_UPPER"})], {"w": constant(4, 4, 1, 1, 1)},
            {"x": (1, 4, 2, 8, 8)}),
        Toy([("Conv", "x w", "y", {"kernel_shape": [1] * 3})], {"w": constant(4, 4, 1, 1, 1)}, {"x": (1, 4, 2, 8, 8)}),
    ),
    Case(
        "pad-mode", ERROR, single("Pad", "x p", {"p": np.array([0, 0, 1, 1] * 2)}, mode="edge"),
        single("Pad", "x p", {"p": np.array([0, 0, 1, 1] * 2)}, mode="reflect"),
    ),
    Case(
        "batch-norm", NOTE,
        Toy([("Conv", "x w", "c", CONV), ("BatchNormalization", "c n n n n", "y")], {"w": KERNEL, "n": constant(32)}),
        single("BatchNormalization", "x n n n n", {"n": constant(16)}),
    ),
    # --- Resize
    Case("resize-coordinates", ERROR, resize(mode="linear"), resize(**LINEAR)),
    Case(
        "resize-coordinates", ERROR, resize(**{**LINEAR, "coordinate_transformation_mode": "asymmetric"}),
        resize(**{**LINEAR, "coordinate_transformation_mode": "align_corners"}),
    ),
    Case("resize-coordinates", ERROR, resize(mode="nearest", nearest_mode="floor"), resize(**NEAREST)),
    Case("resize-coordinates", ERROR, resize(inputs="x scales", mode="linear", Opset=10), resize(**LINEAR)),
    Case("resize-mode", ERROR, resize(mode="cubic"), resize(**LINEAR)),
    Case("resize-mode", ERROR, resize(**LINEAR, exclude_outside=1), resize(**LINEAR, exclude_outside=0)),
    Case("resize-mode", ERROR, resize(**{**NEAREST, "nearest_mode": "ceil"}), resize(**NEAREST)),
    Case("resize-mode", WARNING, resize((1, 1, 1.5, 1.5), **NEAREST), resize((1, 1, 1.5, 1.5), **LINEAR)),
    Case("resize-axes", ERROR, resize((1, 2, 2), Shape=(1, 16, 8), **LINEAR), resize(**LINEAR)),
    Case("resize-axes", ERROR, resize((1, 2, 2, 2), **NEAREST), resize(**NEAREST)),
    Case("resize-inputs", ERROR, resize(inputs="x region", **LINEAR), resize(**LINEAR)),
    # --- patterns
    Case("layer-norm", WARNING, norm(change={6: ("Mul", "d root", "unit")}), norm()),
    Case("layer-norm", WARNING, norm(change={1: ("Sub", "mean x", "d")}), norm(change={2: ("Mul", "d d", "squares")})),
    Case("layer-norm", WARNING, norm(axes=(1,)), norm(axes=(1, 2))),
    Case(
        "layer-norm", WARNING, norm(tail=[("Relu", "unit", "y")]),
        norm(axes=(1,), tail=[("Reshape", "unit shape", "y")]),  # a group norm as it is recommended
    ),
    Case(
        "variance", WARNING,
        Toy([("Mul", "x x", "s"), ("ReduceMean", "s", "m2", {"axes": [-1]}), ("ReduceMean", "x", "m", {"axes": [-1]}),
             ("Mul", "m m", "mm"), ("Sub", "m2 mm", "y")]),
        norm(),
    ),
    Case("gelu", WARNING, gelu({0: ("Mul", "x inverse", "scaled")}), gelu()),
    Case("gelu", WARNING, gelu({3: ("Mul", "sum half", "product"), 4: ("Mul", "x product", "y")}), gelu()),
    Case("gelu", WARNING, gelu({4: ("Mul", "product tanh", "y")}), gelu()),
    Case("group-norm", WARNING, group_norm(True), group_norm(False)),
    # --- numbers
    Case("fp16-weights", ERROR, conv(KERNEL * 2e5), conv(KERNEL * 1.3e5)),
    Case("fp16-weights", ERROR, conv(KERNEL * np.float32("nan")), conv()),
    Case("fp16-weights", WARNING, conv(KERNEL * 1e-5), conv(KERNEL * 2e-4)),
    Case("fp16-activations", ERROR, Toy([("Relu", "x", "y")], ranges={"y": (300.0, 0)}), single("Relu")),
    Case(
        "fp16-activations", WARNING, Toy([("Relu", "x", "y")], ranges={"y": (100.0, 0)}),
        Toy([("Relu", "x", "y")], ranges={"y": (60.0, 0)}),
    ),
    Case(
        "fp16-activations", ERROR, Toy([("Tanh", "x", "y")], ranges={"y": (300.0, 250)}),
        Toy([("Tanh", "x", "y")], ranges={"elsewhere": (300.0, 0)}),
    ),
    Case(
        "fp16-activations", WARNING, Toy([("Relu", "x", "y")], ranges={"y": (1e-7, 0)}),
        Toy([("Relu", "x", "y")], ranges={"y": (1e-6, 0)}),
    ),
    Case("exp", WARNING, single("Exp"), Toy([("Exp", "x", "y")], ranges={"x": (0.01, 0)})),
    Case(
        "exp", ERROR, Toy([("Exp", "x", "y")], ranges={"x": (0.1, 0)}),
        Toy([("Exp", "x", "y")], ranges={"x": (0.1, 255)}),
    ),
    Case("epsilon", ERROR, guarded(1e-8), guarded(1e-5)),
    Case("epsilon", WARNING, guarded(1e-6), guarded(1e-3)),
    Case("epsilon", ERROR, guarded(1e-8, "Div"), guarded(1e-8, "Mul")),
    Case(
        "epsilon", WARNING, single("InstanceNormalization", "x gamma beta", WAVE, epsilon=1e-6),
        single("InstanceNormalization", "x gamma beta", WAVE, epsilon=1e-5),
    ),
    Case("long-mean", WARNING, mean_of(64), mean_of(32)),
    Case(
        "long-mean", WARNING, single("ReduceMean", Inputs={"x": (1, 1, 64, 64)}, axes=[2, 3]),
        single("ReduceMean", Inputs={"x": (1, 1, 64, 64)}, axes=[2]),
    ),
    Case(
        "steep-output", NOTE, Toy([("Sigmoid", "x", "s"), ("Transpose", "s", "y")]),
        Toy([("Tanh", "x", "s"), ("Relu", "s", "y")]),
    ),
    Case("record", WARNING, Toy([("Relu", "x", "y")], stale=True), Toy([("Relu", "x", "y")], ranges={"y": (0.1, 0)})),
    # --- shapes
    Case("dynamic-shape", ERROR, single("Relu", Inputs={"x": ("batch", 3, 8, 8)}), single("Relu")),
    Case("dynamic-shape", WARNING, single("NonZero"), single("Relu")),
    Case("batch", NOTE, single("Relu", Inputs={"x": (4, 3, 8, 8)}), single("Relu", Inputs={"x": (4, 8)})),
    Case("axes", WARNING, single("Relu", Inputs={"x": (1, 2, 3, 4, 5)}), single("Relu")),
    Case(
        "axes", ERROR, single("InstanceNormalization", "x gamma beta", WAVE, Inputs={"x": (1, 16, 2, 4, 4)}),
        single("InstanceNormalization", "x gamma beta", WAVE),
    ),
    Case(
        "int64", WARNING, single("Add", "x x", Dtype=TensorProto.INT64),
        single("Add", "x x", Dtype=TensorProto.INT32),
    ),
    Case("softmax-axis", ERROR, single("Softmax"), single("Softmax", axis=-1)),
    Case("softmax-axis", ERROR, single("Softmax", axis=2), single("Softmax", axis=2, Opset=13)),
    # --- channels
    Case("cube", WARNING, conv(constant(8, 16, 3, 3)[:7]), conv()),
    Case("cube", WARNING, conv(constant(16, 1, 3, 3), group=16), conv(constant(16, 8, 3, 3), group=2)),
    Case(
        "cube", WARNING,
        Toy([("Conv", "x w", "y", CONV)], {"w": constant(24, 8, 3, 3)}, {"x": (1, 8, 8, 8)}, int8=["conv_0"]),
        Toy([("Conv", "x w", "y", CONV)], {"w": constant(32, 8, 3, 3)}, {"x": (1, 8, 8, 8)}),
    ),
    # --- inputs and names
    Case(
        "unused-input", ERROR, single("Relu", Inputs={"x": PICTURE, "spare": PICTURE}),
        single("Add", "x spare", Inputs={"x": PICTURE, "spare": PICTURE}),
    ),
    Case(
        "unused-input", ERROR,
        Toy([("Shape", "spare", "s"), ("Reshape", "x s", "y")], inputs={"x": PICTURE, "spare": (1, 16, 64)}),
        single("Relu"),
    ),
    Case(
        "input-names", ERROR, single("Relu", "x:0", Inputs={"x:0": PICTURE}),
        single("Relu", "x_0", Inputs={"x_0": PICTURE}),
    ),
    Case(
        "hidden-names", ERROR,
        single("Relu", "ascend_mbatch_shape_data", Inputs={"ascend_mbatch_shape_data": PICTURE}), single("Relu"),
    ),
    Case("output-names", WARNING, two_outputs("look", "look_again"), two_outputs("look", "expression")),
    Case("output-names", WARNING, two_outputs("a:0", "b"), two_outputs("a", "b")),
    Case("node-names", WARNING, Toy([("Relu", "x", "y")], names=[""]), single("Relu")),
    Case("node-names", WARNING, Toy([("Relu", "x", "a"), ("Relu", "a", "y")], names=["r", "r"]), single("Relu")),
    Case("graph-name", NOTE, single("Relu", Name="n" * 32), single("Relu", Name="n" * 31)),
    # --- INT8
    Case("quant-type", ERROR, deploy(quant={"dst_type": "UINT8"}), deploy()),
    Case("quant-options", WARNING, deploy(quant={"round_mode": "Floor"}), deploy()),
    Case("quant-range", ERROR, deploy(quant={"scale": 1e5}), deploy(quant={"scale": 6e4})),  # fp16
    Case("quant-range", ERROR, deploy(quant={"scale": 1e-8}), deploy()),
    Case("quant-range", ERROR, deploy(quant={"scale": 0.0}), deploy()),
    Case("quant-range", ERROR, deploy(quant={"offset": 128.0}), deploy(quant={"offset": 127.0})),
    Case("quant-range", ERROR, deploy(quant={"offset": 0.5}), deploy()),
    Case("quant-layer", ERROR, deploy(weight=KERNEL), deploy()),
    Case("quant-layer", ERROR, deploy(bias=constant(32)), deploy()),
    Case("quant-layer", ERROR, deploy(middle=("Relu", "q", "sums")), deploy()),
    Case("quant-layer", ERROR, deploy(last=("Relu", "sums", "y")), deploy()),
    Case(
        "quant-layer", ERROR,
        deploy(inputs={"x": (1, 16)}, weight=constant(16, 32, dtype=np.int8), middle=("Gemm", "q w b", "sums")),
        deploy(
            inputs={"x": (1, 16)}, weight=constant(32, 16, dtype=np.int8),
            middle=("Gemm", "q w b", "sums", {"transB": 1}),
        ),
    ),
    Case(
        "quant-layer", ERROR,
        deploy(weight=SQUARE, middle=("ConvTranspose", "q w b", "sums", {**CONV, "dilations": [2, 2]})),
        deploy(weight=SQUARE, middle=("ConvTranspose", "q w b", "sums", CONV)),
    ),
    Case("dequant-parameter", ERROR, deploy(parameter=constant(32, value=1e-3)), deploy()),
    Case("dequant-parameter", ERROR, deploy(parameter=code(*[1e-3] * 32, high=1)), deploy()),
    Case("dequant-parameter", ERROR, deploy(parameter=code(*[1e-3] * 31)), deploy(parameter=code(1e-3))),
    Case("dequant-parameter", ERROR, deploy(parameter=code(*[0.0] * 32)), deploy()),
    Case(
        "runtime-weights", WARNING,
        Toy([("Conv", "x k", "y", CONV)], inputs={"x": PICTURE, "k": (32, 16, 3, 3)}), conv(),
    ),
    Case("lone-int8", NOTE, chain(3, [1]), chain(3, [1, 2])),
    Case("int8-edge", NOTE, chain(3, [0, 1]), chain(4, [1, 2])),
]  # fmt: skip


def findings(toy: Toy, folder: Path) -> List[Finding]:
    return lint(Graph(toy.save(folder / "toy.fp32.onnx")))


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case.rule}" for number, case in enumerate(CASES)])
def test_a_rule_finds_what_breaks_it_and_nothing_else(case: Case, tmp_path: Path) -> None:
    for folder in ("bad", "good"):
        (tmp_path / folder).mkdir()
    found = [finding for finding in findings(case.bad, tmp_path / "bad") if finding.rule == case.rule]
    assert [finding.severity for finding in found] == [case.severity] * len(found) and found
    assert all(finding.node and finding.why and finding.fix and finding.source for finding in found)
    assert not [finding for finding in findings(case.good, tmp_path / "good") if finding.rule == case.rule]


def test_no_rule_is_without_a_graph_that_breaks_it() -> None:
    assert {case.rule for case in CASES} == set(RULES)


def test_a_finding_names_the_node_and_errors_come_first(tmp_path: Path) -> None:
    nodes = [("Exp", "x", "e"), ("Resize", "e r s", "y", {"mode": "linear"})]
    toy = Toy(nodes, {"r": np.zeros(0, np.float32), "s": np.array([1, 1, 2, 2], np.float32)})
    assert [(finding.node, finding.rule) for finding in findings(toy, tmp_path)] == [
        ("resize_1", "resize-coordinates"), ("exp_0", "exp"),
    ]  # fmt: skip


FIRST_LAYERS = {"sonic": {"conv_0", "conv_1", "conv_40", "conv_41", "conv_78"}}
"""Layers that leave most of the cube empty: those that read sound, of one channel, and the photo, of three. Sound and
photos have no more; ATC's --enable_small_channel=1 packs them, and `python -m models_om.cost` counts them unpacked."""


def warnings(graph: Graph) -> Set[Tuple[str, str]]:
    """Rule and node of each; there must be no errors."""
    found = lint(graph)
    assert not [finding for finding in found if finding.severity == ERROR]
    return {(finding.rule, finding.node) for finding in found if finding.severity == WARNING}


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_networks_that_ship_are_fit_for_the_chip(name: str, tmp_path: Path) -> None:
    source = BUILT / f"{name}.fp32.onnx"
    expected = {("cube", node) for node in FIRST_LAYERS.get(name, ())}
    assert warnings(Graph(source)) == expected
    # And as INT8 of this chip, whose layers the linter knows by their nodes, without a record.
    write_deployed(source, tmp_path)
    (deployed,) = tmp_path.glob("*.onnx")
    assert warnings(Graph(deployed)) == expected


def test_int8_for_another_run_time_is_not_fit() -> None:
    """INT8 for ONNX Runtime looks like INT8, and is another one."""
    found = lint(Graph(BUILT / "sonic_denoiser.int8.onnx"))
    assert {finding.rule for finding in found if finding.severity == ERROR} == {"no-parser"}
