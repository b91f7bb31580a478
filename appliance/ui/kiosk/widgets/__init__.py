"""What the screens are put together from. Every widget takes colours and sizes from the theme it is dressed in."""

from __future__ import annotations

from .button import Button
from .dressed import Dressed
from .label import Glyph, Label

__all__ = ["Button", "Dressed", "Glyph", "Label"]
