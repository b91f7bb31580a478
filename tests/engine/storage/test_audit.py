"""The audit trail: every change of the past is found, and a power cut is not taken for one."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, List

import pytest
from disks import fill, small_disk
from helpers import REPOSITORY

from appliance.engine.storage.audit import GENESIS, AuditTrail, verify
from appliance.errors import AuditBroken, DiskFull
from appliance.files import sha256_of

LINES = 8


@pytest.fixture()
def path(tmp_path: Path) -> Path:
    """A trail of a few lines."""
    made = tmp_path / "audit.jsonl"
    trail = AuditTrail(made)
    for number in range(LINES):
        trail.append("done", job=f"{number:032x}", result="ab" * 32, options={"seed": number})
    return made


def lines(path: Path) -> List[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_line_says_what_happened_when_and_what_was_before(path: Path) -> None:
    first, second, *_ = lines(path)
    assert (first["number"], first["event"], first["previous"]) == (1, "done", GENESIS)
    assert (first["job"], first["options"]) == ("0" * 32, {"seed": 0})
    time.strptime(first["time"], "%Y-%m-%dT%H:%M:%SZ")
    assert second["previous"] == hashlib.sha256(path.read_bytes().splitlines()[0]).hexdigest()


def test_a_whole_trail_is_confirmed(path: Path) -> None:
    report = verify(path)
    report.check()
    last = path.read_bytes().splitlines()[-1]
    assert (report.lines, report.hash) == (LINES, hashlib.sha256(last).hexdigest())
    assert not report.unfinished


def test_a_trail_that_never_was_is_empty_and_stays_so(tmp_path: Path) -> None:
    AuditTrail(tmp_path / "audit.jsonl")
    assert verify(tmp_path / "audit.jsonl").lines == 0
    assert os.listdir(str(tmp_path)) == []


def test_files_are_noted_by_their_sha256(tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(b"frames" * 1_000_000)
    assert sha256_of(tmp_path / "video.mp4") == hashlib.sha256(b"frames" * 1_000_000).hexdigest()


def test_only_its_user_may_read_it(path: Path) -> None:
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


# --- tampering --------------------------------------------------------------------------------------------------------


def replaced(index: int, content: bytes) -> Callable[[Path], None]:
    def tamper(path: Path) -> None:
        found = path.read_bytes().splitlines(keepends=True)
        found[index] = content
        path.write_bytes(b"".join(found))

    return tamper


def inserted(index: int) -> Callable[[Path], None]:
    def tamper(path: Path) -> None:
        found = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join((*found[:index], found[index - 1], *found[index:])))

    return tamper


def recomputed(path: Path) -> None:
    """A line in the middle changed, and the whole chain behind it made to fit."""
    found, previous = lines(path), GENESIS
    found[3]["result"] = "cd" * 32
    made = []
    for line in found:
        made.append(json.dumps({**line, "previous": previous}, separators=(",", ":")).encode())
        previous = hashlib.sha256(made[-1]).hexdigest()
    path.write_bytes(b"".join(line + b"\n" for line in made))


def without_last(count: int) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-count])) and None


def cut_inside_line_before_last(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1])[:-10])


def forged_end(path: Path) -> None:
    """A line that fits the chain, which the trail never wrote."""
    last = path.read_bytes().splitlines()[-1]
    line = {"number": LINES + 1, "event": "deleted", "previous": hashlib.sha256(last).hexdigest()}
    with path.open("ab") as file:
        file.write(json.dumps(line).encode() + b"\n")


def changed_text(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"seed":2', b'"seed":3'))


TAMPERING = {
    "one value changed": changed_text,
    "first line gone": replaced(0, b""),
    "line in the middle gone": replaced(4, b""),
    "line in the middle blank": replaced(4, b"\n"),
    "not JSON": replaced(4, b"nonsense\n"),
    "deep JSON": replaced(4, b"[" * 100_000 + b"\n"),
    "line twice": inserted(3),
    "changed and recomputed": recomputed,
    "two lines cut off": without_last(2),
    "all cut off": lambda path: path.write_bytes(b"") and None,
    "file gone": lambda path: path.unlink(),
    "cut inside an older line": cut_inside_line_before_last,
    "forged end": forged_end,
    "nonsense at the end": lambda path: path.open("ab").write(b"\0\0\0") and None,
    "last line changed": replaced(-1, b'{"number":8}\n'),
    "head record gone": lambda path: path.with_suffix(".head").unlink(),
    "head record of nothing": lambda path: path.with_suffix(".head").write_text("{}") and None,
    "head record nonsense": lambda path: path.with_suffix(".head").write_text('{"lines":"x"}') and None,
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("tamper", TAMPERING.values(), ids=TAMPERING.keys())
def test_tampering_is_found_and_does_not_heal(path: Path, tamper: Callable[[Path], None]) -> None:
    tamper(path)
    with pytest.raises(AuditBroken):
        verify(path).check()
    trail = AuditTrail(path)
    for number in range(3):
        trail.append("submitted", job=f"{number:032x}")
    assert [line["event"] for line in map(json.loads, path.read_bytes().splitlines()[-3:])] == ["submitted"] * 3
    with pytest.raises(AuditBroken):
        verify(path).check()


def test_every_changed_byte_is_found(path: Path) -> None:
    content = path.read_bytes()
    for index in range(len(content)):
        changed = bytearray(content)
        changed[index] ^= 1
        path.write_bytes(bytes(changed))
        assert verify(path).broken, f"byte {index}"


# --- power cuts -------------------------------------------------------------------------------------------------------


def test_a_line_cut_off_anywhere_is_repaired(path: Path) -> None:
    """Also where the last line is missing as a whole: the head record, written first, knows it."""
    whole = path.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    head = path.with_suffix(".head").read_bytes()
    for missing in range(1, last + 1):
        path.write_bytes(whole[:-missing])
        path.with_suffix(".head").write_bytes(head)
        report = verify(path)
        assert report.unfinished and not report.broken, f"{missing} bytes missing"
        trail = AuditTrail(path)
        assert path.read_bytes().startswith(whole)
        report = verify(path)
        assert (report.lines, report.broken, report.unfinished) == (LINES + 1, "", False)
        trail.append("done")
        assert [line["event"] for line in lines(path)[LINES:]] == ["recovered", "done"]
        verify(path).check()


def test_a_start_changes_nothing_that_is_whole(path: Path) -> None:
    before = path.read_bytes()
    AuditTrail(path)
    assert path.read_bytes() == before


def test_a_power_cut_before_the_very_first_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    AuditTrail(path).append("started")
    path.unlink()
    assert verify(path).unfinished
    AuditTrail(path).append("started")
    assert [line["event"] for line in lines(path)] == ["started", "recovered", "started"]
    verify(path).check()


WRITER = """
import sys
from pathlib import Path
from appliance.engine.storage.audit import AuditTrail

