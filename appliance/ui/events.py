"""What can happen in a visit: what somebody does, and what the world answers. The flow knows nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

from ..engine.job import Failure

# --- what somebody does -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Begin:
    """The screen was touched, the record button pressed."""


@dataclass(frozen=True)
class Agree:
    """To the use of face and voice."""


@dataclass(frozen=True)
class Decline:
    pass


@dataclass(frozen=True)
class Back:
    """To the screen before."""


@dataclass(frozen=True)
class Home:
    """End the visit, whatever was done."""


@dataclass(frozen=True)
class Shoot:
    """Take a photo, after the countdown."""


@dataclass(frozen=True)
class Pick:
    """Show what can be chosen instead of the camera or the microphone, or the other way round."""


@dataclass(frozen=True)
class Picked:
    """This photo, this recording."""

    path: Path


@dataclass(frozen=True)
class Retake:
    pass


@dataclass(frozen=True)
class Accept:
    """Keep this photo, this recording; make the video."""


@dataclass(frozen=True)
class Record:
    pass


@dataclass(frozen=True)
class StopRecording:
    pass


@dataclass(frozen=True)
class Listen:
    """To the recording; again to stop."""


@dataclass(frozen=True)
class Adjust:
    """One field of `MakeOptions`, such as ``dynamic_scale``; a value out of range is ignored."""

    name: str
    value: Any


@dataclass(frozen=True)
class ChangePhoto:
    pass


@dataclass(frozen=True)
class ChangeVoice:
    pass


@dataclass(frozen=True)
class Replay:
    pass


@dataclass(frozen=True)
class Save:
    """The video to a USB stick."""


@dataclass(frozen=True)
class ShowLink:
    """To the video in the local network."""


@dataclass(frozen=True)
class Delete:
    """The video, now."""


@dataclass(frozen=True)
class Done:
    """The visitor has seen enough."""


@dataclass(frozen=True)
class ChooseLanguage:
    language: str


@dataclass(frozen=True)
class Touched:
    """Somebody is there: any key or touch that means nothing else."""


@dataclass(frozen=True)
class OpenStaffDoor:
    """The hidden corner was held."""


@dataclass(frozen=True)
class LeaveStaff:
    pass


@dataclass(frozen=True)
class SetClosed:
    """The staff's switch: out of service or not."""

    closed: bool


@dataclass(frozen=True)
class Wipe:
    """The emergency button was held: everything goes, of this visit and of all others."""


# --- what the world answers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CountdownOver:
    pass


@dataclass(frozen=True)
class PhotoTaken:
    path: Path


@dataclass(frozen=True)
class PhotoAccepted:
    """It shows one face that can speak. ``path``: the visit's own copy of a photo that was picked."""

    path: Optional[Path] = None


@dataclass(frozen=True)
class PhotoRefused:
    why: Failure


@dataclass(frozen=True)
class VoiceRecorded:
    path: Path


@dataclass(frozen=True)
class VoiceAccepted:
    """``path``: the visit's own copy of a recording that was picked."""

    path: Optional[Path] = None


@dataclass(frozen=True)
class VoiceRefused:
    why: Failure


@dataclass(frozen=True)
class DeviceFailed:
    """Camera or microphone, in the middle of taking a photo or a recording."""

    why: Failure


@dataclass(frozen=True)
class Listened:
    """The recording was heard to its end."""


@dataclass(frozen=True)
class JobAccepted:
    job: str


@dataclass(frozen=True)
class JobWatchable:
    """Its first seconds are there."""


@dataclass(frozen=True)
class JobDone:
    pass


@dataclass(frozen=True)
class JobFailed:
    why: Failure


@dataclass(frozen=True)
class PlaybackEnded:
    pass


@dataclass(frozen=True)
class PlaybackFailed:
    why: Failure


@dataclass(frozen=True)
class PinAccepted:
    """``door``: `Visit.door` when the PIN was entered; a late answer opens nothing for the next person."""

    door: int


@dataclass(frozen=True)
class ServiceLost:
    """No video can be made. ``reason``: "engine" or "storage"."""

    reason: str


@dataclass(frozen=True)
class ServiceBack:
    pass


@dataclass(frozen=True)
class Broken:
    """The program itself is at fault; whatever was going on may not come to its end."""

    why: Failure


@dataclass(frozen=True)
class Idle:
    """Nobody did anything for as long as `idle_seconds` says."""


@dataclass(frozen=True)
class Resumed:
    """At the start: a job that was being made when the power went. ``job``: None where it was not heard of yet."""

    photo: Path
    voice: Path
    job: Optional[str]


Deed = Union[
    Begin, Agree, Decline, Back, Home, Shoot, Pick, Picked, Retake, Accept, Record, StopRecording, Listen, Adjust,
    ChangePhoto, ChangeVoice, Replay, Save, ShowLink, Delete, Done, ChooseLanguage, Touched, OpenStaffDoor, LeaveStaff,
    SetClosed, Wipe,
]  # fmt: skip
Answer = Union[
    CountdownOver, PhotoTaken, PhotoAccepted, PhotoRefused, VoiceRecorded, VoiceAccepted, VoiceRefused, DeviceFailed,
    Listened, JobAccepted, JobWatchable, JobDone, JobFailed, PlaybackEnded, PlaybackFailed, PinAccepted, ServiceLost,
    ServiceBack, Broken, Idle, Resumed,
]  # fmt: skip
Event = Union[Deed, Answer]
DEEDS = tuple(Deed.__args__)  # type: ignore[attr-defined]
ANSWERS = tuple(Answer.__args__)  # type: ignore[attr-defined]
