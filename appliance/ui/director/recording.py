"""The microphone: what it hears, and the recording."""

from __future__ import annotations

from typing import Optional

from ...capture.microphone.events import Event, Failed, Heard, Recorded, Recovered
from ...capture.microphone.recorder import Recorder
from ...capture.microphone.silence import silero
from ...errors import MicrophoneError, SonicError
from .. import events as on
from ..feeds import DeviceState, Level
from .work import Desk, Work, failure_of


class Metering(Work):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        parts = desk.parts
        self.recorder = Recorder(
            parts.microphone, parts.settings.microphone.device, silero(parts.store), self._heard
        )  # fmt: skip
        self._well: Optional[bool] = None

    def start(self) -> None:
        self.desk.backroom.do(self.recorder.start)

    def close(self) -> None:
        self.recorder.close()

    def failed(self, error: SonicError) -> None:
        """There will be no recording."""
        self.desk.answer(on.DeviceFailed(failure_of(error)))

    def _heard(self, event: Event) -> None:
        """In the recorder's thread."""
        if isinstance(event, Heard):
            if self._well is None:
                self._set_well()
            self.desk.feed(Level(event.peak, event.loudness, event.warning, event.seconds, event.silence))
        elif isinstance(event, Recorded):
            self.desk.answer(on.VoiceRecorded(event.path))
        elif isinstance(event, Failed):
            if isinstance(event.error, MicrophoneError):  # else it is the disk that failed
                self._well = False
                self.desk.feed(DeviceState("microphone", event.error))
            self.failed(event.error)
        elif isinstance(event, Recovered):
            self._set_well()

    def _set_well(self) -> None:
        self._well = True
        self.desk.feed(DeviceState("microphone", None))


class Recording(Work):
    """``limit``: seconds."""

    def __init__(self, desk: Desk, meter: Metering, limit: float, stop_at_silence: bool) -> None:
        super().__init__(desk)
        self._meter, self._limit, self._stop_at_silence = meter, limit, stop_at_silence

    def start(self) -> None:
        try:
            self._meter.recorder.record(self.desk.files.new("voice", ".wav"), self._limit, self._stop_at_silence)
        except SonicError as error:
            self._meter.failed(error)

    def finish(self) -> None:
        """`VoiceRecorded` follows."""
        self._meter.recorder.finish()

    def stop(self) -> None:
        self._meter.recorder.discard()
