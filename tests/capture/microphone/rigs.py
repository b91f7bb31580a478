"""Microphones of every kind that hear a tone of 440 Hz at half of full scale, and can be pulled out."""

from __future__ import annotations

import contextlib
import functools
import glob
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator, List, Optional

import numpy as np
import pytest
from media import tone, write_wav

from appliance.capture.microphone.ascend import AscendMicrophone
from appliance.capture.microphone.base import Microphone, MicrophoneStream
from appliance.capture.microphone.file import FileMicrophone
from appliance.capture.microphone.pyaudio_ import PyAudioMicrophone

HERTZ = 440.0
LOUDNESS = 20 * np.log10(0.5 / np.sqrt(2))
"""dB of full scale, RMS."""
RATE = 48_000
PATIENCE_SECONDS = 60.0
STUB = Path(__file__).resolve().parents[1] / "ascend_media_stub"
GATE, CARD = Path(__file__).with_name("gate.c"), Path(__file__).with_name("card.c")


class Rig:
    """``device``: a part of its name. ``unplug`` and ``plug``: None where it cannot be pulled out."""

    def __init__(self, microphone: Microphone, device: str, unplug: Any = None, plug: Any = None) -> None:
        self.microphone, self.device = microphone, device
        self.unplug, self.plug = unplug, plug

    def open(self) -> MicrophoneStream:
        return self.microphone.open(self.device)


def patiently() -> Iterator[None]:
    """Again and again, until the test loses its patience."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(0.02)
    pytest.fail(f"it did not happen within {PATIENCE_SECONDS:.0f} s")


def listen(stream: MicrophoneStream, seconds: float) -> np.ndarray:
    """So much of what it hears, int16 (n,)."""
    blocks: List[np.ndarray] = []
    while sum(map(len, blocks)) < seconds * stream.rate:
        blocks.append(stream.read(PATIENCE_SECONDS))
    return np.concatenate(blocks)[: int(seconds * stream.rate)]


def pitch(samples: np.ndarray, rate: int) -> float:
    """The strongest frequency, Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples)


def loudness(samples: np.ndarray) -> float:
    """RMS, dB of full scale."""
    return float(10 * np.log10(np.mean((samples / 32_768.0) ** 2) + 1e-12))


@functools.lru_cache(maxsize=None)
def tone_wav() -> bytes:
    """Two minutes of it, a whole file."""
    with tempfile.TemporaryDirectory() as folder:
        return write_wav(Path(folder, "tone.wav"), tone(120, HERTZ, 0.5, RATE), RATE).read_bytes()


def compile_c(source: List[Path], target: Path, *libraries: str) -> Path:
    """A shared library. Skips the test where there is no compiler or no header."""
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc")
    command = ["gcc", "-Wall", "-shared", "-fPIC", "-DPIC", "-o", str(target), *map(str, source), *libraries]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if "alsa/asoundlib.h: No such file" in done.stdout:
        pytest.skip("the headers of ALSA (libasound2-dev) are not installed")
    assert done.returncode == 0, done.stdout
    return target


def file_rig(folder: Path, real_time: bool) -> Rig:
    path, away = folder / "tone.wav", folder / "away.wav"
    path.write_bytes(tone_wav())
    return Rig(FileMicrophone(path, real_time), "tone", lambda: os.replace(path, away), lambda: os.replace(away, path))


