"""Frames and sound → MP4: H.264 High, yuv420p, BT.709, 25 fps; AAC 48 kHz; labelled as made by AI.

The same frames, recording and options give the same bytes. The file appears under its name only when it is complete.
"""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import hashlib
import json
import os
import re
import signal
import stat
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import cv2
import numpy as np

from ...errors import DiskFull, EncoderFailed, OutputError, UsageError
from ...settings import FRAME_RATE, MakeOptions
from ..ffmpeg import Ffmpeg, find_ffmpeg, input_file, local_file
from .label import LabelPainter, aigc_metadata

__all__ = ["VideoWriter", "check_output", "find_ffmpeg", "probe", "read_video"]

AUDIO_RATE = 48_000
AUDIO_FRAME = AUDIO_RATE // FRAME_RATE

# Fixed: the number of threads is one of the things x264's output depends on.
VIDEO_CODEC = (
    "-c:v libx264 -preset superfast -crf 18 -profile:v high -pix_fmt yuv420p -threads 2 -g 50 "
    "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv -chroma_sample_location center"
).split()
COLOUR_TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
"""What the frames are; ffmpeg 7 and later converts frames that do not say so."""
AUDIO_CODEC = "-c:a aac -b:a 128k -ar 48000".split()
# No titles, names or dates of the recording may reach the video.
CONTAINER = (
    "-map_metadata -1 -map_chapters -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact "
    "-movflags use_metadata_tags+faststart -f mp4 -y"
).split()

RGB_TO_YUV = np.array(
    [
        [219 / 255 * 0.2126, 219 / 255 * 0.7152, 219 / 255 * 0.0722, 16],
        [224 / 255 * -0.2126 / 1.8556, 224 / 255 * -0.7152 / 1.8556, 224 / 255 * 0.5, 128],
        [224 / 255 * 0.5, 224 / 255 * -0.7152 / 1.5748, 224 / 255 * -0.0722 / 1.5748, 128],
    ]
)
"""ITU-R BT.709-6, limited range, 8 bits; (3, 4): red, green, blue, 1 → Y, Cb, Cr."""

EXACT_COLOURS = ("-sws_flags", "accurate_rnd+full_chroma_int+bicubic")
"""ffmpeg's fast way back to RGB is 2 levels too dark."""

PIPE_BYTES = 1 << 20
"""Room for a frame between us and ffmpeg, so that neither waits for the other in 64 kB steps."""
F_SETPIPE_SZ = 1031

NO_SPACE = ("No space left on device", "Disk quota exceeded", "File too large")


