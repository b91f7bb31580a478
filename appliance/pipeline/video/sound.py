"""The recording as AAC packets, cut exactly where the video's segments are.

A segment's sound is encoded on its own, so that it is the same whether or not the segments before it were made in the
same run. The encoder hears a little of what comes before and after, and what it gives for that is thrown away: packets
of neighbouring segments then join as if they came from one run (each AAC packet overlaps the one before it by half).
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import IO, List

import numpy as np

from ...errors import EncoderFailed
from ...settings import FRAME_RATE
from ..ffmpeg import Ffmpeg, find_encoder
from ..speech.decode import AudioDecoder
from .outcome import check_written

AUDIO_RATE = 48_000
FRAME_SAMPLES = AUDIO_RATE // FRAME_RATE
PACKET_SAMPLES = 1024
"""Of AAC-LC, ISO/IEC 14496-3; 15 packets are as long as 8 video frames."""
LEAD_IN = 40
"""Packets that are encoded before a segment's own: by then the encoder's rate control has settled. Speech comes back
with a signal-to-noise ratio of 37.6 dB, as from one continuous run; with 8 packets it was 32.1 dB."""
LEAD_OUT = 2
"""Packets that are encoded after them: the last one reaches into the next segment, and the encoder looks ahead."""

# `asetpts` counts samples as `AudioDecoder` does, whatever start time or gaps the container declares.
FILTERS = f"asetpts=N/SR/TB,aresample={AUDIO_RATE},aformat=channel_layouts=mono|stereo"
ENCODER = "-c:a aac -b:a 128k -flags:a +bitexact -fflags +bitexact -f adts -".split()


class SoundTrack:
    """The sound of one video, `offset` seconds later than the recording has it, silent before and after it.

    ffmpeg starts at once; read forwards only. Raises what `AudioDecoder` raises.
    """

    def __init__(self, path: Path, offset: float, folder: Path) -> None:
        """``folder``: where unnamed temporary files may be."""
        self._folder = folder
        self._decoder = AudioDecoder(path, FILTERS)
        self._blocks = iter(self._decoder)
        self._shift = int(round(offset * AUDIO_RATE))
        self._held = np.zeros((0, 0), dtype=np.int16)
        self._first = 0
        """Sample of the recording that `_held` begins with."""

    def close(self) -> None:
        self._decoder.close()

    def encode(self, first_frame: int, end: float) -> SegmentSound:
        """Start encoding the sound from a video frame, a multiple of 8, until ``end`` s, rounded to whole packets."""
        packets = max(int(round(end * AUDIO_RATE / PACKET_SAMPLES)) - first_frame * FRAME_SAMPLES // PACKET_SAMPLES, 1)
        start = first_frame * FRAME_SAMPLES - LEAD_IN * PACKET_SAMPLES
        samples = self._samples(start - self._shift, (LEAD_IN + packets + LEAD_OUT) * PACKET_SAMPLES)
        return SegmentSound(samples, packets, self._folder)

    def _samples(self, start: int, count: int) -> np.ndarray:
        """int16 (count, channels) of the recording from `start` on, zero outside it."""
        end = start + count
        if not self._held.shape[1]:
            self._held = np.zeros((0, self._decoder.channels), dtype=np.int16)
        self._forget(start)
        while self._first + len(self._held) < end:
            block = next(self._blocks, None)
            if block is None:
                break
            whole = np.round(np.clip(block, -1, 1) * 32767).astype(np.int16)
            self._held = np.concatenate((self._held, whole))
            self._forget(start)
        wanted = np.zeros((count, self._held.shape[1]), dtype=np.int16)
        first, last = max(start, self._first), min(end, self._first + len(self._held))
        if first < last:
            wanted[first - start : last - start] = self._held[first - self._first : last - self._first]
        return wanted

    def _forget(self, before: int) -> None:
        done = min(max(before - self._first, 0), len(self._held))
        self._held = self._held[done:]
        self._first += done


class SegmentSound:
    """One segment's sound while an ffmpeg of its own encodes it."""

    def __init__(self, samples: np.ndarray, packets: int, folder: Path) -> None:
        self._packets = packets
        with contextlib.ExitStack() as parts:
            self._output: IO[bytes] = parts.enter_context(tempfile.TemporaryFile(dir=str(folder)))
            with tempfile.TemporaryFile(dir=str(folder)) as raw:
                raw.write(samples.astype("<i2").tobytes())
                raw.seek(0)
                form = ["-f", "s16le", "-ar", str(AUDIO_RATE), "-ac", str(samples.shape[1]), "-i", "pipe:0"]
                self._ffmpeg = Ffmpeg([*form, *ENCODER], feed=raw, collect=self._output, program=find_encoder())
            parts.pop_all()

    def close(self) -> None:
        self._ffmpeg.kill()
        self._output.close()

    def result(self) -> IO[bytes]:
        """The packets with their ADTS headers, as a file to read from the start. Raises `EncoderFailed`, `DiskFull`."""
        check_written(self._ffmpeg)
        self._output.seek(0)
        packets = adts_packets(self._output.read())
        # The encoder's first packet stands for nothing but its own delay.
        own = packets[LEAD_IN + 1 : LEAD_IN + 1 + self._packets]
        if len(own) != self._packets:
            raise EncoderFailed(f"sound: {len(packets)} packets instead of {self._packets} and those around them")
        self._output.seek(0)
        self._output.truncate()
        self._output.write(b"".join(own))
        self._output.seek(0)
        return self._output


def adts_packets(stream: bytes) -> List[bytes]:
    """Each packet of an ADTS stream (ISO/IEC 14496-3, 1.A.3.2) with its header."""
    packets, at = [], 0
    while at + 7 <= len(stream):
        length = (stream[at + 3] & 3) << 11 | stream[at + 4] << 3 | stream[at + 5] >> 5
        if length < 7:
            break
        packets.append(stream[at : at + length])
        at += length
    return packets
