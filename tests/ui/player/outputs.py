"""Real PortAudio on loudspeakers that need no sound card: ALSA's own plugins, and a PulseAudio of our own."""

from __future__ import annotations

import contextlib
import glob
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Dict, Iterator

import pytest
from ui.player.patience import until

ALSA = """
pcm.nothing {{ type null }}
pcm.tape {{ type file; slave.pcm "nothing"; file "{tape}"; format "raw"; hint {{ show on; description "tape" }} }}
pcm.!default {{ type plug; slave.pcm "tape"; hint {{ show on; description "default" }} }}
"""
PULSE = """
pcm_type.pulse {{ lib "{pcm}" }}
ctl_type.pulse {{ lib "{ctl}" }}
pcm.!default {{ type pulse; hint {{ show on; description "default" }} }}
ctl.!default {{ type pulse }}
"""
SERVER = "pulseaudio -n --daemonize=no --exit-idle-time=-1 --use-pid-file=no"


def need_pyaudio() -> None:
    if importlib.util.find_spec("pyaudio") is None:
        pytest.skip("PyAudio is not installed")


def alsa_tape(folder: Path) -> Dict[str, str]:
    """Environment in which the only output writes what it is given to the file "tape"."""
    need_pyaudio()
    (folder / "asound.conf").write_text(ALSA.format(tape=folder / "tape"))
    return {"ALSA_CONFIG_PATH": str(folder / "asound.conf")}


def no_output(folder: Path) -> Dict[str, str]:
    """Environment of a machine without any."""
    need_pyaudio()
    (folder / "asound.conf").write_text("")
    return {"ALSA_CONFIG_PATH": str(folder / "asound.conf")}


class Pulse:
    """A running server; ``environment`` leads to it."""

    def __init__(self, process: subprocess.Popen[bytes], environment: Dict[str, str]) -> None:
        self.process, self.environment = process, environment

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def pulse_server() -> Iterator[Pulse]:
    """With one output, to nowhere, in real time."""
    need_pyaudio()
    plugins = {
        kind: glob.glob(f"/usr/lib/*/alsa-lib/libasound_module_{kind}_pulse.so") for kind in ("pcm", "ctl")
    }  # fmt: skip
    if shutil.which("pulseaudio") is None or not all(plugins.values()):
        pytest.skip("no PulseAudio with its plugin for ALSA")
    folder = Path(tempfile.mkdtemp(prefix="pulse"))
    (folder / "asound.conf").write_text(PULSE.format(**{kind: found[0] for kind, found in plugins.items()}))
    environment = {
        "ALSA_CONFIG_PATH": str(folder / "asound.conf"), "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder),
        "PULSE_SERVER": f"unix:{folder}/native",
    }  # fmt: skip
    modules = ["-L", "module-null-sink sink_name=nowhere rate=48000 channels=2"]
    modules += ["-L", f"module-native-protocol-unix auth-anonymous=1 socket={folder}/native"]
    server = subprocess.Popen(
        [*SERVER.split(), *modules],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: (folder / "native").exists() or server.poll() is not None)
        if server.poll() is not None:
            pytest.skip("PulseAudio does not run here")
        yield Pulse(server, environment)
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(str(folder), ignore_errors=True)
