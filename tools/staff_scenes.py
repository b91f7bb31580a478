"""What staff and teachers see: the kiosk's whole window, and the classroom's."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

from kiosk_scenes import RULES, Material, Scene, fed, making, settle, wait_until, with_both
from PyQt5.QtWidgets import QWidget

from appliance.capture.camera.file import FileCamera
from appliance.capture.microphone.file import FileMicrophone
from appliance.engine.job import Job, Priority
from appliance.engine.job import State as JobState
from appliance.engine.view import Health, JobView
from appliance.errors import CameraLost, SpeechClipped
from appliance.models import ModelStore
from appliance.settings import FRAME_RATE, CameraSettings, KioskSettings, MicrophoneSettings, Settings
from appliance.ui.director.parts import Parts
from appliance.ui.director.video import VideoSource
from appliance.ui.feeds import DeviceState
from appliance.ui.flow import State
from appliance.ui.kiosk.application import make_window
from appliance.ui.kiosk.failure import failure_of
from appliance.ui.kiosk.qt_loop import QtLoop
from appliance.ui.kiosk.staff.desk import StaffDesk
from appliance.ui.kiosk.staff.history import History
from appliance.ui.kiosk.window import KioskWindow
from appliance.ui.pins import PinStore
from appliance.ui.player.silent_speaker import SilentSpeaker

LECTURES: Sequence[Tuple[JobState, float, float]] = (
    (JobState.QUEUED, 1_270.0, 0.1), (JobState.RUNNING, 2_710.0, 0.3), (JobState.DONE, 1_804.0, 26.0),
    (JobState.FAILED, 65.0, 30.0), (JobState.DONE, 65.0, 50.0),
)  # fmt: skip
"""Seconds that each lasts, and hours since it was made or asked for."""
READY = 0.42
"""Of the one that is being made."""
PIN = "730418"


class StillEngine:
    """A client of an engine that has made a few lectures, all with the same video."""

    def __init__(self, video: Path) -> None:
        self._video = video

    def __enter__(self) -> StillEngine:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def health(self) -> Health:
        return Health("ok", "ready", free_bytes=21_400_000_000, temperature=54.0)

    def jobs(self, state: Optional[JobState] = None, limit: int = 100, before: Optional[int] = None) -> List[JobView]:
        return [] if before is not None else [_lecture(number) for number in range(len(LECTURES))]

    def stream(self, job: str) -> Iterator[bytes]:
        yield self._video.read_bytes()

    def interrupt(self) -> None:
        pass


def _lecture(number: int) -> JobView:
    state, seconds, hours = LECTURES[number]
    then, frames = time.time() - 3600 * hours, round(seconds * FRAME_RATE)
    job = Job(f"{number:032x}", number, Priority.LECTURE, state, then)
    if state is JobState.DONE:
        job = dataclasses.replace(job, finished=then, result={"duration": seconds})
    elif state is JobState.RUNNING:
        job = dataclasses.replace(job, frames=frames, frames_done=round(READY * frames), segments=1)
    elif state is JobState.FAILED:
        job = dataclasses.replace(job, finished=then, failure=failure_of(SpeechClipped()))
    return JobView(job)


def open_profile(profile: str, size: Any, kiosk: KioskSettings, material: Material, folder: Path) -> KioskWindow:
    settings = Settings(
        camera=CameraSettings(backend="file", file=str(material.photo)),
        microphone=MicrophoneSettings(backend="file", file=str(material.voice)),
        kiosk=kiosk,
    )
    parts = Parts(
        settings=settings,
        engine=lambda: StillEngine(material.video),  # type: ignore[arg-type,return-value]
        microphone=FileMicrophone(material.voice),
        camera=FileCamera(material.photo, 1280, 720),
        picker=lambda tell: None,  # type: ignore[arg-type,return-value]
        speaker=SilentSpeaker(),
        store=ModelStore(),
        folder=folder / "visitors",
        state=folder / "state",
    )
    pins = PinStore(parts.state / "pin.json")
    pins.set(PIN)
    history = History()
    for error in (CameraLost(), SpeechClipped()):
        history.note(failure_of(error))
    desk = StaffDesk(QtLoop(), settings, parts, pins, history, lambda: None)
    window = make_window(profile, parts, RULES, desk)
    window.resize(*size)
    QWidget.show(window)
    settle()
    return window


def page(number: int) -> Callable[[KioskWindow, Material], None]:
    """The staff's page with that number, when the engine and the devices have answered."""

    def act(window: KioskWindow, _material: Material) -> None:
        staff: Any = window._screens[State.STAFF]
        for device in ("camera", "microphone"):
            window.feed(DeviceState(device, None))
        staff.turn_to(number)
        a_moment()

    return act


def a_moment(*_: Any, seconds: float = 1.0) -> None:
    """For threads to answer."""
    soon = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > soon)


def pictured(window: KioskWindow, _material: Material) -> None:
    """With the first pictures of what can be watched."""
    home: Any = window._screens[State.ATTRACT]
    watchable = sum(state in (JobState.DONE, JobState.RUNNING) for state, _, _ in LECTURES)
    wait_until(lambda: len(home._pictures._found) == watchable)


def lecture(window: KioskWindow, material: Material) -> None:
    playing: Any = window._screens[State.PLAYING]
    playing.play(VideoSource(material.video, lambda: iter(())))
    a_moment(seconds=3.0)


STAFF_SCENES: List[Scene] = [
    Scene("staff-pin", State.STAFF_PIN, visit=lambda material: {"door": 1}),
    Scene("staff-status", State.STAFF, page(0)),
    Scene("staff-camera", State.STAFF, page(1)),
    Scene("staff-sound", State.STAFF, page(2)),
    Scene("staff-storage", State.STAFF, page(3)),
    Scene("staff-troubles", State.STAFF, page(4)),
    Scene("staff-about", State.STAFF, page(5)),
]
CLASSROOM_SCENES: List[Scene] = [
    Scene("classroom", State.ATTRACT, pictured),
    Scene("classroom-making", State.MAKING, fed(making("video", 3, 100, 640.0)), with_both),
    Scene("classroom-lecture", State.PLAYING, lecture, lambda material: {"job": "0" * 32, "finished": True}),
]
