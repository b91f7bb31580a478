"""`appliance kiosk` on strings: does in Qt's thread what it is asked on its standard input, one JSON line a wish."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any, Dict, List

from PyQt5.QtCore import QObject, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QKeySequence
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication, QDialog, QLabel, QWidget

from appliance.cli import main
from appliance.ui import events, flow, pins
from appliance.ui.kiosk.window import KioskWindow


class Strings(QObject):
    pulled = pyqtSignal(str)

    def __init__(self, window: KioskWindow, director: Any) -> None:
        super().__init__(window)
        self._window, self._director = window, director
        self.pulled.connect(self._do, Qt.QueuedConnection)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self.pulled.emit(line)

    def _do(self, line: str) -> None:
        wish = json.loads(line)
        answer = getattr(self, wish.pop("wish"))(**wish)
        print(json.dumps(answer, ensure_ascii=False), flush=True)

    # --- what is there ------------------------------------------------------------------------------------------------

    def look(self) -> Dict[str, Any]:
        visit = self._director.visit
        return {"state": visit.state.value, "outage": visit.outage, "closed": visit.closed, "texts": self._texts()}

    def geometry(self) -> Dict[str, Any]:
        shown, screen = self._window.geometry(), QApplication.primaryScreen().geometry()
        return {
            "window": [shown.x(), shown.y(), shown.width(), shown.height()],
            "screen": [screen.x(), screen.y(), screen.width(), screen.height()],
            "platform": QApplication.platformName(),
            "cv2": "cv2" in sys.modules,
            "keyboard": self._window.isActiveWindow(),
        }

    def colours_on_screen(self) -> int:
        """Of what the X server itself shows."""
        picture = QApplication.primaryScreen().grabWindow(0).toImage()
        places = ((x, y) for y in range(0, picture.height(), 2) for x in range(0, picture.width(), 2))
        return len({picture.pixel(x, y) for x, y in places})

    def _texts(self) -> List[str]:
        widgets = [widget for kind in (QLabel, QAbstractButton) for widget in self._window.findChildren(kind)]
        return [widget.text() for widget in widgets if widget.isVisible() and widget.text()]

    # --- what somebody does -------------------------------------------------------------------------------------------

    def keys(self, keys: str) -> bool:
        """Each character a key; what is longer in brackets: ``{Ctrl+Shift+S}``."""
        while keys:
            name, keys = keys[1:].split("}", 1) if keys.startswith("{") else (keys[0], keys[1:])
            combination = QKeySequence(name)[0]
            modifiers = Qt.KeyboardModifiers(combination & int(Qt.KeyboardModifierMask))
            target = QApplication.focusWidget() or self._window
            QTest.keyClick(target, Qt.Key(combination & ~int(Qt.KeyboardModifierMask)), modifiers)
        return True

    def click(self, text: str) -> bool:
        for button in self._window.findChildren(QAbstractButton):
            if button.isVisible() and button.isEnabled() and text in (button.text(), button.accessibleName()):
                QTest.mouseClick(button, Qt.LeftButton)
                return True
        return False

    def tell(self, event: str) -> bool:
        self._director.tell(getattr(events, event)())
        return True

    # --- what should not happen ---------------------------------------------------------------------------------------

    def fault(self) -> bool:
        """In a slot."""
        QTimer.singleShot(0, self._raise)
        return True

    def fault_in_thread(self) -> bool:
        threading.Thread(target=self._raise).start()
        return True

    def dialogue(self) -> bool:
        """One that waits for an answer."""
        QTimer.singleShot(0, QDialog(self._window).exec_)
        return True

    def dialogue_is_open(self) -> bool:
        return isinstance(QApplication.activeModalWidget(), QWidget)

    def freeze(self) -> bool:
        QTimer.singleShot(0, lambda: time.sleep(1000))
        return True

    def _raise(self) -> None:
        {}[" ".join(("a", "visitor's", "name"))]


def attach(self: KioskWindow, director: Any) -> None:
    attach_as_ever(self, director)
    Strings(self, director)


attach_as_ever = KioskWindow.attach

if __name__ == "__main__":
    # A machine that is busy does not lock anybody out or in by being slow.
    flow.STAFF_PIN_SECONDS = flow.STAFF_SECONDS = 3600.0
    pins.FIRST_LOCK_SECONDS = pins.LONGEST_LOCK_SECONDS
    KioskWindow.attach = attach  # type: ignore[method-assign]
    main(sys.argv[1:])
