"""How much of a processor the way from speech to video takes beside the networks, measured where this runs.

It makes a video of the demo's portrait and recordings as `appliance make` does, but on one thread and with the
networks' own time taken out. Processor time is counted, not time on the clock: what else the machine does matters
little. How well two threads draw side by side is timed by the clock, on two cores that have nothing else to do.
"""

from __future__ import annotations

import contextlib
import json
import platform
import re
import resource
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import cv2
import numpy as np

from appliance.demo import write_portrait, write_speech
from appliance.manifest import NetworkEntry
from appliance.models import ModelStore
from appliance.pipeline.face import FaceFinder, choose_face, crop_for, network_image
from appliance.pipeline.motion import MotionModel
from appliance.pipeline.photo import load_photo
from appliance.pipeline.render import Renderer, build_identity, face_canvas
from appliance.pipeline.runtime.base import Network
from appliance.pipeline.runtime.select import load_network
from appliance.pipeline.speech import open_speech
from appliance.settings import FRAME_RATE, MakeOptions

from .replay import StageClock, film

RUNTIME, PRECISION = "onnx", "int8"
SIDES = (384, 512)
"""px of the videos that are measured: the smallest, and the default."""
SECONDS = 20.0
REPEATS = 3
ROUNDS = 30
"""Of drawing with one thread and with two: the quickest of each are compared."""
FILE = Path(__file__).with_name("stages.json")


class _Clocked(Network):
    """A network that counts the processor time it takes, s."""

    def __init__(self, network: Network) -> None:
        super().__init__(network.name, network.inputs, network.outputs)
        self._network = network
        self.seconds = 0.0

    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        began = time.process_time()
        try:
            return self._network.run(inputs)
        finally:
            self.seconds += time.process_time() - began

    def close(self) -> None:
        self._network.close()


class _Idle(Network):
    """A network that takes no time: every output is 0."""

    def __init__(self, entry: NetworkEntry) -> None:
        super().__init__(entry.name, entry.inputs, entry.outputs)

    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        return {spec.name: np.zeros(spec.shape, np.float32) for spec in self.outputs}

    def close(self) -> None:
        pass


class _ClockedMotion(MotionModel):
    def __init__(self, store: ModelStore) -> None:
        super().__init__(store, RUNTIME, PRECISION)
        self.networks = (_Clocked(self._sonic), _Clocked(self._denoiser))
        self._sonic, self._denoiser = self.networks


class _Clock(StageClock):
    """Processor time of every piece of a stage, s, without that of the networks in it."""

    def __init__(self) -> None:
        self.networks: List[_Clocked] = []
        self.pieces: Dict[str, List[float]] = {}

    @contextlib.contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        began = self._own()
        yield
        self.pieces.setdefault(stage, []).append(self._own() - began)

    def _own(self) -> float:
        return time.process_time() - sum(network.seconds for network in self.networks)


def measure(side: int, seconds: float = SECONDS, repeats: int = REPEATS) -> Dict[str, float]:
    """ms of one core a frame, by stage, for ``seconds`` of speech at ``side`` px; ffmpeg's own processes as "ffmpeg".

    The video is made ``repeats`` times. Of every piece of a stage, such as one frame's drawing, the least counts: in
    the others it shared the caches with other programs. Raises what the parts of the pipeline raise.
    """
    runs = [_pieces(side, seconds) for _ in range(repeats)]
    frames = len(runs[0]["render"])
    least = {stage: np.min([run[stage] for run in runs], axis=0) for stage in runs[0]}
    return {stage: round(1e3 * float(pieces.sum()) / frames, 2) for stage, pieces in least.items()}


def _pieces(side: int, seconds: float) -> Dict[str, List[float]]:
    """Processor time of every piece of every stage of one video, s."""
    clock, threads = _Clock(), cv2.getNumThreads()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_portrait(folder / "portrait.png")
        write_speech(folder / "speech.flac", seconds)
        before = _of_children()
        cv2.setNumThreads(1)
        try:
            _make(folder, MakeOptions(min_resolution=side), clock)
        finally:
            cv2.setNumThreads(threads)
        clock.pieces["ffmpeg"] = [_of_children() - before]
    return clock.pieces


