"""Upgrade, rollback and uninstalling on a machine that runs: Debian in a container, with the offline bundle."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Iterator

import pytest
from boot import container
from boot.report import Report
from boot.trees import bundle, image, require, write_share
from bundles import write_sums

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

RUN_SECONDS = 600


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    require(("systemd-nspawn", "debootstrap"))
    share = write_share(tmp_path_factory.mktemp("share"), (1.0, 1.0))
    shutil.copy(str(Path(__file__).with_name("live_steps.py")), str(share / "guest/run.py"))
    with tarfile.open(str(bundle())) as archive:
        archive.extractall(str(share))
    (unpacked,) = share.glob("sonic-appliance-*")
    newer = unpacked.rename(share / "bundle")
    (newer / "README.md").write_text("newer\n")
    write_sums(newer)
    tree = image("container")
    run = container.fresh_copy(tree, tree.parent / "live")
    yield container.boot(run, share, {}, RUN_SECONDS)
    shutil.rmtree(str(run))
    shutil.rmtree(str(newer))


def test_an_upgrade_keeps_the_jobs_and_never_takes_the_socket_away(machine: Report) -> None:
    before, after = machine["before"], machine["upgrade"]
    assert before["made"]["code"] == 0, before["made"]
    assert after["done"]["code"] == 0, after["done"]
    assert after["runs"] == after["current"] != before["runs"]
    assert after["jobs"] == before["jobs"] != ""
    assert set(after["active"].values()) == {"active"}
    assert after["calls"] > 0 and after["refused"] == 0


def test_an_engine_that_does_not_start_is_reported_with_the_way_back(machine: Report) -> None:
    failing = machine["failing_start"]
    assert failing["done"]["code"] == 7
    assert "appliance install --rollback" in failing["done"]["err"]
    assert failing["socket"] == "active"


def test_rolling_back_runs_the_release_before_with_the_same_jobs(machine: Report) -> None:
    before, back = machine["before"], machine["rollback"]
    assert back["done"]["code"] == 0, back["done"]
    assert back["runs"] == back["current"] == before["runs"]
    assert back["jobs"] == before["jobs"]
    assert set(back["active"].values()) == {"active"}


def test_another_profile_stops_what_it_does_not_have(machine: Report) -> None:
    changed = machine["another_profile"]
    assert changed["done"]["code"] == 0, changed["done"]
    assert changed["active"]["sonic-spool.service"] == "inactive"
    assert changed["active"]["sonic-engine.service"] == "active"


def test_uninstalling_stops_everything_and_leaves_the_jobs(machine: Report) -> None:
    gone = machine["uninstall"]
    assert gone["done"]["code"] == 0, gone["done"]
    assert (gone["units"], gone["failed"], gone["processes"]) == ("", "", [])
    assert gone["left"] == []
    assert gone["jobs"] == 1
