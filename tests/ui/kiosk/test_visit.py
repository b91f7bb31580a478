"""A whole visit by a finger: real flow, director, player and engine; camera and microphone read files."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")

from engine.services import Service, running_service
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QWidget
from ui.director.stage import Stage

from appliance.capture.camera.file import FileCamera
from appliance.capture.microphone.file import FileMicrophone
from appliance.models import ModelStore
from appliance.pipeline.video import read_video
from appliance.settings import FRAME_RATE
from appliance.ui.director.director import Director
from appliance.ui.flow import Rules, State
from appliance.ui.kiosk.qt_loop import QtLoop
from appliance.ui.kiosk.screens import visitor_screens
from appliance.ui.kiosk.window import KioskWindow
from appliance.ui.locale import tr

pytestmark = pytest.mark.slow

PATIENCE_MS = 240_000
SPOKEN_SECONDS = 3.0
REAL_SERVICE = (sys.executable, "-W", "error", "-m", "appliance", "serve")
RULES = Rules(language="en", idle_seconds=600.0)


class Visitor:
    """Looks at the screen and touches what is written there, in English."""

    def __init__(self, window: KioskWindow, director: Director, qtbot: Any) -> None:
        self.window, self.director, self._qtbot = window, director, qtbot
        self.walked: List[State] = []

    def until(self, holds: Callable[[], bool]) -> None:
        self._qtbot.waitUntil(holds, timeout=PATIENCE_MS)

    def at(self, *states: State) -> None:
        """Has come there."""
        self.until(lambda: self.window.visit.state in states)
        self.walked.append(self.window.visit.state)

    def touch(self, key: str) -> None:
        """As soon as it can be touched."""
        name = tr(key, "en")
        self.until(lambda: any(button.isEnabled() for button in self._buttons(name)))
        QTest.mouseClick(next(button for button in self._buttons(name) if button.isEnabled()), Qt.LeftButton)

    def sees(self, key: str) -> None:
        self.until(lambda: self.window.toast.isVisible() and tr(key, "en") in self.window.toast.words.text())

    def screen(self, state: State) -> Any:
        return self.window._screens[state]

    def _buttons(self, name: str) -> List[QAbstractButton]:
        every = self.window.findChildren(QAbstractButton)
        return [button for button in every if button.isVisible() and button.accessibleName() == name]


@pytest.fixture(scope="module")
def service(store: ModelStore) -> Iterator[Service]:
    assert store.files()
    with running_service() as toy:
        toy.stop()
        toy.start(command=REAL_SERVICE)
        yield toy


@contextlib.contextmanager
def kiosk_with(stage: Stage, qtbot: Any) -> Iterator[Visitor]:
    threads = set(threading.enumerate())
    parts = stage.parts
    loop = QtLoop()
    window = KioskWindow(visitor_screens(RULES, parts.settings.kiosk, parts.speaker, parts.folder), RULES)
    window.resize(1280, 800)
    director = Director(loop, window, RULES, parts)
    window.attach(director)
    QWidget.show(window)
    try:
        director.start()
        yield Visitor(window, director, qtbot)
    finally:
        director.close()
        window.close()
        window.deleteLater()
        qtbot.waitUntil(lambda: not _new_threads(threads), timeout=PATIENCE_MS)


def _new_threads(before: Any) -> List[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]


@pytest.fixture()
def stage(tmp_path: Path, service: Service, store: ModelStore) -> Stage:
    stage = Stage(tmp_path / "stage", service.socket, store)
    microphone, camera = FileMicrophone(stage.voice), FileCamera(stage.face, 1280, 720)
    stage.parts = dataclasses.replace(stage.parts, microphone=microphone, camera=camera)
    return stage


def test_from_the_first_touch_to_the_thanks(stage: Stage, service: Service, qtbot: Any) -> None:
    stage.plug_in()
    with kiosk_with(stage, qtbot) as visitor:
        visitor.at(State.ATTRACT)
        visitor.touch("attract.begin")
        visitor.touch("consent.agree")
        visitor.at(State.PHOTO)
        visitor.touch("photo.shoot")
        visitor.at(State.PHOTO_REVIEW)
        picture = visitor.screen(State.PHOTO_REVIEW)._picture
        visitor.until(picture.has_picture)
        visitor.touch("photo_review.use")
        visitor.at(State.VOICE)
        visitor.touch("voice.record")
        visitor.at(State.VOICE_RECORDING)
        voice = visitor.screen(State.VOICE)
        visitor.until(lambda: (voice._level.seconds if voice._level else 0.0) > SPOKEN_SECONDS)
        visitor.until(lambda: voice._meter.lit() > 0)
        visitor.touch("voice.stop")
        visitor.at(State.VOICE_REVIEW)
        visitor.touch("voice_review.listen")
        visitor.until(lambda: visitor.screen(State.VOICE_REVIEW)._wave._heard > 0.2)
        visitor.touch("voice_review.quiet")
        visitor.touch("voice_review.use")
        visitor.at(State.REVIEW)
        lively = visitor.screen(State.REVIEW).choices[1][2].button(1.3)
        QTest.mouseClick(lively, Qt.LeftButton)
        assert visitor.window.visit.options.dynamic_scale == 1.3 and lively.isChecked()
        visitor.touch("review.make")
        visitor.at(State.MAKING)
        ring = visitor.screen(State.MAKING)._ring
        visitor.until(lambda: visitor.window.visit.state is not State.MAKING or (ring.share() or 0.0) > 0.1)
        visitor.at(State.PLAYING)
        playing = visitor.screen(State.PLAYING)
        visitor.until(lambda: playing.track.value() > 0)
        visitor.until(lambda: _colourful(playing.video))
        visitor.until(lambda: not visitor.window.visit.playing)
        visitor.touch("playing.save")
        visitor.sees("notice.saved")
        (saved,) = stage.stick.glob("**/*.mp4")
        frames = sum(1 for _ in read_video(saved))
        assert abs(frames / FRAME_RATE - SPOKEN_SECONDS) < 3.0
        visitor.touch("playing.done")
        visitor.at(State.THANKS)
        visitor.until(lambda: stage.private_files() == [])
        with service.client() as client:
            visitor.until(lambda: client.jobs() == [])
        visitor.at(State.ATTRACT)


def test_a_visitor_who_gives_up_in_the_middle_leaves_nothing(stage: Stage, service: Service, qtbot: Any) -> None:
    with kiosk_with(stage, qtbot) as visitor:
        visitor.touch("attract.begin")
        visitor.touch("consent.agree")
        visitor.touch("photo.shoot")
        visitor.touch("photo_review.use")
        visitor.touch("voice.record")
        visitor.at(State.VOICE_RECORDING)
        QTest.mouseClick(visitor.window.header.home_button, Qt.LeftButton)
        visitor.touch("leave.go")
        visitor.at(State.ATTRACT)
        visitor.until(lambda: stage.private_files() == [])


def _colourful(widget: QWidget) -> bool:
    """A picture is seen, not a black one."""
    image = widget.grab().toImage()
    step = max(1, image.width() // 16)
    seen = {image.pixel(x, image.height() // 2) for x in range(0, image.width(), step)}
    return len(seen) > 4
