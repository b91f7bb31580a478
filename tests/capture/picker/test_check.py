"""Which files can be used, found out in a process that may be crashed, hung, or taken over."""

from __future__ import annotations

import os
import sys
import wave
from pathlib import Path
from typing import Iterator, List

import numpy as np
import pytest
from capture.picker.sticks import decoders, noise_photo, save_photo
from media import ENGLISH, encode, tone, write_wav
from PIL import Image

from appliance.capture.picker.check import Checked, Checker
from appliance.capture.picker.scan import ScanLimits, scan


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    """One for all, as for all files of a stick; patient enough for the slowest machine."""
    with Checker(file_seconds=120.0) as made:
        yield made
    assert decoders() == []


def check(checker: Checker, root: Path, kind: str) -> List[str]:
    """Names of the files below that can be used."""
    found = list(scan(root, kind, 1 << 30, ScanLimits()))
    assert found
    return [file.name for file in found if checker.check(file, kind) is not None]


def only(checker: Checker, root: Path, kind: str) -> Checked:
    (found,) = scan(root, kind, 1 << 30, ScanLimits())
    checked = checker.check(found, kind)
    assert checked is not None
    return checked


# --- what is good -----------------------------------------------------------------------------------------------------


def test_a_photo_has_a_small_picture_of_itself(checker: Checker, tmp_path: Path) -> None:
    picture = Image.new("RGB", (1000, 600), "blue")
    picture.paste("red", (0, 0, 500, 600))
    picture.save(str(tmp_path / "a.png"))
    thumbnail = only(checker, tmp_path, "photo").thumbnail
    assert thumbnail is not None and thumbnail.dtype == np.uint8 and thumbnail.shape == (192, 320, 3)
    assert thumbnail[100, 10].tolist() == [255, 0, 0] and thumbnail[100, 310].tolist() == [0, 0, 255]


def test_the_small_picture_stands_upright(checker: Checker, tmp_path: Path) -> None:
    picture = Image.new("RGB", (400, 200), "white")
    picture.paste("black", (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(str(tmp_path / "a.jpg"), exif=exif)
    thumbnail = only(checker, tmp_path, "photo").thumbnail
    assert thumbnail is not None and thumbnail.shape == (320, 160, 3)
    assert thumbnail[:100].mean() < 20 and thumbnail[-100:].mean() > 235


@pytest.mark.parametrize("name, options", [("a.wav", []), ("a.mp3", ["-b:a", "64k"]), ("a.m4a", []), ("a.ogg", [])])
def test_a_recording_has_a_length(checker: Checker, tmp_path: Path, name: str, options: List[str]) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    encode(write_wav(tmp_path / "tone.wav", tone(2.5)), stick / name, *options)
    assert only(checker, stick, "speech").seconds == pytest.approx(2.5, abs=0.1)


def test_names_are_nothing_but_names(checker: Checker, tmp_path: Path) -> None:
    """Not options of ffmpeg, not addresses, not formats of anything."""
    for name in (
        "-i.flac",
        "http:__example.org_.flac",
        "%03d.flac",
        "concat:a|b.flac",
        "two\nlines.flac",
        "$(id).flac",
    ):
        (tmp_path / name).write_bytes(ENGLISH.read_bytes())
    assert len(check(checker, tmp_path, "speech")) == 6


def test_a_name_that_is_no_text(checker: Checker, tmp_path: Path) -> None:
    photo = save_photo(tmp_path / "a.jpg")
    photo.rename(os.fsdecode(os.path.join(os.fsencode(str(tmp_path)), b"\xff\xfe.jpg")))
    assert only(checker, tmp_path, "photo").thumbnail is not None


def test_a_lecture_has_a_length_at_once(checker: Checker, tmp_path: Path) -> None:
    """25 minutes of silence in a file that takes no room."""
    seconds, rate = 1500, 16_000
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
    head = (tmp_path / "a.wav").read_bytes()
    size = 2 * seconds * rate
    with (tmp_path / "a.wav").open("r+b") as lecture:
        lecture.write(head[:4] + (size + 36).to_bytes(4, "little") + head[8:40] + size.to_bytes(4, "little"))
        lecture.truncate(44 + size)
    assert only(checker, tmp_path, "speech").seconds == pytest.approx(seconds, abs=0.1)


# --- what is not ------------------------------------------------------------------------------------------------------


def test_damaged_and_hostile_photos_are_not_offered(checker: Checker, tmp_path: Path) -> None:
    whole = noise_photo(tmp_path / "whole.jpg", 400).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_bytes(b"#!/bin/sh\nreboot\n" * 100)
    (tmp_path / "program.png").write_bytes(Path(sys.executable).read_bytes()[:100_000])
    (tmp_path / "sound.jpg").write_bytes(ENGLISH.read_bytes())
    (tmp_path / "zeros.bmp").write_bytes(bytes(10_000))
    (tmp_path / "head.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    # 15,000 by 15,000 pixels in 220 kB: refused by its header.
    Image.new("1", (15_000, 15_000)).save(str(tmp_path / "bomb.png"))
    Image.new("RGB", (64, 64)).save(str(tmp_path / "drawing.jpg"), format="GIF")
    save_photo(tmp_path / "wrong ending.bmp.png", "green").rename(tmp_path / "really a png.jpg")
    assert check(checker, tmp_path, "photo") == ["really a png.jpg", "whole.jpg"]


def test_damaged_and_hostile_recordings_are_not_offered(checker: Checker, tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "whole.wav", tone(3.0)).read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    cut_m4a = encode(tmp_path / "whole.wav", tmp_path / "whole.m4a").read_bytes()
    (tmp_path / "cut.m4a").write_bytes(cut_m4a[:-2000])
    (tmp_path / "list.mp3").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    (tmp_path / "script.wav").write_text("ffconcat version 1.0\nfile whole.wav\n")
    (tmp_path / "text.ogg").write_bytes(b"nothing to be heard\n" * 1000)
    save_photo(tmp_path / "photo.jpg").rename(tmp_path / "photo.mp3")
    with wave.open(str(tmp_path / "no samples.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
    assert check(checker, tmp_path, "speech") == ["whole.m4a", "whole.wav"]


def test_a_file_that_was_swapped_is_not_opened(checker: Checker, tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    secret = save_photo(tmp_path / "secret.jpg")
    path = save_photo(tmp_path / "stick" / "a.jpg", "blue")
    (found,) = scan(tmp_path / "stick", "photo", 1 << 20, ScanLimits())
    path.unlink()
    path.symlink_to(secret)
    assert checker.check(found, "photo") is None
