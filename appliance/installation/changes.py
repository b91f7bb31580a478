"""From what is there to what is wanted: worked out first, then done. What someone has edited is never overwritten."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Mapping, Optional, Tuple

from ..files import sync, write_atomically
from .layout import Layout
from .plan import Plan
from .record import Record

NEW = ".new"
"""Ending of what is put beside an edited file."""


@dataclass(frozen=True)
class Change:
    """One step, in words: ``what`` it is, and where.

    ``content`` of a file to write, ``target`` of a link to make; with neither, ``removed`` says that the path goes.
    """

    what: str
    path: str
    content: Optional[bytes] = None
    target: Optional[str] = None
    removed: bool = False

    @property
    def touches(self) -> bool:
        return self.content is not None or self.target is not None or self.removed


def compare(plan: Plan, record: Record, layout: Layout) -> Tuple[List[Change], Record]:
    """What is to be done, and the record of it. Idempotent: with all in place, nothing is."""
    changes: List[Change] = []
    files = {}
    for path, content in sorted(plan.files.items()):
        meant, found, before = sha256(content), _found(layout.at(path)), record.files.get(path)
        files[path] = meant
        if found == meant:
            continue
        if found is None or found == before:
            changes.append(Change("wrote" if found is None else "updated", path, content))
        elif meant == before:
            changes.append(Change("kept, because it was edited:", path))
            if path + NEW in record.files:
                files[path + NEW] = record.files[path + NEW]
        else:
            changes.append(Change("kept, because it was edited:", path))
            changes.append(Change("wrote the new version beside it:", path + NEW, content))
            files[path + NEW] = meant
    for path, target in sorted(plan.links.items()):
        place = layout.at(path)
        if not os.path.lexists(str(place)):
            if path in record.links and record.finished:
                changes.append(Change("left out, because it was removed:", path))  # `systemctl disable`, say
            else:
                changes.append(Change("linked", path, target=target))
        elif not _points_to(place, target):
            changes.append(Change("kept, because something else is there:", path))
    changes += removals(record, layout, keep=[*files, *plan.links])
    return changes, Record(plan.profile, record.version, files, dict(plan.links))


def removals(record: Record, layout: Layout, keep: Iterable[str] = ()) -> List[Change]:
    """Recorded files and links not in ``keep``: removed as far as they are still as written."""
    changes: List[Change] = []
    kept = set(keep)
    for path in sorted(set(record.links) - kept):
        if _points_to(layout.at(path), record.links[path]):
            changes.append(Change("removed", path, removed=True))
    for path in sorted(set(record.files) - kept):
        found = _found(layout.at(path))
        if found == record.files[path]:
            changes.append(Change("removed", path, removed=True))
        elif found is not None:
            changes.append(Change("kept, because it was edited:", path))
    return changes


def obstacle(changes: Iterable[Change], layout: Layout) -> Optional[Path]:
    """The first folder that cannot be written."""
    for change in changes:
        if change.touches:
            folder = next(parent for parent in layout.at(change.path).parents if parent.exists())
            if not os.access(str(folder), os.W_OK | os.X_OK):
                return folder
    return None


def carry_out(changes: Iterable[Change], layout: Layout) -> None:
    """Do them. Each is whole or not done; an OSError leaves the rest undone."""
    for change in changes:
        place = layout.at(change.path)
        if change.content is not None:
            write_atomically(place, change.content)
        elif change.target is not None:
            link_atomically(place, change.target)
        elif change.removed:
            place.unlink()
            _remove_if_ours_and_empty(place.parent)


def link_atomically(path: Path, target: str) -> None:
    """Make or turn a symbolic link; whoever looks meanwhile sees the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.part"
    if os.path.lexists(str(temporary)):
        temporary.unlink()
    os.symlink(target, str(temporary))
    os.replace(str(temporary), str(path))
    sync(path.parent)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def lines(changes: Iterable[Change]) -> List[Mapping[str, str]]:
    return [{"what": change.what, "path": change.path} for change in changes]


def _found(path: Path) -> Optional[str]:
    """Hash of what is at ``path``; None without it. What is no file, or cannot be read, is nobody's but its owner's."""
    try:
        return sha256(path.read_bytes())
    except FileNotFoundError:
        return "a dangling link" if path.is_symlink() else None
    except OSError:
        return "not readable"


def _points_to(path: Path, target: str) -> bool:
    return path.is_symlink() and os.readlink(str(path)) == target


def _remove_if_ours_and_empty(folder: Path) -> None:
    if folder.name.startswith("sonic"):
        try:
            folder.rmdir()
        except OSError:
            pass  # something else is in it
