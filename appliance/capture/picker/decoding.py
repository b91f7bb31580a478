"""``python -m appliance.capture.picker.decoding``: the process that opens files of strangers, and may die of it.

Asked on standard input, one JSON object a line (see `check.request`). Answers on standard output with one JSON object
a line, {"fine": whether it can be used, "seconds": length of a recording or null, "shape": [height, width] of a
thumbnail or null}, followed by the pixels of the thumbnail, uint8 RGB.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO, Dict, Optional, Sequence

import numpy as np
from PIL import Image

from ...engine.worker.limits import apply_limits, die_with
from ...errors import SonicError, SpeechTooShort
from ...pipeline.photo import load_photo
from .check import THUMBNAIL
from .scan import Found

MEMORY_MEGABYTES = 700
"""Takes a photo of 100 megapixels; the kiosk's own unit has not much more."""
FILE_MEGABYTES = 1
NICENESS = 10

LISTEN_S = 120.0
"""A recording of which so much can be decoded is believed to be whole."""


def main(arguments: Sequence[str]) -> int:
    """``arguments``: number of the process that started this one."""
    apply_limits(MEMORY_MEGABYTES, FILE_MEGABYTES)
    die_with(int(arguments[0]))
    os.nice(NICENESS)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no library shall put in a word
        for line in sys.stdin.buffer:
            _answer(json.loads(line.decode("ascii")), answers)
    return 0


def _answer(message: Dict[str, Any], answers: BinaryIO) -> None:
    found = Found(
        Path(message["root"]), tuple(message["parts"]), message["device"], message["size"], message["modified"]
    )  # fmt: skip
    answer: Dict[str, Any] = {"fine": False, "seconds": None, "shape": None}
    pixels = b""
    try:
        file = found.open()
        try:
            # By number: what is decoded is what was opened, and ffmpeg gets to it too.
            path = Path(f"/proc/{os.getpid()}/fd/{file}")
            if message["kind"] == "photo":
                picture = thumbnail(path)
                answer["shape"], pixels = picture.shape[:2], picture.tobytes()
            else:
                answer["seconds"] = seconds_of(path)
            answer["fine"] = True
        finally:
            os.close(file)
    except (SonicError, OSError, MemoryError):
        pass  # not to be offered, whatever is wrong with it
    answers.write(json.dumps(answer).encode("ascii") + b"\n" + pixels)
    answers.flush()


def thumbnail(path: Path) -> np.ndarray:
    """uint8 (height, width, 3) RGB, upright, the longest side at most `THUMBNAIL`. Raises `PhotoError`."""
    picture = Image.fromarray(load_photo(path).pixels)
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    return np.array(picture)


def seconds_of(path: Path) -> Optional[float]:
    """Length of a recording; None where only decoding all of it would tell. Raises `SpeechError`, `EncoderMissing`."""
    # The first photo is not to wait for this.
    from ...pipeline.speech.decode import AudioDecoder
    from ...pipeline.speech.recording import SHORTEST

    samples = 0
    with AudioDecoder(path) as decoder:
        declared = decoder.declared_seconds()
        for block in decoder:
            samples += len(block)
            if samples > LISTEN_S * decoder.rate:
                return declared
        seconds = samples / decoder.rate
    if seconds < SHORTEST:
        raise SpeechTooShort(f"{seconds:.2f} s")
    return seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
