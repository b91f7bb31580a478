"""What numbers look like in a deploy graph, and which of them the tool chain and the chip can hold.

The format is that which AMCT, Huawei's quantiser, writes: `AscendQuant` before a layer, int8 weights and int32 biases
in it, `AscendDequant` after it.
"""

from __future__ import annotations

import numpy as np

QUANT, DEQUANT = "AscendQuant", "AscendDequant"
CODES = (-128, 127)
SCALES = (1.1920929e-07, 8388608.0)
"""Smallest and largest scale that AMCT allows, of activations and of weights: float32 epsilon, and one by it."""
HALF = (float(np.finfo(np.float16).tiny), float(np.finfo(np.float16).max))
"""Normal numbers of fp16, in which the chip multiplies by the ``scale`` of an `AscendQuant`."""
FLOAT32 = 0
"""``dtype`` of an `AscendDequant` whose result is float32 in the graph."""


def quant_name(layer: str) -> str:
    return f"{layer}.quant"


def dequant_name(layer: str) -> str:
    return f"{layer}.dequant"


def parameter_name(layer: str) -> str:
    return f"{layer}.dequant.param"


def packed(scales: np.ndarray) -> np.ndarray:
    """uint64 of float32 scales: their bits in the lower half; the offset of the weights in the next byte is 0."""
    return np.ascontiguousarray(scales, dtype="<f4").view("<u4").astype(np.uint64)


def unpacked(parameters: np.ndarray) -> np.ndarray:
    """The float32 scales of `packed` values."""
    return (parameters & np.uint64(0xFFFFFFFF)).astype("<u4").view("<f4")
