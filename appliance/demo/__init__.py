"""The demonstration: a public-domain portrait speaks two shipped recordings, Mandarin and English."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError
from ..pipeline.ffmpeg import Ffmpeg, input_file, local_file

RECORDINGS = tuple(Path(__file__).with_name(name) for name in ("mandarin.flac", "english.flac"))
PAUSE_S = 0.6


def write_portrait(path: Path) -> None:
    """Save Eileen Collins's portrait (NASA, public domain) as PNG. Raises `UsageError` without scikit-image."""
    try:
        from skimage.data import astronaut
    except ImportError as error:
        message = "The demo's portrait comes with scikit-image, which is not installed."
        raise UsageError(message=message, action="Run `pip install sonic-appliance[demo]`.") from error
    from PIL import Image

    Image.fromarray(astronaut()).save(str(path), format="PNG")


def write_speech(path: Path, seconds: float = 0.0) -> None:
    """Join the recordings with a pause as FLAC; with ``seconds``, repeated and cut to that length."""
    first, second = RECORDINGS
    joined = f"[0:a]apad=pad_dur={PAUSE_S}[spaced];[spaced][1:a]concat=n=2:v=0:a=1"
    arguments = [*input_file(first), *input_file(second), "-filter_complex", joined]
    if seconds:
        with_end = f"{joined},apad=pad_dur={PAUSE_S},aloop=loop=-1:size=2147483647,atrim=end={seconds}"
        arguments[-1] = with_end
    with Ffmpeg([*arguments, "-y", local_file(path)]) as ffmpeg:
        if ffmpeg.wait() != 0:
            raise RuntimeError(ffmpeg.messages())