def alsa_rig(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """ALSA's `file` plugin: real PortAudio on real ALSA, without a card; it gives sound as fast as it is read."""
    pytest.importorskip("pyaudio")
    alsa_tone(folder, monkeypatch)
    return Rig(PyAudioMicrophone(), "tone")


def alsa_tone(folder: Path, monkeypatch: pytest.MonkeyPatch, more: str = "", infile: Optional[Path] = None) -> None:
    """ALSA shall know one microphone, "tone", and what ``more`` of its configuration says."""
    raw = folder / "tone.raw"
    raw.write_bytes(np.round(tone(1, HERTZ, 0.5, RATE) * 32_767).astype("<i2").tobytes())
    configure_alsa(
        folder,
        monkeypatch,
        f"""
        pcm.nothing {{ type null }}
        pcm.raw {{ type file slave.pcm nothing file /dev/null infile "{infile or raw}" format raw }}
        pcm.tone {{ type plug slave {{ pcm raw format S16_LE channels 1 rate {RATE} }} }}
        pcm.!default {{ type plug slave {{ pcm raw format S16_LE channels 1 rate {RATE} }} }}
        {more}
        """,
    )


def configure_alsa(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The whole of ALSA's configuration, for processes started from now on."""
    path = folder / "asound.conf"
    path.write_text(text)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(path))


def card_rig(folder: Path, plugin: Path, monkeypatch: pytest.MonkeyPatch, rate: int = RATE, channels: int = 2) -> Rig:
    """A sound card that is made of an ALSA plugin: real PortAudio on real ALSA, in real time."""
    pytest.importorskip("pyaudio")
    plugged = folder / "plugged"
    plugged.touch()
    configure_alsa(
        folder,
        monkeypatch,
        f"""
        pcm_type.card {{ lib "{plugin}" }}
        pcm.usb {{ type card rate {rate} channels {channels} plugged "{plugged}" }}
        pcm.!default {{ type plug slave.pcm usb }}
        """,
    )
    return Rig(PyAudioMicrophone(), "usb", plugged.unlink, plugged.touch)


@contextlib.contextmanager
def pulse_rig(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """A PulseAudio of its own, with an output that leads nowhere; what is played there is recorded, in real time."""
    pytest.importorskip("pyaudio")
    for program in ("pulseaudio", "pactl", "paplay"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program}")
    plugin = "alsa-lib/libasound_module_pcm_pulse.so"
    if not glob.glob(f"/usr/lib*/{plugin}") + glob.glob(f"/usr/lib*/*/{plugin}"):
        pytest.skip("ALSA's plugin for PulseAudio (libasound2-plugins) is not installed")
    path = folder / "tone.wav"
    path.write_bytes(tone_wav())
    configure_alsa(
        folder,
        monkeypatch,
        """
        pcm_type.pulse { lib "libasound_module_pcm_pulse.so" }
        pcm.hall { type pulse device "hall.monitor" }
        pcm.!default { type pulse device "hall.monitor" }
        """,
    )
    with _pulse_server(monkeypatch), contextlib.ExitStack() as playing:

        def plug() -> None:
            sink = ["load-module", "module-null-sink", "sink_name=hall", f"rate={RATE}"]
            # In small pieces from the start on, which PulseAudio knows from 15 on; else the first one is of 2 s.
            if not _pactl(*sink, "norewinds=1", check=False):
                _pactl(*sink)
            player = subprocess.Popen(["paplay", "--device=hall", str(path)], stderr=subprocess.DEVNULL)
            playing.callback(player.wait)
            playing.callback(player.kill)

        def unplug() -> None:
            _pactl("unload-module", "module-null-sink")

        plug()
        yield Rig(PyAudioMicrophone(), "hall", unplug, plug)


@contextlib.contextmanager
def _pulse_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Not in pytest's folder: the path of a Unix socket must be short.
    with tempfile.TemporaryDirectory(prefix="pulse-") as home:
        for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
            monkeypatch.setenv(name, home)
        monkeypatch.setenv("PULSE_SERVER", f"unix:{home}/native")
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        log = Path(home, "log")
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += [
            f"--log-target=file:{log}",
            "-L",
            f"module-native-protocol-unix auth-anonymous=1 socket={home}/native",
        ]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            for _ in patiently():
                if server.poll() is not None:
                    pytest.skip(f"PulseAudio does not run here: {log.read_text()[-300:] if log.exists() else ''}")
                if _pactl("info", check=False):
                    break
            yield
        finally:
            server.kill()
            server.wait()


def _pactl(*arguments: str, check: bool = True) -> bool:
    done = subprocess.run(["pactl", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert done.returncode == 0 or not check, arguments
    return done.returncode == 0


def ascend_rig(folder: Path, library: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Huawei's library, or what stands in for it."""
    state = folder / "state"
    state.write_text("well")
    monkeypatch.setenv("STUB_MICROPHONE", str(state))
    monkeypatch.setenv("STUB_MICROPHONE_CLOSED", str(folder / "closed"))
    return Rig(AscendMicrophone(str(library)), "200 dk", lambda: write(state, "absent"), lambda: write(state, "well"))


def write(path: Path, text: str) -> None:
    """The whole of a file, at once."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(str(new), str(path))
