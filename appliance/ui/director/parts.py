"""What the director works with: the devices, the engine, and the places of its files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Mapping

from ...capture.camera.base import Camera
from ...capture.camera.select import open_camera
from ...capture.microphone.base import Microphone
from ...capture.microphone.select import open_microphone
from ...capture.picker.picker import Offered, Picker
from ...engine.client import EngineClient
from ...models import ModelStore
from ...settings import Settings
from ..player.select import speaker_from
from ..player.speaker import Speaker
from ..state_folder import state_folder


@dataclass(frozen=True)
class Times:
    """How long things may take, s. ``patience`` with an engine that does not answer while a video is made;
    ``engine_away`` until that closes the appliance; ``look``: how often it is asked; ``second`` of a countdown."""

    patience: float = 60.0
    engine_away: float = 10.0
    look: float = 2.0
    second: float = 1.0


@dataclass(frozen=True)
class Parts:
    """``engine``: makes a client for one thread, without patience of its own. ``picker``: makes one that tells what it
    finds. ``folder``: of the visits' private files, best in memory. ``state``: what outlives a restart."""

    settings: Settings
    engine: Callable[[], EngineClient]
    microphone: Microphone
    camera: Camera
    picker: Callable[[Callable[[Offered], None]], Picker]
    speaker: Speaker
    store: ModelStore
    folder: Path
    state: Path
    times: Times = field(default_factory=Times)

    @property
    def closed(self) -> Path:
        """A file that is there while the staff's switch says "out of service"."""
        return self.state / "closed"

    @property
    def ledger(self) -> Path:
        """See `Ledger`."""
        return self.state / "jobs.json"

    @property
    def lessons(self) -> Path:
        """Files of visits that are taken up again after a power cut."""
        return self.state / "visits"


def parts_from(settings: Settings, unit: str = "sonic-kiosk", environment: Mapping[str, str] = os.environ) -> Parts:
    """The real ones, as the settings choose them. ``unit``: of systemd, which gives the folders."""
    state = state_folder(unit, environment)
    runtime = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Parts(
        settings=settings,
        engine=lambda: EngineClient(settings.engine.socket, patience=0.0),
        microphone=open_microphone(settings.microphone),
        camera=open_camera(settings.camera),
        picker=lambda tell: Picker(settings.picker, tell, settings.limits),
        speaker=speaker_from(settings),
        store=ModelStore(),
        folder=Path(runtime) / "visits" if runtime else state / "visitors",
        state=state,
    )
