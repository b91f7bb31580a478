"""gpiozero's pins on the Atlas 200 DK: two of the chip's own lines, five of a port expander."""

from __future__ import annotations

from .factory import AtlasFactory

__all__ = ["AtlasFactory"]
