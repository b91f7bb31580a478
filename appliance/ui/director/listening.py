"""The recording, heard before it is used."""

from __future__ import annotations

from typing import Optional

from ...errors import SonicError
from ..events import Listened
from ..feeds import Notice
from ..player.listening import Listening
from .work import Work


class PlayingBack(Work):
    _listening: Optional[Listening] = None

    def start(self) -> None:
        self.desk.backroom.do(self._begin)

    def close(self) -> None:
        if self._listening is not None:
            self._listening.stop()

    def _begin(self) -> None:
        assert self.desk.visit.candidate is not None
        self._listening = Listening(self.desk.visit.candidate, self.desk.parts.speaker, self._ended)

    def _ended(self, error: Optional[SonicError]) -> None:
        if error is not None:
            self.desk.feed(Notice("listened", error))
        self.desk.answer(Listened())
