"""One button and one lamp, pressed and seen; a whole visit without a screen."""

from __future__ import annotations

import dataclasses
import os
import pty
import re
import signal
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterator

import pytest

pytest.importorskip("appliance.capture.buttons.library", reason="gpiozero is not installed")

from capture.buttons.rigs import mock_rig
from engine.engines import PATIENCE_SECONDS
from engine.services import Service, running_service
from ui.director.stage import Stage
from ui.headless.appliances import FOR_THE_GROUP, WIPE, Appliance, Manager, process, until

from appliance.capture.buttons import panel as panels
from appliance.errors import UsageError
from appliance.models import ModelStore
from appliance.pipeline.video.probe import probe, read_video
from appliance.settings import HeadlessSettings
from appliance.ui.headless import front
from appliance.ui.headless.run import NO_BUTTON, run_headless


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as own:
        yield own


@pytest.fixture()
def stage(tmp_path: Path, service: Service, store: ModelStore) -> Stage:
    return Stage(tmp_path / "stage", service.socket, store)


@pytest.fixture()
def rig() -> Iterator[Any]:
    with mock_rig() as made:
        yield made


@pytest.fixture()
def manager() -> Iterator[Manager]:
    with tempfile.TemporaryDirectory(prefix="sonic") as folder:
        made = Manager(Path(folder))
        yield made
        made.close()


def gone(stage: Stage, service: Service) -> bool:
    """Whether nothing of a visit is left."""
    with service.client() as client:
        return not stage.private_files() and not client.jobs()


def test_pressing_speaking_and_letting_go_makes_a_video(
    stage: Stage, service: Service, rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "TAP_SECONDS", 0.0)  # the microphone that reads a file is quick
    appliance = Appliance(stage, rig)

    def visitor() -> None:
        appliance.speak()
        until(lambda: len(appliance.videos(appliance.played)) == 1)
        until(lambda: gone(stage, service))
        appliance.speak()  # while it still says thanks
        until(lambda: len(appliance.videos(appliance.left)) == 2)
        until(lambda: gone(stage, service))

    appliance.visited_by(visitor)
    assert (
        appliance.videos(appliance.played)[0]
        == appliance.videos(appliance.left)[-1][:4] + appliance.videos(appliance.played)[0][4:]
    )
    for path in appliance.left.iterdir():
        assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}(-\d+)?\.mp4", path.name)
        assert stat.S_IMODE(path.stat().st_mode) == FOR_THE_GROUP


def test_a_tap_records_until_nobody_speaks_any_more(
    stage: Stage, service: Service, rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "TAP_SECONDS", PATIENCE_SECONDS)  # a slow machine's tap takes long
    appliance = Appliance(stage, rig, folder="")

    def visitor() -> None:
        appliance.tap()
        until(lambda: len(appliance.videos(appliance.played)) == 1)

    appliance.visited_by(visitor)


def test_what_goes_wrong_is_tried_again_by_a_press(
    stage: Stage, service: Service, rig: Any, caplog: pytest.LogCaptureFixture
) -> None:
    appliance = Appliance(stage, rig, player="false")
    hidden = stage.voice.with_suffix(".hidden")

    def visitor() -> None:
        stage.voice.rename(hidden)
        appliance.press()
        until(lambda: said("microphone_missing") == 1)
        appliance.release()
        hidden.rename(stage.voice)
        appliance.speak()
        until(lambda: said("video_unplayable") == 1)
        appliance.tap()
        until(lambda: said("video_unplayable") == 2)

    def said(code: str) -> int:
        return sum(record.message == code for record in caplog.records)

    appliance.visited_by(visitor)
    assert len(appliance.videos(appliance.left)) == 1  # what is shown again is left once


