"""Chapters: after long pauses, at lengths that help, the same however the lecture is heard."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np
import pytest
from helpers import floats
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.settings import FRAME_RATE
from appliance.ui.classroom.chapters import (
    LEAD_SECONDS,
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    Chapters,
    chapter_at,
)


def voice(seconds: float, pauses: Sequence[Tuple[float, float]]) -> np.ndarray:
    """Somebody speaks, but for (start, length) in seconds."""
    speaking = np.ones(round(seconds * FRAME_RATE), dtype=np.float32)
    for start, length in pauses:
        speaking[round(start * FRAME_RATE) : round((start + length) * FRAME_RATE)] = 0.0
    return speaking


def chapters_of(heard: np.ndarray) -> List[float]:
    chapters = Chapters()
    chapters.hear(heard, True)
    return chapters.starts


def test_a_chapter_begins_after_the_longest_pause_within_reach() -> None:
    starts = chapters_of(voice(400, [(20, 5.0), (90, 1.0), (150, 2.0), (250, 1.5)]))
    assert starts[:2] == pytest.approx([0.0, 152 - LEAD_SECONDS])
    assert starts[2] == pytest.approx(251.5 - LEAD_SECONDS, abs=0.04)


def test_a_short_recording_is_one_chapter() -> None:
    assert chapters_of(voice(100, [(30, 2), (55, 3)])) == [0.0]
    assert chapters_of(np.zeros(0)) == [0.0]


def test_somebody_who_never_stops() -> None:
    starts = chapters_of(voice(1000, []))
    assert np.diff(starts).tolist() == [LONGEST_SECONDS] * 3


def test_a_breath_is_no_pause() -> None:
    assert chapters_of(voice(250, [(second, 0.3) for second in range(5, 240, 5)])) == [0.0]


def test_which_chapter() -> None:
    starts = [0.0, 60.0, 200.0]
    assert [chapter_at(starts, second) for second in (0, 59.9, 60.0, 199, 5000)] == [0, 0, 1, 1, 2]


lectures = st.lists(
    st.tuples(floats(0, 1500), floats(0.1, 4.0)), max_size=80
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(lectures, floats(1, 1500), st.lists(st.integers(1, 20_000), max_size=12))
def test_heard_bit_by_bit_or_at_once_they_are_the_same(
    pauses: List[Tuple[float, float]], seconds: float, bits: List[int]
) -> None:
    whole = voice(seconds, pauses)
    expected = chapters_of(whole)
    chapters, heard = Chapters(), 0
    for bit in bits:
        heard = min(heard + bit, len(whole))
        before = list(chapters.starts)
        assert chapters.hear(whole[:heard], False) == (chapters.starts != before)
        assert chapters.starts[: len(before)] == before, "none is taken back"
    chapters.hear(whole, True)
    assert chapters.starts == expected
    lengths = np.diff([*expected, seconds])
    assert all(SHORTEST_SECONDS - 0.1 <= length <= LONGEST_SECONDS + 0.1 for length in lengths[:-1])
    assert lengths[-1] >= min(seconds, SHORTEST_SECONDS) - 0.1
