"""`models_om/manifest.toml`, read and checked: which networks there are, what they are made of, and in which files.

Every key is checked for its type and range, and a key that this program does not know is refused: a manifest is either
understood wholly or not used. What the pipeline relies on (coefficients, rates, shapes) must be what the networks have.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .errors import ModelCorrupt, ModelMismatch, ModelMissing
from .pipeline.coefficients import COEFFICIENTS
from .pipeline.runtime.base import TensorSpec
from .pipeline.signatures import SIGNATURES
from .settings import FRAME_RATE, SAMPLE_RATE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FORMAT = 2
RUNTIMES = ("acl", "onnx", "mindspore_lite")
PRECISIONS = ("fp32", "int8")
DTYPES = ("float32", "int64")
REINSTALL = "Install the package again: this file is part of it."
UPDATE = "Program and networks are of different versions: install both from one package."

_TEXT = r"(?s).*\S.*"
_NAME = r"[a-z][a-z0-9_]*"
_FILE = r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)*"  # below the manifest's folder, no way out of it
_SHA256 = r"[0-9a-f]{64}"
_LARGEST = 1 << 30


@dataclass(frozen=True)
class DataFile:
    """A shipped file; `file` is relative to the folder of the manifest."""

    file: str
    sha256: str
    bytes: int
    licence: str = ""


@dataclass(frozen=True)
class NetworkFile(DataFile):
    """One built file of a network."""

    runtime: str = ""
    precision: str = ""


@dataclass(frozen=True)
class Training:
    """How one part of a network was trained; `sources` are keys of `Manifest.sources`."""

    part: str
    command: str
    seed: int
    steps: int
    sources: Tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Work of others that a network was trained on, with the credit that is due."""

    what: str
    licence: str
    credit: str
    trained_on: str
    held_out: str


@dataclass(frozen=True)
class NetworkEntry:
    """A network: what it is for, its signature, and the files it was built to."""

    name: str
    role: str
    inputs: Tuple[TensorSpec, ...]
    outputs: Tuple[TensorSpec, ...]
    files: Tuple[NetworkFile, ...]
    training: Tuple[Training, ...]
    scales: Optional[DataFile] = None
    """The record of scales and zero points that the int8 file was made with."""

    def find(self, runtime: str, precision: str) -> Optional[NetworkFile]:
        return next((f for f in self.files if (f.runtime, f.precision) == (runtime, precision)), None)


@dataclass(frozen=True)
class Manifest:
    """What `models_om/manifest.toml` says."""

    licence: str
    networks: Mapping[str, NetworkEntry]
    data: Tuple[DataFile, ...]
    sources: Mapping[str, Source]

    def precisions(self, runtime: str) -> List[str]:
        """Precisions in which every network has a file for that run time."""
        per_network = [{f.precision for f in entry.files if f.runtime == runtime} for entry in self.networks.values()]
        return sorted(set.intersection(*per_network)) if per_network else []

    def files(self) -> List[DataFile]:
        """Every file the manifest names."""
        entries = list(self.networks.values())
        built: List[DataFile] = [file for entry in entries for file in entry.files]
        return [*self.data, *built, *(entry.scales for entry in entries if entry.scales)]


def read_manifest(path: Path) -> Manifest:
    """The checked manifest.

    Raises `ModelMissing` without the file, `ModelCorrupt` naming the key that is wrong, `ModelMismatch` where it is in
    order but made for another program.
    """
    try:
        return parse_manifest(path.read_bytes())
    except OSError as error:
        message = f"The list of the networks, {path}, is missing or cannot be read."
        raise ModelMissing(str(error), message=message, action=REINSTALL) from error


