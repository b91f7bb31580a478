"""What is judged, one column of the table each: a set of weights, or the plain baseline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Protocol, Tuple

import numpy as np

from appliance.models import ModelStore
from appliance.pipeline.coefficients import COEFFICIENTS, POSE
from appliance.pipeline.motion import MotionModel
from appliance.pipeline.runtime.base import Network
from appliance.pipeline.runtime.select import choose, load_network
from appliance.settings import MakeOptions

from ..manifest import LOOK
from .bench import Bench, spread_out
from .recordings import recordings
from .ridge import Ridge

PREVIOUS, NEW, BASELINE = "previous", "new", "baseline"
COLUMNS = (PREVIOUS, NEW, BASELINE)
PAINTER = "sonic_painter"
MOST_RECORDINGS = 1000
"""Of a source, that the baseline learns from: an hour is more than a linear model can use."""


@dataclass(frozen=True)
class Motion:
    """Of one recording: ``coefficients`` (T,32), ``pose`` (T,6); ``seconds`` of one core that making it took."""

    coefficients: np.ndarray
    pose: np.ndarray
    seconds: float


class Subject(Protocol):
    """``name``: one of `COLUMNS`; ``store``: its files; ``painter``: its `sonic_painter`, None where it has none."""

    name: str
    store: ModelStore
    painter: Optional[Network]

    def identity(self, image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Look (128,) and expression (32,) of a crop, as `MotionModel.identity`."""
        ...  # pragma: no cover

    def move(self, audio: Path, like: str = "", **options: Any) -> Motion:
        """The face of a recording. ``like``: source ("grid", "facegood"; "" = all) that the baseline may learn from;
        ``options``: of `MakeOptions`. The same question is answered from memory."""
        ...  # pragma: no cover


class Networks:
    """The whole chain of the appliance with one set of weights."""

    def __init__(self, name: str, store: ModelStore, bench: Bench, runtime: str, precision: Optional[str]) -> None:
        self.name, self.store, self._bench = name, store, bench
        choice = choose(runtime, precision, store)
        self.precision = choice.precision
        self._model = MotionModel(store, choice.runtime, choice.precision)
        self.painter: Optional[Network] = None
        if PAINTER in store.manifest().networks:
            self.painter = load_network(store, PAINTER, choice.runtime, choice.precision)
        self._known: Dict[Tuple[Any, ...], Motion] = {}

    def identity(self, image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        return self._model.identity(image)

    def move(self, audio: Path, like: str = "", **options: Any) -> Motion:
        key = (audio, *sorted(options.items()))
        if key not in self._known:
            speech = self._bench.speech(audio)
            start = time.process_time()
            blocks = list(self._model.generate(speech, MakeOptions(**options)))
            self._known[key] = Motion(
                np.concatenate([block.coefficients for block in blocks]),
                np.concatenate([block.pose for block in blocks]),
                time.process_time() - start,
            )
        return self._known[key]


class Baseline:
    """Linear audio → face by ridge regression, without gate, and the mouth painted without a network."""

    name = BASELINE
    painter = None

    def __init__(self, store: ModelStore, bench: Bench) -> None:
        self.store, self._bench = store, bench
        self._fits: Dict[str, Ridge] = {}

    def identity(self, image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        return np.zeros(LOOK, np.float32), np.zeros(len(COEFFICIENTS), np.float32)

    def _pairs(self, sources: Tuple[str, ...]) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
        for source in sources:
            found = list(recordings(self._bench.corpus, source, ("train",)))
            yield from ((r["mel"], r["coefficients"]) for r in spread_out(found, MOST_RECORDINGS))

    def move(self, audio: Path, like: str = "", **options: Any) -> Motion:
        if like not in self._fits:
            sources = (like,) if like else ("grid", "facegood", "tts")
            self._fits[like] = Ridge(self._pairs(sources))
        speech = self._bench.speech(audio)
        start = time.process_time()
        coefficients = self._fits[like].predict(speech.mel(0, speech.frames))
        assert coefficients.shape == (speech.frames, len(COEFFICIENTS))
        return Motion(coefficients, np.zeros((speech.frames, len(POSE)), np.float32), time.process_time() - start)
