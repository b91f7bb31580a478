"""Video: what players get, what machines read in it, and that it is whole or not there at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple, Type

import numpy as np
import pytest
from disks import fill, small_disk
from media import ENGLISH, encode, ffmpeg, noise, sound_of, write_wav

from appliance.errors import DiskFull, EncoderFailed, OutputError, SonicError, SpeechUnreadable, UsageError
from appliance.pipeline.speech.decode import AudioDecoder
from appliance.pipeline.video import check_output, probe, read_video, write_video
from appliance.settings import MakeOptions

ROOT = Path(__file__).resolve().parents[3]
SIZE = (128, 96)
DEFAULTS = MakeOptions()
HALF_A_PACKET = 512 / 48_000 + 1e-6
"""Seconds: AAC comes in packets of 1024 samples."""


def frame(index: int = 0) -> np.ndarray:
    """Grey with a white bar that moves."""
    picture = np.full((SIZE[1], SIZE[0], 3), 90, dtype=np.uint8)
    picture[:, index % SIZE[0]] = 255
    return picture


def click(folder: Path, seconds: float, at: float, rate: int = 48_000) -> Path:
    samples = np.zeros(int(seconds * rate))
    samples[int(at * rate) : int(at * rate) + 20] = 0.9
    return write_wav(folder / "click.wav", samples, rate)


def make(path: Path, speech: Path, duration: float, options: MakeOptions = DEFAULTS) -> Path:
    write_video(path, (frame(index) for index in range(round(duration * 25))), SIZE, speech, duration, options)
    return path


def hidden(folder: Path) -> List[str]:
    return [entry.name for entry in folder.iterdir() if entry.name.startswith(".")]


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_file_is_what_every_player_takes(tmp_path: Path) -> None:
    speech = encode(ENGLISH, tmp_path / "speech.m4a", "-metadata", "title=Zhang San", "-metadata", "artist=Li Si")
    video = make(tmp_path / "out.mp4", speech, 6.35)
    facts = probe(video)
    assert (facts["video_codec"], facts["profile"], facts["pixel_format"]) == ("h264", "High", "yuv420p")
    assert (facts["width"], facts["height"], facts["frame_rate"], facts["frames"]) == (128, 96, 25, 159)
    assert facts["colour"].startswith("tv, bt709")
    assert "/" not in facts["colour"], "matrix, primaries and transfer agree"
    assert (facts["audio_codec"], facts["audio_rate"]) == ("aac", 48_000)
    assert facts["video_duration"] == pytest.approx(6.35, abs=0.02)
    assert facts["audio_duration"] == pytest.approx(6.35, abs=0.02)
    content = video.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat"), "playback starts before the whole file is there"
    assert b"Zhang" not in content and b"Li Si" not in content, "the recording's tags are personal"
    assert hidden(tmp_path) == []


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_ffprobe_and_our_probe_agree(tmp_path: Path) -> None:
    video = make(tmp_path / "out.mp4", ENGLISH, 6.35)
    command = ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-show_format", "-of", "json", str(video)]
    theirs = json.loads(subprocess.check_output(command))
    picture, sound = theirs["streams"]
    ours = probe(video)
    assert float(picture["duration"]) == pytest.approx(ours["video_duration"], abs=1e-3)
    assert float(sound["duration"]) == pytest.approx(ours["audio_duration"], abs=1e-3)
    assert float(picture["start_time"]) == float(sound["start_time"]) == 0
    assert int(picture["nb_read_packets"]) == ours["frames"]
    assert picture["profile"] == ours["profile"]
    assert picture["color_space"] == picture["color_primaries"] == picture["color_transfer"] == "bt709"
    assert theirs["format"]["tags"]["AIGC"] == ours["tags"]["AIGC"]


@pytest.mark.parametrize("duration", [0.5, 1.0, 1.019, 2.021, 3.3333])
def test_picture_and_sound_last_as_long_as_the_speech(duration: float, tmp_path: Path) -> None:
    speech = write_wav(tmp_path / "speech.wav", noise(duration, 0.1, 44_100), 44_100)
    facts = probe(make(tmp_path / "out.mp4", speech, duration))
    assert facts["video_duration"] == pytest.approx(duration, abs=0.0201)
    assert facts["audio_duration"] == pytest.approx(duration, abs=0.0201)


COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (224, 172, 140), (90, 56, 37), (0, 0, 0), (255, 255, 255)]


@pytest.mark.parametrize("colour", COLOURS)
def test_colours_come_back(colour: tuple, tmp_path: Path) -> None:
    picture = np.full((SIZE[1], SIZE[0], 3), colour, dtype=np.uint8)
    write_video(tmp_path / "out.mp4", [picture] * 12, SIZE, ENGLISH, 0.5, MakeOptions(label="none"))
    frames = list(read_video(tmp_path / "out.mp4"))
    assert len(frames) == 12
    assert np.abs(frames[-1].astype(int) - colour).max() <= 3


def test_frames_come_in_order(tmp_path: Path) -> None:
    video = make(tmp_path / "out.mp4", ENGLISH, 2.0, MakeOptions(label="none"))
    bars = [int(picture[:, :, 1].mean(axis=0).argmax()) for picture in read_video(video)]
    assert bars == list(range(50))


# --- sound against picture --------------------------------------------------------------------------------------------


def click_time(video: Path) -> float:
    return int(np.abs(sound_of(video, 48_000)).argmax()) / 48_000


@pytest.mark.parametrize("offset", [-0.5, -0.04, 0.0, 0.03, 0.5])
@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_the_offset_moves_the_sound_later(offset: float, rate: int, tmp_path: Path) -> None:
    speech = click(tmp_path, 2.0, at=1.0, rate=rate)
    video = make(tmp_path / "out.mp4", speech, 2.0, MakeOptions(align_offset=offset))
    assert click_time(video) == pytest.approx(1.0 + offset, abs=0.003)
    assert probe(video)["audio_duration"] == pytest.approx(2.0, abs=HALF_A_PACKET)


@pytest.mark.parametrize("offset", [-1.0, 1.0])
def test_sound_moved_out_altogether_leaves_silence_of_full_length(offset: float, tmp_path: Path) -> None:
    speech = write_wav(tmp_path / "speech.wav", noise(0.6, 0.1))
    video = make(tmp_path / "out.mp4", speech, 0.6, MakeOptions(align_offset=offset))
    assert np.abs(sound_of(video)).max() < 1e-3
    assert probe(video)["audio_duration"] == pytest.approx(0.6, abs=HALF_A_PACKET)


def test_the_sound_is_the_one_that_was_measured(tmp_path: Path) -> None:
    """A film whose sound starts 1 s late: lips are made from its first sample on, so sound must start there too."""
    film, picture = tmp_path / "film.mp4", ("-f", "lavfi", "-i", "color=s=64x64:r=25:d=4")
    recording = click(tmp_path, 2.0, at=1.0)
    ffmpeg(*picture, "-itsoffset", "1", "-i", str(recording), "-map", "0:v", "-map", "1:a", str(film), target=film)
    with AudioDecoder(film) as decoder:
        heard = np.concatenate(list(decoder))[:, 0]
        expected = np.abs(heard).argmax() / decoder.rate
    video = make(tmp_path / "out.mp4", film, 2.0, MakeOptions(align_offset=0.0))
    assert click_time(video) == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize(("channels", "expected"), [(1, "mono"), (2, "stereo"), (6, "stereo")])
def test_channels_are_kept_up_to_two(channels: int, expected: str, tmp_path: Path) -> None:
    speech = write_wav(tmp_path / "speech.wav", np.stack([noise(1)] * channels, axis=1))
    assert probe(make(tmp_path / "out.mp4", speech, 1.0))["audio_channels"] == expected


# --- label and determinism --------------------------------------------------------------------------------------------


def produce_id(video: Path) -> str:
    return json.loads(probe(video)["tags"]["AIGC"])["ProduceID"]


def test_the_aigc_entry_can_be_read_back(tmp_path: Path) -> None:
    options = MakeOptions(producer="Hall 3; a=b #1 {x}")
    fields = json.loads(probe(make(tmp_path / "out.mp4", ENGLISH, 0.5, options))["tags"]["AIGC"])
    assert all(isinstance(value, str) for value in fields.values())
    assert (fields["Label"], fields["ContentProducer"]) == ("1", "Hall 3; a=b #1 {x}")
    assert re.match(r"[0-9a-f]{32}$", fields["ProduceID"])


def test_the_visible_mark_is_drawn_unless_switched_off(tmp_path: Path) -> None:
    marked = next(read_video(make(tmp_path / "a.mp4", ENGLISH, 0.5)))
    bare = next(read_video(make(tmp_path / "b.mp4", ENGLISH, 0.5, MakeOptions(label="none"))))
    changed = (np.abs(marked.astype(int) - bare) > 40).any(axis=2)
    assert changed[SIZE[1] * 3 // 4 :].sum() > 100
    assert not changed[: SIZE[1] // 2].any()


def test_the_same_job_gives_the_same_bytes(tmp_path: Path) -> None:
    first = make(tmp_path / "a.mp4", ENGLISH, 4.0)
    assert first.read_bytes() == make(tmp_path / "b.mp4", ENGLISH, 4.0).read_bytes()


def test_each_video_has_its_own_id(tmp_path: Path) -> None:
    photos = [tmp_path / "1.jpg", tmp_path / "2.jpg"]
    for photo in photos:
        photo.write_bytes(photo.name.encode())
    other = write_wav(tmp_path / "other.wav", noise(1))
    jobs = [(ENGLISH, 0, ()), (ENGLISH, 1, ()), (other, 0, ()), (ENGLISH, 0, photos[:1]), (ENGLISH, 0, photos[1:])]
    ids = set()
    for speech, seed, sources in jobs:
        write_video(tmp_path / "x.mp4", [frame()] * 12, SIZE, speech, 0.5, MakeOptions(seed=seed), sources)
        ids.add(produce_id(tmp_path / "x.mp4"))
    assert len(ids) == len(jobs)


# --- whole or not at all ----------------------------------------------------------------------------------------------


def children() -> List[str]:
    """Command names of this process's living children."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = re.match(r"\d+ \((.*)\) (.*)", status.read_text()).groups()  # type: ignore[union-attr]
        except OSError:
            continue
        if int(fields.split()[1]) == os.getpid():
            found.append(name)
    return found


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, GeneratorExit, ValueError])
def test_an_interrupted_video_leaves_nothing_and_the_old_one_alone(
    interruption: Type[BaseException], tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"yesterday's")

    def interrupted() -> Iterator[np.ndarray]:
        for _ in range(40):
            yield frame()
        raise interruption

    with pytest.raises(interruption):
        write_video(out, interrupted(), SIZE, ENGLISH, 6.35, MakeOptions())
    assert out.read_bytes() == b"yesterday's"
    assert hidden(tmp_path) == []
    assert not any("ffmpeg" in name for name in children())


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from appliance.pipeline.video import write_video
from appliance.settings import MakeOptions
def killed():
    for _ in range(60):
        yield np.zeros((96, 128, 3), np.uint8)
    os.kill(os.getpid(), signal.SIGKILL)