def parse_manifest(content: bytes) -> Manifest:
    """The checked manifest of a file's content. Raises `ModelCorrupt` and `ModelMismatch` as `read_manifest` does."""
    try:
        top = _Table(tomllib.loads(content.decode("utf-8")), "")
    except (ValueError, RecursionError) as error:
        raise _wrong("the file", f"is not TOML ({error})") from error
    _check_versions(top)
    sources = {name: _source(table) for name, table in top.named("sources").items()}
    networks = {name: _network(name, table, sources) for name, table in top.named("networks").items()}
    data = tuple(_data_file(table) for table in top.tables("data", optional=True))
    manifest = Manifest(top.text("licence"), networks, data, sources)
    top.end()
    _check_unique(manifest)
    return manifest


def _check_versions(top: _Table) -> None:
    """Format first: a newer one may well have keys that this program does not know."""
    made_for = top.whole("format")
    if made_for != FORMAT:
        raise _other("format", made_for, FORMAT)
    for key, expected in (("frame_rate", FRAME_RATE), ("sample_rate", SAMPLE_RATE)):
        found = top.whole(key)
        if found != expected:
            raise _other(key, found, expected)
    names = top.texts("coefficients")
    if len(names) != len(COEFFICIENTS):
        raise _other("the number of coefficients", len(names), len(COEFFICIENTS))
    for index, (name, expected_name) in enumerate(zip(names, COEFFICIENTS)):
        if name != expected_name:
            raise _other(f"coefficients[{index}]", name, expected_name)


def _check_unique(manifest: Manifest) -> None:
    """One entry a file, and no two files alike: else an int8 network may stand where float32 is promised."""
    for what in ("file", "sha256"):
        seen: Dict[str, str] = {}
        for item in manifest.files():
            value = getattr(item, what)
            if value in seen:
                raise _wrong(what, f"of {item.file} is the same as of {seen[value]}")
            seen[value] = item.file


def _source(table: _Table) -> Source:
    return table.end(Source(*(table.text(key) for key in ("what", "licence", "credit", "trained_on", "held_out"))))


def _network(name: str, table: _Table, sources: Mapping[str, Source]) -> NetworkEntry:
    scales = table.table("scales")
    entry = NetworkEntry(
        name,
        role=table.text("role"),
        inputs=tuple(_tensor(t) for t in table.tables("inputs")),
        outputs=tuple(_tensor(t) for t in table.tables("outputs")),
        files=tuple(_network_file(t) for t in table.tables("files")),
        training=tuple(_training(t, sources) for t in table.tables("training")),
        scales=scales.end(DataFile(*_located(scales))) if scales else None,
    )
    kinds = [(f.runtime, f.precision) for f in entry.files]
    if len(set(kinds)) < len(kinds):
        raise _wrong(f"{table.key}.files", "names two files for one run time and precision")
    if name in SIGNATURES:
        for side in ("inputs", "outputs"):
            found, expected = getattr(entry, side), getattr(SIGNATURES[name], side)
            if found != expected:
                raise _other(f"{table.key}.{side}", *("; ".join(map(str, specs)) for specs in (found, expected)))
    return table.end(entry)


def _tensor(table: _Table) -> TensorSpec:
    return table.end(TensorSpec(table.text("name", _NAME), table.shape("shape"), table.choice("dtype", DTYPES)))


def _network_file(table: _Table) -> NetworkFile:
    runtime, precision = table.choice("runtime", RUNTIMES), table.choice("precision", PRECISIONS)
    return table.end(NetworkFile(*_located(table), runtime=runtime, precision=precision))


def _data_file(table: _Table) -> DataFile:
    return table.end(DataFile(*_located(table), licence=table.text("licence")))


def _located(table: _Table) -> Tuple[str, str, int]:
    return table.text("file", _FILE), table.text("sha256", _SHA256), table.whole("bytes", 1, _LARGEST)


def _training(table: _Table, sources: Mapping[str, Source]) -> Training:
    used = table.texts("sources")
    for name in used:
        if name not in sources:
            raise _wrong(f"{table.key}.sources", f"names {name!r}, which is no entry of [sources]")
    steps, seed = table.whole("steps", 1), table.whole("seed")
    return table.end(Training(table.text("part"), table.text("command"), seed, steps, used))


