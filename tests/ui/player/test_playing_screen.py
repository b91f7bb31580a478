"""The visitor's screen of PLAYING with a real video and the flow, in the director's order: stopped, then shown."""

from __future__ import annotations

from typing import Any, List

import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")

from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest
from ui.player.films import Film

from appliance.ui import events as on
from appliance.ui.director.video import VideoSource
from appliance.ui.flow import Activity, Rules, Start, State, Stop, Visit, step
from appliance.ui.kiosk.screens.playing import PlayingScreen
from appliance.ui.kiosk.video_view import VideoView
from appliance.ui.player.silent_speaker import SilentSpeaker

PATIENCE_MS = 60_000


class Visiting:
    def __init__(self, qtbot: Any, film: Film) -> None:
        self.screen, self.source = PlayingScreen(Rules(), VideoView(SilentSpeaker())), VideoSource(film.file, list)
        qtbot.addWidget(self.screen)
        self.screen.resize(800, 500)
        self.screen.show()
        self.visit = Visit(State.PLAYING, playing=True, finished=True, job="a" * 32)
        self.told: List[on.Event] = []
        self.screen.deed.connect(self.tell)
        self.screen.show_visit(self.visit)
        self.screen.play(self.source)

    def tell(self, event: on.Event) -> None:
        self.told.append(event)
        self.visit, effects = step(self.visit, event, Rules())
        if Stop(Activity.PLAYING) in effects:
            self.screen.stop()
        self.screen.show_visit(self.visit)
        if Start(Activity.PLAYING) in effects:
            self.screen.play(self.source)


def test_the_last_picture_stays_and_a_replay_begins_at_the_start(qtbot: Any, film: Film) -> None:
    visiting = Visiting(qtbot, film)
    screen = visiting.screen
    places: List[float] = []
    screen.video.position_changed.connect(lambda now, *_: places.append(now))
    screen.video.seek(film.seconds - 0.5)
    qtbot.waitUntil(lambda: visiting.told == [on.PlaybackEnded()], timeout=PATIENCE_MS)
    assert screen.video._image is not None and not visiting.visit.playing

    QTest.mouseClick(screen.replay, Qt.LeftButton)
    assert visiting.visit.playing
    qtbot.waitUntil(lambda: 0.5 < places[-1] < film.seconds - 1, timeout=PATIENCE_MS)
    screen.video.seek(film.seconds - 3.0)
    qtbot.waitUntil(lambda: places[-1] > film.seconds - 3.0, timeout=PATIENCE_MS)
    QTest.mouseClick(screen.replay, Qt.LeftButton)
    qtbot.waitUntil(lambda: places[-1] < 3.0, timeout=PATIENCE_MS)
    screen.leave()
