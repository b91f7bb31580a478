"""Speech: every kind of recording arrives as the same 16 kHz sound; what cannot be used is refused by name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Tuple, Type

import numpy as np
import pytest
from media import ENGLISH, MANDARIN, encode, ffmpeg, noise, sound_of, tone, write_wav
from mutations import wav

from appliance.errors import (
    OutputError,
    SonicError,
    SpeechClipped,
    SpeechCorrupt,
    SpeechNotFound,
    SpeechSilent,
    SpeechTooLong,
    SpeechTooShort,
    SpeechUnreadable,
)
from appliance.models import ModelStore
from appliance.pipeline.speech import load_speech, open_speech
from appliance.pipeline.speech.mel import log_mel

ROOT = Path(__file__).resolve().parents[3]


def alignment(ours: np.ndarray, theirs: np.ndarray) -> Tuple[int, float]:
    """By how many samples ours is later, and how much it is the same sound (1 = exactly)."""
    size = 1 << (len(ours) + len(theirs)).bit_length()
    products = np.fft.irfft(np.fft.rfft(ours, size) * np.conj(np.fft.rfft(theirs, size)), size)
    lag = int(products.argmax())
    return (lag if lag < size // 2 else lag - size), products.max() / (np.linalg.norm(ours) * np.linalg.norm(theirs))


# --- what is accepted -------------------------------------------------------------------------------------------------

FORMATS = {
    "16bit.wav": (),
    "24bit.wav": ("-c:a", "pcm_s24le", "-ar", "44100"),
    "8bit.wav": ("-c:a", "pcm_u8"),
    "float.wav": ("-c:a", "pcm_f32le", "-ar", "96000"),
    "telephone.wav": ("-c:a", "pcm_mulaw", "-ar", "8000"),
    "stereo.wav": ("-ac", "2", "-ar", "48000"),
    "cinema.flac": ("-af", "pan=5.1|FC=c0", "-ar", "48000"),
    "mp3.mp3": ("-b:a", "128k"),
    "aac.m4a": ("-c:a", "aac", "-b:a", "128k"),
    "adts.aac": ("-c:a", "aac", "-b:a", "128k"),
    "vorbis.ogg": ("-c:a", "libvorbis", "-q:a", "6"),
    "opus.opus": ("-c:a", "libopus", "-b:a", "96k"),
    "browser.webm": ("-c:a", "libopus", "-b:a", "96k"),
}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_arrives_as_the_same_sound(name: str, tmp_path: Path, store: ModelStore) -> None:
    recording = encode(ENGLISH, tmp_path / name, *FORMATS[name])
    reference = sound_of(ENGLISH)
    with load_speech(recording, tmp_path, store) as speech:
        # ADTS cannot say that the encoder put 1,024 samples of silence first.
        late = round(1024 * 16 / 24) if name == "adts.aac" else 0
        assert speech.duration == pytest.approx(len(reference) / 16_000, abs=0.1)
        assert speech.frames == round(speech.duration * 25) == len(speech.voice)
        assert speech.samples == pytest.approx(speech.duration * 16_000, abs=2)
        lag, similarity = alignment(speech.read(0, speech.samples), reference)
        assert abs(lag - late) <= 64, "4 ms, a tenth of a frame: old ffmpegs drop a little less of Opus's lead"
        assert similarity > 0.95


def test_the_sound_track_of_a_film_is_taken_from_its_first_sample(tmp_path: Path, store: ModelStore) -> None:
    """A track that starts late within its container: video.py lays the same samples under the picture."""
    picture = ("-f", "lavfi", "-i", "color=s=64x64:r=25:d=9")
    film = tmp_path / "film.mp4"
    ffmpeg(*picture, "-itsoffset", "1", "-i", str(ENGLISH), "-map", "0:v", "-map", "1:a", str(film), target=film)
    with load_speech(film, tmp_path, store) as speech:
        assert speech.duration == pytest.approx(len(sound_of(ENGLISH)) / 16_000, abs=0.1)
        lag, similarity = alignment(speech.read(0, speech.samples), sound_of(ENGLISH))
        assert 0 <= lag <= round(1024 * 16 / 24), "at most the encoder's lead, where the file does not say to drop it"
        assert similarity > 0.95


@pytest.mark.parametrize(
    "name",
    ["-i.wav", "two words.wav", "http:x.wav", "concat:a|b.wav", "pipe:0", "%03d.wav", "语音.wav", "a'b\"c$(id).wav"],
)
def test_a_name_is_only_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: ModelStore) -> None:
    encode(ENGLISH, tmp_path / "plain.wav").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with load_speech(Path(name), tmp_path, store) as speech:
        assert speech.duration == pytest.approx(6.35, abs=0.01)


def test_channels_that_cancel_do_not_become_silence(tmp_path: Path, store: ModelStore) -> None:
    english = sound_of(ENGLISH)
    opposite = write_wav(tmp_path / "opposite.wav", np.stack([english, -0.8 * english], axis=1))
    with load_speech(opposite, tmp_path, store) as speech:
        lag, similarity = alignment(speech.read(0, speech.samples), english)
        assert lag == 0
        assert similarity > 0.99
        assert speech.loudness == pytest.approx(-22.1, abs=0.5)


def test_a_damaged_channel_of_numbers_that_are_none_is_silence(tmp_path: Path, store: ModelStore) -> None:
    samples = sound_of(ENGLISH).copy()
    samples[8000:8100] = np.nan
    samples[9000:9002] = np.inf, 1e38
    raw = tmp_path / "raw"
    raw.write_bytes(samples.tobytes())
    wav = tmp_path / "nan.wav"
    ffmpeg("-f", "f32le", "-ar", "16000", "-ac", "1", "-i", str(raw), "-c", "copy", str(wav), target=wav)
    with load_speech(wav, tmp_path, store) as speech:
        assert np.isfinite(speech.read(0, speech.samples)).all()


# --- level ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decibel", [-30, -20, -6, 0])
def test_quiet_and_loud_recordings_are_heard_alike(decibel: float, tmp_path: Path, store: ModelStore) -> None:
    recording = encode(ENGLISH, tmp_path / "level.flac", "-af", f"volume={decibel}dB", "-sample_fmt", "s32")
    with load_speech(ENGLISH, tmp_path, store) as normal, load_speech(recording, tmp_path, store) as speech:
        assert speech.loudness == pytest.approx(normal.loudness + decibel, abs=0.1)
        difference = speech.read(0, 90_000) - normal.read(0, 90_000)
        assert np.abs(difference).max() < 1e-3
        assert np.abs(speech.voice - normal.voice).max() < 0.1


def test_the_gain_has_a_limit(tmp_path: Path, store: ModelStore) -> None:
    recording = encode(ENGLISH, tmp_path / "faint.flac", "-af", "volume=-40dB", "-sample_fmt", "s32")
    with load_speech(recording, tmp_path, store) as speech:
        gain = speech.read(0, speech.samples) / sound_of(recording)[: speech.samples].clip(1e-9, None)
        assert 20 * np.log10(np.median(gain[gain > 1])) == pytest.approx(30, abs=0.05)


def test_a_full_scale_recording_that_is_not_cut_off_is_accepted(tmp_path: Path, store: ModelStore) -> None:
    loud = sound_of(MANDARIN, 48_000) / np.abs(sound_of(MANDARIN, 48_000)).max()
    with load_speech(write_wav(tmp_path / "loud.wav", loud, 48_000), tmp_path, store) as speech:
        assert speech.peak == pytest.approx(1, abs=1e-3)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_reading_beyond_the_ends_gives_silence(tmp_path: Path, store: ModelStore) -> None:
    with load_speech(ENGLISH, tmp_path, store) as speech:
        assert not speech.read(-500, 500).any()
        assert not speech.read(speech.samples, 100).any()
        around = speech.read(-100, speech.samples + 200)
        assert (around[100:-100] == speech.read(0, speech.samples)).all()
        assert (speech.mel(-4, 4) == log_mel(np.zeros(16 * 160 + 240))).all()


def test_mel_columns_belong_to_their_video_frames(tmp_path: Path, store: ModelStore) -> None:
    with load_speech(ENGLISH, tmp_path, store) as speech:
        whole = speech.mel(0, 100)
        assert whole.shape == (80, 400)
        assert np.allclose(whole[:, 40 * 4 : 60 * 4], speech.mel(40, 20), atol=1e-4)
        energy = [np.square(speech.read(frame * 640, 640)).sum() for frame in range(100)]
        assert np.corrcoef(np.log(np.add(energy, 1e-6)), whole.reshape(80, 100, 4).mean((0, 2)))[0, 1] > 0.8


# --- hearing by and by ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 s that become 12 dB quieter in the middle."""
    path = tmp_path_factory.mktemp("speech") / "lecture.flac"
    quieter = "volume='if(lt(t,40),1,0.25)':eval=frame"
    return ffmpeg("-stream_loop", "13", "-i", str(ENGLISH), "-t", "80", "-af", quieter, str(path), target=path)


