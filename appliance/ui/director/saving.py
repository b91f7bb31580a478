"""The video taken along: onto a stick, or by a link."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO, Optional

from ...capture.picker.export import save_to_stick
from ...capture.picker.media import Media
from ...errors import OutputError, SonicError, VideoNotReady
from ..feeds import Link, Notice
from .work import Conversation, Desk, Errand

NAME = "sonic.mp4"
BLOCK = 1 << 20


class Saving(Errand):
    """Goes on when the visit ends, for the visitor was promised the video: it is open by then, only its name is gone.

    Only the notices are not told any more.
    """

    def __init__(self, desk: Desk, media: Media) -> None:
        super().__init__(desk)
        self._media = media
        self._video: Optional[BinaryIO] = None

    def start(self) -> None:
        with contextlib.suppress(OSError):
            self._video = open(str(self.desk.files.video), "rb")
        super().start()

    def run(self) -> None:
        self.desk.feed(Notice("saving"))
        try:
            if self._video is None:
                raise VideoNotReady("there is no such file")
            with self._video as video:
                size = os.fstat(video.fileno()).st_size
                save_to_stick(self._media, lambda target: self._copy(video, target), NAME, size)
        except SonicError as error:
            self.desk.feed(Notice("save_failed", error))
        else:
            self.desk.feed(Notice("saved"))

    def _copy(self, video: BinaryIO, target: Path) -> None:
        """Raises OSError."""
        video.seek(0)
        with open(str(target), "wb", buffering=0) as file:
            for block in iter(lambda: video.read(BLOCK), b""):
                if self.stopped.is_set():
                    raise OutputError("nobody wants it any more")
                while block:
                    block = block[file.write(block) :]


class Linking(Conversation):
    def run(self) -> None:
        job = self.desk.visit.job
        try:
            if job is None:
                raise VideoNotReady()
            with self.engine() as client:
                path, seconds = client.link(job)
        except SonicError as error:
            self.desk.feed(Notice("link_failed", error))
        else:
            self.desk.feed(Link(self.desk.parts.settings.kiosk.link.rstrip("/") + path, seconds))
