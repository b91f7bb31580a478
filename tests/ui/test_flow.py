"""Every state and every event: what happens, written out by hand; and what must hold whatever happens."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.job import Failure
from appliance.settings import MakeOptions
from appliance.ui import events as on
from appliance.ui import flow
from appliance.ui.flow import Activity, Rules, State, Visit, activities, step

PHOTO, VOICE, OTHER, COPY = Path("/v/photo.jpg"), Path("/v/voice.wav"), Path("/v/other.jpg"), Path("/v/copy.jpg")
WHY = Failure("test", "It did not work.", "Try again.")

GIVEN: Dict[type, Any] = {
    on.Picked: on.Picked(OTHER), on.Adjust: on.Adjust("dynamic_scale", 1.5), on.ChooseLanguage: on.ChooseLanguage("en"),
    on.SetClosed: on.SetClosed(True), on.PhotoTaken: on.PhotoTaken(OTHER), on.PhotoAccepted: on.PhotoAccepted(COPY),
    on.PhotoRefused: on.PhotoRefused(WHY), on.VoiceRecorded: on.VoiceRecorded(OTHER),
    on.VoiceAccepted: on.VoiceAccepted(COPY), on.VoiceRefused: on.VoiceRefused(WHY),
    on.DeviceFailed: on.DeviceFailed(WHY), on.JobAccepted: on.JobAccepted("j"), on.JobFailed: on.JobFailed(WHY),
    on.PlaybackFailed: on.PlaybackFailed(WHY), on.PinAccepted: on.PinAccepted(3),
    on.ServiceLost: on.ServiceLost("engine"), on.Broken: on.Broken(WHY), on.Resumed: on.Resumed(PHOTO, VOICE, None),
}  # fmt: skip
"""What events are told with; the others carry nothing."""

EVENTS = {kind.__name__: GIVEN[kind] if kind in GIVEN else kind() for kind in (*on.DEEDS, *on.ANSWERS)}

_PHOTO: Dict[str, Any] = {"photo": PHOTO}
_BOTH: Dict[str, Any] = {"photo": PHOTO, "voice": VOICE}
BEFORE: Dict[str, Visit] = {
    "attract": Visit(),
    "consent": Visit(State.CONSENT),
    "photo": Visit(State.PHOTO),
    "photo_countdown": Visit(State.PHOTO_COUNTDOWN),
    "photo_shot": Visit(State.PHOTO_SHOT),
    "photo_pick": Visit(State.PHOTO_PICK),
    "photo_check": Visit(State.PHOTO_CHECK, candidate=OTHER),
    "photo_review": Visit(State.PHOTO_REVIEW, candidate=OTHER),
    "voice": Visit(State.VOICE, **_PHOTO),
    "voice_countdown": Visit(State.VOICE_COUNTDOWN, **_PHOTO),
    "voice_recording": Visit(State.VOICE_RECORDING, **_PHOTO),
    "voice_pick": Visit(State.VOICE_PICK, **_PHOTO),
    "voice_check": Visit(State.VOICE_CHECK, candidate=OTHER, **_PHOTO),
    "voice_review": Visit(State.VOICE_REVIEW, candidate=OTHER, **_PHOTO),
    "review": Visit(State.REVIEW, **_BOTH),
    "making": Visit(State.MAKING, job="j", **_BOTH),
    "playing": Visit(State.PLAYING, job="j", playing=True, finished=True, **_BOTH),
    "thanks": Visit(State.THANKS),
    "error": Visit(State.ERROR, why=WHY, resume=State.REVIEW, **_BOTH),
    "out_of_service": Visit(State.OUT_OF_SERVICE, outage="engine"),
    "staff_pin": Visit(State.STAFF_PIN, resume=State.REVIEW, door=3, **_BOTH),
    "staff": Visit(State.STAFF),
}

EVERYWHERE = """
    ChooseLanguage -> same
    ServiceLost -> same
    ServiceBack -> same
    Broken -> error
    OpenStaffDoor -> staff_pin
    Wipe -> attract: everything, wipe
"""
"""In every state unless it says otherwise below; what goes on ends when the state does."""
VISITING = """
    Home -> attract: wipe
    Idle -> attract: wipe
