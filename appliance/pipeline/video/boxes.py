"""ISO base media boxes: taking a fragmented MP4 apart, and moving its fragments in time.

Source: ISO/IEC 14496-12, *ISO base media file format* (4.2 boxes, 8.8 movie fragments).
"""

from __future__ import annotations

import struct
from typing import Iterator, Mapping, Tuple

INIT = (b"ftyp", b"moov")
MEDIA = (b"moof", b"mdat")


def boxes(data: bytes, start: int = 0, end: int = -1) -> Iterator[Tuple[bytes, int, int]]:
    """Type, first byte of content and end of each box in ``data[start:end]``. Raises ValueError if one does not fit."""
    end = len(data) if end < 0 else end
    while start < end:
        if end - start < 8:
            raise ValueError("a box is cut off")
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end:
            raise ValueError(f"box {kind!r} of {size} bytes does not fit")
        yield kind, start + 8, start + size
        start += size


def split(data: bytes) -> Tuple[bytes, bytes]:
    """A fragmented MP4 as its head (what a player needs first) and its media; the index at its end is left out."""
    found = [(kind, data[start - 8 : end]) for kind, start, end in boxes(data)]
    head = b"".join(box for kind, box in found if kind in INIT)
    return head, b"".join(box for kind, box in found if kind in MEDIA)


def moved(media: bytes, first_number: int, times: Mapping[int, int]) -> bytes:
    """Fragments numbered from ``first_number`` on, the samples of track t later by ``times[t]`` of its time units."""
    changed = bytearray(media)
    number = first_number
    for kind, start, end in boxes(media):
        if kind != b"moof":
            continue
        for inner, at, inner_end in boxes(media, start, end):
            if inner == b"mfhd":
                struct.pack_into(">I", changed, at + 4, number)
            elif inner == b"traf":
                _move_track(changed, at, inner_end, times)
        number += 1
    return bytes(changed)


def _move_track(data: bytearray, start: int, end: int, times: Mapping[int, int]) -> None:
    track = 0
    for kind, at, _ in boxes(bytes(data), start, end):
        if kind == b"tfhd":
            (track,) = struct.unpack_from(">I", data, at + 4)
        elif kind == b"tfdt":
            layout = ">Q" if data[at] == 1 else ">I"
            (time,) = struct.unpack_from(layout, data, at + 4)
            struct.pack_into(layout, data, at + 4, time + times[track])
