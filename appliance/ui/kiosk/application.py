"""The kiosk as a process: from the first picture on the screen to the last sign of life."""

from __future__ import annotations

import dataclasses
import faulthandler
import logging
import os
import threading
from typing import Any, Dict, List, Optional

from PyQt5.QtWidgets import QApplication

from ...engine.service.log import configure_logging
from ...engine.service.notify import Notifier
from ...errors import SonicError
from ...faults import told
from ...settings import Settings
from ..classroom.screens import classroom_screens
from ..classroom.window import ClassroomWindow
from ..director.director import Director
from ..director.parts import Parts, parts_from
from ..director.rules import rules_from
from ..events import Broken, Event
from ..flow import Rules, State
from ..pins import PIN_FILE, PinStore
from ..state_folder import state_folder
from .failure import failure_of
from .faults import FaultHooks
from .garbage import GarbageCollector
from .panel import WithPanel
from .platform import choose_platform
from .qt_loop import QtLoop
from .qt_messages import take_messages
from .screen import Screen
from .screen_area import FullScreen, Pointer, can_write_chinese, keep_screen_lit
from .screens import visitor_screens
from .signals import EndSignals
from .staff import choices
from .staff.desk import StaffDesk
from .staff.history import History, Noting
from .staff.pin_screen import PinScreen
from .staff.staff_screen import StaffScreen
from .watchdog import Heartbeat, ReadyWhenPainted
from .window import KioskWindow

END_SECONDS = 4.0
"""After the wish to end, more than the director takes; whatever still hangs then is cut off."""
BEGIN_ANEW = 0
"""Exit code for the service manager, which starts the kiosk again whatever it is."""
TOO_MANY_FAULTS = 1

log = logging.getLogger(__name__)


def run_kiosk(settings: Settings, profile: str = "kiosk", platform: str = "", windowed: bool = False) -> int:
    """Until it is asked to end; the exit code. One call a process, from its main thread.

    ``profile``: see `rules_from`. ``platform``: of Qt, see `choose_platform`. Raises `RuntimeUnavailable` where there
    is no screen, `SonicError` where another front end is running.
    """
    faulthandler.enable()
    configure_logging()
    os.environ["QT_QPA_PLATFORM"] = choose_platform(platform)
    take_messages()
    application = QApplication(["sonic-kiosk"])
    application.setStyle("Fusion")  # what our sheets were drawn on; without a desktop Qt would take another
    kiosk = Kiosk(application, Notifier())
    try:
        return kiosk.run(settings, profile, windowed)
    except SonicError:
        raise
    except Exception as error:
        log.critical("the kiosk cannot go on\n%s", told(error))
        raise
    finally:
        kiosk.close()


class Kiosk:
    """Everything that lives as long as Qt's application does."""

    def __init__(self, application: QApplication, notifier: Notifier) -> None:
        self._application, self._notifier = application, notifier
        self._loop = QtLoop()
        self._director: Optional[Director] = None
        self._panel: Optional[WithPanel] = None
        self._guard: Optional[threading.Timer] = None
        self._kept: List[Any] = []
        self._hooks = FaultHooks(
            lambda: self._loop.call_soon(self._tell_fault), lambda: self._loop.call_soon(self._give_up)
        )
        self._signals = EndSignals(lambda: self.end(0))
        self._garbage: Optional[GarbageCollector] = None

    def run(self, settings: Settings, profile: str, windowed: bool) -> int:
        parts = parts_from(choices.applied(settings, choices.load(state_folder())))
        rules = _with_readable_language(rules_from(settings, profile))
        history = History()
        pins = PinStore(parts.state / PIN_FILE)
        desk = StaffDesk(self._loop, settings, parts, pins, history, lambda: self.end(BEGIN_ANEW))
        window = make_window(profile, parts, rules, desk)
        self._panel = WithPanel(window, self._loop, settings.buttons, self._tell)
        self._director = Director(self._loop, Noting(self._panel, history), rules, parts)
        window.attach(self._director)
        self._show(window, settings.kiosk.full_screen and not windowed)
        self._kept += [Heartbeat(self._notifier), ReadyWhenPainted(window, self._notifier, f"showing the {profile}")]
        self._garbage = GarbageCollector()
        self._director.start()
        return int(self._application.exec_())

    def end(self, code: int) -> None:
        """Leave Qt's loop, and those of dialogues within."""
        if self._guard is None:
            self._notifier.stopping()
            self._guard = threading.Timer(END_SECONDS, os._exit, (code,))
            self._guard.daemon = True
            self._guard.start()
        self._application.exit(code)

    def close(self) -> None:
        if self._director is not None:
            self._director.close()
        if self._panel is not None:
            self._panel.close()
        self._hooks.close()
        self._signals.close()
        if self._garbage is not None:
            self._garbage.close()
        if self._guard is not None:
            self._guard.cancel()

    def _show(self, window: KioskWindow, full_screen: bool) -> None:
        if self._application.platformName() == "xcb":
            keep_screen_lit()
        if full_screen:
            area = FullScreen(self._application, window)
            self._kept += [area, Pointer(window)]
            area.show()
        else:
            window.show()
        self._kept.append(window)

    def _tell(self, event: Event) -> None:
        if self._director is not None:
            self._director.tell(event)

    def _tell_fault(self) -> None:
        self._tell(Broken(failure_of(SonicError())))

    def _give_up(self) -> None:
        self.end(TOO_MANY_FAULTS)


def make_window(profile: str, parts: Parts, rules: Rules, desk: StaffDesk) -> KioskWindow:
    """All screens of a profile, in their window."""
    staff: Dict[State, Screen] = {
        State.STAFF_PIN: PinScreen(desk.loop, desk.pins),
        State.STAFF: StaffScreen(desk),
    }
    kiosk = parts.settings.kiosk
    if profile == "classroom":
        return ClassroomWindow({**classroom_screens(rules, parts), **staff}, rules, kiosk)
    return KioskWindow({**visitor_screens(rules, kiosk, parts.speaker, parts.folder), **staff}, rules, kiosk)


def _with_readable_language(rules: Rules) -> Rules:
    if rules.language == "zh" and not can_write_chinese():
        log.error("there is no font with Chinese characters, so the screen begins in English: install fonts-wqy-zenhei")
        return dataclasses.replace(rules, language="en")
    return rules
