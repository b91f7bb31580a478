"""A running `appliance kiosk`, as its service manager, its engine and whoever touches it see it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

from engine.engines import PATIENCE_SECONDS
from engine.services import patiently
from helpers import REPOSITORY
from media import ENGLISH

from appliance.demo import write_portrait

PUPPET = (sys.executable, str(Path(__file__).with_name("puppet.py")))


class Manager:
    """The service manager's side of sd_notify(3)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def close(self) -> None:
        self._socket.close()

    def next(self, seconds: float = PATIENCE_SECONDS) -> str:
        """What it is told next; "" if that is nothing for so long."""
        self._socket.settimeout(seconds)
        try:
            return self._socket.recv(4096).decode()
        except socket.timeout:
            return ""

    def until(self, start: str) -> List[str]:
        """Everything up to the first message that starts like that."""
        told = [self.next()]
        while not told[-1].startswith(start):
            assert told[-1], told
            told.append(self.next())
        return told


class Kiosk:
    """Files below ``folder``, whose name must be short enough for a socket."""

    def __init__(self, folder: Path, engine: Optional[Path] = None, **environment: str) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.state, self.runtime = folder / "state", folder / "run"
        self.manager = Manager(folder / "notify")
        face, voice = folder / "face.png", folder / "voice.flac"
        write_portrait(face)
        shutil.copy(str(ENGLISH), str(voice))
        ours = {
            "STATE_DIRECTORY": str(self.state),
            "RUNTIME_DIRECTORY": str(self.runtime),
            "NOTIFY_SOCKET": str(self.manager.path),
            "SONIC_ENGINE_SOCKET": str(engine or folder / "no engine"),
            "SONIC_CAMERA_BACKEND": "file",
            "SONIC_CAMERA_FILE": str(face),
            "SONIC_MICROPHONE_BACKEND": "file",
            "SONIC_MICROPHONE_FILE": str(voice),
            "SONIC_SPEAKER_BACKEND": "silent",
            "SONIC_PICKER_MEDIA": str(folder / "media"),
            "SONIC_KIOSK_LANGUAGE": "en",
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": os.pathsep.join((str(REPOSITORY), str(REPOSITORY / "tests"))),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SONIC_", "WATCHDOG_"))}
        self.environment = {**kept, **ours, **environment}
        self.process: Optional[subprocess.Popen[str]] = None

    def start(self, *arguments: str) -> None:
        with open(str(self.log), "ab") as log:
            self.process = subprocess.Popen(
                [*PUPPET, "kiosk", *arguments], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, universal_newlines=True, bufsize=1,
            )  # fmt: skip

    def wait_until_ready(self) -> List[str]:
        return self.manager.until("READY=1")

    def wish(self, wish: str, **how: Any) -> Any:
        assert self.process is not None and self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"wish": wish, **how}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.log.read_text()
        return json.loads(answer)

    def wait_for(self, holds: Callable[[Dict[str, Any]], bool]) -> Dict[str, Any]:
        """Until that is so of what is seen."""
        seen: Dict[str, Any] = {}
        with contextlib.suppress(AssertionError):
            for _ in patiently():
                seen = self.wish("look")
                if holds(seen):
                    return seen
        raise AssertionError(f"{seen}\n{self.log.read_text()}")

    def wait_for_state(self, state: str) -> Dict[str, Any]:
        return self.wait_for(lambda seen: bool(seen["state"] == state))

    def wait_for_text(self, text: str) -> Dict[str, Any]:
        return self.wait_for(lambda seen: any(text in shown for shown in seen["texts"]))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """The exit status of one that ends by itself."""
        assert self.process is not None
        try:
            return self.process.wait(PATIENCE_SECONDS)
        finally:
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                with contextlib.suppress(OSError):
                    pipe.close()


@contextlib.contextmanager
def kiosk_at(engine: Optional[Path] = None, **environment: str) -> Iterator[Kiosk]:
    folder = Path(tempfile.mkdtemp(prefix="kiosk"))
    kiosk = Kiosk(folder, engine, **environment)
    try:
        yield kiosk
    finally:
        if kiosk.process is not None and kiosk.process.poll() is None:
            kiosk.process.kill()
            kiosk.end()
        kiosk.manager.close()
        shutil.rmtree(str(folder))


@contextlib.contextmanager
def running_kiosk(engine: Optional[Path] = None, **environment: str) -> Iterator[Kiosk]:
    """Its first picture is on the screen."""
    with kiosk_at(engine, **environment) as kiosk:
        kiosk.start()
        kiosk.wait_until_ready()
        yield kiosk