"""
"""The same, except where nobody is: in attract and out_of_service."""

EXPECTED = {
    "attract": """
        Begin -> consent
        Resumed -> making: +making
        ServiceLost -> out_of_service
    """,
    "consent": """
        Agree -> photo: +preview
        Decline -> attract: wipe
        Back -> attract: wipe
    """,
    "photo": """
        Shoot -> photo_countdown: +countdown
        Pick -> photo_pick: -preview, +offer_photos
        Back -> consent: -preview
    """,
    "photo_countdown": """
        CountdownOver -> photo_shot: -countdown, +shot
        Back -> photo: -countdown
        DeviceFailed -> photo: -countdown
    """,
    "photo_shot": """
        PhotoTaken -> photo_check: -preview, -shot, +photo_check
        DeviceFailed -> photo: -shot
    """,
    "photo_pick": """
        Picked -> photo_check: -offer_photos, +photo_check
        Pick -> photo: -offer_photos, +preview
        Back -> photo: -offer_photos, +preview
    """,
    "photo_check": """
        PhotoAccepted -> photo_review: -photo_check
        PhotoRefused -> error: -photo_check
        Back -> photo: -photo_check, +preview
    """,
    "photo_review": """
        Accept -> voice: +meter
        Retake -> photo: +preview
        Back -> photo: +preview
    """,
    "voice": """
        Record -> voice_countdown: +countdown
        Pick -> voice_pick: -meter, +offer_voices
        Back -> photo_review: -meter
    """,
    "voice_countdown": """
        CountdownOver -> voice_recording: -countdown, +recording
        Back -> voice: -countdown
        DeviceFailed -> voice: -countdown
    """,
    "voice_recording": """
        StopRecording -> voice_recording: end_recording
        VoiceRecorded -> voice_check: -meter, -recording, +voice_check
        DeviceFailed -> error: -meter, -recording
        Back -> voice: -recording
    """,
    "voice_pick": """
        Picked -> voice_check: -offer_voices, +voice_check
        Pick -> voice: -offer_voices, +meter
        Back -> voice: -offer_voices, +meter
    """,
    "voice_check": """
        VoiceAccepted -> voice_review: -voice_check
        VoiceRefused -> error: -voice_check
        Back -> voice: -voice_check, +meter
    """,
    "voice_review": """
        Accept -> review
        Retake -> voice: +meter
        Back -> voice: +meter
        Listen -> voice_review: +listening
        Listened -> same
    """,
    "review": """
        Accept -> making: +making
        Adjust -> same
        ChangePhoto -> photo: +preview
        ChangeVoice -> voice: +meter
        Back -> voice_review
    """,
    "making": """
        JobAccepted -> same
        JobWatchable -> same
        JobDone -> playing: -making, +playing
        JobFailed -> error: -making, drop
        Back -> review: -making, drop
    """,
    "playing": """
        JobDone -> same
        JobFailed -> error: -playing, drop
        PlaybackEnded -> playing: -playing
        PlaybackFailed -> error: -playing
        Replay -> same
        Save -> same: save
        ShowLink -> same
        Delete -> thanks: -playing, drop, wipe
        Done -> thanks: -playing, wipe
    """,
    "thanks": """
        Begin -> attract: wipe
        Done -> attract: wipe
    """,
    "error": """
        Accept -> review
        Retake -> review
        Back -> review
        Broken -> same
    """,
    "out_of_service": """
        Resumed -> making: +making
        ServiceBack -> attract
        Broken -> same
        Wipe -> out_of_service: everything, wipe
    """,
    "staff_pin": """
        Back -> review
        PinAccepted -> staff: wipe
        OpenStaffDoor -> same
    """,
    "staff": """
        OpenStaffDoor -> same
        SetClosed -> same: keep_closed
        LeaveStaff -> attract: wipe
        Back -> attract: wipe
    """,
}  # fmt: skip
"""State before → event → state after: what is done. "+" begins and "-" ends what goes on. Events that are named neither
here nor above do nothing at all."""

NAMES = {
    flow.EndRecording: "end_recording", flow.SaveVideo: "save", flow.MakeLink: "link", flow.DropJob: "drop",
    flow.WipeEverything: "everything", flow.KeepClosed: "keep_closed",
}  # fmt: skip


def effects_of(effects: Tuple[flow.Effect, ...]) -> List[str]:
    """In the words of the table."""
    return [_word(effect) for effect in effects]


def _word(effect: flow.Effect) -> str:
    if isinstance(effect, flow.Start):
        return f"+{effect.activity.value}"
    if isinstance(effect, flow.Stop):
        return f"-{effect.activity.value}"
    if isinstance(effect, flow.WipeVisit):
        return "wipe but job" if effect.keep_job else "wipe"
    return NAMES[type(effect)]


def parsed(text: str) -> Dict[str, Tuple[str, List[str]]]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = {}
    for line in lines:
        match = re.fullmatch(r"(\w+) -> (\w+)(?:: (.+))?", line)
        assert match is not None, line
        event, after, effects = match.groups()
        assert event in EVENTS, event
        found[event] = after, effects.split(", ") if effects else []
    return found


def expectation(state: str, event: str) -> Tuple[str, List[str]]:
    own = parsed(EXPECTED[state])
    general = parsed(EVERYWHERE if state in ("attract", "out_of_service") else EVERYWHERE + VISITING)
    if event in own:
        return own[event]
    after, effects = general.get(event, ("nothing", []))
    ended = [f"-{activity.value}" for activity in Activity if activity in activities(BEFORE[state])]
    return after, effects if after in ("same", "nothing") else ended + effects


@pytest.mark.parametrize("state", [state.value for state in State])
def test_every_state_and_every_event(state: str) -> None:
    before = BEFORE[state]
    for event, told in EVENTS.items():
        after, effects = step(before, told, Rules())
        expected_state, expected_effects = expectation(state, event)
        expected_state = state if expected_state in ("same", "nothing") else expected_state
        assert (after.state.value, effects_of(effects)) == (expected_state, expected_effects), event
        if expectation(state, event)[0] == "nothing":
            assert after == before, event


# --- profiles ---------------------------------------------------------------------------------------------------------


def walk(rules: Rules, *told: on.Event, visit: Optional[Visit] = None) -> Tuple[List[str], List[str], Visit]:
    """The states that are passed, what is done on the way, and the end."""
    visit = visit or Visit(language=rules.language)
    states, done = [], []
    for event in told:
        visit, effects = step(visit, event, rules)
        states.append(visit.state.value)
        done += effects_of(effects)
    return states, done, visit


HEADLESS = Rules(consent=False, pick=False, save=False, automatic=True)
CLASSROOM = Rules(consent=False, watch_early=True, keep=True, idle=False)


def test_without_a_screen_the_voice_comes_first_and_nothing_is_asked() -> None:
    states, done, visit = walk(
        HEADLESS, on.Begin(), on.Record(), on.StopRecording(), on.VoiceRecorded(VOICE), on.VoiceAccepted(),
        on.CountdownOver(), on.PhotoTaken(PHOTO), on.PhotoAccepted(), on.JobAccepted("j"), on.JobDone(),
        on.PlaybackEnded(), on.Begin(),
    )  # fmt: skip
    assert states == [
        "voice", "voice_recording", "voice_recording", "voice_check", "photo_countdown", "photo_shot", "photo_check",
        "making", "making", "playing", "thanks", "voice",
    ]  # fmt: skip
    assert [deed for deed in done if deed[0] not in "+-"] == ["end_recording", "wipe", "wipe"]
    assert visit.photo is None and visit.voice is None


def test_without_a_screen_a_portrait_needs_no_camera() -> None:
    rules = dataclasses.replace(HEADLESS, portrait=PHOTO)
    states, _, visit = walk(rules, on.Begin(), on.Record(), on.VoiceRecorded(VOICE), on.VoiceAccepted(COPY))
    assert states == ["voice", "voice_recording", "voice_check", "making"]
    assert (visit.photo, visit.voice) == (PHOTO, COPY)


@pytest.mark.parametrize(
    ("told", "again"),
    [
        ([on.DeviceFailed(WHY)], "voice"),
        ([on.Record(), on.DeviceFailed(WHY)], "voice"),
        ([on.Record(), on.VoiceRecorded(VOICE), on.VoiceRefused(WHY)], "voice"),
        ([on.Record(), on.VoiceRecorded(VOICE), on.VoiceAccepted(), on.DeviceFailed(WHY)], "photo_countdown"),
    ],
)
def test_without_a_screen_the_same_button_tries_again(told: List[on.Event], again: str) -> None:
    states, _, _ = walk(HEADLESS, on.Begin(), *told, on.Accept())
    assert states[-2:] == ["error", again]


def test_a_lesson_is_watched_while_it_is_made_and_kept() -> None:
    making = Visit(State.MAKING, job="j", **_BOTH)
    states, done, visit = walk(CLASSROOM, on.JobWatchable(), on.JobDone(), on.Done(), visit=making)
    assert states == ["playing", "playing", "thanks"]
    assert done == ["+playing", "-making", "-playing", "wipe but job"]


def test_a_lesson_goes_on_being_made_without_the_teacher() -> None:
    """From wherever it is left once the engine has it; deleting is a deed of its own."""
    making = Visit(State.MAKING, job="j", **_BOTH)
    playing = Visit(State.PLAYING, job="j", playing=True, **_BOTH)
    for visit in (making, playing):
        _, done, _ = walk(CLASSROOM, on.Home(), visit=visit)
        assert done[-1] == "wipe but job"
        _, done, _ = walk(CLASSROOM, on.OpenStaffDoor(), on.PinAccepted(1), visit=visit)
        assert done[-1] == "wipe but job"
    assert walk(CLASSROOM, on.Home(), visit=Visit(State.MAKING, **_BOTH))[1] == ["-making", "wipe"]
    assert walk(CLASSROOM, on.Delete(), visit=playing)[1] == ["-making", "-playing", "drop", "wipe"]
    assert walk(CLASSROOM, on.Wipe(), visit=playing)[1] == ["-making", "-playing", "everything", "wipe"]


def test_a_lesson_that_fails_while_it_is_watched_is_not_kept() -> None:
    making = Visit(State.MAKING, job="j", **_BOTH)
    states, done, visit = walk(CLASSROOM, on.JobWatchable(), on.JobFailed(WHY), on.Retake(), visit=making)
    assert states == ["playing", "error", "review"]
    assert done == ["+playing", "-making", "-playing", "drop"]
    assert (visit.photo, visit.voice, visit.job) == (PHOTO, VOICE, None)


def test_what_a_profile_forbids_does_nothing() -> None:
    rules = Rules(pick=False, save=False, link=False)
    for state, event in (
        ("photo", on.Pick()),
        ("voice", on.Pick()),
        ("playing", on.Save()),
        ("playing", on.ShowLink()),
    ):
        assert step(BEFORE[state], event, rules) == (BEFORE[state], ())
    no_camera = Rules(camera=False)
    assert step(BEFORE["consent"], on.Agree(), no_camera)[0].state is State.PHOTO_PICK
    assert step(BEFORE["photo_pick"], on.Pick(), no_camera) == (BEFORE["photo_pick"], ())
    assert step(BEFORE["photo_pick"], on.Back(), no_camera)[0].state is State.CONSENT


def test_a_link_is_made_where_it_is_allowed() -> None:
    assert effects_of(step(BEFORE["playing"], on.ShowLink(), Rules(link=True))[1]) == ["link"]


def test_a_video_is_saved_and_shown_to_phones_only_when_it_is_finished() -> None:
    early = dataclasses.replace(BEFORE["playing"], finished=False)
    for event in (on.Save(), on.ShowLink()):
        assert step(early, event, Rules(link=True)) == (early, ())


# --- details ----------------------------------------------------------------------------------------------------------


def test_a_late_answer_of_the_pin_pad_opens_nothing() -> None:
    assert step(BEFORE["staff_pin"], on.PinAccepted(2), Rules()) == (BEFORE["staff_pin"], ())


def test_the_way_back_from_the_pin_pad_leads_to_where_the_visitor_was() -> None:
    for state in ("photo_check", "photo_review", "voice_review", "making", "review"):
        before = BEFORE[state]
        states, _, after = walk(Rules(), on.OpenStaffDoor(), on.Back(), visit=before)
        assert states == ["staff_pin", state]
        assert (after.candidate, after.photo, after.voice) == (before.candidate, before.photo, before.voice)


def test_a_visitor_finds_what_was_taken_already() -> None:
    _, _, visit = walk(
        Rules(), on.ChangePhoto(), on.Pick(), on.Picked(OTHER), on.PhotoAccepted(COPY), on.Accept(),
        visit=BEFORE["review"],
    )  # fmt: skip
    assert (visit.state, visit.photo, visit.voice) == (State.REVIEW, COPY, VOICE)
    states, _, _ = walk(Rules(), on.ChangePhoto(), on.Back(), visit=BEFORE["review"])
    assert states == ["photo", "review"]


def test_who_picked_picks_again() -> None:
    states, _, _ = walk(
        Rules(), on.Pick(), on.Picked(OTHER), on.PhotoRefused(WHY), on.Accept(), visit=BEFORE["photo"]
    )  # fmt: skip
    assert states == ["photo_pick", "photo_check", "error", "photo_pick"]


def test_options_out_of_range_are_ignored() -> None:
    for event in (on.Adjust("dynamic_scale", 9.0), on.Adjust("no such knob", 1.0), on.Adjust("seed", "x")):
        assert step(BEFORE["review"], event, Rules()) == (BEFORE["review"], ())
    assert step(BEFORE["review"], on.Adjust("dynamic_scale", 1.5), Rules())[0].options == MakeOptions(dynamic_scale=1.5)


def test_a_language_lasts_for_the_visit() -> None:
    _, _, visit = walk(Rules(), on.ChooseLanguage("en"), on.Begin(), on.ChooseLanguage("no such language"))
    assert visit.language == "en"
    assert step(visit, on.Home(), Rules())[0].language == "zh"


def test_the_staffs_switch_closes_and_opens() -> None:
    states, done, closed = walk(Rules(), on.SetClosed(True), on.LeaveStaff(), on.ServiceBack(), visit=BEFORE["staff"])
    assert states == ["staff", "out_of_service", "out_of_service"]
    assert step(closed, on.Resumed(PHOTO, VOICE, None), Rules()) == (closed, ())
    states, _, _ = walk(
        Rules(), on.OpenStaffDoor(), on.PinAccepted(1), on.SetClosed(False), on.LeaveStaff(), visit=closed
    )  # fmt: skip
    assert states[-1] == "attract"


def test_a_visit_that_has_begun_outlasts_an_outage() -> None:
    states, _, visit = walk(Rules(), on.ServiceLost("engine"), on.Home(), visit=BEFORE["photo"])
    assert states == ["photo", "out_of_service"]
    assert visit.outage == "engine"


def test_how_long_a_visitor_may_think() -> None:
    rules = Rules(idle_seconds=30.0)
    for_ever = ("attract", "out_of_service", "making", "voice_recording", "photo_check", "voice_check", "photo_shot")
    for state, visit in BEFORE.items():
        seconds = flow.idle_seconds(visit, rules)
        if state in for_ever or state == "playing":
            assert seconds is None, state
        elif state in ("thanks", "error", "staff_pin", "staff"):
            assert seconds is not None and seconds != 30.0, state
        else:
            assert seconds == 30.0, state
    assert flow.idle_seconds(dataclasses.replace(BEFORE["playing"], playing=False), rules) == 30.0
    assert flow.idle_seconds(BEFORE["error"], CLASSROOM) is None
    assert flow.idle_seconds(BEFORE["review"], CLASSROOM) is None


# --- whatever happens -------------------------------------------------------------------------------------------------

NOBODY = (State.ATTRACT, State.OUT_OF_SERVICE, State.STAFF, State.THANKS)


@given(
    st.sampled_from(
        [Rules(), Rules(link=True, pick=False), HEADLESS, dataclasses.replace(HEADLESS, portrait=OTHER), CLASSROOM]
    ),
    st.lists(st.sampled_from(list(EVENTS.values())), max_size=60),
)
@settings(max_examples=300, deadline=None)
def test_whatever_happens(rules: Rules, told: List[on.Event]) -> None:
    visit = Visit(language=rules.language)
    going_on: Set[Activity] = set()
    for event in told:
        before = visit
        visit, effects = step(before, event, rules)
        for effect in effects:
            if isinstance(effect, flow.Stop):
                going_on.remove(effect.activity)
            elif isinstance(effect, flow.Start):
                assert effect.activity not in going_on
                going_on.add(effect.activity)
        assert going_on == activities(visit)
        deeds = effects_of(effects)
        if visit.state in NOBODY:
            assert (visit.candidate, visit.photo, visit.voice, visit.job) == (None,) * 4
            assert not going_on
        if visit.number != before.number:
            assert "wipe" in deeds or "wipe but job" in deeds
        if before.job and not visit.job:
            assert {"drop", "wipe", "wipe but job"} & set(deeds)
        if "wipe but job" in deeds:
            assert rules.keep and before.job
        if visit.state in (State.REVIEW, State.MAKING, State.PLAYING):
            assert visit.photo is not None and visit.voice is not None
        if visit.state is State.ERROR:
            assert visit.why is not None
