"""Microphones of ALSA, PulseAudio and JACK, through PyAudio."""

from __future__ import annotations

from .process import ProcessMicrophone


class PyAudioMicrophone(ProcessMicrophone):
    """Each listing and each opening initialises PortAudio anew, so what was plugged in meanwhile is there."""

    def __init__(self) -> None:
        super().__init__("portaudio")
