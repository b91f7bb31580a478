"""The director: carries out what the flow asks for."""

from __future__ import annotations

from typing import Optional

from ...engine.view import Health
from ..events import Event
from ..flow import Rules, Visit
from ..frontend import FrontEnd
from ..loop import Loop
from .parts import Parts
from .video import VideoSource


class Director:
    """Runs the flow: the effects of `ui.flow` carried out with capture and the engine's client.

    Lives in the loop's thread, which it never blocks; it is made, told and closed from there.
    """

    def __init__(self, loop: Loop, front_end: FrontEnd, rules: Rules, parts: Parts) -> None:
        self._loop, self._front_end, self._rules, self._parts = loop, front_end, rules, parts
        self._visit = Visit(language=rules.language)

    @property
    def visit(self) -> Visit:
        """The current one."""
        return self._visit

    def start(self) -> None:
        """Watch the engine; take up a job left by a power cut where `Rules.keep`; wipe what else was left."""
        raise NotImplementedError

    def tell(self, event: Event) -> None:
        """What somebody did, or what the world answers."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop everything; within 3 s no thread is left."""
        raise NotImplementedError

    def video(self) -> VideoSource:
        """The video of `Visit.job`."""
        raise NotImplementedError

    def health(self) -> Optional[Health]:
        """Of the engine, as last heard; None where it does not answer."""
        raise NotImplementedError
