"""A visit, carried out: with devices that read files and a toy for an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from engine.services import Service, running_service
from ui.director.stage import Stage

from appliance.models import ModelStore
from appliance.ui.events import Accept, Done
from appliance.ui.flow import State


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as own:
        yield own


@pytest.fixture()
def stage(tmp_path: Path, service: Service, store: ModelStore) -> Stage:
    return Stage(tmp_path / "stage", service.socket, store)


def test_a_visit_from_touch_to_thanks(stage: Stage, service: Service) -> None:
    with stage.running() as director:
        stage.prepare()
        stage.tell(Accept())
        visit = stage.until(State.PLAYING)
        assert visit.finished and visit.job and stage.screen.plays is not None
        source = director.video()
        assert source.path is not None and source.path.read_bytes()[:4] == b"init"
        stage.tell(Done())
        assert stage.until(State.THANKS).job is None
        stage.until_that(lambda: not stage.private_files())
        with service.client() as client:
            stage.until_that(lambda: not client.jobs())
        stage.tell(Done())
        assert stage.until(State.ATTRACT).number == 2
