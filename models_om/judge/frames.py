"""Frames to look at: three held-out portraits saying the sounds that show most."""

from __future__ import annotations

from typing import Dict, Iterator, List, Tuple

import cv2
import numpy as np

from .bench import Bench, Clip, Sound
from .closures import frame_at
from .figure import Finding, Strip
from .studio import PORTRAITS, Studio
from .subjects import Subject

TITLE = "Frames"
ABOUT = (
    "Held-out portraits at the middles of the longest sounds of a kind in the unseen voices, lower face, as drawn "
    "before the encoder."
)
SOUNDS = {"b, p, m": "bpm", "a": "aɑæ", "u, w": "uw", "s": "s", "f": "f", "i": "i", "silence": "_"}


def judge(subject: Subject, bench: Bench) -> Iterator[Finding]:
    studio = Studio(subject, bench)
    sounds = longest(bench.clips)
    for portrait in PORTRAITS:
        pictures, captions = [], []
        for name, (clip, sound) in sounds.items():
            motion = subject.move(clip.audio)
            row = frame_at(sound.middle, len(motion.coefficients))
            frame = next(studio.frames(portrait, motion, [row]))
            pictures.append(lower_face(frame, studio))
            captions.append(f"{name}" if sound.symbol == "_" else f"{name}: /{sound.symbol[-1]}/")
        yield Strip("frames", f"{portrait.split('.')[0]}", pictures, captions)


def longest(clips: List[Clip]) -> Dict[str, Tuple[Clip, Sound]]:
    """The longest sound of each kind of `SOUNDS` among all clips; nothing for a kind that is not there."""
    found: Dict[str, Tuple[Clip, Sound]] = {}
    for name, symbols in SOUNDS.items():
        candidates = [(clip, sound) for clip in clips for sound in clip.sounds if sound.symbol[-1] in symbols]
        if candidates:
            found[name] = max(candidates, key=lambda pair: pair[1].end - pair[1].start)
    return found


def lower_face(frame: np.ndarray, studio: Studio) -> np.ndarray:
    """uint8 (200,200,3): nose to chin."""
    mesh = studio.face(frame).mesh[:, :2]
    centre = mesh[[61, 291, 13, 14]].mean(0)
    half = 0.3 * np.linalg.norm(mesh[152] - mesh[10])
    scale = 100 / half
    matrix = np.array([[scale, 0, 100 - scale * centre[0]], [0, scale, 100 - scale * centre[1]]])
    return cv2.warpAffine(frame, matrix, (200, 200), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
