"""Recording a voice: its ends, its accidents, and what is left on the disk."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
from capture.microphone.recordings import (
    EnergyDetector,
    Failed,
    Heard,
    Recorded,
    Recording,
    Recovered,
    rate_of,
    samples_of,
)
from capture.microphone.rigs import (
    HERTZ,
    LOUDNESS,
    PATIENCE_SECONDS,
    Rig,
    file_rig,
    loudness,
    patiently,
    pitch,
    pulse_rig,
)
from disks import fill, small_disk
from helpers import REPOSITORY
from media import ENGLISH, encode, sound_of, tone, write_wav

from appliance.capture.microphone.base import MicrophoneStream
from appliance.capture.microphone.file import FileMicrophone
from appliance.capture.microphone.silence import silero
from appliance.errors import DiskFull, MicrophoneLost, MicrophoneMissing, ModelMissing
from appliance.models import ModelStore
from appliance.pipeline.speech.decode import AudioDecoder

RATE = 16_000


def speech_then_silence(path: Path, speech: float = 3.0) -> Path:
    """A tone, which the energy detector takes for a voice; the file microphone is silent after its end."""
    return write_wav(path, tone(speech, HERTZ, 0.5, RATE), RATE)


# --- how a recording ends ---------------------------------------------------------------------------------------------


def test_speech_is_recorded_as_it_is_until_its_speaker_is_silent(tmp_path: Path, store: ModelStore) -> None:
    path = tmp_path / "voice.wav"
    recording = Recording(FileMicrophone(ENGLISH, real_time=False), activity=silero(store))
    recording.recorder.record(path, 60)
    with recording:
        recorded = recording.until(Recorded)
    assert (recorded.path, recorded.reason) == (path, "silence")
    rate, samples = rate_of(path), samples_of(path)
    assert recorded.seconds == pytest.approx(len(samples) / rate)
    spoken = np.flatnonzero(np.abs(samples) > 0.05 * 32_768)
    assert 2.0 <= (len(samples) - spoken[-1]) / rate < 3.0
    whole = np.pad(sound_of(ENGLISH, rate) * 32_768, (0, len(samples)), mode="constant")
    assert np.abs(samples - whole[: len(samples)]).max() <= 1


def test_a_pause_between_sentences_does_not_end_it(tmp_path: Path) -> None:
    sentence, pause = tone(1.0, HERTZ, 0.5, RATE), np.zeros(int(1.5 * RATE))
    source = write_wav(tmp_path / "source.wav", np.concatenate([sentence, pause] * 3), RATE)
    recording = Recording(FileMicrophone(source, real_time=False))
    recording.recorder.record(tmp_path / "voice.wav", 60)
    with recording:
        recorded = recording.until(Recorded)
    assert recorded.reason == "silence"
    assert recorded.seconds == pytest.approx(1.0 + 2 * 2.5 + 2.0, abs=0.2)


def test_who_has_not_begun_to_speak_is_waited_for(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "source.wav", np.zeros(RATE), RATE)
    with Recording(FileMicrophone(source, real_time=False)) as recording:
        recording.recorder.record(tmp_path / "voice.wav", 20)
        assert recording.until(Recorded).reason == "limit"


def test_at_the_limit_it_ends_to_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    source = speech_then_silence(tmp_path / "source.wav", 30)
    with Recording(FileMicrophone(source, real_time=False)) as recording:
        recording.recorder.record(path, 2.5)
        recorded = recording.until(Recorded)
    assert (recorded.reason, recorded.seconds) == ("limit", 2.5)
    assert len(samples_of(path)) == 2.5 * RATE


def test_while_a_button_is_held_silence_does_not_end_it(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    source = speech_then_silence(tmp_path / "source.wav", 0.5)
    with Recording(FileMicrophone(source, real_time=False)) as recording:
        recording.recorder.record(path, 3600, auto_stop=False)
        recording.recorded(20)
        recording.recorder.finish()
        recorded = recording.until(Recorded)
    assert recorded.reason == "finished"
    assert recorded.seconds >= 20
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_button_pressed_and_let_go_at_once_gives_a_recording(tmp_path: Path) -> None:
    """Too short, which whoever looks at it says more kindly than an error of a device."""
    with Recording(FileMicrophone(speech_then_silence(tmp_path / "source.wav"))) as recording:
        recording.recorder.record(tmp_path / "voice.wav", 60)
        recording.recorder.finish()
        recorded = recording.until(Recorded)
    assert recorded.seconds < 1.0
    assert len(samples_of(recorded.path)) == round(recorded.seconds * RATE)


def test_a_machine_without_the_detector_records_all_the_same(tmp_path: Path) -> None:
    def missing() -> EnergyDetector:
        raise ModelMissing("silero")

    with Recording(FileMicrophone(speech_then_silence(tmp_path / "source.wav"), False), activity=missing) as recording:
        recording.recorder.record(tmp_path / "voice.wav", 10)
        assert recording.until(Recorded).reason == "limit"


# --- what is told meanwhile -------------------------------------------------------------------------------------------


def test_levels_are_told_before_during_and_after_a_recording(tmp_path: Path) -> None:
    rig = file_rig(tmp_path, real_time=False)
    with Recording(rig.microphone) as recording:
        before = recording.until(Heard)
        recording.recorder.record(tmp_path / "voice.wav", 2)
        recorded = recording.until(Recorded)
        after = recording.until(Heard, after=recording.events.index(recorded))
    assert (before.seconds, after.seconds) == (0.0, 0.0)
    assert before.loudness == pytest.approx(LOUDNESS, abs=0.1)
    told = [event.seconds for event in recording.events if isinstance(event, Heard) and event.seconds]
    assert told == sorted(told)
    assert told[-1] == 2.0


@pytest.mark.parametrize("peak, warning", ((3.0, "clipping"), (0.003, "quiet"), (0.3, "")))
def test_a_bad_level_is_told(tmp_path: Path, peak: float, warning: str) -> None:
    source = write_wav(tmp_path / "source.wav", tone(60, HERTZ, peak, RATE), RATE)
    recording = Recording(FileMicrophone(source, real_time=False), activity=None)
    recording.recorder.record(tmp_path / "voice.wav", 10)
    with recording:
        recording.until(Recorded)
    assert [event.warning for event in recording.events if isinstance(event, Heard) and event.seconds][-1] == warning


def test_the_silence_is_told_as_it_grows(tmp_path: Path) -> None:
    recording = Recording(FileMicrophone(speech_then_silence(tmp_path / "source.wav"), real_time=False))
    recording.recorder.record(tmp_path / "voice.wav", 60)
    with recording:
        recording.until(Recorded)
    silences = [event.silence for event in recording.events if isinstance(event, Heard) and event.seconds]
    assert silences[0] == 0.0
    assert 2.0 <= silences[-1] < 2.2


# --- what is thrown away ----------------------------------------------------------------------------------------------


def test_a_discarded_recording_is_gone_at_once_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    rig = file_rig(tmp_path, real_time=False)
    with Recording(rig.microphone) as recording:
        for _ in range(3):
            recording.recorder.record(path, 3600)
            recording.recorded(0.5)
            recording.recorder.discard()
            assert not path.exists()
        recording.recorder.record(path, 2)
        recording.until(Recorded)
    assert recording.kinds() == [Recorded]
    assert len(samples_of(path)) == 2 * rate_of(path)


def test_a_discarded_wish_leaves_no_file(tmp_path: Path) -> None:
    rig = file_rig(tmp_path, real_time=False)
    with Recording(rig.microphone) as recording:
        for number in range(50):
            recording.recorder.record(tmp_path / f"voice-{number}.wav", 3600)
            recording.recorder.discard()
        recording.until(Heard, after=len(recording.events))
    assert not list(tmp_path.glob("voice*"))
    assert recording.milestones() == []


def test_closing_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    rig = file_rig(tmp_path, real_time=False)
    with Recording(rig.microphone) as recording:
        recording.recorder.record(tmp_path / "voice.wav", 3600)
        recording.recorded(1.0)
        recording.recorder.close()
        told = len(recording.events)
        recording.recorder.close()
    assert not (tmp_path / "voice.wav").exists()
    assert len(recording.events) == told


def test_a_recorder_that_was_never_started_can_be_closed(tmp_path: Path) -> None:
    recording = Recording(FileMicrophone(tmp_path / "none.wav"))
    recording.recorder.close()
    assert recording.events == []


# --- accidents --------------------------------------------------------------------------------------------------------


def test_a_missing_microphone_is_told_once_and_awaited(tmp_path: Path) -> None:
    rig = file_rig(tmp_path, real_time=True)
    rig.unplug()
    microphone = Counted(tmp_path / "tone.wav")
    with Recording(microphone) as recording:
        failed = recording.until(Failed)
        assert isinstance(failed.error, MicrophoneMissing)
        assert failed.path is None
        for _ in patiently():
            if microphone.openings >= 3:
                break
        recording.recorder.record(tmp_path / "voice.wav", 60)  # whoever wants to record meanwhile is told, too
        assert recording.until(Failed, lambda event: event.path == tmp_path / "voice.wav")
        rig.plug()
        recording.until(Recovered)
        recording.until(Heard)
    assert recording.kinds() == [Failed, Failed, Recovered]


class Counted(FileMicrophone):
    openings = 0

    def open(self, device: str = "") -> MicrophoneStream:
        self.openings += 1
        return super().open(device)


def test_lost_after_a_second_the_recording_counts(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    rig = file_rig(tmp_path, real_time=True)
    with Recording(rig.microphone) as recording:
        recording.recorder.record(path, 60)
        recording.recorded(1.0)
        rig.unplug()
        failed = recording.until(Failed)
        rig.plug()
        recording.until(Recovered)
    assert recording.kinds() == [Recorded, Failed, Recovered]
    recorded = recording.milestones()[0]
    assert recorded.reason == "lost"
    assert len(samples_of(path)) == round(recorded.seconds * rate_of(path))
    assert failed.path is None
    assert isinstance(failed.error, MicrophoneLost)


def test_lost_within_a_second_there_is_no_recording(tmp_path: Path) -> None:
    rig = file_rig(tmp_path, real_time=True)
    with Recording(rig.microphone) as recording:
        recording.until(Heard)
        rig.unplug()
        recording.recorder.record(tmp_path / "voice.wav", 60)
        failed = recording.until(Failed, lambda event: event.path is not None)
    assert failed.path == tmp_path / "voice.wav"
    assert not (tmp_path / "voice.wav").exists()


def test_a_full_disk_ends_the_recording_and_not_the_recorder(tmp_path: Path) -> None:
    rig = file_rig(tmp_path, real_time=False)
    with small_disk(tmp_path / "disk", 2) as disk:
        fill(disk, 500_000)
        with Recording(rig.microphone) as recording:
            recording.recorder.record(disk / "voice.wav", 3600)
            failed = recording.until(Failed)
            assert isinstance(failed.error, DiskFull)
            assert failed.path == disk / "voice.wav"
            recording.until(Heard, after=len(recording.events))
            assert not (disk / "voice.wav").exists()
            recording.recorder.record(disk / "voice.wav", 2)
            assert recording.until(Recorded).seconds == 2.0


def test_events_may_give_orders(tmp_path: Path) -> None:
    """From the recorder's own thread, even to close it."""
    rig = file_rig(tmp_path, real_time=False)
    done = threading.Event()
    recording = Recording(rig.microphone)

    def give_orders(event: object) -> None:
        if isinstance(event, Recorded):
            recording.recorder.close()
            done.set()

    recording.recorder._on_event = give_orders
    with recording:
        recording.recorder.record(tmp_path / "voice.wav", 1)
        assert done.wait(PATIENCE_SECONDS)


