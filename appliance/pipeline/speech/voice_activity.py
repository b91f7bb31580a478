"""Where somebody speaks: Silero's voice activity network on ONNX Runtime.

Source: Silero Team, *Silero VAD*, v6 (MIT). The network takes 512 new samples at 16 kHz after the 64 before them, and
carries a recurrent state from call to call.
"""

from __future__ import annotations

import array
import math
from pathlib import Path

import numpy as np
import onnxruntime

from ...settings import FRAME_RATE, SAMPLE_RATE

HOP = 512
CONTEXT = 64
FRAME = SAMPLE_RATE // FRAME_RATE


class VoiceActivity:
    """Listens to a recording from its start on; holds one number for each 32 ms and less than that of sound."""

    def __init__(self, model: Path) -> None:
        self._session = _session(model)
        self._rate = np.array(SAMPLE_RATE, dtype=np.int64)
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._pending = np.zeros(CONTEXT, dtype=np.float32)
        self._hops = array.array("f")

    @property
    def samples(self) -> int:
        """How many samples were added."""
        return len(self._hops) * HOP + len(self._pending) - CONTEXT

    def add(self, samples: np.ndarray) -> None:
        """The next float32 (n,) samples at 16 kHz."""
        sound = np.concatenate((self._pending, samples))
        start = 0
        while start + CONTEXT + HOP <= len(sound):
            inputs = {"input": sound[None, start : start + CONTEXT + HOP], "state": self._state, "sr": self._rate}
            probability, self._state = self._session.run(None, inputs)
            self._hops.append(float(probability[0, 0]))
            start += HOP
        self._pending = sound[start:]

    def end(self) -> None:
        """The recording is over: what is left is filled up with silence."""
        if len(self._pending) > CONTEXT:
            self.add(np.zeros(HOP + CONTEXT - len(self._pending), dtype=np.float32))

    @property
    def frames(self) -> int:
        """Video frames whose probability will not change any more, as long as `end` was not called."""
        return max(math.floor((len(self._hops) - 0.5) * HOP / FRAME - 0.5) + 1, 0)

    def probability(self, first: int, last: int) -> np.ndarray:
        """Of speech at the middle of video frames ``first .. last - 1``, float32 (last - first,)."""
        middles = (np.arange(first, last) + 0.5) * FRAME
        hop = max(int(first * FRAME / HOP) - 2, 0), int(last * FRAME / HOP) + 3
        hops = np.frombuffer(self._hops, dtype=np.float32)[slice(*hop)]
        return np.interp(middles, (hop[0] + np.arange(len(hops)) + 0.5) * HOP, hops).astype(np.float32)


def _session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
