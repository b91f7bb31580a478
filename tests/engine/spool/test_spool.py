"""The watched folder: what is put into it becomes a video or a reason, once, whatever happens meanwhile."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import logging
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest

from appliance import errors
from appliance.engine.job import Failure, Job, Priority, State
from appliance.engine.spool import Spool, SpoolOptions, errand, inputs
from appliance.engine.spool import spool as loop
from appliance.engine.spool.chinese import CHINESE
from appliance.engine.spool.errand import Errand, Outcome
from appliance.engine.spool.records import FOLDER, Records
from appliance.engine.view import JobView
from appliance.errors import EngineUnavailable, JobNotFound, OutputError, QueueFull, SonicError, UsageError

PATIENCE_S = 60


class FakeEngine:
    """An engine as the spool sees it. A recording of `b"fail"` fails, one of `b"wait"` waits for `finish`."""

    def __init__(self) -> None:
        self.jobs: Dict[str, Job] = {}
        self.videos: Dict[str, bytes] = {}
        self.keys: Dict[str, str] = {}
        self.submitted: List[Dict[str, Any]] = []
        self.away = False
        self.full = False
        self.calls = 0

    def __enter__(self) -> FakeEngine:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def submit(
        self, photo: Path, speech: Path, options: Any, priority: Priority, consent: bool, key: Optional[str]
    ) -> JobView:
        self._answer()
        assert key is not None
        if self.full:
            raise QueueFull()
        contents = {"photo": photo.read_bytes(), "speech": speech.read_bytes()}
        if key not in self.keys:
            job_id = hashlib.sha256(f"{key}{len(self.submitted)}".encode()).hexdigest()[:32]
            self.submitted.append({**contents, "consent": consent, "priority": priority, "options": options})
            self.keys[key] = job_id
            self.jobs[job_id] = Job(job_id, len(self.submitted), priority, State.QUEUED, 0.0)
            self.videos[job_id] = b"video of " + contents["photo"] + contents["speech"]
            if not contents["speech"].startswith(b"wait"):
                self.finish(job_id, failed=contents["speech"].startswith(b"fail"))
        return JobView(self.jobs[self.keys[key]], None, None)

    def finish(self, job_id: str, failed: bool = False) -> None:
        job = self.jobs[job_id]
        failure = Failure("face_not_found", "No face.", "Another photo.") if failed else None
        state = State.FAILED if failed else State.DONE
        self.jobs[job_id] = Job(job.id, job.sequence, job.priority, state, 0.0, failure=failure)

    def job(self, job_id: str) -> JobView:
        self._answer()
        if job_id not in self.jobs:
            raise JobNotFound()
        return JobView(self.jobs[job_id], None, None)

    def save(self, job_id: str, path: Path) -> None:
        self.job(job_id)
        path.write_bytes(self.videos[job_id])

    def delete(self, job_id: str) -> None:
        self.job(job_id)
        del self.jobs[job_id]
        self.keys = {key: job for key, job in self.keys.items() if job != job_id}

    def _answer(self) -> None:
        self.calls += 1
        if self.away:
            raise EngineUnavailable()


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of daily use, made short."""
    monkeypatch.setattr(inputs, "QUIET_S", 0.05)
    monkeypatch.setattr(inputs, "QUIET_BLIND_S", 0.1)
    monkeypatch.setattr(inputs, "PHOTO_PATIENCE_S", 0.2)
    monkeypatch.setattr(errand, "LOOK_S", 0.01)
    monkeypatch.setattr(loop, "FIRST_DELAY_S", 0.02)
    monkeypatch.setattr(loop, "LONGEST_DELAY_S", 0.1)


