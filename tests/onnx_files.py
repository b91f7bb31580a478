"""ONNX files without the package `onnx`, which the lanes of the appliance do not have: as much of them as tests need.

The numbers below are those of the fields in ``onnx.proto``.
"""

from __future__ import annotations

import struct
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

_TYPES = {1: "<f4", 3: "<i1", 6: "<i4", 7: "<i8", 13: "<u8"}
_FLOAT, _INT, _TEXT, _INTS = 1, 2, 3, 7
"""Kinds of attributes."""
_VARINT, _BYTES, _FIXED32 = 0, 2, 5
"""Wire types of protobuf."""


class Node(NamedTuple):
    """``attributes``: float, int, bytes or a list of int."""

    kind: str
    name: str
    inputs: List[str]
    outputs: List[str]
    attributes: Dict[str, Any]


class Graph(NamedTuple):
    """``inputs``, ``outputs``: shapes, of float32 tensors."""

    producer: str
    name: str
    nodes: List[Node]
    constants: Dict[str, np.ndarray]
    inputs: Dict[str, Tuple[int, ...]]
    outputs: Dict[str, Tuple[int, ...]]


# --- read -------------------------------------------------------------------------------------------------------------


def read(content: bytes) -> Graph:
    model = _fields(content)
    graph = _fields(model[7][0])
    return Graph(
        _text(model.get(2, [b""])),
        _text(graph[2]),
        [_node(item) for item in graph[1]],
        dict(_constant(item) for item in graph[5]),
        dict(_tensor(item) for item in graph[11]),
        dict(_tensor(item) for item in graph[12]),
    )


def _node(content: bytes) -> Node:
    fields = _fields(content)
    inputs, outputs = ([item.decode() for item in fields.get(number, [])] for number in (1, 2))
    attributes = dict(_attribute(item) for item in fields.get(5, []))
    return Node(_text(fields[4]), _text(fields.get(3, [b""])), inputs, outputs, attributes)


def _attribute(content: bytes) -> Tuple[str, Any]:
    fields = _fields(content)
    kind = fields[20][0]
    if kind == _INTS:
        value: Any = fields.get(8, [])
    else:
        value = fields[{_FLOAT: 2, _INT: 3, _TEXT: 4}[kind]][0]
    return _text(fields[1]), value


def _constant(content: bytes) -> Tuple[str, np.ndarray]:
    fields = _fields(content)
    shape = tuple(fields.get(1, []))
    return _text(fields[8]), np.frombuffer(fields[9][0], _TYPES[fields[2][0]]).reshape(shape)


def _tensor(content: bytes) -> Tuple[str, Tuple[int, ...]]:
    fields = _fields(content)
    shape = _fields(_fields(_fields(fields[2][0])[1][0])[2][0])
    return _text(fields[1]), tuple(_fields(side)[1][0] for side in shape[1])


def _text(values: List[bytes]) -> str:
    return values[0].decode()


def _fields(content: bytes) -> Dict[int, List[Any]]:
    found: Dict[int, List[Any]] = {}
    for number, value in _each(content):
        found.setdefault(number, []).append(value)
    return found


def _each(content: bytes) -> Iterator[Tuple[int, Any]]:
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        if key & 7 == _VARINT:
            value, at = _varint(content, at)
            yield key >> 3, value - (1 << 64) if value >> 63 else value
        elif key & 7 == _FIXED32:
            yield key >> 3, struct.unpack_from("<f", content, at)[0]
            at += 4
        else:
            assert key & 7 == _BYTES, key
            size, at = _varint(content, at)
            yield key >> 3, content[at : at + size]
            at += size


def _varint(content: bytes, at: int) -> Tuple[int, int]:
    value = shift = 0
    while content[at] & 0x80:
        value |= (content[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | content[at] << shift, at + 1


# --- written ----------------------------------------------------------------------------------------------------------


def written(graph: Graph) -> bytes:
    """As a file of opset 11."""
    inner = [(1, _written_node(node)) for node in graph.nodes]
    inner += [(2, graph.name)]
    inner += [(5, _written_constant(*item)) for item in graph.constants.items()]
    for number, tensors in ((11, graph.inputs), (12, graph.outputs)):
        inner += [(number, _written_tensor(*item)) for item in tensors.items()]
    return _message((1, 6), (2, graph.producer), (7, _message(*inner)), (8, _message((1, ""), (2, 11))))


def _written_node(node: Node) -> bytes:
    ends = [(number, name) for number, names in ((1, node.inputs), (2, node.outputs)) for name in names]
    attributes = [(5, _written_attribute(*item)) for item in node.attributes.items()]
    return _message(*ends, (3, node.name), (4, node.kind), *attributes)


def _written_attribute(name: str, value: Any) -> bytes:
    if isinstance(value, list):
        return _message((1, name), *((8, item) for item in value), (20, _INTS))
    number, kind = {float: (2, _FLOAT), int: (3, _INT), bytes: (4, _TEXT)}[type(value)]
    return _message((1, name), (number, value), (20, kind))


def _written_constant(name: str, value: np.ndarray) -> bytes:
    kind = next(kind for kind, dtype in _TYPES.items() if np.dtype(dtype) == value.dtype)
    return _message(*((1, side) for side in value.shape), (2, kind), (8, name), (9, value.tobytes()))


def _written_tensor(name: str, shape: Tuple[int, ...]) -> bytes:
    sides = _message(*((1, _message((1, side))) for side in shape))
    return _message((1, name), (2, _message((1, _message((1, 1), (2, sides))))))


def _message(*fields: Tuple[int, Any]) -> bytes:
    return b"".join(_field(number, value) for number, value in fields)


def _field(number: int, value: Any) -> bytes:
    if isinstance(value, int):
        return _number(number << 3 | _VARINT) + _number(value % (1 << 64))
    if isinstance(value, float):
        return _number(number << 3 | _FIXED32) + struct.pack("<f", value)
    content = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | _BYTES) + _number(len(content)) + content


def _number(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
