"""The visit as a pure state machine, the same for kiosk, classroom and headless: no clock, no thread, no file, no Qt.

`step` takes a visit and an event and gives the visit after it, and what is to be done. What goes on as long as a state
lasts (preview, recording, watching the job) is an `Activity`: it follows from the visit alone, see `activities`, so no
way out of a state can forget to stop it. What stands in the table `_TABLE` can happen; everything else is ignored.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, Optional, Tuple, Type, Union

from ..engine.job import Failure
from ..errors import UsageError
from ..settings import MakeOptions
from . import events as on

THANKS_SECONDS = 6.0
ERROR_SECONDS = 45.0
STAFF_PIN_SECONDS = 20.0
STAFF_SECONDS = 180.0
LANGUAGES = ("zh", "en")


class State(enum.Enum):
    ATTRACT = "attract"
    CONSENT = "consent"
    PHOTO = "photo"
    PHOTO_COUNTDOWN = "photo_countdown"
    PHOTO_SHOT = "photo_shot"
    PHOTO_PICK = "photo_pick"
    PHOTO_CHECK = "photo_check"
    PHOTO_REVIEW = "photo_review"
    VOICE = "voice"
    VOICE_COUNTDOWN = "voice_countdown"
    VOICE_RECORDING = "voice_recording"
    VOICE_PICK = "voice_pick"
    VOICE_CHECK = "voice_check"
    VOICE_REVIEW = "voice_review"
    REVIEW = "review"
    MAKING = "making"
    PLAYING = "playing"
    THANKS = "thanks"
    ERROR = "error"
    OUT_OF_SERVICE = "out_of_service"
    STAFF_PIN = "staff_pin"
    STAFF = "staff"


class Activity(enum.Enum):
    """What goes on while a state lasts, and which events it gives in the end."""

    PREVIEW = "preview"
    """The camera is open; feeds `Preview`."""
    COUNTDOWN = "countdown"
    """Feeds `Countdown`; `CountdownOver`."""
    SHOT = "shot"
    """The best of a burst is written; `PhotoTaken` or `DeviceFailed`."""
    PHOTO_CHECK = "photo_check"
    """Is `Visit.candidate` a photo that can speak? `PhotoAccepted` or `PhotoRefused`."""
    OFFER_PHOTOS = "offer_photos"
    """Feeds `Media`."""
    METER = "meter"
    """The microphone is open; feeds `Level`."""
    RECORDING = "recording"
    """`VoiceRecorded` when somebody or silence or the limit ends it, or `DeviceFailed`. When this activity is stopped
    by `StopRecording` what was recorded counts; when by anything else it is thrown away."""
    VOICE_CHECK = "voice_check"
    """Is `Visit.candidate` a recording that can be spoken? `VoiceAccepted` or `VoiceRefused`."""
    OFFER_VOICES = "offer_voices"
    LISTENING = "listening"
    """The recording is played; `Listened`."""
    MAKING = "making"
    """The job is put in (once), or watched; feeds `Making`; `JobAccepted`, `JobWatchable`, `JobDone`, `JobFailed`."""
    PLAYING = "playing"
    """The front end plays the video; `PlaybackEnded` or `PlaybackFailed`."""


@dataclass(frozen=True)
class Rules:
    """What a profile allows."""

    consent: bool = True
    """Ask before anything is taken."""
    camera: bool = True
    pick: bool = True
    save: bool = True
    link: bool = False
    watch_early: bool = False
    """Play while the rest is still being made."""
    automatic: bool = False
    """No screen: the voice first, then the photo, and nothing is asked."""
    portrait: Optional[Path] = None
    """The photo that always speaks."""
    keep: bool = False
    """What the engine has taken is its own: after the visit it goes on being made, and stays until somebody deletes it
    or the engine's retention does."""
    idle: bool = True
    """A visit ends when nobody does anything, and so does the screen ERROR."""
    language: str = "zh"
    idle_seconds: float = 60.0
    record_seconds: float = 60.0
    """Longest recording."""
    stop_at_silence: bool = True
    """A recording ends when nobody speaks any more."""


