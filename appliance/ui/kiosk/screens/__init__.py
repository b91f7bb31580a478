"""The screens of a visit, one file a state or small family of states."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional

from ....settings import KioskSettings
from ...flow import Rules, State
from ...player.speaker import Speaker
from ..screen import Screen
from ..ticking import Ticking
from ..video_view import VideoView
from .attract import AttractScreen
from .check import CheckScreen
from .consent import ConsentScreen
from .making import MakingScreen
from .photo import PhotoScreen
from .photo_review import PhotoReviewScreen
from .pick import PickScreen
from .playing import PlayingScreen
from .review import ReviewScreen
from .voice import VoiceScreen
from .voice_review import VoiceReviewScreen
from .words import ClosedScreen, ErrorScreen, ThanksScreen

__all__ = ["visitor_screens"]


def visitor_screens(
    rules: Rules, settings: KioskSettings, speaker: Speaker, folder: Optional[Path] = None
) -> Dict[State, Screen]:
    """All but the staff's two. ``folder``: for the player's private files."""
    ticking = Ticking(speaker)
    photo, voice = PhotoScreen(rules, ticking), VoiceScreen(rules, settings.record_seconds, ticking)
    return {
        State.ATTRACT: AttractScreen(rules),
        State.CONSENT: ConsentScreen(rules),
        State.PHOTO: photo,
        State.PHOTO_COUNTDOWN: photo,
        State.PHOTO_SHOT: photo,
        State.PHOTO_PICK: PickScreen("photo", rules.camera),
        State.PHOTO_CHECK: CheckScreen("photo_check.words"),
        State.PHOTO_REVIEW: PhotoReviewScreen(),
        State.VOICE: voice,
        State.VOICE_COUNTDOWN: voice,
        State.VOICE_RECORDING: voice,
        State.VOICE_PICK: PickScreen("speech", True),
        State.VOICE_CHECK: CheckScreen("voice_check.words"),
        State.VOICE_REVIEW: VoiceReviewScreen(),
        State.REVIEW: ReviewScreen(rules),
        State.MAKING: MakingScreen(),
        State.PLAYING: PlayingScreen(rules, VideoView(speaker, folder)),
        State.THANKS: ThanksScreen(rules),
        State.ERROR: ErrorScreen(),
        State.OUT_OF_SERVICE: ClosedScreen(),
    }