KILLED = """
import sys, time
from pathlib import Path
from appliance.capture.microphone.events import Heard
from appliance.capture.microphone.file import FileMicrophone
from appliance.capture.microphone.recorder import Recorder

def tell(event):
    if isinstance(event, Heard) and event.seconds:
        print(event.seconds, flush=True)

recorder = Recorder(FileMicrophone(Path(sys.argv[1])), "", None, tell)
recorder.record(Path(sys.argv[2]), 3600)
recorder.start()
time.sleep(3600)
"""


def test_a_killed_process_leaves_all_but_the_last_second(tmp_path: Path) -> None:
    source, path = tmp_path / "source.wav", tmp_path / "voice.wav"
    write_wav(source, tone(60, HERTZ, 0.5, RATE), RATE)
    command = [sys.executable, "-c", KILLED, str(source), str(path)]
    with subprocess.Popen(command, cwd=str(REPOSITORY), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        recorded = 0.0
        try:
            while recorded < 2.7:
                recorded = float(process.stdout.readline())
                with wave.open(str(path)) as file:  # all the while
                    assert file.getnframes() / RATE > recorded - 1.0
        finally:
            process.kill()
        told = [float(line) for line in process.stdout.read().split()]
    kept = samples_of(path)
    assert len(kept) / RATE > ([recorded] + told)[-1] - 1.0
    assert pitch(kept, RATE) == pytest.approx(HERTZ, abs=1.0)
    assert loudness(kept) == pytest.approx(LOUDNESS, abs=0.1)
    with AudioDecoder(path) as decoder:
        assert sum(len(block) for block in decoder) == len(kept)


# --- on real devices --------------------------------------------------------------------------------------------------


def test_on_every_microphone_a_recording_holds_the_tone(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    recording = Recording(rig.microphone, rig.device, activity=None)
    recording.recorder.record(path, 1.5)
    with recording:
        assert recording.until(Recorded).reason == "limit"
        for _ in patiently():
            if abs(loudness(samples_of(path)) - LOUDNESS) < 0.3:
                break  # else the player had not begun
            told = len(recording.events)
            recording.recorder.record(path, 1.5)
            recording.until(Recorded, after=told)
    samples, rate = samples_of(path), rate_of(path)
    assert len(samples) == 1.5 * rate
    assert pitch(samples, rate) == pytest.approx(HERTZ, abs=1.0)
    assert loudness(samples) == pytest.approx(LOUDNESS, abs=0.3)


def test_a_microphone_of_a_sound_server_is_pulled_out_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with pulse_rig(tmp_path, monkeypatch) as rig, Recording(rig.microphone, rig.device) as recording:
        recording.until(Heard)
        recording.recorder.record(tmp_path / "voice.wav", 60)
        recording.recorded(1.2)
        rig.unplug()
        recording.until(Failed)
        rig.plug()
        recording.until(Recovered)
    assert recording.kinds() == [Recorded, Failed, Recovered]
    assert capfd.readouterr() == ("", "")


def test_a_stereo_mp3_plays_the_microphone(tmp_path: Path, store: ModelStore) -> None:
    source = encode(ENGLISH, tmp_path / "source.mp3", "-ar", "44100", "-ac", "2")
    recording = Recording(FileMicrophone(source, real_time=False), activity=silero(store))
    recording.recorder.record(tmp_path / "voice.wav", 60)
    with recording:
        assert recording.until(Recorded).reason == "silence"
    assert rate_of(tmp_path / "voice.wav") == 44_100
