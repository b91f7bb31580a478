"""Photo + speech → video, the whole way, as a generator of progress.

The caller drives it: each step runs when the next event is asked for. Closing the generator cancels the run; however it
ends, the output is either complete or not there.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, Union

from ..errors import DurationMismatch
from ..models import ModelStore
from ..settings import FRAME_RATE, MakeOptions
from .face import FaceFinder, check_portrait, choose_face, crop_for, network_image
from .motion import MotionModel
from .photo import load_photo
from .render import Renderer, build_identity, face_canvas, full_canvas
from .runtime.select import choose, load_network
from .speech import load_speech
from .video import VideoWriter, check_output

STAGES = ("models", "face", "speech", "video")


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` steps of a stage; the steps of "video" are frames."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class FaceTaken:
    """Which of the ``count`` faces found is used, counted from the left from 1."""

    number: int
    count: int


@dataclass(frozen=True)
class Result:
    """What was made, and where the time went (s a stage; "motion", "render" and "encode" are the parts of "video")."""

    frames: int
    duration: float
    width: int
    height: int
    face_number: int
    face_count: int
    runtime: str
    precision: str
    seconds_per_stage: Dict[str, float] = field(default_factory=dict)


def make_video(
    photo_path: Path, speech_path: Path, out_path: Path, options: MakeOptions, store: ModelStore
) -> Iterator[Union[Progress, FaceTaken, Result]]:
    """Make ``out_path`` (MP4); yields `Progress`, one `FaceTaken`, and at the end one `Result`.

    Same inputs, options and models give the same file, byte for byte. Memory does not grow with the speech.
    Raises what its parts raise, all of it `SonicError`: `PhotoError`, `SpeechError`, `RuntimeUnavailable`,
    `ModelMissing`, `ModelCorrupt`, `OutputError`, and `UsageError` where the output would overwrite an input.
    """
    photo_path, speech_path, out_path = Path(photo_path), Path(speech_path), Path(out_path)
    check_output(out_path, (photo_path, speech_path))

    clock = _Clock()
    with contextlib.ExitStack() as open_parts:
        yield Progress("models", 0, 1)
        with clock.measure("models"):
            choice = choose(options.runtime, options.precision, store)
            finder = FaceFinder(store)
            motion = MotionModel(store, choice.runtime, choice.precision)
            open_parts.callback(motion.close)
            painter = load_network(store, "sonic_painter", choice.runtime, choice.precision)
            open_parts.callback(painter.close)
        yield Progress("models", 1, 1)

        yield Progress("face", 0, 2)
        with clock.measure("face"):
            photo = load_photo(photo_path)
            chosen = choose_face(finder.find(photo), options.face)
            check_portrait(chosen.portrait, photo)
        yield FaceTaken(chosen.number, chosen.count)
        yield Progress("face", 1, 2)
        with clock.measure("face"):
            crop = crop_for(chosen.portrait, options.expand_ratio, photo)
            side = options.min_resolution // 2 * 2  # the encoder halves the colour planes
            canvas = full_canvas(photo, side) if options.framing == "full" else face_canvas(photo, crop, side)
            look, expression = motion.identity(network_image(photo, crop))
            identity = build_identity(canvas, chosen.portrait.mesh, store, look, expression)
            renderer = Renderer(identity, store, painter)
        yield Progress("face", 2, 2)

        yield Progress("speech", 0, 1)
        with clock.measure("speech"):
            speech = open_parts.enter_context(load_speech(speech_path, out_path.absolute().parent, store))
            _check_duration(options, speech.duration)
        yield Progress("speech", 1, 1)

        yield Progress("video", 0, speech.frames)
        with clock.measure("encode"):
            writer = open_parts.enter_context(
                VideoWriter(out_path, renderer.size, speech_path, speech.duration, options, sources=(photo_path,))
            )
        blocks = motion.generate(speech, options)
        done = 0
        while done < speech.frames:
            with clock.measure("motion"):
                block = next(blocks)
            for coefficients, pose in zip(block.coefficients, block.pose):
                with clock.measure("render"):
                    frame = renderer.frame(coefficients, pose)
                with clock.measure("encode"):
                    writer.write(frame)
                done += 1
                yield Progress("video", done, speech.frames)
        with clock.measure("encode"):
            writer.finish()

    width, height = renderer.size
    yield Result(
        frames=done,
        duration=done / FRAME_RATE,
        width=width,
        height=height,
        face_number=chosen.number,
        face_count=chosen.count,
        runtime=choice.runtime,
        precision=choice.precision,
        seconds_per_stage=clock.seconds,
    )


def _check_duration(options: MakeOptions, actual: float) -> None:
    if options.duration is not None and abs(options.duration - actual) > 0.5 / FRAME_RATE:
        raise DurationMismatch(
            message=f"The recording lasts {actual:.2f} s, not {options.duration:.2f} s as `--duration` asks for."
        )


class _Clock:
    """Seconds spent per stage, without the time in which the caller has the generator suspended."""

    def __init__(self) -> None:
        self.seconds: Dict[str, float] = {}

    @contextlib.contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
