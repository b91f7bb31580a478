"""Patterns of the lamp: safe, told apart, and played."""

from __future__ import annotations

import itertools
import math
from typing import Iterator, List, Tuple

import pytest
from capture.buttons.rigs import until

from appliance.capture.buttons import lamp as lamps
from appliance.capture.buttons.lamp import FOREVER, PATTERNS, Lamp, Pattern


def flashes(pattern: Pattern, seconds: float) -> List[float]:
    """When a lamp that is only on or off is lit anew, from the start of the pattern."""
    now, lit, found = 0.0, False, []
    for level, lasts in itertools.cycle(pattern):
        if level >= 0.5 and not lit:
            found.append(now)
        lit = level >= 0.5
        now += lasts
        if now >= seconds:
            return found
    return found


def test_there_is_a_pattern_for_everything() -> None:
    assert set(PATTERNS) == {"off", "steady", "slow_blink", "fast_blink", "pulse", "double_flash", "countdown"}


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_a_pattern_can_be_played(name: str) -> None:
    for level, seconds in PATTERNS[name]:
        assert 0 <= level <= 1 and seconds > 0


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_no_pattern_flashes_more_than_three_times_a_second(name: str) -> None:
    times = flashes(PATTERNS[name], 20.0)
    for start in times:
        assert sum(start <= time < start + 1.0 for time in times) <= 3


def shape(pattern: Pattern) -> Tuple[float, int]:
    """Share of the time that a plain lamp is lit, and flashes in 12 seconds."""
    total = sum(seconds for _, seconds in pattern if seconds != FOREVER)
    lit = sum(seconds for level, seconds in pattern if level >= 0.5 and seconds != FOREVER)
    share = pattern[0][0] if pattern[0][1] == FOREVER else lit / total
    return round(share, 1), len(flashes(pattern, 12.0))


def test_patterns_are_told_apart_also_by_a_lamp_that_is_only_on_or_off() -> None:
    shapes = {name: shape(pattern) for name, pattern in PATTERNS.items()}
    assert len(set(shapes.values())) == len(shapes), shapes
    assert shapes["off"] == (0.0, 0) and shapes["steady"] == (1.0, 1)
    assert shapes["countdown"] == (0.2, 12)


def test_breathing_is_smooth() -> None:
    levels = [level for level, _ in PATTERNS["pulse"]]
    assert min(levels) == 0 and math.isclose(max(levels), 1)
    assert max(abs(after - before) for before, after in zip(levels, levels[1:] + levels[:1])) < 0.06


@pytest.fixture()
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that does not take long."""
    monkeypatch.setitem(lamps.PATTERNS, "quick", ((1.0, 0.005), (0.0, 0.005)))


@pytest.fixture()
def played(quick: None) -> Iterator[Tuple[Lamp, List[float]]]:
    levels: List[float] = []
    lamp = Lamp(levels.append)
    yield lamp, levels
    lamp.close()


def test_a_pattern_goes_on_until_another_is_shown(played: Tuple[Lamp, List[float]]) -> None:
    lamp, levels = played
    lamp.show("quick")
    until(lambda: len(levels) >= 8)
    lamp.show("steady")
    until(lambda: levels[-1] == 1.0 and lamp._level == 1.0 and lamp._pattern is PATTERNS["steady"])
    assert levels[:6] == [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]
    lamp.show("off")
    until(lambda: levels[-1] == 0.0)


def test_a_long_pattern_gives_way_at_once(played: Tuple[Lamp, List[float]]) -> None:
    lamp, levels = played
    lamp.show("steady")
    until(lambda: levels == [0.0, 1.0])
    lamp.show("off")
    until(lambda: levels == [0.0, 1.0, 0.0])


def test_a_closed_lamp_is_dark(played: Tuple[Lamp, List[float]]) -> None:
    lamp, levels = played
    lamp.show("steady")
    until(lambda: levels[-1:] == [1.0])
    lamp.close()
    lamp.close()
    assert levels[-1] == 0.0


def test_an_unknown_pattern_is_a_mistake(played: Tuple[Lamp, List[float]]) -> None:
    with pytest.raises(KeyError):
        played[0].show("purple")


def test_a_lamp_that_fails_is_tried_again(quick: None, caplog: pytest.LogCaptureFixture) -> None:
    levels: List[float] = []
    broken = [True]
    tries: List[float] = []

    def write(level: float) -> None:
        tries.append(level)
        if broken[0]:
            raise OSError("no acknowledgement")
        levels.append(level)

    lamp = Lamp(write)
    lamp.show("quick")
    until(lambda: len(tries) > 5)
    broken[0] = False
    until(lambda: len(levels) > 5)
    lamp.close()
    assert caplog.text.count("cannot be switched") == 1
