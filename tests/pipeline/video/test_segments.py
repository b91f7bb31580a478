"""Segments: they play while the rest is made, and a run that was cut off goes on to the same bytes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import List

import numpy as np
import pytest
from media import ENGLISH, ffmpeg, sound_of

from appliance.errors import EncoderFailed
from appliance.pipeline.ffmpeg import find_ffmpeg
from appliance.pipeline.video import Segment, SoundTrack, VideoWriter, probe, read_video, write_video
from appliance.pipeline.video.boxes import boxes, moved, split
from appliance.pipeline.video.segments import SegmentFolder, segment
from appliance.settings import MakeOptions

SIZE = (128, 96)
FRAMES = 300
PLAIN = MakeOptions(label="none")


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s."""
    path = tmp_path_factory.mktemp("speech") / "speech.flac"
    return ffmpeg("-stream_loop", "2", "-i", str(ENGLISH), "-t", "12", str(path), target=path)


def frame(index: int) -> np.ndarray:
    """Grey with a white bar that moves."""
    picture = np.full((SIZE[1], SIZE[0], 3), 90, dtype=np.uint8)
    picture[:, (index % 60) * 2 : (index % 60) * 2 + 2] = 255
    return picture


def bars(video: Path) -> List[int]:
    return [int(picture[:, :, 1].mean(axis=0).argmax()) // 2 for picture in read_video(video)]


@pytest.fixture(scope="module")
def whole(speech: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "whole.mp4"
    write_video(path, map(frame, range(FRAMES)), SIZE, speech, FRAMES / 25, PLAIN)
    return path


def writer_into(folder: Path, speech: Path, duration: float) -> VideoWriter:
    track = SoundTrack(speech, PLAIN.align_offset, folder)
    return VideoWriter(folder, SIZE, track, duration, PLAIN, [speech])


def write(folder: Path, speech: Path, stop: int = FRAMES) -> List[Segment]:
    """Go on until frame ``stop``; returns the segments that were finished: all but the last two for certain."""
    folder.mkdir(exist_ok=True)
    finished: List[Segment] = []
    with writer_into(folder, speech, FRAMES / 25) as writer:
        while writer.next_frame < stop:
            finished += writer.write(frame(writer.next_frame))
        if stop == FRAMES:
            finished += writer.end()
            assert list(writer.join(folder.parent / "out.mp4")) != []
    return finished


def test_segments_cover_the_video() -> None:
    made: List[Segment] = []
    while not made or made[-1].first_frame + made[-1].frames < FRAMES:
        made.append(segment(len(made), FRAMES))
    assert [one.first_frame for one in made] == [0, 16, 40, 80, 144, 240]
    assert [one.frames for one in made] == [16, 24, 40, 64, 96, 60]


@pytest.mark.parametrize("stops", [[10], [16, 30], [81], [90, 91, 239, 260], [299]])
def test_a_run_that_was_cut_off_goes_on_to_the_same_bytes(
    stops: List[int], speech: Path, whole: Path, tmp_path: Path
) -> None:
    for stop in stops:
        write(tmp_path / "segments", speech, stop)
    rest = write(tmp_path / "segments", speech)
    assert rest[0].first_frame <= stops[-1] and rest[-1] == Segment(5, 240, 60)
    assert (tmp_path / "out.mp4").read_bytes() == whole.read_bytes()


def test_what_a_killed_run_left_half_written_is_not_taken(speech: Path, whole: Path, tmp_path: Path) -> None:
    write(tmp_path / "segments", speech, 220)
    (tmp_path / "segments" / ".000002.m4s").write_bytes(b"half")
    (tmp_path / "segments" / "000002.m4s").unlink()
    write(tmp_path / "segments", speech)
    assert (tmp_path / "out.mp4").read_bytes() == whole.read_bytes()
    assert not any(name.startswith(".") for name in os.listdir(str(tmp_path / "segments")))


def test_segments_play_while_the_rest_is_not_there(speech: Path, whole: Path, tmp_path: Path) -> None:
    """Checked with a decoder that sees nothing but the bytes so far."""
    write(tmp_path / "segments", speech, 220)
    folder = SegmentFolder(tmp_path / "segments")
    assert folder.finished() >= 3
    begun = tmp_path / "begun.mp4"
    begun.write_bytes(b"".join(file.read_bytes() for file in folder.files()[:4]))
    facts = probe(begun)
    assert facts["frames"] == 80
    assert facts["video_duration"] == pytest.approx(3.2, abs=0.01)
    assert facts["audio_duration"] == pytest.approx(3.2, abs=0.01)
    assert bars(begun) == bars(whole)[:80]


def test_the_finished_file_is_one_ordinary_mp4(whole: Path) -> None:
    content = whole.read_bytes()
    kinds = [kind for kind, _, _ in boxes(content)]
    assert kinds.index(b"moov") < kinds.index(b"mdat") and b"moof" not in kinds
    assert probe(whole)["frames"] == FRAMES
    assert bars(whole) == [index % 60 for index in range(FRAMES)]


@pytest.mark.parametrize("second", [1.0, 5.0, 11.5])
def test_it_can_be_seeked(second: float, whole: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    subprocess.run(
        [find_ffmpeg(), "-v", "error", "-ss", str(second), "-i", str(whole), "-frames:v", "1", "-an", str(cut)],
        check=True,
    )
    assert bars(cut) == [round(second * 25) % 60]


def test_sound_goes_on_across_segments_as_in_one_run(speech: Path, whole: Path, tmp_path: Path) -> None:
    """Nothing is heard of the joins: there the sound is as near to the recording as anywhere else."""
    came, went = sound_of(whole, 48_000), sound_of(speech, 48_000)
    delay = round(MakeOptions().align_offset * 48_000)
    count = min(len(came) - delay, len(went))
    error = np.abs(came[delay : delay + count] - went[:count])
    joins = [first * 1920 - delay for first in (16, 40, 80, 144, 240)]
    around = np.concatenate([error[join - 1024 : join + 1024] for join in joins])
    assert np.sqrt(np.mean(around**2)) < 3 * np.sqrt(np.mean(error**2))


def test_a_length_that_becomes_known_on_the_way(speech: Path, whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    folder.mkdir()
    with writer_into(folder, speech, 10.0) as writer:
        for index in range(FRAMES):
            writer.grow(min(index + 250, FRAMES) / 25)
            writer.write(frame(index))
        writer.end()
        for _ in writer.join(tmp_path / "out.mp4"):
            pass
    assert (tmp_path / "out.mp4").read_bytes() == whole.read_bytes()


def test_a_length_that_was_announced_too_late_is_refused(speech: Path, tmp_path: Path) -> None:
    with writer_into(tmp_path, speech, 4.0) as writer:
        for index in range(100):
            writer.write(frame(index))
        writer.grow(FRAMES / 25)
        with pytest.raises(EncoderFailed):
            writer.write(frame(100))


# --- boxes ------------------------------------------------------------------------------------------------------------


def fragment(*, version: int = 1) -> bytes:
    """A `moof` with one track, 7, at time 5, and an `mdat`."""

    def box(kind: bytes, content: bytes) -> bytes:
        return (len(content) + 8).to_bytes(4, "big") + kind + content

    time = (5).to_bytes(8 if version else 4, "big")
    track = box(b"tfhd", bytes(4) + (7).to_bytes(4, "big")) + box(b"tfdt", bytes([version, 0, 0, 0]) + time)
    return box(b"moof", box(b"mfhd", bytes(4) + (1).to_bytes(4, "big")) + box(b"traf", track)) + box(b"mdat", b"media")


@pytest.mark.parametrize("version", [0, 1])
def test_fragments_are_numbered_and_moved(version: int) -> None:
    before = fragment(version=version)
    after = moved(before, 9, {7: 1000})
    changed = [(old, new) for old, new in zip(before, after) if old != new]
    assert len(after) == len(before) and after.endswith(b"media")
    assert changed == [(1, 9), (0, 1005 >> 8), (5, 1005 & 255)]


@pytest.mark.parametrize("data", [fragment()[:-1], fragment()[:5], fragment() + b"\0\0\0\1rest"])
def test_boxes_that_do_not_fit_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        split(data)
