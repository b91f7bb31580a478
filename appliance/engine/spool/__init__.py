"""A watched folder: ``NAME.jpg`` and ``NAME.wav`` put into it become ``NAME.mp4``, or ``NAME.error.txt``.

The folder itself is what is known: whoever looks at it, however often it is stopped, finds the same work to be done.
"""

from __future__ import annotations

from .errand import SpoolOptions
from .spool import Spool, watch_folder

__all__ = ["Spool", "SpoolOptions", "watch_folder"]
