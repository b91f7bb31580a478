"""The video: the front end plays it."""

from __future__ import annotations

from ..frontend import FrontEnd
from .streams import Streams
from .work import Desk, Work


class Playing(Work):
    """``streams``: through which it is read meanwhile."""

    def __init__(self, desk: Desk, front_end: FrontEnd, streams: Streams) -> None:
        super().__init__(desk)
        self._front_end, self._streams = front_end, streams

    def start(self) -> None:
        self._front_end.start_playing(self.desk.visit)

    def stop(self) -> None:
        self._streams.cut()
        self._front_end.stop_playing()
