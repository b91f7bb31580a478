"""Sonic Appliance: one photo and one recording become a talking-head video, on the device."""

from __future__ import annotations

__version__ = "0.1.0"
