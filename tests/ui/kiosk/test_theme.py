"""Sizes for fingers and colours for eyes."""

from __future__ import annotations

from typing import Tuple

import pytest

from appliance.ui.kiosk.theme import HIGH_CONTRAST, MM_PER_INCH, SANE_DPI, TARGET_MM, Palette, Theme

READABLE, VERY_READABLE = 4.5, 7.0
"""Contrast of text as WCAG 2 asks for, levels AA and AAA."""
PAIRS = (
    ("ink", "background"), ("ink", "surface"), ("muted", "background"), ("muted", "surface"), ("ink", "primary_soft"),
    ("primary", "surface"), ("primary", "background"), ("on_primary", "primary"), ("on_record", "record"),
    ("record", "surface"), ("warn", "surface"), ("good", "surface"), ("on_shade", "shade"),
    ("on_primary", "primary_pressed"),
)  # fmt: skip


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("size", [(1024, 600), (1280, 800), (1920, 1080), (1080, 1920)])
@pytest.mark.parametrize("dpi", [SANE_DPI[0], 96.0, 101.6, 117.0, 170.0, 220.0])
def test_a_target_is_at_least_twelve_millimetres_on_this_screen(size: Tuple[int, int], dpi: float) -> None:
    assert Theme(*size, dpi=dpi).target / dpi * MM_PER_INCH >= TARGET_MM


@pytest.mark.parametrize("nonsense", [0.0, 1.0, 25.4, 2540.0, float("nan")])
def test_a_screen_that_does_not_know_its_size_gets_targets_that_one_can_live_with(nonsense: float) -> None:
    assert 50 <= Theme(1024, 600, dpi=nonsense).target <= 80


@pytest.mark.parametrize("palette, least", [(Palette(), READABLE), (HIGH_CONTRAST, VERY_READABLE)])
def test_what_is_written_can_be_read(palette: Palette, least: float) -> None:
    for writing, ground in PAIRS:
        assert contrast(getattr(palette, writing), getattr(palette, ground)) >= least, (writing, ground)


def test_large_text_is_larger() -> None:
    theme, large = Theme(), Theme(large_text=True)
    for name in ("small", "body", "lead", "title", "hero"):
        assert getattr(large, name) > getattr(theme, name), name


def test_the_style_sheet_says_nothing_unknown(recwarn: pytest.WarningsRecorder) -> None:
    for large in (False, True):
        sheet = Theme(large_text=large).sheet()
        assert "{" in sheet and "{t." not in sheet and "None" not in sheet