@pytest.fixture()
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture()
def logged() -> Iterator[List[logging.LogRecord]]:
    """What the spool writes into its log."""
    records: List[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    loop.log.addHandler(handler)
    yield records
    loop.log.removeHandler(handler)


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "spool"
    made.mkdir()
    return made


@contextmanager
def serving(folder: Path, engine: Any, **options: Any) -> Iterator[Spool]:
    spool = Spool(folder, lambda: engine, SpoolOptions(**options))
    try:
        yield spool
    finally:
        spool.close()


def until(spool: Spool, reached: Callable[[], bool]) -> None:
    """Keep the spool going until something has come about and everything it began has ended."""
    deadline = time.monotonic() + PATIENCE_S
    while not (reached() and not spool._running):
        assert time.monotonic() < deadline, "it did not come about"
        spool.look()
        time.sleep(0.005)


def rest(spool: Spool, seconds: float = 0.4) -> None:
    """Longer than everything the spool could still wait for."""
    end = time.monotonic() + seconds
    until(spool, lambda: time.monotonic() > end)


def put(folder: Path, name: str, content: bytes = b"") -> Path:
    path = folder / name
    path.write_bytes(content or name.encode("utf-8", "replace"))
    return path


def seen(folder: Path) -> List[str]:
    """What a user sees."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def hidden(folder: Path) -> List[str]:
    return [path.name for path in (folder / FOLDER).iterdir() if not path.name.endswith(".json")]


def touch(path: Path) -> None:
    later = path.stat().st_mtime_ns + 10**9
    os.utime(str(path), ns=(later, later))


# --- results ----------------------------------------------------------------------------------------------------------


def test_photo_and_recording_become_a_video_and_nothing_else_stays(folder: Path, engine: FakeEngine) -> None:
    put(folder, "Anna.jpg", b"anna")
    put(folder, "Anna.wav", b" speaks")
    with serving(folder, engine, priority=Priority.LECTURE, consent=True) as spool:
        until(spool, lambda: seen(folder) == ["Anna.mp4"])
        rest(spool)
    assert (folder / "Anna.mp4").read_bytes() == b"video of anna speaks"
    assert len(engine.submitted) == 1
    assert (engine.submitted[0]["priority"], engine.submitted[0]["consent"]) == (Priority.LECTURE, True)
    assert engine.jobs == {}
    assert hidden(folder) == []


@pytest.mark.parametrize("recording", ["A.wav", "A.FLAC", "A.mp3", "A.m4a", "A.ogg", "A.opus"])
@pytest.mark.parametrize("photo", ["A.JPG", "A.jpeg", "A.png", "A.webp", "A.bmp"])
def test_every_kind_of_photo_and_recording_is_taken(
    folder: Path, engine: FakeEngine, photo: str, recording: str
) -> None:
    put(folder, photo)
    put(folder, recording)
    with serving(folder, engine) as spool:
        until(spool, lambda: seen(folder) == ["A.mp4"])


def test_the_video_can_be_read_by_whoever_can_read_the_folder(folder: Path, engine: FakeEngine) -> None:
    folder.chmod(0o750)
    put(folder, "A.jpg")
    put(folder, "A.wav")
    mask = os.umask(0o077)
    try:
        with serving(folder, engine) as spool:
            until(spool, lambda: seen(folder) == ["A.mp4"])
    finally:
        os.umask(mask)
    assert (folder / "A.mp4").stat().st_mode & 0o777 == 0o640


def test_one_default_photo_serves_many_recordings_and_stays(folder: Path, engine: FakeEngine) -> None:
    put(folder, "default.jpg", b"teacher")
    put(folder, "own.jpg", b"pupil")
    for name in ("one", "two", "own", "default"):
        put(folder, f"{name}.wav", f" says {name}".encode())
    videos = ["default.mp4", "one.mp4", "own.mp4", "two.mp4"]
    with serving(folder, engine) as spool:
        until(spool, lambda: seen(folder) == sorted(["default.jpg", *videos]))
    assert (folder / "two.mp4").read_bytes() == b"video of teacher says two"
    assert (folder / "own.mp4").read_bytes() == b"video of pupil says own"
    assert (folder / "default.mp4").read_bytes() == b"video of teacher says default"


def test_inputs_that_are_kept_are_not_done_again(folder: Path, engine: FakeEngine) -> None:
    photo, recording = put(folder, "A.jpg"), put(folder, "A.wav")
    with serving(folder, engine, keep_inputs=True) as spool:
        until(spool, (folder / "A.mp4").exists)
        rest(spool)
    touch(photo)
    with serving(folder, engine, keep_inputs=True) as spool:
        rest(spool)
        assert len(engine.submitted) == 1
        recording.write_bytes(b"something else")
        until(spool, lambda: (folder / "A.mp4").read_bytes() == b"video of A.jpgsomething else")
        (folder / "A.mp4").unlink()
        until(spool, lambda: len(engine.submitted) == 3)
    assert seen(folder) == ["A.jpg", "A.mp4", "A.wav"]


def test_a_new_default_photo_is_for_recordings_to_come(folder: Path, engine: FakeEngine) -> None:
    default, _ = put(folder, "default.jpg", b"old"), put(folder, "A.wav")
    with serving(folder, engine, keep_inputs=True) as spool:
        until(spool, (folder / "A.mp4").exists)
        default.write_bytes(b"new")
        put(folder, "B.wav")
        until(spool, (folder / "B.mp4").exists)
        rest(spool)
    assert (folder / "A.mp4").read_bytes() == b"video of oldA.wav"
    assert (folder / "B.mp4").read_bytes() == b"video of newB.wav"


def test_the_same_name_again_replaces_our_own_video(folder: Path, engine: FakeEngine) -> None:
    with serving(folder, engine) as spool:
        for turn in (b"first", b"second"):
            put(folder, "A.jpg")
            put(folder, "A.wav", turn)
            until(spool, lambda: seen(folder) == ["A.mp4"])
    assert (folder / "A.mp4").read_bytes() == b"video of A.jpgsecond"


@pytest.mark.parametrize("when", ["before", "meanwhile", "edited"])
def test_another_file_of_the_videos_name_is_never_overwritten(folder: Path, engine: FakeEngine, when: str) -> None:
    theirs = folder / "A.mp4"
    with serving(folder, engine) as spool:
        if when == "edited":
            put(folder, "A.jpg")
            put(folder, "A.wav", b"first")
            until(spool, lambda: seen(folder) == ["A.mp4"])
        if when != "meanwhile":
            theirs.write_bytes(b"theirs")
        put(folder, "A.jpg")
        put(folder, "A.wav", b"wait")
        if when == "meanwhile":
            until_submitted(spool, engine)
            theirs.write_bytes(b"theirs")
            engine.finish(*engine.jobs)
        until(spool, (folder / "A.error.txt").exists)
        assert theirs.read_bytes() == b"theirs"
        assert "A.mp4 that was not made here" in (folder / "A.error.txt").read_text("utf-8-sig")
        assert engine.jobs == {}
        theirs.unlink()
        (folder / "A.error.txt").unlink()
        until_submitted(spool, engine)
        engine.finish(*engine.jobs)
        until(spool, lambda: seen(folder) == ["A.mp4"])


def until_submitted(spool: Spool, engine: FakeEngine) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not engine.jobs:
        assert time.monotonic() < deadline
        spool.look()
        time.sleep(0.005)


# --- reasons ----------------------------------------------------------------------------------------------------------


def test_a_failed_job_leaves_its_reason_in_two_languages(folder: Path, engine: FakeEngine) -> None:
    put(folder, "A.jpg")
    put(folder, "A.wav", b"fail")
    with serving(folder, engine) as spool:
        until(spool, lambda: "A.error.txt" in seen(folder))
        rest(spool)
    text = (folder / "A.error.txt").read_text("utf-8-sig")
    assert "No face.\nAnother photo." in text
    assert "照片中没有找到人脸。" in text
    assert "(face_not_found)" in text
    assert seen(folder) == ["A.error.txt", "A.jpg", "A.wav"]
    assert engine.jobs == {}
    assert len(engine.submitted) == 1


@pytest.mark.parametrize("how", ["error deleted", "photo touched", "photo replaced"])
def test_a_failed_name_is_tried_again_when_its_user_asks_for_it(folder: Path, engine: FakeEngine, how: str) -> None:
    photo, _ = put(folder, "A.jpg"), put(folder, "A.wav", b"fail")
    with serving(folder, engine) as spool:
        until(spool, lambda: "A.error.txt" in seen(folder))
    with serving(folder, engine) as spool:
        rest(spool)
        assert len(engine.submitted) == 1
        if how == "error deleted":
            (folder / "A.error.txt").unlink()
        elif how == "photo touched":
            touch(photo)
        else:
            photo.write_bytes(b"another")
        until(spool, lambda: len(engine.submitted) == 2 and "A.error.txt" in seen(folder))
        (folder / "A.wav").write_bytes(b"good")
        until(spool, lambda: seen(folder) == ["A.mp4"])


def test_a_recording_without_photo_is_told_so_and_made_when_the_photo_comes(folder: Path, engine: FakeEngine) -> None:
    put(folder, "A.wav")
    with serving(folder, engine) as spool:
        until(spool, lambda: "A.error.txt" in seen(folder))
        assert "There is no photo for this recording." in (folder / "A.error.txt").read_text("utf-8-sig")
        put(folder, "default.png")
        until(spool, lambda: seen(folder) == ["A.mp4", "default.png"])


@pytest.mark.parametrize("extra, words", [("A.mp3", "2 recordings"), ("A.png", "2 photos")])
def test_two_files_of_one_kind_and_name_are_refused(folder: Path, engine: FakeEngine, extra: str, words: str) -> None:
    for name in ("A.jpg", "A.wav", extra):
        put(folder, name)
    with serving(folder, engine) as spool:
        until(spool, lambda: "A.error.txt" in seen(folder))
        assert words in (folder / "A.error.txt").read_text("utf-8-sig")
        assert engine.submitted == []
        (folder / extra).unlink()
        until(spool, lambda: seen(folder) == ["A.mp4"])


def test_a_users_own_error_file_is_left_alone(folder: Path, engine: FakeEngine) -> None:
    put(folder, "A.jpg")
    put(folder, "A.wav", b"fail")
    put(folder, "A.error.txt", b"my notes")
    with serving(folder, engine) as spool:
        until(spool, lambda: len(seen(folder)) == 4)
        rest(spool)
        assert (folder / "A.error.txt").read_bytes() == b"my notes"
        assert len(engine.submitted) == 1
        put(folder, "A.wav", b"good")
        until(spool, lambda: seen(folder) == ["A.error.txt", "A.mp4"])
    assert (folder / "A.error.txt").read_bytes() == b"my notes"


def codes(*roots: type) -> List[str]:
    found: List[str] = []
    for root in roots:
        found += [root.code, *codes(*root.__subclasses__())]  # type: ignore[attr-defined]
    return found


def test_what_can_be_wrong_with_inputs_is_said_in_chinese_too() -> None:
    assert set(codes(errors.PhotoError, errors.SpeechError)) <= set(CHINESE)
    assert set(CHINESE) <= set(codes(SonicError))


# --- names ------------------------------------------------------------------------------------------------------------


NAMES = {
    "chinese": "张老师 第一课".encode(),
    "odd bytes": b"caf\xe9 \xff\xfe",
    "newline": b"two\nlines",
    "option": b"-rf",
    "quotes": b"a'b\"c`$(d)",
    "dots": b"a.b..c.error",
    "spaces": b"  a  ",
    "percent": b"%s%n{0}",
    "longest": b"x" * 251,
    "longest chinese": "课".encode() * 83,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("speech", [b"good", b"fail"])
def test_names_of_every_kind_work(folder: Path, engine: FakeEngine, name: bytes, speech: bytes) -> None:
    raw = os.fsencode(str(folder))
    Path(os.fsdecode(raw + b"/" + name + b".jpg")).write_bytes(b"photo ")
    Path(os.fsdecode(raw + b"/" + name + b".wav")).write_bytes(speech)
    with serving(folder, engine, keep_inputs=True) as spool:
        until(spool, lambda: len(seen(folder)) == 3)
    with serving(folder, engine, keep_inputs=True) as spool:
        rest(spool, 0.2)
    assert len(engine.submitted) == 1
    if speech == b"good":
        assert Path(os.fsdecode(raw + b"/" + name + b".mp4")).read_bytes() == b"video of photo good"
    else:
        assert [found for found in seen(folder) if found.endswith(".error.txt")]


def test_what_is_no_input_is_not_touched(folder: Path, engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(b"secret")
    (folder / "link.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "sub").mkdir()
    (folder / "sub.wav").mkdir()
    os.mkfifo(str(folder / "pipe.wav"))
    put(folder / "sub", "A.wav")
    for name in (".hidden.wav", "copy.wav.part", "copy.wav~", "copy.tmp", "text.txt", "film.mp4", "wav"):
        put(folder, name)
    put(folder, "default.jpg")
    before = sorted(map(str, folder.rglob("*")))
    with serving(folder, engine) as spool:
        rest(spool)
    assert engine.submitted == []
    assert [path for path in sorted(map(str, folder.rglob("*"))) if FOLDER not in path] == before


def test_a_recording_turned_into_a_link_is_not_followed(folder: Path, engine: FakeEngine, tmp_path: Path) -> None:
    put(folder, "A.jpg")
    recording = put(folder, "A.wav")
    (task,) = inputs.find_tasks(folder)
    recording.unlink()
    recording.symlink_to(put(tmp_path, "secret.wav", b"secret"))
    records = Records(folder)
    assert Errand(task, folder, records, SpoolOptions()).run(engine) is Outcome.REFUSED  # type: ignore[arg-type]
    records.close()
    assert engine.submitted == []


# --- copies under way -------------------------------------------------------------------------------------------------


def test_a_copy_is_not_taken_while_somebody_writes_it(folder: Path, engine: FakeEngine) -> None:
    put(folder, "A.jpg", b"photo ")
    with serving(folder, engine) as spool:
        with open(str(folder / "A.wav"), "wb") as copy:
            copy.write(b"half of")
            copy.flush()
            rest(spool)  # a pause far longer than files have to be still
            assert engine.submitted == []
            copy.write(b" a speech")
        until(spool, lambda: seen(folder) == ["A.mp4"])
    assert (folder / "A.mp4").read_bytes() == b"video of photo half of a speech"


def task_of(folder: Path) -> inputs.Task:
    (task,) = inputs.find_tasks(folder)
    return task


def test_a_copy_that_grows_by_and_by_is_not_taken_before_its_end(folder: Path) -> None:
    put(folder, "A.jpg")
    stillness, now = inputs.Stillness(), 1000.0
    for _ in range(5):
        with open(str(folder / "A.wav"), "ab") as copy:
            copy.write(b"more")
        for _ in range(3):
            assert not stillness.reached(task_of(folder), folder, now)
            now += 0.4 * inputs.QUIET_S
    now += inputs.QUIET_S
    assert stillness.reached(task_of(folder), folder, now)


def test_where_nobody_can_tell_who_writes_a_file_must_be_still_for_longer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EACCES, "not your file")

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    put(folder, "A.jpg")
    put(folder, "A.wav")
    stillness, task = inputs.Stillness(), task_of(folder)
    stillness.reached(task, folder, 1000.0)
    assert not stillness.reached(task, folder, 1000.0 + 0.9 * inputs.QUIET_BLIND_S)
    assert stillness.reached(task, folder, 1000.0 + 1.1 * inputs.QUIET_BLIND_S)


def test_inputs_changed_on_the_way_to_the_engine_are_taken_again(folder: Path, engine: FakeEngine) -> None:
    put(folder, "A.jpg", b"photo ")
    recording = put(folder, "A.wav", b"first")
    send = engine.submit

    def change_and_submit(*arguments: Any, **options: Any) -> JobView:
        sent = send(*arguments, **options)
        if len(engine.submitted) == 1:
            recording.write_bytes(b"second, longer")
        return sent

    engine.submit = change_and_submit  # type: ignore[assignment]
    with serving(folder, engine) as spool:
        until(spool, lambda: seen(folder) == ["A.mp4"])
    assert (folder / "A.mp4").read_bytes() == b"video of photo second, longer"
    assert engine.jobs == {}


@pytest.mark.parametrize("running", [True, False])
def test_taking_the_recording_away_takes_the_job_out_of_the_engine(
    folder: Path, engine: FakeEngine, running: bool
) -> None:
    put(folder, "A.jpg")
    recording = put(folder, "A.wav", b"wait")
    with serving(folder, engine) as spool:
        until_submitted(spool, engine)
        if running:
            recording.unlink()
            until(spool, lambda: not engine.jobs)
    recording.unlink() if recording.exists() else None
    with serving(folder, engine) as spool:
        until(spool, lambda: not engine.jobs)
        rest(spool)
    assert seen(folder) == ["A.jpg"]
    assert list((folder / FOLDER).iterdir()) == []


# --- trouble ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["away", "full"])
def test_an_engine_that_cannot_take_jobs_is_waited_for(
    folder: Path, engine: FakeEngine, trouble: str, logged: List[logging.LogRecord]
) -> None:
    setattr(engine, trouble, True)
    for number in range(10):
        put(folder, f"{number}.jpg")
        put(folder, f"{number}.wav")
    with serving(folder, engine) as spool:
        rest(spool)
        calls, began = engine.calls, time.monotonic()
        rest(spool)
        rounds = (time.monotonic() - began) / loop.LONGEST_DELAY_S + 1
        assert engine.calls - calls <= rounds * loop.AT_ONCE
        assert len(seen(folder)) == 20
        assert [record.levelname for record in logged if record.levelname != "INFO"] == ["WARNING"]
        setattr(engine, trouble, False)
        until(spool, lambda: len(seen(folder)) == 10)
    assert len(engine.submitted) == 10


def test_jobs_in_the_engine_are_few_at_a_time_and_old_recordings_go_first(folder: Path, engine: FakeEngine) -> None:
    put(folder, "default.jpg")
    for number in range(9):
        os.utime(str(put(folder, f"{number}.wav", b"wait%d" % number)), (1000 - number, 1000 - number))
    with serving(folder, engine) as spool:
        until_submitted(spool, engine)
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            spool.look()
        assert sorted(job["speech"] for job in engine.submitted) == [b"wait5", b"wait6", b"wait7", b"wait8"]
        deadline = time.monotonic() + PATIENCE_S
        while len(seen(folder)) > 10 or not (folder / "0.mp4").exists():
            assert time.monotonic() < deadline
            for job_id, job in list(engine.jobs.items()):
                if job.state is State.QUEUED:
                    engine.finish(job_id)
            spool.look()


def test_a_job_wiped_from_the_engine_is_made_anew(folder: Path, engine: FakeEngine) -> None:
    put(folder, "A.jpg")
    put(folder, "A.wav", b"wait")
    with serving(folder, engine) as spool:
        until_submitted(spool, engine)
        engine.delete(*engine.jobs)
        until_submitted(spool, engine)
        engine.finish(*engine.jobs)
        until(spool, lambda: seen(folder) == ["A.mp4"])


def test_a_folder_that_is_full_loses_nothing(folder: Path, engine: FakeEngine) -> None:
    put(folder, "A.jpg")
    put(folder, "A.wav")
    save, troubles = engine.save, [OutputError(), errors.DiskFull(), OSError(28, "No space left on device")]

    def save_later(job_id: str, path: Path) -> None:
        if troubles:
            raise troubles.pop()
        save(job_id, path)

    engine.save = save_later  # type: ignore[assignment]
    with serving(folder, engine) as spool:
        until(spool, lambda: seen(folder) == ["A.mp4"])
    assert len(engine.submitted) == 1


def test_a_folder_that_is_gone_is_noticed(folder: Path, engine: FakeEngine) -> None:
    put(folder, "A.jpg")
    put(folder, "A.wav", b"wait")
    with serving(folder, engine) as spool:
        until_submitted(spool, engine)
        folder.rename(folder.with_name("pulled out"))
        folder.mkdir()
        with pytest.raises(OutputError):
            rest(spool)
    assert len(engine.jobs) == 1  # the stick may come back


def test_two_spools_do_not_share_a_folder(folder: Path, engine: FakeEngine) -> None:
    with serving(folder, engine):
        with pytest.raises(UsageError, match="already watched"):
            Records(folder)
    Records(folder).close()


class Killed(BaseException):
    """The process ends here; nothing after it runs."""


@pytest.mark.parametrize(
    "speech, keep, earlier",
    [(b"good", False, False), (b"good", False, True), (b"good", True, True), (b"fail", False, True)],
)
def test_killed_at_any_step_it_makes_each_video_once_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speech: bytes, keep: bool, earlier: bool
) -> None:
    for kill_at in range(1, 200):
        folder = tmp_path / str(kill_at)
        folder.mkdir()
        if not killed_and_resumed(folder, monkeypatch, kill_at, speech, keep, earlier):
            assert kill_at > 10
            return
    raise AssertionError("it never came to its end")


def killed_and_resumed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kill_at: int, speech: bytes, keep: bool, earlier: bool
) -> bool:
    """Make one video, killed before step ``kill_at`` and started again; False if there are fewer steps."""
    engine = FakeEngine()
    video, reason = folder / "A.mp4", folder / "A.error.txt"
    put(folder, "A.jpg", b"photo ")
    put(folder, "A.wav", b"before")
    if earlier:
        with serving(folder, engine, keep_inputs=keep) as spool:
            until(spool, video.exists)
    put(folder, "A.jpg", b"photo ")
    put(folder, "A.wav", speech)
    if not run_and_die(folder, engine, SpoolOptions(keep_inputs=keep), monkeypatch, kill_at):
        return False
    good, before = b"video of photo good", b"video of photo before"
    inputs_left = ["A.jpg", "A.wav"] if keep or speech == b"fail" else []
    results = [*(["A.error.txt"] if speech == b"fail" else []), *(["A.mp4"] if earlier or speech == b"good" else [])]
    with serving(folder, engine, keep_inputs=keep) as spool:
        until(spool, lambda: reason.exists() or (video.exists() and video.read_bytes() == good))
        until(spool, lambda: seen(folder) == sorted(inputs_left + results))
        rest(spool, 0.1)
    assert seen(folder) == sorted(inputs_left + results)
    if video.exists():
        assert video.read_bytes() == (good if speech == b"good" else before)
    assert len(engine.submitted) == 1 + earlier
    assert engine.jobs == {}
    assert hidden(folder) == []
    return True


def run_and_die(
    folder: Path, engine: FakeEngine, options: SpoolOptions, monkeypatch: pytest.MonkeyPatch, kill_at: int
) -> bool:
    """One errand, killed before its ``kill_at``-th step with an effect; False if it had fewer."""
    left = [kill_at]

    def deadly(call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] <= 0:
                raise Killed()
            return call(*arguments, **named)

        return step

    records = Records(folder)
    (task,) = inputs.find_tasks(folder)
    with monkeypatch.context() as patch:
        for name in ("replace", "link", "fsync", "unlink"):
            patch.setattr(os, name, deadly(getattr(os, name)))
        for name in ("submit", "save", "delete", "job"):
            patch.setattr(engine, name, deadly(getattr(engine, name)))
        try:
            while Errand(task, folder, records, options).run(engine) is Outcome.AGAIN:  # type: ignore[arg-type]
                pass
            return False
        except Killed:
            return True
        finally:
            patch.undo()
            os.close(records._lock)


def test_threads_are_gone_when_their_errands_are(folder: Path, engine: FakeEngine) -> None:
    before = threading.active_count()
    put(folder, "default.jpg")
    for number in range(12):
        put(folder, f"{number}.wav")
    with serving(folder, engine) as spool:
        until(spool, lambda: len(seen(folder)) == 13 and not list(folder.glob("*.wav")))
    assert threading.active_count() == before
