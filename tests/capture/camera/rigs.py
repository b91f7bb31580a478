"""Cameras for the tests. All see the same: a red wall on the left, a blue one on the right.

* ``photo``, ``video``: the shipped back end `file`;
* ``v4l2``: the shipped back end and OpenCV's own Video4Linux code, above an imitation of the kernel (`kernel.c`);
* ``ascend``: the shipped back end above an imitation of Huawei's library (`ascend_media_stub/camera.c`);
* ``toy``: the process of a camera with a source whose behaviour can be chosen (`toy_child.py`).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import List

import cv2
import numpy as np
import pytest

from appliance.capture.camera.ascend import AscendCamera
from appliance.capture.camera.base import Camera, CameraDevice, CameraStream
from appliance.capture.camera.file import FileCamera
from appliance.capture.camera.process import CHILD, ProcessStream
from appliance.capture.camera.v4l2 import V4l2Camera

HERE = Path(__file__).resolve().parent
TOY = (sys.executable, str(HERE / "toy_child.py"))

WIDTH, HEIGHT = 1280, 720
PATIENCE_SECONDS = 60.0
"""For what is bound to happen; no test waits that long unless it fails."""


def walls(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, : width // 2] = (255, 0, 0)
    picture[:, width // 2 :] = (0, 0, 255)
    return picture


def write_picture(path: Path, picture: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), picture[:, :, ::-1])
    return path


def write_video(path: Path, pictures: List[np.ndarray], rate: float = 30.0) -> Path:
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
    for picture in pictures:
        writer.write(np.ascontiguousarray(picture[:, :, ::-1]))
    writer.release()
    return path


def compiled(source: Path, folder: Path) -> Path:
    """A shared library made of C; skips the test where there is no compiler."""
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc")
    library = folder / (source.stem + ".so")
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(library), str(source)]
    subprocess.run([*command, "-ldl"], check=True)
    return library


class Rig:
    """A camera that can be unplugged and plugged in again."""

    camera: Camera
    command: List[str]
    """Of its process; empty where it has none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = []

    def unplug(self) -> None:
        raise NotImplementedError

    def plug(self) -> None:
        raise NotImplementedError

    def behave(self, behaviour: str, on: bool = True) -> None:
        """See the sources; "" is none."""
        path = self.folder / behaviour
        if on:
            path.touch()
        else:
            path.unlink()


class FileRig(Rig):
    def __init__(self, folder: Path, file: Path) -> None:
        super().__init__(folder)
        self._file = file
        self.camera = FileCamera(file, WIDTH, HEIGHT)

    def unplug(self) -> None:
        self._file.rename(self._aside)

    def plug(self) -> None:
        self._aside.rename(self._file)

    @property
    def _aside(self) -> Path:
        return self._file.with_name("aside")


class V4l2Rig(Rig):
    def __init__(self, folder: Path, kernel: Path, width: int = WIDTH, height: int = HEIGHT) -> None:
        super().__init__(folder / "dev")
        self.folder.mkdir()
        classes = folder / "class"
        for number in (0, 1):
            (classes / f"video{number}").mkdir(parents=True)
            (classes / f"video{number}" / "name").write_text("Test Camera: HD\n")
            (classes / f"video{number}" / "index").write_text(f"{number}\n")
        write_picture(self.folder / "picture.jpg", walls())
        self.plug()
        self.command = ["env", f"LD_PRELOAD={kernel}", f"CAMERA_NODES={self.folder}", *CHILD]
        self.camera = V4l2Camera(width, height, classes, self.folder, self.command)

    def unplug(self) -> None:
        for number in (0, 1):
            (self.folder / f"video{number}").unlink()

    def plug(self) -> None:
        for number in (0, 1):
            (self.folder / f"video{number}").touch()


class AscendRig(Rig):
    def __init__(self, folder: Path, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        monkeypatch.setenv("CAMERA_STUB", str(folder))
        self.command = list(CHILD)
        self.camera = AscendCamera(WIDTH, HEIGHT, str(library), self.command)

    def unplug(self) -> None:
        self.behave("absent")

    def plug(self) -> None:
        self.behave("absent", False)


class ToyCamera(Camera):
    """The process of a camera that behaves as told, see `toy_child.py`."""

    def __init__(self, *behaviour: str, open_seconds: float = PATIENCE_SECONDS) -> None:
        self._behaviour = behaviour
        self._open_seconds = open_seconds

    def devices(self) -> List[CameraDevice]:
        return [CameraDevice("toy", "toy")]

    def open(self, device: str = "") -> CameraStream:
        return ProcessStream([*TOY, *self._behaviour], self._open_seconds)
