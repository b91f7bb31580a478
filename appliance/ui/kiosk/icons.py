"""Icons by what they mean here, from QtAwesome: Phosphor's (MIT); the USB stick is of Material Design (Apache-2.0)."""

from __future__ import annotations

import qtawesome
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QIcon, QPainter, QPixmap

_NAMES = {
    "again": "ph.arrow-counter-clockwise-bold",
    "agree": "ph.check-bold",
    "back": "ph.arrow-left-bold",
    "blink": "ph.eye-bold",
    "camera": "ph.camera-bold",
    "camera_off": "ph.camera-slash-bold",
    "cancel": "ph.x-bold",
    "change": "ph.pencil-bold",
    "clock": "ph.timer-bold",
    "contrast": "ph.circle-half-bold",
    "corner": "ph.arrows-out-cardinal-bold",
    "delete": "ph.trash-bold",
    "done": "ph.check-circle-bold",
    "earlier": "ph.rewind-bold",
    "erase": "ph.backspace-bold",
    "error": "ph.warning-circle-bold",
    "eye_off": "ph.eye-slash-bold",
    "face": "ph.user-focus-bold",
    "folder": "ph.folder-open-bold",
    "forward": "ph.arrow-right-bold",
    "frame": "ph.image-bold",
    "full": "ph.corners-out-bold",
    "head": "ph.arrows-left-right-bold",
    "health": "ph.heartbeat-bold",
    "home": "ph.house-bold",
    "info": "ph.info-bold",
    "label": "ph.circle-wavy-check-bold",
    "language": "ph.translate-bold",
    "later": "ph.fast-forward-bold",
    "lecture": "ph.chalkboard-teacher-bold",
    "listen": "ph.speaker-high-bold",
    "lock": "ph.shield-check-bold",
    "make": "ph.magic-wand-bold",
    "microphone": "ph.microphone-bold",
    "microphone_off": "ph.microphone-slash-bold",
    "minus": "ph.minus-bold",
    "mouth": "ph.smiley-bold",
    "pause": "ph.pause-fill",
    "phone": "ph.qr-code-bold",
    "photo": "ph.image-square-bold",
    "pip": "ph.picture-in-picture-bold",
    "play": "ph.play-fill",
    "plus": "ph.plus-bold",
    "queue": "ph.users-three-bold",
    "record": "ph.record-fill",
    "resize": "ph.arrows-out-simple-bold",
    "restart": "ph.power-bold",
    "save": "mdi6.usb-flash-drive",
    "service": "ph.wrench-bold",
    "sound": "ph.music-notes-bold",
    "stop": "ph.stop-fill",
    "storage": "ph.hard-drives-bold",
    "text_size": "ph.text-aa-bold",
    "tip": "ph.chat-circle-text-bold",
    "touch": "ph.hand-pointing-bold",
    "user": "ph.user-bold",
    "video": "ph.monitor-play-bold",
    "wait": "ph.hourglass-medium-bold",
    "warning": "ph.warning-bold",
}


def icon(name: str, colour: str, disabled: str = "") -> QIcon:
    """Sharp at any size. ``colour``: #rrggbb."""
    return qtawesome.icon(_NAMES[name], color=colour, color_disabled=disabled or colour)


def icon_beside_text(name: str, colour: str, disabled: str, side: int, gap: int) -> QIcon:
    """``side`` px high, with ``gap`` px of nothing at its right: Qt puts the text of a button right beside the icon."""
    padded = QIcon()
    for mode, of_mode in ((QIcon.Normal, colour), (QIcon.Disabled, disabled)):
        pixmap = QPixmap(side + gap, side)
        pixmap.fill(Qt.transparent)
        painter = QPainter(pixmap)
        painter.drawPixmap(0, 0, icon(name, of_mode).pixmap(side, side))
        painter.end()
        padded.addPixmap(pixmap, mode)
    return padded
