"""Hundreds of hostile and damaged files through the real decoders: each a plain refusal, and nothing left behind.

`SONIC_FUZZ=20` makes twenty times as many mutations; `SONIC_FUZZ_SEED=7` makes others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set

import pytest
from mutations import Case, damaged, hostile_photos, hostile_speech, photo_seeds, speech_seeds

from appliance.errors import PhotoError, SpeechError

SCALE = int(os.environ.get("SONIC_FUZZ", "1"))
SEED = int(os.environ.get("SONIC_FUZZ_SEED", "0"))
MUTATIONS = 200 * SCALE
"""Of each kind, beside those made by hand."""

LIMIT_S = 60.0
"""Within which every file is refused or read, on the slowest of machines; the engine's own patience is shorter."""
MEMORY_MEGABYTES = 1500
"""Nothing small may grow beyond this; a good photo of 100 megapixels needs a third of it."""

CHILD = [sys.executable, str(Path(__file__).with_name("decoding.py"))]


class Decoders:
    """The process that opens the files; a new one when it died."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind, self._folder = kind, folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir(parents=True)
        self._start()

    def _start(self) -> None:
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        self.process = subprocess.Popen(
            CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )

    def open(self, case: Case) -> Dict[str, Any]:
        """What came of it; ``code`` is "died" if the process did, of itself or because its time was up."""
        path = self._folder / "file"
        path.write_bytes(case.content)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps([self._kind, str(path)]).encode() + b"\n")
        self.process.stdin.flush()
        alarm = threading.Timer(LIMIT_S, self.process.kill)
        alarm.start()
        line = self.process.stdout.readline()
        alarm.cancel()
        if line:
            answer: Dict[str, Any] = json.loads(line)
            return answer
        self.close()
        self._start()
        return {"code": "died", "status": self.process.returncode}

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(LIMIT_S)


def codes(root: type) -> Set[str]:
    found = {root.code}  # type: ignore[attr-defined]
    return found.union(*(codes(branch) for branch in root.__subclasses__()))


def cases(kind: str, folder: Path) -> Iterator[Case]:
    """Seeds come last: what is good is still good after all the rest."""
    if kind == "photo":
        seeds, by_hand = photo_seeds(), hostile_photos()
    else:
        seeds, by_hand = speech_seeds(folder), hostile_speech(folder)
    yield from by_hand
    yield from damaged(seeds, MUTATIONS, SEED)
    for name, content in seeds.items():
        yield Case(f"good {name}", content)


def open_all(kind: str, share: List[Case], folder: Path) -> Dict[str, Dict[str, Any]]:
    decoders = Decoders(kind, folder)
    try:
        answers = {case.name: decoders.open(case) for case in share}
    finally:
        decoders.close()
    assert list(decoders.temporary.iterdir()) == []
    return answers


@pytest.mark.slow
@pytest.mark.timeout(900 * SCALE)
@pytest.mark.parametrize("kind, refusals", [("photo", PhotoError), ("speech", SpeechError)])
def test_every_file_is_read_or_refused_in_words(kind: str, refusals: type, tmp_path: Path) -> None:
    files = list(cases(kind, tmp_path))
    assert len(files) >= 300
    shares = [files[start::2] for start in range(2)]
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda number: open_all(kind, shares[number], tmp_path / str(number)), range(2)))
    answers = {**parts[0], **parts[1]}
    allowed = codes(refusals) - {refusals.code, f"{kind}_not_found"} | {"fine"}  # type: ignore[attr-defined]
    assert {name: answer for name, answer in answers.items() if answer["code"] not in allowed} == {}
    assert {name for name, answer in answers.items() if answer["children"]} == set()
    assert {name: answer["peak"] for name, answer in answers.items() if answer["peak"] > MEMORY_MEGABYTES} == {}
    assert {name: answer["code"] for name, answer in answers.items() if name.startswith("good")} == {
        name: "fine" for name in answers if name.startswith("good")
    }
    assert {answer["files"] for answer in parts[0].values()} == {answer["files"] for answer in parts[1].values()}
    seen = Counter(answer["code"] for answer in answers.values())
    assert len(seen) >= 4, f"too tame: {seen}"
