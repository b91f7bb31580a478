"""Files and the disk: whole or not there, hashed, and really written."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when something does not fit, errno."""

BLOCK = 1 << 20


def sha256_of(path: Path) -> str:
    """Hash of a file of any size, hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on. Raises OSError."""
    handle = os.open(str(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(temporary: Path, path: Path) -> None:
    """Give a complete file its name, for good: through a power cut there is the old file or the new. Raises OSError."""
    sync(temporary)
    os.replace(str(temporary), str(path))
    sync(path.absolute().parent)


def mode_within(folder: Path) -> int:
    """Of a new file that is for whoever may read its folder, whatever this process's umask is. Raises OSError."""
    return folder.stat().st_mode & 0o666 | 0o600


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """A new file with that content and mode, or none; folders on the way are made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=str(path.parent))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        publish(Path(temporary), path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
