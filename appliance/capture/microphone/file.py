"""A recording that plays the part of a microphone: for trials, and for the tests of all that records."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Iterator, List

import numpy as np

from ...errors import MicrophoneLost, MicrophoneMissing, SpeechError
from ...pipeline.speech.decode import AudioDecoder
from .base import Microphone, MicrophoneDevice, MicrophoneStream

BLOCKS_PER_SECOND = 20


class FileMicrophone(Microphone):
    """One device of the file's name, plugged in as long as the file is there."""

    def __init__(self, path: Path, real_time: bool = True) -> None:
        """``real_time``: give the sound as fast as a microphone does; else as fast as it is read."""
        self._path = path
        self._real_time = real_time

    def devices(self) -> List[MicrophoneDevice]:
        return [MicrophoneDevice(self._path.name, default=True)] if self._path.is_file() else []

    def open(self, device: str = "") -> MicrophoneStream:
        """Raises `EncoderMissing` too."""
        if device.lower() not in self._path.name.lower():
            raise MicrophoneMissing("the file has another name")
        try:
            return FileStream(self._path, self._real_time)
        except SpeechError as error:
            raise MicrophoneMissing(f"the file that plays the microphone: {error.code}") from error


class FileStream(MicrophoneStream):
    """The sound of the file from its start, then silence for ever."""

    def __init__(self, path: Path, real_time: bool) -> None:
        self._path, self._real_time = path, real_time
        self._closed = threading.Event()
        self._reading = threading.Lock()
        self._decoder = AudioDecoder(path)
        self.rate = self._decoder.rate
        self._sound = self._blocks()
        self._given = 0
        self._begun = time.monotonic()

    def read(self, timeout: float) -> np.ndarray:
        with self._reading:
            if self._closed.is_set() or not self._path.exists():
                raise MicrophoneLost("it was closed, or the file is gone")
            try:
                block = next(self._sound)
            except SpeechError as error:
                self._closed.set()
                raise MicrophoneLost(f"the file that plays the microphone: {error.code}") from error
            self._given += len(block)
            due = self._begun + self._given / self.rate
            if self._real_time and self._closed.wait(max(0.0, due - time.monotonic())):
                raise MicrophoneLost("it was closed")
            return block

    def close(self) -> None:
        self._closed.set()
        with self._reading:
            self._decoder.close()

    def _blocks(self) -> Iterator[np.ndarray]:
        """int16 (n,), for ever."""
        size = self.rate // BLOCKS_PER_SECOND
        rest = np.zeros(0, dtype=np.int16)
        for decoded in self._decoder:
            mono = np.clip(decoded.mean(axis=1) * 32768, -32768, 32767).round().astype(np.int16)
            sound = np.concatenate((rest, mono))
            for start in range(0, len(sound) - size + 1, size):
                yield sound[start : start + size]
            rest = sound[len(sound) // size * size :]
        yield np.concatenate((rest, np.zeros(size - len(rest), dtype=np.int16)))
        while True:
            yield np.zeros(size, dtype=np.int16)
