"""The configuration file of a MindSpore Lite that was built for Ascend: section ``[ascend_context]``.

The wheels for CPython 3.7 bring that back end, but it asks for the libraries of CANN's whole toolkit. It is told by the
file what it compiles a network for when it loads one; where there is no such back end the file is read and changes
nothing.
"""

from __future__ import annotations

import configparser
import io
from pathlib import Path
from typing import List

from appliance.files import write_atomically
from appliance.pipeline.signatures import SIGNATURES

PRECISION_MODE = "enforce_fp16"
"""The cube of Ascend 310 has no float32."""


def configuration(network: str) -> str:
    """The file for a network of the manifest: static shapes, float16 inside, float32 at both ends."""
    shapes = [f"{spec.name}:[{','.join(map(str, spec.shape))}]" for spec in SIGNATURES[network].inputs]
    parser = configparser.ConfigParser(interpolation=None)
    parser["ascend_context"] = {
        "input_format": "NCHW",
        "input_shape": ";".join(shapes),
        "precision_mode": PRECISION_MODE,
        "output_type": "FP32",
    }
    text = io.StringIO()
    parser.write(text, space_around_delimiters=False)
    return text.getvalue().strip() + "\n"


def write_configurations(folder: Path) -> List[Path]:
    """A file for each network. Raises OSError."""
    paths = [folder / f"{name}.ascend.ini" for name in SIGNATURES]
    for name, path in zip(SIGNATURES, paths):
        write_atomically(path, configuration(name).encode("ascii"))
    return paths
