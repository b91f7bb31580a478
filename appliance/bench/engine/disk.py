"""A disk that fills up at every stage of a job: what its client is told, and that nothing is lost by it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import httpx

from ...engine.job import State
from ...errors import SonicError
from ...files import sha256_of
from ...pipeline.video.segments import SegmentFolder, first_frame
from ...settings import FRAME_RATE
from .checks import faults
from .figure import MEGABYTE, Figure
from .materials import SMALL, Materials
from .service import FINAL, Service, stopped

DISK_BYTES = 96 * MEGABYTE
SPEECH_S, QUICK_SPEECH_S = 12.0, 3.0
PATIENCE_S = 120.0
LOOK_S = 0.01
BLOCK = 4096
FULL = ("storage_full", "disk_full")
"""What may be answered."""


def measure(materials: Materials, folder: Path, quick: bool) -> Iterator[Figure]:
    """One service on one small disk, which fills up and is freed again at one stage after the other."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if mounted.returncode != 0:
        yield Figure("a full disk", f"not measured: {mounted.stdout.decode().strip()}")
        return
    try:
        with Service(folder / "service", disk / "state", RETENTION_KEEP_FREE_MEGABYTES="0") as service:
            yield from _Trial(service, materials, disk, QUICK_SPEECH_S if quick else SPEECH_S).run()
            service.stop()
            wrong = faults(service.folders)
            yield Figure("state folder after all that", "; ".join(wrong) or "in order", "in order", not wrong)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


