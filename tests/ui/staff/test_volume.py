"""The volume, on a real PulseAudio, and on ALSA's mixer above it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

import pytest
from engine.services import patiently

from appliance.errors import SpeakerError
from appliance.ui.kiosk.staff.volume import AlsaMixer, PulseMixer, find_mixer


@pytest.fixture()
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No sound server, no card. Not in pytest's folder: the path of a Unix socket must be short."""
    with tempfile.TemporaryDirectory(prefix="pulse-") as folder:
        for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
            monkeypatch.setenv(name, folder)
        monkeypatch.setenv("PULSE_SERVER", f"unix:{folder}/native")
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        alsa = Path(folder, "asound.conf")
        alsa.write_text(
            'ctl_type.pulse { lib "libasound_module_ctl_pulse.so" }\nctl.!default { type pulse fallback "none" }\n'
        )
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(alsa))
        yield Path(folder)


@pytest.fixture()
def pulse(home: Path) -> Iterator[None]:
    for program in ("pulseaudio", "pactl"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program}")
    server = subprocess.Popen(
        ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "-L",
         f"module-native-protocol-unix auth-anonymous=1 socket={home}/native", "-L", "module-null-sink sink_name=hall"],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in patiently():
            if server.poll() is not None:
                pytest.skip("PulseAudio does not run here")
            if subprocess.run(["pactl", "info"], capture_output=True).returncode == 0:
                break
        yield
    finally:
        server.kill()
        server.wait()


def test_pulseaudio_is_turned_up_and_down(pulse: None) -> None:
    mixer = PulseMixer()
    for percent in (35, 100, 0):
        mixer.set_volume(percent)
        assert mixer.volume() == percent


def test_the_first_touch_ends_the_muting(pulse: None) -> None:
    mixer = PulseMixer()
    mixer.set_volume(40)
    subprocess.run(["pactl", "set-sink-mute", "hall", "1"], check=True)
    assert mixer.volume() == 0
    mixer.set_volume(45)
    assert mixer.volume() == 45


def test_alsas_mixer_is_turned_up_and_down(pulse: None) -> None:
    if shutil.which("amixer") is None:
        pytest.skip("there is no amixer")
    try:
        mixer = AlsaMixer()
    except SpeakerError:
        pytest.skip("ALSA has no way to PulseAudio here")
    for percent in (30, 90):
        mixer.set_volume(percent)
        assert mixer.volume() == percent
    subprocess.run(["pactl", "set-sink-mute", "hall", "1"], check=True)
    assert mixer.volume() == 0


def test_where_there_is_a_server_it_is_found(pulse: None) -> None:
    assert isinstance(find_mixer(), PulseMixer)


def test_a_server_that_goes_away_is_an_error(home: Path) -> None:
    with pytest.raises(SpeakerError):
        PulseMixer().volume()


def test_without_any_mixer_none_is_found(home: Path) -> None:
    assert find_mixer() is None


def test_without_the_programs_none_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    assert find_mixer() is None