def check_output(path: Path, inputs: Sequence[Path] = ()) -> None:
    """Make sure that a video can be written to `path`, before any work is done.

    Raises `UsageError` if it is one of the `inputs`, `OutputError` if the folder is missing or cannot be written to or
    if `path` is something else than a plain file, `DiskFull` if not even an empty file fits.
    """
    for source in inputs:
        if os.path.exists(str(path)) and os.path.exists(str(source)) and os.path.samefile(str(path), str(source)):
            raise UsageError(message="The video would overwrite one of its own inputs.", action="Choose another name.")
    if not path.name:
        raise OutputError("no file name")
    temporary = _temporary(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OutputError(message="The name of the video belongs to something that is not a plain file.")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _refusal(error) from error
    try:
        with open(str(temporary), "wb"):
            pass
        temporary.unlink()
    except OSError as error:
        raise _refusal(error) from error


class VideoWriter:
    """Writes one video; a context manager. Leaving it without `finish` leaves nothing behind."""

    def __init__(
        self,
        path: Path,
        size: Tuple[int, int],
        speech_path: Path,
        duration: float,
        options: MakeOptions,
        sources: Sequence[Path] = (),
    ) -> None:
        """Start ffmpeg.

        ``size``: (width, height), both even. ``duration``: of the speech, s; the video gets `duration * 25` frames,
        rounded, and sound of exactly that length out of `speech_path`. ``sources``: further files (the photo) that tell
        this video from others in its `ProduceID`, and that it must not overwrite.

        Raises what `check_output` and `find_ffmpeg` raise.
        """
        width, height = size
        self._path, self._shape = path, (height, width, 3)
        self._frames, self._written = int(round(duration * FRAME_RATE)), 0
        inputs = (speech_path,) + tuple(sources)
        aigc = aigc_metadata(options.producer, _produce_id(inputs, options))
        check_output(path, inputs)
        _remove_leftovers(path)

        self._temporary = _temporary(path)
        self._painter = LabelPainter(size, options.label)
        self._yuv = np.empty(self._shape, dtype=np.uint8)
        self._half = np.empty((height // 2, width // 2, 3), dtype=np.uint8)
        self._planes = np.empty(width * height * 3 // 2, dtype=np.uint8)
        luma, chroma = width * height, width * height // 4
        self._y = self._planes[:luma].reshape(height, width)
        self._u = self._planes[luma : luma + chroma].reshape(height // 2, width // 2)
        self._v = self._planes[luma + chroma :].reshape(height // 2, width // 2)
        picture = f"-f rawvideo -pix_fmt yuv420p -video_size {width}x{height} -framerate {FRAME_RATE}".split()
        self._ffmpeg = Ffmpeg(
            [*picture, "-i", "pipe:0", *input_file(speech_path), "-map", "0:v:0", "-map", "1:a:0"]
            + ["-vf", COLOUR_TAGS, "-af", _sound_filter(self._frames * AUDIO_FRAME, options.align_offset)]
            + [*VIDEO_CODEC, *AUDIO_CODEC, *CONTAINER, "-metadata", f"AIGC={aigc}", local_file(self._temporary)],
            feed=True,
        )
        try:
            fcntl.fcntl(self._ffmpeg.stdin.fileno(), F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            pass  # A limit of this machine; slower, not wrong.

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._ffmpeg.kill()
        try:
            self._temporary.unlink()
        except FileNotFoundError:
            pass

    def write(self, frame: np.ndarray) -> None:
        """The next frame, uint8 (h, w, 3) RGB; it gets its AI mark here. Raises `EncoderFailed`, `DiskFull`."""
        if frame.shape != self._shape or frame.dtype != np.uint8:
            raise EncoderFailed(f"frame {frame.dtype}{frame.shape}, wants uint8{self._shape}")
        self._convert(self._painter.apply(frame, self._written))
        try:
            self._ffmpeg.stdin.write(self._planes.data)
        except BrokenPipeError:
            raise self._failure() from None
        self._written += 1

    def finish(self) -> None:
        """Complete the file and let it appear under its name. Raises `EncoderFailed`, `DiskFull`, `OutputError`."""
        if self._ffmpeg.wait() != 0:
            raise self._failure()
        if self._written != self._frames:
            raise EncoderFailed(f"{self._written} frames written, {self._frames} announced")
        try:
            _sync(self._temporary)
            os.replace(str(self._temporary), str(self._path))
            _sync(self._path.absolute().parent)
        except OSError as error:
            raise _refusal(error) from error

    def _convert(self, frame: np.ndarray) -> None:
        """RGB → I420 into `_planes`; each chroma sample is the mean of four pixels."""
        cv2.transform(frame, RGB_TO_YUV, dst=self._yuv)
        cv2.resize(self._yuv, self._half.shape[1::-1], dst=self._half, interpolation=cv2.INTER_AREA)
        cv2.extractChannel(self._yuv, 0, dst=self._y)
        cv2.extractChannel(self._half, 1, dst=self._u)
        cv2.extractChannel(self._half, 2, dst=self._v)

    def _failure(self) -> OutputError:
        status = self._ffmpeg.wait()
        detail = "\n".join((f"ffmpeg status {status}",) + self._ffmpeg.complaints()[:20])
        full = status == -signal.SIGXFSZ or any(sign in detail for sign in NO_SPACE)
        return DiskFull(detail) if full else EncoderFailed(detail)


def _sound_filter(samples: int, offset: float) -> str:
    """The recording from its first sample on, `offset` seconds later, cut or filled to `samples` at 48 kHz.

    `asetpts` counts samples as `AudioDecoder` does, whatever start time or gaps the container declares.
    """
    shift = int(round(offset * AUDIO_RATE))
    steps = ["asetpts=N/SR/TB", f"aresample={AUDIO_RATE}", "aformat=sample_fmts=fltp:channel_layouts=mono|stereo"]
    if shift > 0:
        steps.append(f"adelay={shift}S|{shift}S")
    start = max(-shift, 0)
    return ",".join(steps + ["apad", f"atrim=start_sample={start}:end_sample={start + samples}", "asetpts=N/SR/TB"])


def _produce_id(inputs: Sequence[Path], options: MakeOptions) -> str:
    """32 hex digits that belong to these inputs and options alone."""
    digest = hashlib.sha256(json.dumps(dataclasses.asdict(options), sort_keys=True).encode())
    for path in inputs:
        content = hashlib.sha256()
        with open(str(path), "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                content.update(block)
        digest.update(content.digest())
    return digest.hexdigest()[:32]


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.part-{os.getpid()}.mp4")


def _remove_leftovers(path: Path) -> None:
    """Temporary files of runs for the same target whose process is gone."""
    name = re.compile(r"\." + re.escape(path.name) + r"\.part-(\d+)\.mp4")
    for entry in os.listdir(str(path.absolute().parent)):
        match = name.fullmatch(entry)
        if match and not _alive(int(match.group(1))):
            try:
                path.with_name(entry).unlink()
            except FileNotFoundError:
                pass  # Another run was faster.


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _sync(path: Path) -> None:
    handle = os.open(str(path), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refusal(error: OSError) -> OutputError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return DiskFull(str(error.strerror)) if full else OutputError(str(error.strerror))


def read_video(path: Path) -> Iterator[np.ndarray]:
    """Frames of a video, each uint8 (h, w, 3) RGB of its own. Raises `OutputError` if it cannot be read."""
    facts = probe(path)
    width, height = facts["width"], facts["height"]
    arguments = input_file(path) + ["-map", "0:v:0", *EXACT_COLOURS, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    with Ffmpeg(arguments, collect=True) as ffmpeg:
        while True:
            raw = ffmpeg.stdout.read(width * height * 3)
            if len(raw) < width * height * 3:
                break
            yield np.frombuffer(raw, dtype=np.uint8).reshape(height, width, 3)
        if ffmpeg.wait() != 0:
            raise OutputError("\n".join(ffmpeg.complaints()), message="The video cannot be read back.")


def probe(path: Path) -> Dict[str, Any]:
    """What a video file holds; needs no ffprobe.

    Keys: ``video_codec``, ``profile``, ``pixel_format``, ``colour`` (range and matrix as ffmpeg prints them),
    ``width``, ``height``, ``frame_rate``, ``frames``, ``video_duration`` s, ``audio_codec``, ``audio_rate``,
    ``audio_channels``, ``audio_duration`` s (None where there is no sound), ``tags``.
    Raises `OutputError` if it is not a readable video.
    """
    packets, messages = _read(
        input_file(path) + ["-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", "-f", "framecrc", "-"]
    )
    video = re.search(
        r"Stream #0:\d.*?: Video: (\w+)(?: \(([^()]+)\))?[^,]*, (\w+)(?:\(([^)]*)\))?.*?, (\d+)x(\d+).*?([\d.]+) fps",
        messages,
    )
    if video is None:
        raise OutputError("no video track", message="The video cannot be read back.")
    audio = re.search(r"Stream #0:\d.*?: Audio: (\w+).*?, (\d+) Hz, ([\w.]+)", messages)
    timeline = _timeline(packets)
    tags, _ = _read(input_file(path) + ["-fflags", "+bitexact", "-f", "ffmetadata", "-"])
    return {
        "video_codec": video.group(1),
        "profile": video.group(2),
        "pixel_format": video.group(3),
        "colour": video.group(4) or "",
        "width": int(video.group(5)),
        "height": int(video.group(6)),
        "frame_rate": float(video.group(7)),
        "frames": timeline[0][0],
        "video_duration": timeline[0][1],
        "audio_codec": audio and audio.group(1),
        "audio_rate": audio and int(audio.group(2)),
        "audio_channels": audio and audio.group(3),
        "audio_duration": timeline[1][1] if 1 in timeline else None,
        "tags": _tags(tags),
    }


def _read(arguments: List[str]) -> Tuple[str, str]:
    with Ffmpeg(arguments, collect=True) as ffmpeg:
        output = ffmpeg.stdout.read().decode("utf-8", "replace")
        if ffmpeg.wait() != 0:
            raise OutputError("\n".join(ffmpeg.complaints()), message="The video cannot be read back.")
        return output, ffmpeg.messages()


def _timeline(packets: str) -> Dict[int, Tuple[int, float]]:
    """From `framecrc`: packets and end time in seconds of each stream."""
    units = {int(stream): int(num) / int(den) for stream, num, den in re.findall(r"#tb (\d+): (\d+)/(\d+)", packets)}
    rows = [[int(value) for value in line.split(",")[:4]] for line in packets.splitlines() if line[:1].isdigit()]
    return {
        stream: (
            sum(1 for row in rows if row[0] == stream),
            max((row[2] + row[3]) * unit for row in rows if row[0] == stream),
        )
        for stream, unit in units.items()
    }


def _tags(ffmetadata: str) -> Dict[str, str]:
    """Global tags out of ffmpeg's metadata format, in which `=`, `;`, `#` and the backslash are escaped."""
    lines = [line for line in ffmetadata.splitlines()[1:] if "=" in line]
    pairs = (re.split(r"(?<!\\)=", line, maxsplit=1) for line in lines)
    return {key: re.sub(r"\\(.)", r"\1", value) for key, value in pairs}
