"""Whether somebody speaks, and for how long nobody has."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Callable, Optional

import numpy as np
import soxr

from ...errors import SonicError
from ...settings import FRAME_RATE, SAMPLE_RATE

if TYPE_CHECKING:
    from ...models import ModelStore
    from ...pipeline.speech.voice_activity import VoiceActivity

SPEAKS, SILENT = 0.5, 0.35
"""Probabilities of speech: above the first somebody began to speak, below the second nobody does any more."""
RENEW_FRAMES = 600 * FRAME_RATE
"""A detector remembers all that it judged: after so many frames it is replaced by a new one, in a pause."""

Detector = Callable[[], "VoiceActivity"]
"""Makes a new one, or anything else with its ``add``, ``frames`` and ``probability``."""

log = logging.getLogger(__name__)


def silero(store: ModelStore) -> Detector:
    """Silero's network; loading it raises `ModelMissing`, `ModelCorrupt`."""

    def load() -> VoiceActivity:
        from ...pipeline.speech.voice_activity import VoiceActivity  # ONNX Runtime, which is slow to import

        return VoiceActivity(store.path("silero_vad_16k_op15.onnx"))

    return load


class SilenceWatch:
    """Hears a microphone, for hours. Where there is no detector, or it cannot be loaded, all sound is speech.

    ``speaking``: somebody does. ``silence``: seconds since somebody did, 0 before anybody did.
    """

    def __init__(self, detector: Optional[Detector]) -> None:
        self._detector = detector
        self._activity: Optional[VoiceActivity] = None
        self._judged = 0
        self.listen_to(SAMPLE_RATE)

    def listen_to(self, rate: int) -> None:
        """From here on the sound is that of another microphone, of this rate."""
        self._resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
        self.speaking = self._detector is None
        self.begin()

    def begin(self) -> None:
        """What was spoken before does not count."""
        self._spoken = False
        self.silence = 0.0

    def add(self, samples: np.ndarray) -> None:
        """The next int16 (n,) samples."""
        if self._activity is None or (self._judged > RENEW_FRAMES and not self.speaking):
            self._renew()
        if self._activity is None:
            return
        self._activity.add(self._resampler.resample_chunk(samples.astype(np.float32) / 32_768))
        frames = self._activity.frames
        if frames > self._judged:
            for probability in self._activity.probability(self._judged, frames):
                self._judge(probability)
            self._judged = frames

    def _judge(self, probability: float) -> None:
        """One frame of 40 ms."""
        self.speaking = probability > (SILENT if self.speaking else SPEAKS)
        self._spoken = self._spoken or self.speaking
        self.silence = self.silence + 1 / FRAME_RATE if self._spoken and not self.speaking else 0.0

    def _renew(self) -> None:
        if self._detector is None:
            return
        try:
            self._activity, self._judged = self._detector(), 0
        except SonicError as error:
            log.warning("recordings will not end by themselves: %s %s", error, error.detail)
            self._detector, self.speaking = None, True
