"""How a head is turned, read from its mesh.

A few points that no expression moves are matched, as a rigid body under scaled orthographic projection, with where they
lie in an average head that looks straight into the camera. Only their x and y are used: the depth that the mesh network
guesses flattens when a head turns far.

Source of the method: the affine fit and its nearest rotation of DeMenthon & Davis, "Model-Based Object Pose in 25 Lines
of Code", 1995 (first iteration). Layout: mean of the meshes read off 16 rendered ICT-FaceKit heads, made symmetric.
"""

from __future__ import annotations

from typing import Tuple

import numpy as np

EYE_LEFT, EYE_RIGHT = 33, 263
"""Outer corners of the eyes."""

PAIRS = {
    (33, 263): (0.500, 0.000, 0.000),
    (133, 362): (0.196, 0.010, -0.062),
    (98, 327): (0.161, 0.461, -0.225),
    (127, 356): (0.792, 0.057, 0.571),
    (234, 454): (0.780, 0.226, 0.619),
    (162, 389): (0.783, -0.122, 0.458),
}
"""Left and right point → where the right one lies; the left one has x negated. Corners of the eyes, wings of the nose,
temples. Unit: distance of the outer eye corners, from the middle between them; x right, y down, z to the back."""

MIDLINE = {
    10: (-0.634, -0.185),
    9: (-0.248, -0.267),
    168: (-0.057, -0.249),
    6: (0.025, -0.299),
    195: (0.160, -0.419),
    1: (0.381, -0.488),
    2: (0.469, -0.316),
}
"""Forehead to nose → y and z, units as above."""

POINTS = [point for pair in PAIRS for point in pair] + list(MIDLINE)
LAYOUT = np.array(
    [(side * x, y, z) for x, y, z in PAIRS.values() for side in (-1, 1)] + [(0.0, y, z) for y, z in MIDLINE.values()]
)


def head_angles(mesh: np.ndarray) -> Tuple[float, float, float]:
    """Roll, yaw and pitch in degrees of a mesh (478, 3).

    Roll is the slope of the eyes, positive = clockwise in the picture; yaw positive = towards the right of the picture;
    pitch positive = up. Against rendered heads of known angle, yaw is right within 4 degrees up to 40 and falls short
    beyond (43 for 50, 52 for 60); pitch falls short when the head is bowed (-11 for -20).
    """
    points = mesh[POINTS, :2].astype(np.float64)
    affine = np.linalg.lstsq(LAYOUT - LAYOUT.mean(axis=0), points - points.mean(axis=0), rcond=None)[0].T
    left, _, right = np.linalg.svd(affine, full_matrices=False)
    first_rows = left @ right
    # The head's z axis, seen from the camera; the nose points the other way.
    back_x, back_y = first_rows[:, 2]
    back_z = np.cross(first_rows[0], first_rows[1])[2]
    yaw = np.arctan2(-back_x, back_z)
    pitch = np.arctan2(back_y, np.hypot(back_x, back_z))
    eyes = mesh[EYE_RIGHT, :2] - mesh[EYE_LEFT, :2]
    roll, yaw, pitch = np.degrees([np.arctan2(eyes[1], eyes[0]), yaw, pitch]).tolist()
    return roll, yaw, pitch
