"""A director with real devices that read files, a front end that remembers what it was shown, and a plain loop."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Type, TypeVar

from engine.engines import PATIENCE_SECONDS, files_below
from engine.toy_worker import speech
from media import ENGLISH

from appliance.capture.camera.file import FileCamera
from appliance.capture.microphone.file import FileMicrophone
from appliance.capture.picker.media import Media
from appliance.capture.picker.picker import Picker
from appliance.demo import write_portrait
from appliance.engine.client import EngineClient
from appliance.models import ModelStore
from appliance.settings import KioskSettings, PickerSettings, Settings
from appliance.ui.director.director import Director
from appliance.ui.director.files import Order, VisitFiles
from appliance.ui.director.parts import Parts, Times
from appliance.ui.events import Accept, Agree, Begin, Event, Record, Shoot, StopRecording
from appliance.ui.feeds import Feed, Level
from appliance.ui.flow import Rules, State, Visit
from appliance.ui.frontend import FrontEnd
from appliance.ui.plain_loop import PlainLoop
from appliance.ui.player.silent_speaker import SilentSpeaker

F = TypeVar("F")

QUICK = Times(patience=PATIENCE_SECONDS, engine_away=1.0, look=0.05, second=0.02)


class Screen(FrontEnd):
    """``visits``: all that were shown; ``plays``: what is to be played now."""

    def __init__(self) -> None:
        self.visits: List[Visit] = []
        self.feeds: List[Feed] = []
        self.plays: Optional[Visit] = None

    def show(self, visit: Visit) -> None:
        self.visits.append(visit)

    def feed(self, item: Feed) -> None:
        self.feeds = [other for other in self.feeds if type(other) is not type(item)][-20:] + [item]

    def start_playing(self, visit: Visit) -> None:
        assert self.plays is None
        self.plays = visit

    def stop_playing(self) -> None:
        self.plays = None

    def newest(self, kind: Type[F]) -> Optional[F]:
        return next((item for item in reversed(self.feeds) if isinstance(item, kind)), None)


class Stage:
    """``folder``: everything is below it. ``socket``: of the engine."""

    def __init__(self, folder: Path, socket: Path, store: ModelStore, **changes: Any) -> None:
        self.folder = folder
        self.face, self.voice = folder / "face.png", folder / "voice.flac"
        self.gallery = folder / "gallery"
        folder.mkdir(exist_ok=True)
        self.gallery.mkdir(exist_ok=True)
        if not self.face.exists():
            write_portrait(self.face)
            shutil.copy(str(ENGLISH), str(self.voice))
        settings = Settings(
            kiosk=KioskSettings(countdown_seconds=1),
            picker=PickerSettings(media=str(folder / "media"), gallery=str(self.gallery)),
        )
        self.mounts, self.stick = folder / "mounts", folder / "media" / "STICK"
        self.mounts.touch()
        media = Media(str(folder / "media"), self.mounts)
        parts = Parts(
            settings=settings,
            engine=lambda: EngineClient(socket, patience=0.0),
            microphone=FileMicrophone(self.voice, real_time=False),
            camera=FileCamera(self.face, 640, 480),
            picker=lambda tell: Picker(settings.picker, tell, settings.limits, media=media),
            speaker=SilentSpeaker(),
            store=store,
            folder=folder / "visitors",
            state=folder / "state",
            times=QUICK,
        )
        self.parts = dataclasses.replace(parts, **changes)
        self.loop, self.screen = PlainLoop(), Screen()
        self.director: Optional[Director] = None

    # --- the director -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def running(self, rules: Optional[Rules] = None) -> Iterator[Director]:
        threads = set(threading.enumerate())
        self.loop, self.screen = PlainLoop(), Screen()
        director = self.director = Director(self.loop, self.screen, rules or Rules(), self.parts)
        try:
            director.start()
            yield director
        finally:
            began = time.monotonic()
            director.close()
            assert time.monotonic() - began < PATIENCE_SECONDS
            assert [thread for thread in threading.enumerate() if thread not in threads] == []

    @property
    def visit(self) -> Visit:
        assert self.director is not None
        return self.director.visit

    def tell(self, *events: Event) -> None:
        """In the loop's thread, one after another."""
        assert self.director is not None
        for event in events:
            self.director.tell(event)

    def until(self, *states: State) -> Visit:
        self.until_that(lambda: self.visit.state in states)
        return self.visit

    def until_that(self, holds: Callable[[], bool]) -> None:
        """Run the loop until something holds; the test fails if it never does."""
        self.run_for(PATIENCE_SECONDS, holds)
        assert holds(), f"{self.visit} after {[visit.state.value for visit in self.screen.visits][-8:]}"

    def run_for(self, seconds: float, holds: Callable[[], bool] = lambda: False) -> None:
        """Run the loop so long, or until something holds."""
        deadline = time.monotonic() + seconds

        def look() -> None:
            if holds() or time.monotonic() > deadline:
                self.loop.stop()
            else:
                self.loop.call_later(0.005, look)

        look()
        self.loop.run()

    # --- parts of a visit ---------------------------------------------------------------------------------------------

    def take_photo(self) -> None:
        """From the start to the review of the photo."""
        self.tell(Begin(), Agree())
        self.until(State.PHOTO)
        self.tell(Shoot())
        self.until(State.PHOTO_REVIEW)

    def record(self) -> None:
        """From there to the review of the recording."""
        self.tell(Accept())
        self.until(State.VOICE)
        self.screen.feeds = [item for item in self.screen.feeds if not isinstance(item, Level)]
        self.tell(Record())
        self.until(State.VOICE_RECORDING)
        self.until_that(lambda: (self.screen.newest(Level) or _NOTHING).seconds > 1.5)
        self.tell(StopRecording())
        self.until(State.VOICE_REVIEW)

    def prepare(self) -> None:
        """From the start to the review of everything."""
        self.take_photo()
        self.record()
        self.tell(Accept())
        assert self.visit.state is State.REVIEW

    # --- the world ----------------------------------------------------------------------------------------------------

    def plug_in(self) -> None:
        self.stick.mkdir(parents=True, exist_ok=True)
        self.mounts.write_text(f"36 35 98:0 / {self.stick} rw,noatime - vfat /dev/sdx1 rw\n")

    def leave_order(self, **behaviour: float) -> bytes:
        """What a power cut leaves of a visit whose video is being made, for a toy engine that behaves like this."""
        files = VisitFiles(self.parts.lessons)
        order = Order(files.new("photo", ".png"), files.new("voice", ".wav"))
        recording = speech(**behaviour)
        order.photo.write_bytes(b"photo")
        order.voice.write_bytes(recording)
        files.keep_order(order)
        return recording

    # --- what is left -------------------------------------------------------------------------------------------------

    def private_files(self) -> List[str]:
        folders = (self.parts.folder, self.parts.lessons)
        return [name for folder in folders for name in files_below(folder) if name != "lock"]


_NOTHING = Level(0.0, 0.0, "", 0.0, 0.0)
