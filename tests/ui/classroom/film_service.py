"""`appliance serve` with the film's worker; settings come from the environment."""

from __future__ import annotations

import functools

from ui.classroom import film_worker

from appliance.cli import main
from appliance.engine.service import serve

if __name__ == "__main__":
    serve.serve = functools.partial(serve.serve, worker_command=film_worker.COMMAND)
    main(["serve"])
