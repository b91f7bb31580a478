"""Videos that are watched while they are made: fed slowly, starved, cut off, finished meanwhile."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional

import pytest
from ui.player.audience import Public
from ui.player.films import Film
from ui.player.patience import until

from appliance.errors import EngineUnavailable, JobNotFound, VideoUnplayable
from appliance.settings import FRAME_RATE
from appliance.ui.player.growing import GrowingSource
from appliance.ui.player.player import Player
from appliance.ui.player.silent_speaker import SilentSpeaker

SIZE = (128, 128)


class Maker:
    """An engine's stream: ``allow`` pieces may be taken, then it waits for more, or breaks off."""

    def __init__(self, pieces: List[bytes], allow: int) -> None:
        self.pieces, self.opened, self.taken = pieces, 0, 0
        self.more = threading.Condition()
        self.allow, self.cut, self.error = allow, False, EngineUnavailable("cut off")

    def stream(self) -> Iterator[bytes]:
        self.opened += 1
        self.taken = 0
        for piece in self.pieces:
            with self.more:
                self.more.wait_for(lambda: self.taken < self.allow or self.cut)
                if self.taken >= self.allow:
                    self.cut = False
                    raise self.error
            self.taken += 1
            # As the network has it: not in the pieces that were written.
            for start in range(0, len(piece), 4000):
                yield piece[start : start + 4000]

    def go_on(self, allow: int) -> None:
        with self.more:
            self.allow = allow
            self.more.notify_all()

    def break_off(self) -> None:
        with self.more:
            self.cut = True
            self.more.notify_all()


@pytest.fixture()
def public() -> Public:
    return Public()


@pytest.fixture()
def play(public: Public, tmp_path: Path) -> Iterator[Callable[..., Player]]:
    players: List[Player] = []
    makers: List[Maker] = []

    def begin(maker: Maker, start: float = 0.0, paused: bool = False, patience: float = 60.0) -> Player:
        makers.append(maker)
        player = Player(lambda: GrowingSource(maker.stream, tmp_path, patience), SilentSpeaker(), public, SIZE, start)
        if paused:
            player.pause()
        players.append(player)
        return player

    yield begin
    for maker in makers:
        maker.error = JobNotFound("the visit is over")
        maker.break_off()
    for player in players:
        player.stop()
    assert os.listdir(str(tmp_path)) == []


def until_starved(public: Public) -> None:
    """All was shown that was ready in three pieces, but for what the decoder holds, which is a frame or two by what it
    found at the beginning; and it is said so."""
    until(lambda: public.frames[-1:] >= [37] and public.heard("waiting")[-1:] == [True])
    assert public.frames[-1] in (37, 38, 39)


def last_of(film: Film) -> int:
    return round(film.seconds * FRAME_RATE) - 1


def test_what_is_there_is_played_and_the_rest_waited_for(film: Film, public: Public, play: Any) -> None:
    pieces = film.stream()
    maker = Maker(pieces, 3)
    play(maker)
    until_starved(public)
    ready = public.heard("at")[-1][1]
    assert ready == pytest.approx((16 + 24) / FRAME_RATE)
    assert not public.heard("ended")
    maker.go_on(len(pieces))
    until(lambda: public.heard("waiting")[-1] is False)
    until(lambda: public.frames[-1:] > [60])
    after = next(number for number in public.frames if number > 39)
    assert after < 39 + FRAME_RATE, "nothing is missing at the seam"


def test_to_the_end_while_it_comes_slowly(film: Film, public: Public, play: Any) -> None:
    pieces = film.stream()
    maker = Maker(pieces, 1)
    player = play(maker)
    for allow in range(2, len(pieces)):
        maker.go_on(allow)
        until(lambda: (public.heard("at") or [(0, 0, 0)])[-1][1] > 0)
    player.seek(film.seconds)
    maker.go_on(len(pieces))
    until(lambda: public.heard("at")[-1][1] == pytest.approx(film.seconds))
    player.seek(film.seconds - 1.0)
    public.until_told("ended")
    assert public.frames[-1] == last_of(film)


