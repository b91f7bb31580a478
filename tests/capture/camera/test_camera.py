"""One contract for all cameras, real and fake."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Iterator, List

import numpy as np
import psutil
import pytest
from capture.camera.rigs import (
    HERE,
    PATIENCE_SECONDS,
    AscendRig,
    FileRig,
    Rig,
    V4l2Rig,
    compiled,
    walls,
    write_picture,
    write_video,
)

from appliance.capture.camera.ascend import AscendCamera
from appliance.capture.camera.base import CameraStream
from appliance.capture.camera.v4l2 import V4l2Camera
from appliance.errors import CameraBusy, CameraError, CameraLost, CameraMissing


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where compiled C is kept for all tests of this module."""
    return tmp_path_factory.mktemp("libraries")


def build(kind: str, folder: Path, libraries: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    if kind == "photo":
        return FileRig(folder, write_picture(folder / "walls.png", walls()))
    if kind == "video":
        return FileRig(folder, write_video(folder / "walls.mp4", 10 * [walls()]))
    source = HERE / "kernel.c" if kind == "v4l2" else HERE.parent / "ascend_media_stub" / "camera.c"
    library = libraries / (source.stem + ".so")
    library = library if library.exists() else compiled(source, libraries)
    return V4l2Rig(folder, library) if kind == "v4l2" else AscendRig(folder, library, monkeypatch)


@pytest.fixture(params=["photo", "video", "v4l2", "ascend"])
def rig(request: pytest.FixtureRequest, tmp_path: Path, libraries: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return build(request.param, tmp_path, libraries, monkeypatch)


@pytest.fixture(params=["v4l2", "ascend"])
def driven(request: pytest.FixtureRequest, tmp_path: Path, libraries: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Those with a driver, which may misbehave."""
    return build(request.param, tmp_path, libraries, monkeypatch)


@pytest.fixture()
def v4l2(tmp_path: Path, libraries: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return build("v4l2", tmp_path, libraries, monkeypatch)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No file, process or thread outlives a test's cameras."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before
    assert not [process for process in psutil.Process().children() if "camera" in " ".join(process.cmdline())]


def sees_the_walls(picture: np.ndarray) -> bool:
    """The right way round and in the right order of colours, up to what compression does to them."""
    height, width = picture.shape[:2]
    red, blue = (picture[height // 2, x].astype(int) for x in (width // 4, 3 * width // 4))
    return np.abs(red - (255, 0, 0)).max() < 20 and np.abs(blue - (0, 0, 255)).max() < 20


def test_pictures_are_rgb_upright_and_not_mirrored(rig: Rig) -> None:
    with rig.camera.open() as stream:
        picture = stream.read(PATIENCE_SECONDS)
    assert picture.dtype == np.uint8 and picture.shape == (720, 1280, 3) and picture.flags.c_contiguous
    assert sees_the_walls(picture)


def test_a_picture_belongs_to_whoever_read_it(rig: Rig) -> None:
    with rig.camera.open() as stream:
        picture = stream.read(PATIENCE_SECONDS)
        kept = picture.copy()
        for _ in range(6):
            stream.read(PATIENCE_SECONDS)[:] = 7
        assert np.array_equal(picture, kept)
    picture[:] = 0


def test_every_read_waits_for_a_new_picture(rig: Rig) -> None:
    """None of them gives more than 30 a second."""
    with rig.camera.open() as stream:
        assert seconds_for_25_pictures(stream) > 0.25


def test_a_reader_who_was_away_sees_what_is_now(v4l2: Rig) -> None:
    with v4l2.camera.open() as stream:
        stream.read(PATIENCE_SECONDS)
        time.sleep(1.0)
        assert seconds_for_25_pictures(stream) > 0.25, "they had been queued"


def seconds_for_25_pictures(stream: CameraStream) -> float:
    """0.8 or more; less where the first of them was late on a busy machine."""
    stream.read(PATIENCE_SECONDS)
    began = time.monotonic()
    for _ in range(24):
        stream.read(PATIENCE_SECONDS)
    return time.monotonic() - began


def test_devices_are_chosen_by_path_or_name(rig: Rig) -> None:
    (device,) = rig.camera.devices()
    for chosen in (device.path, device.name, device.name[1:4].upper(), ""):
        rig.camera.open(chosen).close()
    with pytest.raises(CameraMissing):
        rig.camera.open("another camera")


def test_unplugged_and_plugged_in_again(rig: Rig) -> None:
    stream = rig.camera.open()
    stream.read(PATIENCE_SECONDS)
    rig.unplug()
    with pytest.raises(CameraLost):
        for _ in range(1000):
            stream.read(PATIENCE_SECONDS)
    stream.close()
    assert rig.camera.devices() == []
    with pytest.raises(CameraMissing):
        rig.camera.open()
    rig.plug()
    assert len(rig.camera.devices()) == 1
    with rig.camera.open() as stream:
        assert sees_the_walls(stream.read(PATIENCE_SECONDS))


def test_a_closed_stream_gives_nothing(rig: Rig) -> None:
    stream = rig.camera.open()
    stream.close()
    stream.close()
    with pytest.raises(CameraLost):
        stream.read(PATIENCE_SECONDS)


def test_open_and_close_leave_no_file_open(rig: Rig) -> None:
    """As often as some days of visitors where that is quick, else as often as shows a leak."""
    rig.camera.open().close()
    files = psutil.Process().num_fds()
    for _ in range(6 if rig.command else 200):
        with rig.camera.open() as stream:
            stream.read(PATIENCE_SECONDS)
    assert psutil.Process().num_fds() == files


# --- drivers ----------------------------------------------------------------------------------------------------------


def test_a_driver_that_hangs_is_left_behind(driven: Rig) -> None:
    with driven.camera.open() as stream:
        stream.read(PATIENCE_SECONDS)
        driven.behave("hang")
        with pytest.raises(CameraLost) as caught:
            for _ in range(1000):
                stream.read(1.0)
    assert "no picture within 1 s" in caught.value.detail
    driven.behave("hang", False)
    with driven.camera.open() as stream:
        assert sees_the_walls(stream.read(PATIENCE_SECONDS))


def test_closing_ends_a_read_that_waits(driven: Rig) -> None:
    stream = driven.camera.open()
    driven.behave("hang")
    ends: List[Exception] = []

    def read() -> None:
        try:
            while True:
                stream.read(PATIENCE_SECONDS)
        except CameraLost as error:
            ends.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    stream.close()
    reader.join(PATIENCE_SECONDS)
    assert len(ends) == 1


def test_a_camera_in_use_is_not_a_missing_one(v4l2: Rig) -> None:
    with v4l2.camera.open() as stream:
        with pytest.raises(CameraBusy):
            v4l2.camera.open()
        assert sees_the_walls(stream.read(PATIENCE_SECONDS))
    v4l2.camera.open().close()


def test_a_machine_that_is_not_the_board() -> None:
    camera = AscendCamera(1280, 720, "/nowhere/libmedia_mini.so")
    assert camera.devices() == []
    with pytest.raises(CameraMissing) as caught:
        camera.open()
    assert "/nowhere/libmedia_mini.so" in caught.value.detail


def test_the_boards_camera_in_use(tmp_path: Path, libraries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = build("ascend", tmp_path, libraries, monkeypatch)
    rig.behave("taken")
    assert len(rig.camera.devices()) == 1
    with pytest.raises(CameraBusy):
        rig.camera.open()


def test_the_boards_camera_is_given_back(tmp_path: Path, libraries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = build("ascend", tmp_path, libraries, monkeypatch)
    with rig.camera.open():
        assert (tmp_path / "open").exists()
    assert not (tmp_path / "open").exists()


def test_the_boards_camera_opened_by_one_that_was_killed(
    tmp_path: Path, libraries: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = build("ascend", tmp_path, libraries, monkeypatch)
    rig.behave("open")
    with rig.camera.open() as stream:
        assert sees_the_walls(stream.read(PATIENCE_SECONDS))


def test_a_picture_cut_off(tmp_path: Path, libraries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = build("ascend", tmp_path, libraries, monkeypatch)
    rig.behave("short")
    with rig.camera.open() as stream, pytest.raises(CameraLost) as caught:
        stream.read(PATIENCE_SECONDS)
    assert "691200 bytes" in caught.value.detail


def test_a_camera_without_compressed_pictures(v4l2: Rig) -> None:
    v4l2.behave("raw")
    with v4l2.camera.open() as stream:
        picture = stream.read(PATIENCE_SECONDS)
    assert picture.shape == (720, 1280, 3) and sees_the_walls(picture)


def test_damaged_pictures_are_no_pictures(v4l2: Rig) -> None:
    v4l2.behave("damaged")
    with v4l2.camera.open() as stream, pytest.raises(CameraLost):
        stream.read(PATIENCE_SECONDS)


@pytest.mark.parametrize(
    "asked, nearest", [((640, 480), (480, 640)), ((800, 600), (480, 640)), ((4096, 2160), (720, 1280))]
)
def test_the_nearest_size_is_taken(tmp_path: Path, libraries: Path, asked, nearest) -> None:
    library = libraries / "kernel.so"
    rig = V4l2Rig(tmp_path, library if library.exists() else compiled(HERE / "kernel.c", libraries), *asked)
    with rig.camera.open() as stream:
        picture = stream.read(PATIENCE_SECONDS)
    assert picture.shape[:2] == nearest and sees_the_walls(picture)


def test_the_node_for_metadata_is_no_camera(v4l2: Rig) -> None:
    """Whatever comes first: the driver is asked."""
    (v4l2.folder / "../class/video1/index").write_text("0\n")
    with pytest.raises(CameraMissing):
        v4l2.camera.open(str(v4l2.folder / "video1"))


def test_a_real_camera() -> None:
    """Where there is one."""
    camera = V4l2Camera(1280, 720)
    if not camera.devices():
        pytest.skip("there is no camera at this machine")
    try:
        stream: CameraStream = camera.open()
    except CameraBusy:
        pytest.skip("the camera of this machine is in use")
    with stream:
        shapes = {stream.read(PATIENCE_SECONDS).shape for _ in range(10)}
    (shape,) = shapes
    assert shape[2] == 3


def test_a_file_that_is_no_picture(tmp_path: Path) -> None:
    rig = FileRig(tmp_path, tmp_path / "notes.txt")
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(CameraError):
        rig.camera.open()


def test_a_large_photo_is_shrunk_once(tmp_path: Path) -> None:
    rig = FileRig(tmp_path, write_picture(tmp_path / "walls.png", walls(3000, 4000)))
    with rig.camera.open() as stream:
        picture = stream.read(PATIENCE_SECONDS)
    assert picture.shape == (720, 540, 3) and sees_the_walls(picture)


def test_a_video_begins_again(tmp_path: Path) -> None:
    """Ten pictures at 30 a second, each of its own grey."""
    greys = [np.full((120, 160, 3), 20 * number, np.uint8) for number in range(10)]
    rig = FileRig(tmp_path, write_video(tmp_path / "greys.mp4", greys))
    with rig.camera.open() as stream:
        seen = [int(stream.read(PATIENCE_SECONDS)[60, 80, 0]) for _ in range(25)]
    assert any(after < before for before, after in zip(seen, seen[1:])), seen
