"""What is looked at on a stick that nobody has vouched for."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Iterator, List

import pytest

from appliance.capture.picker.scan import LONGEST_NAME, Found, ScanLimits, clean, scan

LARGEST = 1 << 20
LIMITS = ScanLimits()


@pytest.fixture()
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in which making thousands of files takes no time."""
    if os.access("/dev/shm", os.W_OK):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            yield Path(folder)
    else:
        yield tmp_path


def names(root: Path, kind: str = "photo", limits: ScanLimits = LIMITS, **more: Any) -> List[str]:
    return ["/".join(found.parts) for found in scan(root, kind, LARGEST, limits, **more)]


def write(path: Path, content: bytes = b"content") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_photos_and_recordings_are_told_apart_by_their_endings(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.JPEG", "c.png", "d.WebP", "e.bmp", "f.wav", "g.MP3", "h.m4a", "i.flac", "j.ogg", "k.opus",
                 "l.txt", "m.exe", "n", "jpg", "o.jpg.sh", "p.svg", "q.m3u8"):  # fmt: skip
        write(tmp_path / name)
    assert names(tmp_path) == ["a.jpg", "b.JPEG", "c.png", "d.WebP", "e.bmp"]
    assert names(tmp_path, "speech") == ["f.wav", "g.MP3", "h.m4a", "i.flac", "j.ogg", "k.opus"]


def test_folders_come_after_what_lies_beside_them(tmp_path: Path) -> None:
    for name in ("z.jpg", "DCIM/100/b.jpg", "DCIM/100/a.jpg", "DCIM/c.jpg", "AAA/d.jpg"):
        write(tmp_path / name)
    assert names(tmp_path) == ["z.jpg", "AAA/d.jpg", "DCIM/c.jpg", "DCIM/100/a.jpg", "DCIM/100/b.jpg"]


def test_hidden_empty_and_too_large_files_are_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "._a.jpg")
    write(tmp_path / ".Trashes" / "b.jpg")
    write(tmp_path / "empty.jpg", b"")
    write(tmp_path / "large.jpg", b"x" * (LARGEST + 1))
    write(tmp_path / "fits.jpg", b"x" * LARGEST)
    assert names(tmp_path) == ["fits.jpg"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "secret.jpg")
    stick = tmp_path / "stick"
    write(stick / "own.jpg")
    (stick / "link.jpg").symlink_to(outside)
    (stick / "folder").symlink_to(outside.parent)
    (stick / "loop").symlink_to(stick)
    (stick / "inner.jpg").symlink_to("own.jpg")
    assert names(stick) == ["own.jpg"]
    (tmp_path / "way").symlink_to(stick)
    assert names(tmp_path / "way") == []


