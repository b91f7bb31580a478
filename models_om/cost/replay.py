"""A video made once with the real networks, and again wherever there is a Python, with networks that repeat themselves.

    python -m models_om.cost.replay FOLDER WORK

makes the video that `count.record` has left in ``FOLDER`` and prints as JSON how many instructions each stage took. It
is run by QEMU with the plugin of ``tools/count_instructions``, which keeps its counts in the folder ``WORK``.
"""

from __future__ import annotations

import contextlib
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Callable, ContextManager, Dict, Iterator, List
from unittest import mock

import cv2
import numpy as np

from appliance.models import ModelStore
from appliance.pipeline.motion import MotionModel
from appliance.pipeline.motion import model as motion_model
from appliance.pipeline.render import Renderer, build_identity
from appliance.pipeline.render.canvas import Canvas
from appliance.pipeline.runtime.base import Network
from appliance.pipeline.signatures import SIGNATURES
from appliance.pipeline.speech import open_speech
from appliance.pipeline.video import SoundTrack, VideoWriter
from appliance.settings import MakeOptions

KINDS = ("all", "vector", "memory")
"""Of instructions, as the plugin counts them."""
PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "soxr")
SPEECH, FACE = "speech.flac", "face.npz"
COUNTS, SEGMENTS = "python.counts", "segments"


class Recorder(Network):
    """A network whose outputs are kept."""

    def __init__(self, network: Network) -> None:
        super().__init__(network.name, network.inputs, network.outputs)
        self._network = network
        self._kept: Dict[str, List[np.ndarray]] = {}

    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        outputs = self._network.run(inputs)
        for name, output in outputs.items():
            self._kept.setdefault(name, []).append(output)
        return outputs

    def close(self) -> None:
        self._network.close()

    def save(self, folder: Path) -> None:
        for name, outputs in self._kept.items():
            np.save(folder / f"{self.name}.{name}.npy", np.stack(outputs))


class Replayed(Network):
    """Gives the outputs that a `Recorder` saved, in their order, whatever it is asked."""

    def __init__(self, name: str, folder: Path) -> None:
        inputs, outputs = SIGNATURES[name]
        super().__init__(name, inputs, outputs)
        self._kept = {spec.name: np.load(folder / f"{name}.{spec.name}.npy", mmap_mode="r") for spec in outputs}
        self._calls = 0

    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        # Rounded otherwise, a mouth that hardly opens may be painted once more or less.
        results = {name: np.array(kept[self._calls % len(kept)]) for name, kept in self._kept.items()}
        self._calls += 1
        return results

    def close(self) -> None:
        self._kept.clear()


class StageClock:
    """What `film` asks of a clock."""

    def measure(self, stage: str) -> ContextManager[None]:
        """Around each piece of a stage; here it measures nothing."""
        return contextlib.nullcontext()


class Clock(StageClock):
    """Instructions by stage, as read from the file that the plugin keeps."""

    def __init__(self, counts: Path) -> None:
        self._counts = np.memmap(counts, np.uint64, "r", shape=(len(KINDS),))
        self.stages: Dict[str, np.ndarray] = {}

    @contextlib.contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        before = np.array(self._counts)
        yield
        self.stages[stage] = self.stages.get(stage, np.zeros(len(KINDS), np.uint64)) + (self._counts - before)


def make(folder: Path, work: Path, load: Callable[[str], Network], clock: StageClock) -> int:
    """The way of `appliance.pipeline.generate` from the face on, on one thread, by way of the empty folder ``work``.

    Returns the number of frames.
    """
    store, options = ModelStore(), MakeOptions()
    face = dict(np.load(folder / FACE))
    canvas = Canvas(face["fine"], face["still"], face["matrix"])
    identity = build_identity(canvas, face["mesh"], store, face["look"], face["expression"])
    cv2.setNumThreads(1)
    with contextlib.ExitStack() as parts:
        with mock.patch.object(motion_model, "load_network", lambda _store, name, *_: load(name)):
            motion = MotionModel(store)
        parts.callback(motion.close)
        painter = load("sonic_painter")
        parts.callback(painter.close)
        renderer = Renderer(identity, store, painter)
        return film(renderer, motion, folder / SPEECH, work, options, clock)


def film(
    renderer: Renderer, motion: MotionModel, recording: Path, work: Path, options: MakeOptions, clock: StageClock
) -> int:
    """Make ``work/out.mp4`` stage by stage, on one thread. Returns the number of frames."""
    with contextlib.ExitStack() as parts:
        speech = parts.enter_context(open_speech(recording, work, ModelStore()))
        track = SoundTrack(recording, options.align_offset, work)
        parts.callback(track.close)
        with clock.measure("speech"):
            while not speech.complete:
                speech.hear()
        writer = VideoWriter(work, renderer.size, track, speech.duration, options, (recording,))
        parts.enter_context(writer)
        blocks = motion.generate(speech, options)
        while True:
            with clock.measure("motion"):
                block = next(blocks, None)
            if block is None:
                break
            for coefficients, pose in zip(block.coefficients, block.pose):
                with clock.measure("render"):
                    frame = renderer.frame(coefficients, pose)
                with clock.measure("encode"):
                    writer.write(frame)
        with clock.measure("encode"):
            writer.end()
        for _ in writer.join(work / "out.mp4"):
            pass
        return speech.frames


def main(folder: Path, work: Path) -> None:
    clock = Clock(work / COUNTS)
    frames = make(folder, work / SEGMENTS, lambda name: Replayed(name, folder), clock)
    told = {
        "frames": frames,
        "stages": {stage: dict(zip(KINDS, map(int, found))) for stage, found in clock.stages.items()},
        "versions": {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
