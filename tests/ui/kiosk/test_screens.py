"""What each screen tells, and asks for."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any, List

import numpy as np
import pytest

pytest.importorskip("PyQt5.QtWidgets")
pytest.importorskip("qtawesome")
pytest.importorskip("segno")

from PIL import Image
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtTest import QTest
from ui.kiosk.visits import Kiosk, deeds_of, visit_of

from appliance.errors import FaceNotFound
from appliance.settings import MakeOptions
from appliance.ui import events as on
from appliance.ui.feeds import Countdown, Making, Media, Medium, Preview
from appliance.ui.flow import State
from appliance.ui.kiosk.failure import failure_of
from appliance.ui.kiosk.screens.review import KNOBS
from appliance.ui.kiosk.widgets.illustration import Illustration
from appliance.ui.kiosk.widgets.viewfinder import Viewfinder
from appliance.ui.kiosk.window import KioskWindow
from appliance.ui.locale import tr
from appliance.ui.player.silent_speaker import SilentStream
from appliance.ui.player.speaker import Speaker
from tools.kiosk_scenes import SCENES, Material, enact, level, making, settle

PATIENCE_MS = 60_000


def screen(window: KioskWindow, state: State) -> Any:
    return window._screens[state]


def click(widget: Any) -> None:
    QTest.mouseClick(widget, Qt.LeftButton)
    settle()


# --- attract ----------------------------------------------------------------------------------------------------------


def test_a_touch_anywhere_begins(kiosk: Kiosk) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    QTest.mouseClick(screen(window, State.ATTRACT), Qt.LeftButton, Qt.NoModifier, QPoint(5, 300))
    assert deeds == [on.Begin()]


def test_nothing_moves_where_nobody_sees_it(kiosk: Kiosk) -> None:
    window = kiosk()
    picture = screen(window, State.ATTRACT).findChild(Illustration)
    assert picture._timer.isActive()
    visit_of(window, state=State.CONSENT)
    assert not picture._timer.isActive()


# --- photo ------------------------------------------------------------------------------------------------------------


def plain(colour: int, guidance: str = "ready") -> Preview:
    return Preview(np.full((720, 1280, 3), colour, np.uint8), None, guidance)


def test_of_many_pictures_the_newest_is_painted(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    window = kiosk()
    visit_of(window, state=State.PHOTO)
    window.feed(plain(0))
    settle()
    painted: List[int] = []
    real = Viewfinder._paint_picture

    def paint(self: Viewfinder, painter: Any, preview: Preview) -> None:
        painted.append(int(preview.picture[0, 0, 0]))
        real(self, painter, preview)

    monkeypatch.setattr(Viewfinder, "_paint_picture", paint)
    for colour in range(1, 251):
        window.feed(plain(colour))
    settle()
    assert painted == [250]


def test_a_picture_can_be_painted_after_its_camera_forgot_it(kiosk: Kiosk) -> None:
    window = kiosk()
    visit_of(window, state=State.PHOTO)
    window.feed(plain(200))
    settle()
    shot = window.grab().toImage()
    finder = screen(window, State.PHOTO).findChild(Viewfinder)
    at = finder.mapTo(window, QPoint(finder.width() // 5, finder.height() // 2))
    assert shot.pixelColor(at).red() == 200


@pytest.mark.parametrize("shape", [(240, 320), (720, 1280), (2160, 3840), (1280, 720), (1, 1)])
def test_pictures_of_all_shapes_are_shown(kiosk: Kiosk, shape: Any) -> None:
    window = kiosk(1024, 600)
    visit_of(window, state=State.PHOTO)
    window.feed(Preview(np.zeros((*shape, 3), np.uint8), (0.0, 0.0, 1.0, 1.0), "closer"))
    settle()
    assert screen(window, State.PHOTO).findChild(Viewfinder).isVisible()


def test_a_photo_is_taken_after_the_countdown_which_can_be_stopped(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit = visit_of(window, state=State.PHOTO)
    window.feed(material.preview("ready"))
    photo = screen(window, State.PHOTO)
    click(photo.shoot)
    assert deeds == [on.Shoot()]
    window.show(dataclasses.replace(visit, state=State.PHOTO_COUNTDOWN))
    window.feed(Countdown(3))
    settle()
    assert photo.findChild(Viewfinder)._numeral == "3"
    click(photo.shoot)
    assert deeds[1:] == [on.Back()]
    window.show(visit)
    assert photo.findChild(Viewfinder)._numeral == ""


# --- pickers ----------------------------------------------------------------------------------------------------------


def rows(names: Any) -> Media:
    return Media("speech", tuple(Medium(Path("/stick") / name, name, seconds=61.0) for name in names), False, True)


def test_a_touched_file_is_picked(kiosk: Kiosk) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit_of(window, state=State.VOICE_PICK)
    window.feed(rows(["a.wav", "b.wav", "c.wav"]))
    settle()
    files = screen(window, State.VOICE_PICK).files
    QTest.mouseClick(files.viewport(), Qt.LeftButton, Qt.NoModifier, files.visualItemRect(files.item(1)).center())
    assert deeds == [on.Picked(Path("/stick/b.wav"))]


def test_files_that_come_later_do_not_move_the_list_under_a_finger(kiosk: Kiosk) -> None:
    window = kiosk(1024, 600)
    visit_of(window, state=State.VOICE_PICK)
    names = [f"{number:03d}.wav" for number in range(60)]
    window.feed(rows(names))
    settle()
    files = screen(window, State.VOICE_PICK).files
    files.verticalScrollBar().setValue(300)
    window.feed(rows([*names, "060.wav"]))
    settle()
    assert files.count() == 61 and files.verticalScrollBar().value() == 300


@pytest.mark.parametrize(
    "name", ["x" * 255, "<b>bold</b>.wav", "a\nb.wav", "\u202egnp.wav", "\udce9.wav", "", "👩🏽‍🚀.wav"]
)
def test_names_of_all_kinds_are_only_shown(kiosk: Kiosk, name: str) -> None:
    window = kiosk(1024, 600)
    visit_of(window, state=State.VOICE_PICK)
    window.feed(rows([name]))
    settle()
    assert screen(window, State.VOICE_PICK).files.count() == 1


# --- voice ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("warning, key", [("quiet", "voice.level.quiet"), ("clipping", "voice.level.clipping")])
def test_a_bad_loudness_is_said(kiosk: Kiosk, warning: str, key: str) -> None:
    window = kiosk()
    visit_of(window, state=State.VOICE)
    window.feed(level(-30, -40, warning))
    assert screen(window, State.VOICE)._advice.text() == tr(key, "en")


def test_recording_begins_and_ends_by_the_same_button_and_only_once(kiosk: Kiosk) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit = visit_of(window, state=State.VOICE)
    voice = screen(window, State.VOICE)
    assert not voice.record.isEnabled(), "the microphone is not open yet"
    window.feed(level(-20, -30))
    click(voice.record)
    window.show(dataclasses.replace(visit, state=State.VOICE_RECORDING))
    window.feed(level(-20, -30, seconds=30.0))
    assert voice._ring.word() == "0:30" and voice._ring.share() == 0.5
    click(voice.record)
    window.show(dataclasses.replace(visit, state=State.VOICE_RECORDING, stopping=True))
    click(voice.record)
    assert deeds == [on.Record(), on.StopRecording()]


def test_silence_is_said_before_it_ends_the_recording(kiosk: Kiosk) -> None:
    window = kiosk()
    visit_of(window, state=State.VOICE_RECORDING)
    voice = screen(window, State.VOICE)
    window.feed(level(-60, -70, seconds=2.0, silence=2.0))
    assert voice._advice.text() == tr("voice.recording", "en"), "nobody has spoken yet"
    window.feed(level(-12, -22, seconds=4.0))
    window.feed(level(-60, -70, seconds=6.0, silence=2.0))
    assert voice._advice.text() == tr("voice.silence", "en")


# --- review -----------------------------------------------------------------------------------------------------------


def test_every_choice_is_one_that_the_engine_takes(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    deeds: List[Any] = deeds_of(window)
    visit = visit_of(window, state=State.REVIEW, photo=material.photo, voice=material.voice)
    for (name, _, field, options), (_, _, choice) in zip(KNOBS, screen(window, State.REVIEW).choices):
        for _, value in options:
            click(choice.button(value))
            assert deeds.pop() == on.Adjust(field, value)
            chosen = dataclasses.replace(visit, options=MakeOptions(**{field: value}))
            window.show(chosen)
            assert choice.button(value).isChecked(), name
        assert getattr(MakeOptions(), field) in [value for _, value in options], "the default is one of them"


# --- making and playing -----------------------------------------------------------------------------------------------


def test_how_far_it_is_only_grows(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    visit_of(window, state=State.MAKING, photo=material.photo, voice=material.voice)
    shares = []
    for stage, done in (("models", 1), ("face", 1), ("speech", 1), ("video", 0), ("video", 1), ("video", 2)):
        window.feed(making(stage, done, 2))
        shares.append(screen(window, State.MAKING)._ring.share())
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_the_place_in_the_queue_is_said_and_a_stage_nobody_knows_does_no_harm(kiosk: Kiosk) -> None:
    window = kiosk()
    visit_of(window, state=State.MAKING)
    making_screen = screen(window, State.MAKING)
    window.feed(Making(None, 3, 0.0, None))
    assert making_screen._stage.text() == tr("making.queue", "en", ahead=2)
    window.feed(Making(None, 1, 0.0, None))
    assert making_screen._stage.text() == tr("making.next", "en")
    window.feed(making("from_the_future", 1, 0))
    assert making_screen._ring.share() is None


def test_a_video_that_is_not_finished_can_be_neither_saved_nor_sent(kiosk: Kiosk) -> None:
    window = kiosk()
    visit = visit_of(window, state=State.PLAYING, job="0" * 32)
    playing = screen(window, State.PLAYING)
    assert not playing.save.isEnabled() and not playing.link.isEnabled()
    window.show(dataclasses.replace(visit, finished=True))
    assert playing.save.isEnabled() and playing.link.isEnabled()


def test_an_error_says_what_to_do_and_offers_it(kiosk: Kiosk) -> None:
    window = kiosk()
    deeds = deeds_of(window)
    visit_of(window, state=State.ERROR, why=failure_of(FaceNotFound("secret detail")), resume=State.PHOTO)
    error = screen(window, State.ERROR)
    assert error.title.text() == tr("error.face_not_found", "en")
    assert "secret" not in error.title.text() + error.words_below.text()
    click(error.again)
    click(error.end)
    assert deeds == [on.Accept(), on.Home()]


def test_without_a_way_back_only_the_end_is_offered(kiosk: Kiosk) -> None:
    window = kiosk()
    visit_of(window, state=State.ERROR, why=failure_of(FaceNotFound()))
    assert not screen(window, State.ERROR).again.isVisible()


def test_screens_that_are_left_keep_no_picture_of_the_visitor(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    for scene in SCENES:
        enact(window, scene, material, "en")
    visit_of(window, state=State.ATTRACT)
    settle()
    assert not screen(window, State.PHOTO).findChild(Viewfinder).has_picture()
    assert not screen(window, State.PHOTO_REVIEW)._picture.has_picture()
    assert not screen(window, State.REVIEW)._picture.has_picture()
    assert screen(window, State.MAKING)._ring._image is None
    assert screen(window, State.PHOTO_PICK).files.count() == 0


# --- photos of all kinds ----------------------------------------------------------------------------------------------


def test_a_photo_taken_on_its_side_is_shown_upright(kiosk: Kiosk, tmp_path: Path) -> None:
    sideways = tmp_path / "sideways.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    Image.new("RGB", (1200, 400), (200, 30, 30)).save(str(sideways), exif=exif)
    window = kiosk()
    visit_of(window, state=State.PHOTO_REVIEW, candidate=sideways)
    settle()
    shown = screen(window, State.PHOTO_REVIEW)._picture._image
    assert shown.height() > 2 * shown.width()


@pytest.mark.parametrize("content", [b"", b"no photo", b"\x89PNG\r\n\x1a\n"])
def test_a_photo_that_cannot_be_shown_does_no_harm(kiosk: Kiosk, tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(content)
    window = kiosk()
    visit_of(window, state=State.PHOTO_REVIEW, candidate=broken)
    settle()
    assert not screen(window, State.PHOTO_REVIEW)._picture.has_picture()


def test_a_photo_is_not_shown_to_the_next_visitor_however_late_it_is_decoded(kiosk: Kiosk, material: Material) -> None:
    window = kiosk()
    for _ in range(20):
        visit_of(window, state=State.PHOTO_REVIEW, candidate=material.photo)
        visit_of(window, state=State.MAKING, photo=material.photo)
        visit_of(window, state=State.ATTRACT)
    settle()
    assert not screen(window, State.PHOTO_REVIEW)._picture.has_picture()
    assert screen(window, State.MAKING)._ring._image is None


# --- the countdown ----------------------------------------------------------------------------------------------------


def test_the_countdown_is_heard_and_the_loudspeaker_given_back(kiosk: Kiosk, material: Material, qtbot: Any) -> None:
    window = kiosk()
    heard: List[int] = []

    class Listened(SilentStream):
        def write(self, samples: np.ndarray) -> None:
            heard.append(int(np.abs(samples).max(initial=0)))
            super().write(samples)

        def close(self) -> None:
            super().close()
            heard.append(-1)

    class Listener(Speaker):
        def open(self, device: str = "") -> SilentStream:
            return Listened()

    photo = screen(window, State.PHOTO)
    photo._ticking._speaker = Listener()
    visit = visit_of(window, state=State.PHOTO)
    window.feed(material.preview("ready"))
    window.show(dataclasses.replace(visit, state=State.PHOTO_COUNTDOWN))
    window.feed(Countdown(1))
    qtbot.waitUntil(lambda: max(heard, default=0) > 1000, timeout=PATIENCE_MS)
    window.show(visit)
    qtbot.waitUntil(lambda: -1 in heard, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not [one for one in threading.enumerate() if one.name in ("prompts", "ticking")],
                    timeout=PATIENCE_MS)  # fmt: skip
