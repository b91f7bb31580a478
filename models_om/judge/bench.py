"""What the sections share: the data, and recordings opened once."""

from __future__ import annotations

import contextlib
import wave
from functools import cached_property
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple

import numpy as np

from appliance.bench.readback import Track, read_track
from appliance.models import ModelStore
from appliance.pipeline.speech import Speech, load_speech
from appliance.settings import FRAME_RATE, SAMPLE_RATE

from ..ict.lips import IctBasis

PAUSE = "_"


class Sound(NamedTuple):
    """A phoneme and when it sounds, in seconds."""

    symbol: str
    start: float
    end: float

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


class Clip(NamedTuple):
    """Speech with known phoneme times."""

    name: str
    language: str
    audio: Path
    sounds: List[Sound]

    def speaking(self, frames: int) -> np.ndarray:
        """(frames,) bool: the middle of the frame lies in a sound, not in a pause."""
        times = (np.arange(frames) + 0.5) / FRAME_RATE
        return np.any([(times >= s.start) & (times < s.end) for s in self.sounds if s.symbol != PAUSE], axis=0)


class Bench:
    """``data``: the data folder; ``work``: the folder of ``corpus.npz``; ``tts_eval``: unseen voices with phoneme
    times; ``scratch``: for passing files. A context manager, since it keeps recordings open."""

    def __init__(
        self, data: Path, work: Path, tts_eval: Path, scratch: Path, say: Callable[[str], None] = lambda line: None
    ) -> None:
        self.data, self.work, self.tts_eval, self.scratch, self.say = data, work, tts_eval, scratch, say
        self.basis = IctBasis.load()
        self.models = ModelStore()
        self._open = contextlib.ExitStack()
        self._speech: Dict[Path, Speech] = {}
        self._tracks: Dict[Path, Track] = {}

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def corpus(self) -> Dict[str, np.ndarray]:
        """The table of `models_om.corpus.dataset`."""
        return dict(np.load(self.work / "corpus.npz"))

    @cached_property
    def clips(self) -> List[Clip]:
        """All clips of unseen synthetic voices. Raises `FileNotFoundError` where there is none."""
        found = []
        for path in sorted(self.tts_eval.glob("*.npz")):
            with np.load(path) as archive:
                audio = self.scratch / f"{path.stem}.wav"
                write_wave(audio, archive["audio"])
                times = zip(archive["phonemes"], archive["starts"], archive["ends"])
                sounds = [Sound(str(symbol), float(start), float(end)) for symbol, start, end in times]
                found.append(Clip(path.stem, str(archive["language"]), audio, sounds))
        if not found:
            raise FileNotFoundError(f"no clips in {self.tts_eval}")
        return found

    def speech(self, audio: Path) -> Speech:
        """A recording as the appliance hears it."""
        if audio not in self._speech:
            self._speech[audio] = self._open.enter_context(load_speech(audio, self.scratch, self.models))
        return self._speech[audio]

    def track(self, video: Path) -> Track:
        """The face of a recorded person, frame by frame. Raises `FaceNotFound`."""
        if video not in self._tracks:
            self._tracks[video] = read_track(video, self.models)
        return self._tracks[video]

    def grid_audio(self, recording: Dict[str, np.ndarray]) -> Path:
        return self.data / "grid" / str(recording["voice"]) / f"{recording['name']}.opus"


def write_wave(path: Path, samples: np.ndarray) -> None:
    """int16 (n,) at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


def spread_out(items: List, count: int) -> List:
    """``count`` of the items, evenly spread; all of them where there are fewer."""
    if len(items) <= count:
        return list(items)
    return [items[round(k)] for k in np.linspace(0, len(items) - 1, count)]
