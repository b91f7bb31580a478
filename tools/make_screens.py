"""Every screen of the kiosk, in both languages and three sizes, as docs/screens/*.png.

    python tools/make_screens.py [--only NAME ...] [--out FOLDER]

One sheet a size and language, and some with large text and high contrast; docs/screens/README.md says what is on them.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
from pathlib import Path
from typing import List, Sequence, Tuple

from kiosk_scenes import SCENES, SETTINGS, Material, Scene, close_window, enact, open_window
from PIL import Image
from PyQt5.QtCore import QBuffer
from PyQt5.QtWidgets import QApplication, QWidget

from appliance.models import ModelStore
from appliance.pipeline.generate import make_video
from appliance.settings import KioskSettings, MakeOptions
from appliance.ui.flow import LANGUAGES

OUT = Path(__file__).resolve().parents[1] / "docs" / "screens"
SIZES = ((1024, 600), (1920, 1080), (1080, 1920))
TILE_PX = {(1024, 600): 720, (1920, 1080): 720, (1080, 1920): 405}
"""Width of one screen on its sheet."""
COLUMNS = {(1024, 600): 4, (1920, 1080): 4, (1080, 1920): 7}
MODES = (("large-text-high-contrast", True, True),)
"""Name, large text, high contrast; shown at the smallest size."""
GAP_PX = 12
GROUND = (110, 122, 128)
COLOURS = 128
"""Of a sheet's palette."""


def picture(window: QWidget) -> Image.Image:
    buffer = QBuffer()
    buffer.open(QBuffer.WriteOnly)
    window.grab().save(buffer, "PPM")
    size = (window.width(), window.height())
    return Image.frombytes("RGB", size, bytes(buffer.data())[-3 * size[0] * size[1] :])


def sheet(size: Tuple[int, int], language: str, settings: KioskSettings, material: Material, scenes: List[Scene],
          path: Path) -> None:  # fmt: skip
    window = open_window(size, settings)
    width, columns = TILE_PX[size], min(COLUMNS[size], len(scenes))
    height = round(width * size[1] / size[0])
    rows = -(-len(scenes) // columns)
    whole = Image.new("RGB", (columns * (width + GAP_PX) + GAP_PX, rows * (height + GAP_PX) + GAP_PX), GROUND)
    for number, scene in enumerate(scenes):
        enact(window, scene, material, language)
        tile = picture(window).resize((width, height), Image.LANCZOS)
        down, across = divmod(number, columns)
        whole.paste(tile, (GAP_PX + across * (width + GAP_PX), GAP_PX + down * (height + GAP_PX)))
    close_window(window)
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(str(path), optimize=True)


def index(names: Sequence[str]) -> str:
    lines = [
        "# The kiosk's screens",
        "",
        "Written by `make screens`. Each sheet shows, row by row: " + ", ".join(scene.name for scene in SCENES) + ".",
        "",
        "The face is the demonstration's (NASA, public domain), and so is the voice whose waveform is seen.",
    ]
    for name in names:
        lines += ["", f"## {name}", "", f"![{name}]({name}.png)"]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], help="scenes; default: all")
    parser.add_argument("--sheets", nargs="*", default=[], help="sheets, such as 1024x600-en; default: all")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    scenes = [scene for scene in SCENES if not arguments.only or scene.name in arguments.only]
    plans = [(f"{width}x{height}", (width, height), SETTINGS) for width, height in SIZES]
    for name, large, contrast in MODES:
        plans.append((name, SIZES[0], dataclasses.replace(SETTINGS, large_text=large, high_contrast=contrast)))
    arguments.out.mkdir(parents=True, exist_ok=True)
    names = []
    with tempfile.TemporaryDirectory() as folder:
        material = Material(Path(folder))
        material.video = Path(folder) / "video.mp4"
        for _ in make_video(material.photo, material.voice, material.video, MakeOptions(), ModelStore()):
            pass
        for plan, size, settings in plans:
            for language in LANGUAGES:
                names.append(f"{plan}-{language}")
                if not arguments.sheets or names[-1] in arguments.sheets:
                    sheet(size, language, settings, material, scenes, arguments.out / f"{names[-1]}.png")
    (arguments.out / "README.md").write_text(index(names), encoding="utf-8")
    application.quit()


if __name__ == "__main__":
    main()
