"""The classroom's screens: the kiosk's, some of them replaced."""

from __future__ import annotations

import dataclasses
from typing import Dict

from ...capture.picker.media import Media
from ..director.parts import Parts
from ..flow import Rules, State
from ..kiosk.screen import Screen
from ..kiosk.screens import visitor_screens
from ..kiosk.video_view import VideoView
from .archive import Archive
from .home import HomeScreen
from .making import LectureMakingScreen
from .memory import FILE, Memory
from .playing import LecturePlayingScreen


def classroom_screens(rules: Rules, parts: Parts) -> Dict[State, Screen]:
    """All but the staff's two."""
    settings = parts.settings
    memory = Memory(parts.state / FILE)
    archive = Archive(parts.engine, Media(settings.picker.media))

    def video() -> VideoView:
        # An hour of video is too much for memory, where `Parts.folder` may be.
        return VideoView(parts.speaker, parts.lessons)

    kiosk = dataclasses.replace(settings.kiosk, record_seconds=rules.record_seconds)
    return {
        **visitor_screens(rules, kiosk, parts.speaker, parts.folder),
        State.ATTRACT: HomeScreen(rules, archive, memory, video()),
        State.MAKING: LectureMakingScreen(),
        State.PLAYING: LecturePlayingScreen(rules, video(), memory, parts.store, parts.lessons),
    }
