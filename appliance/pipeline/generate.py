"""Photo + speech → video, the whole way, as a generator of progress.

The caller drives it: each step runs when the next event is asked for. Closing the generator cancels the run; however it
ends, the output is either complete or not there.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterable, Iterator, Optional, TypeVar, Union

from ..errors import DurationMismatch
from ..models import ModelStore
from ..settings import FRAME_RATE, MakeOptions
from .face import FaceFinder, check_portrait, choose_face, crop_for, network_image
from .motion import MotionModel
from .photo import load_photo
from .render import Motion, Renderer, build_identity, draw, face_canvas, full_canvas
from .runtime.select import choose, load_network, usable_cores
from .speech import Speech, open_speech
from .video import Segment, SoundTrack, VideoWriter, check_output, workshop

STAGES = ("models", "face", "speech", "video", "finish")


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` steps of a stage; the steps of "video" are frames.

    Until the end of a long recording was heard, the ``total`` of "speech" and "video" is what its file declares.
    """

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


Event = Union[Progress, FaceTaken, Segment, Result]


class VideoMaker:
    """The networks, loaded once, that make one video after another; a context manager."""

    def __init__(self, store: ModelStore, runtime: str = "auto", precision: Optional[str] = None) -> None:
        """Raises `RuntimeUnavailable`, `ModelMissing`, `ModelCorrupt`."""
        self._store = store
        with contextlib.ExitStack() as parts:
            self.choice = choose(runtime, precision, store)
            self._finder = FaceFinder(store)
            self._motion = MotionModel(store, self.choice.runtime, self.choice.precision)
            parts.callback(self._motion.close)
            painter = load_network(store, "sonic_painter", self.choice.runtime, self.choice.precision, shared=True)
            self._painter = painter
            parts.callback(self._painter.close)
            self._parts = parts.pop_all()

    def __enter__(self) -> VideoMaker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the networks' memory back."""
        self._parts.close()

    def make(
        self,
        photo_path: Path,
        speech_path: Path,
        out_path: Path,
        options: MakeOptions,
        segments: Path,
        longest: Optional[float] = None,
    ) -> Iterator[Event]:
        """Make ``out_path`` (MP4) by way of the folder ``segments``, on the same file system.

        Yields `Progress`, one `FaceTaken`, a `Segment` for each one that was finished, and at the end one `Result`.
        Segments that are in the folder already, of an earlier run for the same inputs and options, are kept: the result
        is the same, byte for byte. They stay there for the caller to remove. ``longest`` s of speech are accepted.
        The run time and precision are the maker's; those of ``options`` do not matter here.

        Memory does not grow with the speech. Raises what its parts raise, all of it `SonicError`: `PhotoError`,
        `SpeechError`, `ModelMissing`, `ModelCorrupt`, `OutputError`, and `UsageError` where the output would overwrite
        an input.
        """
        check_output(out_path, (photo_path, speech_path))
        clock = _Clock()
        with contextlib.ExitStack() as open_parts:
            yield Progress("face", 0, 2)
            with clock.measure("speech"):  # ffmpeg decodes while the face is looked at
                speech = open_parts.enter_context(open_speech(speech_path, segments, self._store, longest))
                track = SoundTrack(speech_path, options.align_offset, segments)
                open_parts.callback(track.close)
            with clock.measure("face"):
                photo = load_photo(photo_path)
                chosen = choose_face(self._finder.find(photo), options.face)
                check_portrait(chosen.portrait, photo)
            yield FaceTaken(chosen.number, chosen.count)
            yield Progress("face", 1, 2)
            with clock.measure("face"):
                crop = crop_for(chosen.portrait, options.expand_ratio, photo)
                side = options.min_resolution // 2 * 2  # the encoder halves the colour planes
                canvas = full_canvas(photo, side) if options.framing == "full" else face_canvas(photo, crop, side)
                look, expression = self._motion.identity(network_image(photo, crop))
                identity = build_identity(canvas, chosen.portrait.mesh, self._store, look, expression)
                renderer = Renderer(identity, self._store, self._painter)
            yield Progress("face", 2, 2)

            yield Progress("speech", 0, 1)
            with clock.measure("encode"):
                writer = open_parts.enter_context(
                    VideoWriter(segments, renderer.size, track, 0.0, options, (speech_path, photo_path))
                )
            first = writer.next_frame
            # A given duration is compared with the whole; what was made already has to be heard again.
            while not speech.complete and (options.duration or not speech.found or len(speech.voice) < first):
                with clock.measure("speech"):
                    speech.hear()
                yield Progress("speech", speech.frames, speech.expected_frames + 1)
            _check_duration(options, speech)
            yield Progress("speech", 1, 1)

            yield Progress("video", min(first, speech.expected_frames), speech.expected_frames)

            def motions() -> Iterator[Motion]:
                for block in clock.each("motion", self._motion.generate(speech, options, first)):
                    writer.grow(speech.duration)
                    for number, motion in enumerate(zip(block.coefficients, block.pose), block.first_frame):
                        if number >= first:
                            yield (number, *motion)

            frames = open_parts.enter_context(contextlib.closing(draw(renderer, motions(), usable_cores())))
            for number, frame in clock.each("render", frames):
                with clock.measure("encode"):
                    finished = writer.write(frame)
                yield from finished
                yield Progress("video", number + 1, speech.expected_frames)
            writer.grow(speech.duration)
            with clock.measure("encode"):
                finished = writer.end()
            yield from finished
            for done, total in writer.join(out_path):
                yield Progress("finish", done, total)

        width, height = renderer.size
        yield Result(
            frames=speech.frames,
            duration=speech.frames / FRAME_RATE,
            width=width,
            height=height,
            face_number=chosen.number,
            face_count=chosen.count,
            runtime=self.choice.runtime,
            precision=self.choice.precision,
            seconds_per_stage=clock.seconds,
        )


