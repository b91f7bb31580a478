"""``python -m appliance.engine.worker``: the worker process, which the engine starts."""

from __future__ import annotations

import sys

from .loop import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
