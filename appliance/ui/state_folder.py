"""Where the screens keep what must outlast a restart: the staff's PIN, their choices and their switch."""

from __future__ import annotations

from pathlib import Path

from ..settings import Settings


def state_folder(settings: Settings) -> Path:
    """Beside the engine's own folders, so that one setting names the place of all, also in a shell."""
    return settings.engine.state / "kiosk"
