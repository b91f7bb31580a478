"""Garbage in cycles is collected in the thread that paints.

Python collects it in whichever thread happens to fill the measure. What Qt made would then be destroyed there, while
the thread that paints works with it: a crash, sooner or later, anywhere.
"""

from __future__ import annotations

import gc
from typing import Optional

from PyQt5.QtCore import QObject, QTimer

INTERVAL_MS = 1000


class GarbageCollector(QObject):
    """Takes over from Python's own until `close`, for the thread that makes it, whose Qt loop must turn."""

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        gc.disable()
        # What is there now stays: looking through all of it again and again would hold up painting.
        gc.collect()
        gc.freeze()
        timer = QTimer(self)
        timer.timeout.connect(gc.collect)
        timer.start(INTERVAL_MS)

    def close(self) -> None:
        gc.unfreeze()
        gc.enable()