def test_the_wipe_button_ends_a_visit_and_everything(
    stage: Stage, service: Service, rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "WIPE_S", 0.05)
    appliance = Appliance(stage, rig)
    service.submit(gate=0)

    def visitor() -> None:
        appliance.press()
        until(lambda: appliance.recorded() > 0)
        rig.drive(WIPE, high=False)
        until(lambda: gone(stage, service))
        rig.drive(WIPE, high=True)

    appliance.visited_by(visitor)
    assert appliance.videos(appliance.left) == []


def test_settings_by_which_nothing_would_become_of_the_videos_are_refused(stage: Stage) -> None:
    for how, complaint in (
        ({"folder": "", "play": False}, "anywhere"), ({"player": "'"}, "no program"),
        ({"folder": str(stage.folder / "no such folder")}, "folder"),
        ({"portrait": str(stage.folder / "no such photo.png")}, "portrait"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=complaint):
            run_headless(dataclasses.replace(stage.parts.settings, headless=HeadlessSettings(**how)))


def test_a_terminal_takes_the_place_of_the_button(stage: Stage, service: Service, manager: Manager) -> None:
    left = stage.folder / "left"
    left.mkdir()
    keyboard, terminal = pty.openpty()
    try:
        settings = {"HEADLESS_FOLDER": str(left), "HEADLESS_PLAY": "false", "KIOSK_COUNTDOWN_SECONDS": "1"}
        with process(service, stage, manager, terminal, **settings) as child:
            manager.wait_for("READY=1")
            os.write(keyboard, b" ")
            until(lambda: recorded(stage) > 2 * 2 * 16_000)
            os.write(keyboard, b"\n")
            until(lambda: len(list(left.glob("*.mp4"))) == 1)
            manager.wait_for("WATCHDOG=1")
            child.send_signal(signal.SIGTERM)
            assert child.wait(PATIENCE_SECONDS) == 0
            manager.wait_for("STOPPING=1")
        assert gone(stage, service)
    finally:
        os.close(keyboard)
        os.close(terminal)


def recorded(stage: Stage) -> int:
    return sum(path.stat().st_size for path in stage.folder.glob("visits/visit-*/voice-*.wav"))


def test_without_button_and_terminal_it_stays_healthy_and_says_so(
    stage: Stage, service: Service, manager: Manager
) -> None:
    left = stage.folder / "visits" / "visit-that-died"
    left.mkdir(parents=True)
    (left / "voice.wav").write_bytes(b"somebody")
    with process(service, stage, manager) as child:
        manager.wait_for("READY=1")
        manager.wait_for("WATCHDOG=1")
        until(lambda: not left.exists())
        child.send_signal(signal.SIGTERM)
        _, log = child.communicate(timeout=PATIENCE_SECONDS)
        assert child.returncode == 0
    assert NO_BUTTON in log


@pytest.mark.slow
def test_a_real_video_through_an_engine_that_is_killed_in_the_middle(
    tmp_path: Path, store: ModelStore, rig: Any
) -> None:
    with running_service() as service:
        service.stop()
        engine = (sys.executable, "-m", "appliance", "serve")
        service.environment["SONIC_MODELS"] = str(store.folder)
        service.start(command=engine)
        stage = Stage(tmp_path / "stage", service.socket, store)
        appliance = Appliance(stage, rig)

        def visitor() -> None:
            appliance.speak()
            with service.client() as client:
                until(lambda: any(view.job.started for view in client.jobs()))
            service.stop(signal.SIGKILL)
            service.start(command=engine)
            until(lambda: len(appliance.videos(appliance.played)) == 1)
            until(lambda: gone(stage, service))

        appliance.visited_by(visitor)
        (video,) = appliance.left.iterdir()
        facts = probe(video)
        assert facts["video_codec"] == "h264" and facts["audio_codec"] == "aac"
        assert facts["frames"] == sum(1 for _ in read_video(video)) > 25
        assert abs(facts["video_duration"] - facts["audio_duration"]) < 0.1
        assert appliance.videos(appliance.played) == [video.read_bytes()]
