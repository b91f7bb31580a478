"""A visit, carried out: with devices that read files and a toy for an engine."""

from __future__ import annotations

import dataclasses
import socket as socketlib
import stat
from pathlib import Path

import httpx
import pytest
from engine.services import Service, running_service
from ui.director.stage import Stage

from appliance.engine.api.auth import new_token, write_token
from appliance.errors import SonicError
from appliance.models import ModelStore
from appliance.settings import KioskSettings
from appliance.ui.events import (
    Accept,
    Agree,
    Back,
    Begin,
    Delete,
    Done,
    Home,
    LeaveStaff,
    Listen,
    OpenStaffDoor,
    Pick,
    Picked,
    PinAccepted,
    PlaybackEnded,
    Save,
    SetClosed,
    ShowLink,
    Wipe,
)
from appliance.ui.feeds import Countdown, DeviceState, EngineState, Link, Making, Media, Notice, Preview
from appliance.ui.flow import Rules, State


def jobs_of(service: Service) -> int:
    with service.client() as client:
        return len(client.jobs())


def test_a_visit_from_touch_to_thanks(stage: Stage, shared: Service) -> None:
    with stage.running() as director:
        stage.prepare()
        assert stage.screen.newest(Countdown) == Countdown(1)
        files = stage.private_files()
        assert len(files) == 2
        assert {stat.S_IMODE((stage.parts.folder / name).stat().st_mode) for name in files} == {0o600}
        stage.tell(Accept())
        visit = stage.until(State.PLAYING)
        assert visit.finished and visit.job and stage.screen.plays == visit
        with shared.client() as client:
            job = client.job(visit.job).job
            assert (job.consent, job.priority.name, job.options) == (True, "VISITOR", {"label": "throughout"})
            source = director.video()
            assert source.path is not None
            assert source.path.read_bytes() == b"".join(client.stream(visit.job)) == b"".join(source.stream())
        making = stage.screen.newest(Making)
        assert making is not None and making.available == making.duration == 0.4
        stage.tell(PlaybackEnded(), Done())
        assert stage.screen.plays is None
        assert stage.until(State.THANKS).job is None
        stage.until_that(lambda: not stage.private_files() and not jobs_of(shared))
        stage.tell(Done())
        assert stage.until(State.ATTRACT).number == 2


def test_the_end_of_the_program_is_the_end_of_the_visit(stage: Stage, shared: Service) -> None:
    with stage.running():
        stage.prepare()
        stage.tell(Accept())
        stage.until(State.PLAYING)
    assert not stage.private_files() and not jobs_of(shared)


def test_a_visitor_who_does_nothing_leaves_nothing(stage: Stage, shared: Service) -> None:
    with stage.running(Rules(idle_seconds=0.5)):
        stage.prepare()
        stage.tell(Accept())
        stage.until(State.PLAYING)
        stage.tell(PlaybackEnded())
        stage.until(State.ATTRACT)
        stage.until_that(lambda: not stage.private_files() and not jobs_of(shared))


def test_what_is_picked_becomes_the_visits_own(stage: Stage) -> None:
    (stage.gallery / "one.png").write_bytes(stage.face.read_bytes())
    stage.plug_in()
    (stage.stick / "two.flac").write_bytes(stage.voice.read_bytes())
    with stage.running():
        stage.tell(Begin(), Agree(), Pick())
        stage.until_that(lambda: bool(getattr(stage.screen.newest(Media), "files", ())))
        media = stage.screen.newest(Media)
        assert media is not None and media.files[0].thumbnail is not None
        stage.tell(Picked(media.files[0].path))
        own = stage.until(State.PHOTO_REVIEW).candidate
        assert own is not None and own.parent.parent == stage.parts.folder
        stage.tell(Accept(), Pick())
        stage.until_that(lambda: getattr(stage.screen.newest(Media), "kind", "") == "speech")
        stage.until_that(lambda: bool(getattr(stage.screen.newest(Media), "files", ())))
        stage.tell(Picked(stage.stick / "two.flac"))
        own = stage.until(State.VOICE_REVIEW).candidate
        assert own is not None and own.parent.parent == stage.parts.folder
        stage.tell(Listen())
        assert stage.visit.listening
        stage.tell(Listen())
        stage.tell(Home())
        stage.until_that(lambda: not stage.private_files())
    assert (stage.gallery / "one.png").exists() and (stage.stick / "two.flac").exists()


def test_a_recording_is_heard_to_its_end(stage: Stage) -> None:
    with stage.running():
        stage.prepare()
        stage.tell(Back(), Listen())
        stage.until_that(lambda: not stage.visit.listening)
        assert stage.visit.state is State.VOICE_REVIEW


