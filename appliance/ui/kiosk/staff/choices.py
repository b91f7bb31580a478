"""Camera and microphone as the staff chose them on the screen; they have the last word over the settings."""

from __future__ import annotations

import dataclasses
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ....errors import OutputError
from ....files import write_atomically
from ....settings import Settings

FILE = "devices.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choices:
    """A device as the settings name it; None: as the settings say."""

    camera: Optional[str] = None
    microphone: Optional[str] = None


def load(folder: Path) -> Choices:
    """None chosen where the file is missing; a damaged one is as good as missing."""
    try:
        fields: Any = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Choices(_name(fields.get("camera")), _name(fields.get("microphone")))
    except FileNotFoundError:
        return Choices()
    except (OSError, ValueError, AttributeError) as error:
        log.warning("the staff's choice of devices cannot be read: %s", type(error).__name__)
        return Choices()


def choose(folder: Path, kind: str, device: Optional[str]) -> None:
    """``kind``: a field of `Choices`. Raises `OutputError`."""
    choices = dataclasses.replace(load(folder), **{kind: device})
    content = json.dumps(dataclasses.asdict(choices), ensure_ascii=False).encode("utf-8")
    try:
        write_atomically(folder / FILE, content, 0o600)
    except OSError as error:
        raise OutputError(str(error.strerror), message="The choice cannot be kept.") from error


def applied(settings: Settings, choices: Choices) -> Settings:
    camera, microphone = settings.camera, settings.microphone
    if choices.camera is not None:
        camera = dataclasses.replace(camera, device=choices.camera)
    if choices.microphone is not None:
        microphone = dataclasses.replace(microphone, device=choices.microphone)
    return dataclasses.replace(settings, camera=camera, microphone=microphone)


def _name(value: Any) -> Optional[str]:
    return value if isinstance(value, str) else None
