"""A lesson from the portrait to the stick, on a real service whose worker has its film ready."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")
pytest.importorskip("fastapi")
pytest.importorskip("skimage")

from engine.services import Service
from PyQt5.QtCore import QMimeData, QPoint, Qt, QUrl
from PyQt5.QtGui import QDragEnterEvent, QDropEvent, QImage
from PyQt5.QtTest import QTest
from ui.classroom.lessons import LECTURES, WHY
from ui.classroom.rig import allow, classroom, copy_film, film_engine, furnish, plug_in_stick
from ui.player.films import Film, make_film, number_of

from appliance.models import ModelStore
from appliance.ui.classroom.lecture_list import ROW_ROLE
from appliance.ui.flow import State
from appliance.ui.locale import explain

SECONDS = 12.0


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(tmp_path_factory.mktemp("film"), SECONDS)


@pytest.fixture(scope="module")
def shared(film: Film, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests of this file."""
    reel = tmp_path_factory.mktemp("reels") / "reel"
    copy_film(film, reel, 3)
    with film_engine(reel) as service:
        yield service


@pytest.fixture()
def engine(shared: Service, tmp_path: Path) -> Service:
    """It holds nothing, and makes three segments for a start."""
    with shared.client() as client:
        client.wipe()
    allow(reel_of(shared), 3)
    furnish(tmp_path)
    return shared


def reel_of(engine: Service) -> Path:
    return Path(engine.environment["FILM"])


