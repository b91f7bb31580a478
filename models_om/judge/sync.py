"""The lip-sync expert as a judge: codes of speech and motion, the score of a pairing, and its lag.

``sync_expert.onnx`` (`models_om.networks.sync`) maps 20 frames of speech (1,1,80,80) and of motion (1,32,1,20) to codes
of unit length. The score of a pairing is the mean cosine of the codes over the windows of a clip.

    python -m models_om.judge.sync --work WORK

prints what the expert makes of real faces that it never saw: more than that no generated motion can be asked for.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import numpy as np
import onnxruntime

from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.speech.mel import BANDS, COLUMNS_PER_FRAME

from .ranking_scores import Pair, first_share, score_table
from .recordings import recordings

FILE = Path(__file__).parent / "sync_expert.onnx"
FRAMES = 20
"""Frames of a window: 0.8 s."""
HOP = 5
"""Frames between windows."""
CODE = 64
LARGEST_LAG = 10
PIECE = 100
"""Frames: FACEGOOD's clips are minutes, and are judged in pieces."""


def windows_of_speech(mel: np.ndarray, hop: int = HOP) -> np.ndarray:
    """Mel (80, 4*T) → (windows,1,80,80)."""
    count = (mel.shape[1] // COLUMNS_PER_FRAME - FRAMES) // hop + 1
    step, span = hop * COLUMNS_PER_FRAME, FRAMES * COLUMNS_PER_FRAME
    found = [mel[None, :, k * step : k * step + span] for k in range(count)]
    return np.stack(found) if found else np.zeros((0, 1, BANDS, span), np.float32)


def windows_of_motion(coefficients: np.ndarray, hop: int = HOP) -> np.ndarray:
    """Coefficients (T,32) → (windows,32,1,20)."""
    count = (len(coefficients) - FRAMES) // hop + 1
    found = [coefficients[k * hop : k * hop + FRAMES].T[:, None] for k in range(count)]
    return np.stack(found) if found else np.zeros((0, len(COEFFICIENTS), 1, FRAMES), np.float32)


def held_out_clips(corpus: Dict[str, np.ndarray], source: str) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
    """Mel (80,4*T) and real motion (T,32) of what training never saw; long recordings in pieces of `PIECE`."""
    for recording in recordings(corpus, source, ("unseen", "held_out")):
        frames = len(recording["gap"])
        length = PIECE if frames >= 2 * PIECE else frames
        for first in range(0, frames - length + 1, length):
            columns = slice(first * COLUMNS_PER_FRAME, (first + length) * COLUMNS_PER_FRAME)
            yield recording["mel"][:, columns], recording["coefficients"][first : first + length]


class SyncExpert:
    """Codes of clips, by ONNX Runtime on one thread."""

    def __init__(self, path: Path = FILE) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._inputs = {item.name: np.zeros(item.shape, np.float32) for item in self._session.get_inputs()}

    def speech_codes(self, mel: np.ndarray, hop: int = HOP) -> np.ndarray:
        """(windows,64) of mel (80, 4*T)."""
        return self._codes("speech", windows_of_speech(mel, hop))

    def motion_codes(self, coefficients: np.ndarray, hop: int = HOP) -> np.ndarray:
        """(windows,64) of coefficients (T,32)."""
        return self._codes("motion", windows_of_motion(coefficients, hop))

    def pair(self, mel: np.ndarray, coefficients: np.ndarray) -> Pair:
        """The codes of one clip."""
        return Pair(self.speech_codes(mel), self.motion_codes(coefficients))

    def lag(self, mel: np.ndarray, coefficients: np.ndarray) -> int:
        """Frames by which the motion is late (negative: early) where the two fit best."""
        return best_offset(Pair(self.speech_codes(mel, hop=1), self.motion_codes(coefficients, hop=1)))

    def _codes(self, side: str, windows: np.ndarray) -> np.ndarray:
        found = [self._session.run([f"{side}_code"], {**self._inputs, side: window[None]})[0][0] for window in windows]
        return np.array(found, np.float32).reshape(len(windows), CODE)


def ranked_first(pairs: List[Pair]) -> float:
    """Percent of clips whose motion fits its own speech better than that of 19 other clips."""
    return first_share(score_table(pairs))


def ranked_first_of_shifts(pairs: List[Pair]) -> float:
    """Percent of clips whose motion fits its own speech best as it is, among all turns of it by whole hops."""
    return 100 * float(np.mean([_turned(pair)[0] > _turned(pair)[1:].max() for pair in pairs]))


def best_offset(pair: Pair) -> int:
    """`SyncExpert.lag` of codes one frame apart."""
    count = min(len(pair.speech), len(pair.motion))

    def score(late: int) -> float:
        first, last = max(0, -late), min(count, count - late)
        return float((pair.speech[first:last] * pair.motion[first + late : last + late]).sum(1).mean())

    reach = min(LARGEST_LAG, count - 1)
    return max(range(-reach, reach + 1), key=score)


def _turned(pair: Pair) -> np.ndarray:
    """Scores of the motion with the speech turned by 0, 1, 2 .. windows."""
    count = min(len(pair.speech), len(pair.motion))
    speech, motion = pair.speech[:count], pair.motion[:count]
    return np.array([(np.roll(speech, turn, axis=0) * motion).sum(1).mean() for turn in range(count)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("work"))
    corpus, expert = dict(np.load(parser.parse_args().work / "corpus.npz")), SyncExpert()
    for source in np.unique(corpus["source"]):
        clips = list(held_out_clips(corpus, source))
        if clips:
            pairs = [expert.pair(*clip) for clip in clips]
            lags = [expert.lag(*clip) for clip in clips]
            print(
                f"{source}: {len(clips)} clips, {ranked_first(pairs):.0f} % ranked first of 20, "
                f"{ranked_first_of_shifts(pairs):.0f} % above all shifts, mean cosine "
                f"{np.diag(score_table(pairs)).mean():.2f}, lag {np.mean(lags):+.2f} frames "
                f"({np.mean(np.abs(lags) <= 1):.0%} within 1)"
            )


if __name__ == "__main__":
    main()