trail = AuditTrail(Path(sys.argv[1]), largest=4000, kept=1000)
print("ready", flush=True)
number = 0
while True:
    trail.append("submitted", job="%032x" % number, options={"seed": number})
    number += 1
    print(number, flush=True)
"""


def written_events(path: Path) -> int:
    files = sorted(path.parent.glob("audit-*.jsonl")) + [path] * path.exists()
    return sum(line["event"] == "submitted" for file in files for line in lines(file))


def test_kill_9_at_any_moment_keeps_the_chain(tmp_path: Path) -> None:
    path, moments, acknowledged = tmp_path / "audit.jsonl", random.Random(5), 0
    for _ in range(20):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], cwd=str(REPOSITORY), stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(moments.uniform(0, 0.05))
        os.kill(writer.pid, signal.SIGKILL)
        told, _ = writer.communicate()
        acknowledged += len([line for line in told.splitlines(keepends=True) if line.endswith(b"\n")])
        verify(path).check()
    AuditTrail(path).append("end")
    verify(path).check()
    # What was acknowledged is there, and of each run at most the one line under way besides.
    assert acknowledged <= written_events(path) <= acknowledged + 20
    assert acknowledged > 20


def test_several_processes_write_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=str(REPOSITORY), stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    for writer in writers:
        assert writer.stdout is not None
        while writer.stdout.readline() != b"30\n":
            pass
        verify(path).check()  # beside the others, which go on writing
    for writer in writers:
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
    verify(path).check()
    assert written_events(path) >= 90


def test_a_full_disk_is_told_in_words_and_breaks_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", megabytes=1) as disk:
        path = disk / "audit.jsonl"
        trail = AuditTrail(path)
        trail.append("started")
        ballast = fill(disk, leave=20_000)
        with pytest.raises(DiskFull):
            for number in range(1000):
                trail.append("submitted", job=f"{number:032x}")
        verify(path).check()
        ballast.unlink()
        trail.append("submitted", job="f" * 32)
        verify(path).check()
        assert lines(path)[-1]["job"] == "f" * 32


# --- years ------------------------------------------------------------------------------------------------------------


def test_the_trail_stays_bounded_and_its_chain_whole(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    trail = AuditTrail(path, largest=1000, kept=3)
    for number in range(60):
        trail.append("done", job=f"{number:032x}")
        report = verify(path)
        report.check()
        assert report.lines == number + 1
    files = list(tmp_path.glob("audit*.jsonl"))
    assert len(files) == 4
    assert sum(file.stat().st_size for file in files) < 4 * 1500
    assert lines(path)[-1]["number"] == 60


def test_tampering_is_found_in_every_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    trail = AuditTrail(path, largest=1000, kept=5)
    for number in range(40):
        trail.append("done", job=f"{number:032x}")
    old = sorted(tmp_path.glob("audit-*.jsonl"))
    assert len(old) == 5
    for file in old:
        content = file.read_bytes()
        file.write_bytes(content.replace(b'"done"', b'"gone"', 1))
        assert file.name in verify(path).broken or "as it was written" in verify(path).broken
        file.unlink()
        assert verify(path).broken
        file.write_bytes(content)
        verify(path).check()
