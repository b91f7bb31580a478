"""Tones: what they sound like, and who has the loudspeaker."""

from __future__ import annotations

import queue
import threading
import time

import numpy as np
import pytest
from engine.engines import PATIENCE_SECONDS
from ui.headless.loudspeaker import Loudspeaker

from appliance.ui.headless.prompts import Prompts
from appliance.ui.headless.tones import TONES, tone
from appliance.ui.player.speaker import RATE


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


def test_what_waits_for_a_tone_is_told_when_it_was_heard_and_also_without_a_loudspeaker() -> None:
    speaker = Loudspeaker()
    told: queue.Queue[float] = queue.Queue()
    prompts = Prompts(speaker)
    try:
        for speaker.missing in (False, True):
            prompts.prepare()
            begun = time.monotonic()
            prompts.say("speak", lambda: told.put(time.monotonic()))
            assert told.get(timeout=PATIENCE_SECONDS) - begun >= len(tone("speak")) / RATE - 0.02
            assert prompts.rest().wait(PATIENCE_SECONDS)
    finally:
        prompts.close()
