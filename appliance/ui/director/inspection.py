"""Can this photo, this recording speak? ``python -m appliance.ui.director.inspection SECONDS MEGABYTES [FOLDERS]``.

A process of its own, for the files of strangers may crash or hang what decodes them, and the screen must not wait for
the networks. Requests come as JSON lines on standard input, answers go to standard output in the same order; an empty
line is no request, but has the networks loaded. SECONDS and MEGABYTES: what one request may take. FOLDERS: of the
`ModelStore`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, Dict, Optional

from ...engine.worker.limits import apply_limits
from ...errors import SonicError
from ...models import ModelStore

FILE_MEGABYTES = 1024
"""The longest recording as 16 kHz sound is smaller."""
CLIPPING_SECONDS = 35.0
"""After so much of a recording its quality is known; the rest is heard when the video is made."""


class Inspector:
    def __init__(self, store: ModelStore) -> None:
        from ...pipeline.face import FaceFinder

        self._store = store
        self._finder = FaceFinder(store)

    def photo(self, path: Path) -> None:
        """Raises `PhotoError` where no face in it can speak."""
        from ...pipeline.face import check_portrait, choose_face
        from ...pipeline.photo import load_photo

        photo = load_photo(path)
        check_portrait(choose_face(self._finder.find(photo)).portrait, photo)

    def speech(self, path: Path, longest: float) -> None:
        """Raises `SpeechError`."""
        from ...pipeline.speech.recording import open_speech

        with open_speech(path, path.parent, self._store, longest) as speech:
            while not speech.complete and not (speech.found and speech.heard > CLIPPING_SECONDS):
                speech.hear()


def answer(inspector: Inspector, request: Dict[str, Any]) -> None:
    """Raises what is wrong."""
    path = Path(request["path"])
    if request["kind"] == "photo":
        inspector.photo(path)
    else:
        inspector.speech(path, request["longest"])


def main() -> None:
    seconds, megabytes, *folders = sys.argv[1:]
    apply_limits(int(megabytes), FILE_MEGABYTES)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    inspector: Optional[Inspector] = None
    for line in sys.stdin:
        signal.alarm(int(seconds))  # whoever asked may be gone, and this be the file that hangs
        failure: Optional[Dict[str, str]] = None
        try:
            inspector = inspector or Inspector(ModelStore(*map(Path, folders)))
            if line.strip():
                answer(inspector, json.loads(line))
        except SonicError as error:
            failure = {"code": error.code, "message": error.message, "action": error.action}
        signal.alarm(0)
        if line.strip():
            print(json.dumps(failure), file=answers, flush=True)


if __name__ == "__main__":
    main()
