"""The first picture of a video: of finished files, of streams that go on for long, and of what is none."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Iterator, List

import numpy as np
import pytest

pytest.importorskip("cv2")

from ui.player.films import Film, make_film, number_of

from appliance.errors import EngineUnavailable, VideoUnplayable
from appliance.ui.player.still import first_picture

PIECE = 64 * 1024


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return make_film(tmp_path_factory.mktemp("film"), 12.0)


def test_of_a_finished_video(film: Film) -> None:
    data = film.file.read_bytes()
    picture = first_picture(lambda: (data[at : at + PIECE] for at in range(0, len(data), PIECE)), 96)
    assert picture.shape == (96, 96, 3) and picture.dtype == np.uint8
    assert number_of(picture) == 0


def test_of_a_video_that_is_still_being_made(film: Film) -> None:
    """What comes after the first segment is not waited for."""
    over = threading.Event()

    def stream() -> Iterator[bytes]:
        yield from film.stream()[:2]
        over.wait()

    try:
        assert number_of(first_picture(stream, 96)) == 0
    finally:
        over.set()


def test_no_more_is_read_than_is_needed(film: Film) -> None:
    taken: List[int] = []

    def stream() -> Iterator[bytes]:
        yield film.file.read_bytes()
        while len(taken) < 2000:
            taken.append(1)
            yield bytes(PIECE)

    assert number_of(first_picture(stream, 96)) == 0
    assert len(taken) < 2000


def test_what_is_no_video_has_no_picture(tmp_path: Path) -> None:
    with pytest.raises(VideoUnplayable):
        first_picture(lambda: iter([b"no video" * 100]), 96)
    with pytest.raises(VideoUnplayable):
        first_picture(lambda: iter([]), 96)


def test_an_engine_that_goes_away_is_no_fault_of_the_video() -> None:
    def stream() -> Iterator[Any]:
        raise EngineUnavailable("gone")
        yield b""

    with pytest.raises(EngineUnavailable):
        first_picture(stream, 96)
