"""The place on the screen where a video is seen."""

from __future__ import annotations

from typing import Optional

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QWidget

from ..director.video import VideoSource
from ..player.speaker import Speaker


class VideoView(QWidget):
    """Plays one video at a time, as large as the widget allows, its sound through the loudspeaker.

    All methods return at once. After `stop` no signal of what was played before comes any more.
    """

    ended = pyqtSignal()
    """Once, after the last frame and the last sound; the last frame stays. `seek` and `resume` go on from there."""
    failed = pyqtSignal(object)
    """Once: it cannot be played; a `SonicError`."""
    waiting = pyqtSignal(bool)
    """Whether playback waits for what is still being made."""
    position_changed = pyqtSignal(float, float, float)
    """Some times a second: seconds shown, seconds that can be shown now, seconds of the whole (0 while unknown)."""
    speaker_failed = pyqtSignal(object)
    """Once a video: it goes on without sound; a `SpeakerError`."""

    def __init__(self, speaker: Speaker, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        raise NotImplementedError

    def play(self, source: VideoSource, start: float = 0.0) -> None:
        """From ``start`` s, in place of what is played now. A video without a file is taken from its stream."""
        raise NotImplementedError

    def pause(self) -> None:
        raise NotImplementedError

    def resume(self) -> None:
        raise NotImplementedError

    def paused(self) -> bool:
        raise NotImplementedError

    def seek(self, seconds: float) -> None:
        """To that moment, or the last one that is ready."""
        raise NotImplementedError

    def stop(self) -> None:
        """Show nothing; within 1 s no thread and no process is left. Harmless where nothing is played."""
        raise NotImplementedError
