"""The buttons and the lamp of an appliance, over any pin factory of gpiozero."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, List, Optional, Type, Union

from ...errors import PinsUnavailable
from ...faults import told
from ...settings import ButtonSettings
from .hold import Hold
from .lamp import Lamp

BOUNCE_S = 0.03
HOLD_S = 1.0
"""From then on the record button is held, not tapped."""
WIPE_S = 5.0
"""How long the wipe button is held: nobody leans against it for so long."""

ATLAS_200_DK = "atlas200dk"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pressed:
    """The record button went down."""


@dataclass(frozen=True)
class Held:
    """The record button has been down for `HOLD_S`; once a press."""


@dataclass(frozen=True)
class Released:
    """The record button came up, after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class WipeHeld:
    """The wipe button has been down for `WIPE_S`; once a press."""


PanelEvent = Union[Pressed, Held, Released, WipeHeld]


class Panel:
    """Tells what the buttons do, and shows a pattern. A context manager.

    ``on_event`` is called in threads of the pins' library: it hands over and returns, and does not call `close`.
    Without a factory in the settings there is neither button nor lamp, and nothing ever happens.
    """

    def __init__(
        self, settings: ButtonSettings, on_event: Callable[[PanelEvent], None], factory: Optional[Any] = None
    ) -> None:
        """``factory``: a pin factory that stays the caller's; default: a new one, as the settings name it.

        Raises `PinsUnavailable`.
        """
        self._on_event = on_event
        self._settings = settings
        self._lamp: Optional[Lamp] = None
        self._pressed_at = 0.0
        self._closed = False
        self._open: List[Any] = []
        if factory is None and not settings.factory:
            return
        try:
            self._connect(factory)
        except Exception as error:  # each factory has errors of its own
            self.close()
            raise PinsUnavailable(f"{settings.factory}: {type(error).__name__}: {error}") from error

    def __enter__(self) -> Panel:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Any, trace: Optional[TracebackType]) -> None:
        self.close()

    def show(self, pattern: str) -> None:
        """On the lamp, until another one is: one of `lamp.PATTERNS`. Raises KeyError."""
        if self._lamp is not None:
            self._lamp.show(pattern)

    def close(self) -> None:
        """The lamp is off, the pins are given back, no thread is left; may be called twice."""
        self._closed = True
        if self._lamp is not None:
            self._lamp.close()
            self._lamp = None
        while self._open:
            try:
                self._open.pop().close()
            except Exception as error:
                log.warning("a pin could not be given back: %s", error)

    def _connect(self, factory: Optional[Any]) -> None:
        if factory is None:
            factory = _factory(self._settings.factory)
            self._open.append(factory)
        if self._settings.record:
            self._button(self._settings.record, HOLD_S, Held(), factory, self._press, self._release)
        if self._settings.wipe:
            self._button(self._settings.wipe, WIPE_S, WipeHeld(), factory)
        if self._settings.record_lamp:
            lamp = self._light(self._settings.record_lamp, factory)
            self._lamp = Lamp(lambda level: setattr(lamp, "value", level))

    def _button(
        self,
        pin: str,
        hold_seconds: float,
        held: PanelEvent,
        factory: Any,
        press: Callable[[], None] = lambda: None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        from .library import gpiozero

        low = self._settings.pressed == "low"
        try:
            button = gpiozero.DigitalInputDevice(pin, pull_up=low, bounce_time=BOUNCE_S, pin_factory=factory)
        except gpiozero.PinFixedPull:  # the resistor is on the board, or the user's own
            button = gpiozero.DigitalInputDevice(
                pin, pull_up=None, active_state=not low, bounce_time=BOUNCE_S, pin_factory=factory
            )
        # Asked again: the kernel may have missed that it came up.
        hold = Hold(hold_seconds, lambda: self._tell(held) if button.is_active else None)

        def pressed() -> None:
            press()
            hold.begin()

        def released() -> None:
            hold.end()
            release()

        button.when_activated, button.when_deactivated = pressed, released
        self._open += [hold, button]

    def _light(self, pin: str, factory: Any) -> Any:
        from .library import gpiozero

        try:
            lamp = gpiozero.PWMLED(pin, pin_factory=factory)
        except gpiozero.PinPWMUnsupported:
            lamp = gpiozero.LED(pin, pin_factory=factory)
        self._open.append(lamp)
        return lamp

    def _press(self) -> None:
        self._pressed_at = time.monotonic()
        self._tell(Pressed())

    def _release(self) -> None:
        self._tell(Released(time.monotonic() - self._pressed_at))

    def _tell(self, event: PanelEvent) -> None:
        if self._closed:
            return
        try:
            self._on_event(event)
        except Exception as error:
            log.error("what a button was to do failed\n%s", told(error))  # its thread has more to tell


def _factory(name: str) -> Any:
    """Raises ImportError, LookupError, and whatever the factory does."""
    from .library import factories

    if name.lower() == ATLAS_200_DK:  # also where the package was not installed and has no entry points
        from .atlas200dk import AtlasFactory

        return AtlasFactory()
    for point in factories():
        if point.name in (name, name.lower()):
            return point.load()()
    raise LookupError("there is no pin factory of this name")
