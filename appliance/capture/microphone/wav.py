"""A WAV file that can be played at any moment of its making."""

from __future__ import annotations

import contextlib
import os
import struct
from pathlib import Path

import numpy as np

from ...errors import DiskFull, OutputError, SonicError
from ...files import NO_SPACE, sync

KEEP_SECONDS = 0.8
"""Of sound, after which it is made to last; with what is just being written less than a second is at risk."""
HEADER_BYTES = 44
MOST_BYTES = 2**32 - 1 - HEADER_BYTES
"""Of sound: the header counts in 32 bits."""


class WavFile:
    """16-bit mono. The header says what is certainly on the disk: a power cut loses what came after the last `keep`."""

    def __init__(self, path: Path, rate: int, longest: float) -> None:
        """A new file that only this user may read, in place of any other. Of more than ``longest`` seconds nothing is
        taken.

        Raises `DiskFull`, `OutputError`, as all that writes does.
        """
        self.path = path
        self._rate = rate
        self._samples, self._room = 0, min(int(longest * rate), MOST_BYTES // 2)
        self._kept = self._samples
        self.remove()
        try:
            self._file = os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _refusal(error) from error

    @property
    def seconds(self) -> float:
        return self._samples / self._rate

    @property
    def full(self) -> bool:
        return self._samples >= self._room

    def begin(self) -> None:
        """Write the header, and have the file's name last."""
        try:
            self._write_header()
            os.fsync(self._file)
            sync(self.path.absolute().parent)
        except OSError as error:
            raise _refusal(error) from error

    def write(self, samples: np.ndarray) -> None:
        """The next int16 (n,) samples, as far as there is room."""
        samples = samples[: self._room - self._samples]
        data = memoryview(samples.astype("<i2").tobytes())
        at = HEADER_BYTES + 2 * self._samples
        try:
            while data:
                written = os.pwrite(self._file, data, at)
                data, at = data[written:], at + written
        except OSError as error:
            raise _refusal(error) from error
        self._samples += len(samples)
        if self._samples - self._kept >= KEEP_SECONDS * self._rate:
            self.keep()

    def keep(self) -> None:
        """Have all of it on the disk: first the sound, then the header that counts it."""
        try:
            os.fdatasync(self._file)
            self._write_header()
            os.fdatasync(self._file)
        except OSError as error:
            raise _refusal(error) from error
        self._kept = self._samples

    def close(self) -> None:
        """May be called twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        """From the folder; `close` gives its space back."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _write_header(self) -> None:
        size = 2 * self._samples
        riff = struct.pack("<4sI4s", b"RIFF", size + HEADER_BYTES - 8, b"WAVE")
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, self._rate, 2 * self._rate, 2, 16)
        os.pwrite(self._file, riff + form + struct.pack("<4sI", b"data", size), 0)


def _refusal(error: OSError) -> SonicError:
    if error.errno in NO_SPACE:
        return DiskFull(f"recording: {error.strerror}", message="There is not enough space for the recording.")
    return OutputError(f"recording: {error.strerror}", message="The recording could not be written.")
