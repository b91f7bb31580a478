"""Which of the 478 mesh points is what. Source: MediaPipe's face mesh (`face_mesh_connections`), Apache-2.0.

"Left" and "right" in names are the person's own; tuples run from the image's left to its right.
"""

from __future__ import annotations

UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""The two edges of the mouth opening, point by point opposite each other; the ends are the corners."""

UPPER_ROWS = (
    (191, 80, 81, 82, 13, 312, 311, 310, 415),
    (183, 42, 41, 38, 12, 268, 271, 272, 407),
    (184, 74, 73, 72, 11, 302, 303, 304, 408),
    (185, 40, 39, 37, 0, 267, 269, 270, 409),
)
LOWER_ROWS = (
    (95, 88, 178, 87, 14, 317, 402, 318, 324),
    (96, 89, 179, 86, 15, 316, 403, 319, 325),
    (77, 90, 180, 85, 16, 315, 404, 320, 307),
    (146, 91, 181, 84, 17, 314, 405, 321, 375),
)
"""Rows of the lips from the opening outwards, without the corners."""

UPPER_LIP = tuple(point for row in UPPER_ROWS for point in row)
LOWER_LIP = tuple(point for row in LOWER_ROWS for point in row)
SEAM = (13, 14)
"""Middle of the closed mouth, upper and lower."""

MOUTH_CORNERS = (61, 291)
INNER_CORNERS = (78, 308)

RIGHT_EYE_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_EYE_LOWER = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LEFT_EYE_UPPER = (362, 398, 384, 385, 386, 387, 388, 466, 263)
LEFT_EYE_LOWER = (362, 382, 381, 380, 374, 373, 390, 249, 263)
RIGHT_BROW_LOWER = (46, 53, 52, 65, 55)
LEFT_BROW_LOWER = (285, 295, 282, 283, 276)

FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
FOREHEAD, CHIN, NOSE_BASE = 10, 152, 2

STABLE = (
    10, 338, 297, 332, 284, 251, 389, 356, 127, 162, 21, 54, 103, 67, 109, 151, 9, 8, 168, 6, 197, 195, 5, 4,
    33, 133, 362, 263, 234, 454, 116, 345, 117, 346,
)  # fmt: skip
"""Points that speech and expression hardly move: forehead, temples, bridge of the nose, corners of the eyes."""

CHEEKS = (205, 425, 50, 280, 187, 411)
"""Points on plain skin, for its colour."""

IRISES = tuple(range(468, 478))