@dataclass(frozen=True)
class Visit:
    """Everything that is known of the visitor in front of the appliance, and of the appliance itself.

    ``candidate``: photo or recording being looked at, not yet accepted. ``why``: what the screens ERROR and STAFF show.
    ``resume``: where "try again" (ERROR) and "back" (STAFF_PIN) lead. ``picked``: the last photo or recording was
    chosen, not taken, so that retaking means choosing. ``door``: how often the PIN pad was opened. ``outage``: why no
    video can be made now, "engine" or "storage"; empty where one can. ``number``: of the visit, from 0.
    """

    state: State = State.ATTRACT
    language: str = "zh"
    candidate: Optional[Path] = None
    photo: Optional[Path] = None
    voice: Optional[Path] = None
    options: MakeOptions = field(default_factory=MakeOptions)
    job: Optional[str] = None
    finished: bool = False
    playing: bool = False
    listening: bool = False
    stopping: bool = False
    """The recording was asked to end, `VoiceRecorded` is on its way."""
    picked: bool = False
    why: Optional[Failure] = None
    resume: Optional[State] = None
    door: int = 0
    closed: bool = False
    outage: str = ""
    number: int = 0


# --- what is to be done -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start:
    activity: Activity


@dataclass(frozen=True)
class Stop:
    activity: Activity


@dataclass(frozen=True)
class EndRecording:
    """Finish the recording and give `VoiceRecorded`."""


@dataclass(frozen=True)
class SaveVideo:
    """Write the video to the stick; the front end is told by a `Notice`."""


@dataclass(frozen=True)
class MakeLink:
    """Feed a `Link`, or a `Notice` why not."""


@dataclass(frozen=True)
class DropJob:
    """Delete the job of this visit from the engine, whether or not it was accepted yet."""


@dataclass(frozen=True)
class WipeVisit:
    """Remove everything of the visitor: files, and the job unless ``keep_job``."""

    keep_job: bool = False


@dataclass(frozen=True)
class WipeEverything:
    """All jobs of the engine, all files of all visits."""


@dataclass(frozen=True)
class KeepClosed:
    """Remember the staff's switch through restarts."""

    closed: bool


Effect = Union[Start, Stop, EndRecording, SaveVideo, MakeLink, DropJob, WipeVisit, WipeEverything, KeepClosed]
Step = Tuple[Visit, Tuple[Effect, ...]]


def step(visit: Visit, event: on.Event, rules: Rules) -> Step:
    """The visit after the event, and what to do, in this order: stop, deeds, start."""
    handler = _TABLE.get((visit.state, type(event))) or _ANYWHERE.get(type(event))
    after, deeds = handler(visit, event, rules) if handler else (visit, ())
    before_activities, after_activities = activities(visit), activities(after)
    restarted = before_activities & after_activities if after.number != visit.number else frozenset()
    stopped = (before_activities - after_activities) | restarted
    started = (after_activities - before_activities) | restarted
    stops = tuple(Stop(activity) for activity in Activity if activity in stopped)
    starts = tuple(Start(activity) for activity in Activity if activity in started)
    return after, stops + deeds + starts


_OF_STATE: Dict[State, Tuple[Activity, ...]] = {
    State.PHOTO: (Activity.PREVIEW,),
    State.PHOTO_COUNTDOWN: (Activity.PREVIEW, Activity.COUNTDOWN),
    State.PHOTO_SHOT: (Activity.PREVIEW, Activity.SHOT),
    State.PHOTO_PICK: (Activity.OFFER_PHOTOS,),
    State.PHOTO_CHECK: (Activity.PHOTO_CHECK,),
    State.VOICE: (Activity.METER,),
    State.VOICE_COUNTDOWN: (Activity.METER, Activity.COUNTDOWN),
    State.VOICE_RECORDING: (Activity.METER, Activity.RECORDING),
    State.VOICE_PICK: (Activity.OFFER_VOICES,),
    State.VOICE_CHECK: (Activity.VOICE_CHECK,),
    State.MAKING: (Activity.MAKING,),
}


def activities(visit: Visit) -> FrozenSet[Activity]:
    """What goes on now."""
    going_on = set(_OF_STATE.get(visit.state, ()))
    if visit.listening:
        going_on.add(Activity.LISTENING)
    if visit.playing:
        going_on.add(Activity.PLAYING)
    if visit.state is State.PLAYING and not visit.finished:
        going_on.add(Activity.MAKING)
    return frozenset(going_on)


