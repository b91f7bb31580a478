"""What every microphone does, on real PortAudio over ALSA and PulseAudio, on Huawei's calls, and on a file."""

from __future__ import annotations

import threading
from typing import List

import numpy as np
import psutil
import pytest
from capture.microphone.rigs import HERTZ, LOUDNESS, PATIENCE_SECONDS, Rig, listen, loudness, patiently, pitch

from appliance.errors import MicrophoneLost, MicrophoneMissing, SonicError


def test_a_microphone_is_listed_once_and_one_is_the_default(rig: Rig) -> None:
    devices = rig.microphone.devices()
    names = [device.name for device in devices]
    assert any(rig.device in name.lower() for name in names)
    assert len(set(names)) == len(names)
    assert [device.default for device in devices].count(True) == 1


def test_it_hears_the_tone_at_its_pitch_and_level(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    with rig.open() as stream:
        for _ in patiently():
            heard = listen(stream, 1.0)
            if abs(loudness(heard) - LOUDNESS) < 0.3:  # a player may take a while to begin
                break
        assert pitch(heard, stream.rate) == pytest.approx(HERTZ, abs=1.5)
    assert capfd.readouterr() == ("", "")


def test_sound_comes_in_short_blocks_of_16_bits(rig: Rig) -> None:
    with rig.open() as stream:
        for _ in range(10):
            block = stream.read(PATIENCE_SECONDS)
            assert block.dtype == np.int16
            assert block.ndim == 1
            assert 0 < len(block) <= 0.1 * stream.rate


def test_the_default_is_taken_where_none_is_named(rig: Rig) -> None:
    with rig.microphone.open() as stream:
        assert len(stream.read(PATIENCE_SECONDS))


def test_a_name_that_nothing_has_is_missing(rig: Rig) -> None:
    with pytest.raises(MicrophoneMissing):
        rig.microphone.open("no such microphone")


def test_it_can_be_opened_again_and_again(rig: Rig) -> None:
    for _ in range(3):
        stream = rig.open()
        stream.read(PATIENCE_SECONDS)
        stream.close()
        stream.close()
        with pytest.raises(MicrophoneLost):
            stream.read(PATIENCE_SECONDS)
    assert all(child.name() in ("pulseaudio", "paplay") for child in psutil.Process().children())


def test_closing_ends_a_read_that_waits(rig: Rig) -> None:
    stream = rig.open()
    begun = threading.Event()
    ends: List[SonicError] = []

    def read() -> None:
        try:
            while True:
                stream.read(PATIENCE_SECONDS)
                begun.set()
        except SonicError as error:
            ends.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(PATIENCE_SECONDS)
    stream.close()
    reader.join(PATIENCE_SECONDS)
    assert [type(error) for error in ends] == [MicrophoneLost]


@pytest.mark.parametrize("rig", ("file", "file-at-once", "card", "pulse", "ascend"), indirect=True)
def test_pulled_out_it_is_lost_and_missing_until_it_is_back(rig: Rig) -> None:
    with rig.open() as stream:
        stream.read(PATIENCE_SECONDS)
        rig.unplug()
        with pytest.raises(MicrophoneLost):
            for _ in patiently():
                stream.read(3.0)
    with pytest.raises(MicrophoneMissing):
        rig.open()
    rig.plug()
    with rig.open() as stream:
        assert len(stream.read(PATIENCE_SECONDS))
