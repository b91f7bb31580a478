"""The process that opens files of strangers: what it may do, and what becomes of it and of us when it goes wrong."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Iterator

import psutil
import pytest
from capture.picker.sticks import decoders, save_photo, until
from helpers import REPOSITORY

from appliance.capture.picker.check import Checker, DecoderLost
from appliance.capture.picker.scan import Found, ScanLimits, scan

DANGEROUS = (sys.executable, str(Path(__file__).resolve().parent / "dangerous_decoder.py"))


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    until(lambda: decoders() == [])


def listed(folder: Path) -> Found:
    """The only photo there."""
    (found,) = scan(folder, "photo", 1 << 20, ScanLimits())
    return found


def test_the_process_may_do_little(tmp_path: Path) -> None:
    save_photo(tmp_path / "a.jpg")
    with Checker(file_seconds=120.0) as checker:
        assert checker.check(listed(tmp_path), "photo") is not None
        (process,) = decoders()
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        status = Path(f"/proc/{process.pid}/status").read_text()
        niceness = process.nice()
    lines = {line[:25].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert lines["Max core file size"] == "0" and int(lines["Max file size"]) <= 1 << 20
    assert int(lines["Max data size"]) <= 700 << 20
    assert "NoNewPrivs:\t1" in status and niceness == min(os.nice(0) + 10, 19)


@pytest.fixture()
def dangerous(tmp_path: Path) -> Iterator[Checker]:
    with Checker(DANGEROUS, file_seconds=60.0) as made:
        save_photo(tmp_path / "good.jpg")
        assert made.check(listed(tmp_path), "photo") is not None
        yield made


@pytest.mark.parametrize("name", ["crash", "babble", "endless", "bomb", "half"])
def test_a_process_that_was_taken_over_harms_nothing(dangerous: Checker, tmp_path: Path, name: str) -> None:
    (tmp_path / "good.jpg").rename(tmp_path / f"{name}.jpg")
    found = listed(tmp_path)
    with pytest.raises(DecoderLost):
        dangerous.check(found, "photo")
    (tmp_path / f"{name}.jpg").rename(tmp_path / "again.jpg")
    assert dangerous.check(listed(tmp_path), "photo") is not None


def test_a_process_that_hangs_is_ended(tmp_path: Path) -> None:
    save_photo(tmp_path / "hang.jpg")
    found = listed(tmp_path)
    with Checker(DANGEROUS, file_seconds=0.2) as checker:
        with pytest.raises(DecoderLost):
            checker.check(found, "photo")


def test_a_check_that_hangs_is_ended_by_any_thread(tmp_path: Path) -> None:
    save_photo(tmp_path / "hang.jpg")
    found = listed(tmp_path)
    with Checker(DANGEROUS, file_seconds=3600.0) as checker:
        closing = threading.Thread(target=lambda: (until(lambda: bool(decoders())), checker.close()))
        closing.start()
        with pytest.raises(DecoderLost):
            checker.check(found, "photo")
        closing.join()
        with pytest.raises(DecoderLost):
            checker.check(found, "photo")


def test_what_the_process_started_ends_with_it(tmp_path: Path) -> None:
    save_photo(tmp_path / "starter.jpg")
    found = listed(tmp_path)
    with Checker(DANGEROUS, file_seconds=3600.0) as checker:
        closing = threading.Thread(target=lambda: (until(lambda: len(decoders()) == 2), checker.close()))
        closing.start()
        with pytest.raises(DecoderLost):
            checker.check(found, "photo")
        closing.join()


def test_the_process_ends_with_a_program_that_is_killed(tmp_path: Path) -> None:
    save_photo(tmp_path / "hang.jpg")
    program = (
        "import sys; from pathlib import Path; from appliance.capture.picker.check import Checker; "
        "from appliance.capture.picker.scan import ScanLimits, scan; "
        "found, = scan(Path(sys.argv[1]), 'photo', 1 << 20, ScanLimits()); "
        "Checker(sys.argv[2:], file_seconds=3600.0).check(found, 'photo')"
    )
    parent = psutil.Popen([sys.executable, "-c", program, str(tmp_path), *DANGEROUS], cwd=str(REPOSITORY))
    try:
        until(lambda: [child.nice() for child in parent.children()] == [os.nice(0) + 10])
        (decoder,) = parent.children()
    finally:
        parent.kill()
        parent.wait()
    until(lambda: not decoder.is_running() or decoder.status() == psutil.STATUS_ZOMBIE)
