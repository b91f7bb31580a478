"""What an MP4 says of itself, and where the fragments of a growing one begin.

Source: ISO/IEC 14496-12, *ISO base media file format* (8.3 tracks, 8.8 movie fragments).
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO, Dict, Iterator, List, Optional, Tuple

from ...errors import VideoUnplayable
from ...pipeline.video.boxes import boxes

LARGEST_BOX = 64 << 20
"""Bytes of the boxes that are read as a whole: an hour's index has two or three million."""
LARGEST_SIDE = 8192


@dataclass(frozen=True)
class Movie:
    """``size``: (width, height) px. ``duration`` s, 0 where it is not said. ``fragmented``: frames come in fragments.

    ``track``: number of the picture's track, ``timescale`` its time units a second, ``frame_units`` those of a frame
    where fragments do not say.
    """

    size: Tuple[int, int]
    duration: float
    sound: bool
    fragmented: bool
    track: int
    timescale: int
    frame_units: int


@dataclass(frozen=True)
class Fragment:
    """Bytes ``first .. last - 1`` of the file; from ``start`` to ``end`` s, beginning with a key frame."""

    first: int
    last: int
    start: float
    end: float


class FragmentIndex:
    """Is told an MP4 piece by piece, and knows at once what of it can be played."""

    def __init__(self) -> None:
        self.movie: Optional[Movie] = None
        self.head_bytes = 0
        """What every player needs first, from the first byte of the file on."""
        self.fragments: List[Fragment] = []
        self._at = 0
        """Of the file, where `_held` begins."""
        self._held = bytearray()
        self._passing: Tuple[bytes, int] = (b"", 0)
        """A box that is not looked into, and how much of it is still to come."""
        self._begun: Optional[_Begun] = None
        """The fragment whose frames are still to come."""

    @property
    def available(self) -> float:
        """Seconds that can be played."""
        return self.fragments[-1].end if self.fragments else 0.0

    def add(self, data: bytes) -> None:
        """The next bytes. Raises `VideoUnplayable` for what is no MP4."""
        self._held += data
        try:
            while self._step():
                pass
        except (ValueError, struct.error, KeyError, IndexError, ZeroDivisionError) as error:
            raise VideoUnplayable(f"byte {self._at}: {error}") from error

    def skip(self, file: BinaryIO) -> None:
        """Have the file, of which `add` was told all that was read, go on after what need not be looked into."""
        kind, left = self._passing
        if left:
            file.seek(left, os.SEEK_CUR)
            self._passing = (kind, 0)
            self._at += left

    def _step(self) -> bool:
        """Whether there may be more to do with what is held."""
        kind, left = self._passing
        if left:
            passed = min(left, len(self._held))
            self._passing = (kind, left - passed)
            self._advance(passed)
            if passed == left and kind == b"mdat":
                self._keep()
            return passed == left
        box = header(bytes(self._held[:16]))
        if box is None:
            return False
        if self._at == 0 and box.kind != b"ftyp":
            raise ValueError(f"begins with {box.kind!r}")
        if box.kind not in (b"moov", b"moof"):
            self._passing = (box.kind, box.size)
            return True
        if box.size > LARGEST_BOX:
            raise ValueError(f"{box.kind!r} of {box.size} bytes")
        if len(self._held) < box.size:
            return False
        content = bytes(self._held[box.begin : box.size])
        first = self._at
        self._advance(box.size)
        if box.kind == b"moov":
            self.movie, self.head_bytes = _movie(content), self._at
        elif self.movie is not None:
            self._begun = _begun(content, first, self.movie)
        return True

    def _advance(self, count: int) -> None:
        del self._held[:count]
        self._at += count

    def _keep(self) -> None:
        begun, self._begun = self._begun, None
        if begun is None:
            return
        if begun.key or not self.fragments:
            self.fragments.append(Fragment(begun.first, self._at, begun.start, begun.end))
        else:
            before = self.fragments[-1]
            self.fragments[-1] = Fragment(before.first, self._at, before.start, begun.end)


@dataclass(frozen=True)
class _Begun:
    first: int
    start: float
    end: float
    key: bool


@dataclass(frozen=True)
class Header:
    """Of a box: ``begin`` is where its content begins, ``size`` its length with the header."""

    kind: bytes
    begin: int
    size: int


def header(data: bytes) -> Optional[Header]:
    """Of the box that begins here; None where more bytes are needed. Raises ValueError for what cannot be one."""
    if len(data) < 8:
        return None
    size, kind = struct.unpack_from(">I4s", data)
    if size == 0:  # to the end of the file
        return Header(kind, 8, 1 << 62)
    if size != 1:
        if size < 8:
            raise ValueError(f"box {kind!r} of {size} bytes")
        return Header(kind, 8, size)
    if len(data) < 16:
        return None
    (size,) = struct.unpack_from(">Q", data, 8)
    if size < 16:
        raise ValueError(f"box {kind!r} of {size} bytes")
    return Header(kind, 16, size)