class _Trial:
    """The stages. Each fills the disk at its moment and returns the codes it saw, with the disk still full."""

    def __init__(self, service: Service, materials: Materials, disk: Path, seconds: float) -> None:
        self._service, self._disk = service, disk
        self._photo, self._speech = materials.portrait, materials.speech(seconds)
        self._client = service.client()
        self._last = _segments(round(seconds * FRAME_RATE)) - 1
        """All segments but one."""
        self._jobs: List[str] = []
        """Taken while the stage lasted."""

    def run(self) -> Iterator[Figure]:
        # First without any finished job: where there is one, the engine makes room by removing it.
        yield self._stage("before an upload", self._before_upload, {})
        job_id = self._send()
        self._service.finished(job_id)
        kept = {job_id: self._video(job_id)}
        stages: Dict[str, Callable[[], List[str]]] = {
            "during an upload": self._during_upload,
            "while a job waits": self._in_queue,
            "before the first segment": self._first_segment,
            "in the middle of the video": self._in_the_middle,
            "when the segments are joined": self._at_the_join,
            "when the end of the job is recorded": self._at_the_record,
        }
        for name, stage in stages.items():
            yield self._stage(name, stage, kept)

    def _stage(self, name: str, stage: Callable[[], List[str]], kept: Dict[str, str]) -> Figure:
        pid, self._jobs = self._service.pid, []
        codes = stage()
        (self._disk / "ballast").unlink()
        ends = [self._service.finished(job_id).job for job_id in self._jobs]
        codes += [job.failure.code for job in ends if job.failure]
        again = self._send()
        lost = [] if self._service.finished(again).job.state is State.DONE else ["the next job fails"]
        if not lost:
            made = [again, *(job.id for job in ends if job.state is State.DONE)]
            expected = set(kept.values()) or {self._video(again)}
            lost += [] if {self._video(job_id) for job_id in made} == expected else ["a video differs"]
        lost += [] if all(self._video(job_id) == video for job_id, video in kept.items()) else ["an old video is gone"]
        lost += [] if self._service.alive and self._service.pid == pid else ["the service has ended"]
        for job_id in (again, *self._jobs):
            self._client.delete(job_id)
        ways = [f"{sum(job.state is state for job in ends)} {state.value}" for state in FINAL]
        told = " and ".join(sorted(set(codes))) or "nothing was refused"
        fates = f"; of {len(ends)} jobs {', '.join(ways)}" if ends else ""
        return Figure(
            f"disk full {name}",
            f"{told}{fates}; then {'; '.join(lost) or 'the next job is made, to the same bytes'}",
            "a clear code, nothing lost", not lost and set(codes) <= set(FULL) and bool(codes or ends),
        )  # fmt: skip

    # --- the stages ---------------------------------------------------------------------------------------------------

    def _before_upload(self) -> List[str]:
        self._fill()
        try:
            self._jobs.append(self._send())
        except SonicError as error:
            return [error.code]
        return []

    def _during_upload(self) -> List[str]:
        transport = httpx.HTTPTransport(uds=str(self._service.socket))
        with httpx.Client(transport=transport, base_url="http://engine", timeout=PATIENCE_S) as http:
            boundary = "a-part-of-the-form"
            head = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            answer = http.post("/v1/jobs", content=self._parts(boundary), headers=head)
        return [answer.json().get("code", f"status {answer.status_code}")]

    def _parts(self, boundary: str) -> Iterator[bytes]:
        """The form, with the disk filling up in the middle of the recording."""
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="%s"; filename="f"\r\n\r\n'
        yield (part % "photo").encode() + self._photo.read_bytes() + b"\r\n"
        speech = self._speech.read_bytes()
        yield (part % "speech").encode() + speech[: len(speech) // 2]
        self._fill()
        yield speech[len(speech) // 2 :] + f"\r\n--{boundary}--\r\n".encode()

    def _in_queue(self) -> List[str]:
        """The disk fills up while one job is begun and another waits."""
        with self._still_worker():
            self._jobs += [self._send(), self._send()]
            self._fill()
        return self._told()

    def _first_segment(self) -> List[str]:
        with self._still_worker():
            self._jobs.append(self._send())
            self._fill()
        return self._told()

    def _in_the_middle(self) -> List[str]:
        self._make_until(2)
        with self._still_worker():
            self._fill()
        return self._told()

    def _at_the_join(self) -> List[str]:
        """What is left is enough for the last segment, not for the whole video."""
        segments = self._make_until(self._last)
        with self._still_worker():
            self._fill(leave=int(0.7 * sum(file.stat().st_size for file in segments.files())))
        return self._told()

    def _at_the_record(self) -> List[str]:
        """The service stands still while its worker finishes the video, and finds the disk full when it goes on."""
        self._make_until(self._last)
        with stopped(self._service.pid):
            _wait_for(self._service.folders.job(self._jobs[0]).video.exists)
            self._fill()
        return self._told()

    # --- parts of them ------------------------------------------------------------------------------------------------

    def _send(self) -> str:
        return self._client.submit(self._photo, self._speech, SMALL).job.id

    def _make_until(self, count: int) -> SegmentFolder:
        """Begin a job and wait for so many segments."""
        self._jobs.append(self._send())
        folder = SegmentFolder(self._service.folders.job(self._jobs[0]).segments)
        for view in self._client.events(self._jobs[0]):
            if view.job.segments >= count:
                return folder
        raise SonicError(message="The job ended before the disk was filled.")

    def _told(self) -> List[str]:
        """What is said of the first job of this stage, or, where even that cannot be recorded, of the engine."""
        codes: List[str] = []

        def known() -> bool:
            view, health = self._client.job(self._jobs[0]), self._client.health()
            codes[:] = [view.job.failure.code] if view.job.failure else [health.code] if health.code else []
            return bool(codes) or view.job.state in FINAL

        _wait_for(known)
        return list(codes)

    @contextlib.contextmanager
    def _still_worker(self) -> Iterator[None]:
        worker = self._service.worker
        if worker is None:
            raise SonicError("no worker")
        with stopped(worker):
            yield

    def _fill(self, leave: int = 0) -> None:
        """Up to so many bytes."""
        handle = os.open(str(self._disk / "ballast"), os.O_WRONLY | os.O_CREAT)
        with contextlib.suppress(OSError):
            while True:
                os.write(handle, b"\xff" * BLOCK)
        os.ftruncate(handle, max(0, os.fstat(handle).st_size - leave))
        os.close(handle)

    def _video(self, job_id: str) -> str:
        """Its hash."""
        video = self._service.folders.job(job_id).video
        return sha256_of(video) if video.exists() else ""


def _segments(frames: int) -> int:
    """Of a video of so many frames."""
    count = 0
    while first_frame(count) < frames:
        count += 1
    return count


def _wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise SonicError(message="Nothing came of a full disk.")
        time.sleep(LOOK_S)