def idle_seconds(visit: Visit, rules: Rules) -> Optional[float]:
    """How long to wait for a deed before `Idle`; None: for ever."""
    fixed = {
        State.THANKS: THANKS_SECONDS,
        State.ERROR: ERROR_SECONDS,
        State.STAFF_PIN: STAFF_PIN_SECONDS,
        State.STAFF: STAFF_SECONDS,
    }
    if visit.state is State.ERROR and not rules.idle:
        return None
    if visit.state in fixed:
        return fixed[visit.state]
    for_ever = (
        State.ATTRACT, State.OUT_OF_SERVICE, State.MAKING, State.VOICE_RECORDING, State.PHOTO_CHECK, State.VOICE_CHECK,
        State.PHOTO_SHOT,
    )  # fmt: skip
    if visit.state in for_ever or visit.playing or visit.listening or not rules.idle:
        return None
    return rules.idle_seconds


# --- ways -------------------------------------------------------------------------------------------------------------


def _to(visit: Visit, state: State, **changes: Any) -> Visit:
    """Into another state; what belongs to one state alone ends."""
    ended: Dict[str, Any] = {
        "playing": False, "listening": False, "stopping": False, "why": None, "resume": None, "candidate": None,
    }  # fmt: skip
    return dataclasses.replace(visit, state=state, **{**ended, **changes})


def _onward(visit: Visit, rules: Rules) -> Visit:
    """To what is still missing, else to the making."""
    photo = visit.photo or rules.portrait
    visit = dataclasses.replace(visit, photo=photo)
    order = ("voice", "photo") if rules.automatic else ("photo", "voice")
    missing = [name for name in order if not getattr(visit, name)]
    if not missing:
        return _to(visit, State.MAKING if rules.automatic else State.REVIEW)
    return _take_photo(visit, rules) if missing[0] == "photo" else _take_voice(visit)


def _take_photo(visit: Visit, rules: Rules) -> Visit:
    if rules.automatic:
        return _to(visit, State.PHOTO_COUNTDOWN)
    return _to(visit, State.PHOTO if rules.camera else State.PHOTO_PICK)


def _take_voice(visit: Visit) -> Visit:
    return _to(visit, State.VOICE)


def _home(visit: Visit, rules: Rules, *deeds: Effect) -> Step:
    """The visit is over; nothing of it is left."""
    state = State.OUT_OF_SERVICE if visit.closed or visit.outage else State.ATTRACT
    return _fresh(visit, rules, state), (*deeds, *_wiped(visit, rules))


def _fresh(visit: Visit, rules: Rules, state: State) -> Visit:
    return Visit(
        state, rules.language, door=visit.door, closed=visit.closed, outage=visit.outage, number=visit.number + 1
    )


def _wiped(visit: Visit, rules: Rules) -> Tuple[Effect, ...]:
    """Also where the visit seems to hold nothing: a photo may be on its way."""
    return (WipeVisit(keep_job=rules.keep and visit.job is not None),)


def _fail(visit: Visit, why: Failure, resume: State, **changes: Any) -> Visit:
    return _to(visit, State.ERROR, why=why, resume=resume, **changes)


def _begin(visit: Visit, event: Any, rules: Rules) -> Step:
    if rules.consent and not rules.automatic:
        return _to(visit, State.CONSENT), ()
    return _onward(visit, rules), ()


def _agree(visit: Visit, event: Any, rules: Rules) -> Step:
    return _onward(visit, rules), ()


def _end(visit: Visit, event: Any, rules: Rules) -> Step:
    return _home(visit, rules)


def _thank(visit: Visit, event: Any, rules: Rules) -> Step:
    """Gone before the thanks: who reads them may walk away at once."""
    return _fresh(visit, rules, State.THANKS), _wiped(visit, rules)


def _again(visit: Visit, event: Any, rules: Rules) -> Step:
    """After the thanks. Without a screen the same press also begins."""
    fresh, deeds = _home(visit, rules)
    if rules.automatic and fresh.state is State.ATTRACT:
        fresh, _ = _begin(fresh, event, rules)
    return fresh, deeds


def _go(state: State) -> _Handler:
    return lambda visit, event, rules: (_to(visit, state), ())


# --- photo ------------------------------------------------------------------------------------------------------------


def _photo_pick(visit: Visit, event: Any, rules: Rules) -> Step:
    return (_to(visit, State.PHOTO_PICK) if rules.pick else visit), ()


