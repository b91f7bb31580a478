"""A kiosk on a real X server without a window manager, as a process of its own: says where its parts are.

Reads lines from stdin: "where NAME" answers with the middle of a control on the screen; "end" ends.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import cv2
from PyQt5.QtCore import QPoint, QSocketNotifier
from PyQt5.QtWidgets import QAbstractButton, QApplication

from appliance.settings import KioskSettings
from appliance.ui.flow import Rules, Visit, step
from appliance.ui.kiosk.screen_area import FullScreen
from appliance.ui.kiosk.screens import visitor_screens
from appliance.ui.kiosk.window import KioskWindow
from appliance.ui.player.silent_speaker import SilentSpeaker


def say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def main() -> None:
    application = QApplication([])
    rules, settings = Rules(language="en"), KioskSettings()
    window = KioskWindow(visitor_screens(rules, settings, SilentSpeaker()), rules, settings)
    visits = [Visit(language="en")]

    def tell(event: Any) -> None:
        visit, _ = step(visits[-1], event, rules)
        if visit is not visits[-1]:
            visits.append(visit)
            window.show(visit)
            say(state=visit.state.value)

    def listen() -> None:
        words = sys.stdin.readline().split()
        if not words or words[0] == "end":
            application.quit()
        elif words[0] == "where":
            named = [button for button in window.findChildren(QAbstractButton) if button.isVisible()]
            found = [button for button in named if button.accessibleName() == " ".join(words[1:])]
            middle = found[0].mapToGlobal(found[0].rect().center()) if found else QPoint(-1, -1)
            say(x=middle.x(), y=middle.y())

    window.deed.connect(tell)
    notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Read)
    notifier.activated.connect(listen)
    area = FullScreen(application, window)
    area.show()
    window.show(visits[0])
    screen = application.primaryScreen().geometry()
    say(platform=application.platformName(), cv2=cv2.__version__, width=screen.width(), height=screen.height())
    application.exec_()
    del area


if __name__ == "__main__":
    main()
