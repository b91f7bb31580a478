"""An Atlas 200 DK for tests: the kernel's side of sysfs' GPIO over real files, and the port expander's of the bus."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from appliance.capture.buttons.atlas200dk.i2c import Bus

OURS = 0xF8
"""Bits of port 1 behind the header; the others belong to the board."""


class SysfsTree:
    """Plays the kernel while it is entered: what is written to the files below ``root`` has its effects at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        for name in ("export", "unexport"):
            (root / name).write_text("")
        self.exported: List[int] = []
        self.unexported: List[int] = []
        self.driven: Dict[int, List[Tuple[str, str]]] = {}
        """Direction and value of each line after everything that was written."""
        self.denied = 0
        """How often a line's files cannot be opened yet, for udev has not come by."""

    def add(self, number: int, direction: str = "in", value: str = "1") -> Path:
        folder = self.root / f"gpio{number}"
        folder.mkdir()
        (folder / "direction").write_text(direction + "\n")
        (folder / "value").write_text(value + "\n")
        self.driven[number] = [(direction, value)]
        return folder

    def drive(self, number: int, high: bool) -> None:
        """Whoever is connected to an input; while the kernel is played."""
        handle = self._open(str(self.root / f"gpio{number}" / "value"), os.O_WRONLY)
        self._pwrite(handle, b"1" if high else b"0", 0)
        os.close(handle)

    def direction(self, number: int) -> str:
        return (self.root / f"gpio{number}" / "direction").read_text().strip()

    def level(self, number: int) -> bool:
        return (self.root / f"gpio{number}" / "value").read_text().strip() == "1"

    @contextlib.contextmanager
    def kernel(self) -> Iterator[SysfsTree]:
        self._write, self._pwrite, self._open = os.write, os.pwrite, os.open
        os.write, os.pwrite, os.open = self._on_write, self._on_pwrite, self._on_open
        try:
            yield self
        finally:
            os.write, os.pwrite, os.open = self._write, self._pwrite, self._open

    def _on_open(self, path: Any, flags: int, *more: Any, **named: Any) -> int:
        if self.denied and str(path).startswith(f"{self.root}/gpio"):
            self.denied -= 1
            raise PermissionError(errno.EACCES, "not yet", str(path))
        return self._open(path, flags, *more, **named)

    def _on_write(self, handle: int, data: bytes) -> int:
        written = self._write(handle, data)
        path = self._path(handle)
        if path is None:
            return written
        if path.name == "export":
            number = int(data)
            if (self.root / f"gpio{number}").exists():
                raise OSError(errno.EBUSY, "exported already")
            self.exported.append(number)
            self.add(number)
        elif path.name == "unexport":
            self.unexported.append(int(data))
        elif path.name == "direction":
            if data in (b"high", b"low"):
                (path.parent / "value").write_text("1\n" if data == b"high" else "0\n")
            path.write_text("in\n" if data == b"in" else "out\n")
            self._note(path.parent)
        return written

    def _on_pwrite(self, handle: int, data: bytes, offset: int) -> int:
        path = self._path(handle)
        if path is not None and (path.parent / "direction").read_text().strip() == "in":
            raise PermissionError(errno.EPERM, "an input")
        written = self._pwrite(handle, data, offset)
        if path is not None:
            self._note(path.parent)
        return written

    def _path(self, handle: int) -> Any:
        """Of an open file of the tree."""
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        return path if self.root in path.parents else None

    def _note(self, folder: Path) -> None:
        state = tuple((folder / name).read_text().strip() for name in ("direction", "value"))
        self.driven[int(folder.name[4:])].append(state)  # type: ignore[arg-type]


class Registers:
    """The PCA6416, port 1, with somebody else's lines beside ours."""

    def __init__(self) -> None:
        self.outside = 0xFF
        """What is connected to the lines that are inputs."""
        self.output, self.polarity, self.configuration = 0x05, 0x00, 0xFA
        self.writes: List[Tuple[int, int]] = []

    def read(self, register: int) -> int:
        if register == 0x01:
            return self.outside & self.configuration | self.output & ~self.configuration & 0xFF
        return {0x03: self.output, 0x05: self.polarity, 0x07: self.configuration}[register]

    def write(self, register: int, value: int) -> None:
        assert register in (0x03, 0x07), f"nobody asked for register {register:#x}"
        changed = self.read(register) ^ value
        assert changed & ~OURS == 0, f"bits of others were changed: {changed:#x}"
        assert bin(changed).count("1") == 1
        self.writes.append((register, value))
        if register == 0x03:
            self.output = value
        else:
            self.configuration = value

    def drive(self, mask: int, high: bool) -> None:
        self.outside = self.outside | mask if high else self.outside & ~mask


class RegisterBus(Bus):
    """A bus with that chip alone."""

    def __init__(self, registers: Registers) -> None:
        self.registers = registers
        self.broken = False
        self.closed = False
        self.depth = 0

    def read(self, address: int, register: int) -> int:
        self._check(address)
        return self.registers.read(register)

    def write(self, address: int, register: int, value: int) -> None:
        self._check(address)
        assert self.depth == 1, "written without the lock"
        self.registers.write(register, value)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    def close(self) -> None:
        self.closed = True

    def _check(self, address: int) -> None:
        if self.broken or address != 0x20:
            raise OSError(errno.EREMOTEIO, "no acknowledgement")
