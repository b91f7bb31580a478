"""The inside of the mouth by plain geometry: cavity, teeth rows, gums, tongue, which no photo shows.

The upper row is fixed to the skull, the lower row with the tongue to the jaw, so teeth neither swim nor flicker.
The learned painter (`painter.py`) is guided by it.
"""

from __future__ import annotations

from typing import List, Mapping, NamedTuple, Tuple

import cv2
import numpy as np

from ...models import ModelStore
from ..coefficients import INDEX
from ..face import topology as topo
from .identity import Identity

CAVITY = np.array([52.0, 22.0, 22.0], np.float32)
"""RGB of the depth of a mouth in ordinary light."""

ORDINARY_WHITE = 185.0
"""Luminance (BT.601) of a white eye in ordinary light; a darker photo has a darker mouth."""

LUMINANCE = np.array([0.299, 0.587, 0.114])
USUAL_SKIN = np.array([1.22, 0.94, 0.76])
"""RGB of skin in neutral light, per luminance."""

CAST = 0.35
"""How much of the skin's colour cast the teeth take on."""

COLOURLESS, COLOURED = 0.04, 0.10
"""Saturation of the skin up to which a photo is black and white, and from which it is in colour."""

SPRITE_TOOTH = np.array([226.0, 217.0, 201.0])
"""RGB of the sprites' front teeth."""

TEETH_GAP, TEETH_PIXELS = 0.02, 40
"""A photo shows its own teeth if the lips are this far apart (share of the face height), in at least so many pixels."""

SPRITE_OVERSAMPLING = 2
LIP_SHADOW = 0.020
"""Share of the face height over which the lips shade what lies behind them."""

AMBIENT, SHADOW = 0.10, 1.5
"""Least light in a slit that the lips only just open, and how fast it grows as they part."""

UPPER_EDGE_SHOWN = 0.007
"""Face heights by which the upper teeth stand lower than the model's: people speak with their edge in sight."""

TOOTH_SHOWN, EDGE_BELOW_SEAM = 0.055, 0.010
"""Shares of the face height: most of the upper teeth that a smile shows; where their edge is at rest."""

TONGUE = np.array([158.0, 78.0, 80.0], np.float32)
"""RGB of the tongue in ordinary light."""

TONGUE_SIZE, TONGUE_BELOW = (0.105, 0.058), 0.035
"""Half axes of the tongue, and its middle below the edge of the lower teeth, in face heights."""

TONGUE_FOLLOWS = 0.8
"""How far the tongue goes with the jaw: its root is in the throat."""

TONGUE_RISE = 0.03
"""Share of the face height by which `tongueOut` = 1 lifts the tongue (it is drawn, never put out)."""


class Interior(NamedTuple):
    """What is seen behind the lips: ``picture`` float32 (h,w,3) RGB; ``rows`` float32 (h,w,2), how much of a pixel the
    upper row of teeth covers, and how much of it the lower row and the tongue."""

    picture: np.ndarray
    rows: np.ndarray