def test_little_more_than_half_a_minute_is_heard_ahead(lecture: Path, tmp_path: Path, store: ModelStore) -> None:
    with open_speech(lecture, tmp_path, store) as speech:
        speech.hear_until(50)
        assert speech.expected_frames == 2000
        assert len(speech.voice) >= 50 and speech.found and not speech.complete
        assert speech.heard < 45


def test_what_was_heard_does_not_change_when_more_is_heard(lecture: Path, tmp_path: Path, store: ModelStore) -> None:
    with load_speech(lecture, tmp_path, store) as whole, open_speech(lecture, tmp_path, store) as speech:
        assert whole.complete and whole.frames == 2000
        for frame in range(0, 1990, 130):
            speech.hear_until(frame + 1)
            known = len(speech.voice) if speech.complete else len(speech.voice) - 25
            assert np.array_equal(speech.voice, whole.voice[: len(speech.voice)])
            start = min(frame, known - 20) * 640
            assert np.array_equal(speech.read(start, 20 * 640), whole.read(start, 20 * 640))
        while not speech.complete:
            speech.hear()
        assert speech.duration == whole.duration and speech.loudness == whole.loudness


def test_the_level_follows_a_long_recording_without_a_jump(lecture: Path, tmp_path: Path, store: ModelStore) -> None:
    with load_speech(lecture, tmp_path, store) as speech:
        heard = speech.read(0, speech.samples)
        plain = sound_of(lecture)[: len(heard)]
        loud = np.abs(plain) > 0.02
        gain = 20 * np.log10(np.abs(heard[loud]) / np.abs(plain[loud]))
        at = np.flatnonzero(loud) / 16_000
    assert gain[at > 75].mean() > gain[at < 5].mean() + 1
    by_second = np.array([np.median(gain[at.astype(int) == second]) for second in np.unique(at.astype(int))])
    assert np.abs(np.diff(by_second)).max() < 1.5


