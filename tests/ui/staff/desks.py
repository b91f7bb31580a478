"""The staff's screens in a window of their own, on real devices that read files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, List, Optional

from media import ENGLISH
from PyQt5.QtWidgets import QAbstractButton, QLabel, QWidget

from appliance.capture.camera.base import Camera
from appliance.capture.camera.file import FileCamera
from appliance.capture.microphone.base import Microphone
from appliance.capture.microphone.file import FileMicrophone
from appliance.demo import write_portrait
from appliance.engine.client import EngineClient
from appliance.models import ModelStore
from appliance.settings import CameraSettings, MicrophoneSettings, PickerSettings, Settings
from appliance.ui.director.parts import Parts
from appliance.ui.events import Event, Touched
from appliance.ui.flow import Rules, State, Visit
from appliance.ui.kiosk.qt_loop import QtLoop
from appliance.ui.kiosk.screen import Screen
from appliance.ui.kiosk.staff.desk import StaffDesk
from appliance.ui.kiosk.staff.history import History
from appliance.ui.kiosk.staff.pin_screen import PinScreen
from appliance.ui.kiosk.staff.staff_screen import StaffScreen
from appliance.ui.kiosk.window import KioskWindow
from appliance.ui.pins import PinStore
from appliance.ui.player.silent_speaker import SilentSpeaker

PATIENCE_MS = 60_000


class Office:
    """``deeds``: what the screens asked for; ``restarts``: how often the kiosk was to begin anew."""

    def __init__(
        self,
        folder: Path,
        socket: Path,
        language: str = "en",
        camera: Optional[Camera] = None,
        microphone: Optional[Microphone] = None,
    ) -> None:
        self.face, self.voice = folder / "face.png", folder / "voice.flac"
        write_portrait(self.face)
        shutil.copy(str(ENGLISH), str(self.voice))
        self.settings = Settings(
            camera=CameraSettings(backend="file", file=str(self.face), device="face"),
            microphone=MicrophoneSettings(backend="file", file=str(self.voice)),
            picker=PickerSettings(media=str(folder / "media")),
        )
        self.parts = Parts(
            settings=self.settings,
            engine=lambda: EngineClient(socket, patience=0.0),
            microphone=microphone or FileMicrophone(self.voice),
            camera=camera or FileCamera(self.face, 640, 480),
            picker=lambda tell: None,  # type: ignore[arg-type,return-value]
            speaker=SilentSpeaker(),
            store=ModelStore(),
            folder=folder / "visitors",
            state=folder / "state",
        )
        self.language = language
        self.deeds: List[Event] = []
        self.restarts = 0
        self.history = History()
        loop = QtLoop()
        self.pins = PinStore(self.parts.state / "pin.json")
        self.desk = StaffDesk(loop, self.settings, self.parts, self.pins, self.history, self._restart)
        self.pin, self.staff = PinScreen(loop, self.pins), StaffScreen(self.desk)
        self.elsewhere = Screen()
        screens = dict.fromkeys(State, self.elsewhere)
        screens[State.STAFF_PIN], screens[State.STAFF] = self.pin, self.staff
        self.window = KioskWindow(screens, Rules(language=language))
        self.window.deed.connect(self._note)
        self.window.resize(1024, 600)

    def show(self, state: State, **visit: Any) -> None:
        self.window.show()
        self.window.show(Visit(state, self.language, **visit))

    def close(self) -> None:
        """Whatever is under way is of no interest any more."""
        self.show(State.ATTRACT)

    def texts(self, below: Optional[QWidget] = None) -> str:
        """Everything that can be read now."""
        root = below or self.window
        widgets = [widget for kind in (QLabel, QAbstractButton) for widget in root.findChildren(kind)]
        return "\n".join(widget.text() for widget in widgets if widget.isVisible())

    def _note(self, event: Event) -> None:
        if event != Touched():
            self.deeds.append(event)

    def _restart(self) -> None:
        self.restarts += 1
