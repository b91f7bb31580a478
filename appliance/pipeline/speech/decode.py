"""Any sound file → blocks of float32 samples at the file's own rate and channels, through a pipe from ffmpeg."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path
from typing import Iterator, Optional, Tuple

import numpy as np

from ...errors import SpeechCorrupt, SpeechNotFound, SpeechUnreadable
from ..ffmpeg import Ffmpeg, input_file

BLOCK = 1 << 16
"""Sample frames in a block."""

SLOWEST, FASTEST = 4_000, 768_000
"""Hertz between which a sampling rate is believed; a block at 1 Hz would become 4 GB at the networks' rate."""

LOUDEST = 1_000.0
"""Times full scale; floating-point samples beyond are damage, and their squares could overflow."""

FORMATS = "wav,w64,aiff,au,caf,flac,mp3,aac,mov,matroska,ogg,amr,asf,avi,flv,mpeg,mpegts,ac3,eac3"
"""ffmpeg demuxers for which a recording is opened: containers of sound, no playlists, scripts or pictures."""

DAMAGE = ("moov atom not found", "partial file", "no 'data' tag found")
DECODER_FAULT = re.compile(r"Error while decoding|Error submitting packet|Decoding error")
CHUNKS = 1_000
"""Of a WAV file, that are looked at in search of its sound."""

FAULTS_FORGIVEN = 2
"""Frames that may fail: MP3 files in the field often end in a tag or a cut frame."""

MISSING_FORGIVEN = 0.25
"""Seconds that may be missing from the length the file itself declares (encoder delay, rounding)."""


class AudioDecoder:
    """The first sound track of a file. Use as a context manager, then iterate once.

    ffmpeg starts at once and decodes ahead; what it finds out shows when it is first asked for ``rate`` (Hz) or
    ``channels``. Iterating gives float32 (n, channels), n <= `BLOCK`, finite.

    Raises `SpeechNotFound` (no such file, not a file, no permission), `SpeechUnreadable` (no sound in it, or no
    format we take), `SpeechCorrupt` (the data breaks off or cannot be decoded; found at the latest at the end).
    An Ogg stream or an MP3 without a length in its header that merely ends early is a shorter recording, not a fault.
    """

    def __init__(self, path: Path, filters: str = "") -> None:
        """``filters``: an ffmpeg filter chain for the sound; ``rate`` and ``channels`` are those after it."""
        _check_readable(path)
        self._path = path
        # AU: the plainest header that states rate and channels and allows an unknown length.
        output = ["-map", "0:a:0", "-map_metadata", "-1", "-c:a", "pcm_f32be", "-f", "au", "-"]
        if filters:
            output = ["-af", filters, *output]
        self._ffmpeg = Ffmpeg(input_file(path, FORMATS) + output, collect=True)
        self._header: Optional[Tuple[int, int]] = None

    @property
    def rate(self) -> int:
        return self._start()[0]

    @property
    def channels(self) -> int:
        return self._start()[1]

    def _start(self) -> Tuple[int, int]:
        """Rate and channels, once ffmpeg has come that far."""
        if self._header is None:
            try:
                self._header = self._read_header()
            except BaseException:
                self._ffmpeg.kill()
                raise
        return self._header

    def __enter__(self) -> AudioDecoder:
        return self

    def __exit__(self, *_: object) -> None:
        self._ffmpeg.kill()

    def declared_seconds(self) -> Optional[float]:
        """How long the file says it is; None where it does not say, or where that is another track's length."""
        self._start()
        return _declared_seconds(self._ffmpeg.messages())

    def close(self) -> None:
        """Stop decoding."""
        self._ffmpeg.kill()

    def __iter__(self) -> Iterator[np.ndarray]:
        frame_bytes = 4 * self.channels
        samples = 0
        while True:
            raw = self._ffmpeg.stdout.read(BLOCK * frame_bytes)
            whole = len(raw) // frame_bytes * frame_bytes
            if whole == 0:
                break
            block = np.frombuffer(raw[:whole], dtype=">f4").astype(np.float32).reshape(-1, self.channels)
            samples += len(block)
            block[~(np.abs(block) <= LOUDEST)] = 0.0
            yield block
        self._check_complete(samples / self.rate)

    def _read_header(self) -> Tuple[int, int]:
        header = self._ffmpeg.stdout.read(24)
        if len(header) < 24:
            status = self._ffmpeg.wait()
            detail = "\n".join(self._ffmpeg.complaints()) or f"ffmpeg ended with {status}"
            if any(sign in detail for sign in DAMAGE):
                raise SpeechCorrupt(detail)
            raise SpeechUnreadable(detail)
        magic, offset, _, _, rate, channels = struct.unpack(">4s5I", header)
        assert magic == b".snd"
        self._ffmpeg.stdout.read(offset - len(header))
        if not SLOWEST <= rate <= FASTEST:
            raise SpeechUnreadable(f"{rate} Hz")
        return rate, channels

    def _check_complete(self, seconds: float) -> None:
        status = self._ffmpeg.wait()
        complaints = self._ffmpeg.complaints()
        faults = sum(1 for line in complaints if DECODER_FAULT.search(line))
        declared = _riff_seconds_missing(self._path)
        if declared is None:
            length = _declared_seconds(self._ffmpeg.messages())
            declared = 0.0 if length is None else length - seconds
        broken = any(sign in line for line in complaints for sign in DAMAGE)
        if status or broken or faults > FAULTS_FORGIVEN or declared > MISSING_FORGIVEN:
            summary = f"ffmpeg status {status}, {faults} faults, {declared:.2f} s missing of {seconds:.2f} s"
            raise SpeechCorrupt("\n".join((summary,) + complaints[:20]))


def _check_readable(path: Path) -> None:
    if not os.path.isfile(str(path)):
        raise SpeechNotFound("not a file")
    try:
        with open(str(path), "rb"):
            pass
    except OSError as error:
        raise SpeechNotFound(str(error.strerror)) from error


def _declared_seconds(messages: str) -> Optional[float]:
    """Length stated by a file that holds nothing but this sound track; None where it is a guess or another track's."""
    tracks = [line for line in messages.splitlines() if re.search(r"Stream #0:\d+.*: (Audio|Video):", line)]
    inputs = [line for line in tracks if "attached pic" not in line and "pcm_f32be" not in line]
    stated = re.search(r"Duration: (\d+):(\d+):([\d.]+)", messages)
    if stated is None or len(inputs) != 1 or "Estimating duration from bitrate" in messages:
        return None
    hours, minutes, seconds = stated.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _riff_seconds_missing(path: Path) -> Optional[float]:
    """Seconds that the `data` chunk of a WAV file promises beyond the end of the file; None if not a plain WAV.

    ffmpeg takes the file's size for the truth here. Recorders that write to a pipe leave 0 or 2^31-1 and more there.
    """
    with open(str(path), "rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        bytes_per_second = 0
        for _ in range(CHUNKS):
            chunk = file.read(8)
            if len(chunk) < 8:
                return None
            name, size = struct.unpack("<4sI", chunk)
            if name == b"data":
                present = os.fstat(file.fileno()).st_size - file.tell()
                unknown = size == 0 or size >= 2**31 - 1 or not bytes_per_second
                return None if unknown else (size - present) / bytes_per_second
            body = file.tell()
            if name == b"fmt " and size >= 16:
                bytes_per_second = struct.unpack("<8xI4x", file.read(16))[0]
            file.seek(body + size + size % 2)
    return None
