"""Camera and microphone: which is used, and whether it works."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from .....errors import SonicError
from ....feeds import DeviceState, Feed
from ....locale import explain
from ...failure import failure_of
from ...widgets import Button, Label
from ...widgets.meter import Meter
from ...widgets.picture import Picture
from .. import choices
from ..choices import Choices
from ..desk import StaffDesk
from ..trial import Trial, listen, look
from .page import Card, Page


class DevicePage(Page):
    """The state of one kind of device, the choice among those that are there, and a trial."""

    kind = ""
    """"camera" or "microphone", as in settings and feeds."""

    def __init__(self, desk: StaffDesk, shown: QWidget) -> None:
        """``shown``: what the trial shows itself on."""
        super().__init__(desk)
        self._choices_at_start = choices.load(desk.parts.state)
        self.changed = False
        """The kiosk works with another device than the one chosen now."""
        self._trial: Optional[Trial[Any]] = None
        self._device: Optional[str] = None
        self._error: Optional[SonicError] = None
        self._used = False
        card = Card()
        card.heading(self, f"staff.{self.kind}")
        self.state = Label("muted")
        card.column.addWidget(self.state)
        self._options = QVBoxLayout()
        card.column.addLayout(self._options)
        self.buttons: Dict[Optional[str], Button] = {}
        self.note = Label("strong")
        self.note.hide()
        self.try_out = Button(symbol="play")
        self.try_out.clicked.connect(self._toggle)
        card.row(self.try_out, shown, grow=shown)
        card.column.addWidget(self.note)
        self.column.addWidget(card)

    @abstractmethod
    def begin_trial(self, device: str) -> Trial[Any]:
        pass

    @abstractmethod
    def end_trial(self) -> None:
        """Show nothing of it any more."""

    @abstractmethod
    def names(self) -> List[str]:
        """Of the devices that are there, each to be chosen by its name; takes its time. Raises `SonicError`."""

    def enter(self) -> None:
        state = self.desk.parts.state
        self.background.run(lambda: (choices.load(state), self.names()), self._found, self._fail)

    def leave(self) -> None:
        super().leave()
        self._stop()

    def feed(self, item: Feed) -> None:
        if isinstance(item, DeviceState) and item.device == self.kind:
            self._error, self._used = item.error, True
            self._show()

    def restyle(self) -> None:
        super().restyle()
        self._options.setSpacing(self.theme.half_space)

    def retranslate(self) -> None:
        super().retranslate()
        self._show()

    # --- choosing -----------------------------------------------------------------------------------------------------

    def _found(self, found: Tuple[Choices, List[str]]) -> None:
        chosen, names = getattr(found[0], self.kind), found[1]
        self._offer([*names, *([chosen] if chosen is not None and chosen not in names else [])])
        self._mark(chosen)

    def _offer(self, names: Sequence[str]) -> None:
        """None among the choices: as the settings say."""
        while self._options.count():
            self._options.takeAt(0).widget().deleteLater()
        self.buttons = {}
        for device in (None, *names):
            button = Button("segment")
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Fixed)
            button.clicked.connect(lambda _checked, device=device: self._choose(device))
            button.dress(self.theme)
            self._options.addWidget(button)
            self.buttons[device] = button
        self._show()

    def _mark(self, device: Optional[str]) -> None:
        self._device = device
        if device in self.buttons:
            self.buttons[device].setChecked(True)

    def _choose(self, device: Optional[str]) -> None:
        before, state = self._device, self.desk.parts.state
        self._device = device
        if self._trial is not None:
            self._stop()
            self._toggle()
        self.background.run(
            lambda: choices.choose(state, self.kind, device),
            lambda _: self._kept(device),
            lambda error: self._unkept(error, before),
        )

    def _kept(self, device: Optional[str]) -> None:
        self.changed = device != getattr(self._choices_at_start, self.kind)
        self.note.setText(self.words("staff.choice_kept"))
        self.note.setVisible(self.changed)

    def _unkept(self, error: SonicError, before: Optional[str]) -> None:
        self.note.setText(" ".join(explain(failure_of(error), self.language)))
        self.note.show()
        self._mark(before)

    # --- trying -------------------------------------------------------------------------------------------------------

    def _toggle(self) -> None:
        if self._trial is not None:
            self._stop()
            return
        self._error, self._used = None, True
        device = self._device
        if device is None:
            device = getattr(self.desk.settings, self.kind).device
        self._trial = self.begin_trial(device)
        self._show()

    def _stop(self) -> None:
        if self._trial is not None:
            self._trial.stop()
            self._trial = None
            self.end_trial()
        self._show()

    def _fail(self, error: SonicError) -> None:
        self._stop()
        self._error, self._used = error, True
        self._show()

    def _show(self) -> None:
        if self._error is not None:
            self.state.setText(" ".join(explain(failure_of(self._error), self.language)))
        else:
            self.state.setText(self.words("staff.works" if self._used else "staff.not_tried"))
        self.state.turn_into("warning" if self._error is not None else "muted")
        about = self.words(f"staff.{self.kind}")
        self.try_out.setText(self.words("staff.try_stop" if self._trial else "staff.try"))
        self.try_out.setAccessibleName(f"{about}: {self.try_out.text()}")
        self.try_out.show_symbol("stop" if self._trial else "play")
        for device, button in self.buttons.items():
            button.setText(self.words("staff.as_set") if device is None else device)
            button.setAccessibleName(f"{about}: {button.text()}")
        self.note.setText(self.words("staff.choice_kept"))


class CameraPage(DevicePage):
    title = "staff.camera"
    symbol = "camera"
    kind = "camera"

    def __init__(self, desk: StaffDesk) -> None:
        self.picture = Picture()
        super().__init__(desk, self.picture)

    def names(self) -> List[str]:
        """Two of the same name are told apart by their paths."""
        devices = self.desk.parts.camera.devices()
        names = [device.name for device in devices]
        return [device.name if names.count(device.name) == 1 else device.path for device in devices]

    def begin_trial(self, device: str) -> Trial[Any]:
        return Trial(self.desk.loop, look(self.desk.parts.camera, device), self._see, self._fail)

    def end_trial(self) -> None:
        self.picture.clear()

    def restyle(self) -> None:
        super().restyle()
        self.picture.setMinimumHeight(3 * self.theme.target)

    def _see(self, picture: np.ndarray) -> None:
        height, width = picture.shape[:2]
        self.picture.show_image(QImage(picture.tobytes(), width, height, 3 * width, QImage.Format_RGB888).copy())


class MicrophonePage(DevicePage):
    title = "staff.sound"
    symbol = "microphone"
    kind = "microphone"

    def __init__(self, desk: StaffDesk) -> None:
        self.meter = Meter()
        super().__init__(desk, self.meter)

    def names(self) -> List[str]:
        return [device.name for device in self.desk.parts.microphone.devices()]

    def begin_trial(self, device: str) -> Trial[Any]:
        return Trial(self.desk.loop, listen(self.desk.parts.microphone, device), self.meter.show_level, self._fail)

    def end_trial(self) -> None:
        self.meter.clear()
