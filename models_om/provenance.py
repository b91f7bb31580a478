"""Whose work the networks were trained on, and by which commands: the words of the manifest.

Whoever trains anew brings `TRAINING` up to date; the model card (README.md) tells the same at length.
"""

from __future__ import annotations

from typing import Any, Dict, List

LICENCE = "Apache-2.0"

ROLES: Dict[str, str] = {
    "sonic": "1.6 s of speech to the condition of the motion; a photo to its look and its own expression",
    "sonic_denoiser": "one step of the motion sampler: the velocity from noise to motion",
    "sonic_painter": "the inside of the mouth and the seams of a warped photo, as colour and opacity",
}

SOURCES: Dict[str, Dict[str, str]] = {
    "grid": {
        "what": "GRID audiovisual sentence corpus",
        "licence": "CC BY 4.0",
        "credit": "M. Cooke, J. Barker, S. Cunningham and X. Shao, J. Acoust. Soc. Am. 120(5), 2006",
        "trained_on": "speakers s1 (866 sentences) and s4 (50): 46 min, lips tracked; an altered copy of it",
        "held_out": "62 sentences of s1; speakers s26 and s31",
    },
    "facegood": {
        "what": "FACEGOOD-Audio2Face: Mandarin speech with measured face curves",
        "licence": "MIT",
        "credit": "Copyright (c) 2022-2032 The FACEGOOD Authors",
        "trained_on": "clips 1114_2_01 to 1114_2_04: 7.4 min of one speaker; an altered copy of them",
        "held_out": "clips 1114_2_05 and 1114_3_15",
    },
    "synthetic_speech": {
        "what": "speech synthesised with Kokoro-82M and hibari, lips by the rules of corpus/visemes.py",
        "licence": "Apache-2.0",
        "credit": "hexgrad (Kokoro-82M and its voices), the authors of hibari-tts",
        "trained_on": "41 min Mandarin and 126 min English in 21 voices; an altered copy of it",
        "held_out": "two Mandarin and two English voices, reading other texts",
    },
    "portraits": {
        "what": "SFHQ-T2I: synthetic portraits of nobody",
        "licence": "MIT",
        "credit": "David Beniaguev",
        "trained_on": "nine of ten of 1,440 portraits",
        "held_out": "every tenth portrait",
    },
    "face_landmarker": {
        "what": "MediaPipe Face Landmarker, teacher of tracked lips and of expressions",
        "licence": "Apache-2.0",
        "credit": "Copyright Google LLC",
        "trained_on": "its readings of grid and portraits",
        "held_out": "its readings of what is held out there",
    },
    "ict_facekit": {
        "what": "ICT-FaceKit: a head with teeth and tongue, and the shapes of the coefficients",
        "licence": "MIT",
        "credit": "Copyright (c) 2020 USC Institute for Creative Technologies",
        "trained_on": "the light model: neutral head, expressions, identities",
        "held_out": "nothing",
    },
}

_MOTION = ["grid", "facegood", "synthetic_speech", "face_landmarker", "ict_facekit"]
_SEED = 20

TRAINING: Dict[str, List[Dict[str, Any]]] = {
    "sonic": [
        {
            "part": "first speech encoder, together with sonic_denoiser",
            "command": "python -m models_om.train motion --work WORK",
            "seed": _SEED, "steps": 2400, "sources": _MOTION,
        },
        {
            "part": "second speech encoder, the lip-sync expert among its teachers",
            "command": "python -m models_om.train partner --work WORK",
            "seed": _SEED + 1, "steps": 1400, "sources": _MOTION,
        },
        {
            "part": "photo encoder",
            "command": "python -m models_om.train photo --work WORK",
            "seed": _SEED, "steps": 1200, "sources": ["portraits", "face_landmarker"],
        },
    ],
    "sonic_denoiser": [
        {
            "part": "all, together with the first speech encoder of sonic",
            "command": "python -m models_om.train motion --work WORK",
            "seed": _SEED, "steps": 2400, "sources": _MOTION,
        },
        {
            "part": "all, on both speech encoders, from noise of every size",
            "command": "python -m models_om.train denoiser --work WORK",
            "seed": _SEED, "steps": 500, "sources": _MOTION,
        },
        {
            "part": "all, on its own samples: paths made straight",
            "command": "python -m models_om.train straight --work WORK",
            "seed": _SEED, "steps": 500, "sources": _MOTION,
        },
    ],
    "sonic_painter": [
        {
            "part": "all",
            "command": "python -m models_om.train painter --work WORK",
            "seed": _SEED, "steps": 1500, "sources": ["grid", "portraits", "ict_facekit", "face_landmarker"],
        },
    ],
}  # fmt: skip

DATA_LICENCES: Dict[str, str] = {  # of other data files: `LICENCE`
    "ict_basis.npz": "MIT, from ICT-FaceKit",
    "mouth_sprites.npz": "MIT, from ICT-FaceKit",
}