def test_a_lesson(qapp: Any, engine: Service, film: Film, tmp_path: Path, store: ModelStore) -> None:
    with classroom(tmp_path, engine.socket, store) as room:
        room.begin_lecture()
        room.until_state(State.PLAYING)
        lecture, timeline = room.playing.lecture, room.playing.lecture.timeline
        room.until(lambda: timeline.position > 0.5)
        assert not room.director.visit.finished, "watched while it is made"
        assert not room.playing.save.isEnabled() and not room.playing.done.isVisible()
        assert timeline.available == pytest.approx(80 / 25) and timeline.duration == pytest.approx(SECONDS)
        assert "3" in lecture.ready.text()

        for where in (2.0, 0.4, 1.2):
            bar = timeline._bar()
            x = bar.left() + bar.width() * where / SECONDS
            QTest.mouseClick(timeline, Qt.LeftButton, pos=QPoint(round(x), timeline.height() // 2))
            room.until(lambda where=where: abs(timeline.position - where) < 0.4)
        QTest.mouseClick(timeline, Qt.LeftButton, pos=QPoint(timeline.width() - 1, timeline.height() // 2))
        room.until(lambda: lecture.ready.text() == lecture.words("classroom.waiting"))
        assert timeline.position <= 80 / 25

        allow(reel_of(engine), 100)
        room.until(lambda: timeline.available == pytest.approx(SECONDS))
        room.until(lambda: room.director.visit.finished)
        QTest.keyClick(lecture.play_button, Qt.Key_Space)
        assert lecture.video.paused()
        QTest.keyClick(lecture.play_button, Qt.Key_Left)
        QTest.keyClick(timeline, Qt.Key_End)
        QTest.keyClick(lecture.play_button, Qt.Key_Space)
        room.until(lambda: lecture.over)
        assert room.state is State.PLAYING and lecture.video._image is not None, "the last picture stays"

        stick = plug_in_stick(tmp_path)
        room.click(room.playing.save)
        room.until(lambda: any(path.suffix == ".mp4" for path in stick.iterdir()))
        (saved,) = stick.glob("*.mp4")
        assert saved.read_bytes() == film.file.read_bytes()

        room.click(room.playing.done)
        room.until_state(State.THANKS)
        room.window._ask_home()
        room.until_state(State.ATTRACT)
        _watch_again(room, tmp_path, stick, film)


def _watch_again(room: Any, folder: Path, stick: Path, film: Film) -> None:
    """From the list of what the engine has, where it was left."""
    home, lecture = room.home, room.home.lecture
    room.until(lambda: home.lectures.count() == 1)
    _choose_first(home.lectures)
    room.until(lambda: lecture.timeline.available > 0 and lecture.video._image is not None)
    room.click(lecture.play_button)
    assert lecture.video.paused()
    lecture.timeline.wanted.emit(6.0)
    room.until(lambda: lecture.timeline.position == pytest.approx(6.0))
    room.click(home.save)
    room.until(lambda: len(list(stick.glob("*.mp4"))) == 2)
    assert {path.read_bytes() for path in stick.glob("*.mp4")} == {film.file.read_bytes()}
    room.click(home.back)
    assert not lecture.isVisible()
    spoken = home.lectures.item(0).data(Qt.AccessibleTextRole)
    assert spoken.endswith(home.words("classroom.left_at", time="0:06"))
    _choose_first(home.lectures)
    room.until(lambda: lecture.video._image is not None)
    assert 6.0 <= lecture.timeline.position


def _choose_first(lectures: Any) -> None:
    place = lectures.visualItemRect(lectures.item(0)).center()
    QTest.mouseClick(lectures.viewport(), Qt.LeftButton, pos=place)


def test_files_dropped_on_the_window(qapp: Any, engine: Service, tmp_path: Path, store: ModelStore) -> None:
    with classroom(tmp_path, engine.socket, store) as room:
        room.until_state(State.ATTRACT)
        paths = [tmp_path / "gallery" / name for name in ("lecture.mp3", "teacher.png")]
        _drop(room.window, *paths)
        room.until_state(State.REVIEW)
        visit = room.director.visit
        for path, original in ((visit.voice, paths[0]), (visit.photo, paths[1])):
            assert path.parent != original.parent and path.read_bytes() == original.read_bytes()
            assert path.stat().st_mode & 0o077 == 0
        _drop(room.window, reel_of(engine) / "film.mp4", tmp_path / "mounts")
        room.until(lambda: room.state is not State.REVIEW)
        room.until_state(State.REVIEW, State.ERROR)


def _drop(window: Any, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    entering = QDragEnterEvent(QPoint(300, 300), Qt.CopyAction, data, Qt.LeftButton, Qt.NoModifier)
    window.dragEnterEvent(entering)
    assert entering.isAccepted()
    window.dropEvent(QDropEvent(QPoint(300, 300), Qt.CopyAction, data, Qt.LeftButton, Qt.NoModifier))


def test_the_small_window_leaves_the_board_free(qapp: Any, engine: Service, tmp_path: Path, store: ModelStore) -> None:
    with classroom(tmp_path, engine.socket, store) as room:
        allow(reel_of(engine), 100)
        room.begin_lecture()
        room.until_state(State.PLAYING)
        lecture = room.playing.lecture
        small = lecture.floating
        room.until(lambda: lecture.timeline.position > 0.3)
        room.click(lecture.pip)
        assert small.isVisible() and not room.window.isVisible()
        screen = qapp.primaryScreen().geometry()
        assert screen.contains(small.geometry())
        assert small.width() * small.height() < screen.width() * screen.height() / 2
        before = lecture.timeline.position
        room.until(lambda: lecture.timeline.position > before + 0.2)
        assert lecture.video.window() is small and lecture.video.isVisible()

        corners, sizes = {small.geometry().getRect()}, {small.width()}
        for _ in range(3):
            room.click(small.corner_button)
            corners.add(small.geometry().getRect())
        for _ in range(2):
            room.click(small.size_button)
            sizes.add(small.width())
        assert len(corners) == 4 and len(sizes) == 3

        QTest.mousePress(small, Qt.LeftButton, pos=QPoint(5, 5))
        QTest.mouseMove(small, QPoint(5, 5) - small.pos())
        QTest.mouseRelease(small, Qt.LeftButton, pos=QPoint(5, 5))
        assert screen.contains(small.geometry())
        QTest.keyClick(small, Qt.Key_Space)
        assert lecture.video.paused()
        room.click(small.full)
        assert room.window.isVisible() and not small.isVisible()
        assert lecture.video.window() is room.window and lecture.video.paused()
        room.click(lecture.pip)
        room.window.deed.emit(_home())
        room.until_state(State.ATTRACT)
        assert room.window.isVisible() and not small.isVisible()


def test_a_lecture_that_is_left_goes_on_being_made(
    qapp: Any, engine: Service, film: Film, tmp_path: Path, store: ModelStore
) -> None:
    """And is found in the list: how far it is, what it looks like; it can be watched, and deleted when asked for."""
    with classroom(tmp_path, engine.socket, store) as room:
        home, lectures, lecture = room.home, room.home.lectures, room.home.lecture
        room.begin_lecture()
        room.until_state(State.PLAYING)
        job = room.director.visit.job
        room.click(room.playing.away_button)
        room.until_state(State.ATTRACT)
        assert room.window.toast.isVisible()
        room.until(lambda: lectures.jobs() == [job])
        room.until(lambda: home.words("classroom.making", percent=26) in _spoken(lectures))
        room.until(lambda: lectures.item(0).data(ROW_ROLE).picture is not None)
        picture = lectures.item(0).data(ROW_ROLE).picture.toImage()
        assert number_of(_pixels(picture)) == 0
        assert not list(tmp_path.glob("kiosk/visits/visit-*")), "photo and recording are gone from here"

        _choose_first(lectures)
        room.until(lambda: lecture.timeline.position > 0.3)
        assert not home.save.isEnabled() and lecture.timeline.duration == pytest.approx(SECONDS)
        allow(reel_of(engine), 100)
        room.until(home.save.isEnabled)
        room.until(lambda: lecture.timeline.available == pytest.approx(SECONDS))

        room.click(home.remove)
        room.click(room.window.deleting.stay)
        assert lecture.isVisible(), "nothing is deleted that was not meant"
        room.click(home.remove)
        room.click(room.window.deleting.go)
        with engine.client() as client:
            room.until(lambda: client.jobs() == [])
        room.until(lambda: lectures.count() == 0 and home._pictures._found == {})


def test_what_the_engine_has_not_taken_yet_is_not_promised(
    qapp: Any, engine: Service, tmp_path: Path, store: ModelStore
) -> None:
    """Whoever leaves is asked, and nothing of it is left."""
    with classroom(tmp_path, engine.socket, store) as room:
        room.begin_lecture()
        room.until_state(State.MAKING)
        making = room.screens[State.MAKING]
        if room.director.visit.job is None:
            assert not making.away_button.isEnabled()
            room.window._ask_home()
            assert room.window.leaving.isVisible()
        room.until(lambda: room.director.visit.job is not None)
        assert not room.window.leaving.isVisible(), "it would say what is no longer true"


def test_a_lecture_that_failed_says_why(qapp: Any, engine: Service, tmp_path: Path, store: ModelStore) -> None:
    with classroom(tmp_path, engine.socket, store) as room:
        home, lectures = room.home, room.home.lectures
        room.until_state(State.ATTRACT)
        home._look.stop()
        home._take([LECTURES[2]])
        _choose_first(lectures)
        assert explain(WHY, "zh")[0] in home._why.text()
        assert not home.lecture.isVisible() and not home.save.isEnabled()
        room.click(home.remove)
        room.click(room.window.deleting.go)
        room.until(lambda: lectures.count() == 0)


def _spoken(lectures: Any) -> str:
    return str(lectures.item(0).data(Qt.AccessibleTextRole)) if lectures.count() else ""


def _pixels(picture: QImage) -> np.ndarray:
    image = picture.convertToFormat(QImage.Format_RGBA8888)
    data = image.constBits().asstring(image.sizeInBytes())
    return np.frombuffer(data, np.uint8).reshape(image.height(), image.width(), 4)


def _home() -> Any:
    from appliance.ui.events import Home

    return Home()


def test_nothing_runs_on_when_it_is_closed(qapp: Any, engine: Service, tmp_path: Path, store: ModelStore) -> None:
    threads = set(threading.enumerate())
    with classroom(tmp_path, engine.socket, store) as room:
        room.begin_lecture()
        room.until_state(State.PLAYING)
        room.until(lambda: room.playing.lecture.timeline.position > 0.2)
    room.until(lambda: set(threading.enumerate()) <= threads)