write_video(Path(sys.argv[1]), killed(), (128, 96), Path(sys.argv[2]), 6.35, MakeOptions())
"""


def test_what_a_killed_run_leaves_is_removed_by_the_next(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    status = subprocess.run([sys.executable, "-c", KILLED, str(out), str(ENGLISH)], cwd=str(ROOT)).returncode
    assert status == -signal.SIGKILL
    assert not out.exists()
    assert len(hidden(tmp_path)) == 1
    alive = tmp_path / f".out.mp4.part-{os.getppid()}"
    other = tmp_path / ".other.mp4.part-999999999"
    for kept in (alive, other):
        kept.mkdir()
    make(out, ENGLISH, 0.5)
    assert sorted(hidden(tmp_path)) == sorted([alive.name, other.name])


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from appliance.errors import DiskFull
from appliance.pipeline.video import write_video
from appliance.settings import MakeOptions
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
random = np.random.RandomState(0)
try:
    frames = (random.randint(0, 256, (96, 128, 3)).astype(np.uint8) for _ in range(150))
    write_video(Path(sys.argv[1]), frames, (128, 96), Path(sys.argv[2]), 6.0, MakeOptions())
except DiskFull as error:
    print(error.code)
"""


def test_no_more_room_while_writing_is_disk_full(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "out.mp4"), str(ENGLISH)]
    assert subprocess.run(command, cwd=str(ROOT), stdout=subprocess.PIPE).stdout.strip() == b"disk_full"
    assert list(tmp_path.iterdir()) == []