def test_a_seek_goes_no_further_than_what_is_ready(film: Film, public: Public, play: Any) -> None:
    maker = Maker(film.stream(), 5)
    player = play(maker, paused=True)
    public.until_shown(0)
    until(lambda: public.heard("at")[-1][1] == pytest.approx(144 / FRAME_RATE))
    for number in (100, 3, 79, 80, 81, 40, 139):
        player.seek(number / FRAME_RATE)
        public.until_shown(number)
    player.seek(11.0)
    until(lambda: public.frames[-1] >= 142)
    assert not public.heard("failed")


def test_a_start_that_is_not_ready_is_waited_for(film: Film, public: Public, play: Any) -> None:
    pieces = film.stream()
    maker = Maker(pieces, 3)
    play(maker, start=5.0, paused=True)
    until(lambda: public.heard("waiting")[-1:] == [True] and maker.taken >= 3)
    assert public.frames == []
    maker.go_on(len(pieces))
    public.until_shown(125)


def test_after_the_engine_was_started_again_it_goes_on(film: Film, public: Public, play: Any) -> None:
    pieces = film.stream()
    maker = Maker(pieces, 3)
    play(maker, start=0.5)
    until_starved(public)
    maker.break_off()
    until(lambda: maker.opened == 2)
    maker.go_on(len(pieces))
    until(lambda: public.frames[-1:] > [60])
    assert public.frames == sorted(set(public.frames)) and not public.heard("failed")


def test_finished_in_between_it_is_taken_from_the_file(film: Film, public: Public, play: Any) -> None:
    """The engine's stream of a finished job has other bytes than its segments."""
    maker = Maker(film.stream(), 3)
    player = play(maker)
    until_starved(public)
    maker.pieces, maker.cut = [film.file.read_bytes()], True
    maker.break_off()
    maker.go_on(1)
    until(lambda: public.frames[-1:] > [60])
    player.seek(film.seconds - 0.4)
    public.until_told("ended")
    assert public.frames[-1] == last_of(film) and not public.heard("failed")


def test_a_finished_file_from_the_start(film: Film, public: Public, play: Any) -> None:
    play(Maker([film.file.read_bytes()], 1), start=film.seconds - 0.4)
    public.until_told("ended")
    assert public.frames[-1] == last_of(film)


@pytest.mark.parametrize("allow", [0, 1, 3])
def test_a_job_that_is_gone_ends_the_playing(film: Film, public: Public, play: Any, allow: int) -> None:
    """What was there is shown before."""
    maker = Maker(film.stream(), allow)
    maker.error, maker.cut = JobNotFound("deleted"), True
    play(maker)
    assert isinstance(public.until_told("failed"), JobNotFound)
    assert public.frames[-1:] == ([39] if allow == 3 else [])


def test_an_engine_that_stays_away_is_not_waited_for_for_ever(film: Film, public: Public, play: Any) -> None:
    maker = Maker(film.stream(), 2)
    stream, gone = maker.stream, threading.Event()

    def unreachable() -> Iterator[bytes]:
        if gone.is_set():
            raise EngineUnavailable("nobody")
        gone.set()
        yield from stream()

    maker.stream = unreachable  # type: ignore[method-assign]
    maker.cut = True
    play(maker, patience=0.5)
    assert isinstance(public.until_told("failed"), EngineUnavailable)


@pytest.mark.parametrize("pieces", [[b"init" + bytes(100)], [b""], []])
def test_a_stream_that_is_no_video(public: Public, play: Any, pieces: List[bytes]) -> None:
    play(Maker(pieces, len(pieces)))
    assert isinstance(public.until_told("failed"), VideoUnplayable)


def test_the_copy_is_nobodys(film: Film, tmp_path: Path) -> None:
    """Not even a name is left if the program is killed."""
    with GrowingSource(lambda: iter(film.stream()), tmp_path) as source:
        until(source.complete)
        assert os.listdir(str(tmp_path)) == []
        assert source.available() == pytest.approx(film.seconds)
    source.close()


def test_a_full_disk(film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from appliance.errors import DiskFull

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("appliance.ui.player.growing.os.pwrite", full)
    with GrowingSource(lambda: iter(film.stream()), tmp_path) as source:
        refused: Optional[Exception] = until(lambda: _refusal(source))
    assert isinstance(refused, DiskFull)


def _refusal(source: GrowingSource) -> Optional[Exception]:
    try:
        source.movie()
    except Exception as error:
        return error
    return None