def _photo_camera(visit: Visit, event: Any, rules: Rules) -> Step:
    return (_to(visit, State.PHOTO) if rules.camera else visit), ()


def _photo_back(visit: Visit, event: Any, rules: Rules) -> Step:
    """From camera or picker: to the review if it was left to change the photo, else to the start."""
    if visit.photo and visit.voice:
        return _to(visit, State.REVIEW), ()
    if visit.state is State.PHOTO_PICK and rules.camera:
        return _to(visit, State.PHOTO), ()
    return (_to(visit, State.CONSENT), ()) if rules.consent else _home(visit, rules)


def _photo_candidate(visit: Visit, event: Any, rules: Rules) -> Step:
    return _to(visit, State.PHOTO_CHECK, candidate=event.path, picked=isinstance(event, on.Picked)), ()


def _photo_accepted(visit: Visit, event: Any, rules: Rules) -> Step:
    photo = event.path or visit.candidate
    if rules.automatic:
        return _onward(dataclasses.replace(visit, photo=photo), rules), ()
    return _to(visit, State.PHOTO_REVIEW, candidate=photo), ()


def _photo_refused(visit: Visit, event: Any, rules: Rules) -> Step:
    return _fail(visit, event.why, _photo_state(visit, rules)), ()


def _photo_retake(visit: Visit, event: Any, rules: Rules) -> Step:
    return _to(visit, _photo_state(visit, rules)), ()


def _photo_keep(visit: Visit, event: Any, rules: Rules) -> Step:
    return _onward(dataclasses.replace(visit, photo=visit.candidate), rules), ()


def _photo_state(visit: Visit, rules: Rules) -> State:
    if rules.automatic:
        return State.PHOTO_COUNTDOWN
    return State.PHOTO_PICK if visit.picked or not rules.camera else State.PHOTO


def _photo_failed(visit: Visit, event: Any, rules: Rules) -> Step:
    """With a screen the viewfinder itself says what is wrong, and goes on when the camera is back."""
    if rules.automatic:
        return _fail(visit, event.why, State.PHOTO_COUNTDOWN), ()
    return _to(visit, State.PHOTO), ()


# --- voice ------------------------------------------------------------------------------------------------------------


def _voice_pick(visit: Visit, event: Any, rules: Rules) -> Step:
    return (_to(visit, State.VOICE_PICK) if rules.pick else visit), ()


def _record(visit: Visit, event: Any, rules: Rules) -> Step:
    """Without a screen the front end says itself when to speak, and says so just before."""
    return _to(visit, State.VOICE_RECORDING if rules.automatic else State.VOICE_COUNTDOWN), ()


def _meter_failed(visit: Visit, event: Any, rules: Rules) -> Step:
    """With a screen the meter itself says what is wrong, and goes on when the microphone is back."""
    return (_fail(visit, event.why, State.VOICE) if rules.automatic else visit), ()


def _voice_back(visit: Visit, event: Any, rules: Rules) -> Step:
    if visit.voice:
        return _to(visit, State.REVIEW), ()
    if rules.automatic:
        return _home(visit, rules)
    if rules.portrait:
        return (_to(visit, State.CONSENT), ()) if rules.consent else _home(visit, rules)
    return _to(visit, State.PHOTO_REVIEW, candidate=visit.photo, photo=None, picked=False), ()


def _voice_stop(visit: Visit, event: Any, rules: Rules) -> Step:
    if visit.stopping:
        return visit, ()
    return dataclasses.replace(visit, stopping=True), (EndRecording(),)


def _voice_candidate(visit: Visit, event: Any, rules: Rules) -> Step:
    return _to(visit, State.VOICE_CHECK, candidate=event.path, picked=isinstance(event, on.Picked)), ()


def _voice_accepted(visit: Visit, event: Any, rules: Rules) -> Step:
    voice = event.path or visit.candidate
    if rules.automatic:
        return _onward(dataclasses.replace(visit, voice=voice), rules), ()
    return _to(visit, State.VOICE_REVIEW, candidate=voice), ()


def _voice_refused(visit: Visit, event: Any, rules: Rules) -> Step:
    return _fail(visit, event.why, _voice_state(visit)), ()


def _voice_retake(visit: Visit, event: Any, rules: Rules) -> Step:
    return _to(visit, _voice_state(visit)), ()


