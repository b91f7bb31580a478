"""Turn trained networks into the files a machine runs, each checked against MindSpore, and write the manifest.

    python -m models_om.export --work work [--python37 PYTHON3.7]

MindSpore → ONNX (opset 11) → INT8 QDQ by ONNX Runtime, and → MindSpore Lite ``.mindir`` by the converter of MindSpore
Lite 2.0.0, which exists for CPython 3.7 alone: without ``--python37`` the ``.mindir`` files are left as they are.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

import mindspore as ms
import numpy as np
import onnx
import onnxruntime
from mindspore import nn
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from appliance.pipeline.motion.sampler import WINDOW, frame_noise, step_code

from ..judge.recordings import as_heard
from ..manifest import BUILT, SIGNATURES, write_manifest
from ..networks import PhotoEncoder, Sonic, SonicDenoiser, SpeechEncoder
from ..train.loop import load_cell
from . import onnx_graph

AGREEMENT = 1e-3
"""Largest difference allowed between MindSpore and a float32 build of it."""
CONVERT = """
import sys
from mindspore_lite import Converter, FmkType, ModelType
Converter().convert(fmk_type=FmkType.ONNX, model_file=sys.argv[1], output_file=sys.argv[2])
"""


def load(work: Path) -> Dict[str, nn.Cell]:
    """The trained networks of a work folder, ready to run."""
    speech, photo, denoiser = SpeechEncoder(), PhotoEncoder(), SonicDenoiser()
    for file, cells in (("motion", {"speech": speech, "denoiser": denoiser}), ("photo", {"photo": photo})):
        for name, cell in cells.items():
            load_cell(cell, name, work / f"{file}.ckpt")
    networks = {"sonic": Sonic(speech, photo), "sonic_denoiser": denoiser}
    for network in networks.values():
        network.set_train(False)
    return networks


def samples(name: str, network: nn.Cell, sonic: nn.Cell, work: Path, count: int) -> Iterator[Dict[str, np.ndarray]]:
    """Real inputs that training did not see: recordings and portraits, and for the denoiser the paths to motion."""
    generator = np.random.default_rng(5)
    corpus, images = dict(np.load(work / "corpus.npz")), np.load(work / "portraits.npz")["images"][::10]
    ends = np.cumsum(corpus["frames"])
    held_out = np.nonzero(corpus["split"] != "train")[0]
    # FACEGOOD's clips are minutes, GRID's sentences seconds: choose by length, so that both are heard.
    rate = corpus["frames"][held_out] / corpus["frames"][held_out].sum()
    power = corpus["power"]
    for _ in range(count):
        index = generator.choice(held_out, p=rate)
        first = ends[index] - corpus["frames"][index] + generator.integers(0, corpus["frames"][index] - WINDOW)
        mel = as_heard(power[first * 4 : (first + WINDOW) * 4])[None, None]
        image = images[generator.integers(len(images))][None].astype(np.float32) / 127.5 - 1
        if name == "sonic":
            yield {"audio_input": mel, "image_input": image}
            continue
        condition = sonic(ms.Tensor(mel), ms.Tensor(image))[0].asnumpy()
        at, steps = int(generator.integers(0, 25)), 25
        motion = frame_noise(1, int(first), WINDOW)[None, :, None] * np.float32(generator.uniform(0, 1))
        for step in range(at):
            motion = motion + network(
                *map(ms.Tensor, (motion, step_code(step / steps), condition))
            ).asnumpy() / np.float32(steps)
        yield {"motion": motion, "step": step_code(at / steps), "condition": condition}


def to_onnx(name: str, network: nn.Cell, path: Path) -> None:
    signature = SIGNATURES[name]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        ms.export(network, *[ms.Tensor(np.zeros(s, np.float32)) for s in signature["inputs"].values()],
                  file_name=str(raw.with_suffix("")), file_format="ONNX")  # fmt: skip
        model = onnx_graph.tidy(onnx.load(raw), name, list(signature["inputs"]), list(signature["outputs"]))
    onnx.save(model, path)


class _Reader(CalibrationDataReader):
    def __init__(self, inputs: Sequence[Dict[str, np.ndarray]]) -> None:
        self.inputs = iter(inputs)

    def get_next(self):
        return next(self.inputs, None)


def _at_the_ends(graph: onnx.GraphProto) -> List[str]:
    """Names of the convolutions that read an input or make an output, with nothing but form and Sigmoid between."""
    producer = {value: node for node in graph.node for value in node.output}
    inputs = {item.name for item in graph.input}
    found = [node.name for node in graph.node if node.op_type == "Conv" and node.input[0] in inputs]
    waiting = [item.name for item in graph.output]
    while waiting:
        node = producer[waiting.pop()]
        if node.op_type == "Conv":
            found.append(node.name)
        elif node.op_type in ("Reshape", "Sigmoid", "Concat"):
            waiting += [value for value in node.input if value in producer]
    return found


def to_int8(source: Path, target: Path, inputs: Sequence[Dict[str, np.ndarray]]) -> None:
    """Static INT8 QDQ, weights per channel. The first and last convolutions stay float: they are cheap, and their
    rounding would be seen as trembling lips."""
    model = onnx.load(source)
    model = onnx.version_converter.convert_version(model, 13)  # per-channel DequantizeLinear begins there
    model.ir_version = 7
    kept = _at_the_ends(model.graph)
    with tempfile.TemporaryDirectory() as folder:
        newer = Path(folder) / "opset13.onnx"
        onnx.save(model, newer)
        quantize_static(
            newer, target, _Reader(inputs), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv", "Add"], nodes_to_exclude=kept,
        )  # fmt: skip


def to_mindir(source: Path, target: Path, python37: Path) -> None:
    """By the converter of MindSpore Lite 2.0.0; it writes read-only files and will not replace one."""
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "network"
        subprocess.run([str(python37), "-c", CONVERT, str(source), str(built)], check=True, capture_output=True)
        target.unlink(missing_ok=True)
        target.write_bytes(built.with_suffix(".mindir").read_bytes())


def differences(name: str, network: nn.Cell, path: Path, inputs: Sequence[Dict[str, np.ndarray]]) -> Dict[str, float]:
    """Largest difference to MindSpore, by output."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs = list(SIGNATURES[name]["outputs"])
    worst: Dict[str, float] = {}
    for feed in inputs:
        expected = network(*[ms.Tensor(feed[key]) for key in SIGNATURES[name]["inputs"]])
        expected = expected if isinstance(expected, tuple) else (expected,)
        for output, ours, theirs in zip(outputs, session.run(outputs, feed), expected):
            worst[output] = max(worst.get(output, 0.0), float(np.abs(ours - theirs.asnumpy()).max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--python37", type=Path, help="interpreter with mindspore-lite 2.0.0")
    arguments = parser.parse_args()
    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    BUILT.mkdir(exist_ok=True)
    networks = load(arguments.work)
    for name, network in networks.items():
        inputs = list(samples(name, network, networks["sonic"], arguments.work, 160))
        single, quantised, lite = (BUILT / f"{name}.{kind}" for kind in ("fp32.onnx", "int8.onnx", "fp32.mindir"))
        to_onnx(name, network, single)
        worst = differences(name, network, single, inputs[:20])
        print(f"{single.name}: largest difference to MindSpore {worst}", flush=True)
        if max(worst.values()) > AGREEMENT:
            raise SystemExit(f"{single.name} does not agree with MindSpore")
        to_int8(single, quantised, inputs[20:])
        print(
            f"{quantised.name}: largest difference to MindSpore {differences(name, network, quantised, inputs[:20])}",
            flush=True,
        )
        if arguments.python37:
            to_mindir(single, lite, arguments.python37)
            print(f"{lite.name}: {lite.stat().st_size} bytes", flush=True)
    write_manifest()


if __name__ == "__main__":
    main()
