"""The place on the screen where a video is seen."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path
from typing import Any, Optional, Tuple

import numpy as np
from PyQt5.QtCore import QObject, QRect, QSize, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QColor, QImage, QPainter, QPaintEvent, QRegion, QResizeEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from ...errors import SonicError, SpeakerError
from ..director.video import VideoSource
from ..player.decoding import Frame
from ..player.growing import GrowingSource
from ..player.player import Audience, Player, fitted
from ..player.source import FileSource, Source
from ..player.speaker import Speaker

RESIZE_MS = 200
"""A size that lasts so long is worth decoding anew for; until then the picture is stretched."""
LARGEST = QSize(1280, 1280)
"""Pictures are decoded in the size of the screen up to this, px; larger screens stretch them."""
SMALLEST = QSize(16, 16)
BACKGROUND = QColor("#0e1d22")


class VideoView(QWidget):
    """Plays one video at a time, as large as the widget allows, its sound through the loudspeaker.

    All methods return at once. After `stop` no signal of what was played before comes any more.
    """

    ended = pyqtSignal()
    """After the last frame and the last sound; the last frame stays. `seek` goes on from there."""
    failed = pyqtSignal(object)
    """Once: it cannot be played; a `SonicError`."""
    waiting = pyqtSignal(bool)
    """Whether playback waits for what is still being made."""
    position_changed = pyqtSignal(float, float, float)
    """Some times a second: seconds shown, seconds that can be shown now, seconds of the whole (0 while unknown)."""
    speaker_failed = pyqtSignal(object)
    """Once a video: it goes on without sound; a `SpeakerError`."""

    def __init__(self, speaker: Speaker, folder: Optional[Path] = None, parent: Optional[QWidget] = None) -> None:
        """``folder``: of private files, for videos that are still being made; default: where temporary files go."""
        super().__init__(parent)
        self._speaker, self._folder = speaker, folder or Path(tempfile.gettempdir())
        self._player: Optional[Player] = None
        self._stage: Optional[_Stage] = None
        self._image: Optional[QImage] = None
        self._paused = False
        self._resized = QTimer(self)
        self._resized.setSingleShot(True)
        self._resized.setInterval(RESIZE_MS)
        self._resized.timeout.connect(self._fit)
        self.setAttribute(Qt.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)

    def play(self, source: VideoSource, start: float = 0.0) -> None:
        """From ``start`` s, in place of what is played now. A video without a file is taken from its stream."""
        before = self._player
        self.stop()
        self._stage = stage = _Stage()
        stage.letter.connect(self._deliver, Qt.QueuedConnection)
        folder, self._paused = self._folder, False
        self._player = Player(lambda: _opened(source, folder, before), self._speaker, stage, self._box(), start)

    def pause(self) -> None:
        self._paused = True
        if self._player is not None:
            self._player.pause()

    def resume(self) -> None:
        self._paused = False
        if self._player is not None:
            self._player.resume()

    def paused(self) -> bool:
        return self._paused

    def seek(self, seconds: float) -> None:
        """To that moment, or the last one that is ready."""
        if self._player is not None:
            self._player.seek(seconds)

    def stop(self) -> None:
        """Show nothing; within 1 s no thread and no process is left. Harmless where nothing is played."""
        if self._player is not None:
            self._player.stop(wait=False)
        self._player = self._stage = self._image = None
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(512, 512)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        image = self._image
        if image is None:
            painter.fillRect(self.rect(), BACKGROUND)
            return
        place = self._place(image)
        wanted = place.size() * self.devicePixelRatioF()
        if image.size() != wanted:
            image = self._image = image.scaled(wanted, Qt.IgnoreAspectRatio, Qt.SmoothTransformation)
        for bar in (QRegion(self.rect()) - QRegion(place)).rects():
            painter.fillRect(bar, BACKGROUND)
        painter.drawImage(place, image)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._resized.start()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _deliver(self, stage: _Stage, name: str, arguments: Tuple[Any, ...]) -> None:
        if stage is not self._stage:
            return
        if name != "shown":
            getattr(self, name).emit(*arguments)
            return
        pixels = stage.taken()
        height, width = pixels.shape[:2]
        # The copy is the image's own: the decoder's memory goes with the frame.
        self._image = QImage(pixels.data, width, height, 4 * width, QImage.Format_RGB32).copy()
        self.update()

    def _place(self, image: QImage) -> QRect:
        """Where the picture is: as large as fits, in the middle."""
        width, height = fitted((image.width(), image.height()), (self.width(), self.height()))
        return QRect((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def _fit(self) -> None:
        if self._player is not None:
            self._player.resize(self._box())

    def _box(self) -> Tuple[int, int]:
        """In px of the screen."""
        size = (self.size() * self.devicePixelRatioF()).boundedTo(LARGEST).expandedTo(SMALLEST)
        return size.width(), size.height()


class _Stage(QObject, Audience):
    """Brings what the player tells into Qt's thread; of the frames, the newest one alone."""

    letter = pyqtSignal(object, str, tuple)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._newest: Optional[np.ndarray] = None

    def taken(self) -> np.ndarray:
        """The newest frame, uint8 (h, w, 4)."""
        with self._lock:
            newest, self._newest = self._newest, None
        assert newest is not None
        return newest

    def show(self, frame: Frame) -> None:
        with self._lock:
            waits, self._newest = self._newest is not None, frame.pixels
        if not waits:
            self._write("shown")

    def at(self, position: float, available: float, duration: float) -> None:
        self._write("position_changed", position, available, duration)

    def waiting(self, whether: bool) -> None:
        self._write("waiting", whether)

    def ended(self) -> None:
        self._write("ended")

    def failed(self, error: SonicError) -> None:
        self._write("failed", error)

    def speaker_failed(self, error: SpeakerError) -> None:
        self._write("speaker_failed", error)

    def _write(self, name: str, *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the window has gone, and with it this object's other half
            self.letter.emit(self, name, arguments)


def _opened(video: VideoSource, folder: Path, before: Optional[Player]) -> Source:
    """Raises what the sources raise."""
    if before is not None:
        before.stop()  # two at a time would want the loudspeaker
    return GrowingSource(video.stream, folder) if video.path is None else FileSource(video.path)
