"""Every knob of the appliance: frozen dataclasses whose fields carry their range, unit and help text.

The command line, the documentation and the checks are all made from these fields, so a knob is defined once.
Names follow Sonic's own (`jixiaozhong/Sonic`) where a knob means the same.
"""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Optional, Tuple, Union

from .errors import SettingsInvalid, UsageError

FRAME_RATE = 25
"""Frames a second of every video; the networks are trained for it."""

SAMPLE_RATE = 16_000
"""Hertz of the speech the networks hear."""


def knob(
    default: Any,
    help: str,
    *,
    unit: str = "",
    low: Any = None,
    high: Any = None,
    choices: Tuple[str, ...] = (),
    check: Optional[Callable[[Any], Optional[str]]] = None,
) -> Any:
    """A dataclass field with what the command line and the documentation need to know about it.

    ``default``: a value, or a function that finds it out on this machine. ``check`` tells what else is wrong with a
    value, as "must be …".
    """
    metadata = {"help": help, "unit": unit, "low": low, "high": high, "choices": choices, "check": check}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def complaint(knob_field: dataclasses.Field[Any], value: Any) -> Optional[str]:
    """What is wrong with a value, as "must be …"; None where nothing is."""
    meta = knob_field.metadata
    if meta["choices"] and value not in meta["choices"]:
        return f"must be one of {', '.join(choice or 'nothing' for choice in meta['choices'])}"
    too_low = meta["low"] is not None and not value >= meta["low"]
    too_high = meta["high"] is not None and not value <= meta["high"]
    if too_low or too_high:
        span = f"at least {meta['low']}" if meta["high"] is None else f"between {meta['low']} and {meta['high']}"
        return f"must be {span}{' ' + meta['unit'] if meta['unit'] else ''}"
    check: Optional[Callable[[Any], Optional[str]]] = meta["check"]
    return check(value) if check else None


@dataclass(frozen=True)
class MakeOptions:
    """How one video is made. Raises `UsageError` for a value out of range."""

    duration: Optional[float] = knob(None, "length of the video; must equal the speech, checked", unit="s", low=0.5)
    min_resolution: int = knob(512, "shorter side of the video", unit="px", low=384, high=1024)
    expand_ratio: float = knob(0.15, "margin around the face in the crop, as a share of the face", low=0.15, high=0.2)
    inference_steps: int = knob(10, "steps of the motion sampler; more gain nothing measurable", low=1, high=100)
    dynamic_scale: float = knob(1.0, "amplitude of the mouth", low=0.0, high=2.0)
    motion_scale: float = knob(1.0, "amplitude of head and face beside the mouth", low=0.0, high=2.0)
    blink_scale: float = knob(1.0, "amplitude of the blinks; 0 keeps the eyes open", low=0.0, high=1.0)
    head_scale: float = knob(1.0, "amplitude of the head sway; 0 keeps the head still", low=0.0, high=2.0)
    rest_scale: float = knob(1.0, "how fully the mouth shuts in silence", low=0.0, high=1.0)
    align_offset: float = knob(0.03, "sound against picture; positive = sound later", unit="s", low=-1.0, high=1.0)
    smooth: float = knob(0.0, "low-pass on the motion; 0 = as sampled", low=0.0, high=1.0)
    seed: int = knob(0, "same inputs and same seed give the same video", low=0, high=2**31 - 1)
    framing: str = knob("face", "the face crop, or pasted back into the full photo", choices=("face", "full"))
    face: Optional[int] = knob(None, "which face, counted from the left from 1; default: the largest", low=1)
    precision: Optional[str] = knob(
        None, "of the networks; default: int8 where the run time has it", choices=("int8", "fp32")
    )
    runtime: str = knob("auto", "what runs the networks", choices=("auto", "onnx", "mindspore_lite", "acl"))
    label: str = knob(
        "opening",
        "visible AI mark: during the first 2 s, throughout, or none (only where the law allows)",
        choices=("opening", "throughout", "none"),
    )
    producer: str = knob("sonic-appliance", "ContentProducer in the AIGC metadata, printable ASCII")

    def __post_init__(self) -> None:
        for knob_field in dataclasses.fields(self):
            value = getattr(self, knob_field.name)
            wrong = None if value is None else complaint(knob_field, value)
            if wrong:
                raise UsageError(message=f"--{knob_field.name.replace('_', '-')} {wrong}.")
        if not re.fullmatch(r"[ -~]+", self.producer) or set(self.producer) & set("\"'\\"):
            raise UsageError(message="--producer must be printable ASCII without quotes and backslash, and not empty.")


# --- settings of the service ------------------------------------------------------------------------------------------


