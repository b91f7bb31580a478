"""What the staff's screens work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ....settings import Settings
from ...director.parts import Parts
from ...loop import Loop
from ...pins import PinStore
from .history import History


@dataclass(frozen=True)
class StaffDesk:
    """``settings``: as they are without the staff's choices; ``parts`` are made with them. ``restart``: end this
    process, for the service manager to start it again."""

    loop: Loop
    settings: Settings
    parts: Parts
    pins: PinStore
    history: History
    restart: Callable[[], None]
