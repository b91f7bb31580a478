"""Camera, microphone and loudspeaker: which are used, and whether they work."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from .....errors import SonicError
from ....feeds import DeviceState, Feed
from ....locale import explain
from ...widgets import Button, Label
from ...widgets.meter import Meter
from ...widgets.picture import Picture
from .. import choices
from ..choices import Choices
from ..desk import StaffDesk
from ..history import failure_of
from ..trial import Trial, listen, look
from ..volume import Mixer, find_mixer
from .page import Card, Page

STEP = 5
"""Percent that one touch makes it louder."""


class DevicesPage(Page):
    title = "staff.devices"
    symbol = "camera"

    def __init__(self, desk: StaffDesk) -> None:
        super().__init__(desk)
        self._chosen = Choices()
        self.changed = False
        """The kiosk works with other devices than those chosen now."""
        parts = desk.parts
        self.picture = Picture()
        self.meter = Meter()
        self.camera = DeviceCard(self, "camera", self.picture)
        self.camera.tried(lambda device: Trial(desk.loop, look(parts.camera, device), self._see, self.camera.fail))
        self.microphone = DeviceCard(self, "microphone", self.meter)
        self.microphone.tried(
            lambda device: Trial(desk.loop, listen(parts.microphone, device), self.meter.show_level,
                                 self.microphone.fail)
        )  # fmt: skip
        for card in (self.camera, self.microphone):
            card.on_choice(self._choose)
        self.note = Label("warning")
        self._cards = QBoxLayout(QBoxLayout.LeftToRight)
        self._cards.addWidget(self.camera, 1)
        self._cards.addWidget(self.microphone, 1)
        self.volume = VolumeCard(self)
        self.column.addLayout(self._cards)
        self.column.addWidget(self.note)
        self.column.addWidget(self.volume)
        self.column.addStretch()
        self.note.hide()

    def enter(self) -> None:
        self.background.run(self._look, self._found, self._not_found)
        self.volume.enter()

    def leave(self) -> None:
        super().leave()
        self.camera.stop()
        self.microphone.stop()

    def feed(self, item: Feed) -> None:
        if isinstance(item, DeviceState):
            card = self.camera if item.device == "camera" else self.microphone
            card.show_state(item.error)

    def restyle(self) -> None:
        super().restyle()
        self._cards.setDirection(QBoxLayout.TopToBottom if self.theme.upright else QBoxLayout.LeftToRight)
        self._cards.setSpacing(2 * self.theme.space)
        self.picture.setFixedHeight(3 * self.theme.target)

    def retranslate(self) -> None:
        super().retranslate()
        for card in (self.camera, self.microphone, self.volume):
            card.speak()
        self.note.setText(self.words("staff.choice_kept"))

    # --- which there are ----------------------------------------------------------------------------------------------

    def _look(self) -> Tuple[Choices, List[str], List[str]]:
        parts = self.desk.parts
        cameras = parts.camera.devices()
        names = [device.name for device in cameras]
        return (
            choices.load(parts.state),
            [device.name if names.count(device.name) == 1 else device.path for device in cameras],
            [device.name for device in parts.microphone.devices()],
        )

    def _found(self, found: Tuple[Choices, List[str], List[str]]) -> None:
        self._chosen, cameras, microphones = found
        self.camera.offer(cameras, self._chosen.camera)
        self.microphone.offer(microphones, self._chosen.microphone)

    def _not_found(self, error: SonicError) -> None:
        self.camera.fail(error)

    def _choose(self, kind: str, device: Optional[str]) -> None:
        wanted = Choices(**{**vars(self._chosen), kind: device})
        state = self.desk.parts.state
        self.background.run(lambda: choices.save(state, wanted), lambda _: self._kept(wanted), self._unkept)

    def _kept(self, wanted: Choices) -> None:
        self._chosen, self.changed = wanted, True
        self.note.setText(self.words("staff.choice_kept"))
        self.note.show()

    def _unkept(self, error: SonicError) -> None:
        self.note.setText(" ".join(explain(failure_of(error), self.language)))
        self.note.show()
        self.camera.offer_again(self._chosen.camera)
        self.microphone.offer_again(self._chosen.microphone)

    def _see(self, picture: np.ndarray) -> None:
        height, width = picture.shape[:2]
        self.picture.show_image(QImage(picture.tobytes(), width, height, 3 * width, QImage.Format_RGB888).copy())


class DeviceCard(Card):
    """One device: its state, the choice of it, and the trial."""

    def __init__(self, page: DevicesPage, kind: str, shown: QWidget) -> None:
        super().__init__()
        self._page, self._kind, self._shown = page, kind, shown
        self._begin: Optional[Callable[[str], Trial[Any]]] = None
        self._trial: Optional[Trial[Any]] = None
        self._chose: Callable[[str, Optional[str]], None] = lambda kind, device: None
        self._device: Optional[str] = None
        self._names: Sequence[str] = ()
        self._error: Optional[SonicError] = None
        self._known = False
        self.heading(page, f"staff.{kind}")
        self.state = Label("muted")
        self.column.addWidget(self.state)
        self._options = QVBoxLayout()
        self.column.addLayout(self._options)
        self.buttons: Dict[Optional[str], Button] = {}
        self.column.addWidget(shown)
        self.try_out = Button(symbol="play")
        self.try_out.clicked.connect(self._toggle)
        self.row(self.try_out)
        self.column.addStretch()

    def tried(self, begin: Callable[[str], Trial[Any]]) -> None:
        self._begin = begin

    def on_choice(self, chose: Callable[[str, Optional[str]], None]) -> None:
        self._chose = chose

    def offer(self, names: Sequence[str], chosen: Optional[str]) -> None:
        """None among the choices: as the settings say."""
        self._names = [*names, *([chosen] if chosen is not None and chosen not in names else [])]
        while self._options.count():
            self._options.takeAt(0).widget().deleteLater()
        self.buttons = {}
        for device in (None, *self._names):
            button = Button("segment")
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Fixed)
            button.clicked.connect(lambda _checked, device=device: self._choose(device))
            self._options.addWidget(button)
            self.buttons[device] = button
        self.offer_again(chosen)
        self.speak()
        for button in self.buttons.values():
            button.dress(self._page.theme)

    def offer_again(self, chosen: Optional[str]) -> None:
        self._device = chosen
        if chosen in self.buttons:
            self.buttons[chosen].setChecked(True)

    def show_state(self, error: Optional[SonicError]) -> None:
        """As the director last heard."""
        self._error, self._known = error, True
        self.speak()

    def fail(self, error: SonicError) -> None:
        self.stop()
        self.show_state(error)

    def stop(self) -> None:
        if self._trial is not None:
            self._trial.stop()
            self._trial = None
            self._shown.clear()  # type: ignore[attr-defined]
        self.speak()

    def speak(self) -> None:
        words = self._page.words
        if self._error is not None:
            self.state.setText(" ".join(explain(failure_of(self._error), self._page.language)))
        else:
            self.state.setText(words("staff.works") if self._known else words("staff.not_tried"))
        self.state.turn_into("warning" if self._error is not None else "muted")
        self.try_out.setText(words("staff.try_stop" if self._trial else "staff.try"))
        self.try_out.setAccessibleName(f"{words(f'staff.{self._kind}')}: {self.try_out.text()}")
        self.try_out.show_symbol("stop" if self._trial else "play")
        for device, button in self.buttons.items():
            button.setText(words("staff.as_set") if device is None else device)
            button.setAccessibleName(f"{words(f'staff.{self._kind}')}: {button.text()}")

    def _toggle(self) -> None:
        if self._trial is not None:
            self.stop()
            return
        assert self._begin is not None
        self._error, self._known = None, True
        device = self._device
        if device is None:
            device = getattr(self._page.desk.parts.settings, self._kind).device
        self._trial = self._begin(device)
        self.speak()

    def _choose(self, device: Optional[str]) -> None:
        self._device = device
        trying = self._trial is not None
        self.stop()
        if trying:
            self._toggle()
        self._chose(self._kind, device)


class VolumeCard(Card):
    """How loud videos are."""

    def __init__(self, page: DevicesPage) -> None:
        super().__init__()
        self._page = page
        self._mixer: Optional[Mixer] = None
        self._percent: Optional[int] = None
        self._looking = True
        self.heading(page, "staff.volume")
        self.softer, self.louder = Button(symbol="minus"), Button(symbol="plus")
        self.shown = Label("lead", centred=True)
        self.row(self.softer, self.shown, self.louder, grow=self.shown)
        self.softer.clicked.connect(lambda: self._change(-STEP))
        self.louder.clicked.connect(lambda: self._change(STEP))

    def enter(self) -> None:
        self._looking = True
        self._page.background.run(_mixer_and_volume, self._found, self._lost)
        self.speak()

    def speak(self) -> None:
        words = self._page.words
        for button, key in ((self.softer, "staff.softer"), (self.louder, "staff.louder")):
            button.setAccessibleName(words(key))
            button.setEnabled(self._mixer is not None)
        if self._percent is not None:
            self.shown.setText(f"{self._percent} %")
        else:
            self.shown.setText(words("staff.looking" if self._looking else "staff.no_mixer"))
        self.shown.turn_into("lead" if self._percent is not None else "muted")

    def _found(self, found: Tuple[Optional[Mixer], Optional[int]]) -> None:
        self._looking = False
        self._mixer, self._percent = found
        self.speak()

    def _lost(self, _: SonicError) -> None:
        self._found((None, None))

    def _change(self, step: int) -> None:
        mixer = self._mixer
        if mixer is None or self._percent is None:
            return
        self._percent = wanted = max(0, min(100, self._percent + step))
        self.speak()
        self._page.background.run(lambda: mixer.set_volume(wanted), lambda _: None, self._lost)


def _mixer_and_volume() -> Tuple[Optional[Mixer], Optional[int]]:
    mixer = find_mixer()
    return mixer, None if mixer is None else mixer.volume()
