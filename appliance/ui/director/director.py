"""The director: carries out what the flow asks for."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections import deque
from typing import Deque, Dict, List, Optional

from ...capture.picker.picker import Offered
from ...engine.job import Priority
from ...engine.view import Health
from ...files import write_atomically
from .. import flow
from ..events import DEEDS, Agree, Begin, Event, Idle, Resumed
from ..flow import Activity, Effect, Rules, State, Visit
from ..frontend import FrontEnd
from ..loop import Loop, Timer
from .backroom import Backroom, Deadline
from .checking import Checking
from .countdown import CountingDown
from .devices import Devices
from .engine_watch import EngineWatch
from .files import Order, Place, VisitFiles
from .ledger import Ledger
from .listening import PlayingBack
from .making import Making
from .offering import Offering
from .parts import Parts
from .playing import Playing
from .preview import Previewing, Shooting
from .recording import Metering, Recording
from .saving import Linking, Saving
from .streams import Streams
from .video import VideoSource
from .work import Desk, Errand, Work

CLOSE_SECONDS = 2.8
LABEL = "throughout"
"""What strangers make in a public place says all along what it is."""

_BEGUN = (State.CONSENT, State.PHOTO, State.PHOTO_PICK, State.PHOTO_COUNTDOWN, State.VOICE, State.VOICE_RECORDING)
"""Where a visit begins."""

log = logging.getLogger(__name__)


class Director:
    """Runs the flow: the effects of `ui.flow` carried out with capture and the engine's client.

    Lives in the loop's thread, which it never blocks; it is made, told and closed from there.
    """

    def __init__(self, loop: Loop, front_end: FrontEnd, rules: Rules, parts: Parts) -> None:
        self._loop, self._front_end, self._rules, self._parts = loop, front_end, rules, parts
        self._visit = Visit(language=rules.language)
        self._events: Deque[Event] = deque()
        self._telling = False
        self._closed = False
        self._works: Dict[Activity, Work] = {}
        self._errands: List[Errand] = []
        """What goes on beside the activities."""
        self._backroom = Backroom()
        self._ledger = Ledger(parts.ledger)
        self._watch = EngineWatch(parts, loop, self._ledger, self.tell, front_end.feed)
        self._devices = Devices(parts, self._offered)
        self._place = Place(parts.lessons if rules.keep else parts.folder)
        self._files = VisitFiles(self._place.path)
        self._order: Optional[Order] = None
        """The job that was asked for, whether or not the engine knows of it."""
        self._agreed = False
        self._streams = Streams(parts.engine)
        self._idle: Optional[Timer] = None

    @property
    def visit(self) -> Visit:
        """The current one."""
        return self._visit

    def start(self) -> None:
        """Watch the engine; take up a job left by a power cut where `Rules.keep`; wipe what else was left.

        Raises `SonicError` where another front end is running, `OutputError` where its folder cannot be used.
        """
        self._place.claim()
        if self._parts.closed.exists():
            self._visit = flow.Visit(State.OUT_OF_SERVICE, self._rules.language, closed=True)
        resumed = self._leftover()
        self._front_end.show(self._visit)
        self._watch.start()
        if resumed is not None:
            self.tell(resumed)
            if self._visit.state is not State.MAKING:
                self._wipe_visit(keep_job=False)

    def tell(self, event: Event) -> None:
        """What somebody did, or what the world answers."""
        self._events.append(event)
        if self._telling:
            return  # told from within; in its turn
        self._telling = True
        try:
            while self._events and not self._closed:
                self._take(self._events.popleft())
        finally:
            self._telling = False

    def close(self) -> None:
        """Stop everything and wipe the visit, unless it is to be taken up again; within 3 s no thread is left."""
        if self._closed:
            return
        self._closed = True
        deadline = Deadline(CLOSE_SECONDS)
        if self._idle is not None:
            self._idle.cancel()
        for activity in list(self._works):
            self._stop(activity)
        self._streams.cut()
        for errand in self._errands:
            errand.stop()
            self._backroom.do(errand.close)
        self._backroom.do(self._devices.close)
        if not self._rules.keep or self._order is None:
            self._drop_job()
            self._backroom.do(self._files.wipe)
        self._watch.stop()
        self._watch.close(deadline)
        if not self._backroom.close(deadline.left):
            log.warning("something did not end in time")
        self._place.release()

    def video(self) -> VideoSource:
        """The video of `Visit.job`."""
        path, job = self._files.video, self._visit.job or ""
        streams = self._streams
        return VideoSource(path if self._visit.finished else None, lambda: streams.read(job))

    def health(self) -> Optional[Health]:
        """Of the engine, as last heard; None where it does not answer."""
        return self._watch.health

    # --- one event ----------------------------------------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        before = self._visit
        self._visit, effects = flow.step(before, event, self._rules)
        if isinstance(event, Agree):
            self._agreed = True
        starts = [effect for effect in effects if isinstance(effect, flow.Start)]
        for effect in effects:
            if not isinstance(effect, flow.Start):
                self._carry_out(effect)
        try:
            if self._visit != before:
                self._front_end.show(self._visit)
        finally:  # whatever the screen makes of it
            for effect in starts:
                self._start(effect.activity)
        if isinstance(event, DEEDS) or self._visit != before:
            self._wait_for_deeds()
        if isinstance(event, Begin) and self._visit.state in _BEGUN:
            self._backroom.do(self._devices.inspector.warm)

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, flow.Stop):
            self._stop(effect.activity)
        elif isinstance(effect, flow.EndRecording):
            recording = self._works.get(Activity.RECORDING)
            assert isinstance(recording, Recording)
            recording.finish()
        elif isinstance(effect, flow.SaveVideo):
            self._run(Saving(self._desk(), self._devices.picker.media))
        elif isinstance(effect, flow.MakeLink):
            self._run(Linking(self._desk()))
        elif isinstance(effect, flow.DropJob):
            self._drop_job()
        elif isinstance(effect, flow.WipeVisit):
            self._wipe_visit(effect.keep_job)
        elif isinstance(effect, flow.WipeEverything):
            self._wipe_everything()
        elif isinstance(effect, flow.KeepClosed):
            closed = effect.closed
            self._backroom.do(lambda: self._keep_closed(closed))

    def _wait_for_deeds(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        seconds = flow.idle_seconds(self._visit, self._rules)
        self._idle = None if seconds is None else self._loop.call_later(seconds, lambda: self.tell(Idle()))

    # --- activities ---------------------------------------------------------------------------------------------------

    def _start(self, activity: Activity) -> None:
        work = self._works[activity] = self._work(activity)
        work.start()

    def _stop(self, activity: Activity) -> None:
        """What it needs to end happens in the backroom, before what is asked for later."""
        work = self._works.pop(activity, None)
        if work is None:
            return  # it could not even begin
        work.desk.silence()
        work.stop()
        self._backroom.do(work.close)

    def _work(self, activity: Activity) -> Work:
        desk, devices, rules = self._desk(), self._devices, self._rules
        if activity is Activity.PREVIEW:
            return Previewing(desk, devices.face_watch)
        if activity is Activity.COUNTDOWN:
            return CountingDown(desk)
        if activity is Activity.SHOT:
            preview = self._works[Activity.PREVIEW]
            assert isinstance(preview, Previewing)
            return Shooting(desk, preview)
        if activity in (Activity.PHOTO_CHECK, Activity.VOICE_CHECK):
            kind = "photo" if activity is Activity.PHOTO_CHECK else "speech"
            return Checking(desk, devices, kind)
        if activity in (Activity.OFFER_PHOTOS, Activity.OFFER_VOICES):
            return Offering(desk, devices.picker, "photo" if activity is Activity.OFFER_PHOTOS else "speech")
        if activity is Activity.METER:
            return Metering(desk)
        if activity is Activity.RECORDING:
            meter = self._works[Activity.METER]
            assert isinstance(meter, Metering)
            return Recording(desk, meter, rules.record_seconds, rules.stop_at_silence)
        if activity is Activity.LISTENING:
            return PlayingBack(desk)
        if activity is Activity.MAKING:
            return Making(desk, self._ordered(), self._ledger, Priority.LECTURE if rules.keep else Priority.VISITOR)
        self._streams = Streams(self._parts.engine)
        return Playing(desk, self._front_end, self._streams)

    def _desk(self) -> Desk:
        return Desk(
            self._parts, self._loop, self._files, self._backroom, self._visit, self.tell, self._front_end.feed
        )  # fmt: skip

    def _offered(self, offered: Offered) -> None:
        """In the picker's thread."""
        self._loop.call_soon(lambda: self._pass_on(offered))

    def _pass_on(self, offered: Offered) -> None:
        self._devices.remember(offered)
        for activity in (Activity.OFFER_PHOTOS, Activity.OFFER_VOICES):
            work = self._works.get(activity)
            if isinstance(work, Offering):
                work.offered(offered)

    def _run(self, errand: Errand) -> None:
        self._errands = [other for other in self._errands if other.going_on] + [errand]
        errand.start()

    # --- job and files ------------------------------------------------------------------------------------------------

    def _ordered(self) -> Order:
        if self._order is None:
            visit = self._visit
            assert visit.photo is not None and visit.voice is not None
            consent = self._agreed or self._rules.automatic
            options = dataclasses.replace(visit.options, label=LABEL)
            self._order = Order(visit.photo, visit.voice, options, consent)
        return self._order

    def _drop_job(self) -> None:
        if self._order is not None:
            self._ledger.drop(self._order.key)
            self._order = None
            self._backroom.do(self._files.forget_order)
            self._watch.nudge()

    def _wipe_visit(self, keep_job: bool) -> None:
        if keep_job and self._order is not None:
            key, self._order = self._order.key, None
            self._backroom.do(lambda: self._ledger.release(key))
        self._drop_job()
        for errand in self._errands:
            errand.desk.silence()
        self._streams.cut()
        self._backroom.do(self._devices.inspector.end)
        self._backroom.do(self._files.wipe)
        self._files = VisitFiles(self._place.path)
        self._agreed = False

    def _wipe_everything(self) -> None:
        for errand in self._errands:
            errand.stop()
        self._backroom.do(self._ledger.drop_everything)
        self._watch.nudge()

    def _leftover(self) -> Optional[Resumed]:
        """The visit that goes on; all others are wiped."""
        for files in self._place.leftovers():
            order = files.order() if self._rules.keep and self._order is None else None
            if order is None:
                self._backroom.do(files.wipe)
            else:
                self._files, self._order, self._agreed = files, order, order.consent
                self._ledger.keep(order.key)
        for place in {self._parts.folder, self._parts.lessons} - {self._place.path}:
            for files in Place(place).leftovers():  # of another profile
                self._backroom.do(files.wipe)
        return Resumed(self._order.photo, self._order.voice, None) if self._order is not None else None

    def _keep_closed(self, closed: bool) -> None:
        try:
            if closed:
                write_atomically(self._parts.closed, b"", mode=0o600)
            else:
                with contextlib.suppress(FileNotFoundError):
                    self._parts.closed.unlink()
        except OSError as error:
            log.error("the staff's switch could not be remembered: %s", error.strerror)
