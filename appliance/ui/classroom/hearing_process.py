"""The program that hears a lecture for its chapters: ``python -m appliance.ui.classroom.hearing_process``.

A process of its own: loading and running the detector of voices would make the thread that paints wait. Arguments: the
recording, a folder of private files, the folder of models and that of networks. A line of JSON for each time that
chapters were found: where all of them begin, in seconds. It ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from ...errors import SonicError
from ...models import ModelStore
from ...pipeline.speech.recording import open_speech
from .chapters import Chapters

REST_SECONDS = 0.02
"""After each bit: the video is made and played at the same time, and nobody waits for chapters."""
NICE = 10
FAILED = 1


def main(path: Path, folder: Path, store: ModelStore) -> int:
    os.nice(NICE)
    threading.Thread(target=_watch_parent, daemon=True).start()
    chapters = Chapters()
    try:
        with open_speech(path, folder, store) as speech:
            while not speech.complete:
                speech.hear()
                if chapters.hear(speech.voice, speech.complete):
                    print(json.dumps(chapters.starts), flush=True)
                time.sleep(REST_SECONDS)
    except SonicError:
        return FAILED
    return 0


def _watch_parent() -> None:
    sys.stdin.read()
    os._exit(FAILED)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), ModelStore(Path(sys.argv[3]), Path(sys.argv[4]))))