def _movie(moov: bytes) -> Movie:
    inside = _children(moov)
    tracks = [_track(content) for kind, content in _boxes(moov) if kind == b"trak"]
    pictures = [track for track in tracks if track.kind == b"vide"]
    if not pictures:
        raise ValueError("no picture")
    picture = pictures[0]
    width, height = picture.size
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise ValueError(f"{width} x {height} px")
    frame_units = 0
    for kind, content in _boxes(inside.get(b"mvex", b"")):
        if kind == b"trex" and struct.unpack_from(">I", content, 4)[0] == picture.number:
            (frame_units,) = struct.unpack_from(">I", content, 12)
    sound = any(track.kind == b"soun" for track in tracks)
    duration = picture.units / picture.timescale
    return Movie(picture.size, duration, sound, b"mvex" in inside, picture.number, picture.timescale, frame_units)


@dataclass(frozen=True)
class _Track:
    number: int
    kind: bytes
    size: Tuple[int, int]
    timescale: int
    units: int


def _track(trak: bytes) -> _Track:
    inside = _children(trak)
    head, media = inside[b"tkhd"], _children(inside[b"mdia"])
    (number,) = struct.unpack_from(">I", head, 20 if head[0] == 1 else 12)
    width, height = struct.unpack_from(">II", head, len(head) - 8)
    clock = media[b"mdhd"]
    timescale, units = struct.unpack_from(*((">IQ", clock, 20) if clock[0] == 1 else (">II", clock, 12)))
    return _Track(number, media[b"hdlr"][8:12], (width >> 16, height >> 16), timescale, units)


def _begun(moof: bytes, first: int, movie: Movie) -> Optional[_Begun]:
    for kind, traf in _boxes(moof):
        if kind != b"traf":
            continue
        head = _children(traf)[b"tfhd"]
        if struct.unpack_from(">I", head, 4)[0] == movie.track:
            return _picture(traf, head, first, movie)
    return None


NON_SYNC = 0x10000
"""Flag of a sample that cannot be decoded on its own."""


def _picture(traf: bytes, head: bytes, first: int, movie: Movie) -> _Begun:
    """Source: 8.8.7 tfhd, 8.8.8 trun, 8.8.12 tfdt."""
    frame_units, sample_flags = _defaults(head, movie.frame_units)
    start, units, key = 0, 0, True
    for kind, content in _boxes(traf):
        if kind == b"tfdt":
            (start,) = struct.unpack_from(">Q" if content[0] == 1 else ">I", content, 4)
        elif kind == b"trun":
            run_units, first_flags = _run(content, frame_units)
            if units == 0:
                flags = sample_flags if first_flags is None else first_flags
                key = not flags & NON_SYNC
            units += run_units
    return _Begun(first, start / movie.timescale, (start + units) / movie.timescale, key)


def _defaults(head: bytes, frame_units: int) -> Tuple[int, int]:
    """Time units and flags of a sample where the run does not say."""
    flags = int.from_bytes(head[1:4], "big")
    at, sample_flags = 8, 0
    for flag, length in ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4), (0x20, 4)):
        if flags & flag:
            if flag == 0x8:
                (frame_units,) = struct.unpack_from(">I", head, at)
            elif flag == 0x20:
                (sample_flags,) = struct.unpack_from(">I", head, at)
            at += length
    return frame_units, sample_flags


def _run(run: bytes, frame_units: int) -> Tuple[int, Optional[int]]:
    """Time units of all samples, and the flags of the first where they are said."""
    flags = int.from_bytes(run[1:4], "big")
    (count,) = struct.unpack_from(">I", run, 4)
    at = 8 + (4 if flags & 0x1 else 0)
    first_flags: Optional[int] = None
    if flags & 0x4:
        (first_flags,) = struct.unpack_from(">I", run, at)
        at += 4
    width = 4 * bin(flags & 0xF00).count("1")
    if flags & 0x400 and first_flags is None and count:
        before = 4 * bin(flags & 0x300).count("1")
        (first_flags,) = struct.unpack_from(">I", run, at + before)
    if not flags & 0x100:
        return count * frame_units, first_flags
    return sum(struct.unpack_from(">I", run, at + sample * width)[0] for sample in range(count)), first_flags


def _boxes(data: bytes) -> Iterator[Tuple[bytes, bytes]]:
    """Type and content of each box."""
    for kind, start, end in boxes(data):
        yield kind, data[start:end]


def _children(data: bytes) -> Dict[bytes, bytes]:
    """The first box of each type."""
    found: Dict[bytes, bytes] = {}
    for kind, content in _boxes(data):
        found.setdefault(kind, content)
    return found
