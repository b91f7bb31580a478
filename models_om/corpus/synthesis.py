"""Make the synthetic speech of the corpus: sentences read by two engines, with the time of every phoneme.

    python -m models_om.corpus.synthesis --out DIR [--minutes 190] [--make training|evaluation|demo]

The list of clips is always the same, and a clip that exists is kept: the command can be stopped and run again.
"""

from __future__ import annotations

import argparse
import os
import time
from itertools import count, islice
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple, Union

import numpy as np

from appliance.settings import SAMPLE_RATE

from . import sentences, texts
from .engines import Hibari, Kokoro, kokoro_voices
from .speech import VOICE_RATE, load, save

SPEEDS = (0.85, 1.2)
"""Of the engines; ordinary talk is 1."""


class Stream(NamedTuple):
    """A part of the corpus: who reads, what share of all minutes, and how many of the written sentences each voice
    reads before it goes on to those of `sentences`."""

    language: str
    voices: Tuple[str, ...]
    share: float
    written: int


STREAMS: Dict[str, Stream] = {
    "mandarin": Stream(
        "mandarin", ("zf_xiaobei", "zm_yunjian", "zf_xiaoni", "zm_yunxia", "zf_xiaoyi", "zm_yunyang"), 0.27, 60
    ),
    "english": Stream(
        "english",
        (
            "af_heart", "am_fenrir", "af_bella", "bm_george", "af_aoede", "am_puck", "af_kore",
            "am_echo", "af_sarah", "bm_fable", "af_nova", "am_liam", "bf_isabella", "am_onyx",
        ),
        0.135, 15,
    ),
    "hibari": Stream("english", ("heart",), 0.555, 56),
    "mandarin_unseen": Stream("mandarin", ("zf_xiaoxiao", "zm_yunxi"), 0.025, 0),
    "english_unseen": Stream("english", ("bf_emma", "am_michael"), 0.015, 0),
}  # fmt: skip
HELD_OUT_VOICES = {stream.language: stream.voices for name, stream in STREAMS.items() if name.endswith("_unseen")}
"""Training never hears them."""
CARRIER_EVERY = {"mandarin": 2, "english": 6}
"""After the written sentences every so many is a carrier, until all carriers were read."""


class Task(NamedTuple):
    name: str
    voice: str
    text: str
    speed: float


def tasks(name: str) -> Iterator[Task]:
    """The endless list of one stream: its voices in turn, each with its own order of the written sentences and its own
    speeds; then ever new sentences. Always the same list."""
    stream = STREAMS[name]
    written = texts.MANDARIN if stream.language == "mandarin" else texts.ENGLISH
    seed = list(STREAMS).index(name)
    rngs = [np.random.default_rng([seed, number]) for number in range(len(stream.voices))]
    waiting = [list(rng.permutation(written)) for rng in rngs]
    new = new_sentences(stream.language, seed)
    for number in count():
        turn = number % len(stream.voices)
        read = number // len(stream.voices)
        text = str(waiting[turn].pop()) if read < stream.written else next(new)
        speed = round(float(rngs[turn].uniform(*SPEEDS)), 2)
        yield Task(f"{name}_{number:04d}_{stream.voices[turn]}", stream.voices[turn], text, speed)


def new_sentences(language: str, seed: int) -> Iterator[str]:
    """Sentences by rule, with a carrier every `CARRIER_EVERY` until all were read."""
    carriers = iter(sentences.mandarin_carriers() if language == "mandarin" else sentences.english_carriers())
    for number, sentence in enumerate(sentences.generated(language, seed), 1):
        yield sentence
        if number % (CARRIER_EVERY[language] - 1) == 0:
            yield from islice(carriers, 1)


def saved_length(path: Path, task: Task) -> float:
    """Seconds of a saved clip; 0 if it is not there or says something else."""
    if not path.exists():
        return 0.0
    with np.load(path) as clip:
        return len(clip["audio"]) / SAMPLE_RATE if str(clip["text"]) == task.text else 0.0


