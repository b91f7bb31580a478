"""A visit without a visitor: every phase is begun by what a touch would tell, and Qt's loop is watched meanwhile."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Tuple

from PyQt5.QtCore import QEvent, QEventLoop, QObject, QTimer, qInstallMessageHandler
from PyQt5.QtWidgets import QApplication, QWidget

from ...errors import SonicError
from ...settings import CameraSettings, EngineSettings, KioskSettings, MicrophoneSettings, Settings, SpeakerSettings
from ...ui import events as on
from ...ui.director.director import Director
from ...ui.director.parts import parts_from
from ...ui.director.rules import rules_from
from ...ui.feeds import Feed, Level, Preview
from ...ui.flow import State
from ...ui.kiosk.qt_loop import QtLoop
from ...ui.kiosk.screens import visitor_screens
from ...ui.kiosk.watchdog import LoopMonitor
from ...ui.kiosk.window import KioskWindow
from ..engine.figure import Figure
from ..engine.materials import Materials
from ..engine.service import Service

PREVIEW_S, QUICK_PREVIEW_S = 10.0, 2.0
SPEECH_S, QUICK_SPEECH_S = 10.0, 2.0

THEME_S = 0.5
"""For all screens to be in it."""

BLOCKED_S = 0.05
"""Longer, and a finger feels it."""
PREVIEW_RATE = 20.0
"""Pictures a second below which a mirror stutters."""
PLAYED_SHARE = 0.95
"""Of the video's 25 frames a second."""
STEP_S = 240.0
"""No step of a visit takes so long."""
LOOK_MS = 20


def measure(folder: Path, size: Tuple[int, int], quick: bool) -> Iterator[Figure]:
    """Raises `SonicError` where the visit does not come to its end."""
    qInstallMessageHandler(lambda *_: None)  # what a platform cannot do is no figure
    application = QApplication.instance() or QApplication(["sonic-bench"])
    with Service(folder / "engine") as service:
        rehearsal = _Rehearsal(folder, service.socket, size)
        try:
            yield from rehearsal.visit(quick)
        finally:
            rehearsal.close()
    application.processEvents()


