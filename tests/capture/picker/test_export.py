"""Onto the stick: whole, under a name of its own, or not at all."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from pathlib import Path
from typing import Callable, List

import pytest
from capture.picker.sticks import Sticks, real_stick

from appliance.capture.picker.export import save_to_stick
from appliance.capture.picker.media import Media
from appliance.errors import DiskFull, EngineUnavailable, OutputError, StickMissing, StickReadOnly

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 400


@pytest.fixture()
def sticks(tmp_path: Path) -> Sticks:
    return Sticks(tmp_path)


def write(path: Path) -> None:
    path.write_bytes(VIDEO)


def write_and_fail(error: Exception) -> Callable[[Path], None]:
    """A part of the video, then this."""

    def produce(path: Path) -> None:
        path.write_bytes(VIDEO[:1000])
        raise error

    return produce


def everything(folder: Path) -> List[str]:
    """Names, hidden ones too."""
    return sorted(name for name in os.listdir(str(folder)) if name != "lost+found")


# --- saved ------------------------------------------------------------------------------------------------------------


def test_a_video_is_saved_whole(sticks: Sticks) -> None:
    stick = sticks.plug("STICK")
    (stick / "other.txt").write_text("left alone")
    saved = save_to_stick(sticks.media, write, "sonic.mp4", len(VIDEO))
    assert saved.parent == stick and saved.read_bytes() == VIDEO
    assert everything(stick) == sorted(["other.txt", saved.name])


def test_its_name_tells_when_and_nothing_else(sticks: Sticks) -> None:
    sticks.plug("STICK")
    saved = save_to_stick(sticks.media, write, "sonic.mp4")
    assert re.fullmatch(r"sonic-\d{4}-\d\d-\d\d-\d{6}\.mp4", saved.name)
    archive = save_to_stick(sticks.media, write, "sonic-log.zip")
    assert re.fullmatch(r"sonic-log-\d{4}-\d\d-\d\d-\d{6}\.zip", archive.name)


def test_nothing_is_ever_overwritten(sticks: Sticks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even on an appliance whose clock stands still."""
    stick = sticks.plug("STICK")
    monkeypatch.setattr("time.strftime", lambda layout: "1970-01-01-000000")
    (stick / "sonic-1970-01-01-000000.mp4").write_bytes(b"another's")
    names = [save_to_stick(sticks.media, write, "sonic.mp4").name for _ in range(3)]
    assert names == [f"sonic-1970-01-01-000000-{number}.mp4" for number in (2, 3, 4)]
    assert (stick / "sonic-1970-01-01-000000.mp4").read_bytes() == b"another's"


def test_a_video_that_comes_by_renaming_is_saved_too(sticks: Sticks) -> None:
    """As the engine's client writes it."""
    stick = sticks.plug("STICK")

    def produce(path: Path) -> None:
        part = path.with_name(path.name + ".more")
        part.write_bytes(VIDEO)
        os.replace(str(part), str(path))

    saved = save_to_stick(sticks.media, produce, "sonic.mp4")
    assert saved.read_bytes() == VIDEO and everything(stick) == [saved.name]


def test_the_newest_stick_that_can_be_written_to(sticks: Sticks) -> None:
    sticks.plug("OLD")
    new = sticks.plug("NEW")
    sticks.plug("LOCKED", options="ro")
    assert save_to_stick(sticks.media, write, "sonic.mp4").parent == new


@pytest.mark.parametrize("kind", ["vfat", "ext4"])
def test_a_video_outlasts_a_real_stick_that_is_pulled_out(tmp_path: Path, kind: str) -> None:
    """Taken without goodbye: what the image holds at that moment is all there is."""
    with real_stick(tmp_path, kind) as place:
        saved = save_to_stick(Media(str(tmp_path / "media")), write, "sonic.mp4", len(VIDEO))
        assert everything(place) == [saved.name]
        (tmp_path / "STICK.img").rename(tmp_path / "original.img")
        subprocess.run(
            ["cp", "--sparse=always", str(tmp_path / "original.img"), str(tmp_path / "PULLED.img")], check=True
        )
        pulled = tmp_path / "pulled"
        pulled.mkdir()
        subprocess.run(["mount", "-o", "loop", str(tmp_path / "PULLED.img"), str(pulled)], check=True)
        try:
            assert (pulled / saved.name).read_bytes() == VIDEO
        finally:
            subprocess.run(["umount", str(pulled)], check=True)


# --- refused ----------------------------------------------------------------------------------------------------------


def must_not(path: Path) -> None:
    raise AssertionError("there was nowhere to write to")


def test_no_stick(sticks: Sticks) -> None:
    (sticks.folder / "LEFT-OVER").mkdir()
    with pytest.raises(StickMissing):
        save_to_stick(sticks.media, must_not, "sonic.mp4")
    assert everything(sticks.folder / "LEFT-OVER") == []


def test_a_locked_stick(sticks: Sticks) -> None:
    sticks.plug("LOCKED", options="ro")
    with pytest.raises(StickReadOnly):
        save_to_stick(sticks.media, must_not, "sonic.mp4")


