"""A teacher's way through the flow: what is asked step by step in a hall goes by itself here. Pure functions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

from ...capture.picker.scan import SUFFIXES
from .. import events as on
from ..flow import State, Visit


@dataclass(frozen=True)
class Wishes:
    """``photo``, ``voice``: files that were dropped, not yet given to the flow. ``camera``: the portrait will be taken
    here; ``record``: the lecture will be spoken here: do not show what could be chosen instead."""

    photo: Optional[Path] = None
    voice: Optional[Path] = None
    camera: bool = False
    record: bool = False


Steered = Tuple[Optional[on.Event], Wishes]

WELCOME = (
    State.ATTRACT, State.PHOTO, State.PHOTO_PICK, State.PHOTO_REVIEW, State.VOICE, State.VOICE_PICK, State.VOICE_REVIEW,
    State.REVIEW, State.THANKS,
)  # fmt: skip
"""Where files may be dropped."""


def kind_of(path: Path) -> str:
    """Of a dropped file: "photo", "speech", or "" for what cannot be used."""
    suffix = path.suffix.lower()
    return next((kind for kind in ("photo", "speech") if suffix in SUFFIXES[kind]), "")


def dropped(wishes: Wishes, path: Path) -> Wishes:
    """With one file more; the last of a kind counts."""
    kind = kind_of(path)
    if kind == "photo":
        return dataclasses.replace(wishes, photo=path)
    return dataclasses.replace(wishes, voice=path) if kind == "speech" else wishes


def steer(before: State, visit: Visit, wishes: Wishes) -> Steered:
    """What to do next without asking, and what is still wished then. ``before``: the state that was left for this one,
    or this one where something was dropped."""
    photo, voice = wishes.photo, wishes.voice
    state = visit.state
    if state in (State.ATTRACT, State.THANKS):
        return (on.Begin() if photo or voice else None), wishes
    if state is State.PHOTO:
        return _photo_asked(before, wishes)
    if state is State.PHOTO_PICK and photo:
        return on.Picked(photo), dataclasses.replace(wishes, photo=None)
    if state is State.PHOTO_REVIEW:
        return _photo_reviewed(before, visit, wishes), wishes
    if state is State.VOICE:
        return _voice_asked(before, wishes)
    if state is State.VOICE_PICK and voice:
        return on.Picked(voice), dataclasses.replace(wishes, voice=None)
    if state is State.VOICE_REVIEW:
        chosen = visit.picked and before is State.VOICE_CHECK
        return (on.Retake() if voice else on.Accept() if chosen else None), wishes
    if state is State.REVIEW:
        return (on.ChangePhoto() if photo else on.ChangeVoice() if voice else None), wishes
    return None, wishes


def _photo_asked(before: State, wishes: Wishes) -> Steered:
    """Portraits are chosen rather than taken, unless somebody says so."""
    if wishes.photo:
        return on.Pick(), wishes
    if wishes.camera:
        return None, dataclasses.replace(wishes, camera=False)
    return (on.Pick() if before in (State.ATTRACT, State.CONSENT) else None), wishes


def _photo_reviewed(before: State, visit: Visit, wishes: Wishes) -> Optional[on.Event]:
    """A portrait of the gallery was looked at when it was chosen."""
    if wishes.photo:
        return on.Retake()
    chosen = visit.picked and before is State.PHOTO_CHECK
    return on.Accept() if chosen or wishes.voice else None


def _voice_asked(before: State, wishes: Wishes) -> Steered:
    """Lectures are chosen rather than spoken, unless somebody says so."""
    if wishes.voice:
        return on.Pick(), wishes
    if wishes.record:
        return None, dataclasses.replace(wishes, record=False)
    return (on.Pick() if before in (State.PHOTO_REVIEW, State.REVIEW, State.ATTRACT) else None), wishes
