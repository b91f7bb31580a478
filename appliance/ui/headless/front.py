"""The front end without a screen: a lamp and tones say what a screen would, one button does what fingers would."""

from __future__ import annotations

import logging
from typing import Callable, Dict, List, Optional

from ...errors import SonicError
from ...settings import HeadlessSettings
from ..director.video import VideoSource
from ..director.work import failure_of
from ..events import Accept, Begin, Done, Event, Home, PlaybackEnded, PlaybackFailed, Record, StopRecording, Wipe
from ..feeds import Countdown, Feed, Level
from ..flow import State, Visit
from ..frontend import FrontEnd
from ..loop import Loop
from .prompts import Prompts
from .showing import Showing

TAP_SECONDS = 0.3
"""A press that is shorter is a tap: the recording goes on without the finger."""
SILENCE_SECONDS = 2.0
"""Ends such a recording, once somebody has spoken."""

LAMP: Dict[State, str] = {
    State.ATTRACT: "pulse",
    State.VOICE: "off",
    State.VOICE_RECORDING: "off",
    State.VOICE_CHECK: "slow_blink",
    State.PHOTO_COUNTDOWN: "countdown",
    State.PHOTO_SHOT: "countdown",
    State.PHOTO_CHECK: "slow_blink",
    State.MAKING: "slow_blink",
    State.PLAYING: "steady",
    State.THANKS: "pulse",
    State.ERROR: "fast_blink",
    State.OUT_OF_SERVICE: "double_flash",
}
"""Pattern of `capture.buttons.lamp`. While it records the lamp is steady, from the first sound on."""

TONE: Dict[State, str] = {
    State.VOICE_CHECK: "heard",
    State.PHOTO_CHECK: "shot",
    State.MAKING: "making",
    State.PLAYING: "done",
    State.ERROR: "failed",
}

log = logging.getLogger(__name__)


class HeadlessFrontEnd(FrontEnd):
    """``lamp``: shows a pattern. ``tell`` and ``video``: of the director."""

    def __init__(self, loop: Loop, settings: HeadlessSettings, prompts: Prompts, lamp: Callable[[str], None]) -> None:
        self._loop, self._settings, self._prompts, self._lamp = loop, settings, prompts, lamp
        self.tell: Callable[[Event], None] = lambda event: None
        self.video: Callable[[], VideoSource] = _no_video
        self._visit = Visit()
        self._hands_free = False
        self._held = False
        """The press that began the visit has not ended."""
        self._call: Optional[object] = None
        """To speak, while its tone sounds."""
        self._showing: Optional[Showing] = None
        self._ending: List[Showing] = []
        self._left: Optional[str] = None
        """The job whose video lies in the folder."""

    # --- the button ---------------------------------------------------------------------------------------------------

    def pressed(self) -> None:
        state = self._visit.state
        if state in (State.ATTRACT, State.THANKS, State.ERROR):
            self._held, self._hands_free = True, False
            self._prompts.prepare()
            self.tell(Accept() if state is State.ERROR else Begin())
        elif state is State.VOICE:
            self._give_up()
        elif state is State.VOICE_RECORDING:
            self.tell(StopRecording())
        elif state is State.PLAYING:
            self.tell(Done())
        else:
            self._prompts.say("failed" if state is State.OUT_OF_SERVICE else "busy")

    def released(self, seconds: float) -> None:
        """``seconds``: how long it was down."""
        held, self._held = self._held, False
        if not held or self._visit.state not in (State.VOICE, State.VOICE_RECORDING):
            return
        if seconds < TAP_SECONDS:
            self._hands_free = True
        elif self._visit.state is State.VOICE:
            self._give_up()
        else:
            self.tell(StopRecording())

    def wipe(self) -> None:
        """The emergency button was held."""
        self.tell(Wipe())
        self._prompts.say("wiped")

    # --- what the director says ---------------------------------------------------------------------------------------

    def show(self, visit: Visit) -> None:
        before, self._visit = self._visit.state, visit
        if visit.state is before:
            return
        self._call = None
        self._lamp(LAMP.get(visit.state, "off"))
        if visit.state in TONE:
            self._prompts.say(TONE[visit.state])
        if visit.why is not None:
            log.warning("%s", visit.why.code)

    def feed(self, item: Feed) -> None:
        if isinstance(item, Countdown):
            self._prompts.say("tick")
        elif isinstance(item, Level) and self._visit.state is State.VOICE:
            self._call_to_speak()
        elif isinstance(item, Level) and self._visit.state is State.VOICE_RECORDING:
            if item.seconds:
                self._lamp("steady")
            if self._hands_free and item.silence >= SILENCE_SECONDS:
                self.tell(StopRecording())

    def start_playing(self, visit: Visit) -> None:
        path = self.video().path
        assert path is not None  # without a screen nothing is played early
        showing = self._showing = Showing(
            self._settings,
            self._prompts,
            lambda error: self._loop.call_soon(lambda: self._shown(showing, visit, error)),
        )
        showing.start(path, leave=self._left != visit.job)

    def stop_playing(self) -> None:
        if self._showing is not None:
            self._showing.stop()
            self._ending = [other for other in self._ending if other.going_on] + [self._showing]
            self._showing = None

    def close(self) -> None:
        """Nothing is played, no thread is left."""
        self.stop_playing()
        for showing in self._ending:
            showing.close()

    def _call_to_speak(self) -> None:
        """Only now that there is sound: a microphone takes up to half a second to open, and who is told before loses
        the first syllable. The recording begins when the tone is over, so that it is not heard in it."""
        if self._call is None:
            call = self._call = object()
            self._prompts.say("speak", lambda: self._loop.call_soon(lambda: self._called(call)))

    def _called(self, call: object) -> None:
        if call is self._call:
            self.tell(Record())

    def _give_up(self) -> None:
        """Whoever let go before the tone has said nothing yet."""
        self.tell(Home())
        self._prompts.say("failed")

    def _shown(self, showing: Showing, visit: Visit, error: Optional[SonicError]) -> None:
        if showing is self._showing:
            self._left = visit.job if showing.left else self._left
            self.tell(PlaybackEnded() if error is None else PlaybackFailed(failure_of(error)))


def _no_video() -> VideoSource:
    raise NotImplementedError
