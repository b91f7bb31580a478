"""Frames and sound of one segment → a piece of fragmented MP4: H.264 High, yuv420p, BT.709, 25 fps; AAC 48 kHz.

The same frames and sound give the same bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import tempfile
from pathlib import Path
from typing import IO, Tuple

import cv2
import numpy as np

from ...errors import EncoderFailed
from ...settings import FRAME_RATE
from ..ffmpeg import Ffmpeg, find_encoder
from .boxes import moved, split
from .outcome import check_written, failure
from .segments import FRAMES, Segment
from .sound import FRAME_SAMPLES, SegmentSound

# Fixed: the number of threads is one of the things x264's output depends on. No B-frames: they would take a sixth off
# the size, and give each segment a beginning that is shown later than it is decoded, which only an edit list can mend.
VIDEO_CODEC = (
    "-c:v libx264 -preset superfast -crf 18 -profile:v high -pix_fmt yuv420p -threads 2 -bf 0 "
    "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv -chroma_sample_location center"
).split()
COLOUR_TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
"""What the frames are; ffmpeg 7 and later converts frames that do not say so."""
VIDEO_TIME_UNITS = 512
"""Of the track of the picture, a frame."""
# `delay_moov`: the head says how the sound is coded, which shows in its first packet.
CONTAINER = (
    "-c:a copy -bsf:a aac_adtstoasc -fflags +bitexact -flags:v +bitexact "
    f"-movflags empty_moov+default_base_moof+delay_moov -use_editlist 0 -video_track_timescale "
    f"{VIDEO_TIME_UNITS * FRAME_RATE} -f mp4 -"
).split()

RGB_TO_YUV = np.array(
    [
        [219 / 255 * 0.2126, 219 / 255 * 0.7152, 219 / 255 * 0.0722, 16],
        [224 / 255 * -0.2126 / 1.8556, 224 / 255 * -0.7152 / 1.8556, 224 / 255 * 0.5, 128],
        [224 / 255 * 0.5, 224 / 255 * -0.7152 / 1.5748, 224 / 255 * -0.0722 / 1.5748, 128],
    ]
)
"""ITU-R BT.709-6, limited range, 8 bits; (3, 4): red, green, blue, 1 → Y, Cb, Cr."""

PIPE_BYTES = 1 << 20
"""Room for a frame between us and ffmpeg, so that neither waits for the other in 64 kB steps."""
F_SETPIPE_SZ = 1031

PICTURE, SOUND = 1, 2
"""Tracks of the MP4."""


class PlanarFrame:
    """RGB → I420, in one buffer that is used again and again; each chroma sample is the mean of four pixels."""

    def __init__(self, size: Tuple[int, int]) -> None:
        """``size``: (width, height), both even."""
        width, height = size
        self._yuv = np.empty((height, width, 3), dtype=np.uint8)
        self._half = np.empty((height // 2, width // 2, 3), dtype=np.uint8)
        self._planes = np.empty(width * height * 3 // 2, dtype=np.uint8)
        luma, chroma = width * height, width * height // 4
        self._y = self._planes[:luma].reshape(height, width)
        self._u = self._planes[luma : luma + chroma].reshape(height // 2, width // 2)
        self._v = self._planes[luma + chroma :].reshape(height // 2, width // 2)

    def convert(self, frame: np.ndarray) -> memoryview:
        """The planes of a frame, uint8 (h, w, 3) RGB."""
        cv2.transform(frame, RGB_TO_YUV, dst=self._yuv)
        cv2.resize(self._yuv, self._half.shape[1::-1], dst=self._half, interpolation=cv2.INTER_AREA)
        cv2.extractChannel(self._yuv, 0, dst=self._y)
        cv2.extractChannel(self._half, 1, dst=self._u)
        cv2.extractChannel(self._half, 2, dst=self._v)
        return self._planes.data


class SegmentEncoder:
    """One ffmpeg that makes one segment. `close` stops it at any time and leaves nothing behind.

    The sound becomes its own, and is closed with it.
    """

    def __init__(self, segment: Segment, size: Tuple[int, int], sound: SegmentSound, folder: Path) -> None:
        self.segment = segment
        self._written = 0
        self._sound = sound
        width, height = size
        with contextlib.ExitStack() as parts:
            parts.callback(sound.close)
            packets = sound.result()
            self._output: IO[bytes] = parts.enter_context(tempfile.TemporaryFile(dir=str(folder)))
            picture = f"-f rawvideo -pix_fmt yuv420p -video_size {width}x{height} -framerate {FRAME_RATE}".split()
            inputs = [*picture, "-i", "pipe:0", "-f", "aac", "-i", f"pipe:{packets.fileno()}"]
            tracks = ["-map", "0:v", "-map", "1:a"]
            self._ffmpeg = Ffmpeg(
                [*inputs, *tracks, "-vf", COLOUR_TAGS, *VIDEO_CODEC, "-g", str(FRAMES), *CONTAINER],
                feed=True,
                collect=self._output,
                beside=packets,
                program=find_encoder(),
            )
            parts.pop_all()
        try:
            fcntl.fcntl(self._ffmpeg.stdin.fileno(), F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            pass  # A limit of this machine; slower, not wrong.

    @property
    def full(self) -> bool:
        return self._written == self.segment.frames

    def write(self, planes: memoryview) -> None:
        """The next frame. Raises `EncoderFailed`, `DiskFull`."""
        try:
            self._ffmpeg.stdin.write(planes)
        except BrokenPipeError:
            raise failure(self._ffmpeg) from None
        self._written += 1
        if self.full:
            self._ffmpeg.close_stdin()

    def ended(self) -> bool:
        """Whether `result` can be had without waiting."""
        return self._ffmpeg.ended()

    def result(self) -> Tuple[bytes, bytes]:
        """Head and media of the segment, placed in time. Raises `EncoderFailed`, `DiskFull`."""
        check_written(self._ffmpeg)
        self._output.seek(0)
        try:
            head, media = split(self._output.read())
            shift = {
                PICTURE: self.segment.first_frame * VIDEO_TIME_UNITS,
                SOUND: self.segment.first_frame * FRAME_SAMPLES,
            }
            return head, moved(media, self.segment.index + 1, shift)
        except (ValueError, KeyError) as error:
            raise EncoderFailed(f"segment {self.segment.index}: {error}") from error

    def close(self) -> None:
        self._ffmpeg.kill()
        self._output.close()
        self._sound.close()
