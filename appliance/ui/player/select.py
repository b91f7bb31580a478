"""The loudspeaker of the settings."""

from __future__ import annotations

from ...settings import Settings
from .pyaudio_speaker import PyAudioSpeaker
from .silent_speaker import SilentSpeaker
from .speaker import Speaker


def speaker_from(settings: Settings) -> Speaker:
    """It need not be there; `SteadyStream` goes on without."""
    chosen = settings.speaker
    return SilentSpeaker() if chosen.backend == "silent" else PyAudioSpeaker(chosen.device)
