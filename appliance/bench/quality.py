"""``appliance bench quality``: do the lips in the finished video do what the speech asks for?

Every figure is read back from the MP4 with the face mesh network, on recordings that training never saw. The sentences
with known phoneme times are shipped; the recordings of real faces (GRID, FACEGOOD) are not, and are taken from the
training data's folder where that is at hand.
"""

from __future__ import annotations

import json
import os
import tempfile
import wave
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import click
import numpy as np

from ..commands.output import Output, output_options
from ..demo import RECORDINGS, write_portrait
from ..errors import UsageError
from ..models import ModelStore
from ..pipeline.face import FaceFinder
from ..pipeline.generate import make_video
from ..pipeline.photo import load_photo
from ..pipeline.render import full_canvas
from ..pipeline.render.geometry import moving_box
from ..pipeline.speech import load_speech
from ..pipeline.video import read_video
from ..settings import FRAME_RATE, SAMPLE_RATE, MakeOptions
from .readback import LIP_PAIRS, Track, read_track

SENTENCES = Path(__file__).with_name("sentences")
BILABIALS, PAUSE = ("p", "b", "m", "pʰ"), "_"
UNSEEN_SPEAKERS = ("s26", "s31")
HELD_OUT_CLIPS = (("1114_2_05", 0.81), ("1114_3_15", 0.71))
"""FACEGOOD recordings and the r of a linear model on them."""

FACEGOOD_RATE = 30.0
LARGEST_LAG = 6
SILENCE_S, SETTLING_S = 2.0, 0.4
"""Length of the silence put between two sentences, and the time the mouth has to shut."""


@dataclass(frozen=True)
class Figure:
    """One line of the table; ``goal`` is what it is held against, ``met`` None where there is no goal."""

    name: str
    value: str
    goal: str
    met: Optional[bool]


