"""``python -m appliance.demo [OUT.mp4]``: make the demonstration video; default ``demo.mp4``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from ..cli import main
from . import write_portrait, write_speech

out_path = sys.argv[1] if len(sys.argv) > 1 else "demo.mp4"
with tempfile.TemporaryDirectory() as folder:
    photo, speech = Path(folder) / "portrait.png", Path(folder) / "speech.flac"
    write_portrait(photo)
    write_speech(speech)
    main(["make", str(photo), str(speech), "-o", out_path])
