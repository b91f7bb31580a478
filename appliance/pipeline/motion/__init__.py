"""Speech → motion: the networks over sliding windows, then lip contact, rest, blinks and head sway."""

from __future__ import annotations

from .model import MotionBlock, MotionModel

__all__ = ["MotionBlock", "MotionModel"]