@click.command()
@click.option("--photo", type=click.Path(path_type=Path, exists=True), help="default: the demo's portrait")
@click.option(
    "--data", type=click.Path(path_type=Path), default=lambda: os.environ.get("SONIC_DATA", "../shared/data"),
    help="folder of the training data, for the recordings of real faces; default: $SONIC_DATA or ../shared/data",
)  # fmt: skip
@click.option("--only", multiple=True, type=click.Choice(["jaw", "lips", "closure", "silence", "outside"]))
@click.option("--precision", type=click.Choice(["int8", "fp32"]))
@click.option("--inference-steps", type=int, default=MakeOptions().inference_steps, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@output_options
@click.pass_obj
def command(
    output: Output, photo: Optional[Path], data: Path, only: Tuple[str, ...], precision: Optional[str],
    inference_steps: int, seed: int,
) -> None:  # fmt: skip
    """Measure lip sync, closure and silence on finished videos."""
    options = MakeOptions(precision=precision, inference_steps=inference_steps, seed=seed, label="none")
    with tempfile.TemporaryDirectory() as scratch:
        if photo is None:
            photo = Path(scratch) / "portrait.png"
            write_portrait(photo)
        studio = Studio(photo, options, Path(scratch))
        checks: Dict[str, Callable[[], Iterator[Figure]]] = {
            "jaw": lambda: jaw_against_facegood(studio, Path(data)),
            "lips": lambda: lips_against_grid(studio, Path(data)),
            "closure": lambda: closure(studio),
            "silence": lambda: silence(studio),
            "outside": lambda: outside_the_face(studio),
        }
        if not output.json:
            click.echo("| figure, read back from the video | value | goal | met |\n| --- | --- | --- | --- |")
        for name, check in checks.items():
            for figure in check() if not only or name in only else ():
                if output.json:
                    output.event("figure", **asdict(figure))
                else:
                    met = {True: "yes", False: "**no**", None: ""}[figure.met]
                    click.echo(f"| {figure.name} | {figure.value} | {figure.goal} | {met} |")


class Studio:
    """Makes videos of one photo and reads them back."""

    def __init__(self, photo: Path, options: MakeOptions, scratch: Path) -> None:
        self.photo, self.options, self.scratch = photo, options, scratch
        self.store = ModelStore()
        self.finder = FaceFinder(self.store)

    def video(self, speech: Path, **changes: Any) -> Path:
        out = self.scratch / "out.mp4"
        for _ in make_video(self.photo, speech, out, replace(self.options, **changes), self.store):
            pass
        return out

    def track(self, speech: Path) -> Track:
        return read_track(self.video(speech), self.store, self.finder)


def jaw_against_facegood(studio: Studio, data: Path) -> Iterator[Figure]:
    """Opening of the jaw against the curve measured on the speaker of the recording."""
    if not (data / "facegood").is_dir():
        raise UsageError(message=f"No FACEGOOD recordings in {data}.", action="Name the folder with --data.")
    archive = np.load(data / "facegood" / "curves.npz")
    column = [str(name) for name in archive["channel_names"]].index("mouth_stretch_c")
    for clip, goal in HELD_OUT_CLIPS:
        track = studio.track(data / "facegood" / f"{clip}.wav")
        curve = archive[clip][:, column].astype(np.float64)
        times = (np.arange(int(len(curve) / FACEGOOD_RATE * FRAME_RATE)) + 0.5) / FRAME_RATE
        measured = np.interp(times * FACEGOOD_RATE - 0.5, np.arange(len(curve)), curve)
        r, lag = correlation(track.jaw, measured), best_lag(track.jaw, measured)
        yield Figure(f"jaw, Mandarin speaker {clip}: r", f"{r:.3f}", f">= {goal}", r >= goal)
        yield Figure(f"jaw, Mandarin speaker {clip}: lag", f"{lag:+d} frames", "-1 .. 1", abs(lag) <= 1)


def lips_against_grid(studio: Studio, data: Path) -> Iterator[Figure]:
    """Gap of the lips against that of the person who spoke the sentence."""
    if not (data / "grid").is_dir():
        raise UsageError(message=f"No GRID recordings in {data}.", action="Name the folder with --data.")
    order = [i for group in json.loads((data / "grid" / "point_indices.json").read_text()).values() for i in group]
    pairs = [(order.index(up), order.index(low)) for up, low in LIP_PAIRS]
    for speaker in UNSEEN_SPEAKERS:
        correlations, lags = [], []
        for sound in sorted((data / "grid" / speaker).glob("*.opus")):
            points = np.load(sound.with_suffix(".npz"))["points"]
            real = np.mean([np.linalg.norm(points[:, low] - points[:, up], axis=1) for up, low in pairs], axis=0)
            gap = studio.track(sound).lip_gap
            correlations.append(correlation(gap, real))
            lags.append(best_lag(gap, real))
        mean, lag = float(np.mean(correlations)), float(np.median(lags))
        name = f"lip gap, unseen English speaker {speaker}"
        yield Figure(f"{name}: mean r of {len(correlations)}", f"{mean:.3f}", ">= 0.75", mean >= 0.75)
        yield Figure(f"{name}: median lag", f"{lag:+.1f} frames", "-1 .. 1", abs(lag) <= 1)


def closure(studio: Studio) -> Iterator[Figure]:
    """Gap of the lips in the middle of /b p m/ against all frames in which somebody speaks, in standard deviations from
    their mean. Silence is left out of both: its shut lips would move the mean towards the closures."""
    sentences = json.loads((SENTENCES / "sentences.json").read_text(encoding="utf-8"))
    for language in ("mandarin", "english"):
        below: List[float] = []
        for sentence in (s for s in sentences if s["language"] == language):
            gap = studio.track(SENTENCES / sentence["file"]).lip_gap
            speaking = gap[_spoken_frames(sentence["phonemes"], len(gap))]
            for symbol, start, end in sentence["phonemes"]:
                if symbol in BILABIALS:
                    middle = min(int((start + end) / 2 * FRAME_RATE), len(gap) - 1)
                    below.append((gap[middle] - speaking.mean()) / speaking.std())
        mean = float(np.mean(below))
        name = f"lip gap at {len(below)} /b p m/, {language.capitalize()}"
        yield Figure(name, f"{mean:+.2f} σ", "<= -1.2 σ", mean <= -1.2)


def _spoken_frames(phonemes: List[Tuple[str, float, float]], count: int) -> np.ndarray:
    """(count,) bool: frames whose middle lies in a sound."""
    times = (np.arange(count) + 0.5) / FRAME_RATE
    return np.any([(times >= start) & (times < end) for symbol, start, end in phonemes if symbol != PAUSE], axis=0)


def silence(studio: Studio) -> Iterator[Figure]:
    """A pause between two sentences: the lips are shut and still."""
    speech, start = _with_pause(studio)
    track = studio.track(speech)
    first = int((start + SETTLING_S) * FRAME_RATE)
    last = int((start + SILENCE_S - SETTLING_S / 2) * FRAME_RATE)
    travel, gap = track.lip_travel(first, last), float(track.lip_gap[first:last].max())
    yield Figure("silence of 2 s: travel of the lips", f"{travel:.2%} of the face height", "<= 0.5%", travel <= 0.005)
    open_gap = float(np.percentile(track.lip_gap, 95))
    yield Figure("silence of 2 s: widest lip gap", f"{gap:.2%} ({open_gap:.2%} in speech)", "<= 1%", gap <= 0.01)


def _with_pause(studio: Studio) -> Tuple[Path, float]:
    """English, silence with the hiss of a quiet room, Mandarin; returns the file and when the silence begins, s."""
    hiss = np.random.default_rng(0).normal(0, 3e-4, int(SILENCE_S * SAMPLE_RATE)).astype(np.float32)
    mandarin, english = (_samples(path, studio) for path in RECORDINGS)
    path = studio.scratch / "pause.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
        joined = np.concatenate([english, hiss, mandarin])
        out.writeframes((np.clip(joined, -1, 1) * 32767).astype("<i2").tobytes())
    return path, len(english) / SAMPLE_RATE


def _samples(path: Path, studio: Studio) -> np.ndarray:
    with load_speech(path, studio.scratch, studio.store) as speech:
        return speech.read(0, speech.samples)


def outside_the_face(studio: Studio) -> Iterator[Figure]:
    """With ``--framing full`` everything but the head is the photo."""
    photo = load_photo(studio.photo)
    canvas = full_canvas(photo, studio.options.min_resolution)
    face = max(studio.finder.find(photo), key=lambda found: found.width)
    x0, y0, x1, y1 = moving_box(canvas.to_video(face.mesh), canvas.still.shape)
    outside = np.ones(canvas.still.shape[:2], bool)
    outside[y0:y1, x0:x1] = False
    errors = [
        np.mean((frame[outside].astype(np.float32) - canvas.still[outside]) ** 2)
        for frame in read_video(studio.video(RECORDINGS[0], framing="full"))
    ]
    worst = 10 * np.log10(255**2 / max(errors))
    name = "full framing, outside the face: worst frame against the photo"
    yield Figure(name, f"{worst:.1f} dB", ">= 35 dB", worst >= 35)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r over the frames both have."""
    count = min(len(a), len(b))
    return float(np.corrcoef(a[:count], b[:count])[0, 1])


def best_lag(made: np.ndarray, real: np.ndarray) -> int:
    """Frames by which the made curve comes later than the real one, where they fit best."""
    count = min(len(made), len(real))
    lags = range(-LARGEST_LAG, LARGEST_LAG + 1)
    fits: Sequence[float] = [
        correlation(made[max(0, lag) : count + min(0, lag)], real[max(0, -lag) : count - max(0, lag)]) for lag in lags
    ]
    return lags[int(np.argmax(fits))]
