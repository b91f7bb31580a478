"""A worker that takes no time: the video of every job is one film, as far as it may be made.

The folder `FILM` holds it: ``init.mp4``, segments, ``film.mp4``, and ``allowed``, how many segments may be made by now.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any, Iterator

from engine import toy_worker

from appliance.engine.worker import loop as worker
from appliance.pipeline.generate import FaceTaken, Progress, Result, Segment
from appliance.pipeline.video.segments import HEAD, SegmentFolder, first_frame
from appliance.settings import FRAME_RATE

COMMAND = (sys.executable, str(Path(__file__).resolve()))
ALLOWED = "allowed"


class FilmMaker(toy_worker.ToyMaker):
    def make(self, photo: Path, speech: Path, out: Path, options: Any, segments: Path, longest: Any = None) -> Iterator:
        film = Path(os.environ["FILM"])
        ours, count = SegmentFolder(segments), SegmentFolder(film).finished()
        frames = int((film / "frames").read_text())
        yield Progress("face", 1, 1)
        yield FaceTaken(1, 1)
        yield Progress("speech", 1, 1)
        for index in range(count):
            while int((film / ALLOWED).read_text()) <= index:
                time.sleep(0.01)
                yield Progress("video", first_frame(index), frames)
            if not ours.head.exists():
                shutil.copy(str(film / HEAD), str(ours.head))
            if not ours.file(index).exists():
                part = ours.file(index).with_suffix(".part")
                shutil.copy(str(SegmentFolder(film).file(index)), str(part))
                os.replace(str(part), str(ours.file(index)))
            end = min(first_frame(index + 1), frames)
            yield Progress("video", end, frames)
            yield Segment(index, first_frame(index), end - first_frame(index))
        shutil.copy(str(film / "film.mp4"), str(out))
        yield Result(
            frames=frames, duration=frames / FRAME_RATE, width=128, height=128, face_number=1, face_count=1,
            runtime=self.runtime, precision=self.precision, seconds_per_stage={"video": 1.0},
        )  # fmt: skip


if __name__ == "__main__":
    sys.exit(worker.main(sys.argv[1:], FilmMaker))
