"""Make the toy network of the fast tests: ``python tests/data/make_toy.py`` with onnx installed, and once more with
mindspore-lite 2.0.0 (CPython 3.7) installed; each makes the file that it can.

    y = relu(weights @ left + bias) + 2 * right     over channels, at each of 4 x 5 points
    z = mean of y over the points

Two inputs and two outputs of different shape, so that a mix-up shows; 4 x 5 points, so that a wrong memory order shows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
WEIGHTS = np.array([[1.0, -2.0], [0.5, 0.25], [-1.0, 3.0]], dtype=np.float32)
BIAS = np.array([0.1, -0.2, 0.3], dtype=np.float32)


def expected(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """y (1, 3, 4, 5) and z (1, 3, 1, 1) for left (1, 2, 4, 5) and right (1, 3, 4, 5)."""
    mixed = np.einsum("oc,nchw->nohw", WEIGHTS, left) + BIAS[None, :, None, None]
    y = np.maximum(mixed, 0) + 2 * right
    return y, y.mean(axis=(2, 3), keepdims=True)


def make_onnx(path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def tensor(name: str, shape: list[int]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    one_by_one = {"kernel_shape": [1, 1], "strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "group": 1}
    nodes = [
        helper.make_node("Conv", ["left", "weights", "bias"], ["mixed"], **one_by_one),
        helper.make_node("Relu", ["mixed"], ["positive"]),
        helper.make_node("Mul", ["right", "two"], ["doubled"]),
        helper.make_node("Add", ["positive", "doubled"], ["y"]),
        helper.make_node("ReduceMean", ["y"], ["z"], axes=[2, 3], keepdims=1),
    ]
    constants = {"weights": WEIGHTS[:, :, None, None], "bias": BIAS, "two": np.array([2.0], dtype=np.float32)}
    graph = helper.make_graph(
        nodes,
        "toy",
        inputs=[tensor("left", [1, 2, 4, 5]), tensor("right", [1, 3, 4, 5])],
        outputs=[tensor("y", [1, 3, 4, 5]), tensor("z", [1, 3, 1, 1])],
        initializer=[numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def make_mindir(onnx_path: Path, path: Path) -> None:
    import mindspore_lite

    if path.exists():
        path.unlink()
    converter = mindspore_lite.Converter()
    converter.save_type = mindspore_lite.ModelType.MINDIR
    converter.convert(mindspore_lite.FmkType.ONNX, str(onnx_path), str(path.with_suffix("")))
    path.chmod(0o644)  # the converter leaves 0400, which another user of the installed package could not read


if __name__ == "__main__":
    try:
        make_onnx(HERE / "toy.onnx")
    except ImportError:
        make_mindir(HERE / "toy.onnx", HERE / "toy.mindir")
