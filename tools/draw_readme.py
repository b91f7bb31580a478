"""Draw the frames that the README shows, docs/images/{demo,full}.jpg, and mouths.jpg of the model card.

    python tools/draw_readme.py [--mouths WORK/mouths/portraits.npz]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import List

import cv2
import numpy as np

from appliance.demo import RECORDINGS, write_portrait, write_speech
from appliance.models import ModelStore
from appliance.pipeline.generate import make_video
from appliance.pipeline.render.painter import laid_on, spread_out
from appliance.pipeline.runtime.select import load_network
from appliance.pipeline.video import read_video
from appliance.settings import MakeOptions

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SECONDS = (0.24, 0.56, 1.56, 2.2, 4.88, 10.2, 11.16, 12.4)
FULL_SECONDS = (0.6, 1.56)
MOUTHS = 8


def video(photo: Path, speech: Path, options: MakeOptions, folder: Path) -> List[np.ndarray]:
    out = folder / "out.mp4"
    for _ in make_video(photo, speech, out, options, ModelStore()):
        pass
    return list(read_video(out))


def write(name: str, picture: np.ndarray) -> None:
    cv2.imwrite(str(IMAGES / name), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


def draw_videos() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        photo, speech = folder / "portrait.png", folder / "speech.flac"
        write_portrait(photo)
        write_speech(speech)
        frames = video(photo, speech, MakeOptions(), folder)
        small = [cv2.resize(frames[round(s * 25)], (320, 320), interpolation=cv2.INTER_AREA) for s in SECONDS]
        write("demo.jpg", np.vstack([np.hstack(small[:4]), np.hstack(small[4:])]))
        frames = video(photo, RECORDINGS[0], MakeOptions(framing="full", label="none"), folder)
        still = cv2.resize(cv2.imread(str(photo))[..., ::-1], frames[0].shape[1::-1], interpolation=cv2.INTER_AREA)
        shown = [still, *(frames[round(s * 25)] for s in FULL_SECONDS)]
        write("full.jpg", np.hstack([cv2.resize(f, (480, 480), interpolation=cv2.INTER_AREA) for f in shown]))


def draw_mouths(samples: Path) -> None:
    """Held-out portraits: cut out and drawn by geometry, painted, as it was."""
    painter, archive = load_network(ModelStore(), "sonic_painter"), np.load(samples)
    held_out = np.nonzero(archive["split"] == "held_out")[0]
    columns = []
    for row in held_out[np.linspace(1, len(held_out) - 2, MOUTHS).astype(int)]:
        crop = archive["crop"][row].astype(np.float32) / 255
        inputs = {"crop": crop[None], "motion": spread_out(archive["motion"][row].astype(np.float32))}
        painted = crop[:3] + laid_on(crop, painter.run(inputs)["rgba"][0])
        three = (crop[:3] * 255, painted * 255, archive["target"][row])
        columns.append(np.vstack([np.clip(picture, 0, 255).astype(np.uint8).transpose(1, 2, 0) for picture in three]))
    write("mouths.jpg", np.hstack(columns))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mouths", type=Path, help="the held-out mouths that `models_om.corpus` cut out")
    arguments = parser.parse_args()
    draw_videos()
    if arguments.mouths:
        draw_mouths(arguments.mouths)


if __name__ == "__main__":
    main()
