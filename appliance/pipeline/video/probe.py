"""Reading a finished video: its frames, and what is in the file. Needs no ffprobe."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np

from ...errors import OutputError
from ..ffmpeg import Ffmpeg, input_file

EXACT_COLOURS = ("-sws_flags", "accurate_rnd+full_chroma_int+bicubic")
"""ffmpeg's fast way back to RGB is 2 levels too dark."""


def read_video(path: Path) -> Iterator[np.ndarray]:
    """Frames of a video, each uint8 (h, w, 3) RGB of its own. Raises `OutputError` if it cannot be read."""
    facts = probe(path)
    width, height = facts["width"], facts["height"]
    arguments = input_file(path) + ["-map", "0:v:0", *EXACT_COLOURS, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    with Ffmpeg(arguments, collect=True) as ffmpeg:
        while True:
            raw = ffmpeg.stdout.read(width * height * 3)
            if len(raw) < width * height * 3:
                break
            yield np.frombuffer(raw, dtype=np.uint8).reshape(height, width, 3)
        if ffmpeg.wait() != 0:
            raise OutputError("\n".join(ffmpeg.complaints()), message="The video cannot be read back.")


def probe(path: Path) -> Dict[str, Any]:
    """What a video file holds.

    Keys: ``video_codec``, ``profile``, ``pixel_format``, ``colour`` (range and matrix as ffmpeg prints them),
    ``width``, ``height``, ``frame_rate``, ``frames``, ``video_duration`` s, ``audio_codec``, ``audio_rate``,
    ``audio_channels``, ``audio_duration`` s (None where there is no sound), ``tags``.
    Raises `OutputError` if it is not a readable video.
    """
    packets, messages = _read(
        input_file(path) + ["-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", "-f", "framecrc", "-"]
    )
    video = re.search(
        r"Stream #0:\d.*?: Video: (\w+)(?: \(([^()]+)\))?[^,]*, (\w+)(?:\(([^)]*)\))?.*?, (\d+)x(\d+).*?([\d.]+) fps",
        messages,
    )
    if video is None:
        raise OutputError("no video track", message="The video cannot be read back.")
    audio = re.search(r"Stream #0:\d.*?: Audio: (\w+).*?, (\d+) Hz, ([\w.]+)", messages)
    timeline = _timeline(packets)
    tags, _ = _read(input_file(path) + ["-fflags", "+bitexact", "-f", "ffmetadata", "-"])
    return {
        "video_codec": video.group(1),
        "profile": video.group(2),
        "pixel_format": video.group(3),
        "colour": video.group(4) or "",
        "width": int(video.group(5)),
        "height": int(video.group(6)),
        "frame_rate": float(video.group(7)),
        "frames": timeline[0][0],
        "video_duration": timeline[0][1],
        "audio_codec": audio and audio.group(1),
        "audio_rate": audio and int(audio.group(2)),
        "audio_channels": audio and audio.group(3),
        "audio_duration": timeline[1][1] if 1 in timeline else None,
        "tags": _tags(tags),
    }


def _read(arguments: List[str]) -> Tuple[str, str]:
    with Ffmpeg(arguments, collect=True) as ffmpeg:
        output = ffmpeg.stdout.read().decode("utf-8", "replace")
        if ffmpeg.wait() != 0:
            raise OutputError("\n".join(ffmpeg.complaints()), message="The video cannot be read back.")
        return output, ffmpeg.messages()


def _timeline(packets: str) -> Dict[int, Tuple[int, float]]:
    """From `framecrc`: packets and end time in seconds of each stream."""
    units = {int(stream): int(num) / int(den) for stream, num, den in re.findall(r"#tb (\d+): (\d+)/(\d+)", packets)}
    rows = [[int(value) for value in line.split(",")[:4]] for line in packets.splitlines() if line[:1].isdigit()]
    return {
        stream: (
            sum(1 for row in rows if row[0] == stream),
            max((row[2] + row[3]) * unit for row in rows if row[0] == stream),
        )
        for stream, unit in units.items()
    }


def _tags(ffmetadata: str) -> Dict[str, str]:
    """Global tags out of ffmpeg's metadata format, in which `=`, `;`, `#` and the backslash are escaped."""
    lines = [line for line in ffmetadata.splitlines()[1:] if "=" in line]
    pairs = (re.split(r"(?<!\\)=", line, maxsplit=1) for line in lines)
    return {key: re.sub(r"\\(.)", r"\1", value) for key, value in pairs}