class _Table:
    """One table of the file: hands out its values checked, and at the end refuses what nobody asked for.

    ``key`` says in errors where the table is, such as ``networks.sonic.files[0]``.
    """

    def __init__(self, content: Any, key: str) -> None:
        self.key = key
        self._left: Dict[str, Any] = dict(_typed(content, dict, key, "a table"))

    def text(self, name: str, pattern: str = _TEXT) -> str:
        value: str = _typed(self._take(name), str, self._path(name), "a text")
        if not re.fullmatch(pattern, value):
            raise _wrong(self._path(name), f"cannot be {value!r}")
        return value

    def choice(self, name: str, allowed: Tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in allowed:
            raise _wrong(self._path(name), f"cannot be {value!r}, only {', '.join(allowed)}")
        return value

    def whole(self, name: str, low: int = 0, high: int = (1 << 31) - 1) -> int:
        return _whole(self._take(name), self._path(name), low, high)

    def shape(self, name: str) -> Tuple[int, ...]:
        sides = self._items(name, self._take(name))
        return tuple(_whole(side, f"{self._path(name)}[{i}]", 1, 1 << 16) for i, side in enumerate(sides))

    def texts(self, name: str) -> Tuple[str, ...]:
        items = self._items(name, self._take(name))
        return tuple(_typed(item, str, f"{self._path(name)}[{i}]", "a text") for i, item in enumerate(items))

    def tables(self, name: str, optional: bool = False) -> List[_Table]:
        if optional and name not in self._left:
            return []
        items = self._items(name, self._take(name))
        return [_Table(item, f"{self._path(name)}[{i}]") for i, item in enumerate(items)]

    def table(self, name: str) -> Optional[_Table]:
        return _Table(self._take(name), self._path(name)) if name in self._left else None

    def named(self, name: str) -> Dict[str, _Table]:
        """A table of tables."""
        inner = _typed(self._take(name), dict, self._path(name), "a table")
        for key in inner:
            if not re.fullmatch(_NAME, key):
                raise _wrong(self._path(name), f"cannot have the key {key!r}")
        return {key: _Table(value, f"{self._path(name)}.{key}") for key, value in inner.items()}

    def end(self, made: Any = None) -> Any:
        """Refuse what is left; returns ``made``."""
        if self._left:
            raise _wrong(self._path(min(self._left)), "is not known to this program")
        return made

    def _take(self, name: str) -> Any:
        if name not in self._left:
            raise _wrong(self._path(name), "is missing")
        return self._left.pop(name)

    def _items(self, name: str, value: Any) -> List[Any]:
        items: List[Any] = _typed(value, list, self._path(name), "an array")
        if not items:
            raise _wrong(self._path(name), "is empty")
        return items

    def _path(self, name: str) -> str:
        return f"{self.key}.{name}" if self.key else name


def _typed(value: Any, kind: type, key: str, words: str) -> Any:
    if type(value) is not kind:  # a boolean is no number here
        raise _wrong(key, f"must be {words}, not {value!r:.60}")
    return value


def _whole(value: Any, key: str, low: int, high: int) -> int:
    number: int = _typed(value, int, key, "a whole number")
    if not low <= number <= high:
        raise _wrong(key, f"must be {low} to {high}, not {number}")
    return number


def _wrong(key: str, problem: str) -> ModelCorrupt:
    sentence = f"manifest.toml, the list of the networks, cannot be used: {key} {problem}."
    return ModelCorrupt(sentence, message=sentence, action=REINSTALL)


def _other(key: str, found: object, expected: object) -> ModelMismatch:
    sentence = f"The networks were made for another program: {key} is {found} in manifest.toml, here {expected}."
    return ModelMismatch(sentence, message=sentence, action=UPDATE)
