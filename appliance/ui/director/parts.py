"""What the director works with: the devices, the engine, and the places of its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from ...capture.camera.base import Camera
from ...capture.microphone.base import Microphone
from ...engine.client import EngineClient
from ...models import ModelStore
from ...settings import Settings


@dataclass(frozen=True)
class Parts:
    """``engine``: a new client, for one thread. ``picker``: a new one, given the kind "photo" or "speech" and who is told
    of what it finds. ``folder``: private files of the visit, mode 0700, best in memory. ``state``: what outlives a
    restart: the staff's switch, and which jobs the engine still holds that it should not."""

    settings: Settings
    engine: Callable[[], EngineClient]
    microphone: Microphone
    camera: Camera
    picker: Callable[..., Any]
    speaker: Any
    store: ModelStore
    folder: Path
    state: Path


def parts_from(settings: Settings) -> Parts:
    """The real ones, as the settings choose them."""
    raise NotImplementedError
