"""Where the engine listens: a socket passed by systemd (sd_listen_fds(3)) or one made here, and a TCP port if asked."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat
from pathlib import Path
from typing import Iterator, List, MutableMapping, Optional

from ...errors import EngineError, SettingsInvalid

FIRST_PASSED = 3
BACKLOG = 128
PROBE_SECONDS = 2.0


class AlreadyRunning(EngineError):
    message = "Another engine is already listening on this socket."
    action = "Stop it first, or give this one a socket and state folder of its own in the settings."


def passed_sockets(environment: MutableMapping[str, str] = os.environ) -> List[socket.socket]:
    """The sockets that the service manager opened for this process; the variables are taken out for its children."""
    mine = environment.get("LISTEN_PID", "") == str(os.getpid())
    count = environment.get("LISTEN_FDS", "")
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        environment.pop(name, None)
    if not mine or not count.isdigit():
        return []
    sockets = [socket.socket(fileno=number) for number in range(FIRST_PASSED, FIRST_PASSED + int(count))]
    for passed in sockets:
        passed.set_inheritable(False)
    return sockets


@contextlib.contextmanager
def engine_socket(path: Path, group: Optional[int]) -> Iterator[socket.socket]:
    """The Unix socket of the API: the passed one, else one made at ``path`` and removed in the end.

    ``group``: number of the group whose members may connect. Raises `AlreadyRunning`, `EngineError`.
    """
    passed = [item for item in passed_sockets() if item.family == socket.AF_UNIX and item.type == socket.SOCK_STREAM]
    if passed:
        with passed[0] as found:
            yield found
        return
    with _made(path, group) as made:
        yield made


def tcp_socket(host: str, port: int) -> socket.socket:
    """Raises `SettingsInvalid`."""
    try:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        message = f"The engine cannot listen on {host}, port {port}: {error.strerror or error}."
        raise SettingsInvalid(message=message, action="Correct [listen] in the settings.") from error
    return listener


@contextlib.contextmanager
def _made(path: Path, group: Optional[int]) -> Iterator[socket.socket]:
    try:
        _make_folder(path.parent, group)
        lock = os.open(str(path) + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _refusal(path, error) from error
    with open(lock):
        try:
            # Between engines; whether one listens is not enough, it may be about to.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove_dead(path)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError as error:
            if error.errno == errno.EWOULDBLOCK:
                raise AlreadyRunning() from error
            raise _refusal(path, error) from error
        with listener:
            try:
                _bind(listener, path, group)
            except OSError as error:
                raise _refusal(path, error) from error
            identity = path.stat().st_ino
            try:
                yield listener
            finally:
                with contextlib.suppress(OSError):
                    if path.stat().st_ino == identity:
                        path.unlink()


def _make_folder(folder: Path, group: Optional[int]) -> None:
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True)
    if group is not None:
        os.chown(str(folder), -1, group)
        folder.chmod(0o750)


def _remove_dead(path: Path) -> None:
    """A socket file outlives the engine that was killed. Raises `AlreadyRunning` where somebody answers."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(errno.EEXIST, "there is a file that is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            return
        except socket.timeout:
            pass  # Its queue is full: there is somebody.
    raise AlreadyRunning()


def _bind(listener: socket.socket, path: Path, group: Optional[int]) -> None:
    before = os.umask(0o177)  # Nobody else may connect before the mode is right.
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    if group is not None:
        os.chown(str(path), -1, group)
    path.chmod(0o660)
    listener.listen(BACKLOG)


def _refusal(path: Path, error: OSError) -> EngineError:
    return EngineError(
        message=f"The engine cannot make its socket {path}: {error.strerror or error}.",
        action="Check the folder and its permissions, or set engine.socket in the settings.",
    )
