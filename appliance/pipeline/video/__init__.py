"""Frames and sound → a labelled MP4, complete or not at all."""

from __future__ import annotations

from .writer import VideoWriter, check_output, probe, read_video

__all__ = ["VideoWriter", "check_output", "probe", "read_video"]
