"""The rules, by what they look at. Importing this package registers all of them."""

from . import channels, integer, interface, numbers, operators, patterns, resize, shapes

__all__ = ["channels", "integer", "interface", "numbers", "operators", "patterns", "resize", "shapes"]
