"""What each profile allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

from ...settings import Settings
from ..flow import Rules

PROFILES = ("kiosk", "classroom", "headless")

LESSON_SECONDS = 3600.0


def rules_from(settings: Settings, profile: str) -> Rules:
    """``profile``: one of `PROFILES`."""
    kiosk = settings.kiosk
    common: Dict[str, Any] = {
        "language": kiosk.language,
        "idle_seconds": kiosk.idle_seconds,
        "record_seconds": kiosk.record_seconds,
    }
    if profile == "headless":  # who presses the button agrees, as the sign beside it says
        portrait = Path(settings.headless.portrait) if settings.headless.portrait else None
        return Rules(
            consent=False, pick=False, save=False, automatic=True, portrait=portrait, stop_at_silence=False, **common
        )  # fmt: skip
    if profile == "classroom":  # teachers pause when they speak, go away and come back, and want to find it again
        lesson = {**common, "record_seconds": max(LESSON_SECONDS, kiosk.record_seconds)}
        return Rules(
            consent=settings.consent.required, camera=kiosk.camera, link=bool(kiosk.link), watch_early=True, keep=True,
            idle=False, stop_at_silence=False, **lesson,
        )  # fmt: skip
    return Rules(camera=kiosk.camera, pick=kiosk.pick, save=kiosk.save, link=bool(kiosk.link), **common)
