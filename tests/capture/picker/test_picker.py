"""Choosing from sticks and gallery: what is offered, when it is told, and what is taken."""

from __future__ import annotations

import contextlib
import os
import random
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional

import numpy as np
import pytest
from capture.picker.sticks import Sticks, decoders, noise_photo, picker_threads, real_stick, save_photo, until
from disks import small_disk
from media import ENGLISH, tone, write_wav

from appliance.capture.picker import copying, search
from appliance.capture.picker.check import Checked, Checker
from appliance.capture.picker.media import Media
from appliance.capture.picker.picker import Offered, Picker
from appliance.capture.picker.scan import Found
from appliance.errors import DiskFull, OutputError, PhotoNotFound, SpeechNotFound
from appliance.settings import LimitSettings, PickerSettings

DANGEROUS = (sys.executable, str(Path(__file__).resolve().parent / "dangerous_decoder.py"))


def patient() -> Checker:
    return Checker(file_seconds=120.0)


class Believing(Checker):
    """Takes every file for good, at once."""

    def check(self, found: Found, kind: str) -> Optional[Checked]:
        return Checked(seconds=1.0)


class Told:
    """What a picker told, newest last."""

    def __init__(self) -> None:
        self.events: List[Offered] = []

    @property
    def last(self) -> Offered:
        return self.events[-1]

    def names(self) -> List[str]:
        return [offer.name for offer in self.last.files]

    def until(self, names: List[str], stick: Optional[bool] = None) -> None:
        """The search has come to rest with these."""

        def reached() -> bool:
            return bool(self.events) and not self.last.searching and self.names() == names

        until(reached)
        assert stick is None or self.last.stick is stick

    def path(self, name: str) -> Path:
        return next(offer.path for offer in self.last.files if offer.name == name)


@pytest.fixture()
def told() -> Told:
    return Told()


@pytest.fixture()
def sticks(tmp_path: Path) -> Sticks:
    return Sticks(tmp_path)


@pytest.fixture()
def gallery(tmp_path: Path) -> Path:
    folder = tmp_path / "gallery"
    folder.mkdir()
    return folder


@pytest.fixture()
def visit(tmp_path: Path) -> Path:
    folder = tmp_path / "visit"
    folder.mkdir()
    return folder


@pytest.fixture()
def make(sticks: Sticks, gallery: Path, told: Told) -> Iterator[Callable[..., Picker]]:
    made: List[Picker] = []

    def build(checker: Callable[[], Checker] = patient, **limits: Any) -> Picker:
        settings = PickerSettings(media=str(sticks.folder), gallery=str(gallery))
        picker = Picker(
            settings, told.events.append, LimitSettings(**limits), media=sticks.media, checker=checker
        )  # fmt: skip
        made.append(picker)
        return picker

    yield build
    for picker in made:
        picker.stop()
    until(lambda: picker_threads() == [] and decoders() == [])


# --- offering ---------------------------------------------------------------------------------------------------------


def test_nothing_is_there(make: Callable[..., Picker], told: Told) -> None:
    make().start("photo")
    told.until([], stick=False)
    assert told.events[0] == Offered("photo", (), True, False)


def test_photos_of_the_stick_come_before_those_of_the_gallery(
    make: Callable[..., Picker], sticks: Sticks, gallery: Path, told: Told
) -> None:
    save_photo(gallery / "teacher.png", "blue")
    save_photo(sticks.plug("STICK") / "me.jpg", "red")
    make().start("photo")
    told.until(["me.jpg", "teacher.png"], stick=True)
    (mine, theirs) = told.last.files
    assert mine.thumbnail is not None and theirs.thumbnail is not None
    assert mine.thumbnail.shape == (48, 64, 3) and mine.seconds is None
    assert np.abs(mine.thumbnail[0, 0].astype(int) - (255, 0, 0)).max() < 10
    assert theirs.thumbnail[0, 0].tolist() == [0, 0, 255]


def test_recordings_are_offered_with_their_length(make: Callable[..., Picker], gallery: Path, told: Told) -> None:
    (gallery / "talk.flac").write_bytes(ENGLISH.read_bytes())
    save_photo(gallery / "photo.jpg")
    make().start("speech")
    told.until(["talk.flac"], stick=False)
    assert told.last.kind == "speech" and told.last.files[0].thumbnail is None
    assert told.last.files[0].seconds == pytest.approx(6.35, abs=0.1)


