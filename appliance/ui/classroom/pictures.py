"""A small picture of each lecture, in memory alone, and only as long as the engine has the lecture."""

from __future__ import annotations

from typing import Callable, Dict, Optional, Sequence

import numpy as np
from PyQt5.QtGui import QPixmap

from ...errors import EngineUnavailable, SonicError
from ..kiosk.background import Background
from ..kiosk.qt_loop import QtLoop
from ..kiosk.widgets.images import image_of
from ..player.still import first_picture
from .archive import Archive, Lecture, OpenLecture

SIDE = 224
"""px; on the largest screens a row of the list is about half as high."""


class Pictures:
    """One video is looked into at a time, beside the thread that paints. ``arrived``: one more can be shown."""

    def __init__(self, archive: Archive, arrived: Callable[[], None]) -> None:
        self._archive, self._arrived = archive, arrived
        self._background = Background(QtLoop())
        self._wanted: Dict[str, bool] = {}
        """By job: whether there is something to be seen of it."""
        self._found: Dict[str, Optional[QPixmap]] = {}
        """None for a video that has no first picture."""
        self._opened: Optional[OpenLecture] = None

    def of(self, lecture: Lecture) -> Optional[QPixmap]:
        return self._found.get(lecture.job)

    def want(self, lectures: Sequence[Lecture]) -> None:
        """Of all that there are; the pictures of others are forgotten."""
        self._wanted = {lecture.job: lecture.begun for lecture in lectures}
        self._found = {job: picture for job, picture in self._found.items() if job in self._wanted}
        self._look()

    def rest(self) -> None:
        """Look for no more until some are wanted again."""
        self._background.forget()
        self._shut()

    def _look(self) -> None:
        missing = [job for job, begun in self._wanted.items() if begun and job not in self._found]
        if self._opened is not None or not missing:
            return
        opened = self._opened = self._archive.open(missing[0])
        self._background.run(
            lambda: first_picture(opened.source.stream, SIDE), self._take, lambda error: self._take(None, error)
        )

    def _take(self, pixels: Optional[np.ndarray], error: Optional[SonicError] = None) -> None:
        job = self._shut()
        if isinstance(error, EngineUnavailable):
            return  # it may be back when they are wanted next
        if job in self._wanted:
            self._found[job] = None if pixels is None else QPixmap.fromImage(image_of(pixels))
            self._arrived()
        self._look()

    def _shut(self) -> str:
        opened, self._opened = self._opened, None
        if opened is None:
            return ""
        opened.close()
        return opened.job
