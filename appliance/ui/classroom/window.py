"""The kiosk's window for a teacher: files can be dropped on it, and what a teacher need not be asked goes by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional

from PyQt5.QtGui import QDragEnterEvent, QDropEvent

from ...settings import KioskSettings
from .. import events as on
from ..feeds import Notice
from ..flow import Rules, State, Visit
from ..kiosk.screen import Screen
from ..kiosk.window import KioskWindow
from .shortcuts import WELCOME, Wishes, dropped, kind_of, steer


class ClassroomWindow(KioskWindow):
    def __init__(
        self, screens: Dict[State, Screen], rules: Optional[Rules] = None, settings: Optional[KioskSettings] = None
    ) -> None:
        """``screens``: those of `classroom_screens`, and the staff's."""
        super().__init__(screens, rules, settings)
        self._wishes = Wishes()
        self.setAcceptDrops(True)
        home: Any = screens[State.ATTRACT]
        home.wished.connect(self._wish)
        home.notice.connect(self.feed)
        home.wants_delete.connect(self.deleting.open)
        self.deleting.yes.connect(home.delete)
        for state in (State.MAKING, State.PLAYING):
            leaving: Any = screens[state]
            leaving.away.connect(self._leave_lecture)

    def show(self, visit: Optional[Visit] = None) -> None:  # type: ignore[override]
        before = self.visit
        super().show(visit)
        if visit is None:
            return
        if visit.number != before.number:
            self._wishes = Wishes()
        if visit.job:
            self.leaving.close_up()  # what it says is no longer true
        if visit.state is not before.state:
            self._steer(before.state)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.visit.state in WELCOME and any(kind_of(path) for path in _paths(event)):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """The files are checked, and copied, as any that are picked."""
        if self.visit.state not in WELCOME:
            return
        for path in _paths(event):
            self._wishes = dropped(self._wishes, path)
        event.acceptProposedAction()
        self._steer(self.visit.state)

    def _ask_home(self) -> None:
        """Nobody is asked who loses nothing: the engine goes on with what it has, and keeps it."""
        if self.visit.job:
            self._leave_lecture()
        else:
            super()._ask_home()

    def _leave_lecture(self) -> None:
        unfinished = not self.visit.finished
        self.deed.emit(on.Home())
        if unfinished:
            self.feed(Notice("goes_on"))

    def _wish(self, wishes: Wishes) -> None:
        self._wishes = wishes

    def _steer(self, before: State) -> None:
        event, self._wishes = steer(before, self.visit, self._wishes)
        if event is not None:
            self.deed.emit(event)


def _paths(event: Any) -> List[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
