"""The viseme rules: what a viewer sees at each kind of sound."""

from __future__ import annotations

import importlib.util
from typing import List, Tuple

import numpy as np
import pytest

from appliance.pipeline.coefficients import COEFFICIENTS, INDEX
from models_om.corpus import sentences, texts
from models_om.corpus.viseme_table import PHONEMES, REACH, SHAPES, SIBILANT_JAW, SIBILANTS
from models_om.corpus.visemes import SILENCE, STRESS, Phoneme, curves
from models_om.ict.lips import IctBasis

# What misaki writes: Mandarin (tones left out), American and British English.
MANDARIN_SOUNDS = "pmftnlkxʨɕꭧʂɻʦsʰjwɥaoɤəeɛɔiuyɨɚʊŋ"
ENGLISH_SOUNDS = "bdfhjklmnpstvwzɡŋɹʃʒðθʤʧTɾʔəiuɑɔɛɜɪʊʌAIWYᵊæOᵻɐaQɒ"


def spoken(symbols: str, length: float = 0.1, lead: float = 0.5) -> Tuple[List[Phoneme], float]:
    """Symbols of equal length after and before `lead` seconds of silence; returns phonemes and duration."""
    phonemes = [Phoneme(SILENCE, 0.0, lead)]
    for number, symbol in enumerate(symbols):
        phonemes.append(Phoneme(symbol, lead + number * length, lead + (number + 1) * length))
    end = phonemes[-1].end
    return [*phonemes, Phoneme(SILENCE, end, end + lead)], end + lead


def frames_of(symbols: str, wanted: int, length: float = 0.1) -> np.ndarray:
    """The frames whose middle lies in the symbol number `wanted`."""
    phonemes, duration = spoken(symbols, length)
    phone = phonemes[wanted + 1]
    moments = (np.arange(round(duration * 25)) + 0.5) / 25
    return curves(phonemes, duration)[(moments >= phone.start) & (moments <= phone.end)]


def test_there_is_one_row_a_frame_and_all_values_are_shares():
    phonemes, duration = spoken("pamafisutyʂɨ")
    result = curves(phonemes, duration)
    assert result.shape == (round(25 * duration), len(COEFFICIENTS)) and result.dtype == np.float32
    assert result.min() >= 0 and result.max() <= 1


@pytest.mark.parametrize("bilabial", "pbm")
@pytest.mark.parametrize("vowels", ["aa", "iu", "ya", "ɑæ"])
@pytest.mark.parametrize("length", [0.025, 0.05, 0.1, 0.2])
def test_lips_shut_at_every_bilabial_however_short(bilabial, vowels, length):
    start = 0.5 + 0.1
    phonemes = [
        Phoneme(SILENCE, 0.0, 0.5),
        Phoneme(vowels[0], 0.5, start),
        Phoneme(bilabial, start, start + length),
        Phoneme(vowels[1], start + length, start + length + 0.1),
    ]
    result = curves(phonemes, 1.5)
    middle = start + length / 2
    frame = result[int(round(middle * 25 - 0.5))]
    assert frame[INDEX["jawOpen"]] <= 0.08
    assert 0.2 <= frame[INDEX["mouthPressLeft"]] <= 0.35
    assert 0.2 <= frame[INDEX["mouthRollUpper"]] <= 0.35
    assert frame[INDEX["mouthLowerDownLeft"]] < 0.05


@pytest.mark.parametrize("sound", "fv")
def test_lower_lip_meets_the_teeth_at_labiodentals(sound):
    frames = frames_of("a" + sound + "a", 1)
    best = frames[np.argmax(frames[:, INDEX["mouthRollLower"]])]
    assert best[INDEX["jawOpen"]] <= 0.1
    assert best[INDEX["mouthRollLower"]] > 0.3 and best[INDEX["mouthUpperUpLeft"]] > 0.15
    assert best[INDEX["mouthPressLeft"]] < 0.05


def test_open_vowels_open_the_jaw_and_close_vowels_do_not():
    assert 0.4 <= frames_of("tat", 1)[:, INDEX["jawOpen"]].max() <= 0.62
    assert frames_of("tit", 1)[:, INDEX["jawOpen"]].max() < 0.25
    assert frames_of("pap", 1)[:, INDEX["jawOpen"]].max() > 0.35


@pytest.mark.parametrize("vowel", "uyw")
def test_rounded_vowels_round_and_spread_vowels_spread(vowel):
    rounded, spread = frames_of(f"t{vowel}t", 1), frames_of("tit", 1)
    assert rounded[:, INDEX["mouthPucker"]].max() > 0.5 and rounded[:, INDEX["mouthStretchLeft"]].max() < 0.1
    assert spread[:, INDEX["mouthPucker"]].max() < 0.1 and spread[:, INDEX["mouthStretchLeft"]].max() > 0.2


def test_front_rounded_y_puckers_more_than_u():
    assert frames_of("tyt", 1)[:, INDEX["mouthPucker"]].max() > frames_of("tut", 1)[:, INDEX["mouthPucker"]].max()


def test_lips_round_ahead_of_a_rounded_vowel():
    before_u, before_a = (frames_of("at" + vowel, 1)[:, INDEX["mouthPucker"]].mean() for vowel in "ua")
    assert before_u > before_a + 0.15


