"""A kiosk without its director, and what a visitor would bring."""

from __future__ import annotations

from typing import Any, Callable, Iterator, List

import pytest


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("skimage")
    from tools.kiosk_scenes import Material

    return Material(tmp_path_factory.mktemp("material"))


@pytest.fixture()
def kiosk(qapp: Any) -> Iterator[Callable[..., Any]]:
    """Opens windows: ``kiosk(width, height, **settings)``."""
    from appliance.settings import KioskSettings
    from tools.kiosk_scenes import close_window, open_window

    opened: List[Any] = []

    def make(width: int = 1280, height: int = 800, **settings: Any) -> Any:
        opened.append(open_window((width, height), KioskSettings(**settings)))
        return opened[-1]

    yield make
    for window in opened:
        close_window(window)
