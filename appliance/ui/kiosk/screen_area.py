"""The window over the whole screen, also where no window manager puts it there."""

from __future__ import annotations

import ctypes
import ctypes.util
import logging
from typing import Optional

from PyQt5.QtCore import QEvent, QObject, Qt
from PyQt5.QtGui import QFontDatabase, QMouseEvent, QScreen
from PyQt5.QtWidgets import QApplication, QWidget

log = logging.getLogger(__name__)


class FullScreen(QObject):
    """Keeps the window as large as the first screen, however that changes."""

    def __init__(self, application: QApplication, window: QWidget) -> None:
        super().__init__()
        self._window = window
        self._screen: Optional[QScreen] = None
        window.setWindowFlag(Qt.FramelessWindowHint)
        application.primaryScreenChanged.connect(self._follow)
        self._follow(application.primaryScreen())

    def show(self) -> None:
        self._window.showFullScreen()
        self._fit()
        self._window.raise_()
        # Nobody else would give it the keyboard.
        self._window.activateWindow()

    def _follow(self, screen: Optional[QScreen]) -> None:
        if self._screen is not None:
            self._screen.geometryChanged.disconnect(self._fit)
        self._screen = screen
        if screen is not None:
            screen.geometryChanged.connect(self._fit)
            self._fit()

    def _fit(self, *_: object) -> None:
        if self._screen is not None:
            self._window.setGeometry(self._screen.geometry())


class Pointer(QObject):
    """Shows the mouse pointer over a window only to somebody who uses a mouse."""

    def __init__(self, window: QWidget) -> None:
        super().__init__()
        self._hidden = False
        self._hide()
        window.winId()  # there is no handle before
        handle = window.windowHandle()
        if handle is not None:
            handle.installEventFilter(self)

    def eventFilter(self, watched: Optional[QObject], event: Optional[QEvent]) -> bool:
        if event is not None and event.type() == QEvent.TouchBegin:
            self._hide()
        elif isinstance(event, QMouseEvent) and self._hidden:
            if event.type() == QEvent.MouseMove and event.source() == Qt.MouseEventNotSynthesized:
                self._hidden = False
                QApplication.restoreOverrideCursor()
        return False

    def _hide(self) -> None:
        if not self._hidden:
            self._hidden = True
            QApplication.setOverrideCursor(Qt.BlankCursor)


def can_write_chinese() -> bool:
    """Whether some font has Chinese characters; without one the screen would be full of boxes."""
    return bool(QFontDatabase().families(QFontDatabase.SimplifiedChinese))


def keep_screen_lit() -> None:
    """Have the X server neither blank the screen nor switch it off, as far as it lets us."""
    try:
        x11, extensions = (ctypes.CDLL(ctypes.util.find_library(name) or name) for name in ("X11", "Xext"))
    except OSError:
        log.warning("the X server may blank the screen: its libraries cannot be loaded")
        return
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = x11.XOpenDisplay(None)
    if not display:
        return
    pointer, event, error = ctypes.c_void_p(display), ctypes.c_int(), ctypes.c_int()
    x11.XSetScreenSaver(pointer, 0, 0, 0, 0)
    if extensions.DPMSQueryExtension(pointer, ctypes.byref(event), ctypes.byref(error)):
        extensions.DPMSDisable(pointer)
    x11.XCloseDisplay(pointer)
