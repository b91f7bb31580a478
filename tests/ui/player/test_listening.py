"""A recording played before it is used."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, List

import numpy as np
import pytest
from media import encode, write_wav
from ui.player.audience import Recorder
from ui.player.films import PULSE_SECONDS, pulses, pulses_in
from ui.player.patience import children, until

from appliance.errors import SpeakerError, SpeechUnreadable
from appliance.ui.player.listening import Listening
from appliance.ui.player.speaker import RATE, Speaker, SpeakerStream


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_heard_from_beginning_to_end(tmp_path: Path, suffix: str) -> None:
    path = write_wav(tmp_path / "speech.wav", pulses(1.2, 16_000))
    if suffix != "wav":
        path = encode(path, tmp_path / f"speech.{suffix}")
    speaker = Recorder()
    ended: List[Any] = []
    began = time.monotonic()
    listening = Listening(path, speaker, ended.append)
    until(lambda: ended)
    assert ended == [None] and time.monotonic() - began > 1.15
    sound = speaker.stream.given()
    assert len(sound) / RATE == pytest.approx(1.2, abs=0.1)
    assert np.diff(pulses_in(sound)) == pytest.approx([PULSE_SECONDS] * 2, abs=0.005)
    listening.stop()


def test_stopped_in_the_middle(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "speech.wav", pulses(30.0, 16_000))
    speaker = Recorder()
    ended: List[Any] = []
    listening = Listening(path, speaker, ended.append)
    until(lambda: speaker.stream is not None and len(speaker.stream.given()))
    listening.stop()
    listening.stop()
    until(lambda: not children("ffmpeg"))
    assert ended == []


def test_stopped_at_once(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "speech.wav", pulses(5.0, 16_000))
    for _ in range(10):
        Listening(path, Recorder(), lambda _error: None).stop()
    until(lambda: not children("ffmpeg"))


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    path.write_bytes(b"no sound at all")
    ended: List[Any] = []
    listening = Listening(path, Recorder(), ended.append)
    until(lambda: ended)
    assert isinstance(ended[0], SpeechUnreadable)
    listening.stop()


def test_without_a_loudspeaker_it_takes_as_long(tmp_path: Path) -> None:
    class NoSpeaker(Speaker):
        def open(self) -> SpeakerStream:
            raise SpeakerError("none")

    path = write_wav(tmp_path / "speech.wav", pulses(0.6, 16_000))
    ended: List[Any] = []
    began = time.monotonic()
    listening = Listening(path, NoSpeaker(), ended.append)
    until(lambda: ended)
    assert ended == [None] and time.monotonic() - began > 0.55
    listening.stop()
