"""A headless appliance, in this process with pins to press or in one of its own with a terminal to type into."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

from engine.services import Service, patiently
from helpers import REPOSITORY
from ui.director.stage import Stage

from appliance.capture.microphone.file import FileMicrophone
from appliance.settings import ButtonSettings, HeadlessSettings
from appliance.ui.headless.run import run_headless

RECORD, WIPE, LAMP = "GPIO0", "GPIO6", "GPIO7"
FOR_THE_GROUP = 0o640
"""As the folder of the videos is."""


class Appliance:
    """``rig``: hands at the pins. What is played lands in ``played``, what is left in ``left``."""

    def __init__(self, stage: Stage, rig: Any, **headless: Any) -> None:
        self.stage, self.rig = stage, rig
        # At the pace of a person, who would be done before the tone is.
        stage.parts = dataclasses.replace(stage.parts, microphone=FileMicrophone(stage.voice))
        self.played, self.left = stage.folder / "played", stage.folder / "left"
        self.played.mkdir()
        self.left.mkdir()
        self.left.chmod(FOR_THE_GROUP | 0o110)
        how: Dict[str, Any] = {"player": f"cp -t {self.played}", "folder": str(self.left), **headless}
        self.settings = dataclasses.replace(
            stage.parts.settings,
            headless=HeadlessSettings(**how),
            buttons=ButtonSettings(factory="injected", record=RECORD, wipe=WIPE, record_lamp=LAMP),
        )

    def visited_by(self, visitor: Callable[[], None]) -> None:
        """Run it until the visitor has gone, then as long as it takes to end."""
        failures: List[BaseException] = []
        over = threading.Event()

        def visit() -> None:
            try:
                until(lambda: self.rig.driven_by_us(LAMP) or over.is_set())
                visitor()
            except BaseException as error:
                failures.append(error)
            if not over.is_set():
                os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=visit)
        thread.start()
        try:
            run_headless(self.settings, dataclasses.replace(self.stage.parts, settings=self.settings), self.rig.factory)
        finally:
            over.set()
            thread.join()
        if failures:
            raise failures[0]

    def press(self) -> None:
        self.rig.drive(RECORD, high=False)

    def release(self) -> None:
        self.rig.drive(RECORD, high=True)

    def tap(self) -> None:
        self.press()
        time.sleep(0.1)  # longer than the bounce, shorter than a hold
        self.release()

    def recorded(self) -> int:
        """Bytes of the recording so far."""
        return sum(path.stat().st_size for path in self.stage.parts.folder.glob("visit-*/voice-*.wav"))

    def speak(self) -> None:
        """Press, hold while the microphone hears two seconds, let go."""
        self.press()
        until(lambda: self.recorded() > 2 * 2 * 16_000)
        self.release()

    def videos(self, folder: Path) -> List[bytes]:
        return [path.read_bytes() for path in sorted(folder.iterdir())]


def until(holds: Callable[[], bool]) -> None:
    for _ in patiently():
        if holds():
            return


class Manager:
    """Listens as the service manager does."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._told: List[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def wait_for(self, word: str) -> None:
        until(lambda: any(word in message for message in self._told))

    def _listen(self) -> None:
        for message in iter(lambda: self._socket.recv(4096), b""):
            self._told.append(message.decode())


@contextlib.contextmanager
def process(
    service: Service, stage: Stage, manager: Manager, stdin: Optional[int] = None, **settings: str
) -> Iterator[subprocess.Popen[str]]:
    """``appliance headless``, with devices that read files; its log comes through stderr."""
    ours = {
        "ENGINE_SOCKET": str(service.socket), "MICROPHONE_BACKEND": "file", "MICROPHONE_FILE": str(stage.voice),
        "CAMERA_BACKEND": "file", "CAMERA_FILE": str(stage.face), "SPEAKER_BACKEND": "silent", **settings,
    }  # fmt: skip
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SONIC_")},
        **{f"SONIC_{name}": value for name, value in ours.items()},
        "SONIC_MODELS": str(stage.parts.store.folder), "PYTHONPATH": str(REPOSITORY), "WATCHDOG_USEC": "1000000",
        "NOTIFY_SOCKET": str(manager.path), "STATE_DIRECTORY": str(stage.parts.state),
        "RUNTIME_DIRECTORY": str(stage.folder),
    }  # fmt: skip
    command = [sys.executable, "-m", "appliance", "headless"]
    child = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL if stdin is None else stdin, stderr=subprocess.PIPE,
        universal_newlines=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        child.kill()
        child.communicate()
