"""One contract for all loudspeakers: silence, PortAudio on ALSA, PortAudio on PulseAudio."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np
import pytest
from ui.player.films import PULSE_SECONDS, pulses, pulses_in
from ui.player.outputs import alsa_tape, no_output, pulse_server
from ui.player.patience import children, until

from appliance.errors import SpeakerError
from appliance.settings import Settings, SpeakerSettings
from appliance.ui.player.pyaudio_speaker import PyAudioSpeaker
from appliance.ui.player.select import speaker_from
from appliance.ui.player.silent_speaker import SilentSpeaker, silence
from appliance.ui.player.speaker import RATE, Speaker, SpeakerStream
from appliance.ui.player.steady import SteadyStream


@contextlib.contextmanager
def surrounded(monkeypatch: pytest.MonkeyPatch, environment: Dict[str, str]) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(params=["silent", "alsa", "pulse"])
def speaker(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Speaker]:
    if request.param == "silent":
        yield SilentSpeaker()
    elif request.param == "alsa":
        with surrounded(monkeypatch, alsa_tape(tmp_path)):
            yield PyAudioSpeaker()
    else:
        with pulse_server() as server, surrounded(monkeypatch, server.environment):
            yield PyAudioSpeaker()


def standing(stream: SpeakerStream) -> float:
    """The position once it does not move any more."""
    seen: List[float] = [-1.0]

    def stands() -> bool:
        seen.append(stream.position())
        time.sleep(0.4)
        return stream.position() == seen[-1]

    until(stands)
    return seen[-1]


def test_what_is_written_is_heard_in_its_time(speaker: Speaker) -> None:
    with speaker.open() as stream:
        assert stream.position() == 0.0
        began = time.monotonic()
        stream.write(silence(0.3))
        stream.write(silence(0.3))
        positions = [0.0]
        while positions[-1] < 0.599:
            positions.append(stream.position())
            assert time.monotonic() - began < 60
            time.sleep(0.002)
        assert time.monotonic() - began > 0.55, "nothing is heard faster than it lasts"
        assert positions == sorted(positions) and positions[-1] <= 0.6
        assert standing(stream) == pytest.approx(0.6, abs=0.001)
        stream.write(silence(0.2))
        until(lambda: stream.position() > 0.799)
        assert standing(stream) == pytest.approx(0.8, abs=0.001)


def test_pause_and_resume(speaker: Speaker) -> None:
    with speaker.open() as stream:
        stream.write(silence(30.0))
        until(lambda: stream.position() > 0.2)
        stream.pause()
        stopped = standing(stream)
        assert 0.2 < stopped < 29
        stream.resume()
        until(lambda: stream.position() > stopped + 0.2)


def test_paused_from_the_start_nothing_is_heard(speaker: Speaker) -> None:
    with speaker.open() as stream:
        stream.pause()
        stream.write(silence(1.0))
        assert standing(stream) == 0.0
        stream.resume()
        until(lambda: stream.position() > 0.999)


def test_flush(speaker: Speaker) -> None:
    with speaker.open() as stream:
        stream.write(silence(60.0))
        until(lambda: stream.position() > 0.3)
        stream.flush()
        stream.write(silence(0.2))
        assert stream.position() <= 0.2
        until(lambda: stream.position() > 0.199)
        assert standing(stream) == pytest.approx(0.2, abs=0.001)
        stream.pause()
        stream.flush()
        stream.write(silence(0.2))
        assert standing(stream) == 0.0, "still paused"


def test_closed(speaker: Speaker, capfd: Any) -> None:
    stream = speaker.open()
    stream.write(silence(5.0))
    stream.close()
    stream.close()
    with pytest.raises(SpeakerError):
        stream.write(silence(0.1))
    with pytest.raises(SpeakerError):
        stream.position()
    assert capfd.readouterr().err == "", "what ALSA and JACK have to say is nobody's business"


# --- PortAudio --------------------------------------------------------------------------------------------------------


def test_the_device_is_given_the_very_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = np.round(pulses(1.3) * 32767).astype(np.int16)
    with surrounded(monkeypatch, alsa_tape(tmp_path)), PyAudioSpeaker().open() as stream:
        stream.write(np.stack([sound, sound], axis=1))
        until(lambda: stream.position() > 1.299)
    tape = np.frombuffer((tmp_path / "tape").read_bytes(), dtype="<i2").reshape(-1, 2)
    heard = pulses_in(tape)
    assert len(heard) == 3
    assert np.diff(heard) == pytest.approx([PULSE_SECONDS] * 2, abs=1 / RATE)


def test_an_output_is_chosen_by_a_part_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with surrounded(monkeypatch, alsa_tape(tmp_path)):
        with PyAudioSpeaker("tap").open() as stream:
            stream.write(silence(0.1))
            until(lambda: stream.position() > 0.09)
        with pytest.raises(SpeakerError):
            PyAudioSpeaker("headphones").open()


def test_without_an_output_there_is_a_plain_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    with surrounded(monkeypatch, no_output(tmp_path)), pytest.raises(SpeakerError):
        PyAudioSpeaker().open()
    assert capfd.readouterr().err == ""


def test_the_server_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with pulse_server() as server, surrounded(monkeypatch, server.environment), PyAudioSpeaker().open() as stream:
        stream.write(silence(60.0))
        until(lambda: stream.position() > 0.2)
        server.kill()
        until(lambda: _lost(stream))


def test_a_driver_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with surrounded(monkeypatch, alsa_tape(tmp_path)), PyAudioSpeaker().open() as stream:
        stream.write(silence(60.0))
        until(lambda: stream.position() > 0.2)
        (program,) = children("portaudio")
        os.kill(program.pid, signal.SIGSTOP)
        until(lambda: _lost(stream))


def _lost(stream: SpeakerStream) -> bool:
    try:
        stream.position()
    except SpeakerError:
        return True
    return False


# --- whatever happens -------------------------------------------------------------------------------------------------


def test_sound_goes_on_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost in the middle: told once, and time goes on from there."""
    told: List[SpeakerError] = []
    with surrounded(monkeypatch, alsa_tape(tmp_path)), SteadyStream(PyAudioSpeaker(), told.append) as stream:
        stream.write(silence(1.0))
        until(lambda: stream.position() > 0.2)
        (program,) = children("portaudio")
        program.kill()
        positions = [0.2]
        until(lambda: positions.append(stream.position()) or positions[-1] > 0.999)  # type: ignore[func-returns-value]
        assert positions == sorted(positions)
        assert len(told) == 1
        stream.write(silence(0.2))
        until(lambda: stream.position() > 1.199)
        stream.flush()
        stream.write(silence(0.1))
        until(lambda: stream.position() > 0.099)
        assert standing(stream) == pytest.approx(0.1, abs=0.001) and len(told) == 1


def test_lost_while_paused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: List[SpeakerError] = []
    with surrounded(monkeypatch, alsa_tape(tmp_path)), SteadyStream(PyAudioSpeaker(), told.append) as stream:
        stream.pause()
        stream.write(silence(1.0))
        (program,) = children("portaudio")
        program.kill()
        until(lambda: stream.position() >= 0.0 and told)
        assert standing(stream) == 0.0
        stream.resume()
        until(lambda: stream.position() > 0.999)


def test_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: List[SpeakerError] = []
    with surrounded(monkeypatch, no_output(tmp_path)), SteadyStream(PyAudioSpeaker(), told.append) as stream:
        assert len(told) == 1
        stream.write(silence(0.2))
        until(lambda: stream.position() > 0.199)


def test_the_settings_choose() -> None:
    assert isinstance(speaker_from(Settings()), PyAudioSpeaker)
    assert isinstance(speaker_from(Settings(speaker=SpeakerSettings(backend="silent"))), SilentSpeaker)
