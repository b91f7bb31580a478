"""Training windows: balanced over sources and voices, and heard through many rooms, microphones and noises."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

import numpy as np
import scipy.signal

from appliance.pipeline.motion.sampler import WINDOW
from appliance.pipeline.speech.mel import BANDS, COLUMNS_PER_FRAME

COLUMNS = WINDOW * COLUMNS_PER_FRAME
SHARES = {"grid": 0.42, "facegood": 0.22, "tts": 0.36}
ALTERED = 0.35
"""Share of the windows that come from the altered copy: another voice, through a codec (`corpus.altered`)."""
CLEAN = 0.4
"""Share of the windows that are heard as recorded."""
OUTSIDE = -9.0
"""Log power outside a recording: digital silence."""
TELEPHONE_BANDS = 57
"""Bands below 3.5 kHz: what a telephone carries."""


class Batch(NamedTuple):
    """``mel`` (N,1,80,160), ``coefficients`` (N,32,1,40), ``weight`` and ``silent`` (0..1) (N,1,1,40)."""

    mel: np.ndarray
    coefficients: np.ndarray
    weight: np.ndarray
    silent: np.ndarray


class Windows:
    """Draws batches from the corpus file. One generator makes all choices: its state is all there is to resume."""

    def __init__(self, corpus: Dict[str, np.ndarray], seed: int) -> None:
        self.power = corpus["power"]
        self.coefficients = corpus["coefficients"]
        self.weight = corpus["weight"]
        self.silent = corpus["silent"].astype(np.float32)
        self.ends = np.cumsum(corpus["frames"])
        self.starts = self.ends - corpus["frames"]
        self.altered = corpus.get("altered", np.zeros(len(self.ends), bool))
        self.generator = np.random.default_rng(seed)
        # Noise power of a mel band over 25 ms; drawn once, since drawing it anew costs more than all else together.
        self.grain = np.random.default_rng(seed).gamma(3.0, 1 / 3.0, (BANDS, 40_000)).astype(np.float32)
        self.groups: List[Tuple[float, np.ndarray]] = []
        training = corpus["split"] == "train"
        present = {source: share for source, share in SHARES.items() if (training & (corpus["source"] == source)).any()}
        for source, share in present.items():
            inside = training & (corpus["source"] == source)
            voices, counts = np.unique(corpus["voice"][inside], return_counts=True)
            # Between "every recording alike" and "every voice alike": a rare voice is heard often, not always.
            rates = counts**0.3 / (counts**0.3).sum()
            for voice, rate in zip(voices, rates):
                chosen = np.nonzero(inside & (corpus["voice"] == voice))[0]
                self.groups.append((share / sum(present.values()) * rate, chosen))

    def batch(self, size: int) -> Batch:
        """One batch of augmented windows."""
        draw = self.generator
        group = draw.choice(len(self.groups), size, p=[rate for rate, _ in self.groups])
        recording = np.array([self._recording(self.groups[index][1]) for index in group])
        length = self.ends[recording] - self.starts[recording]
        first = draw.uniform(-WINDOW / 2, length - WINDOW / 2)
        speed = draw.uniform(0.92, 1.1, size)
        frames = first[:, None] + (np.arange(WINDOW) + 0.5) * speed[:, None] - 0.5
        columns = first[:, None] * COLUMNS_PER_FRAME + (np.arange(COLUMNS) + 0.5) * speed[:, None] - 0.5
        power = self._between(self.power, columns, recording, COLUMNS_PER_FRAME, OUTSIDE)
        coefficients = self._between(self.coefficients, frames, recording, 1, 0.0)
        weight = self._between(self.weight[:, None], frames, recording, 1, 1.0)
        silent = self._between(self.silent[:, None], frames, recording, 1, 1.0)
        mel = self._heard(power.transpose(0, 2, 1), draw.random(size) < CLEAN)
        coefficients, weight, silent = (rows.transpose(0, 2, 1)[:, :, None] for rows in (coefficients, weight, silent))
        return Batch(mel[:, None], coefficients, weight, silent)

    def _recording(self, candidates: np.ndarray) -> int:
        """One of them, the longer the likelier; `ALTERED` of the time an altered one, where there are any."""
        length = (self.ends - self.starts)[candidates].astype(np.float64)
        altered = self.altered[candidates]
        shares = (ALTERED, 1 - ALTERED) if altered.any() and not altered.all() else (1.0, 1.0)
        for share, part in zip(shares, (altered, ~altered)):
            length[part] *= share / max(length[part].sum(), 1.0)
        return int(self.generator.choice(candidates, p=length / length.sum()))

    def _between(
        self, table: np.ndarray, index: np.ndarray, recording: np.ndarray, rate: int, outside: float
    ) -> np.ndarray:
        """Rows of the table at fractional places (N,K) of each recording, linear between; float32 (N,K,columns)."""
        start, length = self.starts[recording] * rate, (self.ends - self.starts)[recording] * rate
        low = np.floor(index).astype(np.int64)
        share = (index - low).astype(np.float32)[..., None]
        ends = []
        for place in (low, low + 1):
            inside = (place >= 0) & (place < length[:, None])
            rows = table[np.clip(place, 0, length[:, None] - 1) + start[:, None]].astype(np.float32)
            ends.append(np.where(inside[..., None], rows, np.float32(outside)))
        return ends[0] * (1 - share) + ends[1] * share

    def _heard(self, power: np.ndarray, clean: np.ndarray) -> np.ndarray:
        """Log power (N,80,160) → what `mel.log_mel` would give of it, after all that can happen to sound; where
        ``clean``, after nothing but a change of level."""
        level = self.generator.uniform(-0.4, 0.4, (len(power), 1, 1)).astype(np.float32)
        mel = np.empty_like(power)
        mel[clean] = (np.log10(np.power(np.float32(10), power[clean] + level[clean]) + np.float32(1e-6)) + 3) / 3
        mel[~clean] = self._changed(power[~clean] + level[~clean])
        return mel

    def _changed(self, power: np.ndarray) -> np.ndarray:
        draw, count = self.generator, len(power)
        power = self._warped(power) + self._tilt(count, 0.7)
        linear = np.power(np.float32(10), power)
        rooms = np.nonzero(draw.random(count) < 0.3)[0]
        for row in rooms:
            linear[row] = self._reverberated(linear[row])
        noisy = draw.random(count) < 0.75
        linear += self._noise(linear, noisy)
        linear[:, TELEPHONE_BANDS:] *= np.where(draw.random((count, 1, 1)) < 0.12, np.float32(1e-6), np.float32(1))
        mel = (np.log10(linear + np.float32(1e-6)) + 3) / 3
        for row in np.nonzero(draw.random(count) < 0.6)[0]:
            for low, width in zip(draw.integers(0, BANDS, 2), draw.integers(2, 14, 2)):
                mel[row, low : low + width] = mel[row].min()
        for row in np.nonzero(draw.random(count) < 0.2)[0]:
            low, width = draw.integers(0, COLUMNS), draw.integers(2, 10)
            mel[row, :, low : low + width] = mel[row].min()
        return mel.astype(np.float32)

    def _warped(self, power: np.ndarray) -> np.ndarray:
        """Another length of the vocal tract: the bands stretched by up to a sixth."""
        stretch = self.generator.uniform(0.84, 1.18, len(power))
        place = np.clip(np.arange(BANDS) * stretch[:, None], 0, BANDS - 1.001)
        low = place.astype(np.int64)
        share = (place - low).astype(np.float32)[..., None]
        rows = np.arange(len(power))[:, None]
        return power[rows, low] * (1 - share) + power[rows, low + 1] * share

    def _tilt(self, count: int, size: float) -> np.ndarray:
        """A smooth frequency response (count,80,1), in decades of power."""
        bend = self.generator.normal(0, size, (count, 4)).astype(np.float32)
        x = np.linspace(0, np.pi, BANDS, dtype=np.float32)
        shape = np.stack([np.cos(k * x) / k for k in (1, 2, 3, 4)])
        return (bend @ shape)[..., None] * np.float32(0.6)

    def _reverberated(self, linear: np.ndarray) -> np.ndarray:
        """A room's late energy: an exponential tail of 0.2 to 0.8 s to −60 dB."""
        decay = 10 ** (-6 * 0.01 / self.generator.uniform(0.2, 0.8))
        share = self.generator.uniform(0.02, 0.2)
        tail = scipy.signal.lfilter([0, share * (1 - decay) * 4], [1, -decay], linear, axis=1)
        return (linear + tail).astype(np.float32)

    def _noise(self, linear: np.ndarray, noisy: np.ndarray) -> np.ndarray:
        """Coloured noise 3 to 35 dB below the window's speech, never perfectly steady; nothing where not ``noisy``."""
        draw, count = self.generator, len(linear)
        loudest = np.maximum(np.partition(linear.mean(1), -COLUMNS // 5, axis=1)[:, -COLUMNS // 5 :].mean(1), 1e-3)
        ratio = 10 ** (-draw.uniform(3, 35, count) / 10)
        colour = np.power(10, self._tilt(count, 1.0))
        colour = colour / colour.mean(1, keepdims=True)
        swing = np.power(10, 0.2 * np.cumsum(draw.normal(0, 0.15, (count, 1, COLUMNS)), axis=2)).clip(0.1, 10)
        places = draw.integers(0, self.grain.shape[1] - COLUMNS, count)
        grain = self.grain[:, places[:, None] + np.arange(COLUMNS)].transpose(1, 0, 2)
        level = ((loudest * ratio * noisy)[:, None, None] * colour).astype(np.float32)
        return level * swing.astype(np.float32) * grain


def closure_weights(gap: np.ndarray, silent: np.ndarray, spread: float) -> np.ndarray:
    """(T,) frame weights: lips that meet (|gap| small against its spread) count more, in speech most."""
    closed = np.exp(-((gap / (0.3 * spread)) ** 2))
    return (1.0 + np.where(silent, 0.5, 3.0) * closed).astype(np.float32)
