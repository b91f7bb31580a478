"""Any recording → 16 kHz mono speech at a known loudness, on disk, read piece by piece.

One pass decodes, mixes, resamples and measures; nothing holds the whole recording. A second pass over the resampled
sound asks the voice activity network, which hears it at the level at which everything else will.
"""

from __future__ import annotations

import errno
import math
import os
import tempfile
from pathlib import Path
from typing import IO, Optional

import numpy as np
import soxr

from ...errors import DiskFull, OutputError, SpeechClipped, SpeechSilent, SpeechTooShort
from ...models import ModelStore
from ...settings import FRAME_RATE, SAMPLE_RATE
from .decode import AudioDecoder
from .loudness import TARGET, LoudnessMeter
from .mel import COLUMNS_PER_FRAME, HOP, LEAD, log_mel
from .voice_activity import speech_probability

SHORTEST = 0.5
"""Seconds."""

GAIN_LIMIT = 30.0
"""dB by which a recording may be raised; quieter than that is not speech but the microphone's own noise."""

CLIP_LEVEL = 0.97
"""Of full scale; G.711 ends at 0.98."""
CLIP_FLAT = 1e-4
"""Neighbours this close at full scale are a cut-off top: a few steps of 16 bits, less than a real peak bends."""
CLIP_SHARE = 0.03
"""Of the samples: speech driven 8 to 12 dB over full scale. A lossy codec rounds the tops, so that only PCM and
lossless files are found out."""

CANCELLED = 0.1
"""Of the loudest channel's power: if the mean of all channels has less, they cancel, and the loudest is taken alone."""

VOICED = 0.5
SHORTEST_VOICE = 2
"""Video frames with voice that a recording must have at least."""


