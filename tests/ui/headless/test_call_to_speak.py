"""Nobody is told to speak before the microphone hears, and nothing of what is said then is lost."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path
from typing import Any, Iterator, List

import numpy as np
import pytest

pytest.importorskip("appliance.capture.buttons.library", reason="gpiozero is not installed")

from capture.buttons.rigs import mock_rig
from engine.engines import PATIENCE_SECONDS
from engine.services import Service, running_service
from ui.director.stage import Stage
from ui.headless.appliances import LAMP, Appliance, until
from ui.headless.loudspeaker import Loudspeaker

from appliance.capture.microphone.base import Microphone, MicrophoneDevice, MicrophoneStream
from appliance.capture.microphone.file import BLOCKS_PER_SECOND, FileStream
from appliance.models import ModelStore
from appliance.ui.headless import front
from appliance.ui.headless.tones import tone

OPENING_SECONDS = 0.4
"""Of a slow microphone."""


class Person(Microphone):
    """In front of a microphone that opens when ``opens`` is set; says nothing until ``speaks`` is, then what the file
    holds."""

    def __init__(self, path: Path, log: List[str]) -> None:
        with FileStream(path, real_time=False) as stream:
            blocks = [stream.read(PATIENCE_SECONDS) for _ in range(3 * BLOCKS_PER_SECOND)]
            self.rate = stream.rate
        self.words = np.concatenate(blocks)
        self.log, self.opened = log, 0
        self.opens, self.speaks = threading.Event(), threading.Event()

    def devices(self) -> List[MicrophoneDevice]:
        return [MicrophoneDevice("person", default=True)]

    def open(self, device: str = "") -> MicrophoneStream:
        self.opened += 1
        self.opens.wait(PATIENCE_SECONDS)
        return _Hearing(self)


class _Hearing(MicrophoneStream):
    def __init__(self, person: Person) -> None:
        self._person, self.rate = person, person.rate
        self._said = self._given = 0
        self._begun = time.monotonic()

    def read(self, timeout: float) -> np.ndarray:
        size = self.rate // BLOCKS_PER_SECOND
        self._given += size
        time.sleep(max(0.0, self._begun + self._given / self.rate - time.monotonic()))
        self._person.log.append("sound")
        block = np.zeros(size, dtype=np.int16)
        if self._person.speaks.is_set():
            words = self._person.words[self._said : self._said + size]
            block[: len(words)] = words
            self._said += size
        return block

    def close(self) -> None:
        pass


class Hall:
    """An appliance, and whoever stands before it."""

    def __init__(self, stage: Stage, rig: Any) -> None:
        self.log: List[str] = []
        """What happened, in order; "tone" or, had it begun by then, "tone while recording"."""
        self.appliance = Appliance(stage, rig)
        self.person = Person(stage.voice, self.log)
        stage.parts = dataclasses.replace(stage.parts, microphone=self.person, speaker=Loudspeaker(self._heard))

    @property
    def called(self) -> int:
        return sum(entry.startswith("tone") for entry in self.log)

    def _heard(self, samples: np.ndarray) -> None:
        if np.array_equal(samples, tone("speak")):
            self.log.append("tone while recording" if self.appliance.recorded() else "tone")

    def recording(self) -> bytes:
        found = self.appliance.stage.parts.folder.glob("visit-*/voice-*.wav")
        return b"".join(path.read_bytes() for path in found)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as own:
        yield own


@pytest.fixture()
def hall(tmp_path: Path, service: Service, store: ModelStore) -> Iterator[Hall]:
    with mock_rig() as rig:
        yield Hall(Stage(tmp_path / "stage", service.socket, store), rig)


def test_who_speaks_when_told_is_heard_from_the_first_syllable(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "TAP_SECONDS", 0.0)  # a busy machine's microphone may take long
    appliance = hall.appliance

    def visitor() -> None:
        appliance.press()
        until(lambda: hall.person.opened == 1)
        time.sleep(OPENING_SECONDS)
        hall.person.opens.set()
        until(lambda: hall.called == 1)
        assert hall.log[0] == "sound" and "tone" in hall.log
        until(lambda: appliance.rig.level(LAMP) and appliance.recorded() > 0)
        hall.person.speaks.set()
        until(lambda: hall.person.words.tobytes() in hall.recording())
        appliance.release()
        until(lambda: len(appliance.videos(appliance.played)) == 1)

    appliance.visited_by(visitor)
    assert hall.person.opened == 1


def test_who_lets_go_before_the_tone_has_said_nothing(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The microphone is given back, and the tone that was due calls nobody."""
    monkeypatch.setattr(front, "TAP_SECONDS", 0.0)
    appliance, failed = hall.appliance, tone("failed")
    speaker: Any = appliance.stage.parts.speaker

    def visitor() -> None:
        appliance.press()
        until(lambda: hall.person.opened == 1)
        appliance.release()
        until(lambda: any(np.array_equal(samples, failed) for samples in speaker.heard))
        assert not appliance.recorded()
        hall.person.opens.set()
        until(lambda: not any(thread.name == "recorder" for thread in threading.enumerate()))

    appliance.visited_by(visitor)
    assert not appliance.videos(appliance.left) and not appliance.stage.private_files()
