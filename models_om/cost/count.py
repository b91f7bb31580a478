"""How many instructions the way from speech to video takes beside the networks, counted by QEMU for Arm and for x86.

A video is made with the real networks; QEMU's user mode then makes it again with a Python, packages and an ffmpeg
built for the other processor, of which ``tools/arm_sysroot.sh`` has made a folder, and with networks that repeat what
they gave. Counts are exact, and the same at every run but for what threads of ffmpeg do while they wait for each other.
What the kernel does for the program is not counted.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List

import numpy as np

from appliance.demo import write_portrait, write_speech
from appliance.errors import RuntimeUnavailable
from appliance.models import ModelStore
from appliance.pipeline.face import FaceFinder, choose_face, crop_for, network_image
from appliance.pipeline.motion import MotionModel
from appliance.pipeline.photo import load_photo
from appliance.pipeline.render import face_canvas
from appliance.pipeline.runtime.base import Network
from appliance.pipeline.runtime.select import load_network
from appliance.pipeline.video.segments import FRAMES, first_frame, segment
from appliance.settings import MakeOptions

from ..manifest import HERE
from .replay import COUNTS, FACE, KINDS, SEGMENTS, SPEECH, Recorder, StageClock, make

CPUS = {"aarch64": "cortex-a76", "x86_64": "max"}
"""What QEMU imitates: of the processors it knows, the one with the instructions of a Cortex-A55 (Armv8.2, no SVE); all
it can do of x86, up to AVX2."""
SIDES = (384, 512)
SECONDS = 9.6
"""The first five segments, each of another length."""
RUNTIME, PRECISION = "onnx", "int8"
FILE = Path(__file__).with_name("instructions.json")

FFMPEG_PARTS = (("picture", "libx264"), ("sound", "-c:a aac"), ("joining", "use_metadata_tags"), ("decoding", " -i "))
"""What an ffmpeg is for, by the first of these that its arguments have."""
OF_SEGMENTS = ("picture", "sound")
"""Those that there is one of for each segment."""

Counts = Dict[str, int]
"""Instructions of each kind."""


@dataclass(frozen=True)
class Sysroot:
    """What ``tools/arm_sysroot.sh`` has made for one kind of processor."""

    folder: Path
    machine: str

    @property
    def root(self) -> Path:
        return self.folder / self.machine

    def command(self, counts: str) -> List[str]:
        """Begins a command line that is counted in the file ``counts``."""
        plugin = f"file={self.folder / 'count.so'},counts={counts}"
        return [f"qemu-{self.machine}", "-cpu", CPUS[self.machine], "-L", str(self.root), "-plugin", plugin]

    def check(self) -> None:
        """Raises `RuntimeUnavailable`."""
        complete = (self.folder / "count.so").exists() and (self.root / "complete").exists()
        if not complete or not shutil.which(f"qemu-{self.machine}"):
            message = f"There is nothing in {self.folder} that could be counted, or no QEMU."
            action = f"Install qemu-user and run `sh tools/arm_sysroot.sh {self.folder}`."
            raise RuntimeUnavailable(message=message, action=action)


def record(folder: Path, side: int, seconds: float) -> None:
    """Make a video of the demo's portrait in ``folder``, and keep there what `replay` needs to make it again.

    Raises what the parts of the pipeline raise.
    """
    store, options = ModelStore(), MakeOptions(min_resolution=side)
    write_portrait(folder / "portrait.png")
    write_speech(folder / SPEECH, seconds)
    photo = load_photo(folder / "portrait.png")
    portrait = choose_face(FaceFinder(store).find(photo), None).portrait
    crop = crop_for(portrait, options.expand_ratio, photo)
    canvas = face_canvas(photo, crop, options.min_resolution)
    motion = MotionModel(store, RUNTIME, PRECISION)
    look, expression = motion.identity(network_image(photo, crop))
    motion.close()
    np.savez(
        folder / FACE, fine=canvas.fine, still=canvas.still, matrix=canvas.matrix, mesh=portrait.mesh, look=look,
        expression=expression,
    )  # fmt: skip
    recorders: List[Recorder] = []

    def load(name: str) -> Network:
        recorders.append(Recorder(load_network(store, name, RUNTIME, PRECISION)))
        return recorders[-1]

    work = folder / SEGMENTS
    work.mkdir()
    make(folder, work, load, StageClock())
    for recorder in recorders:
        recorder.save(folder)


def replay(folder: Path, sysroot: Sysroot) -> Dict[str, Any]:
    """Make the video of `record` again. ``frames``, ``versions`` and, by stage, ``stages``: instructions of each kind.

    Raises `RuntimeUnavailable`.
    """
    counted = folder / sysroot.machine
    (counted / SEGMENTS).mkdir(parents=True)
    ffmpeg = counted / "ffmpeg"
    each = " ".join(sysroot.command(f"{counted}/$$.counts"))
    ffmpeg.write_text(f'#!/bin/sh\necho "$@" >"{counted}/$$.arguments"\nexec {each} "{sysroot.root}/ffmpeg" "$@"\n')
    ffmpeg.chmod(0o755)
    python = next(sysroot.root.glob("usr/bin/python3.*"))
    environment = {
        **os.environ,
        "PATH": f"{counted}:{os.environ['PATH']}",
        "IMAGEIO_FFMPEG_EXE": str(ffmpeg),
        "PYTHONHOME": str(sysroot.root / "usr"),
        "PYTHONPATH": f"{HERE.parent}:{sysroot.root / 'packages'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    program = [str(python), "-m", "models_om.cost.replay", str(folder), str(counted)]
    command = [*sysroot.command(str(counted / COUNTS)), *program]
    ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    if ended.returncode:
        raise RuntimeUnavailable(message="QEMU could not make the video.", action="What it said is above.")
    told = json.loads(ended.stdout)
    told["stages"].update(of_ffmpeg(counted, told["frames"]))
    qemu = f"qemu-{sysroot.machine}"
    told["versions"]["ffmpeg"] = _version([qemu, str(sysroot.root / "ffmpeg"), "-version"])
    told["versions"]["QEMU"] = _version([qemu, "-version"])
    return told


def of_ffmpeg(folder: Path, frames: int) -> Dict[str, Counts]:
    """Instructions of all runs of ffmpeg that left their arguments and counts in ``folder``, by what they were for.

    Segments of different lengths tell what a frame takes and what starting takes; the starts are those of a long video.
    """
    runs: Dict[str, List[np.ndarray]] = {}
    for described in folder.glob("*.arguments"):
        arguments, counts = described.read_text(), described.with_suffix(".counts")
        part = next((part for part, sign in FFMPEG_PARTS if sign in arguments), None)
        if part is not None:
            runs.setdefault(part, []).append(np.fromfile(counts, np.uint64).astype(np.float64))
    stages, starts = {}, np.zeros(len(KINDS))
    for part, found in sorted(runs.items()):
        if part in OF_SEGMENTS:
            slope, start = np.polyfit(_lengths(frames), sorted(found, key=lambda run: run[0]), 1)
            stages[f"ffmpeg {part}"] = slope * frames
            starts += start * frames / FRAMES
        else:
            stages[f"ffmpeg {part}"] = np.sum(found, axis=0)
    stages["ffmpeg starts"] = starts
    return {stage: dict(zip(KINDS, map(int, found))) for stage, found in stages.items()}


def _lengths(frames: int) -> List[int]:
    """Frames of the segments of a video, in order of length."""
    count = next(index for index in range(frames) if first_frame(index) >= frames)
    return sorted(segment(index, frames).frames for index in range(count))


def write(folder: Path, path: Path = FILE) -> Dict[str, Dict[str, Dict[str, Counts]]]:
    """Count at every side of `SIDES` with what is in ``folder`` for either processor, and write to ``path``.

    Returns instructions a frame by processor, side and stage. Raises `RuntimeUnavailable`, and what making a video
    raises.
    """
    folder = folder.resolve()
    sysroots = [Sysroot(folder, machine) for machine in CPUS]
    for sysroot in sysroots:
        sysroot.check()
    figures: Dict[str, Dict[str, Dict[str, Counts]]] = {sysroot.machine: {} for sysroot in sysroots}
    versions: Dict[str, Dict[str, str]] = {}
    for side in SIDES:
        with tempfile.TemporaryDirectory() as scratch:
            record(Path(scratch), side, SECONDS)
            for sysroot in sysroots:
                told = replay(Path(scratch), sysroot)
                versions[sysroot.machine] = told["versions"]
                figures[sysroot.machine][str(side)] = {
                    stage: {kind: round(count / told["frames"]) for kind, count in counts.items()}
                    for stage, counts in told["stages"].items()
                }
    machine = {"seconds": SECONDS, "imitated": CPUS, "versions": versions}
    path.write_text(json.dumps({"machine": machine, "instructions_a_frame": figures}, indent=1) + "\n")
    return figures


def _version(command: List[str]) -> str:
    """The version that a program calls itself in its first line."""
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
    found = re.search(r"version (\S+)", said)
    assert found is not None
    return found[1]