class Speech:
    """One recording at 16 kHz mono; a context manager that owns a temporary file.

    ``duration`` s of the original, ``frames`` of video at 25 fps, ``samples`` at 16 kHz, ``loudness`` LUFS before and
    ``gain`` factor by which `read` brings it to -23 LUFS, ``peak`` of the original, ``voice`` float32 (frames,)
    probability of speech.
    """

    def __init__(self, sound: IO[bytes], duration: float, loudness: float, peak: float) -> None:
        self._sound = sound
        self.duration, self.loudness, self.peak = duration, loudness, peak
        self.frames = int(round(duration * FRAME_RATE))
        self.samples = os.fstat(sound.fileno()).st_size // 4
        self.gain = 10 ** (min(TARGET - loudness, GAIN_LIMIT) / 20)
        self.voice = np.zeros(self.frames, dtype=np.float32)

    def __enter__(self) -> Speech:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the temporary file back."""
        self._sound.close()

    def read(self, start: int, count: int) -> np.ndarray:
        """float32 (count,) from sample `start` on (may be negative), loudness-normalised, zero outside it."""
        wanted = np.zeros(count, dtype=np.float32)
        first, last = max(start, 0), min(start + count, self.samples)
        if first < last:
            raw = os.pread(self._sound.fileno(), 4 * (last - first), 4 * first)
            wanted[first - start : last - start] = np.frombuffer(raw, dtype=np.float32)
            wanted *= np.float32(self.gain)
        return wanted

    def mel(self, first_frame: int, frames: int) -> np.ndarray:
        """Log-mel columns of the video frames, float32 (80, 4 * frames); frames outside the recording are silence."""
        columns = frames * COLUMNS_PER_FRAME
        return log_mel(self.read(first_frame * COLUMNS_PER_FRAME * HOP - LEAD, columns * HOP + 2 * LEAD))


def load_speech(path: Path, workdir: Path, store: Optional[ModelStore] = None) -> Speech:
    """Decode and measure a recording of any format, rate and number of channels.

    ``workdir``: where the temporary file lives (64 kB a second of speech). Raises `SpeechNotFound`,
    `SpeechUnreadable`, `SpeechCorrupt`, `SpeechTooShort`, `SpeechSilent`, `SpeechClipped`; `DiskFull` or `OutputError`
    for the temporary file; `EncoderMissing`, `ModelMissing`, `ModelCorrupt`.
    """
    detector = (store or ModelStore()).path("silero_vad_16k_op15.onnx")
    try:
        sound = tempfile.TemporaryFile(dir=str(workdir), prefix="speech-")
        try:
            speech = _measure(path, sound)
            speech.voice = speech_probability(detector, speech.read, speech.samples, speech.frames)
            _check_voice(speech)
        except BaseException:
            sound.close()
            raise
    except OSError as error:
        refused = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else OutputError
        raise refused(f"temporary sound file: {error.strerror}") from error
    return speech


def _measure(path: Path, sound: IO[bytes]) -> Speech:
    take = _Take(path, sound)
    if take.cancels:
        sound.seek(0)
        sound.truncate()
        take = _Take(path, sound, channel=take.loudest_channel)
    if take.duration < SHORTEST:
        raise SpeechTooShort(f"{take.duration:.3f} s")
    if take.loudness == -math.inf:
        raise SpeechSilent(f"peak {take.peak:.6f}")
    if take.clipped_share > CLIP_SHARE:
        raise SpeechClipped(f"{take.clipped_share:.1%} of the samples")
    return Speech(sound, take.duration, take.loudness, take.peak)


def _check_voice(speech: Speech) -> None:
    voiced = int(np.sum(speech.voice > VOICED))
    if voiced < SHORTEST_VOICE:
        raise SpeechSilent(f"{speech.loudness:.1f} LUFS, {voiced} of {speech.frames} frames with voice")


class _Take:
    """One pass over a recording: writes 16 kHz mono float32 to `sound`, measures on the way."""

    def __init__(self, path: Path, sound: IO[bytes], channel: Optional[int] = None) -> None:
        """`channel`: take this one alone instead of the mean of all."""
        meter = LoudnessMeter()
        with AudioDecoder(path) as decoder:
            resampler = soxr.ResampleStream(decoder.rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
            flat_tops = _FlatTops(decoder.channels)
            mean_power, channel_power, samples, self.peak = 0.0, np.zeros(decoder.channels), 0, 0.0

            def keep(resampled: np.ndarray) -> None:
                meter.add(resampled)
                sound.write(resampled.tobytes())

            for block in decoder:
                mono = block.mean(axis=1) if channel is None else np.ascontiguousarray(block[:, channel])
                keep(resampler.resample_chunk(mono))
                flat_tops.add(block)
                samples += len(block)
                mean_power += float(np.dot(mono, mono))
                channel_power += np.einsum("nc,nc->c", block, block, dtype=np.float64)
                self.peak = max(self.peak, float(np.abs(block).max()))
            keep(resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True))
        sound.flush()
        self.duration = samples / decoder.rate
        self.loudness = meter.result()
        self.clipped_share = flat_tops.count / max(samples, 1)
        self.loudest_channel = int(np.argmax(channel_power))
        self.cancels = channel is None and mean_power < CANCELLED * channel_power[self.loudest_channel]


class _FlatTops:
    """Counts samples inside runs that stay flat at full scale, in the channel that has most of them."""

    def __init__(self, channels: int) -> None:
        self._last = np.zeros((2, channels), dtype=np.float32)
        self._counts = np.zeros(channels, dtype=np.int64)

    @property
    def count(self) -> int:
        return int(self._counts.max())

    def add(self, block: np.ndarray) -> None:
        """float32 (n, channels): the next samples."""
        stretch = np.concatenate((self._last, block))
        self._last = stretch[-2:]
        if np.abs(block).max() < CLIP_LEVEL:
            return
        flat = (np.abs(stretch[1:]) >= CLIP_LEVEL) & (np.abs(np.diff(stretch, axis=0)) <= CLIP_FLAT)
        self._counts += np.sum(flat[1:] & flat[:-1], axis=0)
