"""The decoding process, made to do by the name of a file what a decoder does that was taken over or has a fault."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from appliance.capture.picker import decoding

_honest = decoding._answer


def answer(message: Dict[str, Any], answers: Any) -> None:
    name = message["parts"][-1]
    if "hang" in name:
        time.sleep(3600)
    if "starter" in name:
        subprocess.call(["sleep", "3599"])
    if "crash" in name:
        os.abort()
    if "babble" in name:
        answers.write(b"\x00\xffnot an answer\n")
    elif "endless" in name:
        answers.write(b"x" * (1 << 20))
    elif "bomb" in name:
        answers.write(b'{"fine": true, "seconds": null, "shape": [1000000, 1000000]}\n')
    elif "half" in name:
        answers.write(b'{"fine": true, "seconds": null, "shape": [100, 100]}\n' + b"x" * 10)
        answers.flush()
        os.abort()
    else:
        _honest(message, answers)
    answers.flush()


decoding._answer = answer
sys.exit(decoding.main(sys.argv[1:]))
