"""``python -m appliance.board``: write the results anew that the self-test compares with, see `golden`."""

from __future__ import annotations

import io

import numpy as np

from ..files import write_atomically
from ..models import ModelStore
from .golden import FILE, make_golden


def main() -> None:
    content = io.BytesIO()
    np.savez_compressed(content, **make_golden(ModelStore()))  # type: ignore[arg-type]
    write_atomically(FILE, content.getvalue())
    print(f"{FILE.name}: {len(content.getvalue()):,} bytes")


if __name__ == "__main__":
    main()
