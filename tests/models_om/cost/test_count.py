"""Counted instructions: what the plugin counts, what becomes of its counts, and that a video can be made again."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Dict, List

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from appliance.errors import RuntimeUnavailable
from appliance.pipeline.runtime.base import Network
from appliance.pipeline.signatures import SIGNATURES
from models_om.cost import count, instructions
from models_om.cost.replay import KINDS, Clock, Recorder, Replayed, StageClock, make

PLUGIN = Path(__file__).parents[3] / "tools" / "count_instructions" / "plugin.c"

ROUNDS = 1000
BEFORE = (
    0xD10043FF,  # sub sp, sp, #16
    0xD2800001 | ROUNDS << 5,  # mov x1, #ROUNDS
)
ROUND = (
    0xF90003E1,  # str x1, [sp]
    0x3DC003E0,  # ldr q0, [sp]
    0x4EA08400,  # add v0.4s, v0.4s, v0.4s
    0x1E202800,  # fadd s0, s0, s0
    0x9E660002,  # fmov x2, d0
    0xF1000421,  # subs x1, x1, #1
    0x54000001 | (-6 & 0x7FFFF) << 5,  # b.ne, six back
)
AFTER = (
    0xD2800000,  # mov x0, #0
    0xD2800BA8,  # mov x8, #93: exit
    0xD4000001,  # svc #0
)


def arm_program(path: Path) -> Path:
    """An executable of aarch64 that runs the instructions above."""
    code = b"".join(struct.pack("<I", word) for word in (*BEFORE, *ROUND, *AFTER))
    base, start = 0x400000, 64 + 56
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01", 2, 183, 1, base + start, 64, 0, 0, 64, 56, 1, 0, 0, 0,
    )  # fmt: skip
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, start + len(code), start + len(code), 0x1000)
    path.write_bytes(header + segment + code)
    path.chmod(0o755)
    return path


@pytest.mark.skipif(
    not (shutil.which("qemu-aarch64") and shutil.which("gcc")), reason="needs qemu-user and a C compiler"
)
def test_every_instruction_is_counted_by_its_kind(tmp_path: Path) -> None:
    plugin, counts = tmp_path / "count.so", tmp_path / "counts"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(plugin), str(PLUGIN)], check=True)
    program = arm_program(tmp_path / "program")
    subprocess.run(["qemu-aarch64", "-plugin", f"file={plugin},counts={counts}", str(program)], check=True)
    found = dict(zip(KINDS, np.fromfile(counts, np.uint64)))
    assert found["all"] == len(BEFORE) + ROUNDS * len(ROUND) + len(AFTER)
    assert found["vector"] == 3 * ROUNDS
    assert found["memory"] == 2 * ROUNDS


def runs(folder: Path, arguments: str, counts: List[int]) -> None:
    """As if ffmpeg had been run as often as there are ``counts``."""
    for each in counts:
        name = folder / str(len(os.listdir(folder)))
        name.with_suffix(".arguments").write_text(arguments)
        np.array([each, each // 2, each // 4], np.uint64).tofile(name.with_suffix(".counts"))


def test_a_frame_of_a_long_video_and_the_starts_are_told_apart(tmp_path: Path) -> None:
    frames = 240  # 16 + 24 + 40 + 64 + 96
    runs(
        tmp_path,
        "-hide_banner -i pipe:0 -c:v libx264 -f mp4 -",
        [9600 + 1000 * length for length in (96, 16, 40, 24, 64)],
    )
    runs(
        tmp_path,
        "-hide_banner -i pipe:0 -c:a aac -b:a 128k -",
        [19200 + 400 * length for length in (64, 96, 16, 24, 40)],
    )
    runs(tmp_path, "-hide_banner -i file:speech.flac -f au -", [24_000, 48_000])
    runs(tmp_path, "-hide_banner -encoders", [10**9])  # which asks only what there is
    a_frame = {
        stage: {kind: total / frames for kind, total in kinds.items()}
        for stage, kinds in count.of_ffmpeg(tmp_path, frames).items()
    }
    assert set(a_frame) == {"ffmpeg picture", "ffmpeg sound", "ffmpeg decoding", "ffmpeg starts"}
    for kind, share in (("all", 1), ("vector", 2), ("memory", 4)):
        assert a_frame["ffmpeg picture"][kind] == pytest.approx(1000 / share, abs=0.1)
        assert a_frame["ffmpeg sound"][kind] == pytest.approx(400 / share, abs=0.1)
        assert a_frame["ffmpeg decoding"][kind] == pytest.approx(300 / share, abs=0.1)
        assert a_frame["ffmpeg starts"][kind] == pytest.approx(300 / share, abs=0.1)  # two a segment of 96 frames


def test_the_clock_tells_stages_apart(tmp_path: Path) -> None:
    kept = np.memmap(tmp_path / "counts", np.uint64, "w+", shape=(len(KINDS),))
    clock = Clock(tmp_path / "counts")
    for stage, steps in (("render", 5), ("encode", 7), ("render", 2)):
        with clock.measure(stage):
            kept += np.array([steps, 1, 0], np.uint64)
        kept += np.uint64(100)  # between stages
    assert {stage: list(found) for stage, found in clock.stages.items()} == {"render": [7, 2, 0], "encode": [7, 1, 0]}


class Counting(Network):
    """Another answer at every call."""

    def __init__(self) -> None:
        super().__init__("sonic_denoiser", *SIGNATURES["sonic_denoiser"])
        self._calls = 0

    def _run(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        self._calls += 1
        return {spec.name: np.full(spec.shape, self._calls, np.float32) for spec in self.outputs}

    def close(self) -> None:
        pass


def test_what_a_network_gave_it_gives_again(tmp_path: Path) -> None:
    recorder = Recorder(Counting())
    asked = {spec.name: np.zeros(spec.shape, np.float32) for spec in recorder.inputs}
    given = [recorder.run(asked)["velocity"] for _ in range(3)]
    recorder.save(tmp_path)
    replayed = Replayed("sonic_denoiser", tmp_path)
    for expected in (*given, given[0]):
        np.testing.assert_array_equal(replayed.run(asked)["velocity"], expected)


def test_without_a_sysroot_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailable) as refused:
        count.write(tmp_path, tmp_path / "instructions.json")
    assert "arm_sysroot.sh" in refused.value.action
    assert not (tmp_path / "instructions.json").exists()


def test_instructions_become_milliseconds() -> None:
    counts = {
        "render": {"all": 12_000_000, "vector": 0},
        "ffmpeg picture": {"all": 9_000_000, "vector": 1},
        "ffmpeg sound": {"all": 3_000_000, "vector": 2},
    }
    assert instructions.summed(counts)["ffmpeg"] == {"all": 12_000_000, "vector": 3}
    spent = instructions.arm_ms(counts, 0.75)
    assert spent["render"] == pytest.approx(10 * (1 + instructions.ENGINE_KERNEL))
    assert spent["ffmpeg"] == pytest.approx(10 * (1 + instructions.FFMPEG_KERNEL))
    assert instructions.arm_ms(counts, 1.5)["render"] == pytest.approx(spent["render"] / 2)


def test_the_stages_that_were_counted_are_those_that_were_measured() -> None:
    stages = json.loads(instructions.FILE.with_name("stages.json").read_text())["ms_a_frame"]
    for machine in count.CPUS:
        counted = instructions.counted(machine)
        assert set(counted) == set(stages)
        assert all(set(instructions.summed(counts)) == set(stages[side]) for side, counts in counted.items())


def test_a_stated_ratio_that_is_wrong_is_said_so() -> None:
    pytest.importorskip("onnx")
    from models_om.cost import report
    from models_om.cost.frame import ARM_RATIO, Measured

    per_ms = instructions.ARM_HZ / 1e3 * instructions.PER_CYCLE
    counted = {"384": {stage: {"all": round(10 * per_ms)} for stage in ("render", "ffmpeg picture")}}
    as_stated, too_much = 10 / ARM_RATIO, 30 / ARM_RATIO
    told = report.compared(Measured({"384": {"render": as_stated, "ffmpeg": too_much}}, {}, {}), counted)
    assert ["agrees" in line for line in told] == [True, False]
    told = report.compared(Measured({"384": {"render": too_much, "ffmpeg": as_stated}}, {}, {}), counted)
    assert ["agrees" in line for line in told] == [False, True]


@pytest.mark.slow
def test_the_video_that_is_made_again_is_the_same(tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="the demo's portrait comes with scikit-image (extra: demo)")
    count.record(tmp_path, 384, 1.0)
    again = tmp_path / "again"
    again.mkdir()
    assert make(tmp_path, again, lambda name: Replayed(name, tmp_path), StageClock()) == 25
    assert (again / "out.mp4").read_bytes() == (tmp_path / "segments" / "out.mp4").read_bytes()
