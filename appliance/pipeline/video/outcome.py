"""Whether an ffmpeg that writes has written all of it."""

from __future__ import annotations

import signal

from ...errors import DiskFull, EncoderFailed, OutputError
from ..ffmpeg import Ffmpeg

NO_SPACE = ("No space left on device", "Disk quota exceeded", "File too large")
NOT_WRITTEN = ("Error closing file", "Error writing trailer", "av_interleaved_write_frame()")


def check_written(ffmpeg: Ffmpeg) -> None:
    """Wait for its end. Raises `EncoderFailed`, `DiskFull`.

    The status is not enough: ffmpeg 5 ends with 0 where only the last block of a file could not be written.
    """
    if ffmpeg.wait() != 0 or any(sign in line for line in ffmpeg.complaints() for sign in NOT_WRITTEN):
        raise failure(ffmpeg)


def failure(ffmpeg: Ffmpeg) -> OutputError:
    """Why an ffmpeg that writes ended badly: `DiskFull` or `EncoderFailed`."""
    status = ffmpeg.wait()
    detail = "\n".join((f"ffmpeg status {status}",) + ffmpeg.complaints()[:20])
    full = status == -signal.SIGXFSZ or any(sign in detail for sign in NO_SPACE)
    return DiskFull(detail) if full else EncoderFailed(detail)