def test_a_phone_finds_the_video_by_its_link(tmp_path: Path, store: ModelStore) -> None:
    write_token(tmp_path / "token", new_token())
    with socketlib.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    listen = {"LISTEN_HOST": "127.0.0.1", "LISTEN_PORT": port, "LISTEN_TOKEN_FILE": str(tmp_path / "token")}
    with running_service(**listen) as service:
        stage = Stage(tmp_path / "stage", service.socket, store)
        kiosk = KioskSettings(link=f"http://127.0.0.1:{port}/", countdown_seconds=1)
        stage.parts = dataclasses.replace(stage.parts, settings=dataclasses.replace(stage.parts.settings, kiosk=kiosk))
        with stage.running(Rules(link=True)) as director:
            stage.prepare()
            stage.tell(Accept())
            stage.until(State.PLAYING)
            stage.tell(ShowLink())
            stage.until_that(lambda: stage.screen.newest(Link) is not None)
            link, video = stage.screen.newest(Link), director.video().path
            assert link is not None and link.seconds > 0 and video is not None
            answer = httpx.get(link.url, trust_env=False)
            assert (answer.status_code, answer.content) == (200, video.read_bytes())


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.png", b"", "photo_unreadable"),
        ("text.jpg", b"\xff\xd8\xff no picture at all", "photo_unreadable"),
        ("gone.jpg", None, "photo_not_found"),
    ],
)
def test_a_file_that_is_no_photo_is_refused_kindly(stage: Stage, name: str, content: bytes, code: str) -> None:
    path = stage.folder / name
    if content is not None:
        path.write_bytes(content)
    with stage.running():
        stage.tell(Begin(), Agree(), Pick(), Picked(path))
        visit = stage.until(State.ERROR)
        assert visit.why is not None and visit.why.code == code
        stage.tell(Accept())
        assert stage.visit.state is State.PHOTO_PICK


def test_a_link_to_somewhere_else_is_not_followed(stage: Stage) -> None:
    (stage.folder / "link.png").symlink_to(stage.face)
    with stage.running():
        stage.tell(Begin(), Agree(), Pick(), Picked(stage.folder / "link.png"))
        assert getattr(stage.until(State.ERROR).why, "code", "") == "photo_not_found"


def test_the_video_goes_onto_the_stick(stage: Stage) -> None:
    with stage.running() as director:
        stage.prepare()
        stage.tell(Accept())
        stage.until(State.PLAYING)
        stage.tell(Save())
        stage.until_that(lambda: getattr(stage.screen.newest(Notice), "key", "") == "save_failed")
        notice = stage.screen.newest(Notice)
        assert notice is not None and notice.error is not None and notice.error.code == "stick_missing"
        stage.plug_in()
        stage.tell(Save())
        stage.until_that(lambda: getattr(stage.screen.newest(Notice), "key", "") == "saved")
        source = director.video().path
        assert source is not None
        video = source.read_bytes()
        assert [path.read_bytes() for path in stage.stick.iterdir()] == [video]
        stage.tell(Save(), Done())  # who leaves at once gets it all the same
        stage.until_that(lambda: not stage.private_files())
        stage.until_that(lambda: [path.read_bytes() for path in stage.stick.glob("*.mp4")] == [video, video])


def test_no_link_where_the_engine_does_not_listen(stage: Stage) -> None:
    with stage.running(Rules(link=True)):
        stage.prepare()
        stage.tell(Accept())
        stage.until(State.PLAYING)
        stage.tell(ShowLink())
        stage.until_that(lambda: getattr(stage.screen.newest(Notice), "key", "") == "link_failed")
        assert stage.screen.newest(Link) is None
        stage.tell(Delete())


def test_the_emergency_button_deletes_everything(stage: Stage, shared: Service) -> None:
    shared.submit(gate=0)
    assert jobs_of(shared) == 1
    with stage.running():
        stage.take_photo()
        assert stage.private_files()
        stage.tell(Wipe())
        assert stage.visit.state is State.ATTRACT
        stage.until_that(lambda: not stage.private_files() and not jobs_of(shared))


def test_the_staffs_switch_outlasts_a_restart(stage: Stage) -> None:
    with stage.running():
        stage.tell(OpenStaffDoor(), PinAccepted(1), SetClosed(True), LeaveStaff())
    with stage.running():
        assert (stage.visit.state, stage.visit.closed) == (State.OUT_OF_SERVICE, True)
        stage.until_that(lambda: stage.screen.newest(EngineState) is not None)
        assert stage.visit.state is State.OUT_OF_SERVICE
        stage.tell(OpenStaffDoor(), PinAccepted(1), SetClosed(False), LeaveStaff())
        assert stage.visit.state is State.ATTRACT
    with stage.running():
        assert stage.visit.state is State.ATTRACT


def test_what_a_visit_left_that_died_is_wiped_at_the_start(stage: Stage) -> None:
    stage.leave_order()
    left = stage.parts.folder / "visit-of-before"
    left.mkdir(parents=True)
    (left / "photo.jpg").write_bytes(b"a face")
    assert len(stage.private_files()) == 4
    with stage.running():
        stage.until_that(lambda: not stage.private_files())


def test_there_is_one_front_end_at_a_time(stage: Stage) -> None:
    other = Stage(stage.folder, Path("/nowhere"), stage.parts.store)
    with stage.running():
        with pytest.raises(SonicError, match="running already"), other.running():
            pass
    with other.running():
        pass


def test_the_camera_says_that_it_is_well_and_shows_the_face(stage: Stage) -> None:
    with stage.running():
        stage.tell(Begin(), Agree())
        stage.until_that(lambda: getattr(stage.screen.newest(Preview), "face", None) is not None)
        preview = stage.screen.newest(Preview)
        assert preview is not None and preview.picture.shape[2] == 3
        assert stage.screen.newest(DeviceState) == DeviceState("camera", None)
