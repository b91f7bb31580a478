"""What can be seen at the kiosk, scene by scene, with what a visitor would see there."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, List, Optional, Tuple

import cv2
import imageio_ffmpeg
import numpy as np
from PyQt5.QtCore import QEventLoop, QThreadPool, QVariantAnimation
from PyQt5.QtWidgets import QApplication, QWidget

from appliance.capture.camera.guidance import CENTRE
from appliance.demo import RECORDINGS, write_portrait
from appliance.engine.view import LiveProgress
from appliance.errors import CameraMissing, FaceNotFound, MicrophoneBusy, StickMissing
from appliance.settings import KioskSettings
from appliance.ui.director.video import VideoSource
from appliance.ui.feeds import Countdown, DeviceState, Level, Link, Making, Media, Medium, Notice, Preview
from appliance.ui.flow import Rules, State, Visit
from appliance.ui.kiosk.failure import failure_of
from appliance.ui.kiosk.screens import visitor_screens
from appliance.ui.kiosk.screens.playing import PlayingScreen
from appliance.ui.kiosk.window import KioskWindow
from appliance.ui.player.silent_speaker import SilentSpeaker

RULES = Rules(link=True)
SETTINGS = KioskSettings()
CAMERA = (1280, 720)
FACE, ZOOM = (176, 66, 272, 196), 2.4
"""Its box in the portrait, and how much nearer the camera is."""
NAMES = ("全家福 2024.jpg", "portrait.png", "IMG_0412.JPG", "证件照.jpg", "summer.webp", "DSC00017.jpg", "me.bmp")
SPEECHES = (("朗诵《春晓》.m4a", 34.0), ("greeting.wav", 9.2), ("voice memo 12.mp3", 127.0), ("大家好.flac", 5.5))


class Material:
    """A real face and a real voice: the demonstration's."""

    def __init__(self, folder: Path) -> None:
        self.photo, self.voice = folder / "photo.png", folder / "voice.wav"
        write_portrait(self.photo)
        self.face = cv2.cvtColor(cv2.imread(str(self.photo)), cv2.COLOR_BGR2RGB)
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-i", str(RECORDINGS[0])]
        subprocess.run([*command, "-ac", "1", "-ar", "16000", str(self.voice)], check=True)
        self.video: Optional[Path] = None

    def camera(self) -> np.ndarray:
        """The portrait as a camera would see it: uint8 (720, 1280, 3)."""
        width, height = CAMERA
        whole = cv2.resize(self.face, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC)
        wide = cv2.copyMakeBorder(whole, height, height, width, width, cv2.BORDER_REFLECT)
        left, top = self._corner()
        picture: np.ndarray = np.ascontiguousarray(wide[top + height :, left + width :][:height, :width])
        return picture

    def _corner(self) -> Tuple[int, int]:
        """Of the camera's picture in the portrait: the face is where the guide is."""
        x0, y0, x1, y1 = FACE
        middle, centre = (ZOOM * (x0 + x1) / 2, ZOOM * (y0 + y1) / 2), CENTRE
        return round(middle[0] - centre[0] * CAMERA[0]), round(middle[1] - centre[1] * CAMERA[1])

    def preview(self, guidance: str) -> Preview:
        """With the box of the face where it is in this picture."""
        left, top = self._corner()
        x0, y0, x1, y1 = (ZOOM * value for value in FACE)
        return Preview(self.camera(), (x0 - left, y0 - top, x1 - left, y1 - top), guidance)

    def photos(self) -> Tuple[Medium, ...]:
        looks = (
            lambda face: face[:400, 60:460], lambda face: face[20:330, 70:380], lambda face: face[::, ::-1],
            lambda face: cv2.convertScaleAbs(face[:300, 80:380], alpha=1.15, beta=10), lambda face: face[:, 100:420],
            lambda face: cv2.cvtColor(cv2.cvtColor(face[:360, 60:420], cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB),
            lambda face: cv2.convertScaleAbs(face[:420, 30:450], alpha=0.75),
        )  # fmt: skip
        return tuple(
            Medium(Path("/stick") / name, name, thumbnail=np.ascontiguousarray(look(self.face)))
            for name, look in zip(NAMES, looks)
        )


@dataclass(frozen=True)
class Scene:
    """``act``: bring the window there, given the material; the visit is in ``state`` already, in that language."""

    name: str
    state: State
    act: Callable[[KioskWindow, Material], None] = lambda window, material: None
    visit: Callable[[Material], Any] = lambda material: {}


def fed(*items: Any) -> Callable[[KioskWindow, Material], None]:
    """Feeds; a function makes its feed of the material."""

    def act(window: KioskWindow, material: Material) -> None:
        for item in items:
            window.feed(item(material) if callable(item) else item)

    return act


def level(peak: float, loudness: float, warning: str = "", seconds: float = 0.0, silence: float = 0.0) -> Level:
    return Level(peak, loudness, warning, seconds, silence)


def making(stage: str, done: int, total: int, eta: Optional[float] = None) -> Making:
    return Making(LiveProgress(stage, done, total, 21.0, eta), None, 0.0, 9.0)


def media(kind: str, files: Callable[[Material], Tuple[Medium, ...]], searching: bool, stick: bool) -> Any:
    return lambda material: Media(kind, files(material), searching, stick)


def speeches(_material: Material) -> Tuple[Medium, ...]:
    return tuple(Medium(Path("/stick") / name, name, seconds=seconds) for name, seconds in SPEECHES)


def nothing(_material: Material) -> Tuple[Medium, ...]:
    return ()


def with_photo(material: Material) -> Any:
    return {"photo": material.photo}


def with_candidate(name: str) -> Callable[[Material], Any]:
    return lambda material: {"candidate": getattr(material, name), "photo": material.photo}


def with_both(material: Material) -> Any:
    return {"photo": material.photo, "voice": material.voice, "job": "0" * 32}


def finished(material: Material) -> Any:
    return {**with_both(material), "finished": True}


def show_video(window: KioskWindow, material: Material) -> None:
    """As it looks while it plays; without a video, black."""
    playing = window._screens[State.PLAYING]
    assert isinstance(playing, PlayingScreen)
    if material.video is not None:
        playing.play(VideoSource(material.video, lambda: iter(())))
        wait_until(lambda: playing.track.value() > 0)
        playing.video.pause()


def failed(error: Any) -> Callable[[Material], Any]:
    return lambda material: {"why": failure_of(error), "resume": State.PHOTO, "photo": material.photo}


def both(*acts: Callable[[KioskWindow, Material], None]) -> Callable[[KioskWindow, Material], None]:
    def act(window: KioskWindow, material: Material) -> None:
        for one in acts:
            one(window, material)

    return act


def asked(name: str) -> Callable[[KioskWindow, Material], None]:
    return lambda window, material: getattr(window, name).open()


def wait_long(window: KioskWindow, _material: Material) -> None:
    """Nobody did anything for 48 s."""
    window.idle._since -= 48
    window.idle._look()


LINK = Link("http://192.168.1.20:8008/v/5f0c2a9e7b1d4c63a8e2f7b1", 600.0)

SCENES: List[Scene] = [
    Scene("attract", State.ATTRACT),
    Scene("consent", State.CONSENT),
    Scene("photo", State.PHOTO, fed(lambda material: material.preview("closer"))),
    Scene("photo-ready", State.PHOTO, fed(lambda material: material.preview("ready"))),
    Scene("photo-no-camera", State.PHOTO, fed(DeviceState("camera", CameraMissing()))),
    Scene("countdown", State.PHOTO_COUNTDOWN, fed(lambda material: material.preview("ready"), Countdown(3))),
    Scene("photo-pick", State.PHOTO_PICK, fed(media("photo", lambda material: material.photos(), False, True))),
    Scene("photo-pick-no-stick", State.PHOTO_PICK, fed(media("photo", nothing, False, False))),
    Scene("photo-check", State.PHOTO_CHECK),
    Scene("photo-review", State.PHOTO_REVIEW, visit=with_candidate("photo")),
    Scene("voice", State.VOICE, fed(level(-30, -44, "quiet")), with_photo),
    Scene("voice-no-microphone", State.VOICE, fed(DeviceState("microphone", MicrophoneBusy())), with_photo),
    Scene("voice-countdown", State.VOICE_COUNTDOWN, fed(level(-40, -50), Countdown(2)), with_photo),
    Scene("recording", State.VOICE_RECORDING, fed(level(-10, -20, seconds=17.3)), with_photo),
    Scene("recording-silence", State.VOICE_RECORDING,
          fed(level(-10, -20, seconds=17.3), level(-52, -60, seconds=20.1, silence=2.2)), with_photo),
    Scene("voice-pick", State.VOICE_PICK, fed(media("speech", speeches, False, True)), with_photo),
    Scene("voice-review", State.VOICE_REVIEW, visit=with_candidate("voice")),
    Scene("review", State.REVIEW, visit=with_both),
    Scene("making-queue", State.MAKING, fed(Making(None, 3, 0.0, None)), with_both),
    Scene("making", State.MAKING, fed(making("video", 141, 226, 12.0)), with_both),
    Scene("playing", State.PLAYING, show_video, finished),
    Scene("saved", State.PLAYING, both(show_video, fed(Notice("saved"))), finished),
    Scene("save-failed", State.PLAYING, both(show_video, fed(Notice("save_failed", StickMissing()))), finished),
    Scene("link", State.PLAYING, both(show_video, fed(LINK)), finished),
    Scene("leaving", State.REVIEW, asked("leaving"), with_both),
    Scene("deleting", State.PLAYING, both(show_video, asked("deleting")), finished),
    Scene("idle", State.REVIEW, wait_long, with_both),
    Scene("thanks", State.THANKS),
    Scene("error", State.ERROR, visit=failed(FaceNotFound())),
    Scene("closed", State.OUT_OF_SERVICE, visit=lambda material: {"closed": True}),
    Scene("starting", State.OUT_OF_SERVICE, visit=lambda material: {"outage": "engine"}),
]  # fmt: skip


def open_window(size: Tuple[int, int], settings: KioskSettings = SETTINGS) -> KioskWindow:
    """With the visitor's screens, to be seen."""
    window = KioskWindow(visitor_screens(RULES, settings, SilentSpeaker()), RULES, settings)
    window.resize(*size)
    QWidget.show(window)
    settle()
    return window


def close_window(window: KioskWindow) -> None:
    window.show(Visit(State.ATTRACT, number=window.visit.number + 1))
    window.close()
    window.deleteLater()
    settle()


def enact(window: KioskWindow, scene: Scene, material: Material, language: str) -> None:
    """From the scene before, whatever it was, as another visit."""
    number = window.visit.number + 1
    window.show(Visit(State.ATTRACT, language, number=number))
    window.show(Visit(scene.state, language, number=number, **scene.visit(material)))
    settle()
    scene.act(window, material)
    for animation in window.findChildren(QVariantAnimation):
        animation.setCurrentTime(animation.duration())
    settle()


def wait_until(done: Callable[[], bool], deadline_s: float = 60.0) -> None:
    give_up = time.monotonic() + deadline_s
    while not done() and time.monotonic() < give_up:
        QApplication.processEvents(QEventLoop.WaitForMoreEvents | QEventLoop.AllEvents, 50)
    if not done():
        raise TimeoutError()


def settle(deadline_s: float = 10.0) -> None:
    """Let everything be laid out and painted, photos be decoded."""
    QThreadPool.globalInstance().waitForDone(round(1000 * deadline_s))
    for _ in range(3):
        QApplication.processEvents()
        QApplication.sendPostedEvents()
