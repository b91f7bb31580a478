"""Where the engine keeps what: one folder a job, everything 0600 in 0700, names that say nothing about people."""

from __future__ import annotations

from pathlib import Path


class Folders:
    """The tree below the state folder (``/var/lib/sonic`` on an installed appliance)."""

    def __init__(self, state: Path) -> None:
        self.state = Path(state)
        self.database = self.state / "jobs.sqlite3"
        self.audit = self.state / "audit.jsonl"
        self.jobs = self.state / "jobs"
        self.incoming = self.state / "incoming"
        """Uploads that are not jobs yet; emptied at every start."""

    def create(self) -> None:
        """Make what is missing, for this user alone."""
        for folder in (self.state, self.jobs, self.incoming):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def job(self, job_id: str) -> JobFolder:
        return JobFolder(self.jobs / job_id)


class JobFolder:
    """One job's files. ``segments`` holds what can be watched before the end; it goes when ``video`` is there."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.photo = self.path / "photo"
        self.speech = self.path / "speech"
        self.segments = self.path / "segments"
        self.video = self.path / "video.mp4"
