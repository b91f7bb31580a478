"""gpiozero, and where its pin factories are found.

gpiozero 2.0 installs on CPython 3.7 but takes `importlib.metadata` from the standard library, where it is from 3.8 on;
there the package of the same purpose is lent to it while it is imported.
"""

from __future__ import annotations

import sys
from typing import Any, Iterable

FACTORIES = "gpiozero_pin_factories"
"""Group of entry points."""

if sys.version_info >= (3, 8):
    import importlib.metadata as metadata

    import gpiozero
else:
    from importlib import import_module
    from types import ModuleType

    import importlib_metadata as metadata

    def _groups() -> Any:
        """As the standard library's `entry_points` gave them until 3.11."""
        points = metadata.entry_points()
        return {group: tuple(points.select(group=group)) for group in points.groups}

    _lent: Any = ModuleType("importlib.metadata")
    _lent.entry_points = _groups
    sys.modules["importlib.metadata"] = _lent
    try:
        gpiozero = import_module("gpiozero")
        import_module("gpiozero.pins.mock")
    finally:
        del sys.modules["importlib.metadata"]


def factories() -> Iterable[Any]:
    """The entry points of all pin factories that are installed."""
    points: Any = metadata.entry_points()
    return points.select(group=FACTORIES) if hasattr(points, "select") else points.get(FACTORIES, ())
