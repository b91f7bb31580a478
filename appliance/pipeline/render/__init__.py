"""Motion → pixels: the photo is warped in two layers, the lids are drawn, the mouth is painted behind the lips."""

from __future__ import annotations

from .canvas import Canvas, face_canvas, full_canvas
from .crew import Motion, draw
from .identity import Identity, build_identity
from .renderer import Renderer

__all__ = ["Canvas", "Identity", "Motion", "Renderer", "build_identity", "draw", "face_canvas", "full_canvas"]