def test_wherever_a_disk_fills_up_the_video_is_whole_or_refused(tmp_path: Path) -> None:
    def noisy(path: Path) -> bytes:
        random = np.random.RandomState(0)
        pictures = (random.randint(0, 256, (96, 128, 3)).astype(np.uint8) for _ in range(16))
        write_video(path, pictures, SIZE, ENGLISH, 0.64, MakeOptions())
        return path.read_bytes()

    whole, outcomes = noisy(tmp_path / "whole.mp4"), set()
    with small_disk(tmp_path / "disk", 2) as disk:
        # From the first segment that does not fit to the finished file that does.
        for leave in range(len(whole), len(whole) * 5 // 2, 16_384):
            ballast = fill(disk, leave)
            try:
                assert noisy(disk / "out.mp4") == whole
                outcomes.add("whole")
            except DiskFull:
                outcomes.add("refused")
                assert [entry.name for entry in disk.iterdir()] == ["ballast"]
            for file in (ballast, disk / "out.mp4"):
                if file.exists():
                    file.unlink()
    assert outcomes == {"whole", "refused"}


@pytest.mark.parametrize("frames", [0, 23, 24, 26])
def test_a_frame_too_few_or_too_many_is_not_a_video(frames: int, tmp_path: Path) -> None:
    with pytest.raises(EncoderFailed):
        write_video(tmp_path / "out.mp4", [frame()] * frames, SIZE, ENGLISH, 1.0, MakeOptions())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [np.zeros((96, 130, 3), np.uint8), np.zeros((96, 128, 3), np.float32)])
