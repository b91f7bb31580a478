"""The program's releases, side by side: ``current`` is the one that runs, ``previous`` the one to go back to."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import List, Optional

from .changes import link_atomically
from .layout import Layout


def running_release(layout: Layout) -> Optional[Path]:
    """The release that this process runs from; None for a checkout or any other environment."""
    here = Path(sys.prefix).resolve()
    return here if here.parent == layout.releases else None


def linked_release(link: Path) -> Optional[Path]:
    """The release that ``current`` or ``previous`` points to, if it is there."""
    return link.resolve() if link.is_symlink() and link.exists() else None


def switch(layout: Layout, release: Path) -> None:
    """From now on ``release`` is the program. The links are relative, so that a tree can be moved."""
    before = linked_release(layout.current)
    if before == release:
        return
    if before is not None:
        link_atomically(layout.previous, os.path.join("releases", before.name))
    link_atomically(layout.current, os.path.join("releases", release.name))


def remove_old_releases(layout: Layout) -> List[Path]:
    """All but the current and the previous one; returns what was removed."""
    wanted = {linked_release(layout.current), linked_release(layout.previous)}
    old = sorted(path for path in layout.releases.iterdir() if path not in wanted)
    for path in old:
        shutil.rmtree(str(path))
    return old
