"""Where somebody speaks: Silero's voice activity network on ONNX Runtime.

Source: Silero Team, *Silero VAD*, v6 (MIT). The network takes 512 new samples at 16 kHz after the 64 before them, and
carries a recurrent state from call to call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np
import onnxruntime

from ...settings import FRAME_RATE, SAMPLE_RATE

HOP = 512
CONTEXT = 64
CHUNK_HOPS = 256
"""Hops read from the recording at a time (8 s)."""


def speech_probability(model: Path, read: Callable[[int, int], np.ndarray], samples: int, frames: int) -> np.ndarray:
    """Probability of speech at the middle of each video frame, float32 (frames,).

    ``read(start, count)``: float32 (count,) of the recording at 16 kHz, zero outside it; ``samples``: its length.
    """
    hops = -(-samples // HOP)
    probabilities = np.empty(hops, dtype=np.float32)
    session = _session(model)
    rate = np.array(SAMPLE_RATE, dtype=np.int64)
    state = np.zeros((2, 1, 128), dtype=np.float32)
    for first in range(0, hops, CHUNK_HOPS):
        last = min(first + CHUNK_HOPS, hops)
        chunk = read(first * HOP - CONTEXT, (last - first) * HOP + CONTEXT)
        for hop in range(first, last):
            start = (hop - first) * HOP
            window = chunk[None, start : start + CONTEXT + HOP]
            probability, state = session.run(None, {"input": window, "state": state, "sr": rate})
            probabilities[hop] = probability[0, 0]
    middles = (np.arange(frames) + 0.5) * (SAMPLE_RATE / FRAME_RATE)
    return np.interp(middles, (np.arange(hops) + 0.5) * HOP, probabilities).astype(np.float32)


def _session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
