"""Any recording → 16 kHz speech at one loudness, its voice activity and its mel spectrogram."""

from __future__ import annotations

from .recording import Speech, load_speech, open_speech

__all__ = ["Speech", "load_speech", "open_speech"]
