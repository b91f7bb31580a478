"""USB sticks for tests: folders that a made-up list of mounts calls sticks, and real file systems in image files."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional

import numpy as np
import psutil
import pytest
from PIL import Image

from appliance.capture.picker.media import Media

PATIENCE_S = 60.0

OTHERS = [
    "22 27 0:21 / /proc rw,relatime - proc proc rw",
    "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard",
]


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


class Sticks:
    """A media folder, and the list of what is mounted there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "media"
        self.folder.mkdir()
        self.mounts = folder / "mountinfo"
        self._lines: Dict[str, str] = {}
        self._write()
        self.media = Media(str(self.folder), self.mounts)

    def plug(self, label: str, kind: str = "vfat", options: str = "rw", super_options: str = "rw") -> Path:
        path = self.folder / label
        path.mkdir(parents=True, exist_ok=True)
        place = str(path).replace("\\", "\\134").replace(" ", "\\040")
        number = 40 + len(self._lines)
        self._lines[label] = (
            f"{number} 27 8:{number} / {place} {options},nosuid shared:9 master:1 - {kind} /dev/sda1 {super_options}"
        )
        self._write()
        return path

    def pull(self, label: str) -> None:
        del self._lines[label]
        self._write()

    def _write(self) -> None:
        new = self.mounts.with_suffix(".new")
        new.write_text("\n".join([*OTHERS, *self._lines.values()]) + "\n")
        os.replace(str(new), str(self.mounts))


@contextlib.contextmanager
def real_stick(
    folder: Path, kind: str, label: str = "STICK", megabytes: int = 64, fill: Optional[Callable[[Path], None]] = None,
    options: str = "rw",
) -> Iterator[Path]:  # fmt: skip
    """A file system of that kind, mounted at ``folder/media/label``. Skips where that cannot be done."""
    make = shutil.which(f"mkfs.{kind}")
    if make is None or shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip(f"needs root, mount and mkfs.{kind}")
    image, place, desk = folder / f"{label}.img", folder / "media" / label, folder / "desk"
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run([make, str(image)], check=True, capture_output=True)
    try:
        if fill is not None:
            _mount(image, desk, "rw")
            fill(desk)
            subprocess.run(["umount", str(desk)], check=True)
        _mount(image, place, options)
        yield place
    finally:
        for mounted in (desk, place):
            while os.path.ismount(str(mounted)):
                subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def _mount(image: Path, place: Path, options: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-o", f"loop,{options}", str(image), str(place)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no such stick can be mounted here: {done.stderr.strip()}")


def save_photo(path: Path, colour: str = "red", size: tuple = (64, 48)) -> Path:
    Image.new("RGB", size, colour).save(str(path))
    return path


def noise_photo(path: Path, side: int = 1200) -> Path:
    """One that does not compress, about 1 byte a pixel."""
    Image.fromarray(np.random.RandomState(0).randint(0, 255, (side, side, 3), dtype=np.uint8)).save(str(path))
    return path


def picker_threads() -> List[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "picker"]


def decoders() -> List[psutil.Process]:
    """The decoding processes of this one, and what they started."""
    marks = ("appliance.capture.picker.decoding", "dangerous_decoder.py", "3599")
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(mark in argument for argument in process.cmdline() for mark in marks):
                found.append(process)
    return found
