"""The face in what the camera sees, looked for in a thread of its own: in the newest picture, never in a queue of them.

To follow one face is cheap (one run of the mesh network); to look for all of them costs several runs of the detector,
and is done once in a while.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Deque, List, Optional, Tuple

import cv2
import numpy as np

from ...faults import told
from ...pipeline.face import FaceFinder, Portrait
from ...pipeline.photo import Photo
from .guidance import Guide, largest, look_at

LONG_SIDE = 960
"""Of the picture that is searched, pixels: in smaller ones a second person may pass for too small to count."""
LOOK_SECONDS = 0.08
"""From one look to the next, at least: eyes see no difference. Where a look takes long, as long a rest follows."""
SEARCH_SECONDS = 1.0
"""How often to look for further persons while one face is followed."""
EMPTY_SECONDS = 0.2
"""How often to look while there is nobody."""
SPEED_SECONDS = 0.3
"""Over which motion is measured."""
LEAVE_SECONDS = 0.5

Box = Tuple[float, float, float, float]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sight:
    """``face``: box (x0, y0, x1, y1) of the largest face in shares of the picture, or None. ``guidance``: see there."""

    face: Optional[Box] = None
    guidance: str = "no_face"


class FaceWatch:
    """Can be started again after `close`. ``finder`` is used by nobody else."""

    def __init__(self, finder: FaceFinder) -> None:
        self.sight = Sight()
        self._finder = finder
        self._finding = threading.Lock()
        self._offered: Optional[np.ndarray] = None
        self._stirred = threading.Condition()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        self.sight = Sight()
        self._offered = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="face-watch")
        self._thread.start()

    def close(self) -> None:
        """Returns within `LEAVE_SECONDS`."""
        with self._stirred:
            thread, self._thread = self._thread, None
            self._stirred.notify_all()
        if thread is not None:
            thread.join(LEAVE_SECONDS)

    def offer(self, picture: np.ndarray) -> None:
        """uint8 (height, width, 3) RGB, not changed afterwards; takes the place of one that was not looked at yet."""
        with self._stirred:
            self._offered = picture
            self._stirred.notify_all()

    def face_in(self, picture: np.ndarray, near: Optional[Portrait] = None) -> Optional[Portrait]:
        """The largest face of a picture, now, in the caller's thread; in pixels of ``picture``.

        ``near``: where it was in the picture before; saves the search where it still is there.
        """
        with self._finding:
            face = near and self._finder.track(Photo(picture), near)
            if face is None:
                small, scale = _small(picture)
                found = largest(self._finder.find(Photo(small)))
                face = found and self._finder.track(Photo(picture), enlarged(found, scale))
            return face

    def _run(self) -> None:
        follower = Follower(self._finder, self._finding)
        due = time.monotonic()
        while True:
            picture = self._next(due)
            if picture is None:
                return
            began = time.monotonic()
            try:
                self.sight = follower.look(_small(picture)[0], began)
            except Exception as error:
                log.error("a picture could not be searched for faces\n%s", told(error))
                self.sight = Sight()
            due = began + max(LOOK_SECONDS, 2 * (time.monotonic() - began))

    def _next(self, due: float) -> Optional[np.ndarray]:
        """The newest picture, not before the time ``due``; None when it is time to leave."""
        thread = threading.current_thread()
        with self._stirred:
            self._stirred.wait_for(lambda: self._thread is not thread, max(0.0, due - time.monotonic()))
            self._stirred.wait_for(lambda: self._thread is not thread or self._offered is not None)
            picture, self._offered = self._offered, None
            return picture if self._thread is thread else None


class Follower:
    """What is known of the faces from one picture to the next; no thread."""

    def __init__(self, finder: FaceFinder, finding: threading.Lock) -> None:
        self._finder = finder
        self._finding = finding
        self._guide = Guide()
        self._faces: List[Portrait] = []
        self._searched = float("-inf")
        self._path: Deque[Tuple[float, float, float]] = deque()

    def look(self, picture: np.ndarray, now: float) -> Sight:
        """``now``: seconds of the monotonic clock."""
        self._faces = self._find(picture, now)
        face = largest(self._faces)
        guidance = self._guide.heed(look_at(picture, self._faces, self._speed(face, now)), now)
        if face is None:
            return Sight(None, guidance)
        height, width = picture.shape[:2]
        x0, y0, x1, y1 = face.box
        return Sight((x0 / width, y0 / height, x1 / width, y1 / height), guidance)

    def _find(self, picture: np.ndarray, now: float) -> List[Portrait]:
        photo = Photo(picture)
        face = largest(self._faces)
        with self._finding:
            if face is not None and now - self._searched < SEARCH_SECONDS:
                followed = self._finder.track(photo, face)
                if followed is not None:
                    return [followed, *(other for other in self._faces if other is not face)]
            elif now - self._searched < EMPTY_SECONDS:
                return []
            self._searched = now
            return self._finder.find(photo)

    def _speed(self, face: Optional[Portrait], now: float) -> float:
        """In face widths a second, over the last `SPEED_SECONDS`."""
        if face is None:
            self._path.clear()
            return 0.0
        x0, y0, x1, y1 = face.box
        self._path.append((now, (x0 + x1) / 2, (y0 + y1) / 2))
        while now - self._path[0][0] > SPEED_SECONDS:
            self._path.popleft()
        then, x, y = self._path[0]
        if now - then < SPEED_SECONDS / 3:
            return 0.0
        moved = np.hypot((x0 + x1) / 2 - x, (y0 + y1) / 2 - y)
        return float(moved / max(face.width, 1.0) / (now - then))


def enlarged(face: Portrait, scale: float) -> Portrait:
    """The same face in a picture that is ``scale`` times as large."""
    x0, y0, x1, y1 = (scale * value for value in face.box)
    return Portrait(face.mesh * np.float32(scale), face.roll, face.yaw, face.pitch, face.presence, (x0, y0, x1, y1))


def _small(picture: np.ndarray) -> Tuple[np.ndarray, float]:
    """The picture with a longer side of at most `LONG_SIDE`, and how much larger the given one is."""
    scale = max(picture.shape[:2]) / LONG_SIDE
    if scale <= 1:
        return picture, 1.0
    size = max(1, round(picture.shape[1] / scale)), max(1, round(picture.shape[0] / scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), scale
