"""Files on their way in: not a job yet, and gone without a trace if they never become one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable


class Upload:
    """A folder in ``incoming/`` for one photo and one recording; whoever receives them writes ``photo`` and ``speech``.

    ``expected``: bytes that were announced; they count against the free space until the upload ends.
    """

    def __init__(self, folder: Path, expected: int, ended: Callable[[Upload], None]) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder
        self.photo = folder / "photo"
        self.speech = folder / "speech"
        self.expected = expected
        self.open = True
        self._ended = ended

    def discard(self) -> None:
        """Remove what has arrived. Harmless after the upload has become a job or was discarded."""
        if self.open:
            self.end()
            shutil.rmtree(str(self.folder), ignore_errors=True)

    def end(self) -> None:
        """It is nobody's any more: the engine has taken the files."""
        self.open = False
        self._ended(self)