def make_video(
    photo_path: Path, speech_path: Path, out_path: Path, options: MakeOptions, store: ModelStore
) -> Iterator[Event]:
    """Make one video in one go: as `VideoMaker.make`, with networks and segments that come and go.

    Raises the same, and what `VideoMaker` raises.
    """
    photo_path, speech_path, out_path = Path(photo_path), Path(speech_path), Path(out_path)
    with workshop(out_path, (photo_path, speech_path)) as segments:
        yield Progress("models", 0, 1)
        began = time.perf_counter()
        with VideoMaker(store, options.runtime, options.precision) as maker:
            loading = time.perf_counter() - began
            yield Progress("models", 1, 1)
            for event in maker.make(photo_path, speech_path, out_path, options, segments):
                if isinstance(event, Result):
                    event.seconds_per_stage["models"] = loading
                yield event


def _check_duration(options: MakeOptions, speech: Speech) -> None:
    if options.duration is not None and abs(options.duration - speech.duration) > 0.5 / FRAME_RATE:
        lasts, asked = f"{speech.duration:.2f} s", f"{options.duration:.2f} s"
        raise DurationMismatch(message=f"The recording lasts {lasts}, not {asked} as `--duration` asks for.")


Item = TypeVar("Item")


class _Clock:
    """Seconds spent per stage, without the time in which the caller has the generator suspended, and without that of
    stages within it: "render" is what is waited for pictures."""

    def __init__(self) -> None:
        self.seconds: Dict[str, float] = {}
        self._within = 0.0

    @contextlib.contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        start, outside, self._within = time.perf_counter(), self._within, 0.0
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent - self._within
            self._within = outside + spent

    def each(self, stage: str, items: Iterable[Item]) -> Iterator[Item]:
        """The items, the time it takes to get each one measured."""
        remaining = iter(items)
        while True:
            with self.measure(stage):
                following = list(itertools.islice(remaining, 1))
            if not following:
                return
            yield following[0]