def test_a_stick_may_come_later_and_go(make: Callable[..., Picker], sticks: Sticks, gallery: Path, told: Told) -> None:
    save_photo(gallery / "teacher.png")
    make(checker=Believing).start("photo")
    told.until(["teacher.png"], stick=False)
    save_photo(sticks.folder / "STICK.jpg")
    save_photo(sticks.plug("FIRST") / "first.jpg")
    told.until(["first.jpg", "teacher.png"], stick=True)
    save_photo(sticks.plug("SECOND") / "second.jpg")
    told.until(["second.jpg", "first.jpg", "teacher.png"], stick=True)
    sticks.pull("FIRST")
    told.until(["second.jpg", "teacher.png"], stick=True)
    sticks.pull("SECOND")
    told.until(["teacher.png"], stick=False)


def test_a_real_stick_may_come_and_go(tmp_path: Path, told: Told) -> None:
    picker = Picker(PickerSettings(media=str(tmp_path / "media"), gallery=""), told.events.append, checker=patient)
    picker.start("photo")
    try:
        told.until([], stick=False)
        with real_stick(tmp_path, "ext4", fill=lambda place: save_photo(place / "me.jpg")):
            told.until(["me.jpg"], stick=True)
        told.until([], stick=False)
    finally:
        picker.stop()
    until(lambda: picker_threads() == [])


@pytest.mark.parametrize("kind", ["vfat", "ext4"])
def test_what_lies_on_a_real_stick_is_offered_and_taken(tmp_path: Path, visit: Path, told: Told, kind: str) -> None:
    def fill(place: Path) -> None:
        (place / "DCIM").mkdir()
        save_photo(place / "DCIM" / "IMG_0001.JPG")

    with real_stick(tmp_path, kind, fill=fill, options="ro") as place:
        content = (place / "DCIM" / "IMG_0001.JPG").read_bytes()
        picker = Picker(PickerSettings(media=str(tmp_path / "media"), gallery=""), told.events.append, checker=patient)
        picker.start("photo")
        told.until(["IMG_0001.JPG"], stick=True)
        picker.stop()
        assert picker.take(told.path("IMG_0001.JPG"), visit).read_bytes() == content
        until(lambda: picker_threads() == [])


def test_a_hostile_stick(make: Callable[..., Picker], sticks: Sticks, gallery: Path, told: Told) -> None:
    """Everything at once: one photo is good."""
    secret = save_photo(gallery.parent / "secret.jpg")
    stick = sticks.plug("STICK")
    whole = noise_photo(stick / "good\n\u202egpj.exe.jpg", 300).read_bytes()
    (stick / "cut.jpg").write_bytes(whole[:-5000])
    (stick / "text.jpg").write_bytes(b"#!/bin/sh\nreboot\n")
    (stick / "empty.jpg").touch()
    (stick / "large.jpg").write_bytes(b"\xff\xd8" + bytes(2 << 20))
    (stick / "link.jpg").symlink_to(secret)
    (stick / "way out").symlink_to(secret.parent)
    (stick / "loop").symlink_to(stick)
    (stick / ".hidden.jpg").write_bytes(whole)
    os.mkfifo(str(stick / "pipe.jpg"))
    (stick / "autorun.inf").write_text("[autorun]\nopen=evil.exe\n")
    stick.joinpath(*"abcdefghij").mkdir(parents=True)
    (stick.joinpath(*"abcdefghij") / "deep.jpg").write_bytes(whole)
    make(photo_megabytes=1).start("photo")
    told.until(["good gpj.exe.jpg"], stick=True)


def test_files_that_kill_their_decoder_are_left_out(make: Callable[..., Picker], sticks: Sticks, told: Told) -> None:
    stick = sticks.plug("STICK")
    for name in ("a crash.jpg", "b.jpg", "c babble.jpg", "d.jpg"):
        save_photo(stick / name)
    make(checker=lambda: Checker(DANGEROUS, file_seconds=60.0)).start("photo")
    told.until(["b.jpg", "d.jpg"])


