"""The synthetic speech: phoneme times from an engine's frame counts, and which sentence is read by which voice."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from models_om.corpus import texts
from models_om.corpus.synthesis import (
    HELD_OUT_VOICES,
    TOKEN_FRAME,
    TRAINING_VOICES,
    VOICE_RATE,
    Clip,
    end_with_the_sound,
    stop_energy_lag,
    tasks,
    timed_phonemes,
)
from models_om.corpus.visemes import SILENCE, Phoneme


def test_tones_and_stress_marks_lend_their_time_and_punctuation_is_silence():
    phonemes = timed_phonemes("pa→, ˈA.", [4, 2, 3, 1, 2, 2, 1, 3, 2, 4], lateness=0.0, duration=24 * TOKEN_FRAME)
    assert [p.symbol for p in phonemes] == [SILENCE, "p", "a", SILENCE, "ˈA", SILENCE]
    np.testing.assert_allclose([p.end for p in phonemes], np.array([4, 6, 10, 14, 18, 24]) * TOKEN_FRAME)
    np.testing.assert_allclose([p.start for p in phonemes][1:], [p.end for p in phonemes][:-1])


def test_lateness_moves_the_sounds_but_not_the_ends_of_the_clip():
    phonemes = timed_phonemes("a", [4, 4, 4], lateness=0.06, duration=0.3)
    assert phonemes[1] == Phoneme("a", pytest.approx(0.04), pytest.approx(0.14))
    assert phonemes[0].start == 0.0 and phonemes[-1].end == 0.3


def test_a_last_sound_ends_where_it_falls_quiet():
    audio = np.zeros(VOICE_RATE, np.float32)
    audio[: VOICE_RATE // 4] = np.sin(np.arange(VOICE_RATE // 4) * 0.1)
    vowel, pause = end_with_the_sound([Phoneme("a", 0.0, 0.7), Phoneme(SILENCE, 0.7, 1.0)], audio)
    assert vowel.end == pytest.approx(0.25, abs=0.011) and pause == Phoneme(SILENCE, vowel.end, 1.0)


@pytest.mark.parametrize("late", [-0.05, 0.0, 0.05])
def test_stop_energy_measures_how_late_the_labels_are(late):
    audio = np.sin(np.arange(VOICE_RATE) * 0.1).astype(np.float32)
    audio[int(0.48 * VOICE_RATE) : int(0.52 * VOICE_RATE)] = 0
    labels = [Phoneme("a", 0.2, 0.46), Phoneme("t", 0.46, 0.54), Phoneme("a", 0.54, 0.8)]
    moved = [p._replace(start=p.start + late, end=p.end + late) for p in labels]
    lag, count = stop_energy_lag([Clip(audio, moved, "", "", "")])
    assert count == 1 and lag == pytest.approx(late, abs=0.021)


@pytest.mark.parametrize("stream", list(TRAINING_VOICES))
def test_the_list_of_tasks_is_the_same_each_time_and_takes_the_voices_in_turn(stream):
    voices = TRAINING_VOICES[stream]
    first = list(islice(tasks(stream), 3 * len(voices)))
    assert first == list(islice(tasks(stream), 3 * len(voices)))
    assert [task.voice for task in first] == list(voices) * 3
    assert len({task.name for task in first}) == len(first)


def test_held_out_voices_and_sentences_are_never_trained_on():
    for language, voices in HELD_OUT_VOICES.items():
        assert not set(voices) & set(TRAINING_VOICES[language])
    trained = set(texts.MANDARIN + texts.ENGLISH)
    assert not trained & set(texts.HELD_OUT_MANDARIN + texts.HELD_OUT_ENGLISH)
    assert not trained & {sentence for parts in texts.DEMO.values() for sentence in parts}
