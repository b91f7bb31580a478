"""A contact does not close once: for some milliseconds it touches and lets go."""

from __future__ import annotations

from typing import Optional


class Debounce:
    """Believes in a level once it has been seen for ``seconds`` without a break, so that a spark is no press either."""

    def __init__(self, level: bool, seconds: float = 0.0) -> None:
        self.level = level
        self.seconds = seconds
        self._since: Optional[float] = None

    def sample(self, level: bool, now: float) -> bool:
        """Whether ``level``, seen at ``now`` s, is believed to be a change."""
        if level == self.level:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        if now - self._since < self.seconds:
            return False
        self.level, self._since = level, None
        return True
