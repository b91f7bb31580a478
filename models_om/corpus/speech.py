"""A sentence as an engine spoke it: the sound, and when each phoneme lies in it.

One file a clip, NAME.npz: `audio` int16 16 kHz mono; `phonemes` (symbols), `starts`, `ends` (s); `voice`, `language`,
`text`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Sequence, Tuple

import numpy as np

from appliance.settings import SAMPLE_RATE

from .visemes import SILENCE, STRESS, Phoneme

VOICE_RATE = 24_000
TOKEN_FRAME = 600 / VOICE_RATE
"""Seconds of one duration frame, of both engines."""

LATENESS = {"kokoro": 0.060, "hibari": 0.050}
"""Seconds by which an engine's boundaries lie after the sound; `stop_energy_lag` measures it."""

AUDIBLE = 10.0 ** (-38 / 10)
"""Power, as a share of the loudest 10 ms of a clip, above which a sound still lasts."""

STOPS = "ptkbdɡ"
TONES = "→↗↘↓"
LENGTH = "ː"


@dataclass(frozen=True)
class Clip:
    """A sentence as spoken: float32 mono, and its phonemes in order."""

    audio: np.ndarray
    phonemes: List[Phoneme]
    voice: str
    language: str
    text: str
    rate: int = VOICE_RATE

    @property
    def duration(self) -> float:
        return len(self.audio) / self.rate


def timed_phonemes(symbols: str, frames: Sequence[float], lateness: float, duration: float) -> List[Phoneme]:
    """Tokens of an engine → phonemes. `frames` has one count a symbol plus one for the quiet at either end.

    Tones and length marks lend their time to the sound before them, stress marks to the sound after; punctuation and
    spaces are `SILENCE`. Everything moves `lateness` seconds earlier, and the last pause is drawn out to `duration`.
    """
    edges = np.concatenate([[0.0], np.cumsum(frames) * TOKEN_FRAME]) - lateness
    phonemes: List[Phoneme] = []
    mark, mark_start = "", 0.0
    for number, symbol in enumerate(SILENCE + symbols + SILENCE):
        start, end = float(edges[number]), float(edges[number + 1])
        if symbol in TONES + LENGTH and phonemes:
            phonemes[-1] = phonemes[-1]._replace(end=end)
            continue
        if symbol in STRESS:
            mark, mark_start = symbol, start
            continue
        if mark:
            symbol, start, mark = mark + symbol, mark_start, ""
        if not symbol[-1].isalpha():
            symbol = SILENCE
        if symbol == SILENCE and phonemes and phonemes[-1].symbol == SILENCE:
            phonemes[-1] = phonemes[-1]._replace(end=end)
        else:
            phonemes.append(Phoneme(symbol, start, end))
    phonemes[-1] = phonemes[-1]._replace(end=duration)
    return [p._replace(start=max(p.start, 0.0)) for p in phonemes if p.end > 0.0]


def end_with_the_sound(phonemes: Sequence[Phoneme], audio: np.ndarray) -> List[Phoneme]:
    """The last sound before a pause is given much of the pause by the engines: end it where it falls quiet.

    A final stop is silent by nature, so it is only kept short.
    """
    hop = VOICE_RATE // 100
    power = (audio[: len(audio) // hop * hop].reshape(-1, hop).astype(np.float64) ** 2).mean(axis=1)
    audible = power > power.max() * AUDIBLE
    kept = list(phonemes)
    for number in range(len(kept) - 1):
        phone, pause = kept[number], kept[number + 1]
        if phone.symbol == SILENCE or pause.symbol != SILENCE:
            continue
        if phone.symbol in STOPS:
            end = min(phone.end, phone.start + 0.12)
        else:
            sounding = np.flatnonzero(audible[int(phone.start * 100) : int(phone.end * 100)])
            end = phone.start + max(0.03, (sounding[-1] + 1) / 100 if len(sounding) else 0.0)
            end = min(end, phone.end)
        kept[number] = phone._replace(end=end)
        kept[number + 1] = pause._replace(start=end)
    return kept


def save(clip: Clip, path: Path) -> None:
    """Write a clip as int16 16 kHz; the file appears whole or not at all."""
    import soxr

    audio = soxr.resample(clip.audio, clip.rate, SAMPLE_RATE, quality="HQ")
    audio = audio * min(1.0, 0.95 / np.abs(audio).max())
    partial = path.with_suffix(".part")
    with open(partial, "wb") as file:
        np.savez_compressed(
            file,
            audio=np.round(audio * 32767).astype(np.int16),
            phonemes=np.array([p.symbol for p in clip.phonemes]),
            starts=np.array([p.start for p in clip.phonemes], np.float32),
            ends=np.array([p.end for p in clip.phonemes], np.float32),
            voice=clip.voice,
            language=clip.language,
            text=clip.text,
        )
    partial.replace(path)


def load(path: Path) -> Clip:
    """A saved clip."""
    with np.load(path) as saved:
        phonemes = [
            Phoneme(str(symbol), float(start), float(end))
            for symbol, start, end in zip(saved["phonemes"], saved["starts"], saved["ends"])
        ]
        audio = saved["audio"].astype(np.float32) / 32768
        return Clip(audio, phonemes, str(saved["voice"]), str(saved["language"]), str(saved["text"]), SAMPLE_RATE)


def stop_energy_lag(clips: Iterable[Clip]) -> Tuple[float, int]:
    """How late the labels lie, in seconds, and over how many stops.

    It is the median over /p t k b d g/ of the label's middle minus the quietest moment near it: a stop is quietest in
    its closure, so 0 is right.
    """
    lags = []
    for clip in clips:
        window = int(0.010 * clip.rate)
        power = np.convolve(clip.audio.astype(np.float64) ** 2, np.ones(2 * window) / (2 * window), "same")
        level = power[::window]
        for before, phone, after in zip(clip.phonemes, clip.phonemes[1:], clip.phonemes[2:]):
            if phone.symbol not in STOPS or SILENCE in (before.symbol, after.symbol):
                continue
            middle = (phone.start + phone.end) / 2
            first = max(0, int((middle - 0.12) * 100))
            near = level[first : int((middle + 0.12) * 100)]
            if len(near):
                lags.append(middle - (first + int(np.argmin(near))) / 100)
    return (float(np.median(lags)) if lags else 0.0), len(lags)
