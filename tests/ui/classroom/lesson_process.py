"""A classroom in a process of its own, to be killed: ``lesson_process.py FOLDER SOCKET begin|go-on``.

Says in JSON lines what is played; saves the lecture to the stick once it is made, and ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PyQt5.QtWidgets import QApplication
from ui.classroom.rig import classroom

from appliance.models import ModelStore
from appliance.ui.flow import State

SAY_SECONDS = 0.1


def main(folder: Path, socket: Path, how: str) -> None:
    application = QApplication([])
    with classroom(folder, socket, ModelStore()) as room:
        if how == "begin":
            room.begin_lecture(min_resolution=384, inference_steps=2)
        room.until_state(State.PLAYING)
        lecture, said = room.playing.lecture, 0.0

        def made() -> bool:
            nonlocal said
            if time.monotonic() - said > SAY_SECONDS:
                said = time.monotonic()
                shown = lecture.video._image is not None
                say(job=room.director.visit.job, finished=room.director.visit.finished, shown=shown,
                    position=lecture.timeline.position, available=lecture.timeline.available)  # fmt: skip
            return bool(room.director.visit.finished)

        room.until(made)
        made()
        room.click(room.playing.save)
        stick = folder / "media" / "STICK"
        room.until(lambda: any(path.suffix == ".mp4" for path in stick.iterdir()))
        say(saved=[str(path) for path in stick.glob("*.mp4")])
    application.quit()


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
