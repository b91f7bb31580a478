"""What the staff leaves on the disk and takes along: choices of devices, the logs."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from appliance.engine.job import Failure
from appliance.errors import OutputError
from appliance.settings import CameraSettings, Settings
from appliance.ui.kiosk.staff import choices, logs
from appliance.ui.kiosk.staff.choices import Choices
from appliance.ui.kiosk.staff.history import History

SETTINGS = Settings(camera=CameraSettings(device="/dev/video3"))


def test_without_a_choice_the_settings_hold(tmp_path: Path) -> None:
    assert choices.applied(SETTINGS, choices.load(tmp_path)) == SETTINGS


def test_a_choice_is_there_after_a_restart_and_leaves_the_others_alone(tmp_path: Path) -> None:
    choices.choose(tmp_path / "state", "microphone", "USB 麦克风")
    choices.choose(tmp_path / "state", "camera", "Cam")
    choices.choose(tmp_path / "state", "camera", None)
    kept = choices.load(tmp_path / "state")
    assert kept == Choices(None, "USB 麦克风")
    settings = choices.applied(SETTINGS, kept)
    assert (settings.microphone.device, settings.camera) == ("USB 麦克风", SETTINGS.camera)
    assert stat.S_IMODE((tmp_path / "state" / choices.FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"camera": 5}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / choices.FILE).write_bytes(content)
    assert choices.load(tmp_path) == Choices()


def test_a_choice_that_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        choices.choose(tmp_path / "file", "camera", "Cam")


def test_the_archive_holds_journal_report_and_troubles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "DOCTOR", ("echo", "all is well"))
    monkeypatch.setattr(logs, "JOURNAL", ("sh", "-c", "echo no permission >&2; exit 1"))
    history = History()
    history.note(Failure("worker_crashed", "It crashed.", "Wait."))
    logs.gather(tmp_path / "logs.zip", history.newest_first())
    with zipfile.ZipFile(str(tmp_path / "logs.zip")) as archive:
        said = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "worker_crashed (1): It crashed. Wait." in said["troubles.txt"]
    assert said["doctor.txt"] == "all is well\n"
    assert said["journal.txt"] == "no permission\n"


def test_a_program_that_is_missing_or_hangs_does_not_keep_the_rest_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "JOURNAL", ("there is no such program",))
    monkeypatch.setattr(logs, "DOCTOR", ("sleep", "1000"))
    monkeypatch.setattr(logs, "DOCTOR_SECONDS", 0.2)
    logs.gather(tmp_path / "logs.zip", ())
    with zipfile.ZipFile(str(tmp_path / "logs.zip")) as archive:
        assert b"FileNotFoundError" in archive.read("journal.txt")
        assert b"TimeoutExpired" in archive.read("doctor.txt")
        assert archive.read("troubles.txt") == b"none since the start\n"


def test_only_the_journal_of_our_services_is_asked_for() -> None:
    assert "--unit=sonic-*" in logs.JOURNAL


def test_where_nothing_can_be_written_that_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        logs.gather(tmp_path / "missing" / "logs.zip", ())
