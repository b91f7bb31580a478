"""A stranger's file into the visit's own folder: whole, as it was listed, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from ...errors import DiskFull, OutputError, PhotoNotFound, SonicError, SpeechNotFound, UploadTooLarge
from ...files import NO_SPACE
from .scan import Found

BLOCK = 1 << 20


def copy_file(found: Found, kind: str, folder: Path, largest: int) -> Path:
    """The copy, mode 0600, with a name that tells nothing. ``kind``: "photo" or "speech"; ``largest``: bytes.

    Raises `PhotoNotFound` or `SpeechNotFound`, `UploadTooLarge`, `DiskFull`, `OutputError`.
    """
    if found.size > largest:
        raise UploadTooLarge(f"{found.size} bytes")
    try:
        source = found.open()
    except OSError as error:
        raise _lost(kind, str(error.strerror)) from error
    try:
        suffix = os.path.splitext(found.parts[-1])[1].lower()
        try:
            handle, target = tempfile.mkstemp(prefix=f"{kind}-", suffix=suffix, dir=str(folder))
        except OSError as error:
            raise _refused(error) from error
        try:
            with open(handle, "wb", buffering=0) as file:
                _copy(source, file, found, kind)
        except BaseException:
            os.unlink(target)
            raise
    finally:
        os.close(source)
    return Path(target)


def _copy(source: int, target: BinaryIO, found: Found, kind: str) -> None:
    left = found.size
    while left:
        try:
            block = os.read(source, min(BLOCK, left))
        except OSError as error:
            raise _lost(kind, str(error.strerror)) from error
        if not block:
            raise _lost(kind, "it ended early")
        left -= len(block)
        try:
            while block:
                block = block[target.write(block) :]
        except OSError as error:
            raise _refused(error) from error
    if not found.is_same(os.fstat(source)):
        raise _lost(kind, "it changed meanwhile")


def _lost(kind: str, detail: str) -> SonicError:
    if kind == "photo":
        return PhotoNotFound(detail, action="Leave the USB stick plugged in until the photo is shown.")
    return SpeechNotFound(detail, action="Leave the USB stick plugged in until the recording is there.")


def _refused(error: OSError) -> OutputError:
    return (DiskFull if error.errno in NO_SPACE else OutputError)(str(error.strerror))
