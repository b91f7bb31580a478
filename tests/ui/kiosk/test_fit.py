"""Every screen, in all sizes, languages and modes: no words are cut or lie over others, and fingers can hit."""

from __future__ import annotations

from typing import Any, Callable

import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")

from PyQt5.QtGui import QScreen
from ui.kiosk.seen import complaints, controls, small

from appliance.ui.flow import LANGUAGES
from appliance.ui.kiosk.theme import MM_PER_INCH, TARGET_MM
from tools.kiosk_scenes import SCENES, Material, enact

SIZES = ((1024, 600), (1280, 800), (1920, 1080), (1080, 1920))
MODES = ((False, False), (True, True))
"""Large text, high contrast; its thicker lines take room as well."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("large, contrast", MODES)
@pytest.mark.parametrize("size", SIZES)
def test_everything_can_be_read_and_hit(
    kiosk: Callable[..., Any], material: Material, size: Any, large: bool, contrast: bool, language: str
) -> None:
    window = kiosk(*size, large_text=large, high_contrast=contrast)
    for scene in SCENES:
        enact(window, scene, material, language)
        assert complaints(window) == [], scene.name
        assert small(window) == [], scene.name
        assert controls(window) or scene.name in ("thanks",), scene.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_small_screen_with_fine_dots(
    kiosk: Callable[..., Any], material: Material, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1024 × 600 on seven inches: twelve millimetres are 80 px."""
    monkeypatch.setattr(QScreen, "physicalDotsPerInch", lambda _screen: 170.0)
    window = kiosk(1024, 600)
    assert window.theme.target >= TARGET_MM / MM_PER_INCH * 170
    for scene in SCENES:
        enact(window, scene, material, language)
        assert complaints(window) == [], scene.name
        assert small(window) == [], scene.name
