"""The AI mark: big enough, long enough, readable, and nowhere else."""

from __future__ import annotations

import json
from typing import Tuple

import numpy as np
import pytest

from appliance.errors import UsageError
from appliance.pipeline.video.label import LabelPainter, aigc_metadata
from appliance.settings import MakeOptions

SIZES = [(384, 384), (512, 512), (1024, 1024), (512, 910), (1920, 1080)]


def plain(size: Tuple[int, int], level: int) -> np.ndarray:
    return np.full((size[1], size[0], 3), level, dtype=np.uint8)


def touched(size: Tuple[int, int], mode: str, index: int) -> np.ndarray:
    """Mask of the pixels that the mark changes on a grey frame."""
    return (LabelPainter(size, mode).apply(plain(size, 128), index) != 128).any(axis=2)


@pytest.mark.parametrize("size", SIZES)
def test_the_han_characters_are_five_percent_of_the_shorter_side(size: Tuple[int, int]) -> None:
    frame = LabelPainter(size, "opening").apply(plain(size, 0), 0)
    columns = np.flatnonzero(touched(size, "opening", 0).any(axis=0))
    left, width = columns[0], len(columns)
    han = frame[:, left + int(0.13 * width) : left + int(0.28 * width), 1]
    rows = np.flatnonzero((han > 160).any(axis=1))
    assert rows[-1] - rows[0] + 1 >= 0.05 * min(size)


@pytest.mark.parametrize("level", [0, 60, 128, 200, 255])
def test_white_on_its_plate_is_readable_on_any_picture(level: int) -> None:
    size = (512, 512)
    frame = LabelPainter(size, "opening").apply(plain(size, level), 0)
    mark = frame[touched(size, "opening", 0)].mean(axis=1)

    def luminance(value: float) -> float:
        return (value / 255) ** 2.2

    text, plate = np.percentile(mark, 99), np.median(mark)
    # WCAG 2.1, success criterion 1.4.3.
    assert (luminance(text) + 0.05) / (luminance(plate) + 0.05) >= 4.5


@pytest.mark.parametrize("size", SIZES)
def test_the_opening_mark_stays_whole_for_two_seconds_then_fades(size: Tuple[int, int]) -> None:
    painter, frame = LabelPainter(size, "opening"), plain(size, 200)
    first = painter.apply(frame, 0).copy()
    strength = [
        np.abs(painter.apply(frame, index).astype(int) - 200).sum() / np.abs(first.astype(int) - 200).sum()
        for index in range(70)
    ]
    assert strength[:50] == [1.0] * 50
    assert all(0 < later < earlier for earlier, later in zip(strength[49:60], strength[50:61]))
    assert strength[62:] == [0.0] * 8


def test_throughout_a_smaller_mark_stays() -> None:
    opening, later = touched((512, 512), "throughout", 49), touched((512, 512), "throughout", 90_000)
    assert 0 < later.sum() < opening.sum() / 2
    assert not later[:400].any()


@pytest.mark.parametrize("index", [0, 100])
def test_none_draws_nothing(index: int) -> None:
    assert not touched((512, 512), "none", index).any()


def test_the_mark_keeps_off_the_face_and_leaves_the_given_frame_alone() -> None:
    frame = plain((512, 512), 90)
    marked = LabelPainter((512, 512), "opening").apply(frame, 0)
    assert (frame == 90).all()
    assert (marked[: int(0.85 * 512)] == 90).all()


def test_the_metadata_has_the_fields_of_the_standard() -> None:
    fields = json.loads(aigc_metadata("001191110000MA01", "0123abcd"))
    assert fields == {
        "Label": "1",
        "ContentProducer": "001191110000MA01",
        "ProduceID": "0123abcd",
        "ReservedCode1": "",
        "ContentPropagator": "001191110000MA01",
        "PropagateID": "0123abcd",
        "ReservedCode2": "",
    }


@pytest.mark.parametrize("producer", ["", "政务大厅", 'a"b', "a'b", "a\\b", "a\nb", "a\tb", "caf\u00e9", "\x7f"])
def test_a_producer_that_cannot_be_written_is_refused(producer: str) -> None:
    with pytest.raises(UsageError):
        MakeOptions(producer=producer)
