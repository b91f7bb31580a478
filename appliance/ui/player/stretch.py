"""A part of a video played without a jump, on the clock of its sound."""

from __future__ import annotations

from typing import Callable, Optional, Tuple, Type

from ...settings import FRAME_RATE
from .decoding import Decoding, Frame
from .movie import Movie
from .silent_speaker import silence
from .source import Source
from .speaker import RATE, SpeakerStream

AHEAD_SECONDS = 0.4
"""How much sound is written before it is heard."""
SOUND_READY_SECONDS, FRAMES_READY = 0.2, 5
"""Enough to begin."""
SILENCE_SECONDS = 0.1
LATE_SECONDS = 0.4
"""So long the sound goes on when no picture comes; then it waits too."""
LONGEST_LOOK_SECONDS, SHORTEST_LOOK_SECONDS = 0.02, 0.001
STANDING_LOOK_SECONDS = 0.05


class Stretch:
    """From one frame on. A context manager; the sound stands still, and is empty, before and after."""

    def __init__(
        self,
        source: Source,
        movie: Movie,
        sound: SpeakerStream,
        first: int,
        size: Tuple[int, int],
        show: Callable[[Frame], None],
        stirred: Callable[[], None],
    ) -> None:
        """``show``: told each frame when it is to be seen, late ones left out; the first at once. ``stirred``: called
        in some thread when `go_on` is worth a call."""
        self.running = False
        self.frames = 0
        """Frames decoded so far."""
        self._sound, self._first, self._show, self._stirred = sound, first, show, stirred
        self._written = self._real = 0.0
        """Seconds given to the loudspeaker; without the silence."""
        sound.pause()
        sound.flush()
        self._decoding = Decoding(source, movie, first, size, self._decoded)

    def __enter__(self) -> Stretch:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        self._decoding.close()
        self._sound.pause()
        self._sound.flush()

    def position(self) -> float:
        """Seconds of the video that have been seen and heard."""
        return self._first / FRAME_RATE + self._sound.position()

    def go_on(self, paused: bool) -> float:
        """Do what is to be done now; how many seconds later to call again at the latest."""
        self._fill()
        if self.running and (paused or self._starved()):
            self._sound.pause()
            self.running = False
        elif not self.running and not paused and self._prepared():
            self._sound.resume()
            self.running = True
        self._show_newest()
        if not self.running:
            return STANDING_LOOK_SECONDS
        due = self._decoding.next_number() / FRAME_RATE - self.position()
        return min(max(due, SHORTEST_LOOK_SECONDS), LONGEST_LOOK_SECONDS)

    def finished(self) -> bool:
        """Everything was seen and heard."""
        if self._decoding.frames_coming() or self._decoding.frames_ready() or self._sound_left():
            return False
        last = self._decoding.next_number() / FRAME_RATE
        return not self.frames or (self.position() >= last - 1 / RATE and self._waiting_sound(self._real) <= 0)

    def complaint(self) -> str:
        """What went wrong with the decoding, for the log."""
        return self._decoding.complaint()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _decoded(self) -> None:
        if not self.running:
            self._stirred()

    def _fill(self) -> None:
        """Write sound ahead; where there is none, silence, for the clock to go on."""
        while self._waiting_sound(self._written) < AHEAD_SECONDS:
            samples = self._decoding.sound()
            if samples is not None:
                self._real = self._written + len(samples) / RATE
            elif self._sound_left() or self._waiting_sound(self._written) > SILENCE_SECONDS:
                return
            else:
                samples = silence(SILENCE_SECONDS)
            self._sound.write(samples)
            self._written += len(samples) / RATE

    def _show_newest(self) -> None:
        due = self._first if not self.frames else int(self.position() * FRAME_RATE + 1e-6)
        newest: Optional[Frame] = None
        while self._decoding.next_number() <= due:
            frame = self._decoding.frame()
            if frame is None:
                break
            newest = frame
            self.frames += 1
        if newest is not None:
            self._show(newest)

    def _prepared(self) -> bool:
        frames = self._decoding.frames_ready() >= FRAMES_READY or not self._decoding.frames_coming()
        return frames and (self._waiting_sound(self._written) >= SOUND_READY_SECONDS or not self._sound_left())

    def _starved(self) -> bool:
        late = self.position() - self._decoding.next_number() / FRAME_RATE
        no_picture = self._decoding.frames_coming() and not self._decoding.frames_ready() and late > LATE_SECONDS
        return no_picture or (self._sound_left() and self._waiting_sound(self._written) <= 0)

    def _sound_left(self) -> bool:
        """Some is still to be written."""
        return self._decoding.sound_coming() or self._decoding.sound_ready()

    def _waiting_sound(self, written: float) -> float:
        """Seconds of it that have not been heard yet."""
        return written - self._sound.position() - 0.5 / RATE
