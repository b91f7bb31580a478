"""What goes into each network and what comes out, as the pipeline feeds and reads it: all float32, all of fixed shape.

The manifest of the networks repeats it; networks with another signature are refused before one of them is loaded.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from .coefficients import COEFFICIENTS
from .runtime.base import TensorSpec

FRAMES = 40
"""Video frames in a window of motion: 1.6 s."""
MEL = (80, 160)
"""Bands and columns of a window of speech: four columns a frame."""
PHOTO = 224
"""Side, in pixels, of the crop that `sonic` sees."""
STEP = 32
"""Channels of the code that tells the denoiser where on its path it is."""
CONDITION = 128
"""Channels of the condition: 32 regressed coefficients, the probability that the lips touch, the rest free features."""
LOOK = 128
MOUTH = 160
"""Side, in pixels, of the square around the mouth that the painter works on."""
TILED = 20
"""Side of the map over which the painter's coefficients are repeated: `MOUTH` after three halvings."""

MOTION = len(COEFFICIENTS)


class Signature(NamedTuple):
    """Inputs and outputs, in the order in which the networks declare them."""

    inputs: Tuple[TensorSpec, ...]
    outputs: Tuple[TensorSpec, ...]


SIGNATURES: Dict[str, Signature] = {
    "sonic": Signature(
        inputs=(TensorSpec("audio_input", (1, 1, *MEL)), TensorSpec("image_input", (1, 3, PHOTO, PHOTO))),
        outputs=(
            TensorSpec("condition", (1, CONDITION, 1, FRAMES)),
            TensorSpec("look", (1, LOOK)),
            TensorSpec("expression", (1, MOTION)),
        ),
    ),
    "sonic_denoiser": Signature(
        inputs=(
            TensorSpec("motion", (1, MOTION, 1, FRAMES)),
            TensorSpec("step", (1, STEP, 1, 1)),
            TensorSpec("condition", (1, CONDITION, 1, FRAMES)),
        ),
        outputs=(TensorSpec("velocity", (1, MOTION, 1, FRAMES)),),
    ),
    "sonic_painter": Signature(
        inputs=(TensorSpec("crop", (1, 9, MOUTH, MOUTH)), TensorSpec("motion", (1, MOTION, TILED, TILED))),
        outputs=(TensorSpec("rgba", (1, 4, MOUTH, MOUTH)),),
    ),
}
