"""``python -m appliance``: the same as the command ``appliance``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
