"""What the staff sees and can do, on real devices that read files and a toy engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List

import pytest

pytest.importorskip("PyQt5")

from disks import small_disk
from engine.services import Service
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtWidgets import QAbstractButton, QLabel, QWidget

from appliance.engine.job import Failure
from appliance.engine.job import State as JobState
from appliance.engine.view import Health
from appliance.errors import CameraLost
from appliance.ui.events import LeaveStaff, SetClosed
from appliance.ui.feeds import DeviceState, EngineState
from appliance.ui.flow import State
from appliance.ui.kiosk.staff import choices, logs
from appliance.ui.kiosk.staff.choices import Choices
from appliance.ui.kiosk.staff.pages import (
    PAGES,
    AboutPage,
    CameraPage,
    SoundPage,
    StatusPage,
    StoragePage,
    TroublesPage,
)

PATIENCE_MS = 60_000


def turn_to(office: Any, kind: Any) -> Any:
    number = PAGES.index(kind)
    office.staff.buttons[number].click()
    return office.staff.pages[number]


def sees(office: Any, qtbot: Any, text: str) -> None:
    qtbot.waitUntil(lambda: text in office.texts(office.staff), timeout=PATIENCE_MS)


# --- status -----------------------------------------------------------------------------------------------------------


def test_the_engines_health_is_shown(make_office: Callable[..., Any], qtbot: Any, service: Service) -> None:
    job = service.submit()
    service.wait_for(job, JobState.DONE)
    office = make_office(service.socket)
    office.show(State.STAFF)
    page = turn_to(office, StatusPage)
    qtbot.waitUntil(lambda: page.values["engine"].text() == "Well", timeout=PATIENCE_MS)
    assert page.values["worker"].text() == "Ready"
    assert page.values["message"].text() == "All is well"
    assert page.values["kept"].text() == "1"
    assert page.values["waiting"].text() == "0"
    assert page.values["disk"].text().endswith("GB free")


def test_an_engine_that_is_away_is_shown_with_the_reason(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, StatusPage)
    qtbot.waitUntil(lambda: page.values["engine"].text() == "Does not answer", timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: "engine_unavailable" in page.values["message"].text(), timeout=PATIENCE_MS)
    office.window.feed(EngineState(None))
    assert "engine_unavailable" in page.values["message"].text()


def test_what_the_director_hears_of_the_engine_is_shown_at_once(office: Any) -> None:
    office.show(State.STAFF)
    health = Health("degraded", "down", "storage_full", "English.", "More.", 2_000_000_000, 71.4)
    office.window.feed(EngineState(health))
    texts = office.texts(office.staff)
    for shown in ("Needs help", "Down", "2.0 GB free", "71 °C"):
        assert shown in texts


def test_a_word_of_a_newer_engine_is_shown_as_it_is(office: Any) -> None:
    office.show(State.STAFF)
    office.window.feed(EngineState(Health("dreaming", "asleep")))
    assert "dreaming" in office.texts(office.staff)


def test_the_switch_asks_for_the_other_state(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, StatusPage)
    qtbot.mouseClick(page.switch, Qt.LeftButton)
    office.show(State.STAFF, closed=True)
    qtbot.mouseClick(page.switch, Qt.LeftButton)
    assert office.deeds == [SetClosed(True), SetClosed(False)]


def test_a_restart_is_asked_for_twice(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, StatusPage)
    qtbot.mouseClick(page.restart, Qt.LeftButton)
    assert (office.restarts, page.restart.text()) == (0, "Restart now?")
    qtbot.mouseClick(page.restart, Qt.LeftButton)
    assert office.restarts == 1


def test_the_question_is_forgotten_when_the_page_is_left(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, StatusPage)
    qtbot.mouseClick(page.restart, Qt.LeftButton)
    turn_to(office, AboutPage)
    turn_to(office, StatusPage)
    qtbot.mouseClick(page.restart, Qt.LeftButton)
    assert office.restarts == 0


# --- devices ----------------------------------------------------------------------------------------------------------


def test_the_camera_is_tried_out(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, CameraPage)
    page.try_out.click()
    qtbot.waitUntil(page.picture.has_picture, timeout=PATIENCE_MS)
    page.try_out.click()
    assert not page.picture.has_picture()


def test_the_microphone_is_tried_out(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, SoundPage)
    page.try_out.click()
    qtbot.waitUntil(lambda: page.meter.lit() > 3, timeout=PATIENCE_MS)
    turn_to(office, StatusPage)
    assert page.meter.lit() == 0


def test_a_camera_that_cannot_be_opened_says_why(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, CameraPage)
    office.face.unlink()
    page.try_out.click()
    qtbot.waitUntil(lambda: page.state.property("role") == "warning", timeout=PATIENCE_MS)
    assert page.try_out.text() == "Try it"
    assert page.state.text()


def test_a_camera_that_visitors_lost_is_shown_until_it_is_back(office: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, CameraPage)
    office.window.feed(DeviceState("camera", CameraLost()))
    assert page.state.property("role") == "warning"
    office.window.feed(DeviceState("camera", None))
    assert page.state.property("role") == "muted"


@pytest.mark.parametrize(("kind", "name"), [(CameraPage, "camera"), (SoundPage, "microphone")])
def test_a_choice_is_kept_and_counts_after_the_restart_that_follows(
    office: Any, qtbot: Any, kind: Any, name: str
) -> None:
    office.show(State.STAFF)
    page = turn_to(office, kind)
    qtbot.waitUntil(lambda: len(page.buttons) == 2, timeout=PATIENCE_MS)
    (device,) = (device for device in page.buttons if device is not None)
    page.buttons[device].click()
    sees(office, qtbot, "It counts after a restart")
    assert office.restarts == 0
    kept = choices.load(office.parts.state)
    assert kept == Choices(**{name: device})
    assert getattr(choices.applied(office.settings, kept), name).device == device
    office.show(State.ATTRACT)
    assert office.restarts == 1


def test_the_settings_can_be_chosen_again(office: Any, qtbot: Any) -> None:
    choices.choose(office.parts.state, "camera", "one that is not there now")
    office.show(State.STAFF)
    page = turn_to(office, CameraPage)
    qtbot.waitUntil(lambda: len(page.buttons) == 3, timeout=PATIENCE_MS)
    assert page.buttons["one that is not there now"].isChecked()
    page.buttons[None].click()
    qtbot.waitUntil(lambda: choices.load(office.parts.state) == Choices(), timeout=PATIENCE_MS)


def test_what_was_chosen_and_taken_back_restarts_nothing(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, CameraPage)
    qtbot.waitUntil(lambda: len(page.buttons) == 2, timeout=PATIENCE_MS)
    (device,) = (device for device in page.buttons if device is not None)
    page.buttons[device].click()
    sees(office, qtbot, "It counts after a restart")
    page.buttons[None].click()
    qtbot.waitUntil(lambda: not page.note.isVisible(), timeout=PATIENCE_MS)
    office.show(State.ATTRACT)
    assert office.restarts == 0


def cut_off(office: Any, page: QWidget) -> List[str]:
    """Words that there is too little room for."""
    buttons = [button for button in office.staff.findChildren(QAbstractButton) if button.isVisible() and button.text()]
    found = [button.text() for button in buttons if button.sizeHint().width() > button.width() + 1]
    for label in page.findChildren(QLabel):
        if label.isVisible() and label.text():
            room = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
            if label.height() < room - 1:
                found.append(label.text())
    return found


def test_leaving_without_a_choice_restarts_nothing(office: Any) -> None:
    office.show(State.STAFF)
    turn_to(office, CameraPage)
    office.show(State.ATTRACT)
    assert office.restarts == 0


# --- storage ----------------------------------------------------------------------------------------------------------


def test_everything_is_deleted_after_asking_once_more(
    make_office: Callable[..., Any], qtbot: Any, service: Service
) -> None:
    with service.client() as client:
        client.wipe()
        for number in range(3):
            service.submit(photo=b"photo %d" % number)
        office = make_office(service.socket)
        office.show(State.STAFF)
        page = turn_to(office, StoragePage)
        page.wipe.click()
        assert len(client.jobs()) == 3
        page.wipe.click()
        sees(office, qtbot, "Jobs deleted: 3.")
        assert client.jobs() == []


def test_a_wipe_that_fails_is_said(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, StoragePage)
    page.wipe.click()
    page.wipe.click()
    qtbot.waitUntil(lambda: page.wiped.property("role") == "warning", timeout=PATIENCE_MS)
    assert page.wipe.isEnabled()


def test_without_a_stick_the_logs_stay(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, StoragePage)
    page.export.click()
    qtbot.waitUntil(lambda: page.exported.property("role") == "warning", timeout=PATIENCE_MS)


def test_the_logs_are_saved_to_a_stick(
    office: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "DOCTOR", ("echo", "the doctor's report"))
    (tmp_path / "media").mkdir()
    with small_disk(tmp_path / "media" / "STICK", 32) as stick:
        office.show(State.STAFF)
        page = turn_to(office, StoragePage)
        page.export.click()
        sees(office, qtbot, "Saved: sonic-logs")
        (archive,) = stick.iterdir()
        assert archive.suffix == ".zip"


# --- troubles ---------------------------------------------------------------------------------------------------------


def test_what_went_wrong_is_listed_with_its_code_the_newest_first(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, TroublesPage)
    assert "No troubles since the start." in office.texts(page)
    for code in ("camera_lost", "worker_crashed", "worker_crashed"):
        office.history.note(Failure(code, f"Message of {code}.", ""))
    turn_to(office, TroublesPage)
    sees(office, qtbot, "2 times")
    texts = office.texts(page)
    assert "No troubles" not in texts
    assert texts.index("worker_crashed") < texts.index("camera_lost")


# --- about ------------------------------------------------------------------------------------------------------------


def test_the_pin_is_changed(office: Any, qtbot: Any) -> None:
    office.pins.set("2580")
    office.show(State.STAFF)
    page = turn_to(office, AboutPage)
    page.change.click()
    for pin in ("2580", "1111", "9630", "9630"):
        for digit in pin:
            qtbot.keyClick(page.pad, digit)
        qtbot.keyClick(page.pad, Qt.Key_Return)
    sees(office, qtbot, "The PIN was changed.")
    office.pins.enter("9630")


def test_a_wrong_old_pin_changes_nothing(office: Any, qtbot: Any) -> None:
    office.pins.set("2580")
    office.show(State.STAFF)
    page = turn_to(office, AboutPage)
    page.change.click()
    for pin in ("1379", "9630", "9630"):
        for digit in pin:
            qtbot.keyClick(page.pad, digit)
        qtbot.keyClick(page.pad, Qt.Key_Return)
    sees(office, qtbot, "This is not the PIN")
    office.pins.enter("2580")


def test_licences_and_versions_are_shown(office: Any) -> None:
    office.show(State.STAFF)
    page = turn_to(office, AboutPage)
    texts = office.texts(page)
    for word in ("Apache", "GPL-3", "Qt 5.", "Sonic appliance"):
        assert word in texts


# --- all pages --------------------------------------------------------------------------------------------------------


def test_another_language_is_spoken_on_every_page(office: Any) -> None:
    office.show(State.STAFF)
    office.language = "zh"
    office.show(State.STAFF)
    assert [button.text() for button in office.staff.buttons][:2] == ["状态", "摄像头"]
    for kind in PAGES:
        assert "One moment" not in office.texts(turn_to(office, kind))
    assert "对访客开放" in office.texts(turn_to(office, StatusPage))


def test_one_leaves_by_a_button(office: Any, qtbot: Any) -> None:
    office.show(State.STAFF)
    qtbot.mouseClick(office.staff.out, Qt.LeftButton)
    assert office.deeds == [LeaveStaff()]


@pytest.mark.parametrize(
    ("language", "size", "large"),
    [
        ("zh", (1024, 600), True),
        ("en", (1024, 600), True),
        ("zh", (1024, 600), False),
        ("en", (1920, 1080), True),
        ("zh", (1080, 1920), False),
        ("en", (1080, 1920), True),
    ],
)
def test_nothing_is_cut_off_or_too_small_for_a_finger(
    make_office: Callable[..., Any], qtbot: Any, language: str, size: Any, large: bool
) -> None:
    office = make_office(language=language)
    office.window.resize(*size)
    office.show(State.STAFF)
    office.window._change_theme(large_text=large)
    for kind in PAGES:
        page = turn_to(office, kind)
        qtbot.waitUntil(lambda page=page: cut_off(office, page) == [], timeout=PATIENCE_MS)  # answers come meanwhile
        for button in office.staff.findChildren(QAbstractButton):
            if button.isVisible():
                assert button.accessibleName(), (kind.__name__, button.text())
                assert min(button.width(), button.height()) >= office.window.theme.target, (kind, button.text())
    for button in (*office.staff.buttons, office.staff.out):
        assert office.staff.rect().contains(button.mapTo(office.staff, QPoint(0, 0)))
        assert office.staff.rect().contains(button.mapTo(office.staff, button.rect().bottomRight()))
