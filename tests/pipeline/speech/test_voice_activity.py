"""Voice activity: speech is told from noise, tones and silence, and placed on the right video frames."""

from __future__ import annotations

from typing import Callable

import numpy as np
import onnxruntime
import pytest
from media import ENGLISH, MANDARIN, noise, sound_of, tone

from appliance.models import ModelStore
from appliance.pipeline.speech.voice_activity import VoiceActivity


def probability(store: ModelStore, samples: np.ndarray) -> np.ndarray:
    activity = VoiceActivity(store.path("silero_vad_16k_op15.onnx"))
    for start in range(0, len(samples), 7001):
        activity.add(samples[start : start + 7001].astype(np.float32))
    known = activity.frames
    before = activity.probability(0, known)
    activity.end()
    frames = round(len(samples) / 640)
    whole = activity.probability(0, frames)
    assert frames - 3 <= known <= frames and np.array_equal(before, whole[:known])
    return whole


def reader(samples: np.ndarray) -> Callable[[int, int], np.ndarray]:
    padded = np.concatenate([np.zeros(64), samples, np.zeros(512)]).astype(np.float32)
    return lambda start, count: padded[start + 64 : start + 64 + count]


@pytest.mark.parametrize("recording", [ENGLISH, MANDARIN])
def test_speech_is_found_where_it_is(store: ModelStore, recording) -> None:
    speech = sound_of(recording)
    voice = probability(store, np.concatenate([noise(2, 0.003), speech, noise(2, 0.003)]))
    inside = voice[50 : 50 + len(speech) // 640]
    assert np.mean(inside > 0.5) > 0.6
    assert np.mean(voice[:45] > 0.5) == 0
    assert np.mean(voice[-40:] > 0.5) == 0


@pytest.mark.parametrize("sound", [np.zeros(64_000), noise(4, 0.1), tone(4, 440)], ids=["silence", "noise", "tone"])
def test_other_sounds_are_not_speech(store: ModelStore, sound: np.ndarray) -> None:
    assert np.mean(probability(store, sound) > 0.5) < 0.05


def test_onset_is_placed_within_two_frames(store: ModelStore) -> None:
    speech = sound_of(ENGLISH)
    loud = np.flatnonzero(np.abs(speech) > 0.1)[0]
    voice = probability(store, np.concatenate([np.zeros(16_000 - loud), speech]))
    assert abs(np.flatnonzero(voice > 0.5)[0] - 25) <= 2


def test_the_state_is_carried_through_a_long_recording(store: ModelStore) -> None:
    """20 s, read in pieces, gives what one pass over all windows gives."""
    samples = np.tile(sound_of(ENGLISH), 4)[: 20 * 16_000]
    session = onnxruntime.InferenceSession(
        str(store.path("silero_vad_16k_op15.onnx")), providers=["CPUExecutionProvider"]
    )
    windows = len(samples) // 512
    state, expected = np.zeros((2, 1, 128), np.float32), []
    for window in range(windows):
        chunk = reader(samples)(window * 512 - 64, 576)[None]
        out, state = session.run(None, {"input": chunk, "state": state, "sr": np.array(16_000, np.int64)})
        expected.append(out[0, 0])
    middles = (np.arange(500) + 0.5) * 640
    wanted = np.interp(middles, (np.arange(windows) + 0.5) * 512, expected)
    assert np.abs(probability(store, samples) - wanted).max() < 1e-4
