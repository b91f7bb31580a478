"""Which back end is meant."""

from __future__ import annotations

from pathlib import Path

from ...settings import MicrophoneSettings
from .ascend import AscendMicrophone
from .base import Microphone
from .file import FileMicrophone
from .pyaudio_ import PyAudioMicrophone


def open_microphone(settings: MicrophoneSettings) -> Microphone:
    """The back end of the settings; whether it has a device shows when that is opened, with `settings.device`."""
    if settings.backend == "file":
        return FileMicrophone(Path(settings.file))
    if settings.backend == "ascend-media":
        return AscendMicrophone()
    return PyAudioMicrophone()
