"""``.om`` files: what ATC, the compiler for Ascend chips, makes of a network. Read and checked before an NPU sees them.

A header of 256 bytes, a table of partitions, the partitions. The layout is that of CANN's graph engine (``om_file.h``);
the attributes that tell chip and compiler stand in the partition of the model definition, a protocol buffer.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Dict, Mapping, NamedTuple, Tuple

from ...errors import ModelCorrupt, ModelMismatch, ModelMissing
from ...manifest import REINSTALL, NetworkEntry

_HEADER = struct.Struct("<III64sIBBBB32sI32sII20sB3xQBB62s")
_MAGIC = 0x444F4D49  # "IMOD"
_MODEL_TYPES = (0, 1)  # IR and standard; tiny, flow, lite and bundles are for other programs
_OLD_ENTRY, _NEW_ENTRY = struct.Struct("<III"), struct.Struct("<I4xQQ")
_MOST_PARTITIONS = 64
_MODEL_DEFINITION = 0
PARTITIONS = {
    0: "MODEL_DEF", 1: "WEIGHTS", 2: "TASK_INFO", 3: "TBE_KERNELS", 4: "CUST_AICPU_KERNELS", 5: "SO_BINS",
    8: "MODEL_INOUT_INFO",
}  # fmt: skip
_LARGEST_DEFINITION = 1 << 28
_BY_ATC = "Build it again: `python -m models_om.compile`."


class Partition(NamedTuple):
    """A part of the file; ``offset`` from its beginning, ``size`` in bytes. Types that are not known are numbers."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class OmFile:
    """What a whole ``.om`` file says of itself; texts are empty where it does not say."""

    path: Path
    bytes: int
    partitions: Tuple[Partition, ...]
    dynamic: bool
    soc: str
    """The chip that it was compiled for, such as ``Ascend310``."""
    atc_version: str
    opp_version: str
    command: str
    """The command line of ATC that made it."""

    @property
    def options(self) -> Mapping[str, str]:
        """The options of the command line, such as ``input_shape``."""
        return {name: value.strip("\"'") for name, value in re.findall(r"--(\w+)[= ](\"[^\"]*\"|\S+)", self.command)}

    @property
    def input_shapes(self) -> Dict[str, Tuple[int, ...]]:
        """Names and shapes that ATC was given for the inputs; -1 stands for a dynamic side."""
        pairs = [item.rpartition(":") for item in self.options.get("input_shape", "").split(";") if item]
        sides = r"-?\d+(,-?\d+)*"
        return {name: tuple(map(int, text.split(","))) for name, _, text in pairs if re.fullmatch(sides, text)}


def read_om(path: Path) -> OmFile:
    """Raises `ModelMissing`, and `ModelCorrupt` for what no NPU would load: cut off, encrypted, no ``.om`` at all."""
    try:
        with path.open("rb") as file:
            return _read(path, path.stat().st_size, file)
    except OSError as error:
        message = f"The model file {path.name} is missing or cannot be read."
        raise ModelMissing(str(error), message=message, action=REINSTALL) from error


def check_soc(om: OmFile, soc: str) -> None:
    """Compare with the chip of this machine. Raises `ModelMismatch`; a file that does not say is let through."""
    if om.soc and om.soc != soc:
        message = f"The model file {om.path.name} was compiled for {om.soc}; this machine has {soc}."
        raise ModelMismatch(message, message=message, action=f"Install networks that were compiled for {soc}.")


def check_entry(om: OmFile, entry: NetworkEntry) -> None:
    """Compare with the manifest what can be known before loading. Raises `ModelMismatch`."""
    dynamic = [name for name in om.options if name.startswith("dynamic_")]
    if om.dynamic or dynamic or any(side < 0 for shape in om.input_shapes.values() for side in shape):
        message = f"The model file {om.path.name} was compiled with dynamic shapes; the appliance's are fixed."
        raise ModelMismatch(f"{message} {dynamic}", message=message, action=_BY_ATC)
    expected = {spec.name: spec.shape for spec in entry.inputs}
    if om.input_shapes and om.input_shapes != expected:
        found, wanted = _words(om.input_shapes), _words(expected)
        message = f"The model file {om.path.name} holds another network: it was compiled for {found}, not {wanted}."
        raise ModelMismatch(message, message=message, action=_BY_ATC)


