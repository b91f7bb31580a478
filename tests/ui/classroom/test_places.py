"""Where the small picture goes."""

from __future__ import annotations

import pytest

from appliance.ui.classroom.places import CORNERS, SIZES, nearest_corner, next_of, placed

SCREENS = ((0, 0, 1024, 600), (0, 0, 1920, 1080), (100, 50, 1080, 1920), (0, 0, 3840, 2160))


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corner", CORNERS)
def test_it_lies_in_its_corner_and_on_the_screen(screen: tuple, size: str, corner: str) -> None:
    left, top, width, height = placed(screen, size, corner, 234, 54, 9)
    assert screen[0] <= left and left + width <= screen[0] + screen[2]
    assert screen[1] <= top and top + height <= screen[1] + screen[3]
    assert width >= 234 and height == width + 54
    assert nearest_corner(screen, (left, top, width, height)) == corner


@pytest.mark.parametrize("screen", SCREENS)
def test_larger_is_larger_and_leaves_room(screen: tuple) -> None:
    widths = [placed(screen, size, "top_left", 100, 54, 9)[2] for size in SIZES]
    assert widths == sorted(set(widths))
    assert widths[-1] ** 2 < screen[2] * screen[3] / 2


def test_all_around() -> None:
    corner, seen = CORNERS[0], []
    for _ in range(4):
        seen.append(corner)
        corner = next_of(CORNERS, corner)
    assert corner == CORNERS[0] and set(seen) == set(CORNERS)
