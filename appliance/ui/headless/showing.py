"""The finished video: left in a folder, played by the program of the settings."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable, List, Optional

from ...errors import DiskFull, OutputError, SonicError, UsageError, VideoUnplayable
from ...files import NO_SPACE, mode_within, publish
from ...settings import HeadlessSettings
from .prompts import Prompts

REST_SECONDS = 3.0
CLOSE_SECONDS = 1.5

log = logging.getLogger(__name__)

Shown = Callable[[Optional[SonicError]], None]


def check(settings: HeadlessSettings) -> None:
    """Raises `UsageError` where nothing could become of the videos."""
    if not settings.play and not settings.folder:
        message = "The headless mode neither plays its videos nor leaves them anywhere."
        raise UsageError(message=message, action="Set [headless] folder or play.")
    if settings.folder and not os.access(settings.folder, os.W_OK | os.X_OK):
        message = "Nothing can be written to the folder for the videos of the headless mode."
        raise UsageError(message=message, action="Create it, or correct [headless] folder.")
    if settings.portrait and not os.access(settings.portrait, os.R_OK):
        message = "The portrait of the headless mode cannot be read."
        raise UsageError(message=message, action="Correct [headless] portrait.")
    _command(settings)


class Showing:
    """One video, in a thread of its own; ``shown`` is called once from there, with what went wrong, unless stopped."""

    def __init__(self, settings: HeadlessSettings, prompts: Prompts, shown: Shown) -> None:
        self.left = False
        """Whether a copy lies in the folder."""
        self._settings, self._prompts, self._shown = settings, prompts, shown
        self._stopped = threading.Event()
        self._player: Optional[subprocess.Popen[bytes]] = None
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None

    def start(self, video: Path, leave: bool) -> None:
        """``leave``: a copy in the folder, if there is one in the settings."""
        self._thread = threading.Thread(target=self._run, args=(video, leave), name="showing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns at once; the player is killed."""
        with self._lock:
            self._stopped.set()
            if self._player is not None and self._player.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._player.pid, signal.SIGKILL)

    @property
    def going_on(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """Wait for its end, after `stop`."""
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _run(self, video: Path, leave: bool) -> None:
        error: Optional[SonicError] = None
        try:
            if leave and self._settings.folder:
                leave_in(Path(self._settings.folder), video)
                self.left = True
            if self._settings.play:
                self._prompts.rest().wait(REST_SECONDS)
                self._play(video)
        except SonicError as failure:
            log.error("%s: %s", failure.code, failure.detail)
            error = failure
        if not self._stopped.is_set():
            self._shown(error)

    def _play(self, video: Path) -> None:
        """Raises `VideoUnplayable`."""
        with self._lock:
            if self._stopped.is_set():
                return
            try:
                self._player = subprocess.Popen(
                    [*_command(self._settings), str(video)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # players like to say which file they play
                    start_new_session=True,
                )
            except OSError as error:
                message = "The program that plays the videos cannot be started."
                raise VideoUnplayable(
                    str(error.strerror), message=message, action="Check [headless] player in the settings."
                ) from error
        status = self._player.wait()
        if status != 0 and not self._stopped.is_set():
            raise VideoUnplayable(f"the player ended with status {status}")


def leave_in(folder: Path, video: Path) -> Path:
    """A copy of the video, named by date and time, for whoever may read the folder, whole or not there.

    Raises `DiskFull`, `OutputError`.
    """
    part: Optional[str] = None
    try:
        handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=str(folder))
        with os.fdopen(handle, "wb") as target, video.open("rb") as source:
            shutil.copyfileobj(source, target, 1 << 20)
        os.chmod(part, mode_within(folder))
        path = _free_name(folder)
        publish(Path(part), path)
        return path
    except OSError as error:
        raise (DiskFull if error.errno in NO_SPACE else OutputError)(str(error.strerror)) from error
    finally:
        if part is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)


def _free_name(folder: Path) -> Path:
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    names = (folder / f"{stamp}{again}.mp4" for again in ["", *(f"-{number}" for number in range(2, 1000))])
    return next(path for path in names if not path.exists())


def _command(settings: HeadlessSettings) -> List[str]:
    """Raises `UsageError`."""
    try:
        command = shlex.split(settings.player)
    except ValueError:
        command = []
    if settings.play and not command:
        raise UsageError(message="There is no program that plays the videos.", action="Correct [headless] player.")
    return command