def _read(path: Path, size: int, file: BinaryIO) -> OmFile:
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or struct.unpack_from("<I", header)[0] != _MAGIC:
        raise _corrupt(path, "is no .om file")
    _, header_size, _, _, length, encrypted, _, kind, _, _, _, _, _, _, _, _, new_length, _, dynamic, _ = (
        _HEADER.unpack(header)
    )
    if header_size != _HEADER.size:
        raise _corrupt(path, f"has a header of {header_size} bytes; {_HEADER.size} are known")
    promised, there = new_length or length, size - _HEADER.size
    if promised != there:
        raise _corrupt(path, f"is cut off or was added to: it should have {promised:,} bytes of content, not {there:,}")
    if encrypted:
        raise _corrupt(path, "is encrypted")
    if kind not in _MODEL_TYPES:
        raise _corrupt(path, f"holds a model of type {kind}, which is not for pyACL")
    partitions = _partitions(path, size, file, new=bool(new_length))
    definition = next((part for part in partitions if part.name == PARTITIONS[_MODEL_DEFINITION]), None)
    if definition is None or not 0 < definition.size <= _LARGEST_DEFINITION:
        raise _corrupt(path, "has no model definition")
    file.seek(definition.offset)
    content = file.read(definition.size)
    keys = ("soc_version", "atc_version", "opp_version", "atc_cmdline")
    soc, atc, opp, command = (_attribute(content, key) for key in keys)
    return OmFile(path, size, partitions, bool(dynamic), soc, atc, opp, command)


def _partitions(path: Path, size: int, file: BinaryIO, new: bool) -> Tuple[Partition, ...]:
    """The table, and that each part lies within the file and no two upon each other."""
    entry, count_size = (_NEW_ENTRY, 8) if new else (_OLD_ENTRY, 4)
    count_bytes = file.read(count_size)
    count = struct.unpack_from("<I", count_bytes)[0] if len(count_bytes) == count_size else 0
    if not 0 < count <= _MOST_PARTITIONS:
        raise _corrupt(path, f"has a table of {count} partitions")
    table = file.read(count * entry.size)
    if len(table) < count * entry.size:
        raise _corrupt(path, "ends within its table of partitions")
    start = file.tell()
    parts = [
        Partition(PARTITIONS.get(kind, str(kind)), start + offset, length)
        for kind, offset, length in entry.iter_unpack(table)
    ]
    end = start
    for part in sorted(parts, key=lambda part: part.offset):
        if part.offset < end or part.offset + part.size > size:
            raise _corrupt(path, f"has a partition {part.name} that lies outside the file or upon another")
        end = part.offset + part.size
    return tuple(parts)


def _attribute(definition: bytes, key: str) -> str:
    """A text among the attributes, a map from names (field 1) to values (field 2) whose own field 2 is a text."""
    name = key.encode("ascii")
    lead = b"\x0a" + bytes([len(name)]) + name + b"\x12"
    at = definition.find(lead)
    if at < 0:
        return ""
    _, at = _varint(definition, at + len(lead))
    if definition[at : at + 1] != b"\x12":
        return ""
    length, at = _varint(definition, at + 1)
    return definition[at : at + length].decode("utf-8", errors="replace").strip()


def _varint(content: bytes, at: int) -> Tuple[int, int]:
    """The number that starts there, and where the next thing starts."""
    value = shift = 0
    for index, byte in enumerate(content[at : at + 10]):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at + index + 1
    return 0, len(content)


def _words(shapes: Mapping[str, Tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in sorted(shapes.items()))


def _corrupt(path: Path, how: str) -> ModelCorrupt:
    return ModelCorrupt(f"{path} {how}", message=f"The model file {path.name} {how}.", action=REINSTALL)