def _voice_keep(visit: Visit, event: Any, rules: Rules) -> Step:
    return _onward(dataclasses.replace(visit, voice=visit.candidate), rules), ()


def _voice_state(visit: Visit) -> State:
    return State.VOICE_PICK if visit.picked else State.VOICE


def _voice_failed(visit: Visit, event: Any, rules: Rules) -> Step:
    return _fail(visit, event.why, State.VOICE), ()


def _listen(visit: Visit, event: Any, rules: Rules) -> Step:
    return dataclasses.replace(visit, listening=not visit.listening), ()


def _listened(visit: Visit, event: Any, rules: Rules) -> Step:
    return dataclasses.replace(visit, listening=False), ()


# --- making and playing -----------------------------------------------------------------------------------------------


def _adjust(visit: Visit, event: Any, rules: Rules) -> Step:
    try:
        return dataclasses.replace(visit, options=dataclasses.replace(visit.options, **{event.name: event.value})), ()
    except (UsageError, TypeError):
        return visit, ()


def _change_photo(visit: Visit, event: Any, rules: Rules) -> Step:
    return (visit if rules.portrait else _take_photo(visit, rules)), ()


def _change_voice(visit: Visit, event: Any, rules: Rules) -> Step:
    return _take_voice(visit), ()


def _review_back(visit: Visit, event: Any, rules: Rules) -> Step:
    return _to(visit, State.VOICE_REVIEW, candidate=visit.voice, voice=None, picked=False), ()


def _accepted(visit: Visit, event: Any, rules: Rules) -> Step:
    return dataclasses.replace(visit, job=event.job), ()


def _watchable(visit: Visit, event: Any, rules: Rules) -> Step:
    if rules.watch_early and visit.state is State.MAKING:
        return _to(visit, State.PLAYING, playing=True), ()
    return visit, ()


def _done(visit: Visit, event: Any, rules: Rules) -> Step:
    if visit.state is State.MAKING:
        return _to(visit, State.PLAYING, playing=True, finished=True), ()
    return dataclasses.replace(visit, finished=True), ()


def _job_failed(visit: Visit, event: Any, rules: Rules) -> Step:
    """Photo and recording are kept: the visitor may try again."""
    return _fail(visit, event.why, State.MAKING if rules.automatic else State.REVIEW, job=None), (DropJob(),)


def _cancel(visit: Visit, event: Any, rules: Rules) -> Step:
    return _to(visit, State.REVIEW, job=None), (DropJob(),)


def _ended(visit: Visit, event: Any, rules: Rules) -> Step:
    if rules.automatic:
        return _thank(visit, event, rules)
    return dataclasses.replace(visit, playing=False), ()


def _replay(visit: Visit, event: Any, rules: Rules) -> Step:
    """Not while it plays: the front end's own player goes back to the start then."""
    return dataclasses.replace(visit, playing=True), ()


def _playback_failed(visit: Visit, event: Any, rules: Rules) -> Step:
    return _fail(visit, event.why, State.PLAYING), ()


def _save(visit: Visit, event: Any, rules: Rules) -> Step:
    return visit, ((SaveVideo(),) if rules.save and visit.finished else ())


def _link(visit: Visit, event: Any, rules: Rules) -> Step:
    return visit, ((MakeLink(),) if rules.link and visit.finished else ())


def _delete(visit: Visit, event: Any, rules: Rules) -> Step:
    return _fresh(visit, rules, State.THANKS), (DropJob(), WipeVisit())


# --- everywhere -------------------------------------------------------------------------------------------------------


def _retry(visit: Visit, event: Any, rules: Rules) -> Step:
    if visit.resume is State.PLAYING:
        return _to(visit, State.PLAYING, playing=True), ()
    return (_to(visit, visit.resume), ()) if visit.resume else _home(visit, rules)


def _language(visit: Visit, event: Any, rules: Rules) -> Step:
    return (dataclasses.replace(visit, language=event.language) if event.language in LANGUAGES else visit), ()


_RESUMED_AS: Dict[State, State] = {
    State.PHOTO_COUNTDOWN: State.PHOTO,
    State.PHOTO_SHOT: State.PHOTO,
    State.VOICE_COUNTDOWN: State.VOICE,
    State.VOICE_RECORDING: State.VOICE,
    State.THANKS: State.ATTRACT,
}
"""What was going on does not go on behind the PIN pad."""


