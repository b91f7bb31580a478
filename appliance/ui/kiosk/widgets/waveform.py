"""A recording seen from afar."""

from __future__ import annotations

import contextlib
import wave
from pathlib import Path
from typing import Optional, Tuple

import numpy as np
from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from .dressed import Dressed

BARS = 72
GLANCE = 400
"""Samples that are looked at for a bar: the hour of a lecture costs no more than a word."""
INT16_MAX = 32_767


def look_at(path: Path) -> Tuple[Optional[np.ndarray], Optional[float]]:
    """Peaks 0 … 1 (`BARS`,) and length in s of a WAV file of 16 bits; None and None for any other."""
    with contextlib.suppress(OSError, EOFError, wave.Error, ZeroDivisionError), wave.open(str(path), "rb") as file:
        frames = file.getnframes()
        if file.getsampwidth() == np.dtype(np.int16).itemsize and frames >= BARS:
            peaks = np.zeros(BARS)
            for number in range(BARS):
                file.setpos(number * frames // BARS)
                samples = np.frombuffer(file.readframes(min(GLANCE, frames // BARS)), dtype="<i2")
                peaks[number] = np.abs(samples.astype(np.int32)).max(initial=0) / INT16_MAX
            return peaks / max(peaks.max(), 1e-3), frames / file.getframerate()
    return None, None


class Waveform(QWidget, Dressed):
    """Bars; those that were heard already in another colour. Without peaks a line."""

    def __init__(self) -> None:
        super().__init__()
        self._peaks: Optional[np.ndarray] = None
        self._heard = 0.0
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Preferred)

    def show_peaks(self, peaks: Optional[np.ndarray]) -> None:
        self._peaks = peaks
        self.update()

    def show_heard(self, share: float) -> None:
        """0 … 1 of it."""
        if round(share * BARS) != round(self._heard * BARS):
            self.update()
        self._heard = share

    def sizeHint(self) -> QSize:
        return QSize(8 * self.theme.target, 2 * self.theme.target)

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * self.theme.target, self.theme.target)

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = self.theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setPen(Qt.NoPen)
        step, middle = self.width() / BARS, self.height() / 2
        for number in range(BARS):
            peak = 0.0 if self._peaks is None else float(self._peaks[number])
            half = max(0.04, peak) * middle
            heard = number < round(self._heard * BARS)
            painter.setBrush(QColor(palette.accent if heard else palette.primary))
            painter.drawRoundedRect(QRectF(number * step, middle - half, 0.6 * step, 2 * half), 0.3 * step, 0.3 * step)
