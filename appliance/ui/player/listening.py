"""A recording played once, as a visitor hears it before it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Optional

from ...errors import SonicError
from .speaker import Speaker

Ended = Callable[[Optional[SonicError]], None]


class Listening:
    """Plays any recording through a loudspeaker, in threads of its own.

    ``ended`` is called once, from such a thread: with None after the last of it was heard, with the error if it cannot
    be read; not after `stop`. Without a loudspeaker it takes as long, and is silent.
    """

    def __init__(self, path: Path, speaker: Speaker, ended: Ended) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """Be silent; within 1 s no thread and no process is left. Harmless afterwards and twice."""
        raise NotImplementedError
