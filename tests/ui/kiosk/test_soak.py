"""Hundreds of things at random, in no sensible order: no exception, and nothing is left or grows."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any, Callable, List

import numpy as np
import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")

from PyQt5.QtCore import QObject, Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication
from ui.kiosk.seen import controls
from ui.kiosk.visits import Kiosk

from appliance.errors import CameraLost, DiskFull, FaceNotFound, MicrophoneLost, StickMissing
from appliance.ui import events as on
from appliance.ui.feeds import Countdown, DeviceState, EngineState, Making, Media, Medium, Notice, Preview
from appliance.ui.flow import State, step
from appliance.ui.kiosk.failure import failure_of
from appliance.ui.kiosk.widgets.viewfinder import Viewfinder
from appliance.ui.kiosk.window import KioskWindow
from tools.kiosk_scenes import LINK, RULES, Material, level, making, settle

STEPS, SEED = 500, 1
KEYS = (Qt.Key_Tab, Qt.Key_Return, Qt.Key_Space, Qt.Key_Escape, Qt.Key_Down, Qt.Key_Right, Qt.Key_A)
SIZES = ((1024, 600), (1280, 800), (1080, 1920), (640, 480))


class Chaos:
    def __init__(self, window: KioskWindow, material: Material, seed: int) -> None:
        self._window, self._material, self._random = window, material, random.Random(seed)
        self.visit = window.visit
        window.deed.connect(self.tell)

    def tell(self, event: Any) -> None:
        self.visit, _ = step(self.visit, event, RULES)
        self._window.show(self.visit)

    def go(self) -> None:
        self._random.choice(self._deeds())()

    def _deeds(self) -> List[Callable[[], Any]]:
        choose = self._random.choice
        return [
            lambda: self.tell(choose(self._answers())),
            lambda: self.tell(choose(self._answers())),
            lambda: self._window.feed(choose(self._feeds())),
            lambda: self._window.feed(choose(self._feeds())),
            self._click,
            lambda: QTest.keyClick(self._window.focusWidget() or self._window, choose(KEYS)),
            lambda: self.tell(on.ChooseLanguage(choose(("zh", "en", "tlh")))),
            lambda: self._random.random() < 0.2 and self._window.resize(*choose(SIZES)),
        ]

    def _click(self) -> None:
        there = [control for control in controls(self._window) if control.isEnabled()]
        if there:
            QTest.mouseClick(self._random.choice(there), Qt.LeftButton)

    def _answers(self) -> List[Any]:
        photo, voice, why = self._material.photo, self._material.voice, failure_of(FaceNotFound())
        return [
            on.CountdownOver(), on.PhotoTaken(photo), on.PhotoAccepted(), on.PhotoRefused(why), on.VoiceRecorded(voice),
            on.VoiceAccepted(), on.VoiceRefused(why), on.DeviceFailed(why), on.Listened(), on.JobAccepted("0" * 32),
            on.JobWatchable(), on.JobDone(), on.JobFailed(why), on.PlaybackEnded(), on.ServiceLost("engine"),
            on.ServiceBack(), on.Broken(why), on.Idle(), on.Begin(), on.Agree(), on.Shoot(), on.Record(), on.Accept(),
        ]  # fmt: skip

    def _feeds(self) -> List[Any]:
        tile = np.zeros((30, 40, 3), np.uint8)
        files = tuple(Medium(Path(f"/stick/{number}"), str(number), tile, 3.0) for number in range(9))
        return [
            self._material.preview("closer"), Preview(tile, None, "no_face"), level(-3, -9, "clipping", 3.0, 2.0),
            Countdown(2), making("video", 3, 9, 200.0), Making(None, 4, 0.0, None), Media("photo", files, False, True),
            Media("speech", files[:3], True, True), Media("photo", (), False, False), Notice("saving"), Notice("saved"),
            Notice("save_failed", StickMissing()), Notice("link_failed", DiskFull()), LINK, EngineState(None),
            DeviceState("camera", CameraLost()), DeviceState("camera", None),
            DeviceState("microphone", MicrophoneLost()),
        ]  # fmt: skip


def test_five_hundred_things_at_random(kiosk: Kiosk, material: Material, qtbot: Any) -> None:
    threads = threading.active_count()
    window = kiosk()
    chaos = Chaos(window, material, SEED)
    objects = 0
    for number in range(STEPS):
        chaos.go()
        QApplication.processEvents()
        if chaos.visit.state in (State.STAFF, State.STAFF_PIN):
            chaos.tell(on.Home())
        if number == STEPS // 5:
            objects = len(window.findChildren(QObject))
    chaos.tell(on.ServiceBack())
    chaos.tell(on.Home())
    chaos.tell(on.Idle())
    settle()
    assert chaos.visit.state is State.ATTRACT
    assert len(window.findChildren(QObject)) <= objects + 20
    assert not window._screens[State.PHOTO].findChild(Viewfinder).has_picture()
    qtbot.waitUntil(lambda: threading.active_count() <= threads, timeout=60_000)
