"""The microphone and the loudspeaker."""

from __future__ import annotations

from typing import Optional, Tuple

from .....errors import SonicError
from ...widgets import Button, Label
from ..desk import StaffDesk
from ..volume import Mixer, find_mixer
from .device import MicrophonePage
from .page import Card

STEP = 5
"""Percent that one touch makes it louder."""


class SoundPage(MicrophonePage):
    """Beside the microphone, how loud videos are."""

    def __init__(self, desk: StaffDesk) -> None:
        super().__init__(desk)
        self._mixer: Optional[Mixer] = None
        self._percent: Optional[int] = None
        self._looking = True
        self._setting = False
        card = Card()
        card.heading(self, "staff.volume")
        self.softer, self.louder = Button(symbol="minus"), Button(symbol="plus")
        self.volume = Label("lead", centred=True)
        card.row(self.softer, self.volume, self.louder, grow=self.volume)
        self.softer.clicked.connect(lambda: self._change(-STEP))
        self.louder.clicked.connect(lambda: self._change(STEP))
        self.column.addWidget(card)
        self.column.addStretch()

    def enter(self) -> None:
        super().enter()
        self._looking, self._setting = True, False
        self.background.run(_mixer_and_volume, self._heard, self._lost)
        self._show_volume()

    def retranslate(self) -> None:
        super().retranslate()
        self._show_volume()

    def _show_volume(self) -> None:
        for button, key in ((self.softer, "staff.softer"), (self.louder, "staff.louder")):
            button.setAccessibleName(self.words(key))
            button.setEnabled(self._mixer is not None)
        if self._percent is not None:
            self.volume.setText(f"{self._percent} %")
        else:
            self.volume.setText(self.words("staff.looking" if self._looking else "staff.no_mixer"))
        self.volume.turn_into("lead" if self._percent is not None else "muted")

    def _heard(self, found: Tuple[Optional[Mixer], Optional[int]]) -> None:
        self._looking = False
        self._mixer, self._percent = found
        self._show_volume()

    def _lost(self, _: SonicError) -> None:
        self._setting = False
        self._heard((None, None))

    def _change(self, step: int) -> None:
        if self._percent is not None:
            self._percent = max(0, min(100, self._percent + step))
            self._show_volume()
            self._set()

    def _set(self) -> None:
        """One after another, or an older wish might have the last word."""
        mixer, wanted = self._mixer, self._percent
        if mixer is None or wanted is None or self._setting:
            return
        self._setting = True
        self.background.run(lambda: mixer.set_volume(wanted), lambda _: self._was_set(wanted), self._lost)

    def _was_set(self, percent: int) -> None:
        self._setting = False
        if percent != self._percent:
            self._set()


def _mixer_and_volume() -> Tuple[Optional[Mixer], Optional[int]]:
    mixer = find_mixer()
    return mixer, None if mixer is None else mixer.volume()