class _Rehearsal:
    """The kiosk as `appliance kiosk` makes it, but for the staff's screens and the process around it."""

    def __init__(self, folder: Path, socket: Path, size: Tuple[int, int]) -> None:
        materials = Materials(folder)
        settings = Settings(
            engine=EngineSettings(state=folder / "unused", socket=socket),
            kiosk=KioskSettings(language="en", countdown_seconds=1, idle_seconds=3600.0),
            camera=CameraSettings(backend="file", file=str(materials.photograph)),
            microphone=MicrophoneSettings(backend="file", file=str(materials.speech(SPEECH_S, "wav"))),
            speaker=SpeakerSettings(backend="silent"),
        )
        places = {"RUNTIME_DIRECTORY": str(folder / "run"), "STATE_DIRECTORY": str(folder / "state")}
        for place in places.values():
            os.makedirs(place, mode=0o700)
        rules = rules_from(settings, "kiosk")
        parts = parts_from(settings, environment=places)
        self._screens = visitor_screens(rules, settings.kiosk, parts.speaker, parts.folder)
        self._window = _Counting(self._screens, rules, settings.kiosk)
        self._window.resize(*size)
        self._director = Director(QtLoop(), self._window, rules, parts)
        self._window.attach(self._director)
        self._monitor = LoopMonitor(BLOCKED_S)
        QWidget.show(self._window)
        self._director.start()

    def close(self) -> None:
        self._director.close()
        self._window.close()

    def visit(self, quick: bool) -> Iterator[Figure]:
        self._until(lambda: self._window.visit.state is State.ATTRACT and self._director.health() is not None)
        yield self._watched("changing text and contrast", self._change_theme)
        self._tell(on.Begin(), on.Agree())
        self._until(lambda: self._window.previews > 0)
        yield from self._preview(QUICK_PREVIEW_S if quick else PREVIEW_S)
        self._tell(on.Shoot())
        self._at(State.PHOTO_REVIEW)
        self._tell(on.Accept(), on.Record())
        yield self._watched("recording", lambda: self._record(QUICK_SPEECH_S if quick else SPEECH_S))
        self._tell(on.Accept(), on.Accept())
        yield self._watched("making the video", lambda: self._at(State.PLAYING))
        yield from self._playback()
        self._tell(on.Done())
        self._at(State.THANKS)

    # --- phases -------------------------------------------------------------------------------------------------------

    def _change_theme(self) -> None:
        """There and back."""
        header = self._window.header
        for button in 2 * (header.text_button, header.contrast_button):
            began = time.monotonic()
            button.click()
            self._until(lambda began=began: time.monotonic() - began >= THEME_S)  # type: ignore[misc]

    def _preview(self, seconds: float) -> Iterator[Figure]:
        before, began = self._window.previews, time.monotonic()
        yield self._watched("the preview", lambda: self._until(lambda: time.monotonic() - began >= seconds))
        rate = (self._window.previews - before) / (time.monotonic() - began)
        goal = f">= {PREVIEW_RATE:g} a second"
        yield Figure("pictures of the camera that are shown", f"{rate:.1f} a second", goal, rate >= PREVIEW_RATE)

    def _record(self, seconds: float) -> None:
        self._until(lambda: self._window.recorded >= seconds or self._window.visit.state is State.VOICE_REVIEW)
        self._tell(on.StopRecording())
        self._at(State.VOICE_REVIEW)

    def _playback(self) -> Iterator[Figure]:
        video: Any = self._screens[State.PLAYING].video  # type: ignore[attr-defined]
        paints = _Paints(video)
        moments = []
        video.position_changed.connect(lambda position, *_: moments.append((time.monotonic(), position, paints.count)))
        yield self._watched("playing", lambda: self._until(lambda: not self._window.visit.playing))
        moving = [moment for moment in moments if moment[1] > 0]
        (began, first, painted), (ended, last, painted_last) = moving[0], moving[-1]
        share = (painted_last - painted) / max(1.0, (last - first) * 25)
        yield Figure(
            "frames of the video that are painted while it plays", f"{100 * min(share, 1.0):.0f} %",
            f">= {100 * PLAYED_SHARE:.0f} %", share >= PLAYED_SHARE,
        )  # fmt: skip
        pace = (last - first) / max(0.001, ended - began)
        yield Figure("pace of the playback", f"{pace:.3f} x real time", "within 2 %", abs(pace - 1) <= 0.02)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _watched(self, phase: str, work: Callable[[], None]) -> Figure:
        self._monitor.start()
        work()
        self._monitor.stop()
        longest = self._monitor.longest
        return Figure(
            f"longest time for which Qt's loop stood still, {phase}",
            f"{1000 * longest:.0f} ms ({self._monitor.late} times above {1000 * BLOCKED_S:.0f} ms)",
            f"<= {1000 * BLOCKED_S:.0f} ms", longest <= BLOCKED_S,
        )  # fmt: skip

    def _tell(self, *events: on.Event) -> None:
        """One after another, each as soon as the one before has had its effect."""
        for event in events:
            before = self._window.visit
            self._director.tell(event)
            self._until(lambda before=before: self._window.visit != before)  # type: ignore[misc]

    def _at(self, state: State) -> None:
        self._until(lambda: self._window.visit.state in (state, State.ERROR))
        why = self._window.visit.why
        if why is not None:
            raise SonicError(why.code, message=why.message, action=why.action)

    def _until(self, holds: Callable[[], bool]) -> None:
        """Let Qt's loop turn until then, as it does in the kiosk."""
        loop, timer, deadline = QEventLoop(), QTimer(), time.monotonic() + STEP_S
        timer.timeout.connect(lambda: loop.quit() if holds() or time.monotonic() > deadline else None)
        timer.start(LOOK_MS)
        loop.exec_()
        timer.stop()
        if not holds():
            raise SonicError(f"state {self._window.visit.state.value}", message="The visit did not go on.")


class _Counting(KioskWindow):
    previews = 0
    recorded = 0.0

    def feed(self, item: Feed) -> None:
        super().feed(item)
        if isinstance(item, Preview):
            self.previews += 1
        elif isinstance(item, Level) and self.visit.state is State.VOICE_RECORDING:
            self.recorded = item.seconds


class _Paints(QObject):
    """How often a widget was painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        self.count += event.type() == QEvent.Paint
        return False
