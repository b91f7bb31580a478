"""Listens to a microphone as long as it is wanted, tells how loud it is, and makes recordings of what it hears."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Callable, Optional

import numpy as np

from ...errors import SonicError
from .base import Microphone, MicrophoneStream
from .events import Event, Failed, Heard, Recorded, Recovered
from .levels import Judge, level
from .silence import Detector, SilenceWatch
from .wav import WavFile

SILENCE_SECONDS = 2.0
"""Somebody has spoken, and nobody has for so long: the recording is over."""
WORTH_SECONDS = 1.0
"""What a lost microphone must have given for the recording to be kept."""
READ_SECONDS = 5.0
"""A microphone that gives nothing for so long is lost; sound servers may take 2 s to begin."""
RETRY_SECONDS = 1.0
CLOSE_SECONDS = 2.0


class _Take:
    """One recording, from the wish for it to its end. ``wav``: None until there is sound for it."""

    def __init__(self, path: Path, limit_seconds: float, auto_stop: bool) -> None:
        self.path, self.limit_seconds, self.auto_stop = path, limit_seconds, auto_stop
        self.finishing = False
        self.wav: Optional[WavFile] = None

    @property
    def seconds(self) -> float:
        return self.wav.seconds if self.wav is not None else 0.0

    def remove(self) -> None:
        if self.wav is not None:
            self.wav.remove()


class Recorder:
    """One microphone, read by a thread of its own.

    The methods may be called from any thread, also from ``on_event``, and return at once, except `close`.
    """

    def __init__(
        self, microphone: Microphone, device: str, activity: Optional[Detector], on_event: Callable[[Event], None]
    ) -> None:
        """``device``: as `Microphone.open` takes it. ``activity``: makes a detector of voices, such as
        `appliance.capture.microphone.silence.silero`; without it recordings do not end at silence. ``on_event`` is
        called in the recorder's thread."""
        self._microphone, self._device, self._on_event = microphone, device, on_event
        self._silence = SilenceWatch(activity)
        self._judge = Judge()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._stream: Optional[MicrophoneStream] = None
        self._take: Optional[_Take] = None
        self._open_take: Optional[_Take] = None
        """Whose file is open; the thread's alone."""
        self._failing = False
        """That the microphone fails was told."""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Open the microphone and tell what it hears: `Heard`, or `Failed` and, once it works, `Recovered`."""
        self._thread.start()

    def record(self, path: Path, limit_seconds: float, auto_stop: bool = True) -> None:
        """From now on, into a new file; `Recorded` or `Failed` tells its end. One that goes on already is discarded.

        ``auto_stop``: end when nobody has spoken for `SILENCE_SECONDS`; else only `finish` and the limit end it.
        """
        self.discard()
        with self._lock:
            self._take = _Take(path, limit_seconds, auto_stop)

    def finish(self) -> None:
        """End the recording; `Recorded` follows within a moment. Harmless where none goes on."""
        with self._lock:
            if self._take is not None:
                self._take.finishing = True

    def discard(self) -> None:
        """End the recording and remove its file; an event of it is told only if it was on its way already. Harmless
        where none goes on."""
        with self._lock:
            take, self._take = self._take, None
            if take is not None:
                take.remove()

    def close(self) -> None:
        """Give the microphone back and tell nothing more; a recording that goes on is discarded. May be called twice.

        Waits a moment for the thread. One that is just opening a microphone ends by itself when that has an answer.
        """
        self._closed.set()
        self.discard()
        with self._lock:
            stream = self._stream
        if stream is not None:
            stream.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)

    # --- in the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                with self._microphone.open(self._device) as stream:
                    self._listen(stream)
            except SonicError as error:
                self._fail(error)
            self._close_file()
            self._closed.wait(RETRY_SECONDS)

    def _listen(self, stream: MicrophoneStream) -> None:
        """Until the microphone is lost, or the recorder closed. Raises `MicrophoneLost`."""
        with self._lock:
            self._stream = stream
        self._silence.listen_to(stream.rate)
        while not self._closed.is_set():
            samples = stream.read(READ_SECONDS)
            if self._failing:
                self._failing = False
                self._tell(Recovered())
            self._hear(samples, stream.rate)

    def _hear(self, samples: np.ndarray, rate: int) -> None:
        take = self._current(rate)
        self._silence.add(samples)
        peak, loudness = level(samples)
        warning = self._judge.judge(samples, loudness, len(samples) / rate, self._silence.speaking)
        if take is not None:
            take = self._write(take, samples)
        if take is None:
            self._tell(Heard(peak, loudness, warning, 0.0, 0.0))
            return
        self._tell(Heard(peak, loudness, warning, take.seconds, self._silence.silence))
        reason = self._reason(take)
        if reason:
            self._complete(take, reason)

    def _current(self, rate: int) -> Optional[_Take]:
        """The recording that goes on, with its file open."""
        with self._lock:
            take = self._take
        if take is not self._open_take:
            self._close_file()
        if take is None or take is self._open_take:
            return take
        try:
            with self._lock:
                if take is not self._take:
                    return None
                take.wav = WavFile(take.path, rate, take.limit_seconds)
            self._open_take = take
            take.wav.begin()
        except SonicError as error:
            self._give_up(take, error)
            return None
        self._silence.begin()
        return take

    def _write(self, take: _Take, samples: np.ndarray) -> Optional[_Take]:
        assert take.wav is not None
        try:
            take.wav.write(samples)
        except SonicError as error:
            self._give_up(take, error)
            return None
        return take

    def _reason(self, take: _Take) -> str:
        """Why the recording ends now; empty where it does not."""
        assert take.wav is not None
        if take.finishing:
            return "finished"
        if take.wav.full:
            return "limit"
        return "silence" if take.auto_stop and self._silence.silence >= SILENCE_SECONDS else ""

    def _complete(self, take: _Take, reason: str) -> None:
        assert take.wav is not None
        try:
            take.wav.keep()
        except SonicError as error:
            self._give_up(take, error)
            return
        if self._claim(take):
            self._tell(Recorded(take.path, take.seconds, reason))

    def _fail(self, error: SonicError) -> None:
        """The microphone does not open, or is lost."""
        with self._lock:
            take = self._take
        if take is not None and take.seconds >= WORTH_SECONDS:
            self._complete(take, "lost")
            take = None
        if take is not None:
            self._give_up(take, error)
        elif not self._failing:
            self._tell(Failed(error))
        self._failing = True

    def _give_up(self, take: _Take, error: SonicError) -> None:
        """There will be no such recording."""
        if self._claim(take):
            take.remove()
            self._tell(Failed(error, take.path))

    def _claim(self, take: _Take) -> bool:
        """End the recording, unless somebody else has."""
        with self._lock:
            if self._take is not take:
                return False
            self._take = None
        return True

    def _close_file(self) -> None:
        if self._open_take is not None and self._open_take.wav is not None:
            self._open_take.wav.close()
        self._open_take = None

    def _tell(self, event: Event) -> None:
        if not self._closed.is_set():
            self._on_event(event)
