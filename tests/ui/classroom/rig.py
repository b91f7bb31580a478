"""A whole classroom: window, director, picker, and an engine to speak to."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterator, Sequence

from engine.engines import PATIENCE_SECONDS
from engine.services import Service
from media import ffmpeg
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QWidget
from ui.classroom.lessons import settings_in

from appliance.capture.camera.file import FileCamera
from appliance.capture.microphone.file import FileMicrophone
from appliance.capture.picker.media import Media
from appliance.capture.picker.picker import Picker
from appliance.demo import RECORDINGS, write_portrait
from appliance.engine.client import EngineClient
from appliance.models import ModelStore
from appliance.pipeline.ffmpeg import local_file
from appliance.settings import PickerSettings
from appliance.ui.classroom.archive import Archive
from appliance.ui.classroom.screens import classroom_screens
from appliance.ui.classroom.window import ClassroomWindow
from appliance.ui.director.director import Director
from appliance.ui.director.parts import Parts, Times
from appliance.ui.director.rules import rules_from
from appliance.ui.events import Adjust
from appliance.ui.flow import State
from appliance.ui.kiosk.qt_loop import QtLoop
from appliance.ui.kiosk.screen import Screen
from appliance.ui.player.silent_speaker import SilentSpeaker

COMMAND = (sys.executable, str(Path(__file__).with_name("film_service.py")))
QUICK = Times(patience=PATIENCE_SECONDS, engine_away=30.0, look=0.1, second=0.02)


def furnish(folder: Path, seconds: float = 2.0) -> None:
    """A gallery with a portrait and a lecture, and a drawer for a stick."""
    (folder / "gallery").mkdir(parents=True)
    write_portrait(folder / "gallery" / "teacher.png")
    lecture = folder / "gallery" / "lecture.mp3"
    source = ["-stream_loop", "-1", "-i", local_file(RECORDINGS[1])]
    ffmpeg(*source, "-t", str(seconds), local_file(lecture), target=lecture)
    (folder / "mounts").touch()


def plug_in_stick(folder: Path) -> Path:
    stick = folder / "media" / "STICK"
    stick.mkdir(parents=True)
    (folder / "mounts").write_text(f"36 35 98:0 / {stick} rw,noatime - vfat /dev/sdx1 rw\n")
    return stick


class Classroom:
    def __init__(self, folder: Path, socket: Path, store: ModelStore) -> None:
        picking = PickerSettings(media=str(folder / "media"), gallery=str(folder / "gallery"))
        settings = dataclasses.replace(settings_in(folder), picker=picking)
        media = Media(picking.media, folder / "mounts")
        portrait, lecture = folder / "gallery" / "teacher.png", folder / "gallery" / "lecture.mp3"
        self.parts = Parts(
            settings=settings,
            engine=lambda: EngineClient(socket, patience=0.0),
            microphone=FileMicrophone(lecture, real_time=False),
            camera=FileCamera(portrait, 640, 480),
            picker=lambda tell: Picker(picking, tell, settings.limits, media=media),
            speaker=SilentSpeaker(),
            store=store,
            folder=folder / "visits",
            state=folder / "kiosk",
            times=QUICK,
        )
        rules = rules_from(settings, "classroom")
        screens = classroom_screens(rules, self.parts)
        screens[State.STAFF] = screens[State.STAFF_PIN] = Screen()
        self.home: Any = screens[State.ATTRACT]
        self.playing: Any = screens[State.PLAYING]
        self.screens: Any = screens
        self.home._archive = self.home._pictures._archive = Archive(self.parts.engine, media)
        self.window = ClassroomWindow(screens, rules, settings.kiosk)
        self.window.resize(1024, 600)
        self.director = Director(QtLoop(), self.window, rules, self.parts)
        self.window.attach(self.director)
        QWidget.show(self.window)

    @property
    def state(self) -> State:
        return self.director.visit.state

    def until(self, holds: Callable[[], Any]) -> None:
        """Let the window live until something holds; fails if it never does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"nothing came of it: {self.director.visit}"
            QApplication.processEvents()
            time.sleep(0.002)

    def until_state(self, *states: State) -> None:
        self.until(lambda: self.state in states)

    def click(self, widget: QWidget) -> None:
        self.until(lambda: widget.isVisible() and widget.isEnabled())
        QTest.mouseClick(widget, Qt.LeftButton)

    def pick(self, state: State, name: str) -> None:
        """A file that is offered, with a finger."""
        self.until_state(state)
        files = self.screens[state].files
        self.until(lambda: any(medium.name == name for medium in files._files))
        row = [medium.name for medium in files._files].index(name)
        QTest.mouseClick(files.viewport(), Qt.LeftButton, pos=files.visualItemRect(files.item(row)).center())

    def begin_lecture(self, **options: Any) -> None:
        """From home to the making of the lecture. ``options``: of `MakeOptions`."""
        self.until_state(State.ATTRACT)
        self.click(self.home.portrait)
        self.pick(State.PHOTO_PICK, "teacher.png")
        self.pick(State.VOICE_PICK, "lecture.mp3")
        self.until_state(State.REVIEW)
        for name, value in options.items():
            self.window.deed.emit(Adjust(name, value))
        self.click(self.screens[State.REVIEW].make)

    def close(self) -> None:
        self.director.close()
        for screen in self.window._distinct():
            screen.leave()
        self.window.close()
        self.window.deleteLater()
        for _ in range(3):
            QApplication.processEvents()


@contextlib.contextmanager
def classroom(folder: Path, socket: Path, store: ModelStore) -> Iterator[Classroom]:
    room = Classroom(folder, socket, store)
    try:
        room.director.start()
        yield room
    finally:
        room.close()


@contextlib.contextmanager
def service(command: Sequence[str], **environment: str) -> Iterator[Service]:
    """That program as the engine."""
    folder = Path(tempfile.mkdtemp(prefix="sonic"))
    engine = Service(folder, ENGINE_HANG_SECONDS="120")
    engine.environment.update(environment)
    try:
        engine.start(command=command)
        yield engine
    finally:
        assert engine.process is not None
        engine.process.kill()
        engine.process.wait()
        shutil.rmtree(str(folder))


def film_engine(reel: Path) -> ContextManager[Service]:
    """Its videos are what the folder holds: see `film_worker`."""
    return service(COMMAND, FILM=str(reel))


def copy_film(film: Any, folder: Path, allowed: int) -> None:
    """For `film_worker`."""
    folder.mkdir()
    for piece in film.pieces:
        shutil.copy(str(piece), str(folder / piece.name))
    shutil.copy(str(film.file), str(folder / "film.mp4"))
    (folder / "frames").write_text(str(round(film.seconds * 25)))
    allow(folder, allowed)


def allow(folder: Path, segments: int) -> None:
    part = folder / "part"
    part.write_text(str(segments))
    part.rename(folder / "allowed")
