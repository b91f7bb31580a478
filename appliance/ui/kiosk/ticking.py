"""A countdown that is heard."""

from __future__ import annotations

import threading
from typing import Optional

from ..headless.prompts import Prompts
from ..player.speaker import Speaker

LONGEST_TONE_SECONDS = 3.0


class Ticking:
    """Holds the loudspeaker no longer than a countdown lasts. Never blocks, never raises."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._prompts: Optional[Prompts] = None

    def tick(self) -> None:
        if self._prompts is None:
            self._prompts = Prompts(self._speaker)
        self._prompts.say("tick")

    def end(self, tone: str = "") -> None:
        """With one of `tones.TONES`, or none. Harmless where nothing ticked."""
        prompts, self._prompts = self._prompts, None
        if prompts is None:
            return
        if tone:
            prompts.say(tone)
        threading.Thread(target=_give_back, args=(prompts,), name="ticking", daemon=True).start()


def _give_back(prompts: Prompts) -> None:
    prompts.rest().wait(LONGEST_TONE_SECONDS)
    prompts.close()
