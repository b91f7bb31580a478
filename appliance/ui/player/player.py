"""A video played: sound by the loudspeaker, pictures when its clock says so."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import Callable, Iterator, Optional, Tuple

from ...errors import OutputError, SonicError, SpeakerError, VideoUnplayable
from ...settings import FRAME_RATE
from .decoding import Frame
from .movie import Movie
from .source import Source
from .speaker import Speaker, SpeakerStream
from .steady import SteadyStream
from .stretch import Stretch

WAITING_SECONDS = 0.4
"""A shorter wait is not worth a word."""
MISSING_SECONDS = 1.0
"""That may be missing at the end of a file."""
POSITION_SECONDS = 0.1
LOOK_SECONDS = 0.05
"""How often to look for what nobody tells."""
STOP_SECONDS = 1.0

log = logging.getLogger(__name__)


class Audience:
    """Who watches. Told in the player's thread; never after `Player.stop`, unless that gave up waiting."""

    def show(self, frame: Frame) -> None:
        """The frame to be seen from now on."""

    def at(self, position: float, available: float, duration: float) -> None:
        """Some times a second: seconds shown, seconds that can be shown, seconds in all (0 while nobody knows)."""

    def waiting(self, whether: bool) -> None:
        """Playback waits for what is not there yet, or goes on."""

    def ended(self) -> None:
        """Once each time the end is reached; `Player.seek` leads back."""

    def failed(self, error: SonicError) -> None:
        """Once, and the last word."""

    def speaker_failed(self, error: SpeakerError) -> None:
        """Once: it goes on without sound."""


