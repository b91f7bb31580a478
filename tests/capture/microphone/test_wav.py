"""The file that is written while somebody speaks."""

from __future__ import annotations

import os
import stat
import wave
from pathlib import Path

import numpy as np
import pytest
from disks import fill, small_disk

from appliance.capture.microphone.wav import WavFile
from appliance.errors import DiskFull, OutputError
from appliance.pipeline.speech.decode import AudioDecoder

RATE = 16_000


def ramp(count: int) -> np.ndarray:
    return (np.arange(count) % 30_000).astype(np.int16)


def content(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def test_it_can_be_read_at_any_time_and_is_never_more_than_a_second_behind(tmp_path: Path) -> None:
    sound = ramp(5 * RATE)
    file = WavFile(tmp_path / "voice.wav", RATE, 60)
    file.begin()
    assert len(content(file.path)) == 0
    at = 0
    for size in [320, 800, 1600] * 30:
        file.write(sound[at : at + size])
        at += size
        if at > len(sound):
            break
        readable = content(file.path)
        np.testing.assert_array_equal(readable, sound[: len(readable)])
        assert at - len(readable) < RATE
    file.keep()
    file.close()
    np.testing.assert_array_equal(content(file.path), sound)


def test_what_a_dead_process_leaves_can_be_decoded(tmp_path: Path) -> None:
    """Sound that the header does not count yet lies behind its end."""
    file = WavFile(tmp_path / "voice.wav", RATE, 60)
    file.begin()
    file.write(ramp(RATE))
    file.write(ramp(RATE // 2))
    file.close()
    assert os.path.getsize(str(file.path)) > 44 + 2 * len(content(file.path))
    with AudioDecoder(file.path) as decoder:
        assert sum(len(block) for block in decoder) == RATE


def test_never_more_than_the_limit(tmp_path: Path) -> None:
    file = WavFile(tmp_path / "voice.wav", RATE, 1.5)
    file.begin()
    for _ in range(3):
        assert not file.full or file.seconds == 1.5
        file.write(ramp(RATE))
    file.keep()
    file.close()
    assert file.full
    assert len(content(file.path)) == 1.5 * RATE


def test_only_this_user_may_read_it_whatever_lay_there(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    other = tmp_path / "other"
    other.write_bytes(b"kept")
    path.symlink_to(other)
    WavFile(path, RATE, 60).close()
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    assert stat.S_ISREG(path.lstat().st_mode)
    assert other.read_bytes() == b"kept"


def test_a_full_disk_is_called_by_its_name(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        file = WavFile(disk / "voice.wav", RATE, 600)
        file.begin()
        fill(disk, 8192)
        with pytest.raises(DiskFull):
            for _ in range(100):
                file.write(ramp(RATE))
        file.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        WavFile(tmp_path / "nowhere" / "voice.wav", RATE, 60)
