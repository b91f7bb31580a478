"""Sonic Appliance: one photo and one recording become a talking-head video, on the device."""

from __future__ import annotations

import os

__version__ = "0.1.0"

# ONNX Runtime, from 1.29 on, keeps a record of this machine and of the networks it loads and sends it to its makers
# wherever it finds a network. It reads this variable when it is loaded; asked later to stop, it has begun already.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
