"""`appliance serve` with the toy for a worker; settings come from the environment."""

from __future__ import annotations

import functools

from engine import toy_worker

from appliance.cli import main
from appliance.engine.service import serve

if __name__ == "__main__":
    serve.serve = functools.partial(serve.serve, worker_command=toy_worker.COMMAND)
    main(["serve"])