def test_a_frame_of_another_kind_is_refused(wrong: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(EncoderFailed):
        write_video(tmp_path / "out.mp4", [wrong] * 25, SIZE, ENGLISH, 1.0, MakeOptions())
    assert list(tmp_path.iterdir()) == []


def test_a_recording_without_sound_is_refused_by_name(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_bytes(b"no sound")
    with pytest.raises(SpeechUnreadable) as caught:
        make(tmp_path / "out.mp4", text, 20.0)
    assert str(tmp_path) not in caught.value.detail
    assert [entry.name for entry in tmp_path.iterdir()] == ["text.wav"]


# --- where it goes ----------------------------------------------------------------------------------------------------


def as_link(folder: Path) -> Path:
    (folder / "link.mp4").symlink_to(folder / "speech.wav")
    return folder / "link.mp4"


def as_pipe(folder: Path) -> Path:
    os.mkfifo(str(folder / "pipe.mp4"))
    return folder / "pipe.mp4"


PLACES: Dict[str, Tuple[Callable[[Path], Path], Type[SonicError]]] = {
    "no such folder": (lambda folder: folder / "missing" / "out.mp4", OutputError),
    "below a file": (lambda folder: folder / "speech.wav" / "out.mp4", OutputError),
    "a folder": (lambda folder: folder, OutputError),
    "nowhere": (lambda folder: Path("/"), OutputError),
    "a pipe": (as_pipe, OutputError),
    "a device": (lambda folder: Path("/dev/null"), OutputError),
    "a file system of the kernel": (lambda folder: Path("/proc/out.mp4"), OutputError),
    "a name too long": (lambda folder: folder / ("x" * 250 + ".mp4"), OutputError),
    "the recording": (lambda folder: folder / "speech.wav", UsageError),
    "the recording by another name": (as_link, UsageError),
}


@pytest.mark.parametrize("case", sorted(PLACES))
def test_a_place_that_cannot_take_the_video_is_refused_before_any_work(case: str, tmp_path: Path) -> None:
    where, expected = PLACES[case]
    speech = write_wav(tmp_path / "speech.wav", noise(1))
    before, target = speech.read_bytes(), where(tmp_path)
    present = sorted(tmp_path.iterdir())
    with pytest.raises(SonicError) as caught:
        check_output(target, [speech])
    assert type(caught.value) is expected
    with pytest.raises(expected):
        write_video(target, [frame()] * 25, SIZE, speech, 1.0, MakeOptions())
    assert speech.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == present


@pytest.mark.parametrize("name", ["-y.mp4", "two words.mp4", "http:out.mp4", "语音%d.mp4", "no-suffix", "a'b$(id).mp4"])
def test_a_name_is_only_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path(name), ENGLISH, 0.5)
    assert probe(Path(name))["frames"] == 12
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("content", [b"", b"no video at all" * 50])
def test_probing_something_else_is_an_output_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(OutputError):
        probe(tmp_path / "x.mp4")
    with pytest.raises(OutputError):
        list(read_video(tmp_path / "x.mp4"))
