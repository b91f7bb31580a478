"""What a front end is told beside the state of the visit: many times a second; only the newest counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple, Union

import numpy as np

from ..engine.view import Health, LiveProgress
from ..errors import SonicError


@dataclass(frozen=True)
class Preview:
    """What the camera sees.

    ``picture``: uint8 (height, width, 3) RGB, mirrored. ``face``: its box (x0, y0, x1, y1) in the picture, None where
    there is none. ``guidance``: a key of `appliance.capture.camera.guidance`, such as "closer"; "ready" where all is
    well.
    """

    picture: np.ndarray
    face: Optional[Tuple[float, float, float, float]]
    guidance: str


@dataclass(frozen=True)
class Level:
    """What the microphone hears. ``peak`` and ``loudness`` (RMS) of the last moment in dB of full scale, at least -90.

    ``warning``: "clipping", "quiet" or "". ``seconds`` recorded, ``silence`` seconds since somebody spoke last.
    """

    peak: float
    loudness: float
    warning: str
    seconds: float
    silence: float


@dataclass(frozen=True)
class Countdown:
    """``left``: whole seconds until it happens."""

    left: int


@dataclass(frozen=True)
class Making:
    """How far the engine is. ``position`` in its queue while the job waits; ``available`` seconds can be watched."""

    progress: Optional[LiveProgress]
    position: Optional[int]
    available: float
    duration: Optional[float]


@dataclass(frozen=True)
class Medium:
    """One file to choose. ``thumbnail``: uint8 (height, width, 3) RGB of a photo; ``seconds`` of a recording."""

    path: Path
    name: str
    thumbnail: Optional[np.ndarray] = None
    seconds: Optional[float] = None


@dataclass(frozen=True)
class Media:
    """What can be chosen now. ``kind``: "photo" or "speech". ``searching``: more may come. ``stick``: one is there."""

    kind: str
    files: Tuple[Medium, ...]
    searching: bool
    stick: bool


@dataclass(frozen=True)
class DeviceState:
    """``device``: "camera" or "microphone"; ``error``: why it cannot be used now, None once it can."""

    device: str
    error: Optional[SonicError]


@dataclass(frozen=True)
class EngineState:
    """None where the engine does not answer."""

    health: Optional[Health]


@dataclass(frozen=True)
class Notice:
    """A passing word to the visitor. ``key``: "saving", "saved", "save_failed", "link_failed", "play_failed",
    "delete_failed", "goes_on", "listening", "listened"; ``error``: why not."""

    key: str
    error: Optional[SonicError] = None


@dataclass(frozen=True)
class Link:
    """Where a phone in the local network finds the video, and for how long."""

    url: str
    seconds: float


Feed = Union[Preview, Level, Countdown, Making, Media, DeviceState, EngineState, Notice, Link]
