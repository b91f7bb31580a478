"""A video from one moment on: frames and sound, decoded a little ahead by two ffmpegs."""

from __future__ import annotations

import fcntl
import threading
from collections import deque
from typing import Callable, Deque, Iterator, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...pipeline.ffmpeg import Ffmpeg
from ...settings import FRAME_RATE
from .movie import Movie
from .source import Opened, Source
from .speaker import CHANNELS, RATE

FRAMES_AHEAD = 8
SOUND_BLOCK = RATE // 20
"""Sample frames."""
SOUND_AHEAD = 10
"""Blocks."""

PIPE_BYTES = 1 << 20
F_SETPIPE_SZ = 1031
PIXEL_BYTES = 4
SAMPLE_BYTES = 2 * CHANNELS
RAW_PICTURES = f"-r {FRAME_RATE} -pix_fmt bgra -f rawvideo -".split()
RAW_SOUND = f"-ar {RATE} -f s16le -".split()

# One thread: a second would hold back the last frame of what has been made so far.
DECODER = ["-copyts", "-threads", "1"]


class Frame(NamedTuple):
    """``number``: counted from the start of the video, at `FRAME_RATE`. ``pixels``: uint8 (h, w, 4), blue first."""

    number: int
    pixels: np.ndarray


class Decoding:
    """What comes after a moment of a video, for one thread to take. Only `close` blocks, and not for long."""

    def __init__(
        self, source: Source, movie: Movie, first: int, size: Tuple[int, int], stirred: Callable[[], None]
    ) -> None:
        """From frame ``first`` on, pictures of ``size`` px (width, height). ``stirred``: something new can be taken.

        Raises `VideoUnplayable`, `EncoderMissing`.
        """
        self._next, self._size = first, size
        width, height = size
        self._pictures = Track(
            source.open(first / FRAME_RATE),
            ["-map", "0:v:0", "-vf", _picture_filters(first, size), *RAW_PICTURES],
            block=width * height * PIXEL_BYTES,
            unit=width * height * PIXEL_BYTES,
            ahead=FRAMES_AHEAD,
            stirred=stirred,
        )
        self._sound: Optional[Track] = None
        if movie.sound:
            self._sound = Track(
                source.open(first / FRAME_RATE),
                ["-map", "0:a:0", "-af", _sound_filters(first / FRAME_RATE), *RAW_SOUND],
                block=SOUND_BLOCK * SAMPLE_BYTES,
                unit=SAMPLE_BYTES,
                ahead=SOUND_AHEAD,
                stirred=stirred,
            )

    def frames_ready(self) -> int:
        return self._pictures.ready()

    def frames_coming(self) -> bool:
        """More than those that are ready."""
        return self._pictures.coming()

    def next_number(self) -> int:
        """Of the frame that `frame` gives next."""
        return self._next

    def frame(self) -> Optional[Frame]:
        """The next one; None where it is not there yet."""
        raw = self._pictures.take()
        if raw is None:
            return None
        width, height = self._size
        self._next += 1
        return Frame(self._next - 1, np.frombuffer(raw, dtype=np.uint8).reshape(height, width, PIXEL_BYTES))

    def sound_ready(self) -> bool:
        return self._sound is not None and self._sound.ready() > 0

    def sound_coming(self) -> bool:
        """More than what is ready."""
        return self._sound is not None and self._sound.coming()

    def sound(self) -> Optional[np.ndarray]:
        """int16 (n, `CHANNELS`) at `RATE`; None where there is none yet."""
        raw = self._sound.take() if self._sound is not None else None
        return None if raw is None else np.frombuffer(raw, dtype="<i2").reshape(-1, CHANNELS)

    def complaint(self) -> str:
        """What ffmpeg had to say, where it ended in failure."""
        return self._pictures.complaint or (self._sound.complaint if self._sound is not None else "")

    def close(self) -> None:
        """No process and no thread is left."""
        self._pictures.close()
        if self._sound is not None:
            self._sound.close()


def _picture_filters(first: int, size: Tuple[int, int]) -> str:
    width, height = size
    # Half a frame early: whatever the rounding, this frame and no other is the first.
    begun = f"trim=start={(first - 0.5) / FRAME_RATE:.3f},setpts=PTS-{first / FRAME_RATE:.3f}/TB," if first else ""
    return f"{begun}scale={width}:{height}"


def _sound_filters(moment: float) -> str:
    begun = f"atrim=start={moment:.3f},asetpts=PTS-{moment:.3f}/TB," if moment else ""
    return f"{begun}aresample={RATE}:async=1:first_pts=0,aformat=sample_fmts=s16:channel_layouts=stereo"


class Track:
    """One ffmpeg whose output is read, in blocks, by a thread; another feeds it where it does not read a file."""

    def __init__(
        self,
        opened: Opened,
        arguments: Sequence[str],
        block: int,
        unit: int,
        ahead: int,
        stirred: Callable[[], None],
    ) -> None:
        """``block`` bytes; the last one may be shorter, but whole ``unit`` s. At most ``ahead`` of them wait."""
        self.complaint = ""
        self._block, self._unit, self._ahead, self._stirred = block, unit, ahead, stirred
        self._room = threading.Condition()
        self._blocks: Deque[bytes] = deque()
        self._ended = self._closed = False
        self._ffmpeg = Ffmpeg([*DECODER, *opened.arguments, *arguments], feed=opened.bytes is not None, collect=True)
        _widen(self._ffmpeg.stdout.fileno())
        self._threads = [threading.Thread(target=self._read, name="decoder", daemon=True)]
        if opened.bytes is not None:
            self._threads.append(
                threading.Thread(target=self._feed, args=(opened.bytes,), name="decoder feed", daemon=True)
            )
        for thread in self._threads:
            thread.start()

    def ready(self) -> int:
        with self._room:
            return len(self._blocks)

    def coming(self) -> bool:
        """More than what is ready."""
        with self._room:
            return not self._ended

    def take(self) -> Optional[bytes]:
        with self._room:
            if not self._blocks:
                return None
            self._room.notify_all()
            return self._blocks.popleft()

    def close(self) -> None:
        with self._room:
            self._closed = True
            self._room.notify_all()
        self._ffmpeg.kill()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        try:
            while self._put(self._ffmpeg.stdout.read(self._block)):
                pass
            if not self._closed and self._ffmpeg.wait() != 0:
                self.complaint = "\n".join(self._ffmpeg.complaints()[:20]) or "ffmpeg failed"
        except (OSError, ValueError):
            pass  # closed meanwhile
        with self._room:
            self._ended = True
        self._stirred()

    def _put(self, block: bytes) -> bool:
        """Whether there may be more."""
        with self._room:
            while len(self._blocks) >= self._ahead and not self._closed:
                self._room.wait()
            whole = block[: len(block) // self._unit * self._unit]
            if self._closed or not whole:
                return False
            self._blocks.append(whole)
        self._stirred()
        return True

    def _feed(self, pieces: Iterator[bytes]) -> None:
        try:
            for piece in pieces:
                if self._closed:
                    return
                self._ffmpeg.stdin.write(piece)
                self._ffmpeg.stdin.flush()
            self._ffmpeg.close_stdin()
        except (OSError, ValueError):
            pass  # it has ended, or was closed


def _widen(pipe: int) -> None:
    """So that a frame need not come in steps of 64 kB."""
    try:
        fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES)
    except OSError:
        pass  # A limit of this machine; slower, not wrong.
