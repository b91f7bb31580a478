"""What the engine and its worker say to each other: one JSON object a line, over two pipes.

Engine → worker (its standard input):

    {"do": "make", "job": ID, "folder": PATH, "options": {...}, "longest": SECONDS}   options: fields of MakeOptions
    {"do": "pause"}    end the job's run at its next finished segment
    {"do": "stop"}     end it after the frame being made
    {"do": "exit"}     stop, then leave

Worker → engine (file descriptor named by the option --report):

    {"tell": "ready"}                                           networks loaded, waiting for a job
    {"tell": "beat"}                                            alive; at least every `BEAT_SECONDS`
    {"tell": "progress", "job", "stage", "done", "total"}       every frame; a sign of life as well
    {"tell": "segment", "job", "index", "first_frame", "frames"}   a finished segment lies in the job's folder
    {"tell": "done", "job", "result": {...}}                    fields of `pipeline.generate.Result`
    {"tell": "failed", "job", "code", "message", "action", "detail"}   a `SonicError`
    {"tell": "stopped", "job"}                                  after "pause" or "stop"; segments are kept
"""

from __future__ import annotations

import json
from typing import Any, Dict, Optional

BEAT_SECONDS = 1.0

Message = Dict[str, Any]


def encode(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> Optional[Message]:
    """None for a line that was cut off by the death of its writer."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