def _staff_door(visit: Visit, event: Any, rules: Rules) -> Step:
    resume = _RESUMED_AS.get(visit.state, visit.state)
    if visit.state is State.ERROR:
        resume = visit.resume or State.ATTRACT
    return _to(visit, State.STAFF_PIN, resume=resume, candidate=visit.candidate, door=visit.door + 1), ()


def _staff_back(visit: Visit, event: Any, rules: Rules) -> Step:
    if visit.resume in (None, State.ATTRACT, State.OUT_OF_SERVICE):
        return _home(visit, rules)
    assert visit.resume is not None
    return _to(visit, visit.resume, candidate=visit.candidate), ()


def _staff_in(visit: Visit, event: Any, rules: Rules) -> Step:
    if event.door != visit.door:
        return visit, ()
    return _fresh(visit, rules, State.STAFF), _wiped(visit, rules)


def _set_closed(visit: Visit, event: Any, rules: Rules) -> Step:
    return dataclasses.replace(visit, closed=event.closed), (KeepClosed(event.closed),)


def _wipe(visit: Visit, event: Any, rules: Rules) -> Step:
    fresh, _ = _home(visit, rules)
    return fresh, (WipeEverything(), WipeVisit())


def _lost(visit: Visit, event: Any, rules: Rules) -> Step:
    """A visit that has begun may go on: the engine may be back before it is needed."""
    visit = dataclasses.replace(visit, outage=event.reason)
    return (_to(visit, State.OUT_OF_SERVICE) if visit.state is State.ATTRACT else visit), ()


def _back_again(visit: Visit, event: Any, rules: Rules) -> Step:
    visit = dataclasses.replace(visit, outage="")
    opens = visit.state is State.OUT_OF_SERVICE and not visit.closed
    return (_to(visit, State.ATTRACT) if opens else visit), ()


def _broken(visit: Visit, event: Any, rules: Rules) -> Step:
    """The visitor is told, and begins anew. Out of service it stays."""
    if visit.state in (State.ERROR, State.OUT_OF_SERVICE):
        return visit, ()
    return _to(visit, State.ERROR, why=event.why), ()


def _resumed(visit: Visit, event: Any, rules: Rules) -> Step:
    """Also while the engine is still starting: it is what is being waited for."""
    if visit.closed:
        return visit, ()
    return _to(visit, State.MAKING, photo=event.photo, voice=event.voice, job=event.job), ()


_Handler = Callable[[Visit, Any, Rules], Step]

_VISITING = tuple(
    state for state in State if state not in (State.ATTRACT, State.OUT_OF_SERVICE, State.STAFF_PIN, State.STAFF)
)
"""Where somebody's data may be held, so that one must be able to go."""