def planned(out: Path, minutes: float, make: Callable[[str, Task, Path], None]) -> List[Path]:
    """Walk the list up to `minutes` of speech, always in the stream that is furthest behind its share.

    `make(stream, task, path)` is called for each clip that is not there; one that it leaves out ends its stream.
    Returns the clips of the list, in order; files in `out` that are no longer in the list are passed over.
    """
    goal = {name: 60 * minutes * stream.share for name, stream in STREAMS.items()}
    done = dict.fromkeys(STREAMS, 0.0)
    lists = {name: tasks(name) for name in STREAMS}
    paths = []
    while done:
        name = min(done, key=lambda name: done[name] / goal[name])
        if done[name] >= goal[name]:
            break
        task = next(lists[name])
        path = out / f"{task.name}.npz"
        if not saved_length(path, task):
            make(name, task, path)
        seconds = saved_length(path, task)
        if seconds:
            done[name] += seconds
            paths.append(path)
        else:
            del done[name]
    return paths


def clips(out: Path, minutes: float) -> List[Path]:
    """The clips of the list that were made so far."""
    return planned(out, minutes, lambda stream, task, path: None)


def synthesise(out: Path, minutes: float, voices: Path) -> List[Path]:
    """Fill `out` up to `minutes` of speech."""
    engines: Dict[str, Union[Kokoro, Hibari]] = {}
    seconds = {"made": 0.0, "spent": 0.0}

    def make(stream: str, task: Task, path: Path) -> None:
        started = time.monotonic()
        if not engines:
            engines.update(kokoro=Kokoro(voices), hibari=Hibari())
        clip = engines["hibari" if stream == "hibari" else "kokoro"].speak(task.text, task.voice, task.speed)
        save(clip, path)
        seconds["made"] += clip.duration
        seconds["spent"] += time.monotonic() - started
        print(f"{task.name}  {seconds['made'] / 60:.1f} min made in {seconds['spent'] / 60:.1f} min", flush=True)

    return planned(out, minutes, make)


def synthesise_evaluation(out: Path, voices: Path) -> List[Path]:
    """The held-out sentences in the held-out voices, with a 16 kHz WAV beside each clip."""
    import soundfile

    kokoro = Kokoro(voices)
    held_out = {"mandarin": texts.HELD_OUT_MANDARIN, "english": texts.HELD_OUT_ENGLISH}
    paths = []
    for language, spoken in held_out.items():
        for number, text in enumerate(spoken):
            voice = HELD_OUT_VOICES[language][number % 2]
            path = out / f"{language}_{number}_{voice}.npz"
            if not saved_length(path, Task(path.stem, voice, text, 1.0)):
                save(kokoro.speak(text, voice), path)
            clip = load(path)
            soundfile.write(path.with_suffix(".wav"), clip.audio, clip.rate, subtype="PCM_16")
            paths.append(path)
    return paths


def synthesise_demo(out: Path, voices: Path) -> None:
    """The recordings that ship with the appliance: two sentences with a pause of three quarters of a second."""
    import soundfile

    kokoro = Kokoro(voices)
    lead, tail = 0.30, 0.45
    for language, spoken in texts.DEMO.items():
        parts = []
        for text in spoken:
            clip = kokoro.speak(text, HELD_OUT_VOICES[language][0])
            start, end = max(0.0, clip.phonemes[0].end - lead), clip.phonemes[-1].start + tail
            parts.append(clip.audio[round(start * VOICE_RATE) : round(end * VOICE_RATE)])
        audio = np.concatenate(parts)
        soundfile.write(out / f"{language}.flac", 0.7 / np.abs(audio).max() * audio, VOICE_RATE, subtype="PCM_16")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the synthetic training speech.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the clips")
    parser.add_argument("--minutes", type=float, default=190.0, help="speech to make")
    parser.add_argument("--make", choices=("training", "evaluation", "demo"), default="training")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if hasattr(os, "nice"):
        os.nice(5)
    voices = kokoro_voices(arguments.out)
    if arguments.make == "training":
        synthesise(arguments.out, arguments.minutes, voices)
    elif arguments.make == "evaluation":
        synthesise_evaluation(arguments.out, voices)
    else:
        synthesise_demo(arguments.out, voices)


if __name__ == "__main__":
    main()
