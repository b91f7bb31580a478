"""What is kept, how to remove it, and the logs for a technician."""

from __future__ import annotations

from pathlib import Path

from .....capture.picker.export import save_to_stick
from .....capture.picker.media import Media
from .....errors import SonicError
from ....locale import explain
from ...failure import failure_of
from ...widgets import Button, Label
from ..confirm import ConfirmButton
from ..desk import StaffDesk
from ..logs import FILE, gather
from .page import Card, Page


class StoragePage(Page):
    title = "staff.storage"
    symbol = "storage"

    def __init__(self, desk: StaffDesk) -> None:
        super().__init__(desk)
        self.wipe = ConfirmButton("delete")
        self.wipe.confirmed.connect(self._wipe)
        self.wiped = Label("strong")
        self._card("staff.everything", "staff.wipe_explained", self.wipe, self.wiped)
        self.export = Button(symbol="save")
        self.say(self.export, "staff.export")
        self.export.clicked.connect(self._export)
        self.exported = Label("strong")
        self._card("staff.logs", "staff.export_explained", self.export, self.exported)
        self.column.addStretch()

    def leave(self) -> None:
        super().leave()
        self.wipe.calm()
        for button, said in ((self.wipe, self.wiped), (self.export, self.exported)):
            button.setEnabled(True)
            said.clear()

    def retranslate(self) -> None:
        super().retranslate()
        self.wipe.speak(self.words("staff.wipe"), self.words("staff.wipe_sure"))

    def _card(self, heading: str, explanation: str, button: Button, said: Label) -> None:
        card = Card()
        card.heading(self, heading)
        explained = Label("muted")
        self.say(explained, explanation)
        card.column.addWidget(explained)
        card.row(button, said, grow=said)
        self.column.addWidget(card)

    # --- wiping -------------------------------------------------------------------------------------------------------

    def _wipe(self) -> None:
        self._begin(self.wipe, self.wiped, "staff.wiping")
        self.background.run(
            self._emptied,
            lambda count: self._end(self.wipe, self.wiped, self.words("staff.wiped", count=count)),
            lambda error: self._fail(self.wipe, self.wiped, error),
        )

    def _emptied(self) -> int:
        with self.desk.parts.engine() as engine:
            return engine.wipe()

    # --- logs ---------------------------------------------------------------------------------------------------------

    def _export(self) -> None:
        self._begin(self.export, self.exported, "staff.exporting")
        self.background.run(
            self._saved,
            lambda path: self._end(self.export, self.exported, self.words("staff.exported", name=path.name)),
            lambda error: self._fail(self.export, self.exported, error),
        )

    def _saved(self) -> Path:
        troubles = self.desk.history.newest_first()
        media = Media(self.desk.parts.settings.picker.media)
        return save_to_stick(media, lambda path: gather(path, troubles), FILE)

    # --- both ---------------------------------------------------------------------------------------------------------

    def _begin(self, button: Button, said: Label, key: str) -> None:
        button.setEnabled(False)
        said.setText(self.words(key))
        said.turn_into("muted")

    def _end(self, button: Button, said: Label, text: str) -> None:
        button.setEnabled(True)
        said.setText(text)
        said.turn_into("strong")

    def _fail(self, button: Button, said: Label, error: SonicError) -> None:
        self._end(button, said, " ".join(explain(failure_of(error), self.language)))
        said.turn_into("warning")
