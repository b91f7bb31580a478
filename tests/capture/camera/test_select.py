from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from capture.camera.rigs import PATIENCE_SECONDS, write_picture

from appliance.capture.camera.ascend import AscendCamera
from appliance.capture.camera.file import FileCamera
from appliance.capture.camera.select import open_camera
from appliance.capture.camera.v4l2 import V4l2Camera
from appliance.settings import CameraSettings


def test_the_settings_name_the_back_end(tmp_path: Path) -> None:
    assert isinstance(open_camera(CameraSettings(backend="v4l2")), V4l2Camera)
    assert isinstance(open_camera(CameraSettings(backend="ascend-media")), AscendCamera)
    assert isinstance(open_camera(CameraSettings(backend="file", file=str(tmp_path / "a.jpg"))), FileCamera)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_camera_that_is_mounted_turned_sees_the_world_upright(tmp_path: Path, turn: int) -> None:
    """The world has a red sky and a green right edge; turned clockwise, a camera sees it turned the other way."""
    world = np.zeros((240, 320, 3), np.uint8)
    world[:60] = (255, 0, 0)
    world[60:, 260:] = (0, 255, 0)
    seen = np.ascontiguousarray(np.rot90(world, turn // 90))
    file = write_picture(tmp_path / "world.png", seen)
    camera = open_camera(CameraSettings(backend="file", file=str(file), turn=turn))
    assert [device.path for device in camera.devices()] == [str(file)]
    with camera.open() as stream:
        assert np.array_equal(stream.read(PATIENCE_SECONDS), world)