def test_a_real_stick_that_is_locked(tmp_path: Path) -> None:
    with real_stick(tmp_path, "ext4", options="ro"):
        with pytest.raises(StickReadOnly):
            save_to_stick(Media(str(tmp_path / "media")), must_not, "sonic.mp4")


def test_a_stick_that_turns_out_to_be_locked(tmp_path: Path, sticks: Sticks) -> None:
    """The list says it can be written to."""
    with real_stick(tmp_path, "ext4", label="A", options="ro"):
        sticks.plug("A", "ext4")
        with pytest.raises(StickReadOnly):
            save_to_stick(sticks.media, must_not, "sonic.mp4")


def test_a_full_stick_is_known_before_anything_is_written(tmp_path: Path) -> None:
    with real_stick(tmp_path, "ext4", megabytes=16) as place:
        with pytest.raises(DiskFull) as failed:
            save_to_stick(Media(str(tmp_path / "media")), must_not, "sonic.mp4", 100 << 20)
        assert "101 MB are needed" in failed.value.message and everything(place) == []


def test_a_stick_that_fills_up_keeps_no_part(tmp_path: Path) -> None:
    def produce(path: Path) -> None:
        with path.open("wb") as file:
            while True:
                file.write(b"x" * (1 << 20))

    with real_stick(tmp_path, "ext4", megabytes=16) as place:
        with pytest.raises(DiskFull):
            save_to_stick(Media(str(tmp_path / "media")), produce, "sonic.mp4")
        assert everything(place) == []


@pytest.mark.parametrize("kind, refused", [("vfat", True), ("exfat", False)])
def test_more_than_the_format_can_hold(
    sticks: Sticks, monkeypatch: pytest.MonkeyPatch, kind: str, refused: bool
) -> None:
    stick = sticks.plug("STICK", kind)
    space = os.statvfs(str(stick))
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((*space[:4], 1 << 40, *space[5:])))
    if refused:
        with pytest.raises(OutputError) as failed:
            save_to_stick(sticks.media, must_not, "sonic.mp4", 1 << 32)
        assert "4 GB" in failed.value.message and "exFAT" in failed.value.action
    else:
        assert save_to_stick(sticks.media, write, "sonic.mp4", 1 << 32).exists()


# --- failed in the middle ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number, expected",
    [
        (errno.ENOSPC, DiskFull),
        (errno.EROFS, StickReadOnly),
        (errno.EACCES, StickReadOnly),
        (errno.EIO, StickMissing),
        (errno.ENODEV, StickMissing),
        (errno.EFBIG, OutputError),
        (errno.EINVAL, OutputError),
    ],
)
def test_what_went_wrong_is_said_and_no_part_is_left(sticks: Sticks, number: int, expected: type) -> None:
    stick = sticks.plug("STICK")
    bare = OSError(number, os.strerror(number), "/media/STICK/somebody.mp4")
    wrapped = OutputError(str(bare.strerror))
    wrapped.__cause__ = bare
    for error in (bare, wrapped):
        with pytest.raises(expected) as failed:
            save_to_stick(sticks.media, write_and_fail(error), "sonic.mp4")
        assert "somebody" not in failed.value.detail + str(failed.value)
        assert everything(stick) == []
    if number == errno.EFBIG:
        assert "4 GB" in failed.value.message


@pytest.mark.parametrize("error", [DiskFull("of the client"), EngineUnavailable("gone"), KeyboardInterrupt()])
def test_what_the_producer_says_is_said(sticks: Sticks, error: BaseException) -> None:
    stick = sticks.plug("STICK")
    with pytest.raises(type(error)) as failed:
        save_to_stick(sticks.media, write_and_fail(error), "sonic.mp4")  # type: ignore[arg-type]
    assert failed.value is error and everything(stick) == []


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "gone"), OutputError("gone"), DiskFull("gone")])
def test_a_stick_that_is_pulled_out(sticks: Sticks, error: Exception) -> None:
    stick = sticks.plug("STICK")

    def produce(path: Path) -> None:
        path.write_bytes(VIDEO[:1000])
        sticks.pull("STICK")
        raise error

    with pytest.raises(StickMissing) as failed:
        save_to_stick(sticks.media, produce, "sonic.mp4")
    assert "pulled out" in failed.value.message and everything(stick) == []


def test_a_real_stick_that_is_pulled_out_while_it_is_written_to(tmp_path: Path) -> None:
    with real_stick(tmp_path, "ext4") as place:

        def produce(path: Path) -> None:
            subprocess.run(["umount", "--lazy", str(place)], check=True)
            path.write_bytes(VIDEO)

        with pytest.raises(StickMissing):
            save_to_stick(Media(str(tmp_path / "media")), produce, "sonic.mp4")
        assert everything(place) == []  # the folder of the appliance's own disk that the stick had hidden
        subprocess.run(["mount", "-o", "loop", str(tmp_path / "STICK.img"), str(place)], check=True)
        assert everything(place) == []
