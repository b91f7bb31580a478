"""Of which graph an ``.om`` is. In all precisions a network has the same inputs and outputs, and so has its file."""

from __future__ import annotations

from pathlib import PurePath

from appliance.pipeline.runtime.om_file import PARTITIONS, OmFile

_MODEL_DEFINITION = PARTITIONS[0]
_QUANTISED = (b"AscendQuant", b"AscendDequant", b"AscendRequant")
"""Operators that a graph with layers in INT8 has, and no other; the last one is made of the other two."""


def source_name(om: OmFile) -> str:
    """Name of the ONNX file that ATC was given; empty where the ``.om`` does not say."""
    return PurePath(om.options.get("model", "")).name


def precision(om: OmFile) -> str:
    """ "int8" or "fp32", as the operators of its model definition tell it."""
    part = next(part for part in om.partitions if part.name == _MODEL_DEFINITION)
    with om.path.open("rb") as file:
        file.seek(part.offset)
        definition = file.read(part.size)
    return "int8" if any(name in definition for name in _QUANTISED) else "fp32"
