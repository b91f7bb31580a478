"""Can the candidate speak?"""

from __future__ import annotations

from pathlib import Path

from ...errors import SonicError
from ..events import PhotoAccepted, PhotoRefused, VoiceAccepted, VoiceRefused
from .devices import Devices
from .work import Desk, Errand, failure_of


class Checking(Errand):
    """``kind``: "photo" or "speech". What was picked becomes the visit's own first: a stick may be pulled out."""

    def __init__(self, desk: Desk, devices: Devices, kind: str) -> None:
        super().__init__(desk)
        self._devices, self._kind = devices, kind
        self._inspecting = False

    def run(self) -> None:
        accepted, refused = (
            (PhotoAccepted, PhotoRefused) if self._kind == "photo" else (VoiceAccepted, VoiceRefused)
        )  # fmt: skip
        candidate = self.desk.visit.candidate
        assert candidate is not None
        try:
            path = candidate if self.desk.files.holds(candidate) else self._taken(candidate)
        except SonicError as error:
            self.desk.answer(refused(failure_of(error)))
            return
        if not self.stopped.is_set():
            self._inspecting = True
            failure = self._devices.inspector.inspect(self._kind, path)
            self._inspecting = False
            self.desk.answer(refused(failure) if failure else accepted(path))

    def stop(self) -> None:
        super().stop()
        if self._inspecting:
            self.desk.backroom.do(self._devices.inspector.end)

    def _taken(self, candidate: Path) -> Path:
        """A copy of what was picked. Raises `PhotoNotFound`, `SpeechNotFound`, `UploadTooLarge`, `OutputError`."""
        return self._devices.take(candidate, self._kind, self.desk.files.made())
