"""A kiosk whose visits follow the real flow, and a world that answers at once."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

from appliance.ui import events as on
from appliance.ui.feeds import Countdown
from appliance.ui.flow import Activity, Rules, Start, Visit, step
from appliance.ui.kiosk.window import KioskWindow
from tools.kiosk_scenes import Material, level, making


class World:
    """What the director would do, without devices and engine. ``deeds``: what was done at the screen."""

    def __init__(self, window: KioskWindow, material: Material, rules: Rules) -> None:
        self._window, self._rules = window, rules
        self.visit = window.visit
        self.deeds: List[on.Event] = []
        self.effects: List[Any] = []
        photo, voice = material.photo, material.voice
        self._answers: Dict[Activity, Tuple[Any, ...]] = {
            Activity.PREVIEW: (material.preview("ready"),),
            Activity.COUNTDOWN: (Countdown(1), on.CountdownOver()),
            Activity.SHOT: (on.PhotoTaken(photo),),
            Activity.PHOTO_CHECK: (on.PhotoAccepted(),),
            Activity.METER: (level(-20, -30),),
            Activity.VOICE_CHECK: (on.VoiceAccepted(),),
            Activity.MAKING: (on.JobAccepted("0" * 32), making("video", 1, 2, 3.0), on.JobDone()),
        }
        self._voice = voice
        window.deed.connect(self.do)

    def do(self, deed: on.Event) -> None:
        self.deeds.append(deed)
        self.tell(deed)
        if isinstance(deed, on.StopRecording):
            self.tell(on.VoiceRecorded(self._voice))

    def tell(self, event: on.Event) -> None:
        self.visit, effects = step(self.visit, event, self._rules)
        self.effects += effects
        self._window.show(self.visit)
        for effect in effects:
            if isinstance(effect, Start):
                for answer in self._answers.get(effect.activity, ()):
                    self._take(answer)

    def _take(self, answer: Any) -> None:
        if isinstance(answer, on.ANSWERS):
            self.tell(answer)
        else:
            self._window.feed(answer)


def deeds_of(window: KioskWindow) -> List[on.Event]:
    """What is done at that window from now on, but for `Touched`."""
    deeds: List[on.Event] = []
    window.deed.connect(lambda deed: None if isinstance(deed, on.Touched) else deeds.append(deed))
    return deeds


def visit_of(window: KioskWindow, **fields: Any) -> Visit:
    """Shown there as the next visit's."""
    visit = Visit(language="en", number=window.visit.number + 1, **fields)
    window.show(visit)
    return visit


Kiosk = Callable[..., KioskWindow]
