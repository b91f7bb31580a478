"""``.om`` files without a compiler: header, table and attributes as ATC writes them, around an ONNX file.

No NPU could run one; the double of pyACL can (see ``fakes/acl``). What is written here is read by nobody but tests, so
that reader and writer do not share a mistake: the appliance's reader is `appliance.pipeline.runtime.om_file`.
"""

from __future__ import annotations

import struct
from typing import Callable, Dict, List, Sequence, Tuple

MAGIC = 0x444F4D49
HEADER = 256
OLD, NEW = 0x10000000, 0x20000000
MODEL_DEFINITION, WEIGHTS, TASKS, KERNELS = 0, 1, 2, 3
QUANTISED = (b"AscendQuant", b"AscendDequant")
"""Operators of INT8 layers; their names stand in the model definition."""
NO_PARSER = (b"QuantizeLinear", b"DequantizeLinear", b"QLinearConv", b"ConvInteger")
"""INT8 as ONNX Runtime has it, and ATC not."""

Shapes = Dict[str, Sequence[int]]


def om_shell(
    onnx: bytes,
    inputs: Shapes,
    soc: str = "Ascend310",
    options: str = "--output_type=FP32",
    new: bool = True,
    model: str = "x.onnx",
) -> bytes:
    """A whole file. ``options`` of ATC decide what the double makes of it: ``--output_type=FP16``, dynamic batches.
    ``model``: the path of the graph, as ATC was given it."""
    assert not any(name in onnx for name in NO_PARSER), "no .om is made of this: ATC wants the deploy graph"
    shapes = ";".join(f"{name}:{','.join(map(str, shape))}" for name, shape in inputs.items())
    command = (
        f"/usr/local/Ascend/atc/bin/atc.bin --framework=5 --model={model} --output=x --soc_version={soc} "
        f"--input_format=NCHW --input_shape={shapes} {options} --log=error"
    )
    attributes = {"soc_version": soc, "atc_version": "5.1.RC1", "opp_version": "5.1.RC1", "atc_cmdline": command}
    operators = b"".join(_field(5, _field(2, name)) for name in QUANTISED if name in onnx)
    definition = b"\x0a\x05graph" + operators + b"".join(attribute(*item) for item in attributes.items())
    return assembled({MODEL_DEFINITION: definition, WEIGHTS: onnx, TASKS: bytes(64), KERNELS: bytes(32)}, new)


def quantised(onnx: bytes) -> bool:
    """Whether it is a deploy graph."""
    return QUANTISED[0] in onnx


def attribute(key: str, value: str) -> bytes:
    """An entry of the map of attributes, in field 14 of the model definition."""
    inner = _field(2, value.encode())
    return _field(14, _field(1, key.encode()) + _field(2, inner))


def assembled(parts: Dict[int, bytes], new: bool = True) -> bytes:
    """Header, table, and the partitions one after the other."""
    table, offset = struct.pack("<II" if new else "<I", *([len(parts), 0] if new else [len(parts)])), 0
    for kind, part in parts.items():
        table += (
            struct.pack("<IIQQ", kind, 0, offset, len(part)) if new else struct.pack("<III", kind, offset, len(part))
        )
        offset += len(part)
    content = table + b"".join(parts.values())
    return header(len(content), new) + content


def header(length: int, new: bool = True) -> bytes:
    start = struct.pack("<III", MAGIC, HEADER, NEW if new else OLD) + bytes(64)
    start += struct.pack("<IBBBB", 0 if new else length, 0, 0, 1, 0)
    start += b"sonic".ljust(32, b"\0") + struct.pack("<I", 12) + bytes(32) + struct.pack("<II", 0, 1)
    start += b"1.0".ljust(20, b"\0") + bytes(4) + struct.pack("<Q", length if new else 0)
    return start.ljust(HEADER, b"\0")


def partitions(content: bytes) -> Dict[int, bytes]:
    """The parts of a whole file of either style."""
    new = struct.unpack_from("<Q", content, 184)[0] > 0
    (count,) = struct.unpack_from("<I", content, HEADER)
    at, parts = HEADER + (8 if new else 4), []
    for _ in range(count):
        kind, size = struct.unpack_from("<I12xQ", content, at) if new else struct.unpack_from("<I4xI", content, at)
        parts.append((kind, size))
        at += 24 if new else 12
    found = {}
    for kind, size in parts:
        found[kind] = content[at : at + size]
        at += size
    return found


def command_line(content: bytes) -> str:
    """What ATC was called with, of a file made here."""
    definition = partitions(content)[MODEL_DEFINITION]
    start = definition.index(b"/usr/local/Ascend/atc")
    return definition[start : definition.index(b"--log=error", start)].decode()


def soc_of(content: bytes) -> str:
    return command_line(content).split("--soc_version=")[1].split()[0]


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded: List[int] = []
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


# --- broken files -----------------------------------------------------------------------------------------------------


def _changed(at: int, value: bytes) -> Callable[[bytes], bytes]:
    return lambda om: om[:at] + value + om[at + len(value) :]


BROKEN: Dict[str, Tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda om: b"", "no .om file"),
    "half a header": (lambda om: om[:100], "no .om file"),
    "another magic": (_changed(0, b"MIND"), "no .om file"),
    "onnx": (lambda om: b"\x08\x06\x12\x0csonic-applia" + om[20:], "no .om file"),
    "longer header": (_changed(4, struct.pack("<I", 512)), "header of 512 bytes"),
    "cut off by a byte": (lambda om: om[:-1], "cut off"),
    "cut off in half": (lambda om: om[: len(om) // 2], "cut off"),
    "header alone": (lambda om: om[:HEADER], "cut off"),
    "appended to": (lambda om: om + b"\0", "added to"),
    "encrypted": (_changed(80, b"\1"), "encrypted"),
    "flow model": (_changed(82, b"\3"), "type 3"),
    "bundle": (_changed(82, b"\5"), "type 5"),
    "no partitions": (_changed(HEADER, bytes(4)), "table of 0"),
    "a million partitions": (_changed(HEADER, struct.pack("<I", 1_000_000)), "table of 1000000"),
    "more partitions than the table": (
        lambda om: header(8 + 24) + struct.pack("<II", 60, 0) + bytes(24),
        "ends within its table",
    ),
    "no table": (lambda om: header(2) + b"\1\0", "table of 0"),
    "partition beyond the end": (_changed(HEADER + 8 + 16, struct.pack("<Q", 1 << 40)), "outside the file"),
    "partitions upon each other": (_changed(HEADER + 8 + 24 + 8, struct.pack("<Q", 0)), "upon another"),
    "no model definition": (lambda om: assembled({WEIGHTS: b"weights"}), "no model definition"),
    "empty model definition": (lambda om: assembled({MODEL_DEFINITION: b"", WEIGHTS: b"w"}), "no model definition"),
}
"""Name → what is done to a whole file (of the new style), and words of the refusal."""
