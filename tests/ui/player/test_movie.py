"""What is known of a video while it comes in."""

from __future__ import annotations

import itertools
import random

import pytest
from ui.player.films import SIDE, Film

from appliance.errors import VideoUnplayable
from appliance.pipeline.video.segments import BEGINNING
from appliance.settings import FRAME_RATE
from appliance.ui.player.movie import FragmentIndex


def told(content: bytes, step: int) -> FragmentIndex:
    index = FragmentIndex()
    for start in range(0, len(content), step):
        index.add(content[start : start + step])
    return index


@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
def test_a_growing_video_in_pieces_of_any_size(film: Film, step: int) -> None:
    pieces = film.stream()
    content = b"".join(pieces[:4])
    index = told(content, step)
    assert index.movie is not None
    assert index.movie.size == (SIDE, SIDE) and index.movie.fragmented and index.movie.sound
    assert index.head_bytes == len(pieces[0])
    ends = list(itertools.accumulate(map(len, pieces[:4])))
    assert [fragment.last for fragment in index.fragments] == ends[1:]
    starts = [0, *itertools.accumulate(BEGINNING)]
    assert [round(fragment.start * FRAME_RATE) for fragment in index.fragments] == starts[:3]
    assert index.available == pytest.approx(sum(BEGINNING[:3]) / FRAME_RATE)


def test_half_a_fragment_cannot_be_played(film: Film) -> None:
    pieces = film.stream()
    index = told(b"".join(pieces[:3])[:-1], 100)
    assert index.available == pytest.approx(BEGINNING[0] / FRAME_RATE)


def test_a_finished_video(film: Film) -> None:
    index = told(film.file.read_bytes(), 5000)
    assert index.movie is not None and not index.movie.fragmented and index.fragments == []
    assert index.movie.duration == pytest.approx(film.seconds, abs=0.03)


def test_what_is_no_video_is_refused_at_once(film: Film) -> None:
    for content in (b"RIFF" + bytes(100), bytes(100), b"\x00\x00\x00\x08moov" + bytes(50), film.file.read_bytes()[8:]):
        with pytest.raises(VideoUnplayable):
            told(content, 10)


def test_damage_is_refused_or_passed_over(film: Film) -> None:
    """Whatever is broken in the head or in the fragments, nothing else comes of it than `VideoUnplayable`."""
    chance = random.Random(5)
    content = b"".join(film.stream()[:3])
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 1, 2, 8))):
            damaged[chance.randrange(3000)] = chance.randrange(256)
        try:
            told(bytes(damaged), 999)
        except VideoUnplayable:
            pass