def one_at_a_time(side: int, frames: int = 100, rounds: int = ROUNDS) -> float:
    """Share 0..1 of drawing that only one thread can do at a time (Python's lock), by what a second thread gains
    (Amdahl 1967); what two cores lose to each other in their shared cache is in it. Needs two idle cores."""
    store, options = ModelStore(), MakeOptions(min_resolution=side)
    threads, painter = cv2.getNumThreads(), _Idle(store.network("sonic_painter"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_portrait(folder / "portrait.png")
        write_speech(folder / "speech.flac", frames / FRAME_RATE)
        with contextlib.closing(MotionModel(store, RUNTIME, PRECISION)) as motion:
            renderer = _renderer(folder / "portrait.png", options, motion, painter, store)
            with open_speech(folder / "speech.flac", folder, store) as speech:
                blocks = list(motion.generate(speech, options))
        moved = [pair for block in blocks for pair in zip(block.coefficients, block.pose)]
        cv2.setNumThreads(1)
        try:
            spent = [[_drawing_s(renderer, moved, count) for count in (1, 2)] for _ in range(rounds)]
        finally:
            cv2.setNumThreads(threads)
    alone, together = np.min(spent, axis=0)
    return float(np.clip(together / alone - 1, 0, 1))


def _drawing_s(renderer: Renderer, moved: List[Tuple[np.ndarray, np.ndarray]], threads: int) -> float:
    """Seconds in which each thread draws all frames."""

    def draw_all() -> None:
        for coefficients, pose in moved:
            renderer.frame(coefficients, pose)

    crew = [threading.Thread(target=draw_all) for _ in range(threads)]
    began = time.perf_counter()
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    return time.perf_counter() - began


def write(path: Path = FILE) -> Dict[str, Dict[str, float]]:
    """Measure at every side of `SIDES` and write to ``path``."""
    figures = {str(side): measure(side) for side in SIDES}
    machine = {"processor": _processor(), "seconds": SECONDS, "runtime": f"{RUNTIME} {PRECISION}"}
    content: Dict[str, Any] = {"machine": machine, "ms_a_frame": figures}
    content["one_at_a_time"] = {str(side): round(one_at_a_time(side), 3) for side in SIDES}
    path.write_text(json.dumps(content, indent=1) + "\n")
    return figures


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _make(folder: Path, options: MakeOptions, clock: _Clock) -> None:
    """The way of `appliance.pipeline.generate`, with the clock in other places."""
    store, photo_path, speech_path = ModelStore(), folder / "portrait.png", folder / "speech.flac"
    segments = folder / "segments"
    segments.mkdir()
    with contextlib.ExitStack() as parts:
        motion = _ClockedMotion(store)
        parts.callback(motion.close)
        painter = _Clocked(load_network(store, "sonic_painter", RUNTIME, PRECISION))
        parts.callback(painter.close)
        clock.networks = [*motion.networks, painter]
        renderer = _renderer(photo_path, options, motion, painter, store)
        film(renderer, motion, speech_path, segments, options, clock)


def _renderer(
    photo_path: Path, options: MakeOptions, motion: MotionModel, painter: Network, store: ModelStore
) -> Renderer:
    photo = load_photo(photo_path)
    portrait = choose_face(FaceFinder(store).find(photo), None).portrait
    crop = crop_for(portrait, options.expand_ratio, photo)
    canvas = face_canvas(photo, crop, options.min_resolution)
    look, expression = motion.identity(network_image(photo, crop))
    return Renderer(build_identity(canvas, portrait.mesh, store, look, expression), store, painter)


def _of_children() -> float:
    """Processor time of the child processes that have ended, s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