_TABLE: Dict[Tuple[State, Type[Any]], _Handler] = {
    **{(state, on.Home): _end for state in _VISITING},
    **{(state, on.Idle): _end for state in _VISITING},
    (State.ATTRACT, on.Begin): _begin,
    (State.ATTRACT, on.Resumed): _resumed,
    (State.OUT_OF_SERVICE, on.Resumed): _resumed,
    (State.CONSENT, on.Agree): _agree,
    (State.CONSENT, on.Decline): _end,
    (State.CONSENT, on.Back): _end,
    #
    (State.PHOTO, on.Shoot): _go(State.PHOTO_COUNTDOWN),
    (State.PHOTO, on.Pick): _photo_pick,
    (State.PHOTO, on.Back): _photo_back,
    (State.PHOTO_COUNTDOWN, on.CountdownOver): _go(State.PHOTO_SHOT),
    (State.PHOTO_COUNTDOWN, on.Back): _go(State.PHOTO),
    (State.PHOTO_COUNTDOWN, on.DeviceFailed): _photo_failed,
    (State.PHOTO_SHOT, on.PhotoTaken): _photo_candidate,
    (State.PHOTO_SHOT, on.DeviceFailed): _photo_failed,
    (State.PHOTO_PICK, on.Picked): _photo_candidate,
    (State.PHOTO_PICK, on.Pick): _photo_camera,
    (State.PHOTO_PICK, on.Back): _photo_back,
    (State.PHOTO_CHECK, on.PhotoAccepted): _photo_accepted,
    (State.PHOTO_CHECK, on.PhotoRefused): _photo_refused,
    (State.PHOTO_CHECK, on.Back): _photo_retake,
    (State.PHOTO_REVIEW, on.Accept): _photo_keep,
    (State.PHOTO_REVIEW, on.Retake): _photo_retake,
    (State.PHOTO_REVIEW, on.Back): _photo_retake,
    #
    (State.VOICE, on.Record): _record,
    (State.VOICE, on.DeviceFailed): _meter_failed,
    (State.VOICE, on.Pick): _voice_pick,
    (State.VOICE, on.Back): _voice_back,
    (State.VOICE_COUNTDOWN, on.CountdownOver): _go(State.VOICE_RECORDING),
    (State.VOICE_COUNTDOWN, on.Back): _go(State.VOICE),
    (State.VOICE_COUNTDOWN, on.DeviceFailed): _go(State.VOICE),
    (State.VOICE_RECORDING, on.StopRecording): _voice_stop,
    (State.VOICE_RECORDING, on.VoiceRecorded): _voice_candidate,
    (State.VOICE_RECORDING, on.DeviceFailed): _voice_failed,
    (State.VOICE_RECORDING, on.Back): _go(State.VOICE),
    (State.VOICE_PICK, on.Picked): _voice_candidate,
    (State.VOICE_PICK, on.Pick): _go(State.VOICE),
    (State.VOICE_PICK, on.Back): _go(State.VOICE),
    (State.VOICE_CHECK, on.VoiceAccepted): _voice_accepted,
    (State.VOICE_CHECK, on.VoiceRefused): _voice_refused,
    (State.VOICE_CHECK, on.Back): _voice_retake,
    (State.VOICE_REVIEW, on.Accept): _voice_keep,
    (State.VOICE_REVIEW, on.Retake): _voice_retake,
    (State.VOICE_REVIEW, on.Back): _voice_retake,
    (State.VOICE_REVIEW, on.Listen): _listen,
    (State.VOICE_REVIEW, on.Listened): _listened,
    #
    (State.REVIEW, on.Accept): _go(State.MAKING),
    (State.REVIEW, on.Adjust): _adjust,
    (State.REVIEW, on.ChangePhoto): _change_photo,
    (State.REVIEW, on.ChangeVoice): _change_voice,
    (State.REVIEW, on.Back): _review_back,
    (State.MAKING, on.JobAccepted): _accepted,
    (State.MAKING, on.JobWatchable): _watchable,
    (State.MAKING, on.JobDone): _done,
    (State.MAKING, on.JobFailed): _job_failed,
    (State.MAKING, on.Back): _cancel,
    (State.PLAYING, on.JobDone): _done,
    (State.PLAYING, on.JobFailed): _job_failed,
    (State.PLAYING, on.PlaybackEnded): _ended,
    (State.PLAYING, on.PlaybackFailed): _playback_failed,
    (State.PLAYING, on.Replay): _replay,
    (State.PLAYING, on.Save): _save,
    (State.PLAYING, on.ShowLink): _link,
    (State.PLAYING, on.Delete): _delete,
    (State.PLAYING, on.Done): _thank,
    (State.THANKS, on.Begin): _again,
    (State.THANKS, on.Done): _end,
    (State.ERROR, on.Accept): _retry,
    (State.ERROR, on.Retake): _retry,
    (State.ERROR, on.Back): _retry,
    #
    (State.STAFF_PIN, on.Back): _staff_back,
    (State.STAFF_PIN, on.Home): _end,
    (State.STAFF_PIN, on.Idle): _end,
    (State.STAFF_PIN, on.PinAccepted): _staff_in,
    (State.STAFF_PIN, on.OpenStaffDoor): lambda visit, event, rules: (visit, ()),
    (State.STAFF, on.OpenStaffDoor): lambda visit, event, rules: (visit, ()),
    (State.STAFF, on.SetClosed): _set_closed,
    (State.STAFF, on.LeaveStaff): _end,
    (State.STAFF, on.Back): _end,
    (State.STAFF, on.Home): _end,
    (State.STAFF, on.Idle): _end,
}

_ANYWHERE: Dict[Type[Any], _Handler] = {
    on.ChooseLanguage: _language,
    on.OpenStaffDoor: _staff_door,
    on.Wipe: _wipe,
    on.ServiceLost: _lost,
    on.ServiceBack: _back_again,
    on.Broken: _broken,
}
