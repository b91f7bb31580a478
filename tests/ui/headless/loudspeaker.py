"""A loudspeaker that remembers what was heard through it."""

from __future__ import annotations

from typing import Callable, List

import numpy as np

from appliance.errors import SpeakerError
from appliance.ui.player.silent_speaker import SilentStream
from appliance.ui.player.speaker import Speaker, SpeakerStream


class Loudspeaker(Speaker):
    """``heard``: samples of all streams; ``open_streams`` now. One that is ``missing`` cannot be opened."""

    def __init__(self, heard: Callable[[np.ndarray], None] = lambda samples: None) -> None:
        """``heard``: told of everything at once, too."""
        self.tell = heard
        self.heard: List[np.ndarray] = []
        self.open_streams = 0
        self.missing = False

    def open(self, device: str = "") -> SpeakerStream:
        if self.missing:
            raise SpeakerError("missing")
        self.open_streams += 1
        return _Stream(self)


class _Stream(SilentStream):
    def __init__(self, speaker: Loudspeaker) -> None:
        super().__init__()
        self._speaker = speaker

    def write(self, samples: np.ndarray) -> None:
        self._speaker.heard.append(samples)
        self._speaker.tell(samples)
        super().write(samples)

    def close(self) -> None:
        self._speaker.open_streams -= 1
        super().close()