class MouthInterior:
    """The mouth of one photo; its size is matched once. ``light`` (3,): see `light_on_teeth`."""

    def __init__(self, identity: Identity, store: ModelStore, light: np.ndarray) -> None:
        sprites = np.load(store.data_file("built/mouth_sprites.npz"))
        self._colour = colourfulness(identity)
        self._face_height = identity.face_height
        self._cavity = CAVITY * light
        self._upper, self._upper_matrix = _fitted(identity, sprites, "upper", light)
        self._upper_matrix[:, 2] += _upper_edge(identity)
        self._lower, self._lower_matrix = _fitted(identity, sprites, "lower", light)
        self._tongue, self._tongue_matrix = _tongue(identity, light)
        self._down = identity.head_axes[1]
        self._teeth_deltas = identity.teeth_deltas

    def paint(self, coefficients: np.ndarray, head_shift: np.ndarray, opening: np.ndarray) -> Interior:
        """``coefficients`` (32,); ``head_shift`` (2,) px of the skull at the mouth; ``opening`` float32 (h,w) over the
        identity's mouth box, 1 where the lips are parted.

        Of a part of the box that holds all of the opening: what ``head_shift`` is there, less the part's corner."""
        jaw = coefficients @ self._teeth_deltas
        picture = np.empty(opening.shape + (3,), np.float32)
        picture[:] = self._cavity
        rows = np.empty(opening.shape + (2,), np.float32)
        risen = self._down * TONGUE_RISE * coefficients[INDEX["tongueOut"]]
        tongue = self._lay(picture, self._tongue, self._tongue_matrix, head_shift + TONGUE_FOLLOWS * jaw - risen)
        lower = self._lay(picture, self._lower, self._lower_matrix, head_shift + jaw)
        rows[..., 0] = self._lay(picture, self._upper, self._upper_matrix, head_shift)
        rows[..., 1] = np.maximum(tongue, lower) * (1 - rows[..., 0])
        # Light reaches the inside through the opening only: darker near the lips, and darker the narrower it is.
        deviation = LIP_SHADOW * self._face_height
        reach = cv2.GaussianBlur(opening, (0, 0), deviation, borderType=cv2.BORDER_CONSTANT)
        picture *= np.clip((2 * reach) ** SHADOW, AMBIENT, 1)[..., None]
        return Interior(in_colour(picture, self._colour), rows)

    def _lay(self, picture: np.ndarray, sprite: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """Lays a sprite over the picture; returns how much of each pixel it covers."""
        placed = matrix.copy()
        placed[:, 2] += shift
        size = (picture.shape[1], picture.shape[0])
        drawn = cv2.warpAffine(sprite, placed, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        picture *= 1 - drawn[..., 3:]
        picture += drawn[..., :3]
        return drawn[..., 3]


def _fitted(
    identity: Identity, sprites: Mapping[str, np.ndarray], name: str, light: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """The row as premultiplied float32 (h,w,4), lit like the photo, and its affine (2,3) into the mouth box."""
    picture = sprites[name].astype(np.float32)
    picture[..., 3] /= 255
    picture[..., :3] *= light * picture[..., 3:]
    per_face = float(sprites["pixels_per_face"])
    width = _length(identity.mesh[topo.INNER_CORNERS[1], :2] - identity.mesh[topo.INNER_CORNERS[0], :2])
    usual = float(sprites["mouth_width"]) * _length(identity.head_axes[0])
    # People with wide mouths have wider teeth, but less than in proportion.
    axes = identity.head_axes * np.sqrt(np.clip(width / usual, 0.8, 1.2))

    step = _length(axes[0]) / per_face  # video px a sprite px
    reduction = min(1.0, step * SPRITE_OVERSAMPLING)
    picture = cv2.resize(picture, None, fx=reduction, fy=reduction, interpolation=cv2.INTER_AREA)
    place = sprites[f"{name}_place"] + 0.5 / per_face / reduction - sprites["seam"]
    corner = place @ axes + identity.seam - np.array(identity.mouth_box[:2])
    return picture, np.column_stack([axes.T / (per_face * reduction), corner])


def _tongue(identity: Identity, light: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """A soft mound, lit from the opening, as premultiplied float32 (h,w,4), and its affine into the mouth box."""
    width, height = (int(np.ceil(2 * half * identity.face_height)) for half in TONGUE_SIZE)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    inside = np.clip((1 - np.sqrt(x**2 + y**2)) * 3, 0, 1)
    # Darker at the back, where it goes down the throat, and along the groove in its middle.
    shade = (0.62 - 0.22 * y) * (1 - 0.15 * np.exp(-((x / 0.12) ** 2))) * np.sqrt(np.clip(1.1 - x**2, 0, 1))
    colour = (TONGUE * light) * np.clip(shade, 0, 1)[..., None]
    picture = np.dstack([colour * inside[..., None], inside]).astype(np.float32)
    axes = identity.head_axes / np.linalg.norm(identity.head_axes, axis=1, keepdims=True)
    middle = identity.seam + identity.head_axes[1] * TONGUE_BELOW - np.array(identity.mouth_box[:2])
    corner = middle - np.array([width / 2, height / 2]) @ axes
    return picture, np.column_stack([axes.T, corner])


def _length(vector: np.ndarray) -> float:
    return float(np.linalg.norm(vector))


def _upper_edge(identity: Identity) -> np.ndarray:
    """Shift (2,) px of the upper row, whose edge is to be in sight; on a smile the lower lip follows that edge."""
    least = identity.head_axes[1] * UPPER_EDGE_SHOWN
    upper, lower = identity.mesh[topo.UPPER_ROWS[0][4], :2], identity.mesh[topo.LOWER_ROWS[0][4], :2]
    gap = _length(lower - upper)
    if gap < TEETH_GAP * identity.face_height:
        return least
    down = (lower - upper) / gap
    edge = upper + down * 0.85 * min(gap, TOOTH_SHOWN * identity.face_height)
    shift = float((edge - identity.seam) @ down) - EDGE_BELOW_SEAM * identity.face_height
    return down * max(_length(least), shift)


def light_on_teeth(identity: Identity) -> np.ndarray:
    """RGB factors (3,) of the photo's light on teeth: from its own teeth where it shows them, else brightness from the
    whites of the eyes and cast from the skin."""
    still = identity.canvas.still
    skin = _skin(identity)
    opening = [identity.mesh[list(row), :2] for row in (topo.UPPER_INNER, topo.LOWER_INNER[::-1])]
    own = _inside(still, [np.concatenate(opening)])
    luminance = own @ LUMINANCE
    gap = np.abs(opening[0][5] - opening[1][5]).max() / identity.face_height
    if gap > TEETH_GAP and len(own) > TEETH_PIXELS and np.percentile(luminance, 75) > 0.8 * skin @ LUMINANCE:
        bright = own[luminance >= np.percentile(luminance, 60)].mean(0)
        return (np.clip(bright / SPRITE_TOOTH, 0.3, 1.15)).astype(np.float32)
    eyes = _inside(still, [
        np.concatenate([identity.mesh[list(upper), :2], identity.mesh[list(lower[::-1]), :2]])
        for upper, lower in ((topo.RIGHT_EYE_UPPER, topo.RIGHT_EYE_LOWER), (topo.LEFT_EYE_UPPER, topo.LEFT_EYE_LOWER))
    ])  # fmt: skip
    white = float(np.percentile(eyes @ LUMINANCE, 92)) if len(eyes) else 0.0
    return light_by_skin(skin, white)


def light_by_skin(skin: np.ndarray, white: float) -> np.ndarray:
    """RGB factors (3,) for skin of that colour (3,) and eyes whose white has that luminance."""
    white = max(white, float(skin @ LUMINANCE))
    cast = skin / (skin @ LUMINANCE) / USUAL_SKIN
    return (np.clip(white / ORDINARY_WHITE, 0.3, 1.1) * (1 + CAST * (cast - 1))).astype(np.float32)


def colourfulness(identity: Identity) -> float:
    """0 for a black-and-white photo, 1 for one in colour, by its skin."""
    skin = _skin(identity)
    saturation = float((skin.max() - skin.min()) / skin.max())
    return float(np.clip((saturation - COLOURLESS) / (COLOURED - COLOURLESS), 0, 1))


def in_colour(picture: np.ndarray, share: float) -> np.ndarray:
    """A picture (...,3) with that share of its colour left, as bright as it was."""
    if share == 1:
        return picture
    grey = (picture @ LUMINANCE)[..., None]
    return (grey + (picture - grey) * share).astype(picture.dtype)


def _skin(identity: Identity) -> np.ndarray:
    """Median RGB (3,) of the cheeks."""
    still, reach = identity.canvas.still, max(2, int(0.02 * identity.face_height))
    places = identity.mesh[list(topo.CHEEKS), :2].astype(int)
    patches = [still[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach].reshape(-1, 3) for x, y in places]
    return np.median(np.concatenate(patches), 0) + 1.0


def _inside(picture: np.ndarray, outlines: List[np.ndarray]) -> np.ndarray:
    """Pixels (n,3) inside closed outlines (m,2)."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    return picture[mask > 0]
