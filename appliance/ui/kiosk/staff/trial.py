"""Camera and microphone tried out by the staff: what they see and hear, until they are stopped. Needs no Qt."""

from __future__ import annotations

import logging
import threading
import time
from typing import Callable, Generic, Optional, TypeVar

import numpy as np

from ....capture.camera.base import Camera
from ....capture.microphone.base import Microphone
from ....capture.microphone.levels import level
from ....errors import SonicError
from ....faults import told
from ...loop import Loop

T = TypeVar("T")

READ_SECONDS = 2.0
LOOK_SECONDS = 0.08
"""Between two pictures; it is a trial, not a viewfinder."""
THUMBNAIL_PX = 480

log = logging.getLogger(__name__)


class Trial(Generic[T]):
    """Runs in a thread of its own, which gives the device back soon after `stop`. Tells in the loop's thread."""

    def __init__(
        self,
        loop: Loop,
        use: Callable[[Callable[[T], None], threading.Event], None],
        show: Callable[[T], None],
        failed: Callable[[SonicError], None],
    ) -> None:
        """``use`` opens the device, and gives what it shows until the event is set."""
        self._loop, self._use, self._show, self._failed = loop, use, show, failed
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._newest: Optional[T] = None
        self._thread = threading.Thread(target=self._run, name="trial", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """From the loop's thread: nothing is told any more."""
        self._stopped.set()

    def _run(self) -> None:
        try:
            self._use(self._give, self._stopped)
        except SonicError as error:
            self._tell(error)
        except Exception as error:
            log.error("fault in a trial\n%s", told(error))
            self._tell(SonicError(type(error).__name__))

    def _give(self, item: T) -> None:
        """Of those that the loop has no time for, only the newest is shown."""
        with self._lock:
            waiting, self._newest = self._newest is not None, item
        if not waiting:
            self._loop.call_soon(self._pass_on)

    def _pass_on(self) -> None:
        with self._lock:
            item, self._newest = self._newest, None
        if item is not None and not self._stopped.is_set():
            self._show(item)

    def _tell(self, error: SonicError) -> None:
        self._loop.call_soon(lambda: None if self._stopped.is_set() else self._failed(error))


def look(camera: Camera, device: str) -> Callable[[Callable[[np.ndarray], None], threading.Event], None]:
    """Gives small pictures, uint8 (height, width, 3) RGB, not mirrored."""

    def use(give: Callable[[np.ndarray], None], stopped: threading.Event) -> None:
        with camera.open(device) as stream:
            while not stopped.is_set():
                picture = stream.read(READ_SECONDS)
                step = max(1, max(picture.shape[:2]) // THUMBNAIL_PX)
                give(np.ascontiguousarray(picture[::step, ::step]))
                stopped.wait(LOOK_SECONDS)

    return use


def listen(microphone: Microphone, device: str) -> Callable[[Callable[[float], None], threading.Event], None]:
    """Gives the peak of the last moment in dB of full scale."""

    def use(give: Callable[[float], None], stopped: threading.Event) -> None:
        with microphone.open(device) as stream:
            while not stopped.is_set():
                given = time.monotonic()
                give(level(stream.read(READ_SECONDS))[0])
                # A file comes as fast as it is read.
                stopped.wait(max(0.0, LOOK_SECONDS / 2 - (time.monotonic() - given)))

    return use
