"""Keeps the disk from filling up: how much a job may need, whether that is there, and what must go.

**Reservation.** A job is taken only if the space it may need is free beside what is promised to others and what always
stays free (``retention.keep_free_megabytes``); so no job dies at 99 % because of another. What a second of video needs
was measured: 1.3 Mbit/s of picture at 512 x 512 (it grows with the area) and 128 kbit/s of sound, both twice, for the
finished segments and for the file made of them, a quarter more for photos with much texture, and 64 kB of decoded sound
while the video is made. The photo and the recording themselves come on top.

How long a recording is, nobody knows before it is decoded, and bytes say little: a second takes 192 kB in a WAV of
studio quality and 2 kB in a phone's. Reserving for the worst would refuse nearly everything, so the guard reserves in
two steps. First what is likely: by the rate that a WAV declares, else at 64 kbit/s, at most
``limits.speech_minutes``. Then, as soon as the worker knows better, what is left to do (`Guard.re_reserve`): a speech
that turns out so long that its video does not fit is refused there, at the beginning of the work.

**Retention.** Finished jobs go when they are older than the settings allow, as `clock` counts; and,
oldest first, when less is free than must always be. A little more is freed than that, so that a full appliance has room
for the next visitor.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from ...errors import StorageFull
from ...settings import FRAME_RATE, SAMPLE_RATE, MakeOptions, Settings
from ..job import Job, State
from .clock import DAY_S
from .folders import Folders
from .store import Store

MEGABYTE = 1 << 20

PICTURE_RATE = 1_300_000 // 8
"""Bytes a second of video, 512 x 512."""
SOUND_RATE = 128_000 // 8
DECODED_RATE = SAMPLE_RATE * 4
"""Bytes a second of the temporary float32 sound."""
SPARE = 1.25
OVERHEAD = 4 * MEGABYTE
"""Bytes a job: records, folders, the head of the file."""

LIKELY_RATE = 64_000 // 8
"""Bytes a second of a recording of unknown kind."""

ORDINARY_SECONDS = 600.0
SMALL_SHARE = 0.05
"""Room is made for one more video of ordinary length, but not more than this share of the disk."""


@dataclass(frozen=True)
class Removal:
    """A finished job that has to go; ``reason`` in words, for the log and the audit trail."""

    job: Job
    reason: str


class Guard:
    """Of one state folder. All sizes in bytes."""

    def __init__(self, settings: Settings, folders: Folders, store: Store) -> None:
        self._retention = settings.retention
        self._longest = settings.limits.speech_minutes * 60
        self._folders = folders
        self._store = store

    def free(self) -> int:
        """Of the disk with the jobs, for this user."""
        disk = os.statvfs(str(self._folders.state))
        return disk.f_bavail * disk.f_frsize

    def reserve_for(
        self,
        speech_bytes: int,
        photo_bytes: int,
        *,
        seconds: Optional[float] = None,
        resolution: int = MakeOptions.min_resolution,
        arrived: bool = False,
        pledged: int = 0,
    ) -> int:
        """What a new job may need, to be kept with it as ``reserved``.

        ``seconds``: length of the recording where it is known (`declared_seconds`). ``arrived``: photo and recording
        lie on the disk already. ``pledged``: promised to uploads under way, which the store does not know.
        Raises `StorageFull` where that is not free.
        """
        likely = speech_bytes / LIKELY_RATE if seconds is None else seconds
        need = needed(min(likely, self._longest), resolution) + (0 if arrived else speech_bytes + photo_bytes)
        self._check(need, self._store.reserved() + pledged)
        return need

    def re_reserve(self, job: Job, frames: int, frames_done: int) -> int:
        """What a running job still needs, now that the length of its video is known better.

        Never refuses what was promised; raises `StorageFull` where the job needs more than that and it is not free.
        """
        resolution = job.options.get("min_resolution", MakeOptions.min_resolution)
        written = int(SPARE * _rate(resolution) * frames_done / FRAME_RATE)
        need = max(0, needed(frames / FRAME_RATE, resolution) - written)
        if need > job.reserved:
            self._check(need, self._store.reserved() - job.reserved)
        return need

    def expired(self, *, room: Optional[int] = None) -> List[Removal]:
        """The finished jobs that have to go now, by age and by space.

        ``room``: free space to make beside what always stays free and what is promised; default: enough for an
        ordinary job.
        """
        removals, kept = [], []
        for job, age in self._store.finished():
            days = self._retention.failed_days if job.state is State.FAILED else self._retention.days
            if age >= days * DAY_S:
                kind = "failed, " if job.state is State.FAILED else ""
                removals.append(Removal(job, f"{kind}older than {days:g} day{'' if days == 1 else 's'}"))
            else:
                kept.append(job)
        wanted = self._floor() + self._store.reserved() + (self._ordinary() if room is None else room)
        free = self.free() + sum(self._size(removal.job) for removal in removals)
        for job in kept:
            if free >= wanted:
                break
            removals.append(Removal(job, f"space: oldest first to get {_megabytes(wanted)} free"))
            free += self._size(job)
        return removals

    def _check(self, need: int, promised: int) -> None:
        available = self.free() - promised - self._floor()
        if available < need:
            raise StorageFull(
                f"free {self.free()}, promised {promised}, floor {self._floor()}, needed {need}",
                message=f"This video may need {_megabytes(need)}; {_megabytes(max(0, available))} are free for it.",
            )

    def _floor(self) -> int:
        return self._retention.keep_free_megabytes * MEGABYTE

    def _ordinary(self) -> int:
        disk = os.statvfs(str(self._folders.state))
        return min(needed(ORDINARY_SECONDS), int(SMALL_SHARE * disk.f_blocks * disk.f_frsize))

    def _size(self, job: Job) -> int:
        """Bytes on the disk that removing a job gives back."""
        total = 0
        for folder, _, names in os.walk(str(self._folders.job(job.id).path)):
            for name in names:
                try:
                    total += os.lstat(os.path.join(folder, name)).st_blocks * 512
                except FileNotFoundError:
                    pass  # somebody deletes the job at this moment
        return total


def needed(seconds: float, resolution: int = MakeOptions.min_resolution) -> int:
    """Bytes that making a video takes, without photo and recording. ``resolution``: its shorter side in pixels."""
    return int(seconds * (2 * SPARE * _rate(resolution) + DECODED_RATE)) + OVERHEAD


def declared_seconds(speech: Path) -> Optional[float]:
    """Length of a WAV (RIFF, Microsoft 1991) by the rate in its head; None for other files and for odd heads.

    Six numbers are read, nothing is decoded; a head that lies is found out by `Guard.re_reserve`.
    """
    try:
        size = speech.stat().st_size
        with speech.open("rb") as file:
            head = file.read(36)
    except OSError:
        return None
    if len(head) < 36 or (head[:4], head[8:16]) != (b"RIFF", b"WAVEfmt "):
        return None
    (rate,) = struct.unpack_from("<I", head, 28)
    return size / rate if rate >= LIKELY_RATE else None


def _rate(resolution: int) -> float:
    """Bytes a second of finished video."""
    return PICTURE_RATE * (resolution / 512) ** 2 + SOUND_RATE


def _megabytes(count: int) -> str:
    return f"{-(-count // MEGABYTE):,} MB"
