"""Any recording → 16 kHz mono speech at a known loudness and its voice activity, heard piece by piece.

One pass decodes, mixes, resamples and measures. It runs ahead of what is used of it by little more than `LOOKAHEAD`, so
that the first picture of an hour's speech comes as soon as that of ten seconds.
"""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path
from typing import IO, List, Optional

import numpy as np
import soxr

from ...errors import DiskFull, OutputError, SonicError, SpeechClipped, SpeechSilent, SpeechTooLong, SpeechTooShort
from ...files import NO_SPACE
from ...models import ModelStore
from ...settings import FRAME_RATE, SAMPLE_RATE
from .decode import AudioDecoder
from .loudness import HOP as LOUDNESS_HOP
from .loudness import TARGET, LoudnessMeter
from .mel import COLUMNS_PER_FRAME, HOP, LEAD, log_mel
from .voice_activity import VoiceActivity

SHORTEST = 0.5
"""Seconds."""

LOOKAHEAD = 30
"""Seconds: the level at which a moment is heard follows from all before it and so much after it. A recording up to this
length is heard at one level throughout."""

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

LENGTH_TOLERANCE = 1.0
"""Seconds by which a file may be longer than allowed: headers are not that exact."""


class Speech:
    """One recording at 16 kHz mono, heard by and by; a context manager that owns a temporary file.

    `hear` takes in the next piece. What is known so far: ``heard`` s; ``frames`` of video at 25 fps; ``voice`` float32,
    probability of speech of the first frames; ``peak``. After the last piece (``complete``) these are final, and
    ``duration`` s, ``samples`` at 16 kHz and ``loudness`` LUFS of the whole are known.
    """

    def __init__(self, path: Path, sound: IO[bytes], detector: Path, longest: Optional[float]) -> None:
        self._path, self._sound, self._detector, self._longest = path, sound, detector, longest
        self.complete = False
        self.declared: Optional[float] = None
        """Seconds that the file says it has, if it does."""
        self._begin(channel=None)

    def __enter__(self) -> Speech:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop decoding and give the temporary file back."""
        self._decoder.close()
        self._sound.close()

    # --- hearing ------------------------------------------------------------------------------------------------------

    def hear(self) -> None:
        """Take in the next second or so. Raises what `load_speech` raises."""
        if self.complete:
            return
        if not self._taken:
            self._start()
        try:
            block = next(self._blocks, None)
            if block is None:
                self._end()
            else:
                self._add(block)
        except OSError as error:
            raise _refusal(error) from error
        self._listen()
        if self.complete:
            self._check_voice()

    def hear_until(self, frame: int) -> None:
        """Hear on until the voice of so many frames is known, or the recording has ended."""
        while not self.complete and len(self.voice) < frame:
            self.hear()

    @property
    def found(self) -> bool:
        """Whether enough voice was heard to make a video of."""
        return int(np.sum(self.voice > VOICED)) >= SHORTEST_VOICE

    @property
    def heard(self) -> float:
        return self._taken / self._decoder.rate if self._taken else 0.0

    @property
    def frames(self) -> int:
        return int(round(self.duration * FRAME_RATE)) if self.complete else int(self.heard * FRAME_RATE)

    @property
    def duration(self) -> float:
        return self.heard

    @property
    def loudness(self) -> float:
        return self._meter.loudness()

    @property
    def expected_frames(self) -> int:
        """Of the whole: as declared, until it is known."""
        if self.complete or self.declared is None:
            return self.frames
        return max(self.frames, int(round(self.declared * FRAME_RATE)))

    # --- what was heard -----------------------------------------------------------------------------------------------

    def read(self, start: int, count: int) -> np.ndarray:
        """float32 (count,) from sample `start` on (may be negative), loudness-normalised, zero outside it."""
        wanted = np.zeros(count, dtype=np.float32)
        first, last = max(start, 0), min(start + count, self.samples)
        if first < last:
            raw = os.pread(self._sound.fileno(), 4 * (last - first), 4 * first)
            wanted[first - start : last - start] = np.frombuffer(raw, dtype=np.float32)
            wanted[first - start : last - start] *= self._gain(first, last)
        return wanted

    def mel(self, first_frame: int, frames: int) -> np.ndarray:
        """Log-mel columns of the video frames, float32 (80, 4 * frames); frames outside the recording are silence."""
        columns = frames * COLUMNS_PER_FRAME
        return log_mel(self.read(first_frame * COLUMNS_PER_FRAME * HOP - LEAD, columns * HOP + 2 * LEAD))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _begin(self, channel: Optional[int]) -> None:
        """Start from the first sample; ``channel``: take this one alone instead of the mean of all."""
        self._channel = channel
        self._decoder = AudioDecoder(self._path)
        self._blocks = iter(self._decoder)
        self._meter = LoudnessMeter()
        self._opening: Optional[_Opening] = None
        self._activity = VoiceActivity(self._detector)
        self._levels: List[float] = []
        """dB of gain at each whole second."""
        self._taken, self.samples, self.peak = 0, 0, 0.0
        self.voice = np.zeros(0, dtype=np.float32)
        self._sound.seek(0)
        self._sound.truncate()

    def _start(self) -> None:
        """What only the decoder knows, once it has begun."""
        self.declared = self._decoder.declared_seconds()
        if self.declared is not None:
            self._check_length(self.declared)
        self._resampler = soxr.ResampleStream(self._decoder.rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        self._opening = _Opening(self._decoder.channels)

    def _add(self, block: np.ndarray) -> None:
        mono = block.mean(axis=1) if self._channel is None else np.ascontiguousarray(block[:, self._channel])
        self._keep(self._resampler.resample_chunk(mono))
        self._taken += len(block)
        self.peak = max(self.peak, float(np.abs(block).max()))
        if self._longest is not None:
            self._check_length(self.heard)
        if self._opening is not None:
            self._opening.add(block, mono)
            if self.heard >= LOOKAHEAD:
                self._judge_opening()

    def _end(self) -> None:
        self._keep(self._resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True))
        self._meter.end()
        if self._opening is not None and self._taken:
            self._judge_opening()
            if not self._taken:  # begun anew with one channel
                return
        self.complete = True
        if self.duration < SHORTEST:
            raise SpeechTooShort(f"{self.duration:.3f} s")
        if self.loudness == -math.inf:
            raise SpeechSilent(f"peak {self.peak:.6f}")

    def _keep(self, resampled: np.ndarray) -> None:
        self._meter.add(resampled)
        self._sound.write(resampled.tobytes())
        self._sound.flush()
        self.samples += len(resampled)

    def _judge_opening(self) -> None:
        """After the first `LOOKAHEAD` seconds: overdriven? Do the channels cancel each other?"""
        opening, self._opening = self._opening, None
        assert opening is not None
        if opening.clipped_share > CLIP_SHARE:
            raise SpeechClipped(f"{opening.clipped_share:.1%} of the samples")
        if self._channel is None and opening.cancels:
            self._decoder.close()
            self._begin(channel=opening.loudest_channel)

    def _listen(self) -> None:
        """Fix the level as far as it is known, and let the voice detector hear that far."""
        second = SAMPLE_RATE // LOUDNESS_HOP
        while self._meter.hops >= (len(self._levels) + LOOKAHEAD) * second and not self.complete:
            self._levels.append(_level(self._meter.loudness((len(self._levels) + LOOKAHEAD) * second)))
        if self.complete:
            self._levels.append(_level(self.loudness))
        ready = self.samples if self.complete else (len(self._levels) - 1) * SAMPLE_RATE
        if ready > self._activity.samples:
            self._activity.add(self.read(self._activity.samples, ready - self._activity.samples))
        if self.complete:
            self._activity.end()
        known = self.frames if self.complete else self._activity.frames
        if known > len(self.voice):
            self.voice = np.concatenate((self.voice, self._activity.probability(len(self.voice), known)))

    def _gain(self, first: int, last: int) -> np.ndarray:
        """Factor for each of these samples, float32 (last - first,), or (1,) for all."""
        seconds = slice(first // SAMPLE_RATE, -(-last // SAMPLE_RATE) + 1)
        levels = np.asarray(self._levels[seconds] or self._levels[-1:])
        if np.ptp(levels) == 0:
            return (10 ** (levels[:1] / 20)).astype(np.float32)
        at = np.arange(first, last) / SAMPLE_RATE - seconds.start
        return (10 ** (np.interp(at, np.arange(len(levels)), levels) / 20)).astype(np.float32)

    def _check_length(self, seconds: float) -> None:
        if self._longest is not None and seconds > self._longest + LENGTH_TOLERANCE:
            message = f"The recording is longer than {self._longest / 60:g} min, the most that this appliance accepts."
            raise SpeechTooLong(f"{seconds:.1f} s", message=message)

    def _check_voice(self) -> None:
        if not self.found:
            voiced = int(np.sum(self.voice > VOICED))
            raise SpeechSilent(f"{self.loudness:.1f} LUFS, {voiced} of {self.frames} frames with voice")


def open_speech(
    path: Path, workdir: Path, store: Optional[ModelStore] = None, longest: Optional[float] = None
) -> Speech:
    """A recording of any format, rate and number of channels, of which nothing was heard yet.

    ``workdir``: where the temporary file lives (64 kB a second of speech). ``longest`` s.

    Raises `SpeechNotFound`; `DiskFull` or `OutputError` for the temporary file; `EncoderMissing`, `ModelMissing`,
    `ModelCorrupt`. Hearing raises `SpeechUnreadable`, `SpeechCorrupt`, `SpeechTooLong`, `SpeechTooShort`,
    `SpeechSilent` (these two at the end), `SpeechClipped` (judged by the first half minute), `DiskFull`, `OutputError`.
    """
    detector = (store or ModelStore()).path("silero_vad_16k_op15.onnx")
    try:
        sound = tempfile.TemporaryFile(dir=str(workdir), prefix="speech-")
        try:
            return Speech(path, sound, detector, longest)
        except BaseException:
            sound.close()
            raise
    except OSError as error:
        raise _refusal(error) from error


def load_speech(path: Path, workdir: Path, store: Optional[ModelStore] = None) -> Speech:
    """The same, heard to its end. Raises what `open_speech` and hearing raise."""
    speech = open_speech(path, workdir, store)
    try:
        while not speech.complete:
            speech.hear()
    except BaseException:
        speech.close()
        raise
    return speech


def _level(loudness: float) -> float:
    """dB that bring this loudness to the networks' level."""
    return min(TARGET - loudness, GAIN_LIMIT)


def _refusal(error: OSError) -> SonicError:
    return (DiskFull if error.errno in NO_SPACE else OutputError)(f"temporary sound file: {error.strerror}")


class _Opening:
    """What the beginning of a recording says about all of it."""

    def __init__(self, channels: int) -> None:
        self._flat_tops = _FlatTops(channels)
        self._mean_power, self._channel_power, self._samples = 0.0, np.zeros(channels), 0

    def add(self, block: np.ndarray, mono: np.ndarray) -> None:
        """float32 (n, channels) and what is made of it, (n,)."""
        self._flat_tops.add(block)
        self._samples += len(block)
        self._mean_power += float(np.dot(mono, mono))
        self._channel_power += np.einsum("nc,nc->c", block, block, dtype=np.float64)

    @property
    def clipped_share(self) -> float:
        return self._flat_tops.count / self._samples

    @property
    def loudest_channel(self) -> int:
        return int(np.argmax(self._channel_power))

    @property
    def cancels(self) -> bool:
        return self._mean_power < CANCELLED * self._channel_power[self.loudest_channel]


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