def test_a_recording_that_is_too_long_is_refused_before_it_is_decoded(
    lecture: Path, tmp_path: Path, store: ModelStore
) -> None:
    with open_speech(lecture, tmp_path, store, longest=60.0) as speech:
        with pytest.raises(SpeechTooLong, match="longer than 1 min"):
            speech.hear()
        assert speech.heard == 0


def test_a_recording_that_hides_its_length_is_refused_when_it_is_too_long(
    lecture: Path, tmp_path: Path, store: ModelStore
) -> None:
    raw = encode(lecture, tmp_path / "stream.aac", "-c:a", "aac")
    with open_speech(raw, tmp_path, store, longest=60.0) as speech, pytest.raises(SpeechTooLong):
        while not speech.complete:
            speech.hear()


# --- what is refused --------------------------------------------------------------------------------------------------


def cut(suffix: str, *options: str, share: float = 0.6) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        whole = encode(ENGLISH, folder / ("whole" + suffix), *options).read_bytes()
        path = folder / ("cut" + suffix)
        path.write_bytes(whole[: int(share * len(whole))])
        return path

    return make


def overwritten(suffix: str, *options: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        whole = bytearray(encode(ENGLISH, folder / ("whole" + suffix), *options).read_bytes())
        middle = len(whole) // 2
        whole[middle : middle + len(whole) // 5] = np.random.RandomState(0).bytes(len(whole) // 5)
        path = folder / ("overwritten" + suffix)
        path.write_bytes(whole)
        return path

    return make


def content(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def sound(samples: np.ndarray) -> Callable[[Path], Path]:
    return lambda folder: write_wav(folder / "sound.wav", samples)


def directory(folder: Path) -> Path:
    (folder / "directory.wav").mkdir()
    return folder / "directory.wav"


def pipe(folder: Path) -> Path:
    os.mkfifo(str(folder / "pipe.wav"))
    return folder / "pipe.wav"


def mute_film(folder: Path) -> Path:
    film = folder / "mute.mp4"
    return ffmpeg("-f", "lavfi", "-i", "color=s=64x64:d=1", str(film), target=film)


def playlist(folder: Path) -> Path:
    encode(ENGLISH, folder / "secret.wav")
    return content("list.ffconcat", b"ffconcat version 1.0\nfile secret.wav\n")(folder)


def hls(folder: Path) -> Path:
    encode(ENGLISH, folder / "secret.ts", "-c:a", "aac")
    return content("list.mp3", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:6,\nsecret.ts\n#EXT-X-ENDLIST\n")(folder)


def overdriven(folder: Path) -> Path:
    return write_wav(folder / "overdriven.wav", 12 * sound_of(ENGLISH, 48_000), 48_000)


REFUSED: Dict[str, Tuple[Callable[[Path], Path], Type[SonicError]]] = {
    "missing": (lambda folder: folder / "missing.wav", SpeechNotFound),
    "directory": (directory, SpeechNotFound),
    "pipe": (pipe, SpeechNotFound),
    "empty": (content("empty.wav", b""), SpeechUnreadable),
    "text": (content("text.mp3", b"this is no sound\n" * 99), SpeechUnreadable),
    "random": (content("random.wav", np.random.RandomState(1).bytes(50_000)), SpeechUnreadable),
    "picture": (content("picture.wav", b"\x89PNG\r\n\x1a\n" + bytes(500)), SpeechUnreadable),
    "mute film": (mute_film, SpeechUnreadable),
    "concat script": (playlist, SpeechUnreadable),
    "HLS playlist": (hls, SpeechUnreadable),
    "WAV of 2 samples a second": (content("slow.wav", wav(bytes(80_000), rate=2, length=2**32 - 1)), SpeechUnreadable),
    "cut WAV": (cut(".wav"), SpeechCorrupt),
    "WAV header only": (cut(".wav", "-fflags", "+bitexact", share=0.0001), SpeechUnreadable),
    "cut FLAC": (cut(".flac"), SpeechCorrupt),
    "cut MP3": (cut(".mp3"), SpeechCorrupt),
    "cut M4A": (cut(".m4a"), SpeechCorrupt),
    "cut M4A for the web": (cut(".m4a", "-movflags", "+faststart"), SpeechCorrupt),
    "overwritten FLAC": (overwritten(".flac"), SpeechCorrupt),
    "overwritten MP3": (overwritten(".mp3"), SpeechCorrupt),
    "overwritten M4A": (overwritten(".m4a", "-movflags", "+faststart"), SpeechCorrupt),
    "no samples": (sound(np.zeros(0)), SpeechTooShort),
    "0.49 s": (sound(noise(0.49)), SpeechTooShort),
    "digital silence": (sound(np.zeros(32_000)), SpeechSilent),
    "microphone noise": (sound(noise(3, 0.0005)), SpeechSilent),
    "loud noise": (sound(noise(3, 0.1)), SpeechSilent),
    "tone": (sound(tone(3)), SpeechSilent),
    "overdriven": (overdriven, SpeechClipped),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_cannot_be_used_is_refused_by_name(case: str, tmp_path: Path, store: ModelStore) -> None:
    make, expected = REFUSED[case]
    recording, workdir = make(tmp_path), tmp_path / "work"
    workdir.mkdir()
    with pytest.raises(SonicError) as caught:
        load_speech(recording, workdir, store)
    assert type(caught.value) is expected, caught.value.detail
    assert str(tmp_path) not in caught.value.detail, "paths are personal and stay out of the log"
    assert list(workdir.iterdir()) == []


def test_a_work_folder_that_is_not_there_is_an_output_error(tmp_path: Path, store: ModelStore) -> None:
    with pytest.raises(OutputError):
        load_speech(ENGLISH, tmp_path / "missing", store)


def test_the_temporary_sound_is_gone_after_use(tmp_path: Path, store: ModelStore) -> None:
    with load_speech(ENGLISH, tmp_path, store):
        pass
    assert list(tmp_path.iterdir()) == []


# --- memory -----------------------------------------------------------------------------------------------------------

PEAK = """
import resource, sys
from pathlib import Path
from appliance.pipeline.speech import load_speech, open_speech
with load_speech(Path(sys.argv[1]), Path(sys.argv[2])) as speech:
    speech.mel(speech.frames - 40, 40)
    print(speech.frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_ten_minutes_need_no_more_memory_than_ten_seconds(tmp_path: Path, store: ModelStore) -> None:
    def peak(loops: int) -> int:
        """kB of resident memory at the most. Held whole, 10 min at 48 kHz would be 115 MB, at 16 kHz 38 MB."""
        path = tmp_path / f"{loops}.wav"
        ffmpeg("-stream_loop", str(loops - 1), "-i", str(ENGLISH), "-ar", "48000", str(path), target=path)
        command = [sys.executable, "-c", PEAK, str(path), str(tmp_path)]
        frames, kilobytes = subprocess.run(command, cwd=str(ROOT), check=True, stdout=subprocess.PIPE).stdout.split()
        assert int(frames) == pytest.approx(loops * 6.35 * 25, abs=1)
        return int(kilobytes)

    assert peak(95) - peak(2) < 10_000
