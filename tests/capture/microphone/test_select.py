"""Settings name a back end."""

from __future__ import annotations

from pathlib import Path

import pytest
from media import tone, write_wav

from appliance.capture.microphone.ascend import AscendMicrophone
from appliance.capture.microphone.pyaudio_ import PyAudioMicrophone
from appliance.capture.microphone.select import open_microphone
from appliance.errors import MicrophoneMissing
from appliance.settings import MicrophoneSettings


def test_the_back_end_of_the_settings(tmp_path: Path) -> None:
    assert isinstance(open_microphone(MicrophoneSettings()), PyAudioMicrophone)
    assert isinstance(open_microphone(MicrophoneSettings(backend="ascend-media")), AscendMicrophone)
    path = write_wav(tmp_path / "voice.wav", tone(1.0))
    microphone = open_microphone(MicrophoneSettings(backend="file", file=str(path)))
    assert [device.name for device in microphone.devices()] == ["voice.wav"]


@pytest.mark.parametrize("content", (None, b"no recording at all"))
def test_a_file_that_cannot_play_a_microphone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "voice.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MicrophoneMissing):
        open_microphone(MicrophoneSettings(backend="file", file=str(path))).open()


def test_no_file_at_all() -> None:
    microphone = open_microphone(MicrophoneSettings(backend="file"))
    assert microphone.devices() == []
    with pytest.raises(MicrophoneMissing):
        microphone.open()
