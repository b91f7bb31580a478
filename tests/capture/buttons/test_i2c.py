"""The bytes that go over the bus, as a chip behind the kernel's ioctl sees them."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
import threading
import time
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest
from capture.buttons.board import Registers
from capture.buttons.rigs import until

from appliance.capture.buttons.atlas200dk import AtlasFactory, i2c
from appliance.capture.buttons.atlas200dk.i2c import I2cBus
from appliance.capture.buttons.library import gpiozero

I2C_RDWR = 0x0707
READ = 0x0001


class Chip:
    """Takes the memory that the kernel would take, by the layout of its headers, and answers as a PCA6416 would."""

    def __init__(self) -> None:
        self.registers = Registers()
        self.address = 0x20
        self.transfers: List[List[Tuple[int, bytes]]] = []

    def ioctl(self, handle: int, request: int, argument: Any) -> int:
        os.fstat(handle)
        assert request == I2C_RDWR
        messages, count = struct.unpack("@PI4x", ctypes.string_at(ctypes.addressof(argument), struct.calcsize("@PI4x")))
        parts = [self._message(messages + number * 16) for number in range(count)]
        for address, *_ in parts:
            if address != self.address:
                raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        self._answer(parts)
        return count

    @staticmethod
    def _message(at: int) -> Tuple[int, int, int, int]:
        """Address, flags, length and buffer of a ``struct i2c_msg``."""
        return struct.unpack("@HHHxxP", ctypes.string_at(at, 16))  # type: ignore[return-value]

    def _answer(self, parts: List[Tuple[int, int, int, int]]) -> None:
        (_, flags, length, buffer), *answer = parts
        assert flags == 0, "a chip is first told which register is meant"
        told = ctypes.string_at(buffer, length)
        if answer:
            ((_, flags, length, buffer),) = answer
            assert (flags, length) == (READ, 1) and len(told) == 1
            ctypes.memmove(buffer, bytes([self.registers.read(told[0])]), 1)
        else:
            assert len(told) == 2
            self.registers.write(*told)
        self.transfers.append([(flags, told) for _, flags, _, _ in parts])


@pytest.fixture()
def node(tmp_path: Path) -> Path:
    path = tmp_path / "i2c-1"
    path.write_bytes(b"")
    return path


@pytest.fixture()
def chip() -> Chip:
    return Chip()


@pytest.fixture()
def bus(chip: Chip, node: Path) -> Iterator[I2cBus]:
    made = I2cBus(node, chip.ioctl)
    yield made
    made.close()


pytestmark = pytest.mark.skipif(struct.calcsize("P") != 8, reason="the layout is written down for 64 bits")


def test_a_register_is_read_in_one_transaction(bus: I2cBus, chip: Chip) -> None:
    assert bus.read(0x20, 0x07) == 0xFA
    assert len(chip.transfers) == 1 and len(chip.transfers[0]) == 2


def test_a_register_is_written(bus: I2cBus, chip: Chip) -> None:
    bus.write(0x20, 0x03, 0x0D)
    assert chip.registers.output == 0x0D


def test_a_chip_that_is_not_there(bus: I2cBus) -> None:
    with pytest.raises(OSError) as failed:
        bus.read(0x21, 0x07)
    assert failed.value.errno == errno.EREMOTEIO


def test_a_bus_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        I2cBus(tmp_path / "i2c-1")


def test_something_else_than_a_bus_is_refused(node: Path) -> None:
    """The kernel's own answer to the real request."""
    bus = I2cBus(node)
    with pytest.raises(OSError) as failed:
        bus.read(0x20, 0x01)
    assert failed.value.errno == errno.ENOTTY
    bus.close()
    bus.close()


def test_another_process_is_waited_for(bus: I2cBus, node: Path) -> None:
    other = os.open(str(node), os.O_RDWR)
    fcntl.flock(other, fcntl.LOCK_EX)
    steps: List[str] = []

    def work() -> None:
        steps.append("asked")
        with bus.locked():
            steps.append("had")

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: steps == ["asked"])
    fcntl.flock(other, fcntl.LOCK_UN)
    thread.join(60)
    os.close(other)
    assert steps == ["asked", "had"]


def test_another_process_is_not_waited_for_for_ever(bus: I2cBus, node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i2c, "LOCK_PATIENCE_S", 0.05)
    other = os.open(str(node), os.O_RDWR)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(OSError) as failed, bus.locked():
        pass
    os.close(other)
    assert failed.value.errno == errno.EBUSY
    with bus.locked():
        pass


def test_two_owners_of_the_chip_lose_no_bit(chip: Chip, node: Path) -> None:
    """Each reads, changes its own bit and writes back, as fast as it can."""

    def slow(handle: int, request: int, argument: Any) -> int:
        done = chip.ioctl(handle, request, argument)
        time.sleep(0.0005)  # a byte takes as long at 100 kHz, and whoever comes between does so here
        return done

    def blink(pin: str) -> None:
        with AtlasFactory(bus=I2cBus(node, slow)) as factory:
            lamp = gpiozero.LED(pin, pin_factory=factory)
            for _ in range(20):
                lamp.on()
                assert lamp.is_lit
                lamp.off()
                assert not lamp.is_lit
            lamp.on()
            done.append(chip.registers.output)
            ended.wait()
            lamp.close()

    done: List[int] = []
    ended = threading.Barrier(2)
    threads = [threading.Thread(target=blink, args=(pin,)) for pin in ("GPIO3", "GPIO7")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 2
    assert chip.registers.output == 0x05 | 0x10 | 0x08
    assert chip.registers.configuration == 0xFA
