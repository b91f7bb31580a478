"""`appliance install` and `uninstall`, step by step."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterable, List, NoReturn, Optional

from .. import __version__
from ..errors import InstallFailed, UsageError
from ..files import write_atomically
from . import system
from .changes import Change, carry_out, compare, obstacle, removals
from .layout import CACHE, PROGRAM, SETTINGS, SPOOL, STATE, Layout, unit_folder
from .plan import make_plan
from .record import read_record, record_text
from .releases import linked_release, remove_old_releases, running_release, switch

SYSUSERS = "/etc/sysusers.d/sonic.conf"
NPU_GROUP = "HwHiAiUser"
"""Made by the vendor's driver."""

Report = Callable[[Change], None]


def install(layout: Layout, profile: Optional[str], report: Report, dry_run: bool = False) -> None:
    """Make the system at ``layout`` an appliance of that profile; default: the one that it is already.

    Run from a release, this also makes it the current one. Then starts it, where systemd runs and the root is ``/``.
    Raises `InstallFailed`, `UsageError`.
    """
    record = read_record(layout.record)
    profile = profile or record.profile
    if not profile:
        raise UsageError(message="The first installation needs a profile.", action="Add --profile.")
    release = running_release(layout)
    program = release or linked_release(layout.current)
    if program is None and layout.is_this_system:
        raise InstallFailed(
            message=f"The program is not in {PROGRAM}: nothing was changed.",
            action="Make a bundle with `make bundle`, unpack it here and run its install.sh.",
        )
    plan = make_plan(profile, unit_folder(), os.cpu_count() or 1, system.has_group(layout, NPU_GROUP))
    changes, after = compare(plan, record, layout)
    after.version = __version__
    _refuse_unwritable(changes, layout)
    for change in changes:
        report(change)
    if dry_run:
        return
    live = layout.is_this_system and system.systemd_runs()
    os.umask(0o022)  # what is written is for every service to read
    try:
        # New names are recorded first, new hashes last: an installation that is cut off can be taken up or undone.
        files, links = {**after.files, **record.files}, {**after.links, **record.links}
        during = replace(after, files=files, links=links, finished=False)
        write_atomically(layout.record, record_text(during))
        if live:
            system.stop(_units(change.path for change in changes if change.removed))
        carry_out(changes, layout)
        write_atomically(layout.record, record_text(after))
        if release is not None:
            switch(layout, release)
            for old in remove_old_releases(layout):
                report(Change("removed the release", old.name))
    except OSError as error:
        raise InstallFailed(
            str(error),
            message=f"The installation stopped half-way: {error.strerror} ({error.filename}).",
            action="Correct that and install again; what runs is still the release before.",
        ) from error
    for name in plan.ahead:
        report(Change("note: not started, because this release has no such command:", name))
    if program is None:
        report(Change("note: the program itself is still missing:", PROGRAM))
    if os.geteuid() or not system.make_users(layout):
        report(Change("note: users and groups were not made, for want of root or systemd; they are in", SYSUSERS))
    if live:
        for service in system.start(plan.services()):
            report(Change("note: does not run:", service))


def roll_back(layout: Layout, arguments: List[str]) -> NoReturn:
    """Let the previous release install itself: it brings its own units. Does not return; raises `InstallFailed`."""
    previous = linked_release(layout.previous)
    if previous is None:
        raise InstallFailed(
            message="There is no release before this one to go back to.", action="Install a bundle of it instead."
        )
    program = str(previous / "bin" / "appliance")
    os.execv(program, [program, "install", *arguments])


def uninstall(layout: Layout, purge: bool, report: Report) -> None:
    """Remove what `install` wrote and the releases. ``purge``: also settings, jobs, videos and the spool folder."""
    record = read_record(layout.record)
    if not record.files and not layout.program.exists():
        raise InstallFailed(message="The appliance is not installed here.", action="There is nothing to remove.")
    changes = removals(record, layout)
    _refuse_unwritable(changes, layout)
    units = _units(record.files)
    live = layout.is_this_system and system.systemd_runs()
    if live:
        system.stop(["sonic.target", *units, "sonic.slice"])
    try:
        carry_out(changes, layout)
        for change in changes:
            report(change)
        folders = [CACHE, PROGRAM] if not purge else [STATE, SPOOL, str(Path(SETTINGS).parent), CACHE, PROGRAM]
        # The program comes last: this process runs from it.
        for folder in folders:
            if layout.at(folder).exists():
                shutil.rmtree(str(layout.at(folder)))
                report(Change("removed", folder))
    except OSError as error:
        raise InstallFailed(
            str(error),
            message=f"Not everything could be removed: {error.strerror} ({error.filename}).",
            action="Correct that and run `appliance uninstall` again.",
        ) from error
    if live:
        system.forget(units)
    if not purge:
        for folder in (STATE, SPOOL):
            if layout.at(folder).exists():
                report(Change("kept, with what is in it (--purge removes it):", folder))


def _units(paths: Iterable[str]) -> List[str]:
    return sorted({Path(path).name for path in paths if path.endswith((".service", ".socket", ".timer"))})


def _refuse_unwritable(changes: List[Change], layout: Layout) -> None:
    folder = obstacle(changes, layout)
    if folder is not None:
        raise InstallFailed(
            message=f"{folder} cannot be written: nothing was changed.",
            action="Run this as root, with sudo for instance.",
        )
