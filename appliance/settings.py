"""Every knob of the appliance: frozen dataclasses whose fields carry their range, unit and help text.

The command line, the documentation and the checks are all made from these fields, so a knob is defined once.
Names follow Sonic's own (`jixiaozhong/Sonic`) where a knob means the same.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Any, Optional, Tuple

from .errors import UsageError

FRAME_RATE = 25
"""Frames a second of every video; the networks are trained for it."""

SAMPLE_RATE = 16_000
"""Hertz of the speech the networks hear."""


def knob(
    default: Any, help: str, *, unit: str = "", low: Any = None, high: Any = None, choices: Tuple[str, ...] = ()
) -> Any:
    """A dataclass field with what the command line and the documentation need to know about it."""
    return field(default=default, metadata={"help": help, "unit": unit, "low": low, "high": high, "choices": choices})


@dataclass(frozen=True)
class MakeOptions:
    """How one video is made. Raises `UsageError` for a value out of range."""

    duration: Optional[float] = knob(None, "length of the video; must equal the speech, checked", unit="s", low=0.5)
    min_resolution: int = knob(512, "shorter side of the video", unit="px", low=384, high=1024)
    expand_ratio: float = knob(0.15, "margin around the face in the crop, as a share of the face", low=0.15, high=0.2)
    inference_steps: int = knob(10, "steps of the motion sampler; more gain nothing measurable", low=1, high=100)
    dynamic_scale: float = knob(1.0, "amplitude of the mouth", low=0.0, high=2.0)
    motion_scale: float = knob(1.0, "amplitude of head and face beside the mouth", low=0.0, high=2.0)
    blink_scale: float = knob(1.0, "amplitude of the blinks; 0 keeps the eyes open", low=0.0, high=1.0)
    head_scale: float = knob(1.0, "amplitude of the head sway; 0 keeps the head still", low=0.0, high=2.0)
    rest_scale: float = knob(1.0, "how fully the mouth shuts in silence", low=0.0, high=1.0)
    align_offset: float = knob(0.03, "sound against picture; positive = sound later", unit="s", low=-1.0, high=1.0)
    smooth: float = knob(0.0, "low-pass on the motion; 0 = as sampled", low=0.0, high=1.0)
    seed: int = knob(0, "same inputs and same seed give the same video", low=0, high=2**31 - 1)
    framing: str = knob("face", "the face crop, or pasted back into the full photo", choices=("face", "full"))
    face: Optional[int] = knob(None, "which face, counted from the left from 1; default: the largest", low=1)
    precision: Optional[str] = knob(
        None, "of the networks; default: int8 where the run time has it", choices=("int8", "fp32")
    )
    runtime: str = knob("auto", "what runs the networks", choices=("auto", "onnx", "mindspore_lite", "acl"))
    label: str = knob(
        "opening",
        "visible AI mark: during the first 2 s, throughout, or none (only where the law allows)",
        choices=("opening", "throughout", "none"),
    )
    producer: str = knob("sonic-appliance", "ContentProducer in the AIGC metadata, printable ASCII")

    def __post_init__(self) -> None:
        for knob_field in dataclasses.fields(self):
            value, meta = getattr(self, knob_field.name), knob_field.metadata
            if value is None:
                continue
            name = "--" + knob_field.name.replace("_", "-")
            if meta["choices"] and value not in meta["choices"]:
                raise UsageError(message=f"{name} must be one of {', '.join(meta['choices'])}.")
            too_low = meta["low"] is not None and not value >= meta["low"]
            too_high = meta["high"] is not None and not value <= meta["high"]
            if too_low or too_high:
                span = (
                    f"at least {meta['low']}" if meta["high"] is None else f"between {meta['low']} and {meta['high']}"
                )
                raise UsageError(message=f"{name} must be {span}{' ' + meta['unit'] if meta['unit'] else ''}.")
        if not re.fullmatch(r"[ -~]+", self.producer) or set(self.producer) & set("\"'\\"):
            raise UsageError(message="--producer must be printable ASCII without quotes and backslash, and not empty.")
