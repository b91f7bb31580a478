"""The camera: what it sees, and the photo."""

from __future__ import annotations

from typing import Callable, Optional

from ...capture.camera.events import CameraBack, CameraEvent, CameraFailed, PhotoTaken, Seen
from ...capture.camera.face_watch import FaceWatch
from ...capture.camera.viewfinder import Viewfinder
from ...errors import CameraError, SonicError
from .. import events as on
from ..feeds import DeviceState, Preview
from .work import Desk, Work, failure_of


class Previewing(Work):
    """``face_watch``: gives the one there is; loading its networks takes a while."""

    def __init__(self, desk: Desk, face_watch: Callable[[], FaceWatch]) -> None:
        super().__init__(desk)
        self._face_watch = face_watch
        self._viewfinder: Optional[Viewfinder] = None
        self._well: Optional[bool] = None

    def start(self) -> None:
        self.desk.backroom.do(self._open)

    def close(self) -> None:
        if self._viewfinder is not None:
            self._viewfinder.close()

    def shoot(self) -> None:
        """`PhotoTaken` or `DeviceFailed` follows."""
        self.desk.backroom.do(self._shoot)

    def _open(self) -> None:
        device = self.desk.parts.settings.camera.device
        try:
            self._viewfinder = Viewfinder(self.desk.parts.camera, device, self._face_watch(), self._seen)
        except SonicError as error:
            self._failed(error)
        else:
            self._viewfinder.start()

    def _shoot(self) -> None:
        if self._viewfinder is not None:
            try:
                self._viewfinder.shoot(self.desk.files.new("photo", ".jpg"))
            except SonicError as error:
                self._failed(error)

    def _seen(self, event: CameraEvent) -> None:
        """In the viewfinder's threads."""
        if isinstance(event, Seen):
            if self._well is None:
                self._set_well()
            self.desk.feed(Preview(event.picture, event.face, event.guidance))
        elif isinstance(event, CameraFailed):
            self._failed(event.error)
        elif isinstance(event, CameraBack):
            self._set_well()
        elif isinstance(event, PhotoTaken):
            self.desk.answer(on.PhotoTaken(event.path))

    def _set_well(self) -> None:
        self._well = True
        self.desk.feed(DeviceState("camera", None))

    def _failed(self, error: SonicError) -> None:
        if isinstance(error, CameraError):  # else it is the disk that failed
            self._well = False
            self.desk.feed(DeviceState("camera", error))
        self.desk.answer(on.DeviceFailed(failure_of(error)))


class Shooting(Work):
    def __init__(self, desk: Desk, preview: Previewing) -> None:
        super().__init__(desk)
        self._preview = preview

    def start(self) -> None:
        self._preview.shoot()