def test_lips_round_150_ms_ahead_but_the_jaw_does_not_open_so_early() -> None:
    assert np.exp(-0.15 / REACH["rounding"].ahead) > 0.2 > 10 * np.exp(-0.15 / REACH["jaw"].ahead)
    for symbols, name, early in (("ssu", "mouthPucker", True), ("ssa", "jawOpen", False)):
        before = curves([Phoneme("s", 0.3, 0.6), Phoneme(symbols[-1], 0.6, 0.9)], 1.2)
        at, full = before[round((0.6 + 0.075 - 0.15) * 25 - 0.5), INDEX[name]], before[:, INDEX[name]].max()
        rest = before[round(0.4 * 25), INDEX[name]]
        assert ((at - rest) > 0.12 * full) == early


@pytest.mark.parametrize("bilabial", "pbm")
@pytest.mark.parametrize("around", ["uu", "yo", "ɑɔ", "ʃw", "fu", "sa"])
def test_the_gap_of_the_lips_closes_between_rounded_and_open_sounds_in_fast_speech(bilabial: str, around: str) -> None:
    basis = IctBasis.load()
    for offset in np.arange(0, 0.04, 0.01):
        sounds = [around[0], bilabial, around[1]]
        phonemes = [Phoneme(s, 0.5 + offset + 0.03 * n, 0.53 + offset + 0.03 * n) for n, s in enumerate(sounds)]
        frame = curves(phonemes, 1.2)[int(phonemes[1].start * 25 + 0.015 * 25)]
        assert basis.lip_gap(frame) <= 0


def test_teeth_show_at_sibilants_labiodentals_and_spread_vowels() -> None:
    def teeth(symbols: str) -> float:
        frames = frames_of(symbols, 1)
        return float((frames[:, INDEX["mouthUpperUpLeft"]] + frames[:, INDEX["mouthLowerDownLeft"]]).max())

    assert min(teeth("asa"), teeth("afa"), teeth("tit")) > 0.15 > teeth("tut")


@pytest.mark.parametrize("sound", [sound for sound, shapes in PHONEMES.items() if shapes[0] in SIBILANTS])
def test_no_sibilant_opens_the_jaw_wide(sound: str) -> None:
    frames = frames_of(f"a{sound}a", 1, 0.08)
    assert frames[:, INDEX["jawOpen"]].min() <= SIBILANT_JAW


def test_tongue_sounds_leave_the_lips_to_the_vowels():
    assert frames_of("uku", 1)[:, INDEX["mouthPucker"]].min() > 0.4
    assert frames_of("iki", 1)[:, INDEX["mouthStretchLeft"]].min() > 0.2


def test_sibilants_keep_the_teeth_together():
    assert frames_of("asa", 1)[:, INDEX["jawOpen"]].min() < 0.2


def test_silence_is_the_mouth_at_rest():
    phonemes, duration = spoken("papa", lead=1.0)
    result = curves(phonemes, duration)
    assert not result[:20].any() and not result[-20:].any()
    assert not curves([Phoneme(SILENCE, 0.0, 2.0)], 2.0).any()
    assert not curves([], 1.0).any()


def test_mouth_shuts_in_a_pause_but_not_between_words():
    def at_gap(gap: float) -> float:
        phonemes = [
            Phoneme("a", 0.5, 0.7),
            Phoneme(SILENCE, 0.7, 0.7 + gap),
            Phoneme("a", 0.7 + gap, 0.9 + gap),
        ]
        return float(curves(phonemes, 2.0)[int((0.7 + gap / 2) * 25), INDEX["jawOpen"]])

    assert at_gap(0.04) > 0.4
    assert at_gap(0.5) == 0


def test_an_unstressed_vowel_opens_less():
    phonemes = [Phoneme("ˈæ", 0.5, 0.6), Phoneme("t", 0.6, 0.7), Phoneme("æ", 0.7, 0.8)]
    jaw = curves(phonemes, 1.2)[:, INDEX["jawOpen"]]
    assert jaw[17:20].max() < 0.9 * jaw[12:15].max()


def test_left_equals_right_and_the_jaw_stays_in_the_middle():
    phonemes, duration = spoken("".join(PHONEMES))
    result = curves(phonemes, duration)
    for name in COEFFICIENTS:
        if name.endswith("Left") and name.startswith("mouth"):
            np.testing.assert_array_equal(result[:, INDEX[name]], result[:, INDEX[name[:-4] + "Right"]])
    assert not result[:, [INDEX["jawLeft"], INDEX["jawRight"], INDEX["eyeBlinkLeft"]]].any()


@pytest.mark.parametrize("sound", sorted(set(MANDARIN_SOUNDS + ENGLISH_SOUNDS)))
def test_every_sound_of_both_languages_has_a_shape(sound):
    assert all(name in SHAPES for name in PHONEMES[sound])


def test_an_unknown_symbol_is_refused():
    with pytest.raises(KeyError):
        curves([Phoneme("Ж", 0.0, 0.1)], 0.2)


@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("misaki", "hibari"))),
    reason="the training extra (misaki, hibari-tts) is not installed",
)
@pytest.mark.filterwarnings("ignore")
def test_every_symbol_of_the_shipped_texts_is_in_the_table():
    from models_om.corpus.engines import english_g2p, mandarin_g2p
    from models_om.corpus.speech import LENGTH, TONES

    mandarin = [*texts.MANDARIN, *texts.HELD_OUT_MANDARIN, *texts.DEMO["mandarin"], *sentences.mandarin_carriers()]
    readings = map(mandarin_g2p(), mandarin)
    english = texts.ENGLISH + texts.HELD_OUT_ENGLISH + texts.DEMO["english"]
    symbols = set("".join(readings)) | set("".join(map(english_g2p(), english)))
    symbols |= set("".join(map(english_g2p(british=True), english)))
    sounds = {s for s in symbols if s.isalpha()} - set(STRESS + TONES + LENGTH)
    assert len(sounds) > 50 and sounds <= set(PHONEMES)
