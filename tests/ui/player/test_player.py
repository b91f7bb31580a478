"""Real videos played: every frame carries its number, the sound a pulse at each half second."""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional

import numpy as np
import pytest
from ui.player.audience import Public, Recorder
from ui.player.films import PULSE_SECONDS, Film, pulses_in
from ui.player.patience import children, until

from appliance.errors import OutputError, SpeakerError, VideoUnplayable
from appliance.settings import FRAME_RATE
from appliance.ui.player.player import Player, fitted
from appliance.ui.player.silent_speaker import SilentSpeaker
from appliance.ui.player.source import FileSource, Source
from appliance.ui.player.speaker import RATE, Speaker, SpeakerStream

SIZE = (160, 200)
FRAME_SECONDS = 1 / FRAME_RATE

Play = Callable[..., Player]


@pytest.fixture()
def public() -> Public:
    return Public()


@pytest.fixture()
def play(public: Public) -> Iterator[Play]:
    players: List[Player] = []

    def begin(path: Path, speaker: Optional[Speaker] = None, start: float = 0.0, paused: bool = False) -> Player:
        player = Player(lambda: FileSource(path), speaker or SilentSpeaker(), public, SIZE, start)
        if paused:
            player.pause()
        players.append(player)
        return player

    yield begin
    for player in players:
        player.stop()


def test_a_video_is_shown_to_its_end(film: Film, public: Public, play: Play) -> None:
    play(film.file, start=film.seconds - 2.0)
    public.until_told("ended")
    last = round(film.seconds * FRAME_RATE) - 1
    assert public.frames[0] == last - 49 and public.frames[-1] == last
    assert public.frames == sorted(set(public.frames))
    assert set(public.sizes) == {fitted((128, 128), SIZE)} == {(160, 160)}
    position, available, duration = public.heard("at")[-1]
    assert position == pytest.approx(film.seconds, abs=0.05)
    assert available == duration == pytest.approx(film.seconds, abs=FRAME_SECONDS)
    assert public.heard("failed") == [] and public.heard("speaker_failed") == []
    assert len(public.heard("ended")) == 1


@pytest.mark.parametrize("start", [0.0, 0.48, 3.84, 7.2])
def test_sound_and_picture_begin_at_the_same_moment(film: Film, public: Public, play: Play, start: float) -> None:
    speaker = Recorder()
    play(film.file, speaker, start, paused=True)
    public.until_shown(round(start * FRAME_RATE))
    until(lambda: len(speaker.stream.given()) >= 0.4 * RATE)
    sound = speaker.stream.given()
    first = np.ceil(start / PULSE_SECONDS - 1e-6) * PULSE_SECONDS - start
    expected = np.arange(first, len(sound) / RATE - 0.05, PULSE_SECONDS)
    heard = pulses_in(sound)
    heard = heard[heard < len(sound) / RATE - 0.05]
    assert len(heard) == len(expected)
    assert np.abs(heard - expected).max(initial=0.0) < 0.01


def test_frames_come_when_their_sound_is_heard(film: Film, public: Public, play: Play) -> None:
    speaker = Recorder()
    late: List[float] = []
    show = public.show

    def watched(frame: Any) -> None:
        late.append(speaker.stream.position() - frame.number * FRAME_SECONDS)
        show(frame)

    public.show = watched  # type: ignore[method-assign]
    play(film.file, speaker)
    until(lambda: public.frames and public.frames[-1] > 60)
    assert min(late) > -0.001, "before its sound"
    # A loaded machine decodes late now and then; what is shown in time is in step.
    assert np.percentile(late, 25) < FRAME_SECONDS


def test_fifty_seeks(film: Film, public: Public, play: Play) -> None:
    """Each lands on its frame; of those in quick succession the last one counts."""
    chance = random.Random(3)
    player = play(film.file, paused=True)
    public.until_shown(0)
    for burst in (1, 1, 5, 1, 7, 1, 1, 9, 1, 4, 1, 1, 8, 1, 1, 3, 1, 1, 1, 1):
        moments = [chance.uniform(0.0, film.seconds) for _ in range(burst)]
        for moment in moments:
            player.seek(moment)
        public.until_shown(min(int(moments[-1] * FRAME_RATE), round(film.seconds * FRAME_RATE) - 1))
    player.seek(film.seconds + 100.0)
    public.until_shown(round(film.seconds * FRAME_RATE) - 1)
    assert public.heard("failed") == []


def test_a_seek_while_playing_goes_on_from_there(film: Film, public: Public, play: Play) -> None:
    player = play(film.file)
    until(lambda: public.frames and public.frames[-1] > 5)
    player.seek(film.seconds - 1.0)
    public.until_told("ended")
    first = round((film.seconds - 1.0) * FRAME_RATE)
    assert first in public.frames
    assert all(number < 200 or number >= first for number in public.frames)


def test_pause_and_resume(film: Film, public: Public, play: Play) -> None:
    player = play(film.file)
    until(lambda: public.frames and public.frames[-1] > 5)
    player.pause()
    until(lambda: _stands_still(public))
    stopped = public.frames[-1]
    assert stopped < film.seconds * FRAME_RATE - 1 and not public.heard("ended")
    player.resume()
    until(lambda: public.frames[-1] > stopped + 5)
    assert public.frames[public.frames.index(stopped) + 1] <= stopped + 50, "went on where it had stopped"


