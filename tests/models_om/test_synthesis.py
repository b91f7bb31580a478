"""The synthetic speech: which sentence is read by which voice, and phoneme times from an engine's frame counts."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import List

import numpy as np
import pytest

from models_om.corpus import sentences, speech, synthesis, texts
from models_om.corpus.check import CorpusError, coverage, label_lags, missing_syllables, visible_rules
from models_om.corpus.speech import TOKEN_FRAME, VOICE_RATE, Clip, end_with_the_sound, stop_energy_lag, timed_phonemes
from models_om.corpus.synthesis import HELD_OUT_VOICES, STREAMS, Task, planned, tasks
from models_om.corpus.viseme_table import PHONEMES
from models_om.corpus.visemes import SILENCE, Phoneme
from models_om.ict.lips import IctBasis

needs_g2p = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("misaki", "hibari", "pypinyin"))),
    reason="the training extra (misaki, hibari-tts) is not installed",
)


def test_tones_and_stress_marks_lend_their_time_and_punctuation_is_silence() -> None:
    phonemes = timed_phonemes("pa→, ˈA.", [4, 2, 3, 1, 2, 2, 1, 3, 2, 4], lateness=0.0, duration=24 * TOKEN_FRAME)
    assert [p.symbol for p in phonemes] == [SILENCE, "p", "a", SILENCE, "ˈA", SILENCE]
    np.testing.assert_allclose([p.end for p in phonemes], np.array([4, 6, 10, 14, 18, 24]) * TOKEN_FRAME)
    np.testing.assert_allclose([p.start for p in phonemes][1:], [p.end for p in phonemes][:-1])


def test_lateness_moves_the_sounds_but_not_the_ends_of_the_clip() -> None:
    phonemes = timed_phonemes("a", [4, 4, 4], lateness=0.06, duration=0.3)
    assert phonemes[1] == Phoneme("a", pytest.approx(0.04), pytest.approx(0.14))
    assert phonemes[0].start == 0.0 and phonemes[-1].end == 0.3


def test_a_last_sound_ends_where_it_falls_quiet() -> None:
    audio = np.zeros(VOICE_RATE, np.float32)
    audio[: VOICE_RATE // 4] = np.sin(np.arange(VOICE_RATE // 4) * 0.1)
    vowel, pause = end_with_the_sound([Phoneme("a", 0.0, 0.7), Phoneme(SILENCE, 0.7, 1.0)], audio)
    assert vowel.end == pytest.approx(0.25, abs=0.011) and pause == Phoneme(SILENCE, vowel.end, 1.0)


def stopped_tone(late: float, rate: int = VOICE_RATE) -> Clip:
    """A tone with a stop in its middle, labelled so much too late."""
    audio = np.sin(np.arange(rate) * 0.1).astype(np.float32)
    audio[int(0.48 * rate) : int(0.52 * rate)] = 0
    labels = [Phoneme("a", 0.2, 0.46), Phoneme("t", 0.46, 0.54), Phoneme("a", 0.54, 0.8)]
    moved = [p._replace(start=p.start + late, end=p.end + late) for p in labels]
    return Clip(audio, moved, "zf_xiaobei", "mandarin", "他", rate)


@pytest.mark.parametrize("rate", [VOICE_RATE, 16_000])
@pytest.mark.parametrize("late", [-0.05, 0.0, 0.05])
def test_stop_energy_measures_how_late_the_labels_are(late: float, rate: int) -> None:
    lag, count = stop_energy_lag([stopped_tone(late, rate)])
    assert count == 1 and lag == pytest.approx(late, abs=0.021)


def test_shifted_labels_are_refused_and_good_ones_reported() -> None:
    with pytest.raises(CorpusError, match="kokoro mandarin"):
        label_lags([stopped_tone(0.05)])
    assert label_lags([stopped_tone(-0.01)])["kokoro mandarin"]["stops"] == 1


@pytest.mark.parametrize("name", list(STREAMS))
def test_the_list_of_tasks_is_the_same_each_time_and_takes_the_voices_in_turn(name: str) -> None:
    voices = STREAMS[name].voices
    count = (STREAMS[name].written + 3) * len(voices)
    first = list(islice(tasks(name), count))
    assert first == list(islice(tasks(name), count))
    assert [task.voice for task in first[: 3 * len(voices)]] == list(voices) * 3
    assert len({task.name for task in first}) == len(first)


def test_held_out_voices_and_sentences_are_never_trained_on() -> None:
    trained = {voice for name, stream in STREAMS.items() if not name.endswith("_unseen") for voice in stream.voices}
    held_out = {voice for voices in HELD_OUT_VOICES.values() for voice in voices}
    assert not trained & held_out
    assert len([voice for voice in trained | held_out if voice[0] == "z"]) == 8
    assert len([voice for voice in trained if voice[:2] in ("af", "am", "bf", "bm")]) >= 12
    spoken = {task.text for name in STREAMS for task in islice(tasks(name), 1500)}
    assert not spoken & set(texts.HELD_OUT_MANDARIN + texts.HELD_OUT_ENGLISH)
    assert not spoken & {sentence for parts in texts.DEMO.values() for sentence in parts}


def write_clip(path: Path, text: str, seconds: float) -> None:
    audio = np.sin(np.arange(int(VOICE_RATE * seconds)) * 0.1).astype(np.float32)
    speech.save(Clip(audio, [Phoneme("a", 0.0, seconds)], "zf_xiaobei", "mandarin", text), path)


def test_a_killed_synthesis_goes_on_where_it_was_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    pytest.importorskip("soxr")
    made: List[str] = []

    def make(stream: str, task: Task, path: Path) -> None:
        if len(made) == 4 and not killed:
            path.with_suffix(".part").write_bytes(b"half a clip")
            raise KeyboardInterrupt
        made.append(task.name)
        write_clip(path, task.text, 2.0)

    killed: List[bool] = []
    with pytest.raises(KeyboardInterrupt):
        planned(tmp_path, 0.5, make)
    killed.append(True)
    # A clip of another list under the name of one in this list is made anew; one with another name is passed over.
    write_clip(tmp_path / f"{made[0]}.npz", "另外一句", 2.0)
    write_clip(tmp_path / "mandarin_9999_zf_xiaobei.npz", "没有人问", 2.0)
    paths = planned(tmp_path, 0.5, make)
    assert Counter(made)[made[0]] == 2 and set(Counter(made).values()) == {1, 2}
    assert sorted(tmp_path.iterdir()) == sorted([*paths, tmp_path / "mandarin_9999_zf_xiaobei.npz"])
    assert sum(speech.load(path).duration for path in paths) >= 30
    assert planned(tmp_path, 0.5, lambda *_: pytest.fail("made again")) == paths == synthesis.clips(tmp_path, 0.5)


def test_streams_share_the_minutes(tmp_path: Path) -> None:
    pytest.importorskip("soxr")
    paths = planned(tmp_path, 3.0, lambda stream, task, path: write_clip(path, task.text, 1.0))
    counts = Counter(re.match(r"(.*)_\d{4}_", path.name).group(1) for path in paths)
    assert {name: count / len(paths) for name, count in counts.items()} == pytest.approx(
        {name: stream.share for name, stream in STREAMS.items()}, abs=0.02
    )


# --- sentences by rule ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["mandarin", "english"])
def test_generated_sentences_differ_repeat_with_the_seed_and_have_no_empty_slot(language: str) -> None:
    first = list(islice(sentences.generated(language, 3), 2500))
    assert first == list(islice(sentences.generated(language, 3), 2500))
    assert len(set(first)) == len(first)
    assert len(set(first) & set(islice(sentences.generated(language, 4), 2500))) < 250
    assert not any("{" in sentence or "}" in sentence or "/" in sentence for sentence in first)


def test_carriers_read_every_initial_final_and_tone_once() -> None:
    table = sentences.syllables()
    parts = [sentences.initial_and_final(syllable.pinyin) for syllable in table]
    assert {initial for initial, _ in parts} == {*sentences.INITIALS, ""}
    finals = (
        "a o e -i er ai ei ao ou an en ang eng ong i ia ie iao iu ian in iang ing iong u ua uo uai ui uan un uang ü üe"
    )
    assert {final for _, final in parts} >= {*finals.split(), "üan", "ün"}
    assert len(set(parts)) == len(parts)
    read = "".join(sentences.mandarin_carriers())
    for syllable in table:
        assert set(syllable.characters) <= {1, 2, 3, 4}
        assert all(character in read for character in syllable.characters.values())
    read_in_corpus = {task.text for task in islice(tasks("mandarin"), 800)}
    assert read_in_corpus >= set(sentences.mandarin_carriers())


@needs_g2p
@pytest.mark.filterwarnings("ignore")
def test_coverage_counts_sounds_tones_and_voices() -> None:
    clip = Clip(
        np.zeros(16_000), [Phoneme("m", 0, 0.5), Phoneme("a", 0.5, 1)], "zf_xiaoni", "mandarin", "妈妈吗，女。", 16_000
    )
    found = coverage([clip])
    assert found["mandarin"]["initials"] == {"m": 3, "n": 1} and found["mandarin"]["finals"] == {"a": 3, "ü": 1}
    assert set(found["mandarin"]["tones"]) == {"1", "3", "5"}
    assert found["phonemes"] == {"mandarin": {"m": 1, "a": 1}} and found["minutes by voice"] == {"zf_xiaoni": 0.0}
    assert {"ma1", "nü3"}.isdisjoint(found["mandarin syllables missing"]) and "ma2" in missing_syllables(["ma1"])


@needs_g2p
@pytest.mark.filterwarnings("ignore")
def test_the_carriers_are_read_as_the_table_says() -> None:
    from models_om.corpus.check import toned_syllables

    said = {syllable for text in sentences.mandarin_carriers() for syllable in toned_syllables(text)}
    assert missing_syllables(said) == []


@needs_g2p
@pytest.mark.filterwarnings("ignore")
def test_english_words_hold_the_phoneme_they_stand_for() -> None:
    from models_om.corpus.engines import english_g2p

    read = english_g2p()
    for phoneme, words in sentences.ENGLISH_WORDS.items():
        assert phoneme in PHONEMES
        assert sum(phoneme in read(word) for word in words.split(", ")) >= 2, (phoneme, read(words))


# --- the curves over the corpus ---------------------------------------------------------------------------------------


def test_open_lips_at_bilabials_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    phonemes = [Phoneme("a", 0.2, 0.5), Phoneme("m", 0.5, 0.55), Phoneme("u", 0.55, 0.9)]
    clip = Clip(np.zeros(16_000), phonemes, "hibari_heart", "english", "", 16_000)
    figures = visible_rules([clip], IctBasis.load())["hibari english"]
    assert figures["bilabials"] == 1 and figures["fast ones shut"] == 1 and figures["median rounding"] > 0.5
    monkeypatch.setattr("models_om.corpus.visemes.CLOSURES", ())
    with pytest.raises(CorpusError, match="hibari english"):
        visible_rules([clip], IctBasis.load())
