"""Where PortAudio, ALSA and their drivers misbehave."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from capture.microphone.rigs import (
    GATE,
    HERTZ,
    LOUDNESS,
    alsa_tone,
    card_rig,
    compile_c,
    configure_alsa,
    listen,
    loudness,
    pitch,
)
from helpers import REPOSITORY

from appliance.capture.microphone.pyaudio_ import PyAudioMicrophone
from appliance.errors import MicrophoneBusy, MicrophoneLost, MicrophoneMissing

pytest.importorskip("pyaudio")


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_c([GATE], tmp_path_factory.mktemp("alsa") / "libasound_module_pcm_gate.so", "-lasound")


@pytest.mark.parametrize("openings", (0, 1))
@pytest.mark.parametrize("device", ("", "gated"))
def test_a_device_of_another_program_is_busy_not_missing(
    gate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, openings: int, device: str
) -> None:
    """Held from the start, so that PortAudio does not list it; or taken between its listing and its opening."""
    left = tmp_path / "openings"
    more = f'pcm_type.gate {{ lib "{gate}" }} pcm.!{device or "default"} {{ type gate slave tone openings "{left}" }}'
    alsa_tone(tmp_path, monkeypatch, more)
    left.write_text(str(openings))
    with pytest.raises(MicrophoneBusy):
        PyAudioMicrophone().open(device)
    left.write_text("100")
    with PyAudioMicrophone().open(device) as stream:
        assert len(stream.read(60))


@pytest.mark.parametrize("rate, channels", ((8_000, 1), (16_000, 4), (44_100, 2), (96_000, 6)))
def test_a_card_of_any_rate_and_any_number_of_channels(
    card_plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: int, channels: int
) -> None:
    rig = card_rig(tmp_path, card_plugin, monkeypatch, rate, channels)
    with rig.open() as stream:
        heard = listen(stream, 1.0)
    assert stream.rate == rate
    assert pitch(heard, rate) == pytest.approx(HERTZ, abs=1.0)
    assert loudness(heard) == pytest.approx(LOUDNESS, abs=0.1)


def test_a_driver_that_hangs_is_a_lost_microphone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(str(fifo))
    alsa_tone(tmp_path, monkeypatch, infile=fifo)
    writer = os.open(str(fifo), os.O_RDWR)
    try:
        os.write(writer, bytes(48_000))  # half a second, then nothing, and reading waits for ever
        stream = PyAudioMicrophone().open("tone")
        with pytest.raises(MicrophoneLost):
            for _ in range(100):
                stream.read(1.0)
        begun = time.monotonic()
        stream.close()
        assert time.monotonic() - begun < 30
    finally:
        os.close(writer)


def test_an_opening_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(str(fifo))  # nobody writes to it, so opening it waits for ever
    alsa_tone(tmp_path, monkeypatch, infile=fifo)
    monkeypatch.setattr("appliance.capture.microphone.process.OPEN_SECONDS", 1.0)
    with pytest.raises(MicrophoneMissing):
        PyAudioMicrophone().open("tone")
    assert PyAudioMicrophone().devices() == []


@pytest.mark.parametrize("text", ("", "pcm.card { type hw card 0 }"), ids=("no ALSA at all", "no card"))
def test_no_microphone_is_said_quietly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], text: str
) -> None:
    """Without any configuration of ALSA, PortAudio aborts its process."""
    if Path("/proc/asound/card0").exists():
        pytest.skip("this machine has a sound card")
    configure_alsa(tmp_path, monkeypatch, text)
    assert PyAudioMicrophone().devices() == []
    with pytest.raises(MicrophoneMissing):
        PyAudioMicrophone().open()
    assert capfd.readouterr() == ("", "")


def test_the_system_s_own_configuration_chatters_to_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    PyAudioMicrophone().devices()
    assert capfd.readouterr() == ("", "")


ORPHAN = """
import time
import psutil
from appliance.capture.microphone.pyaudio_ import PyAudioMicrophone

stream = PyAudioMicrophone().open("tone")
print(psutil.Process().children()[0].pid, flush=True)
time.sleep(3600)
"""


def test_a_hanging_driver_does_not_outlive_an_appliance_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the device would stay busy for the next one."""
    fifo = tmp_path / "fifo"
    os.mkfifo(str(fifo))
    alsa_tone(tmp_path, monkeypatch, infile=fifo)
    writer = os.open(str(fifo), os.O_RDWR)
    try:
        command = [sys.executable, "-c", ORPHAN]
        with subprocess.Popen(command, cwd=str(REPOSITORY), stdout=subprocess.PIPE) as appliance:
            assert appliance.stdout is not None
            try:
                child = psutil.Process(int(appliance.stdout.readline()))
            finally:
                appliance.kill()
        gone, alive = psutil.wait_procs([child], timeout=60)
        assert not alive
    finally:
        os.close(writer)