class Player:
    """Plays one video, in threads of its own; all methods may be called from any thread, and return at once."""

    def __init__(
        self,
        source: Callable[[], Source],
        speaker: Speaker,
        audience: Audience,
        size: Tuple[int, int],
        start: float = 0.0,
    ) -> None:
        """``source``: opened in the player's thread, and closed there. ``size``: (width, height) px into which the
        pictures shall fit. ``start``: s; waited for where it is not there yet."""
        self._source, self._speaker, self._audience = source, speaker, audience
        self._stirred = threading.Condition()
        self._news = False
        """Since the thread looked last."""
        self._size = size
        self._target: Optional[float] = start
        self._patient = True
        """The target is waited for."""
        self._paused = self._stopped = False
        self._waiting_since: Optional[float] = None
        self._waiting = False
        self._told_at = 0.0
        self._told_end = False
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()

    def pause(self) -> None:
        with self._order():
            self._paused = True

    def resume(self) -> None:
        with self._order():
            self._paused = False

    def seek(self, seconds: float) -> None:
        """To that moment, or the last one that is ready. Of several in a row the last one counts."""
        with self._order():
            self._target, self._patient, self._told_end = max(seconds, 0.0), False, False

    def resize(self, size: Tuple[int, int]) -> None:
        """Into this many px shall the pictures fit from now on."""
        with self._order():
            self._size = size

    def stop(self, wait: bool = True) -> None:
        """The end; within 1 s no thread and no process is left. ``wait`` for that."""
        with self._order():
            self._stopped = True
        if wait and threading.current_thread() is not self._thread:
            self._thread.join(STOP_SECONDS)

    # --- the thread ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _order(self) -> Iterator[None]:
        with self._stirred:
            yield
            self._news = True
            self._stirred.notify_all()

    def _stir(self) -> None:
        with self._order():
            pass

    def _run(self) -> None:
        try:
            with self._source() as source, SteadyStream(self._speaker, self._speaker_failed) as sound:
                sound.pause()
                self._play(source, sound)
        except SonicError as error:
            self._fail(error)
        except OSError as error:  # no memory, no process, no temporary file
            self._fail(OutputError(str(error.strerror), message="The video cannot be played now."))

    def _fail(self, error: SonicError) -> None:
        log.warning("a video cannot be played: %s %s", error.code, error.detail)
        if not self._stopped:
            self._audience.failed(error)

    def _speaker_failed(self, error: SpeakerError) -> None:
        log.warning("no sound: %s", error.detail)
        if not self._stopped:
            self._audience.speaker_failed(error)

    def _play(self, source: Source, sound: SpeakerStream) -> None:
        movie = self._known(source)
        first = self._wanted(source)
        while movie is not None and first is not None:
            first = self._play_from(source, movie, sound, first)

    def _known(self, source: Source) -> Optional[Movie]:
        """What is played; None after `stop`."""
        while not self._stopped:
            movie = source.movie()
            if movie is not None:
                return movie
            self._wait(True, LOOK_SECONDS)
        return None

    def _wanted(self, source: Source, now: float = 0.0) -> Optional[int]:
        """The frame to go to, else the one of this moment; None after `stop`."""
        while not self._stopped:
            with self._stirred:
                target = now if self._target is None else self._target
                available = source.available()
                if target < available or not self._patient or source.complete():
                    self._target, self._patient = None, False
                    # Of a video that grows the decoder holds back one frame more.
                    last = _frame_at(available) - (2 if _grows(source) else 1)
                    return max(0, min(_frame_at(target), last))
            self._wait(True, LOOK_SECONDS)
        return None

    def _play_from(self, source: Source, movie: Movie, sound: SpeakerStream, first: int) -> Optional[int]:
        """Play on from a frame; from which one to go on after that, None after `stop`."""
        with self._stirred:
            box = self._size
        over = False
        with Stretch(source, movie, sound, first, fitted(movie.size, box), self._audience.show, self._stir) as stretch:
            while True:
                with self._stirred:
                    if self._stopped:
                        return None
                    paused = self._paused or over
                    if self._target is not None or self._size != box:
                        break
                delay = stretch.go_on(paused)
                self._tell_position(source, movie, stretch.position())
                if stretch.finished() and not over:
                    if self._goes_on(source, stretch):
                        break
                    over = True
                    self._tell_end(source, movie, stretch.position())
                self._wait(not (stretch.running or paused or over), delay)
            return self._wanted(source, stretch.position())

    def _tell_end(self, source: Source, movie: Movie, position: float) -> None:
        """Only once, also where the picture is decoded anew in another size."""
        with self._stirred:
            told, self._told_end = self._told_end, True
        if not told and not self._stopped:
            self._audience.at(position, source.available(), movie.duration)
            self._audience.ended()

    def _goes_on(self, source: Source, stretch: Stretch) -> bool:
        """Whether there is more than what the decoder gave. Raises the `SonicError` if more was promised."""
        complete = source.complete()
        missing = source.available() - stretch.position()
        if complete and missing < MISSING_SECONDS and stretch.frames:
            return False
        if not stretch.frames:
            raise VideoUnplayable(stretch.complaint() or f"{missing:.1f} s are missing")
        return True

    def _tell_position(self, source: Source, movie: Movie, position: float) -> None:
        now = time.monotonic()
        if now - self._told_at >= POSITION_SECONDS:
            self._told_at = now
            self._audience.at(position, source.available(), movie.duration)

    def _wait(self, for_data: bool, seconds: float) -> None:
        """Until there is news, or so long. ``for_data``: playback stands still until some come."""
        now = time.monotonic()
        if not for_data:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now
        waiting = self._waiting_since is not None and now - self._waiting_since >= WAITING_SECONDS
        if waiting != self._waiting:
            self._waiting = waiting
            self._audience.waiting(waiting)
        with self._stirred:
            if not self._news:
                self._stirred.wait(seconds)
            self._news = False


def fitted(size: Tuple[int, int], box: Tuple[int, int]) -> Tuple[int, int]:
    """The largest (width, height) of the same shape that fits, at least 2 px."""
    scale = min(box[0] / size[0], box[1] / size[1])
    return max(2, round(size[0] * scale)), max(2, round(size[1] * scale))


def _frame_at(seconds: float) -> int:
    return int(seconds * FRAME_RATE + 1e-6)


def _grows(source: Source) -> bool:
    try:
        return not source.complete()
    except SonicError:
        return False  # what went wrong is told where it stops
