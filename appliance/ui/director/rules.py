"""What each profile allows."""

from __future__ import annotations

from pathlib import Path

from ...settings import Settings
from ..flow import Rules


def rules_from(settings: Settings, profile: str) -> Rules:
    """``profile``: "kiosk", "classroom" or "headless"."""
    kiosk = settings.kiosk
    if profile == "kiosk":
        return Rules(
            camera=kiosk.camera, pick=kiosk.pick, save=kiosk.save, link=bool(kiosk.link), language=kiosk.language,
            idle_seconds=kiosk.idle_seconds,
        )  # fmt: skip
    if profile == "classroom":
        return Rules(
            consent=False, camera=kiosk.camera, pick=True, save=True, link=bool(kiosk.link), watch_early=True, keep=True,
            idle=False, language=kiosk.language,
        )  # fmt: skip
    portrait = Path(settings.headless.portrait) if settings.headless.portrait else None
    return Rules(
        consent=False, pick=False, save=False, automatic=True, portrait=portrait, idle=False, language=kiosk.language
    )  # fmt: skip
