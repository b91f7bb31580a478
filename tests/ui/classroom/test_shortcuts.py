"""A teacher's way through the flow, with the flow itself."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional, Tuple

import pytest

from appliance.ui import events as on
from appliance.ui.classroom.shortcuts import WELCOME, Wishes, dropped, kind_of, steer
from appliance.ui.flow import Rules, State, Visit, step

RULES = Rules(consent=False, watch_early=True, keep=True, idle=False)
PHOTO, VOICE = Path("/media/a.jpg"), Path("/media/b.MP3")
COPY = Path("/visit/copy")


class Teacher:
    """The flow, steered; the checks of files always succeed."""

    def __init__(self, rules: Rules = RULES, wishes: Optional[Wishes] = None) -> None:
        self.rules, self.wishes, self.visit = rules, wishes or Wishes(), Visit()
        self.way: List[State] = []

    def does(self, *events: on.Event) -> State:
        for event in events:
            before = self.visit.state
            self.visit, _ = step(self.visit, event, self.rules)
            if self.visit.state is not before:
                self.way.append(self.visit.state)
                self._steer(before)
        return self.visit.state

    def drops(self, *paths: Path) -> State:
        for path in paths:
            self.wishes = dropped(self.wishes, path)
        self._steer(self.visit.state)
        return self.visit.state

    def _steer(self, before: State) -> None:
        event, self.wishes = steer(before, self.visit, self.wishes)
        if event is not None:
            self.does(event)
        elif self.visit.state is State.PHOTO_CHECK:
            self.does(on.PhotoAccepted(COPY / "photo"))
        elif self.visit.state is State.VOICE_CHECK:
            self.does(on.VoiceAccepted(COPY / "voice"))


@pytest.mark.parametrize("camera", [True, False])
def test_portrait_then_lecture_in_two_touches(camera: bool) -> None:
    teacher = Teacher(Rules(consent=False, camera=camera, keep=True, idle=False))
    assert teacher.does(on.Begin()) is State.PHOTO_PICK
    assert teacher.does(on.Picked(PHOTO)) is State.VOICE_PICK
    assert teacher.does(on.Picked(VOICE)) is State.REVIEW
    assert teacher.does(on.Accept()) is State.MAKING


def test_where_consent_is_asked_the_gallery_comes_after_it() -> None:
    teacher = Teacher(Rules(consent=True, keep=True, idle=False))
    assert teacher.does(on.Begin()) is State.CONSENT
    assert teacher.does(on.Agree()) is State.PHOTO_PICK
    dropping = Teacher(Rules(consent=True, keep=True, idle=False))
    assert dropping.drops(PHOTO, VOICE) is State.CONSENT
    assert dropping.does(on.Agree()) is State.REVIEW


def test_both_dropped_at_home() -> None:
    teacher = Teacher()
    assert teacher.drops(VOICE, PHOTO) is State.REVIEW
    assert teacher.wishes == Wishes()
    assert teacher.visit.photo and teacher.visit.voice


def test_a_lecture_dropped_first_waits_for_its_portrait() -> None:
    teacher = Teacher()
    assert teacher.drops(VOICE) is State.PHOTO_PICK
    assert teacher.does(on.Picked(PHOTO)) is State.REVIEW


@pytest.mark.parametrize("state", [state for state in WELCOME if state not in (State.ATTRACT, State.THANKS)])
def test_dropped_wherever_one_is_it_ends_in_the_review(state: State) -> None:
    """With what was dropped."""
    teacher = Teacher()
    held = {
        State.PHOTO: {}, State.PHOTO_PICK: {}, State.PHOTO_REVIEW: {"candidate": COPY},
        State.VOICE: {"photo": COPY}, State.VOICE_PICK: {"photo": COPY},
        State.VOICE_REVIEW: {"photo": COPY, "candidate": COPY}, State.REVIEW: {"photo": COPY, "voice": COPY},
    }  # fmt: skip
    teacher.visit = Visit(state, **held[state])  # type: ignore[arg-type]
    assert teacher.drops(PHOTO, VOICE) is State.REVIEW
    assert (teacher.visit.photo, teacher.visit.voice) == (COPY / "photo", COPY / "voice")
    assert teacher.wishes == Wishes()


def test_the_camera_if_somebody_wants_it() -> None:
    teacher = Teacher(wishes=Wishes(camera=True))
    assert teacher.does(on.Begin()) is State.PHOTO
    assert teacher.does(on.Shoot(), on.CountdownOver(), on.PhotoTaken(PHOTO)) is State.PHOTO_REVIEW, "it is looked at"
    assert teacher.does(on.Accept()) is State.VOICE_PICK
    assert teacher.does(on.Pick()) is State.VOICE, "and from the recordings to the microphone"


def test_spoken_on_the_spot() -> None:
    teacher = Teacher(wishes=Wishes(record=True))
    assert teacher.does(on.Begin(), on.Picked(PHOTO)) is State.VOICE
    spoken = (on.Record(), on.CountdownOver(), on.StopRecording(), on.VoiceRecorded(COPY))
    assert teacher.does(*spoken) is State.VOICE_REVIEW


def test_back_is_back() -> None:
    """No shortcut leads forward again where somebody wants back."""
    teacher = Teacher()
    teacher.does(on.Begin(), on.Picked(PHOTO))
    assert teacher.does(on.Back()) is State.VOICE
    assert teacher.does(on.Back()) is State.PHOTO_REVIEW
    assert teacher.does(on.Back()) is State.PHOTO
    assert teacher.does(on.Back()) is State.ATTRACT


@pytest.mark.parametrize(
    "name, kind",
    [("a.JPG", "photo"), ("b.webp", "photo"), ("c.m4a", "speech"), ("d.wav", "speech"), ("e.exe", ""), ("f", "")],
)
def test_kinds(name: str, kind: str) -> None:
    assert kind_of(Path(name)) == kind


def test_the_last_one_dropped_counts_and_nothing_else() -> None:
    wishes = Wishes()
    for name in ("a.png", "b.png", "c.exe", "d.mp3"):
        wishes = dropped(wishes, Path(name))
    assert wishes == Wishes(photo=Path("b.png"), voice=Path("d.mp3"))


def test_nothing_is_steered_where_nobody_dropped_anything() -> None:
    quiet: List[Tuple[State, State]] = [
        (before, state)
        for state in State
        for before in (State.ERROR, State.VOICE_PICK, State.PHOTO_PICK)
        if steer(before, Visit(state, photo=COPY, voice=COPY, candidate=COPY), Wishes())[0] is not None
    ]
    assert quiet == []
