"""A process that opens files as the engine's worker does, under the same limits, and says what came of each.

Asked on standard input, one JSON array a line: ["photo" or "speech", path]; answers likewise with an object: ``code``
of the error or "fine", ``seconds``, ``peak`` (MB of memory so far), ``children`` and ``files`` still open.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from appliance.engine.worker.limits import apply_limits
from appliance.errors import SonicError
from appliance.models import ModelStore
from appliance.pipeline.face import FaceFinder, check_portrait, choose_face
from appliance.pipeline.photo import load_photo
from appliance.pipeline.speech import open_speech

LONGEST_S = 60.0
"""Of a recording. Real ones may be longer; here it bounds what a header can promise."""


def look(finder: FaceFinder, path: Path) -> None:
    photo = load_photo(path)
    check_portrait(choose_face(finder.find(photo), None).portrait, photo)


def hear(store: ModelStore, path: Path) -> None:
    with open_speech(path, Path(tempfile.gettempdir()), store, LONGEST_S) as speech:
        while not speech.complete:
            speech.hear()


def children() -> int:
    return len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def main() -> None:
    apply_limits(memory_megabytes=4096, file_megabytes=4096)
    store = ModelStore()
    finder = FaceFinder(store)
    for line in sys.stdin:
        kind, path = json.loads(line)
        answer: Dict[str, Any] = {"code": "fine"}
        began = time.monotonic()
        try:
            look(finder, Path(path)) if kind == "photo" else hear(store, Path(path))
        except SonicError as error:
            answer = {"code": error.code, "detail": error.detail}
        except Exception as error:
            answer = {"code": "unforeseen", "detail": f"{type(error).__name__}: {error}"}
        gc.collect()  # refused photos are held by their tracebacks
        answer["seconds"] = time.monotonic() - began
        answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        answer["children"] = children()
        answer["files"] = len(os.listdir("/proc/self/fd"))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
