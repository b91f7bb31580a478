"""`appliance serve` with the toy for a worker; settings come from the environment."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

from engine import toy_worker

from appliance.cli import main
from appliance.commands import serve as command
from appliance.engine import serve as service

real = service.serve
service.serve = lambda settings: real(settings, toy_worker.COMMAND)

if __name__ == "__main__":
    assert command
    main(["serve"])
