"""Frames and sound → a labelled MP4, complete or not at all."""

from __future__ import annotations

from .files import check_output, workshop
from .probe import probe, read_video
from .segments import Segment
from .sound import SoundTrack
from .writer import VideoWriter, write_video

__all__ = ["Segment", "SoundTrack", "VideoWriter", "check_output", "probe", "read_video", "workshop", "write_video"]
