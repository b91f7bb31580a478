"""Sonic Appliance: one photo and one recording become a talking-head video, on the device."""

from __future__ import annotations

import os

__version__ = "0.1.0"

# ONNX Runtime, from 1.29 on, keeps a record of this machine and of the networks it loads and sends it to its makers
# wherever it finds a network. It reads this variable when it is loaded; asked later to stop, it has begun already.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# One thread for linear algebra. Its products are small here, and threads for them only disturb those of the networks
# and of ffmpeg; worse, before CPython 3.10 a process started beside them (fork) could leave a product waiting for ever.
# NumPy's libraries read these when they are loaded, so they are said before; who said something else is heard.
for _library in ("OPENBLAS", "OMP", "MKL", "BLIS"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
