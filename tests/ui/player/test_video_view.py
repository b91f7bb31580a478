"""The player on the screen."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Iterator, List

import pytest

pytest.importorskip("PyQt5.QtWidgets")

import numpy as np
from PyQt5.QtGui import QColor, QImage
from ui.player.films import Film, number_of

from appliance.errors import EngineUnavailable, VideoUnplayable
from appliance.ui.director.video import VideoSource
from appliance.ui.kiosk.video_view import BACKGROUND, VideoView
from appliance.ui.player.silent_speaker import SilentSpeaker

PATIENCE_MS = 60_000


@pytest.fixture()
def view(qtbot: Any, tmp_path: Path) -> Iterator[VideoView]:
    shown = VideoView(SilentSpeaker(), tmp_path)
    qtbot.addWidget(shown)
    shown.resize(400, 300)
    shown.show()
    yield shown
    shown.stop()


def file_of(film: Film) -> VideoSource:
    return VideoSource(film.file, lambda: iter(()))


def seen(view: VideoView) -> int:
    """Number of the frame on the screen."""
    image = view.grab().toImage().convertToFormat(QImage.Format_RGB888)
    pixels = np.frombuffer(image.constBits().asstring(image.byteCount()), dtype=np.uint8)
    pixels = pixels.reshape(image.height(), image.bytesPerLine())[:, : 3 * image.width()]
    return number_of(pixels.reshape(image.height(), image.width(), 3)[:, 50:350])


def test_played_letterboxed_to_its_end(qtbot: Any, film: Film, view: VideoView) -> None:
    told: List[Any] = []
    view.position_changed.connect(lambda *course: told.append(course))
    ended: List[None] = []
    view.ended.connect(lambda: ended.append(None))
    view.play(file_of(film), film.seconds - 1.0)
    qtbot.waitUntil(lambda: bool(ended), timeout=PATIENCE_MS)
    assert seen(view) == round(film.seconds * 25) - 1, "the last picture stays"
    image = view.grab().toImage()
    assert image.pixelColor(20, 150) == image.pixelColor(380, 150) == BACKGROUND
    assert image.pixelColor(345, 150) != BACKGROUND
    assert told[-1][0] == pytest.approx(film.seconds, abs=0.05) and told[-1][2] == pytest.approx(film.seconds, abs=0.05)
    qtbot.wait(100)
    assert len(ended) == 1


def test_seek_and_pause(qtbot: Any, film: Film, view: VideoView) -> None:
    view.play(file_of(film))
    view.pause()
    assert view.paused()
    for number in (250, 17, 99):
        view.seek(number / 25)
        qtbot.waitUntil(lambda number=number: seen(view) == number, timeout=PATIENCE_MS)
    view.resume()
    assert not view.paused()
    qtbot.waitUntil(lambda: seen(view) > 105, timeout=PATIENCE_MS)


def test_stopped_it_shows_and_tells_nothing(qtbot: Any, film: Film, view: VideoView) -> None:
    view.play(file_of(film))
    qtbot.waitUntil(lambda: seen(view) > 3, timeout=PATIENCE_MS)
    view.stop()
    told: List[Any] = []
    for signal in (view.ended, view.failed, view.waiting, view.position_changed):
        signal.connect(lambda *what: told.append(what))
    qtbot.wait(200)
    assert told == []
    assert view.grab().toImage().pixelColor(200, 150) == QColor(BACKGROUND)
    qtbot.waitUntil(lambda: not _players(), timeout=PATIENCE_MS)


def test_one_after_the_other(qtbot: Any, film: Film, view: VideoView) -> None:
    """Each waits until the one before has given back the loudspeaker; the last one is seen."""
    for start in (1.0, 5.0, 3.0, 7.0, 2.0):
        view.play(file_of(film), start)
    view.pause()
    qtbot.waitUntil(lambda: seen(view) == 50, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: len(_players()) == 1, timeout=PATIENCE_MS)


def test_a_video_that_grows(qtbot: Any, film: Film, view: VideoView) -> None:
    go_on, over = threading.Event(), threading.Event()
    pieces = film.stream()

    def stream() -> Iterator[bytes]:
        yield from pieces[:3]
        go_on.wait(60)
        if over.is_set():
            raise EngineUnavailable("the visit is over")
        yield from pieces[3:]

    waits: List[bool] = []
    view.waiting.connect(waits.append)
    view.play(VideoSource(None, stream))
    qtbot.waitUntil(lambda: waits[-1:] == [True] and seen(view) >= 38, timeout=PATIENCE_MS)
    go_on.set()
    qtbot.waitUntil(lambda: waits[-1] is False and seen(view) > 45, timeout=PATIENCE_MS)


def test_what_cannot_be_played_is_told(qtbot: Any, tmp_path: Path, view: VideoView) -> None:
    (tmp_path / "film.mp4").write_bytes(b"nothing")
    with qtbot.waitSignal(view.failed, timeout=PATIENCE_MS) as told:
        view.play(VideoSource(tmp_path / "film.mp4", lambda: iter(())))
    assert isinstance(told.args[0], VideoUnplayable)


def test_another_size(qtbot: Any, film: Film, view: VideoView) -> None:
    """At once, and sharp a moment later; also while it stands still."""
    view.play(file_of(film), 4.0)
    view.pause()
    qtbot.waitUntil(lambda: seen(view) == 100, timeout=PATIENCE_MS)
    view.resize(800, 600)
    image = view.grab().toImage()
    assert image.pixelColor(50, 300) == BACKGROUND and image.pixelColor(690, 300) != BACKGROUND
    qtbot.waitUntil(lambda: view._image is not None and view._image.width() == 600, timeout=PATIENCE_MS)


def _players() -> List[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "player"]
