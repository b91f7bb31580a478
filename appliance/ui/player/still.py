"""The first picture of a video, without playing it."""

from __future__ import annotations

import threading
from typing import Callable, Iterator, List

import cv2
import numpy as np

from ...errors import SonicError, VideoUnplayable
from ...pipeline.ffmpeg import Ffmpeg
from .movie import FragmentIndex

OUT = "-an -frames:v 1 -c:v ppm -f image2pipe -".split()


def first_picture(stream: Callable[[], Iterator[bytes]], side: int) -> np.ndarray:
    """uint8 (height, width, 3) RGB, ``side`` px at most. ``stream``: an MP4, of which no more is read than is needed.

    Takes its time: not for the thread that paints. Raises `VideoUnplayable`, `EncoderMissing`, and what ``stream``
    does.
    """
    smaller = ["-vf", f"scale={side}:{side}:force_original_aspect_ratio=decrease"]
    refused: List[SonicError] = []
    with Ffmpeg(["-threads", "1", "-f", "mp4", "-i", "pipe:0", *smaller, *OUT], feed=True, collect=True) as ffmpeg:
        # Beside: ffmpeg may want to be rid of the picture before it takes more.
        threading.Thread(target=_feed, args=(ffmpeg, stream, refused), name="still", daemon=True).start()
        picture = ffmpeg.stdout.read()
    if refused:
        raise refused[0]
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR) if picture else None
    if pixels is None:
        raise VideoUnplayable("no first picture")
    result: np.ndarray = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return result


def _beginning(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Of a growing video, what can be shown without waiting for more. Raises `VideoUnplayable`."""
    index = FragmentIndex()
    for piece in pieces:
        index.add(piece)
        yield piece
        if index.fragments:
            return


def _feed(ffmpeg: Ffmpeg, stream: Callable[[], Iterator[bytes]], refused: List[SonicError]) -> None:
    try:
        for piece in _beginning(stream()):
            ffmpeg.stdin.write(piece)
            ffmpeg.stdin.flush()
    except SonicError as error:
        refused.append(error)
    except (OSError, ValueError):
        return  # it has the picture
    try:
        ffmpeg.close_stdin()
    except (OSError, ValueError):
        pass
