"""The microphone of the board, on a library that stands in for Huawei's."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from capture.microphone.rigs import PATIENCE_SECONDS, ascend_rig, write

from appliance.capture.ascend_media import MediaLibrary
from appliance.capture.microphone.ascend import AscendMicrophone
from appliance.errors import MicrophoneBusy, MicrophoneError, MicrophoneLost, MicrophoneMissing


def test_another_program_has_it_open(tmp_path: Path, ascend_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = ascend_rig(tmp_path, ascend_library, monkeypatch)
    write(tmp_path / "state", "busy")
    with pytest.raises(MicrophoneBusy):
        rig.open()


@pytest.mark.parametrize("state", ("dead", "wedged"))
def test_a_reading_that_fails_or_hangs_is_a_lost_microphone(
    tmp_path: Path, ascend_library: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    rig = ascend_rig(tmp_path, ascend_library, monkeypatch)
    with rig.open() as stream:
        stream.read(PATIENCE_SECONDS)
        write(tmp_path / "state", state)
        with pytest.raises(MicrophoneLost):
            for _ in range(10_000):
                stream.read(1.0)
    write(tmp_path / "state", "well")
    with rig.open() as stream:
        stream.read(PATIENCE_SECONDS)


def test_a_device_that_does_not_close_holds_nobody_up(
    tmp_path: Path, ascend_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = ascend_rig(tmp_path, ascend_library, monkeypatch)
    stream = rig.open()
    write(tmp_path / "state", "stuck")
    stream.close()
    assert psutil.Process().children() == []


def test_the_device_is_closed_before_its_process_ends(
    tmp_path: Path, ascend_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.capture.microphone.process.GRACE_SECONDS", 60.0)
    rig = ascend_rig(tmp_path, ascend_library, monkeypatch)
    rig.open().close()
    assert (tmp_path / "closed").read_text() == "closed\n"


def test_a_machine_without_the_library_has_no_such_microphone(tmp_path: Path) -> None:
    microphone = AscendMicrophone(str(tmp_path / "libmedia_mini.so"))
    assert microphone.devices() == []
    with pytest.raises(MicrophoneMissing):
        microphone.open()


def test_the_library_is_initialised_once(ascend_library: Path) -> None:
    """By microphone and camera together; the one that stands in refuses a second time."""
    for _ in range(2):
        library = MediaLibrary({"QueryMICStatus": ()}, MicrophoneError, str(ascend_library))
        assert library.call("QueryMICStatus") == 2


def test_a_library_of_another_version_is_refused(ascend_library: Path) -> None:
    with pytest.raises(MicrophoneError) as refusal:
        MediaLibrary({"NoSuchCall": ()}, MicrophoneError, str(ascend_library))
    assert "NoSuchCall" in refusal.value.detail
