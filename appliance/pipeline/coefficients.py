"""The 32 motion coefficients: ARKit's names and meaning, 0 = rest, 1 = the full shape.

Source: Apple, ARKit, `ARFaceAnchor.BlendShapeLocation`. Left and right are the person's own.
The manifest of the networks repeats the list; a network trained for another list is refused.
"""

from __future__ import annotations

from typing import Tuple

COEFFICIENTS: Tuple[str, ...] = (
    "jawOpen", "jawForward", "jawLeft", "jawRight",
    "mouthClose", "mouthFunnel", "mouthPucker",
    "mouthRollUpper", "mouthRollLower", "mouthShrugUpper", "mouthShrugLower",
    "mouthPressLeft", "mouthPressRight",
    "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthDimpleLeft", "mouthDimpleRight",
    "tongueOut", "cheekPuff",
    "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
)  # fmt: skip

INDEX = {name: index for index, name in enumerate(COEFFICIENTS)}
MOUTH = slice(0, 27)
"""The coefficients that speech drives (jaw, lips, cheeks, tongue)."""

POSE: Tuple[str, ...] = ("pitch", "yaw", "roll", "shift_x", "shift_y", "scale")
"""Head pose of a frame: pitch, yaw, roll in degrees (positive: nods down, turns to the viewer's right, tilts
clockwise); shifts as a share of the face height (positive: right, down); scale as a relative change of size."""