def _default_state() -> Path:
    """systemd's StateDirectory, else where XDG puts what a program must remember."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else _xdg("XDG_STATE_HOME", "~/.local/state") / "sonic-appliance"


def _default_socket() -> Path:
    return _xdg("XDG_RUNTIME_DIR", "/run") / "sonic" / "engine.sock"


def _xdg(variable: str, otherwise: str) -> Path:
    """The XDG base directory specification has relative paths ignored."""
    given = os.environ.get(variable, "")
    return Path(given) if given.startswith("/") else Path(os.path.expanduser(otherwise))


def _absolute(path: Union[str, Path]) -> Optional[str]:
    return None if str(path).startswith("/") or path == "" else "must be an absolute path"


def _quarter(degrees: int) -> Optional[str]:
    return None if degrees in (0, 90, 180, 270) else "must be 0, 90, 180 or 270 degrees"


def _socket_path(path: Path) -> Optional[str]:
    if len(os.fsencode(str(path))) > LONGEST_SOCKET_PATH:
        return f"must not be longer than {LONGEST_SOCKET_PATH} bytes, for the system takes no more"
    return _absolute(path)


LONGEST_SOCKET_PATH = 107
"""Bytes that `sockaddr_un` has room for."""
TOKEN_FILE = Path("/etc/sonic-appliance/token")


class _Section:
    """Checks of all sections. Raises `SettingsInvalid`, naming section and key."""

    name = ""

    def __post_init__(self) -> None:
        for knob_field in dataclasses.fields(self):  # type: ignore[arg-type]
            wrong = complaint(knob_field, getattr(self, knob_field.name))
            if wrong:
                raise SettingsInvalid(message=f"{self.name}.{knob_field.name} {wrong}.")


@dataclass(frozen=True)
class EngineSettings(_Section):
    """The service itself."""

    name = "engine"

    state: Path = knob(  # noqa: RUF009
        _default_state,
        "folder of jobs, database and audit trail; default: $STATE_DIRECTORY, else ~/.local/state/sonic-appliance",
        check=_absolute,
    )
    socket: Path = knob(  # noqa: RUF009
        _default_socket,
        "Unix socket of the API; default: $XDG_RUNTIME_DIR/sonic/engine.sock, else in /run",
        check=_socket_path,
    )
    group: str = knob("", "group whose members may use the socket besides this user and root; empty: nobody else")
    hang_seconds: float = knob(
        20.0, "a worker that shows no sign of life is ended, and its job tried again", unit="s", low=0.5, high=600.0
    )
    runtime: str = knob("auto", "what runs the networks", choices=("auto", "onnx", "mindspore_lite", "acl"))
    precision: str = knob("", "of the networks; empty: int8 where the run time has it", choices=("", "int8", "fp32"))


@dataclass(frozen=True)
class LimitSettings(_Section):
    """What one job may ask for, and all of them together."""

    name = "limits"

    queue_length: int = knob(300, "jobs that may wait", low=1, high=100_000)
    photo_megabytes: int = knob(40, "size of a photo", unit="MB", low=1, high=1000)
    speech_megabytes: int = knob(1500, "size of a recording", unit="MB", low=1, high=100_000)
    speech_minutes: float = knob(90.0, "length of a recording", unit="min", low=0.1, high=1440.0)
    worker_memory_megabytes: int = knob(4096, "memory of the process that decodes and paints", unit="MB", low=512)
    worker_file_megabytes: int = knob(4096, "largest file that process may write", unit="MB", low=16)


@dataclass(frozen=True)
class RetentionSettings(_Section):
    """When finished jobs are removed with all their files."""

    name = "retention"

    days: float = knob(7.0, "finished jobs are kept so long", unit="days", low=0.0, high=36_500.0)
    keep_free_megabytes: int = knob(
        1024, "space that always stays free; to keep it so, finished jobs are removed, oldest first", unit="MB", low=0
    )
    failed_days: float = knob(1.0, "failed jobs are kept so long", unit="days", low=0.0, high=36_500.0)


@dataclass(frozen=True)
class ConsentSettings(_Section):
    """Face and voice are personal data."""

    name = "consent"

    required: bool = knob(False, "refuse jobs that do not say that the person shown has agreed")


@dataclass(frozen=True)
class ListenSettings(_Section):
    """An optional listener on the local network, for holders of a token."""

    name = "listen"

    host: str = knob("", "address to listen on, such as 192.168.1.20; empty: no network at all")
    port: int = knob(8008, "TCP port", low=1, high=65_535)
    token_file: Path = knob(  # noqa: RUF009
        TOKEN_FILE, "file with the scrypt hash of the access token", check=_absolute
    )
    requests_per_minute: int = knob(120, "from one address", low=1, high=100_000)


@dataclass(frozen=True)
class SpoolSettings(_Section):
    """The watched folder of the headless service."""

    name = "spool"

    folder: str = knob("", "folder to watch; empty: none", check=_absolute)
    priority: str = knob("normal", "of its jobs", choices=("visitor", "normal", "lecture"))
    keep_inputs: bool = knob(False, "leave photo and recording in the folder when the video is there")


@dataclass(frozen=True)
class MicrophoneSettings(_Section):
    """What records the voice."""

    name = "microphone"

    backend: str = knob(
        "pyaudio",
        "pyaudio: ALSA or PulseAudio; ascend-media: the board's own microphone; file: plays a recording, for trials",
        choices=("pyaudio", "ascend-media", "file"),
    )
    device: str = knob("", "name of the device or a part of it; empty: the system's default")
    file: str = knob("", "recording that the back end file plays", check=_absolute)


@dataclass(frozen=True)
class SpeakerSettings(_Section):
    """What is heard of the videos."""

    name = "speaker"

    backend: str = knob(
        "pyaudio", "pyaudio: ALSA or PulseAudio; silent: no sound at all", choices=("pyaudio", "silent")
    )
    device: str = knob("", "name of the device or a part of it; empty: the system's default")


@dataclass(frozen=True)
class CameraSettings(_Section):
    """What takes the photo."""

    name = "camera"

    backend: str = knob(
        "v4l2",
        "v4l2: USB and built-in cameras; ascend-media: the board's own connector; file: shows a photo or a video, for "
        "trials",
        choices=("v4l2", "ascend-media", "file"),
    )
    device: str = knob("", "such as /dev/video0, or a part of the camera's name; empty: the first one")
    file: str = knob("", "photo or video that the back end file shows", check=_absolute)
    width: int = knob(1280, "of the picture; the nearest that the camera has", unit="px", low=320, high=4096)
    height: int = knob(720, "of the picture; the nearest that the camera has", unit="px", low=240, high=4096)
    turn: int = knob(0, "how far the camera is mounted turned clockwise: 0, 90, 180 or 270 degrees", check=_quarter)


@dataclass(frozen=True)
class PickerSettings(_Section):
    """Where photos and recordings can be chosen from, and where videos can be saved to."""

    name = "picker"

    media: str = knob("/media", "folder below which USB sticks are mounted; empty: none", check=_absolute)
    gallery: str = knob("", "folder of portraits and recordings that are always offered; empty: none", check=_absolute)


@dataclass(frozen=True)
class ButtonSettings(_Section):
    """Push buttons and lamps at the pins of the board."""

    name = "buttons"

    factory: str = knob(
        "", "how pins are reached: a pin factory of gpiozero, such as atlas200dk, lgpio or mock; empty: no pins at all"
    )
    record: str = knob("GPIO0", "pin of the record button; empty: none")
    record_lamp: str = knob("GPIO3", "pin of the lamp that shows the state; empty: none")
    wipe: str = knob("GPIO1", "pin of the button that, held for 5 s, wipes everything; empty: none")
    pressed: str = knob("low", "level of a pin whose button is pressed", choices=("low", "high"))


@dataclass(frozen=True)
class KioskSettings(_Section):
    """The screen that visitors and teachers touch."""

    name = "kiosk"

    language: str = knob("zh", "of the screen until a visitor chooses another", choices=("zh", "en"))
    large_text: bool = knob(False, "begin with large text")
    high_contrast: bool = knob(False, "begin with high contrast")
    full_screen: bool = knob(True, "cover the whole screen; else a window")
    idle_seconds: float = knob(60.0, "a visit ends, and is wiped, when nobody touches anything", unit="s", low=5.0)
    record_seconds: float = knob(60.0, "longest recording", unit="s", low=2.0, high=3600.0)
    countdown_seconds: int = knob(3, "before a photo and a recording", unit="s", low=1, high=10)
    camera: bool = knob(True, "visitors may photograph themselves")
    pick: bool = knob(True, "visitors may choose photo and recording from a USB stick")
    save: bool = knob(True, "visitors may save their video to a USB stick")
    link: str = knob(
        "", "address of this appliance in the local network, shown as a QR code that leads to the video; empty: no link"
    )


@dataclass(frozen=True)
class HeadlessSettings(_Section):
    """One button, one lamp, no screen."""

    name = "headless"

    portrait: str = knob("", "photo that speaks; empty: the camera takes one at each press", check=_absolute)
    folder: str = knob("", "where videos are left; empty: they are only played", check=_absolute)
    play: bool = knob(True, "play the video on the screen or sound output that is attached")
    player: str = knob("ffplay -autoexit -fs -loglevel error", "program that plays a video whose path it is given")


@dataclass(frozen=True)
class Settings:
    """All of them; see `appliance.settings_file` for where they come from."""

    engine: EngineSettings = field(default_factory=EngineSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    consent: ConsentSettings = field(default_factory=ConsentSettings)
    listen: ListenSettings = field(default_factory=ListenSettings)
    spool: SpoolSettings = field(default_factory=SpoolSettings)
    microphone: MicrophoneSettings = field(default_factory=MicrophoneSettings)
    speaker: SpeakerSettings = field(default_factory=SpeakerSettings)
    camera: CameraSettings = field(default_factory=CameraSettings)
    picker: PickerSettings = field(default_factory=PickerSettings)
    buttons: ButtonSettings = field(default_factory=ButtonSettings)
    kiosk: KioskSettings = field(default_factory=KioskSettings)
    headless: HeadlessSettings = field(default_factory=HeadlessSettings)