def test_only_regular_files_are_files(tmp_path: Path) -> None:
    os.mkfifo(str(tmp_path / "pipe.jpg"))
    (tmp_path / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(str(tmp_path))
        try:
            listener.bind("socket.jpg")
        finally:
            os.chdir(here)
        assert names(tmp_path) == []


def test_device_nodes_are_not_opened(tmp_path: Path) -> None:
    try:
        os.mknod(str(tmp_path / "zero.jpg"), 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("device nodes cannot be made here")
    assert names(tmp_path) == []


def test_other_file_systems_are_not_entered(tmp_path: Path) -> None:
    write(tmp_path / "own.jpg")
    inner = tmp_path / "inner"
    inner.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(inner)], capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        write(inner / "other.jpg")
        assert names(tmp_path) == ["own.jpg"]
    finally:
        subprocess.run(["umount", "--lazy", str(inner)], check=True)


def test_ten_thousand_files_end_somewhere(in_memory: Path) -> None:
    folder = os.open(str(in_memory), os.O_RDONLY)
    for number in range(10_000):
        os.close(os.open(f"{number:05}.jpg", os.O_CREAT, dir_fd=folder))
    os.close(folder)
    for number in (0, 1):
        write(in_memory / f"{number:05}.jpg")
    assert names(in_memory) == ["00000.jpg", "00001.jpg"]
    assert len(names(in_memory, limits=ScanLimits(entries=100))) <= 100


def test_the_number_of_names_is_limited_over_all_folders(tmp_path: Path) -> None:
    for folder in range(10):
        for number in range(10):
            write(tmp_path / f"{folder}" / f"{number}.jpg")
    assert len(names(tmp_path, limits=ScanLimits(entries=35))) <= 25


def test_deep_folders_end_somewhere(tmp_path: Path) -> None:
    write(tmp_path.joinpath(*"abcdefgh") / "eight.jpg")
    write(tmp_path.joinpath(*"abcdefghi") / "nine.jpg")
    assert names(tmp_path) == ["a/b/c/d/e/f/g/h/eight.jpg"]


def test_a_thousand_folders_deep(in_memory: Path) -> None:
    write(in_memory / "top.jpg")
    here = os.open(str(in_memory), os.O_RDONLY)
    for _ in range(1000):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    assert names(in_memory) == ["top.jpg"]
    subprocess.run(["rm", "-rf", str(in_memory / "d")], check=True)


def test_time_is_limited(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg")
    assert names(tmp_path, limits=ScanLimits(seconds=0.0)) == []


def test_a_walk_that_is_not_wanted_any_more_ends(tmp_path: Path) -> None:
    for number in range(10):
        write(tmp_path / f"{number}.jpg")
    seen: List[str] = []
    for found in scan(tmp_path, "photo", LARGEST, ScanLimits(), lambda: len(seen) >= 3):
        seen.append(found.name)
    assert len(seen) == 3


def test_a_stick_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert names(tmp_path / "gone") == []


def test_no_folder_stays_open(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "c.jpg")
    write(tmp_path / "a" / "d.jpg")
    before = len(os.listdir("/proc/self/fd"))
    walk = scan(tmp_path, "photo", LARGEST, ScanLimits())
    next(walk)
    walk.close()
    assert names(tmp_path)
    assert len(os.listdir("/proc/self/fd")) <= before


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, shown",
    [
        ("holiday.jpg", "holiday.jpg"),
        ("奶奶 2024.jpg", "奶奶 2024.jpg"),
        ("two\nlines\r.jpg", "two lines .jpg"),
        ("bell\x07\x1b[31mred.jpg", "bell [31mred.jpg"),
        ("photo\u202egpj.exe.jpg", "photogpj.exe.jpg"),
        ("\u2066hidden\u200b\ufeff.jpg", "hidden.jpg"),
        ("line\u2028break.jpg", "line break.jpg"),
        ("\udcff\udcfe.jpg", ".jpg"),
        ("\n\t", "?"),
        ("x" * 300 + ".jpg", "x" * (LONGEST_NAME - 1) + "…"),
    ],
)
def test_names_are_fit_to_be_shown(name: str, shown: str) -> None:
    assert clean(name) == shown
    assert clean(name).encode("utf-8")


@pytest.mark.parametrize("name", [b"two\nlines.jpg", b"\xff\xfe.jpg", b"-rf.jpg", b"$(reboot).jpg", b"%s%n.jpg"])
def test_files_of_any_name_are_found_and_opened(tmp_path: Path, name: bytes) -> None:
    with open(os.path.join(os.fsencode(str(tmp_path)), name), "wb") as file:
        file.write(b"content")
    (found,) = scan(tmp_path, "photo", LARGEST, ScanLimits())
    handle = found.open()
    assert os.read(handle, 100) == b"content"
    os.close(handle)


# --- the file that was listed -----------------------------------------------------------------------------------------


@pytest.fixture()
def found(tmp_path: Path) -> Found:
    write(tmp_path / "stick" / "folder" / "a.jpg", b"the photo")
    (only,) = scan(tmp_path / "stick", "photo", LARGEST, ScanLimits())
    return only


def test_a_listed_file_is_opened(found: Found) -> None:
    handle = found.open()
    assert os.read(handle, 100) == b"the photo"
    os.close(handle)


@pytest.mark.parametrize("swap", ["link", "folder link", "pipe", "folder", "other", "longer", "gone"])
def test_another_file_in_its_place_is_not_opened(tmp_path: Path, found: Found, swap: str) -> None:
    secret = write(tmp_path / "secret" / "a.jpg", b"a secret!")
    status = found.path.stat()
    os.utime(str(secret), ns=(status.st_atime_ns, status.st_mtime_ns))
    path = found.path
    if swap == "longer":
        path.write_bytes(b"the photo and more")
    elif swap == "folder link":
        path.parent.rename(tmp_path / "moved")
        path.parent.symlink_to(secret.parent)
    else:
        path.unlink()
        if swap == "link":
            path.symlink_to(secret)
        elif swap == "pipe":
            os.mkfifo(str(path))
        elif swap == "folder":
            path.mkdir()
        elif swap == "other":
            path.write_bytes(b"ANOTHER!!")
            os.utime(str(path), ns=(0, 0))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError):
        found.open()
    assert len(os.listdir("/proc/self/fd")) <= before
