"""Where the small picture lies on the screen. Plain geometry."""

from __future__ import annotations

from typing import Dict, Tuple

Rect = Tuple[int, int, int, int]
"""Left, top, width, height; px."""

SIZES: Dict[str, float] = {"small": 0.3, "medium": 0.45, "large": 0.65}
"""Of the picture, as a share of the shorter side of the screen."""
CORNERS = ("top_left", "top_right", "bottom_right", "bottom_left")


def placed(screen: Rect, size: str, corner: str, least: int, bar: int, margin: int) -> Rect:
    """A square picture above a bar of ``bar`` px, at least ``least`` px wide, ``margin`` px from the edges."""
    left, top, width, height = screen
    side = min(max(round(SIZES[size] * min(width, height)), least), width - 2 * margin, height - 2 * margin - bar)
    x = left + margin if corner.endswith("left") else left + width - margin - side
    y = top + margin if corner.startswith("top") else top + height - margin - side - bar
    return x, y, side, side + bar


def nearest_corner(screen: Rect, rect: Rect) -> str:
    """Of the screen, for something that was let go there."""
    right = rect[0] + rect[2] / 2 > screen[0] + screen[2] / 2
    bottom = rect[1] + rect[3] / 2 > screen[1] + screen[3] / 2
    return f"{'bottom' if bottom else 'top'}_{'right' if right else 'left'}"


def next_of(names: Tuple[str, ...], name: str) -> str:
    return names[(names.index(name) + 1) % len(names)]