def test_a_stick_that_kills_decoder_after_decoder_is_left_alone(
    make: Callable[..., Picker], sticks: Sticks, gallery: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_LOSSES", 2)
    stick = sticks.plug("STICK")
    for number in range(20):
        save_photo(stick / f"{number:02} crash.jpg")
    save_photo(stick / "after.jpg")
    save_photo(gallery / "teacher.png")
    make(checker=lambda: Checker(DANGEROUS, file_seconds=60.0)).start("photo")
    told.until(["teacher.png"], stick=True)


def test_not_more_than_can_be_looked_through(
    make: Callable[..., Picker], sticks: Sticks, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_FILES", 3)
    stick = sticks.plug("STICK")
    for number in range(10):
        save_photo(stick / f"{number}.jpg")
    make(checker=Believing).start("photo")
    told.until(["0.jpg", "1.jpg", "2.jpg"])


def test_what_was_found_is_told_while_the_search_goes_on(
    make: Callable[..., Picker], gallery: Path, told: Told
) -> None:
    save_photo(gallery / "a.jpg")
    save_photo(gallery / "b hang.jpg")
    make(checker=lambda: Checker(DANGEROUS, file_seconds=3600.0)).start("photo")
    until(lambda: bool(told.events) and told.names() == ["a.jpg"])
    assert told.last.searching


# --- starting and stopping --------------------------------------------------------------------------------------------


def test_after_stopping_nothing_is_told(make: Callable[..., Picker], sticks: Sticks, gallery: Path, told: Told) -> None:
    save_photo(gallery / "a.jpg")
    picker = make(checker=Believing)
    picker.start("photo")
    told.until(["a.jpg"])
    picker.stop()
    count = len(told.events)
    sticks.plug("STICK")
    until(lambda: picker_threads() == [])
    picker.stop()
    assert len(told.events) == count


def test_stopping_waits_for_no_decoder(make: Callable[..., Picker], gallery: Path, told: Told) -> None:
    save_photo(gallery / "hang.jpg")
    picker = make(checker=lambda: Checker(DANGEROUS, file_seconds=3600.0))
    picker.start("photo")
    until(lambda: decoders() != [])
    picker.stop()
    until(lambda: picker_threads() == [] and decoders() == [])


def test_one_kind_after_the_other(make: Callable[..., Picker], gallery: Path, told: Told) -> None:
    save_photo(gallery / "a.jpg")
    write_wav(gallery / "b.wav", tone(1.0))
    picker = make(checker=Believing)
    for _ in range(2):
        picker.start("photo")
        told.until(["a.jpg"])
        picker.start("speech")
        told.until(["b.wav"])
    kinds = [event.kind for event in told.events]
    assert [kind for kind, before in zip(kinds, [""] + kinds) if kind != before] == ["photo", "speech"] * 2


def test_however_often_it_is_started_there_is_one_thread(
    make: Callable[..., Picker], gallery: Path, told: Told
) -> None:
    save_photo(gallery / "a.jpg")
    picker = make()
    handles = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        picker.start("photo")
        assert len(picker_threads()) == 1
    told.until(["a.jpg"])
    picker.stop()
    until(lambda: picker_threads() == [])
    assert len(os.listdir("/proc/self/fd")) <= handles


def test_who_is_told_may_stop_it(make: Callable[..., Picker], gallery: Path, sticks: Sticks) -> None:
    picker: List[Picker] = []
    seen = threading.Event()

    def stop(event: Offered) -> None:
        picker[0].stop()
        seen.set()

    settings = PickerSettings(media=str(sticks.folder), gallery=str(gallery))
    picker.append(Picker(settings, stop, media=sticks.media))
    picker[0].start("photo")
    assert seen.wait(60)
    until(lambda: picker_threads() == [])


# --- taking -----------------------------------------------------------------------------------------------------------


@pytest.fixture()
def offered(make: Callable[..., Picker], sticks: Sticks, told: Told) -> Picker:
    """A picker that offered photos of a stick and was stopped."""
    stick = sticks.plug("STICK")
    noise_photo(stick / "奶奶.JPG", 1500)
    picker = make(checker=Believing)
    picker.start("photo")
    told.until(["奶奶.JPG"])
    picker.stop()
    return picker


def test_a_file_is_taken_whole_and_nameless(offered: Picker, told: Told, visit: Path) -> None:
    source = told.path("奶奶.JPG")
    first, second = offered.take(source, visit), offered.take(source, visit)
    assert first != second and sorted(visit.iterdir()) == sorted([first, second])
    assert first.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert first.suffix == ".jpg" and first.name.startswith("photo-") and "奶" not in first.name


def test_only_what_was_offered_is_taken(offered: Picker, told: Told, visit: Path, tmp_path: Path) -> None:
    other = save_photo(tmp_path / "other.jpg")
    sneaky = told.path("奶奶.JPG").parent / ".." / "STICK" / "奶奶.JPG"
    for path in (other, Path("/etc/passwd"), sneaky, Path("奶奶.JPG")):
        with pytest.raises(PhotoNotFound):
            offered.take(path, visit)
    assert list(visit.iterdir()) == []


def test_what_was_offered_of_another_kind_is_not_taken(
    make: Callable[..., Picker], gallery: Path, told: Told, visit: Path
) -> None:
    save_photo(gallery / "a.jpg")
    write_wav(gallery / "b.wav", tone(1.0))
    picker = make(checker=Believing)
    picker.start("photo")
    told.until(["a.jpg"])
    photo = told.path("a.jpg")
    picker.start("speech")
    told.until(["b.wav"])
    with pytest.raises(SpeechNotFound):
        picker.take(photo, visit)
    assert picker.take(told.path("b.wav"), visit).read_bytes() == (gallery / "b.wav").read_bytes()


@pytest.mark.parametrize("swap", ["gone", "link", "pipe", "other"])
def test_a_swapped_file_is_not_taken(offered: Picker, told: Told, visit: Path, tmp_path: Path, swap: str) -> None:
    path = told.path("奶奶.JPG")
    path.unlink()
    if swap == "link":
        path.symlink_to(save_photo(tmp_path / "secret.jpg"))
    elif swap == "pipe":
        os.mkfifo(str(path))
    elif swap == "other":
        save_photo(path)
    with pytest.raises(PhotoNotFound):
        offered.take(path, visit)
    assert list(visit.iterdir()) == []


def test_a_stick_that_is_pulled_out_while_its_file_is_copied(
    offered: Picker, told: Told, visit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks: List[int] = []
    read = os.read

    def failing(handle: int, count: int) -> bytes:
        if count == copying.BLOCK:
            blocks.append(handle)
        if len(blocks) == 2:
            raise OSError(5, "Input/output error")
        return read(handle, count)

    monkeypatch.setattr(copying, "BLOCK", 100_000)
    monkeypatch.setattr(copying.os, "read", failing)
    with pytest.raises(PhotoNotFound) as failed:
        offered.take(told.path("奶奶.JPG"), visit)
    assert "stick" in failed.value.action and "奶奶" not in failed.value.detail
    assert len(blocks) == 2 and list(visit.iterdir()) == []


def test_a_file_that_grows_while_it_is_copied_is_not_taken(
    offered: Picker, told: Told, visit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = told.path("奶奶.JPG")
    read = os.read

    def growing(handle: int, count: int) -> bytes:
        with path.open("ab") as file:
            file.write(b"more")
        return read(handle, count)

    monkeypatch.setattr(copying.os, "read", growing)
    with pytest.raises(PhotoNotFound):
        offered.take(path, visit)
    assert list(visit.iterdir()) == []


def test_a_folder_that_is_gone(offered: Picker, told: Told, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        offered.take(told.path("奶奶.JPG"), tmp_path / "gone")


def test_a_folder_without_room(offered: Picker, told: Told, visit: Path) -> None:
    with small_disk(visit, 1) as full:
        with pytest.raises(DiskFull):
            offered.take(told.path("奶奶.JPG"), full)
        assert list(full.iterdir()) == []


def test_without_sticks_and_gallery_nothing_is_offered(told: Told) -> None:
    picker = Picker(PickerSettings(media="", gallery=""), told.events.append)
    picker.start("photo")
    told.until([], stick=False)
    picker.stop()
    assert picker.media.sticks() == () and isinstance(picker.media, Media)
    until(lambda: picker_threads() == [])


# --- for months -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_however_it_is_used_nothing_is_left(
    make: Callable[..., Picker], sticks: Sticks, gallery: Path, visit: Path, told: Told, seed: int
) -> None:
    chance = random.Random(seed)
    labels = ["A", "B", "user/C"]
    for label in labels:
        for name in ("1.jpg", "2.png", "3.wav", "inner/4.jpg"):
            path = sticks.folder / label / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"content")
    (gallery / "teacher.jpg").write_bytes(b"content")
    picker = make(checker=Believing)
    handles = len(os.listdir("/proc/self/fd"))
    plugged: List[str] = []

    def plug_or_pull() -> None:
        label = chance.choice(labels)
        if label in plugged:
            plugged.remove(label)
            sticks.pull(label)
        else:
            plugged.append(label)
            sticks.plug(label)

    def take() -> None:
        if told.events and told.last.files:
            offer = chance.choice(told.last.files)
            with contextlib.suppress(PhotoNotFound, SpeechNotFound):
                assert picker.take(offer.path, visit).read_bytes() == b"content"

    deeds = [plug_or_pull, take, lambda: picker.start("photo"), lambda: picker.start("speech"), picker.stop]
    for _ in range(500):
        chance.choice(deeds)()
        time.sleep(chance.choice((0, 0, 0.002)))
        assert len(picker_threads()) <= 1
    picker.start("photo")
    names = [name for _ in plugged for name in ("1.jpg", "2.png", "4.jpg")]
    told.until([*names, "teacher.jpg"], stick=bool(plugged))
    picker.stop()
    until(lambda: picker_threads() == [])
    assert len(os.listdir("/proc/self/fd")) <= handles
