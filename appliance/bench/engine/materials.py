"""What the runs are fed with: the demo's portrait and as many seconds of its speech as wanted."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ...demo import write_portrait, write_speech
from ...settings import MakeOptions

SMALL = MakeOptions(min_resolution=384, inference_steps=5)
"""Quick to make; nothing that is measured here depends on the picture."""


class Materials:
    """Files in ``folder``, made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def portrait(self) -> Path:
        path = self._folder / "portrait.png"
        if not path.exists():
            write_portrait(path)
        return path

    @property
    def photograph(self) -> Path:
        """The portrait as a camera's file: a JPEG of some 200 kB."""
        path = self._folder / "portrait.jpeg"
        if not path.exists():
            with Image.open(str(self.portrait)) as portrait:
                portrait.convert("RGB").resize((1024, 1024), Image.Resampling.BICUBIC).save(str(path), quality=92)
        return path

    def speech(self, seconds: float, kind: str = "flac") -> Path:
        path = self._folder / f"speech-{seconds:g}.{kind}"
        if not path.exists():
            write_speech(path, seconds)
        return path
