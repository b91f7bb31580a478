"""How to stand before the camera: from what one look found to the one thing that is to be done next. No clock, no I/O.

A face that lies at a limit must not make the words flicker: an advice that is being given holds until its limit is
passed by a margin (`advise`), and another is given only once it has been right for a while (`Guide`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional, Sequence, Tuple

import cv2
import numpy as np

from ...pipeline.face import Portrait
from ...pipeline.face.finder import share_outside
from ...pipeline.photo import Photo

GUIDANCE = (
    "no_face",
    "one_person",
    "closer",
    "farther",
    "centre",
    "look_straight",
    "more_light",
    "too_bright",
    "hold_still",
    "ready",
)
"""All there is to say, in the order in which it is said: whoever is too far away is not told about the light yet. In a
picture that is dark all over, "more_light" takes the place of "no_face"."""

SETTLE_SECONDS = 0.3
"""An advice must have been right for so long before it is given."""

DARK_PICTURE = 30.0
"""Mean luma, 0..255, of a picture in which no face can be expected to be found."""
COMPARABLE = 0.5
"""A second face counts from this width on, as a share of the first one's."""


@dataclass(frozen=True)
class _Limit:
    """An advice is right above ``value``, and once given, until below ``value - slack``."""

    value: float
    slack: float


LIMITS: Dict[str, _Limit] = {
    # Face width over the shorter side of the picture. At 0.2 of 720 px the square that is animated is some 400 px wide;
    # at 0.48 head and hair fill the picture.
    "closer": _Limit(-0.20, 0.02),
    "farther": _Limit(0.48, 0.03),
    # Distance from where the face should be, as a share of the picture's extent in that direction.
    "centre": _Limit(0.20, 0.03),
    # Degrees. The pipeline takes up to 35, but the half of the face that is turned away lacks detail.
    "look_straight": _Limit(16.0, 3.0),
    # Mean luma of the face. Low: dark skin in good light is near 60.
    "more_light": _Limit(-42.0, 6.0),
    # Share of the face that is white without detail.
    "too_bright": _Limit(0.20, 0.05),
    # Face widths a second.
    "hold_still": _Limit(0.6, 0.2),
}

CENTRE = (0.5, 0.48)
"""Where the middle of the face should be, in shares of the picture."""
LEVEL = 4.0
"""Degrees of pitch at which heads are read that look straight: cameras stand a little lower or higher than eyes."""
WHITE = 250
"""Luma of what shows no detail."""
MAX_OUTSIDE = 0.02
"""Share of the face that may lie beyond the picture's border."""


@dataclass(frozen=True)
class Look:
    """What one look found; shares are 0..1.

    ``faces``: of comparable size. Of the largest: ``size`` its width over the picture's shorter side, ``aside`` how far
    it is from `CENTRE`, in shares of width or height, whichever is more; ``outside`` the share of it beyond the border;
    ``turned`` degrees away from straight on; ``light`` its mean luma, 0..255, or the picture's where there is no face;
    ``glare`` the share of it that is white; ``speed`` in face widths a second.
    """

    faces: int
    light: float
    size: float = 0.0
    aside: float = 0.0
    outside: float = 0.0
    turned: float = 0.0
    glare: float = 0.0
    speed: float = 0.0


def look_at(picture: np.ndarray, portraits: Sequence[Portrait], speed: float = 0.0) -> Look:
    """``picture``: uint8 (height, width, 3) RGB; ``portraits``: what was found in it."""
    face = largest(portraits)
    if face is None:
        return Look(0, float(_luma(picture[::4, ::4]).mean()))
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = face.box
    skin = _luma(_inside(picture, face.box))
    aside = ((x0 + x1) / 2 / width - CENTRE[0], (y0 + y1) / 2 / height - CENTRE[1])
    return Look(
        faces=sum(other.width >= COMPARABLE * face.width for other in portraits),
        light=float(skin.mean()) if skin.size else 0.0,
        size=face.width / min(width, height),
        aside=max(map(abs, aside)),
        outside=share_outside(face, Photo(picture)),
        turned=max(abs(face.yaw), abs(face.pitch + LEVEL), abs(face.roll)),
        glare=float((skin >= WHITE).mean()) if skin.size else 0.0,
        speed=speed,
    )


def largest(portraits: Sequence[Portrait]) -> Optional[Portrait]:
    return max(portraits, key=lambda portrait: portrait.width, default=None)


def advise(look: Look, given: str = "") -> str:
    """The first of `GUIDANCE` that applies. ``given``: what was said before."""
    if not look.faces:
        return "more_light" if look.light < DARK_PICTURE else "no_face"
    if look.faces > 1:
        return "one_person"
    values = {
        "closer": -look.size,
        "farther": look.size,
        "centre": look.aside,
        "look_straight": look.turned,
        "more_light": -look.light,
        "too_bright": look.glare,
        "hold_still": look.speed,
    }
    for key in GUIDANCE:
        if key in values and values[key] > LIMITS[key].value - (LIMITS[key].slack if key == given else 0.0):
            return key
        if key == "centre" and look.outside > MAX_OUTSIDE:
            return key
    return "ready"


class Guide:
    """The advice over time."""

    def __init__(self) -> None:
        self._given = "no_face"
        self._next = ("no_face", 0.0)

    def heed(self, look: Look, at: float) -> str:
        """What to say after a look at the time ``at``, in seconds of any clock that goes forward."""
        advice = advise(look, self._given)
        if advice != self._next[0]:
            self._next = (advice, at)
        if at - self._next[1] >= SETTLE_SECONDS:
            self._given = advice
        return self._given


def _luma(pixels: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY) if pixels.size else np.empty(0, np.uint8)


def _inside(picture: np.ndarray, box: Tuple[float, float, float, float]) -> np.ndarray:
    """The middle of the box, where there is skin and neither hair nor background."""
    x0, y0, x1, y1 = box
    left, right = x0 + 0.15 * (x1 - x0), x1 - 0.15 * (x1 - x0)
    top, bottom = y0 + 0.15 * (y1 - y0), y1 - 0.10 * (y1 - y0)
    return picture[max(0, int(top)) : max(0, int(bottom)), max(0, int(left)) : max(0, int(right))]
