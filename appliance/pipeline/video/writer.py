"""Frames and sound → a labelled MP4, segment by segment, so that a run that was cut off can be taken up again.

The same frames, recording and options give the same bytes, in however many runs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ...errors import EncoderFailed
from ...files import publish, sha256_of
from ...settings import FRAME_RATE, MakeOptions
from ..ffmpeg import Ffmpeg, find_encoder, local_file
from .encoder import PlanarFrame, SegmentEncoder
from .files import refusal, workshop
from .label import LabelPainter, aigc_metadata
from .outcome import check_written, failure
from .segments import Segment, SegmentFolder, first_frame, segment
from .sound import SegmentSound, SoundTrack

# No titles, names or dates of the recording may reach the video.
CONTAINER = (
    "-map_metadata -1 -map_chapters -1 -c copy -fflags +bitexact -movflags use_metadata_tags+faststart -f mp4 -y"
).split()

WAIT_S = 0.2
SLOWEST_BYTES_PER_S = 1e6
"""A disk that takes longer than this to put the file in order is taken for dead."""
PATIENCE_S = 60.0


class VideoWriter:
    """Writes one video by way of a folder of segments; a context manager. Finished segments stay in the folder."""

    def __init__(
        self,
        folder: Path,
        size: Tuple[int, int],
        track: SoundTrack,
        duration: float,
        options: MakeOptions,
        inputs: Sequence[Path],
    ) -> None:
        """Go on after the segments that `folder` holds already.

        ``size``: (width, height), both even. ``duration`` s: of the speech, as far as that is known; the video gets as
        many frames, rounded. It may `grow` until a segment that was thought to be the last is begun. ``track``: its
        sound, closed with the writer. ``inputs``: the files that tell this video from others in its `ProduceID`.
        """
        self._folder, self._size, self._duration = SegmentFolder(folder), size, duration
        self._inputs, self._options = inputs, options
        self._folder.clear_unfinished()
        self._index = self._folder.finished()
        self.next_frame = first_frame(self._index)
        """The frame that `write` takes next; beyond the end of the video if all of them are there."""
        self._painter = LabelPainter(size, options.label)
        self._planar = PlanarFrame(size)
        self._track = track
        self._sound: Optional[Tuple[Segment, SegmentSound]] = None
        self._open: List[SegmentEncoder] = []
        """At most two: one that is written to, after one that ffmpeg has not come to the end of."""

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, *_: object) -> None:
        for encoder in self._open:
            encoder.close()
        if self._sound is not None:
            self._sound[1].close()
        self._track.close()

    @property
    def _frames(self) -> int:
        return int(round(self._duration * FRAME_RATE))

    def grow(self, duration: float) -> None:
        """The speech is known to last so many seconds, or more."""
        self._duration = max(self._duration, duration)

    def write(self, frame: np.ndarray) -> List[Segment]:
        """The next frame, uint8 (h, w, 3) RGB; it gets its AI mark here. Returns segments that have become finished.

        Raises `EncoderFailed`, `DiskFull`, `OutputError`.
        """
        width, height = self._size
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise EncoderFailed(f"frame {frame.dtype}{frame.shape}, wants uint8{(height, width, 3)}")
        finished = []
        if not self._open or self._open[-1].full:
            if len(self._open) > 1:
                finished.append(self._keep())
            self._begin_segment()
        self._open[-1].write(self._planar.convert(self._painter.apply(frame, self.next_frame)))
        self.next_frame += 1
        while self._open and self._open[0].full and self._open[0].ended():
            finished.append(self._keep())
        return finished

    def end(self) -> List[Segment]:
        """After the last frame: wait for the segments that are not finished yet. Raises as `write` does."""
        if (self._open and not self._open[-1].full) or self.next_frame < self._frames:
            raise EncoderFailed(f"{self.next_frame} frames written, {self._frames} announced")
        return [self._keep() for _ in list(self._open)]

    def join(self, path: Path) -> Iterator[Tuple[int, int]]:
        """Make the file out of the segments and let it appear under its name; yields (done, total) as signs of life.

        Raises `EncoderFailed`, `DiskFull`, `OutputError`.
        """
        files = self._folder.files()
        aigc = aigc_metadata(self._options.producer, _produce_id(self._inputs, self._options))
        temporary = self._folder.path / ".joined.mp4"
        # Told the rate, ffmpeg 4.2 does not lose the last frame of a single short segment.
        arguments = ["-f", "mp4", "-r", str(FRAME_RATE), "-i", "pipe:0", "-map", "0:v", "-map", "0:a", *CONTAINER]
        arguments += ["-metadata", f"AIGC={aigc}", local_file(temporary)]
        with Ffmpeg(arguments, feed=True, program=find_encoder()) as ffmpeg:
            try:
                size = 0
                for done, file in enumerate(files):
                    yield done, len(files)
                    content = file.read_bytes()
                    size += len(content)
                    ffmpeg.stdin.write(content)
                ffmpeg.close_stdin()
            except BrokenPipeError:
                raise failure(ffmpeg) from None
            except OSError as error:
                raise refusal(error) from error
            deadline = time.monotonic() + PATIENCE_S + size / SLOWEST_BYTES_PER_S
            while not ffmpeg.ended():
                yield len(files), len(files)
                if time.monotonic() > deadline:
                    raise EncoderFailed("joining the segments did not come to an end")
                time.sleep(WAIT_S / 10 if size < SLOWEST_BYTES_PER_S else WAIT_S)
            check_written(ffmpeg)
        try:
            publish(temporary, path)
        except OSError as error:
            raise refusal(error) from error

    def _begin_segment(self) -> None:
        """Start the next segment's ffmpeg, and the sound of the one after it."""
        begun = segment(self._index, self._frames)
        if begun.frames <= 0 or begun.first_frame != self.next_frame:
            raise EncoderFailed(f"frame {self.next_frame} of {self._frames}")
        sound = self._sound_of(begun)
        try:
            self._open.append(SegmentEncoder(begun, self._size, sound, self._folder.path))
        except OSError as error:
            raise refusal(error) from error
        self._index += 1
        following = segment(self._index, self._frames)
        if following.frames > 0:
            self._sound = (following, self._encode_sound(following))

    def _sound_of(self, begun: Segment) -> SegmentSound:
        prepared, self._sound = self._sound, None
        if prepared is None:
            return self._encode_sound(begun)
        if prepared[0] != begun:
            prepared[1].close()
            raise EncoderFailed(f"the video grew by a segment of which {prepared[0].frames} frames were announced")
        return prepared[1]

    def _encode_sound(self, of: Segment) -> SegmentSound:
        try:
            end = of.first_frame + of.frames
            return self._track.encode(of.first_frame, self._duration if end == self._frames else end / FRAME_RATE)
        except OSError as error:
            raise refusal(error) from error

    def _keep(self) -> Segment:
        encoder = self._open[0]
        head, media = encoder.result()
        self._folder.keep(encoder.segment.index, head, media)
        encoder.close()
        del self._open[0]
        return encoder.segment


def write_video(
    path: Path,
    frames: Iterable[np.ndarray],
    size: Tuple[int, int],
    speech_path: Path,
    duration: float,
    options: MakeOptions,
    sources: Sequence[Path] = (),
) -> None:
    """A whole video of ``duration`` s in one go: `path` is complete, or is what it was before.

    Raises what `check_output` and `VideoWriter` raise, `EncoderFailed` for a frame too few or too many.
    """
    with workshop(path, (speech_path, *sources)) as folder:
        track = SoundTrack(speech_path, options.align_offset, folder)
        with VideoWriter(folder, size, track, duration, options, (speech_path, *sources)) as writer:
            for frame in frames:
                writer.write(frame)
            writer.end()
            for _ in writer.join(path):
                pass


def _produce_id(inputs: Sequence[Path], options: MakeOptions) -> str:
    """32 hex digits that belong to these inputs and options alone."""
    digest = hashlib.sha256(json.dumps(dataclasses.asdict(options), sort_keys=True).encode())
    for path in inputs:
        digest.update(bytes.fromhex(sha256_of(path)))
    return digest.hexdigest()[:32]
