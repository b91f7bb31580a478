"""How loud the loudspeaker is: PulseAudio's `pactl` where its server runs, else ALSA's `amixer`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from typing import List, Optional

from ....errors import SpeakerError

PATIENCE_SECONDS = 5.0
CONTROLS = ("Master", "Speaker", "PCM", "Headphone", "Digital")
"""Of ALSA, the one that is tried first at the front."""


class Mixer(ABC):
    """Calls take their time, so none belongs into the thread that paints. They raise `SpeakerError`."""

    @abstractmethod
    def volume(self) -> int:
        """Percent; 0 where muted."""

    @abstractmethod
    def set_volume(self, percent: int) -> None:
        """Also ends the muting."""


def find_mixer() -> Optional[Mixer]:
    """None where nothing on this machine can change the volume."""
    for kind in (PulseMixer, AlsaMixer):
        try:
            mixer: Mixer = kind()
            mixer.volume()
        except SpeakerError:
            continue
        return mixer
    return None


class PulseMixer(Mixer):
    """The default sink. Its old releases have no command that asks for one volume alone."""

    def volume(self) -> int:
        name = _search(r"Default Sink: (\S+)", _run("pactl", "info"))
        for sink in _run("pactl", "list", "sinks").split("\n\n"):
            if f"Name: {name}\n" in sink:
                return 0 if "Mute: yes" in sink else int(_search(r"Volume: [^%]*?(\d+)%", sink))
        raise SpeakerError("PulseAudio has no sink")

    def set_volume(self, percent: int) -> None:
        _run("pactl", "set-sink-mute", "@DEFAULT_SINK@", "0")
        _run("pactl", "set-sink-volume", "@DEFAULT_SINK@", f"{percent}%")


class AlsaMixer(Mixer):
    """The first playback control of the default card that is known to be the loudspeaker's."""

    def __init__(self) -> None:
        found: List[str] = re.findall(r"Simple mixer control '([^']+)',0", _run("amixer", "scontrols"))
        known = [name for name in CONTROLS if name in found]
        if not known:
            raise SpeakerError("ALSA has no control of a loudspeaker")
        self._control = known[0]

    def volume(self) -> int:
        said = _run("amixer", "-M", "sget", self._control)
        return 0 if "[off]" in said else int(_search(r"\[(\d+)%\]", said))

    def set_volume(self, percent: int) -> None:
        _run("amixer", "-M", "sset", self._control, f"{percent}%", "unmute")


def _run(*command: str) -> str:
    """What the program says, in English."""
    if shutil.which(command[0]) is None:
        raise SpeakerError(f"{command[0]} is not installed")
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SpeakerError(f"{command[0]}: {type(error).__name__}") from error
    if done.returncode != 0:
        raise SpeakerError(f"{command[0]} ended with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def _search(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise SpeakerError("the mixer says something unknown")
    return found.group(1)
