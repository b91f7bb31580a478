"""How the engine is, and the switches of the appliance."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QGridLayout

from .....engine.client import EngineClient
from .....engine.job import Failure, State
from .....engine.view import Health, JobView
from .....errors import SonicError
from .... import events as on
from ....feeds import EngineState, Feed
from ....flow import Visit
from ....locale import explain
from ...failure import failure_of
from ...widgets import Button, Label
from ..confirm import ConfirmButton
from ..desk import StaffDesk
from ..history import failure_of_health
from .page import Card, Page

ASK_MS = 3000
"""How often the engine is asked while the page is shown."""
PAGE = 100
"""Jobs that it tells of at once."""
LINES = ("engine", "worker", "message", "waiting", "kept", "disk", "temperature")
GIGABYTE = 1e9


class StatusPage(Page):
    title = "staff.status"
    symbol = "health"

    def __init__(self, desk: StaffDesk) -> None:
        super().__init__(desk)
        self._health: Optional[Health] = None
        self._error: Optional[SonicError] = None
        """Why there is no health."""
        self._jobs: Optional[Tuple[int, int]] = None
        """Waiting or being made; finished and kept."""
        self._asking = False
        self._closed = False
        self.switch = Button(symbol="service")
        self.switch.clicked.connect(lambda: self.deed.emit(on.SetClosed(not self._closed)))
        self.restart = ConfirmButton("restart")
        self.restart.confirmed.connect(desk.restart)
        buttons = Card()
        self.open_or_not = Label("strong")
        buttons.column.addWidget(self.open_or_not)
        buttons.row(self.switch, self.restart)
        self.column.addWidget(buttons)
        card = Card()
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        self.values: Dict[str, Label] = {}
        for number, line in enumerate(LINES):
            name = Label("muted")
            self.say(name, f"staff.{line}")
            self.values[line] = Label("strong" if line == "engine" else "body")
            self._grid.addWidget(name, number, 0)
            self._grid.addWidget(self.values[line], number, 1)
        card.column.addLayout(self._grid)
        self.column.addWidget(card)
        self.column.addStretch()
        self._timer = QTimer(self)
        self._timer.setInterval(ASK_MS)
        self._timer.timeout.connect(self._ask)

    def enter(self) -> None:
        self._timer.start()
        self._ask()

    def leave(self) -> None:
        super().leave()
        self._asking = False
        self._timer.stop()
        self.restart.calm()

    def show_visit(self, visit: Visit) -> None:
        self._closed = visit.closed
        self._show()

    def feed(self, item: Feed) -> None:
        if isinstance(item, EngineState):
            self._health = item.health
            self._show()

    def restyle(self) -> None:
        super().restyle()
        self._grid.setHorizontalSpacing(3 * self.theme.space)
        self._grid.setVerticalSpacing(self.theme.space)

    def retranslate(self) -> None:
        super().retranslate()
        self.restart.speak(self.words("staff.restart"), self.words("staff.restart_sure"))
        self._show()

    # --- asking the engine --------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        if not self._asking:
            self._asking = True
            self.background.run(self._asked, self._heard, self._unheard)

    def _asked(self) -> Tuple[Health, Tuple[int, int]]:
        with self.desk.parts.engine() as engine:
            states = [view.job.state for view in _all_jobs(engine)]
            ended = sum(state in (State.DONE, State.FAILED) for state in states)
            return engine.health(), (len(states) - ended, ended)

    def _heard(self, found: Tuple[Health, Tuple[int, int]]) -> None:
        self._asking = False
        self._health, self._jobs = found
        self._error = None
        self._show()

    def _unheard(self, error: SonicError) -> None:
        self._asking = False
        self._health = self._jobs = None
        self._error = error
        self._show()

    def _show(self) -> None:
        for line, text in zip(LINES, self._texts()):
            self.values[line].setText(text)
            self.values[line].setAccessibleName(text)
        well = self._health is not None and self._health.status == "ok"
        self.values["engine"].turn_into("strong" if well else "warning")
        self.open_or_not.setText(self.words("staff.is_closed" if self._closed else "staff.is_open"))
        self.switch.setText(self.words("staff.open" if self._closed else "staff.close"))
        self.switch.setAccessibleName(self.switch.text())

    def _texts(self) -> List[str]:
        none, health, error = self.words("staff.none"), self._health, self._error
        jobs = [none, none] if self._jobs is None else [str(count) for count in self._jobs]
        if health is None:
            why = self._explained(failure_of(error), error.detail) if error else none
            return [self.words("staff.engine_away"), none, why, *jobs, none, none]
        failure = failure_of_health(health)
        said = self._explained(failure, failure.action) if failure else self.words("staff.all_well")
        free = (
            none if health.free_bytes is None else self.words("staff.free", size=f"{health.free_bytes / GIGABYTE:.1f}")
        )
        warmth = none if health.temperature is None else f"{health.temperature:.0f} °C"
        return [self._word("status", health.status), self._word("worker", health.worker), said, *jobs, free, warmth]

    def _explained(self, failure: Failure, more: str) -> str:
        """In the staff's words, and below in those that a technician looks for."""
        return f"{explain(failure, self.language)[0]}\n{failure.code}: {failure.message} {more}".rstrip()

    def _word(self, what: str, value: str) -> str:
        """A newer engine may use words that nobody translated."""
        try:
            return self.words(f"staff.{what}.{value}")
        except KeyError:
            return value


def _all_jobs(engine: EngineClient) -> List[JobView]:
    jobs: List[JobView] = []
    page = engine.jobs(limit=PAGE)
    while page:
        jobs += page
        page = engine.jobs(limit=PAGE, before=page[-1].job.sequence) if len(page) == PAGE else []
    return jobs
