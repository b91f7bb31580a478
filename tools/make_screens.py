"""Every screen of the kiosk, in both languages and three sizes, as docs/screens/*.png.

    python tools/make_screens.py [SHEET ...] [--out FOLDER]

One sheet a size and language, one with large text and high contrast, one of the classroom; docs/screens/README.md says
what is on them.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Tuple

from kiosk_scenes import SCENES, SETTINGS, Material, Scene, close_window, enact
from PIL import Image
from PyQt5.QtCore import QBuffer
from PyQt5.QtWidgets import QApplication, QWidget
from staff_scenes import CLASSROOM_SCENES, STAFF_SCENES, open_profile

from appliance.models import ModelStore
from appliance.pipeline.generate import make_video
from appliance.settings import KioskSettings, MakeOptions
from appliance.ui.flow import LANGUAGES

OUT = Path(__file__).resolve().parents[1] / "docs" / "screens"
SIZES = ((1024, 600), (1920, 1080), (1080, 1920))
TILE_PX = {(1024, 600): 720, (1920, 1080): 720, (1080, 1920): 405}
"""Width of one screen on its sheet."""
COLUMNS = {(1024, 600): 4, (1920, 1080): 4, (1080, 1920): 7}
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


@dataclass(frozen=True)
class Plan:
    """One sheet in each language."""

    name: str
    size: Tuple[int, int]
    scenes: List[Scene]
    profile: str = "kiosk"
    settings: KioskSettings = SETTINGS


def plans() -> Iterator[Plan]:
    for size in SIZES:
        yield Plan(f"{size[0]}x{size[1]}", size, SCENES + STAFF_SCENES)
    changed = dataclasses.replace(SETTINGS, large_text=True, high_contrast=True)
    yield Plan("large-text-high-contrast", SIZES[0], SCENES + STAFF_SCENES, settings=changed)
    yield Plan("classroom", SIZES[1], CLASSROOM_SCENES, profile="classroom")


def draw(plan: Plan, language: str, material: Material, folder: Path, path: Path) -> None:
    window = open_profile(plan.profile, plan.size, plan.settings, material, folder)
    width, columns = TILE_PX[plan.size], min(COLUMNS[plan.size], len(plan.scenes))
    height = round(width * plan.size[1] / plan.size[0])
    rows = -(-len(plan.scenes) // columns)
    sheet = Image.new("RGB", (columns * (width + GAP_PX) + GAP_PX, rows * (height + GAP_PX) + GAP_PX), GROUND)
    for number, scene in enumerate(plan.scenes):
        enact(window, scene, material, language)
        tile = picture(window).resize((width, height), Image.LANCZOS)
        down, across = divmod(number, columns)
        sheet.paste(tile, (GAP_PX + across * (width + GAP_PX), GAP_PX + down * (height + GAP_PX)))
    close_window(window)
    sheet.quantize(COLOURS, dither=Image.Dither.NONE).save(str(path), optimize=True)


def index() -> str:
    lines = [
        "# The screens",
        "",
        "Written by `make screens`. The face is the demonstration's (NASA, public domain), and so is the voice.",
    ]
    for plan in plans():
        lines += ["", f"## {plan.name}", "", "Row by row: " + ", ".join(scene.name for scene in plan.scenes) + "."]
        for language in LANGUAGES:
            lines += ["", f"![{plan.name}, {language}]({plan.name}-{language}.png)"]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheets", nargs="*", help="such as 1024x600-en; default: all")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "README.md").write_text(index(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        material = Material(Path(folder))
        material.video = Path(folder) / "video.mp4"
        for _ in make_video(material.photo, material.voice, material.video, MakeOptions(), ModelStore()):
            pass
        for plan in plans():
            for language in LANGUAGES:
                name = f"{plan.name}-{language}"
                if not arguments.sheets or name in arguments.sheets:
                    draw(plan, language, material, Path(folder) / name, arguments.out / f"{name}.png")
    application.quit()


if __name__ == "__main__":
    main()
