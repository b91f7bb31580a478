"""The bar above every screen: where the visit is, the way home, language, and how well one can read."""

from __future__ import annotations

from typing import Dict

from PyQt5.QtCore import QTimer, pyqtSignal
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QWidget

from .. import events as on
from ..flow import State, Visit
from ..locale import tr
from .theme import Theme
from .widgets import Button, Glyph, Label
from .widgets.dressed import dress_all
from .widgets.steps import Steps

GAP_PX = 24
HOLD_MS = 3000
"""How long the corner is held until the staff's door opens."""
WIDE_PX_PER_BODY = 52
"""A bar so many times as wide as its text is high has room for the name and words beside its icons."""

STEP_OF: Dict[State, int] = {
    **dict.fromkeys((state for state in State if state.value.startswith("photo")), 0),
    **dict.fromkeys((state for state in State if state.value.startswith("voice")), 1),
    **dict.fromkeys((State.REVIEW, State.MAKING, State.PLAYING), 2),
}
WITHOUT_HOME = (State.ATTRACT, State.OUT_OF_SERVICE, State.THANKS, State.STAFF)


class Header(QFrame):
    deed = pyqtSignal(object)
    home = pyqtSignal()
    """Somebody wants to end the visit; they may have to be asked."""
    large_text = pyqtSignal(bool)
    high_contrast = pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Fixed)
        self._language, self._wide = "", False
        self._row = QHBoxLayout(self)
        self.corner = StaffCorner()
        self.corner.held.connect(lambda: self.deed.emit(on.OpenStaffDoor()))
        self._steps = Steps()
        self.home_button = Button("icon", "home")
        self.home_button.clicked.connect(self.home)
        self.text_button, self.contrast_button = Button("icon", "text_size"), Button("icon", "contrast")
        for button, signal in ((self.text_button, self.large_text), (self.contrast_button, self.high_contrast)):
            button.setCheckable(True)
            button.clicked.connect(signal)
        self.language_button = Button("quiet", "language")
        self.language_button.clicked.connect(self._other_language)
        self._row.addWidget(self.corner)
        self._row.addSpacing(GAP_PX)
        self._row.addWidget(self._steps, 1)
        for button in (self.home_button, self.text_button, self.contrast_button, self.language_button):
            self._row.addWidget(button)

    def show_visit(self, visit: Visit) -> None:
        self._steps.show_step(STEP_OF.get(visit.state, -1))
        self.home_button.setVisible(visit.state not in WITHOUT_HOME)

    def dress(self, theme: Theme, language: str) -> None:
        self._wide = theme.width > WIDE_PX_PER_BODY * theme.body
        dress_all(self, theme)
        self._row.setContentsMargins(2 * theme.space, theme.half_space, theme.space, theme.half_space)
        self._row.setSpacing(theme.half_space)
        self.text_button.setChecked(theme.large_text)
        self.contrast_button.setChecked(theme.high_contrast)
        self.corner.dress(theme)
        self.change_language(language)

    def change_language(self, language: str) -> None:
        self._language = language
        self.corner.show_name(tr("app.name", language) if self._wide else "")
        self._steps.show_names([tr(f"step.{name}", language) for name in ("photo", "voice", "video")])
        for button, key in (
            (self.home_button, "header.home"),
            (self.text_button, "header.large_text"),
            (self.contrast_button, "header.contrast"),
        ):
            button.setAccessibleName(tr(key, language))
        self.language_button.setText(tr("language.other", language))
        self.language_button.setAccessibleName(tr("header.language", language))

    def _other_language(self) -> None:
        self.deed.emit(on.ChooseLanguage("en" if self._language == "zh" else "zh"))


class StaffCorner(QWidget):
    """The appliance's sign; who knows of it holds it until the staff's door opens."""

    held = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Fixed, QSizePolicy.Preferred)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._glyph, self._name = Glyph("mouth", 1.9, "accent"), Label("strong")
        self._name.setWordWrap(False)
        self._row.addWidget(self._glyph)
        self._row.addWidget(self._name)
        self._hold = QTimer(self)
        self._hold.setSingleShot(True)
        self._hold.setInterval(HOLD_MS)
        self._hold.timeout.connect(self.held)

    def dress(self, theme: Theme) -> None:
        self._row.setSpacing(theme.space)
        self.setMinimumHeight(theme.target)

    def show_name(self, name: str) -> None:
        self._name.setVisible(bool(name))
        self._name.setText(name)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._hold.start()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self.rect().contains(event.pos()):
            self._hold.stop()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._hold.stop()

    def hideEvent(self, event: object) -> None:
        self._hold.stop()
