"""How results appear in the folder: at once and whole, and never in the place of a file that is not ours."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Set

from ...errors import OutputError
from ...files import mode_within, sha256_of, sync
from ..job import Failure
from .chinese import CHINESE
from .inputs import digest
from .records import Record, Records

ERROR_ENDING = ".error.txt"
TITLE = "Sonic Appliance · 说明"
"""First line of every error file; tells ours from others."""


class NameTaken(OutputError):
    """The video's name belongs to a file that is not ours."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            message=f"There is already a file {path.name} that was not made here; it was left as it is.",
            action="Move it away, or give the recording another name.",
        )


def video_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.mp4"


def is_made(record: Record, folder: Path) -> bool:
    """Whether the video made last lies there, unchanged."""
    return record.video is not None and _lies_there(folder, record.name, {record.video})


def check_place(record: Record, folder: Path) -> None:
    """Raises `NameTaken`, unless nothing or a video of ours has the video's name."""
    path = video_path(folder, record.name)
    ours = {made for made in (record.video, record.earlier) if made is not None}
    if os.path.lexists(str(path)) and not _lies_there(folder, record.name, ours):
        raise NameTaken(path)


def place_video(temporary: Path, record: Record, folder: Path) -> None:
    """Let the video appear under its name. Raises `NameTaken`, OSError."""
    path = video_path(folder, record.name)
    os.chmod(str(temporary), mode_within(folder))
    sync(temporary)
    check_place(record, folder)
    if path.exists():
        os.replace(str(temporary), str(path))
    else:
        _move_to_new(temporary, path)
    sync(folder)


def _lies_there(folder: Path, name: str, ours: Set[str]) -> bool:
    path = video_path(folder, name)
    return bool(ours) and path.is_file() and not path.is_symlink() and sha256_of(path) in ours


def _move_to_new(temporary: Path, path: Path) -> None:
    """As a rename, but without replacing what somebody put there this very moment, where the file system can."""
    try:
        os.link(str(temporary), str(path))
    except FileExistsError:
        raise NameTaken(path) from None
    except OSError:  # FAT has no links
        os.rename(str(temporary), str(path))


def write_error(failure: Failure, records: Records, name: str, folder: Path) -> None:
    """Say beside the inputs why there is no video, in English and Chinese. Raises OSError."""
    lines = [TITLE, "", failure.message, failure.action]
    if failure.code in CHINESE:
        lines += ["", *CHINESE[failure.code]]
    lines += ["", "To try again, delete this file. 要重试，请删除本文件。", f"({failure.code})", ""]
    temporary = records.temporary(name + ERROR_ENDING)
    # Windows' editor shows UTF-8 as such with a mark only, and lines with both signs only.
    temporary.write_bytes("\r\n".join(lines).encode("utf-8-sig", "backslashreplace"))
    os.chmod(str(temporary), mode_within(folder))
    sync(temporary)
    os.replace(str(temporary), str(error_path(folder, name)))
    sync(folder)


def remove_error(folder: Path, name: str) -> None:
    path = error_path(folder, name)
    if _is_error_file(path):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def error_path(folder: Path, name: str) -> Path:
    """``NAME.error.txt``; another name where that one is too long for the file system or belongs to somebody else."""
    path = folder / (name + ERROR_ENDING)
    longest = os.statvfs(str(folder)).f_namemax
    if len(os.fsencode(path.name)) <= longest and (_is_error_file(path) or not os.path.lexists(str(path))):
        return path
    ending = f"~{digest(name)[:8]}{ERROR_ENDING}"
    while len(os.fsencode(name + ending)) > longest:
        name = name[:-1]
    return folder / (name + ending)


def _is_error_file(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return not path.is_symlink() and file.read(256).decode("utf-8-sig", "replace").startswith(TITLE)
    except OSError:
        return False