def _stands_still(public: Public) -> bool:
    before = len(public.frames)
    time.sleep(0.3)
    return len(public.frames) == before


def test_replayed_the_end_is_told_again_once(film: Film, public: Public, play: Play) -> None:
    player = play(film.file, start=film.seconds - 0.4)
    public.until_told("ended")
    player.seek(film.seconds - 0.4)
    public.until_told("ended", 2)
    player.resize((100, 100))
    until(lambda: public.sizes[-1] == (100, 100))
    assert public.frames[-1] == round(film.seconds * FRAME_RATE) - 1
    assert len(public.heard("ended")) == 2


def test_another_size_in_the_middle(film: Film, public: Public, play: Play) -> None:
    player = play(film.file)
    until(lambda: public.frames and public.frames[-1] > 3)
    player.resize((64, 48))
    until(lambda: public.sizes[-1] == (48, 48))
    assert public.frames == sorted(public.frames)


def test_stop_leaves_nothing(film: Film, public: Public, play: Play) -> None:
    handles = len(os.listdir("/proc/self/fd"))
    for round_ in range(8):
        player = play(film.file, start=round_)
        if round_ % 2:
            until(lambda: public.frames)
        player.stop()
        until(lambda: not children("ffmpeg"))
        until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith(("player", "decoder"))])
        told = len(public.told), len(public.frames)
        player.seek(1.0)
        player.resume()
        assert (len(public.told), len(public.frames)) == told
        public.frames.clear()
    until(lambda: len(os.listdir("/proc/self/fd")) == handles)


# --- damage -----------------------------------------------------------------------------------------------------------


def _garbage(film: Film, path: Path) -> None:
    path.write_bytes(random.Random(1).getrandbits(8 * 50_000).to_bytes(50_000, "big"))


def _empty(film: Film, path: Path) -> None:
    path.write_bytes(b"")


def _head_only(film: Film, path: Path) -> None:
    path.write_bytes(film.file.read_bytes()[:3000])


def _no_pictures(film: Film, path: Path) -> None:
    """The index is whole; what it points to is not."""
    content = film.file.read_bytes()
    begin = content.index(b"mdat") + 4
    path.write_bytes(content[:begin] + bytes(len(content) - begin))


def _sound_alone(film: Film, path: Path) -> None:
    path.write_bytes(film.file.read_bytes().replace(b"vide", b"xxxx"))


@pytest.mark.parametrize("damage", [_garbage, _empty, _head_only, _no_pictures, _sound_alone])
def test_a_damaged_file_is_refused(film: Film, public: Public, play: Play, tmp_path: Path, damage: Any) -> None:
    damage(film, tmp_path / "film.mp4")
    play(tmp_path / "film.mp4")
    assert isinstance(public.until_told("failed"), VideoUnplayable)
    assert public.heard("ended") == []


def test_a_missing_file_is_refused(public: Public, play: Play, tmp_path: Path) -> None:
    play(tmp_path / "film.mp4")
    assert isinstance(public.until_told("failed"), OutputError)


def test_a_file_that_breaks_off_is_shown_so_far(film: Film, public: Public, play: Play, tmp_path: Path) -> None:
    content = film.file.read_bytes()
    (tmp_path / "film.mp4").write_bytes(content[: len(content) * 2 // 5])
    play(tmp_path / "film.mp4")
    assert isinstance(public.until_told("failed"), VideoUnplayable)
    assert len(public.frames) > 25


def test_a_source_that_cannot_be_opened(public: Public) -> None:
    def refuse() -> Source:
        raise OutputError("no room")

    player = Player(refuse, SilentSpeaker(), public, SIZE)
    public.until_told("failed")
    player.stop()


def test_a_machine_without_room_for_a_process(
    film: Film, public: Public, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("appliance.ui.player.decoding.Ffmpeg", refuse)
    play(film.file)
    assert isinstance(public.until_told("failed"), OutputError)


# --- loudspeakers -----------------------------------------------------------------------------------------------------


class NoSpeaker(Speaker):
    def open(self) -> SpeakerStream:
        raise SpeakerError("none")


class LosesItself(Recorder):
    """Gone after so many seconds of sound."""

    def open(self) -> Any:
        stream = super().open()
        position = stream.position

        def lost() -> float:
            if position() > 0.5:
                raise SpeakerError("unplugged")
            return position()

        stream.position = lost
        return stream


@pytest.mark.parametrize("speaker", [NoSpeaker(), LosesItself()])
def test_without_a_loudspeaker_the_picture_goes_on(film: Film, public: Public, play: Play, speaker: Speaker) -> None:
    play(film.file, speaker, start=film.seconds - 2.0)
    public.until_told("ended")
    assert len(public.heard("speaker_failed")) == 1
    assert public.frames[-1] == round(film.seconds * FRAME_RATE) - 1
    assert public.frames == sorted(set(public.frames))
