"""The viewfinder as the director sees it: pictures, advice, photos, a camera that goes and comes back."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Type

import numpy as np
import psutil
import pytest
from capture.camera.rigs import HERE, PATIENCE_SECONDS, FileRig, Rig, ToyCamera, V4l2Rig, compiled, write_picture
from capture.camera.scenes import blurred, scene, well_placed
from PIL import Image

from appliance.capture.camera import viewfinder as viewfinder_module
from appliance.capture.camera.base import Camera, CameraDevice, CameraStream
from appliance.capture.camera.burst import sharpness
from appliance.capture.camera.events import CameraBack, CameraEvent, CameraFailed, PhotoTaken, Seen
from appliance.capture.camera.face_watch import FaceWatch, Follower
from appliance.capture.camera.viewfinder import DISPLAY_SIDE, Viewfinder
from appliance.errors import CameraError, CameraLost, CameraMissing, OutputError
from appliance.models import ModelStore
from appliance.pipeline.face import FaceFinder, check_portrait
from appliance.pipeline.photo import Photo, load_photo

PROMPT_SECONDS = 10.0
"""Far more than what closing may take, far less than for ever."""


@pytest.fixture(scope="module")
def finder(store: ModelStore) -> FaceFinder:
    return FaceFinder(store)


@pytest.fixture()
def watch(finder: FaceFinder) -> FaceWatch:
    return FaceWatch(finder)


@pytest.fixture()
def person(tmp_path: Path) -> Rig:
    """A camera before which somebody stands."""
    return FileRig(tmp_path, write_picture(tmp_path / "person.png", well_placed()))


class Told:
    """A viewfinder, and what it has told."""

    def __init__(self, camera: Camera, watch: FaceWatch) -> None:
        self.events: List[CameraEvent] = []
        self._more = threading.Condition()
        self.viewfinder = Viewfinder(camera, "", watch, self._take)

    def __enter__(self) -> Told:
        self.viewfinder.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.viewfinder.close()

    def wait(self, kind: Type[Any], holds: Optional[Callable[[Any], bool]] = None, count: int = 1) -> Any:
        """The event, or the ``count``-th of them, of that kind of which that holds."""

        def found() -> List[Any]:
            return [event for event in self.events if isinstance(event, kind) and (holds is None or holds(event))]

        with self._more:
            assert self._more.wait_for(lambda: len(found()) >= count, PATIENCE_SECONDS), self.but_pictures()
            return found()[count - 1]

    def but_pictures(self) -> List[CameraEvent]:
        return [event for event in self.events if not isinstance(event, Seen)]

    def _take(self, event: CameraEvent) -> None:
        with self._more:
            self.events.append(event)
            self._more.notify_all()


class Script(Camera):
    """A camera that gives whatever is asked for, 30 times a second. ``gate``: it opens only then."""

    def __init__(self, picture: Callable[[], np.ndarray], gate: Optional[threading.Event] = None) -> None:
        self._picture = picture
        self._gate = gate

    def devices(self) -> List[CameraDevice]:
        return []

    def open(self, device: str = "") -> CameraStream:
        if self._gate is not None:
            self._gate.wait(PATIENCE_SECONDS)
        return _ScriptStream(self._picture)


class _ScriptStream(CameraStream):
    def __init__(self, picture: Callable[[], np.ndarray]) -> None:
        self._picture = picture
        self._closed = threading.Event()

    def read(self, timeout: float) -> np.ndarray:
        if self._closed.wait(1 / 30):
            raise CameraLost("closed")
        return self._picture()

    def close(self) -> None:
        self._closed.set()


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No thread and no process outlives a closed viewfinder."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + PATIENCE_SECONDS
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert set(threading.enumerate()) <= before
    assert not [process for process in psutil.Process().children() if "camera" in " ".join(process.cmdline())]


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_pictures_are_mirrored_and_small_and_the_face_is_marked(
    tmp_path: Path, watch: FaceWatch, finder: FaceFinder
) -> None:
    aside = scene((500, 360, 500))
    rig = FileRig(tmp_path, write_picture(tmp_path / "person.png", aside))
    with Told(rig.camera, watch) as told:
        seen = told.wait(Seen, lambda event: event.face is not None and event.guidance == "ready")
    assert seen.picture.shape == (540, DISPLAY_SIDE, 3) and seen.picture.dtype == np.uint8
    (face,) = finder.find(Photo(seen.picture))
    assert face.box[0] > DISPLAY_SIDE / 2, "she stands on the left, the mirror shows her on the right"
    assert np.abs(np.array(seen.face) - face.box).max() < 12
    assert np.abs(seen.picture[:, ::-1].astype(int)[::60, ::80] - aside[::80, ::107][:9, :12]).mean() < 20


def test_upright_screens_get_small_pictures_too(watch: FaceWatch) -> None:
    tall = scene((360, 540, 500), size=(1080, 1920))
    with Told(Script(lambda: tall), watch) as told:
        assert told.wait(Seen).picture.shape == (DISPLAY_SIDE, 540, 3)


def test_small_pictures_stay_as_they_are(watch: FaceWatch) -> None:
    with Told(Script(lambda: np.zeros((240, 320, 3), np.uint8)), watch) as told:
        seen = told.wait(Seen)
        assert seen.picture.shape == (240, 320, 3)
        assert told.wait(Seen, lambda event: event.guidance == "more_light").face is None


def test_a_listener_that_fails_does_not_stop_the_camera(watch: FaceWatch, caplog: pytest.LogCaptureFixture) -> None:
    calls: List[CameraEvent] = []
    enough = threading.Event()

    def listen(event: CameraEvent) -> None:
        calls.append(event)
        if len(calls) == 5:
            enough.set()
        raise ValueError("a fault of the listener")

    viewfinder = Viewfinder(Script(lambda: np.zeros((24, 32, 3), np.uint8)), "", watch, listen)
    viewfinder.start()
    assert enough.wait(PATIENCE_SECONDS)
    viewfinder.close()
    assert all(isinstance(event, Seen) for event in calls)
    assert "Seen was not taken" in caplog.text


# --- photos -----------------------------------------------------------------------------------------------------------


def test_a_photo_that_the_engine_accepts(person: Rig, watch: FaceWatch, finder: FaceFinder, tmp_path: Path) -> None:
    path = tmp_path / "visit" / "photo.jpg"
    with Told(person.camera, watch) as told:
        told.viewfinder.shoot(path)
        assert told.wait(PhotoTaken) == PhotoTaken(path)
        assert os.listdir(path.parent) == ["photo.jpg"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Image.open(path) as picture:
        assert picture.format == "JPEG" and not picture.getexif() and set(picture.info) <= {"jfif", "jfif_version",
            "jfif_unit", "jfif_density"}  # fmt: skip
    photo = load_photo(path)
    assert photo.pixels.shape == (720, 1280, 3)
    assert np.abs(photo.pixels.astype(int) - well_placed()).mean() < 3, "whole, and not mirrored"
    (face,) = finder.find(photo)
    check_portrait(face, photo)


def test_of_the_pictures_of_a_burst_the_sharp_one_is_kept(watch: FaceWatch, tmp_path: Path) -> None:
    """Its first ones are blurred."""
    sharp, dull = well_placed(), blurred(well_placed(), 3.0)
    left_dull = [1_000_000]

    def picture() -> np.ndarray:
        left_dull[0] -= 1
        return dull if left_dull[0] >= 0 else sharp

    with Told(Script(picture), watch) as told:
        told.wait(Seen)
        told.viewfinder.shoot(tmp_path / "photo.jpg")
        left_dull[0] = 1
        told.wait(PhotoTaken)
    kept = load_photo(tmp_path / "photo.jpg").pixels
    assert sharpness(kept, None) > 0.5 * sharpness(sharp, None) > sharpness(dull, None)


def test_a_photo_waits_for_a_camera_that_is_still_being_opened(watch: FaceWatch, tmp_path: Path) -> None:
    gate = threading.Event()
    with Told(Script(well_placed, gate), watch) as told:
        told.viewfinder.shoot(tmp_path / "photo.jpg")
        assert not told.events
        gate.set()
        told.wait(PhotoTaken)
        assert not [event for event in told.events if isinstance(event, CameraFailed)]


def test_a_photo_does_not_wait_for_ever(
    person: Rig, watch: FaceWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewfinder_module, "SHOOT_SECONDS", 0.5)
    person.unplug()
    with Told(person.camera, watch) as told:
        told.wait(CameraFailed)
        told.viewfinder.shoot(tmp_path / "photo.jpg")
        failed = told.wait(CameraFailed, count=2)
    assert isinstance(failed.error, CameraMissing)
    assert not (tmp_path / "photo.jpg").exists()


def test_a_photo_that_cannot_be_saved(person: Rig, watch: FaceWatch, tmp_path: Path) -> None:
    (tmp_path / "visit").write_text("no folder")
    with Told(person.camera, watch) as told:
        told.viewfinder.shoot(tmp_path / "visit" / "photo.jpg")
        error = told.wait(CameraFailed).error
        assert isinstance(error, OutputError) and error.message == "The photo could not be saved."
        assert str(tmp_path) not in error.detail
        count = len(told.events)
        told.wait(Seen, count=count + 1)  # it goes on


def test_a_photo_asked_for_again(person: Rig, watch: FaceWatch, tmp_path: Path) -> None:
    """It takes the place of one that is not taken yet."""
    with Told(person.camera, watch) as told:
        told.viewfinder.shoot(tmp_path / "first.jpg")
        told.viewfinder.shoot(tmp_path / "second.jpg")
        told.wait(PhotoTaken)
        assert not (tmp_path / "first.jpg").exists()
        told.viewfinder.shoot(tmp_path / "third.jpg")
        told.wait(PhotoTaken, count=2)
    assert told.but_pictures() == [PhotoTaken(tmp_path / f"{name}.jpg") for name in ("second", "third")]


# --- a camera that goes -----------------------------------------------------------------------------------------------


@pytest.fixture(params=["file", "v4l2"])
def pluggable(request: pytest.FixtureRequest, person: Rig, tmp_path: Path) -> Rig:
    if request.param == "file":
        return person
    rig = V4l2Rig(tmp_path, compiled(HERE / "kernel.c", tmp_path))
    write_picture(rig.folder / "picture.jpg", well_placed())
    return rig


def test_unplugged_and_plugged_in_again(pluggable: Rig, watch: FaceWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewfinder_module, "REOPEN_SECONDS", 0.05)
    with Told(pluggable.camera, watch) as told:
        for count in (1, 2):
            told.wait(Seen, lambda event: event.guidance == "ready", count=len(told.events) + 1)
            pluggable.unplug()
            failed = told.wait(CameraFailed, count=count)
            assert isinstance(failed.error, (CameraLost, CameraMissing))
            time.sleep(0.5)  # it is tried again several times
            pluggable.plug()
            told.wait(CameraBack, count=count)
    kinds = [type(event) for event in told.but_pictures()]
    assert kinds == 2 * [CameraFailed, CameraBack], "each told once"
    assert isinstance(told.events[-1], (Seen, CameraBack))


def test_lost_in_the_middle_of_a_photo(watch: FaceWatch, tmp_path: Path) -> None:
    left = [1_000_000]

    def picture() -> np.ndarray:
        left[0] -= 1
        if left[0] < 0:
            raise CameraLost("unplugged")
        return well_placed()

    with Told(Script(picture), watch) as told:
        told.wait(Seen)
        left[0] = 2
        told.viewfinder.shoot(tmp_path / "photo.jpg")
        told.wait(CameraFailed)
        while [thread for thread in threading.enumerate() if thread.name == "photo"]:
            time.sleep(0.05)
    assert [type(event) for event in told.but_pictures()] == [CameraFailed]
    assert not (tmp_path / "photo.jpg").exists()


def test_a_driver_that_hangs_is_a_camera_that_is_lost(watch: FaceWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewfinder_module, "READ_SECONDS", 2.0)
    monkeypatch.setattr(viewfinder_module, "REOPEN_SECONDS", 0.05)
    with Told(ToyCamera("hang=4"), watch) as told:
        assert "no picture within 2 s" in told.wait(CameraFailed).error.detail
        told.wait(CameraBack)
    assert type(told.but_pictures()[0]) is CameraFailed


def test_an_unforeseen_fault_is_a_camera_that_is_lost(watch: FaceWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewfinder_module, "REOPEN_SECONDS", 0.05)
    faults = [ValueError("who would have thought")]

    def picture() -> np.ndarray:
        if faults:
            raise faults.pop()
        return well_placed()

    with Told(Script(picture), watch) as told:
        assert isinstance(told.wait(CameraFailed).error, CameraError)
        told.wait(CameraBack)


# --- closing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", ["", "hang=2", "stubborn"])
def test_closing_ends_whatever_goes_on(behaviour: str, watch: FaceWatch, tmp_path: Path) -> None:
    told = Told(ToyCamera(*filter(None, [behaviour])), watch)
    told.viewfinder.start()
    told.wait(Seen)
    told.viewfinder.shoot(tmp_path / "photo.jpg")
    began = time.monotonic()
    told.viewfinder.close()
    assert time.monotonic() - began < PROMPT_SECONDS
    count = len(told.events)
    assert not [thread.name for thread in threading.enumerate() if thread.name in ("camera", "face-watch")]
    time.sleep(0.3)
    assert len(told.events) == count and not (tmp_path / "photo.jpg").exists()


def test_closing_does_not_wait_for_a_camera_that_is_being_opened(watch: FaceWatch) -> None:
    gate = threading.Event()
    told = Told(Script(well_placed, gate), watch)
    told.viewfinder.start()
    began = time.monotonic()
    told.viewfinder.close()
    assert time.monotonic() - began < PROMPT_SECONDS
    gate.set()  # too late: it is closed again, and nothing is told
    time.sleep(0.3)
    assert told.events == []


def test_the_watch_serves_one_viewfinder_after_another(person: Rig, watch: FaceWatch) -> None:
    for _ in range(3):
        with Told(person.camera, watch) as told:
            told.wait(Seen, lambda event: event.guidance == "ready")


def test_many_visitors_leave_nothing_behind(person: Rig, watch: FaceWatch) -> None:
    with Told(person.camera, watch) as told:
        told.wait(Seen)
    files = psutil.Process().num_fds()
    for _ in range(30):
        with Told(person.camera, watch) as told:
            told.wait(Seen)
    assert psutil.Process().num_fds() == files


# --- the face ---------------------------------------------------------------------------------------------------------


def look_for(follower: Follower, pictures: List[np.ndarray], seconds: float, now: float) -> List[str]:
    """What is said while these are shown, 12 a second, again and again."""
    small = [np.ascontiguousarray(picture[::2, ::2]) for picture in pictures]
    return [follower.look(small[tick % len(small)], now + tick / 12).guidance for tick in range(int(seconds * 12))]


def follower_of(finder: FaceFinder) -> Follower:
    return Follower(finder, threading.Lock())


def test_who_moves_is_told_to_hold_still(finder: FaceFinder) -> None:
    follower = follower_of(finder)
    places = [*range(540, 740, 40), *range(740, 540, -40)]
    assert look_for(follower, [scene((x, 360, 500)) for x in places], 2.0, now=0.0)[-1] == "hold_still"
    assert look_for(follower, [well_placed()], 1.5, now=2.0)[-1] == "ready"


def test_who_comes_and_goes_is_noticed(finder: FaceFinder) -> None:
    follower = follower_of(finder)
    assert look_for(follower, [scene()], 0.6, now=0.0)[-1] == "no_face"
    assert look_for(follower, [scene((450, 360, 450))], 1.0, now=0.6)[-1] == "ready"
    assert look_for(follower, [scene((450, 360, 450), (980, 360, 450))], 2.0, now=1.6)[-1] == "one_person"
    assert look_for(follower, [scene((450, 360, 450))], 2.0, now=3.6)[-1] == "ready"
    assert look_for(follower, [scene()], 1.0, now=5.6)[-1] == "no_face"


def test_a_face_that_jumps_is_found_again(finder: FaceFinder) -> None:
    follower = follower_of(finder)
    look_for(follower, [scene((300, 360, 400))], 0.5, now=0.0)
    sight = follower.look(np.ascontiguousarray(scene((1000, 360, 400))[::2, ::2]), 0.6)
    for tick in range(20):
        sight = follower.look(np.ascontiguousarray(scene((1000, 360, 400))[::2, ::2]), 0.6 + tick / 10)
    assert sight.face is not None and sight.face[0] > 0.6
