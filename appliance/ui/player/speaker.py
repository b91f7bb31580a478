"""What every loudspeaker is: the clock by which pictures are shown, beside the sound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Optional, Type

import numpy as np

RATE = 48_000
"""Sample frames a second."""
CHANNELS = 2
"""Some devices take nothing else."""


class SpeakerStream(ABC):
    """An open loudspeaker. Any thread may call, also at the same time as others.

    Sound that was written is heard one after another; when there is none left, the position stands still until there
    is. `write` never blocks: whoever writes keeps little more than half a second ahead of `position`.
    """

    @abstractmethod
    def write(self, samples: np.ndarray) -> None:
        """int16 (n, `CHANNELS`) at `RATE`, to be heard after what was written before. Raises `SpeakerError`."""

    @abstractmethod
    def position(self) -> float:
        """Seconds of what was written that have been *heard* since the opening or the last `flush`.

        What waits in the device is not counted. Never falls, never beyond what was written. Raises `SpeakerError` once
        the device is lost.
        """

    @abstractmethod
    def pause(self) -> None:
        """Silence; what waits is kept. The moment of sound that the device already holds is still heard."""

    @abstractmethod
    def resume(self) -> None:
        pass

    @abstractmethod
    def flush(self) -> None:
        """Forget what waits; `position` is 0 again. Whether paused stays as it is."""

    @abstractmethod
    def close(self) -> None:
        """Give the device back within a second; may be called twice. Afterwards `write` raises `SpeakerError`."""

    def __enter__(self) -> SpeakerStream:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        self.close()


class Speaker(ABC):
    """A way to reach loudspeakers."""

    @abstractmethod
    def open(self) -> SpeakerStream:
        """Blocks until it is open, some seconds at most: not for the thread that paints. Raises `SpeakerError`."""
