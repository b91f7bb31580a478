"""Tones: what they sound like, and who has the loudspeaker."""

from __future__ import annotations

import threading
from typing import List

import numpy as np
import pytest
from engine.engines import PATIENCE_SECONDS

from appliance.errors import SpeakerError
from appliance.ui.headless.prompts import Prompts
from appliance.ui.headless.tones import TONES, tone
from appliance.ui.player.silent_speaker import SilentStream
from appliance.ui.player.speaker import RATE, Speaker, SpeakerStream


@pytest.mark.parametrize("name", TONES)
def test_a_tone_is_short_moderate_and_does_not_click(name: str) -> None:
    sound = tone(name)
    assert sound.dtype == np.int16 and sound.shape[1] == 2
    assert 0.05 <= len(sound) / RATE <= 1.0
    assert 4000 < np.abs(sound).max() < 10_000
    assert np.abs(np.diff(sound[:, 0].astype(int))).max() < 1500  # steps of a 1 kHz sine at this level are below
    assert np.abs(sound[[0, -1]]).max() < 50


def test_tones_can_be_told_apart_by_the_course_of_their_pitch() -> None:
    melodies = {name: tuple(round(hertz) for hertz, _ in notes) for name, notes in TONES.items()}
    assert len(set(melodies.values())) == len(melodies)
    for name, going_up in (("heard", True), ("making", True), ("done", True), ("failed", False), ("wiped", False)):
        pitches = [strongest(part) for part in np.array_split(tone(name)[:, 0], 2)]
        assert (pitches[1] > pitches[0]) is going_up, name


def strongest(sound: np.ndarray) -> float:
    """Hertz."""
    return float(np.argmax(np.abs(np.fft.rfft(sound, RATE))))


class Loudspeaker(Speaker):
    """``heard``: samples of all streams; ``open_streams`` now. One that is ``missing`` cannot be opened."""

    def __init__(self) -> None:
        self.heard: List[np.ndarray] = []
        self.open_streams = 0
        self.missing = False

    def open(self, device: str = "") -> SpeakerStream:
        if self.missing:
            raise SpeakerError("missing")
        self.open_streams += 1
        return _Stream(self)


class _Stream(SilentStream):
    def __init__(self, speaker: Loudspeaker) -> None:
        super().__init__()
        self._speaker = speaker

    def write(self, samples: np.ndarray) -> None:
        self._speaker.heard.append(samples)
        super().write(samples)

    def close(self) -> None:
        self._speaker.open_streams -= 1
        super().close()


def test_the_loudspeaker_is_given_back_for_the_player() -> None:
    speaker = Loudspeaker()
    prompts = Prompts(speaker)
    try:
        prompts.say("tick")
        prompts.say("heard")
        assert prompts.rest().wait(PATIENCE_SECONDS)
        assert speaker.open_streams == 0
        np.testing.assert_array_equal(np.concatenate(speaker.heard), np.concatenate([tone("tick"), tone("heard")]))
        prompts.say("done")
    finally:
        prompts.close()
    assert speaker.open_streams == 0
    assert "prompts" not in [thread.name for thread in threading.enumerate()]


def test_a_loudspeaker_that_is_plugged_in_later_is_used() -> None:
    speaker = Loudspeaker()
    speaker.missing = True
    prompts = Prompts(speaker)
    try:
        prompts.say("tick")
        assert prompts.rest().wait(PATIENCE_SECONDS)
        speaker.missing = False
        prompts.say("shot")
        assert prompts.rest().wait(PATIENCE_SECONDS)
        np.testing.assert_array_equal(np.concatenate(speaker.heard), tone("shot"))
    finally:
        prompts.close()
