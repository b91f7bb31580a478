"""`appliance install` and `uninstall` in a tree: what is written, what is left alone, which release runs."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest
from helpers import REPOSITORY, appliance, events
from installations import install_into

from appliance.errors import InstallFailed, UsageError
from appliance.installation import install as steps
from appliance.installation.changes import Change, carry_out
from appliance.installation.layout import PROGRAM, Layout
from appliance.installation.plan import PROFILES, make_plan, settings_text
from appliance.installation.releases import linked_release, remove_old_releases, switch
from appliance.settings_file import load_settings

SETTINGS = "etc/sonic-appliance/settings.toml"
UNITS = "etc/systemd/system"
WANTS = f"{UNITS}/sonic.target.wants"


@pytest.fixture(autouse=True)
def ordinary_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def no_users_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """These trees have no /etc/passwd, nor need one."""
    monkeypatch.setattr(steps.system, "make_users", lambda layout: True)


def contents(root: Path) -> Dict[str, str]:
    """Every file and link below ``root``."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = "-> " + os.readlink(str(path))
        elif path.is_file():
            found[name] = path.read_text()
    return found


def uninstall_from(root: Path, purge: bool = False) -> List[Change]:
    report: List[Change] = []
    steps.uninstall(Layout(root), purge, report.append)
    return report


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """After it is called, the installer brings units of the engine and the spool with a line more."""

    def bring_newer_units() -> None:
        source = tmp_path / "newer"
        source.mkdir(exist_ok=True)
        for path in (REPOSITORY / "systemd").iterdir():
            added = "# newer\n" if path.name in ("sonic-engine.service", "sonic-spool.service") else ""
            (source / path.name).write_text(path.read_text() + added)
        monkeypatch.setattr(steps, "unit_folder", lambda: source)

    return bring_newer_units


# --- what is written --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_brings_its_services_and_starts_them_at_boot(profile: str, tmp_path: Path) -> None:
    install_into(tmp_path, profile)
    assert os.readlink(str(tmp_path / UNITS / "multi-user.target.wants/sonic.target")) == f"/{UNITS}/sonic.target"
    started = {path.name for path in (tmp_path / WANTS).iterdir()}
    own = {
        "kiosk": {"sonic-kiosk.service"},
        "classroom": {"sonic-kiosk.service", "sonic-spool.service"},
        "headless": {"sonic-headless.service", "sonic-spool.service"},
    }[profile]
    assert all((tmp_path / UNITS / name).is_file() for name in own)
    able = {name for name in own if importlib.util.find_spec(f"appliance.commands.{name[6:-8]}")}
    assert started == {"sonic-engine.socket", "sonic-engine.service", "sonic-retention.timer"} | able
    for link in (tmp_path / WANTS).iterdir():
        assert (tmp_path / os.readlink(str(link)).lstrip("/")).is_file()
    assert (tmp_path / UNITS / "sonic-kiosk.service.d/classroom.conf").exists() == (profile == "classroom")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_settings_written_are_those_of_an_appliance(profile: str, tmp_path: Path) -> None:
    install_into(tmp_path, profile)
    settings = load_settings(tmp_path / SETTINGS)
    assert str(settings.engine.state) == "/var/lib/sonic"
    assert str(settings.engine.socket) == "/run/sonic/engine.sock"
    assert settings.engine.group == "sonic"
    assert settings.spool.folder == "/var/spool/sonic"
    assert settings.consent.required == (profile == "kiosk")
    assert settings.listen.host == ""


def test_everybody_may_read_what_is_written(tmp_path: Path) -> None:
    os.umask(0o077)
    install_into(tmp_path, "kiosk")
    for path in (tmp_path / "etc").rglob("*"):
        assert path.is_symlink() or path.stat().st_mode & 0o044 == 0o044, path


def test_rules_of_the_npu_come_only_where_its_driver_is(tmp_path: Path) -> None:
    def npu_files() -> List[Path]:
        return list(tmp_path.rglob("*sonic-npu*"))

    install_into(tmp_path, "headless")
    assert npu_files() == []
    (tmp_path / "etc/group").write_text("root:x:0:\nHwHiAiUser:x:1000:\n")
    install_into(tmp_path)
    assert len(npu_files()) == 2


def test_the_ceiling_leaves_the_system_a_part_of_the_processors() -> None:
    for processors, quota in ((1, "95%"), (4, "380%"), (8, "760%")):
        plan = make_plan("kiosk", steps.unit_folder(), processors, npu=False)
        assert f"CPUQuota={quota}\n" in plan.files[f"/{UNITS}/sonic.slice.d/processors.conf"].decode()


def test_installing_twice_changes_nothing(tmp_path: Path) -> None:
    install_into(tmp_path, "classroom")
    before = contents(tmp_path)
    again = install_into(tmp_path)
    assert contents(tmp_path) == before
    assert [change for change in again if change.touches] == []


def test_a_dry_run_says_everything_and_does_nothing(tmp_path: Path) -> None:
    said = install_into(tmp_path, "kiosk", dry_run=True)
    assert contents(tmp_path) == {}
    done = [change for change in install_into(tmp_path, "kiosk") if change.touches]
    assert [change for change in said if change.touches] == done


# --- what is left alone -----------------------------------------------------------------------------------------------


def test_edited_settings_are_kept_and_the_new_ones_put_beside(tmp_path: Path) -> None:
    install_into(tmp_path, "kiosk")
    edited = (tmp_path / SETTINGS).read_text() + "\n# mine\n"
    (tmp_path / SETTINGS).write_text(edited)
    install_into(tmp_path)
    assert not (tmp_path / f"{SETTINGS}.new").exists()  # nothing new to see
    install_into(tmp_path, "headless")
    assert (tmp_path / SETTINGS).read_text() == edited
    assert (tmp_path / f"{SETTINGS}.new").read_text() == settings_text("headless")
    install_into(tmp_path)
    assert (tmp_path / f"{SETTINGS}.new").exists()  # still to be looked at
    assert any("edited" in change.what for change in uninstall_from(tmp_path))
    assert (tmp_path / SETTINGS).read_text() == edited
    assert not (tmp_path / f"{SETTINGS}.new").exists()


def test_files_that_somebody_else_put_there_are_kept(tmp_path: Path) -> None:
    rules = tmp_path / "etc/udev/rules.d/70-sonic.rules"
    rules.parent.mkdir(parents=True)
    rules.write_text("# not ours\n")
    command = tmp_path / "usr/local/bin/appliance"
    command.parent.mkdir(parents=True)
    command.write_text("another program of this name\n")
    install_into(tmp_path, "kiosk")
    uninstall_from(tmp_path)
    assert contents(tmp_path) == {
        "etc/udev/rules.d/70-sonic.rules": "# not ours\n",
        "usr/local/bin/appliance": "another program of this name\n",
    }


def test_a_service_that_was_disabled_stays_disabled(tmp_path: Path) -> None:
    install_into(tmp_path, "classroom")
    (tmp_path / WANTS / "sonic-spool.service").unlink()
    install_into(tmp_path)
    assert not (tmp_path / WANTS / "sonic-spool.service").exists()


def test_an_upgrade_brings_new_units_over_old_ones_but_not_over_edited_ones(
    tmp_path: Path, newer: Callable[[], None]
) -> None:
    root = tmp_path / "root"
    install_into(root, "headless")
    spool = root / UNITS / "sonic-spool.service"
    spool.write_text(spool.read_text().replace("MemoryMax=512M", "MemoryMax=2G"))
    newer()
    install_into(root)
    assert (root / UNITS / "sonic-engine.service").read_text().endswith("# newer\n")
    assert "MemoryMax=2G" in spool.read_text() and "# newer" not in spool.read_text()
    assert (root / UNITS / "sonic-spool.service.new").read_text().endswith("# newer\n")


def test_another_profile_takes_the_old_ones_services_away(tmp_path: Path) -> None:
    root = tmp_path / "root"
    install_into(root, "classroom")
    install_into(root, "headless")
    assert not list(root.rglob("*kiosk*"))
    assert contents(root) == _after_installing("headless", tmp_path / "other")


def _after_installing(profile: str, root: Path) -> Dict[str, str]:
    install_into(root, profile)
    return contents(root)


# --- uninstalling -----------------------------------------------------------------------------------------------------


def test_uninstalling_leaves_data_and_nothing_else(tmp_path: Path) -> None:
    video = tmp_path / "var/lib/sonic/jobs/1/video.mp4"
    video.parent.mkdir(parents=True)
    video.write_text("a video")
    install_into(tmp_path, "classroom")
    (tmp_path / "opt/sonic-appliance/releases/1").mkdir(parents=True)
    uninstall_from(tmp_path)
    assert contents(tmp_path) == {"var/lib/sonic/jobs/1/video.mp4": "a video"}
    assert not [path for path in tmp_path.rglob("*sonic*") if path.is_dir() and not any(path.iterdir())]


def test_purging_leaves_nothing(tmp_path: Path) -> None:
    for name in ("var/lib/sonic/jobs/1/video.mp4", "var/spool/sonic/a.wav", "var/cache/sonic/x"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("personal")
    install_into(tmp_path, "kiosk")
    (tmp_path / SETTINGS).write_text("# edited\n")
    (tmp_path / SETTINGS).with_name("token").write_text("hash")
    uninstall_from(tmp_path, purge=True)
    assert contents(tmp_path) == {}


def test_there_is_nothing_to_uninstall_where_nothing_is_installed(tmp_path: Path) -> None:
    with pytest.raises(InstallFailed, match="not installed"):
        uninstall_from(tmp_path)


# --- what can go wrong ------------------------------------------------------------------------------------------------


def test_the_first_installation_needs_a_profile(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="profile"):
        install_into(tmp_path)


def test_a_place_that_cannot_be_written_is_found_before_anything_is_changed(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/local").write_text("a file where a folder should be")
    with pytest.raises(InstallFailed, match=r"nothing was changed.*root"):
        install_into(tmp_path, "kiosk")
    assert contents(tmp_path) == {"usr/local": "a file where a folder should be"}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("then", ["taken up", "undone"])
def test_an_installation_can_be_cut_off_at_any_step(
    count: int, then: str, tmp_path: Path, newer: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    install_into(root, "classroom")
    newer()
    whole = _after_installing("headless", tmp_path / "whole")
    with monkeypatch.context() as cut, pytest.raises(InstallFailed, match="half-way"):
        cut.setattr(steps, "carry_out", _cut_after(count))
        install_into(root, "headless")
    if then == "taken up":
        install_into(root, "headless")
        assert contents(root) == whole
    else:
        uninstall_from(root)
        # What is of neither the old nor the new record may have been edited.
        kept = {SETTINGS, f"{UNITS}/sonic-engine.service", f"{UNITS}/sonic-spool.service"}
        assert set(contents(root)) <= kept


def _cut_after(count: int) -> object:
    def carry_out_some(changes: List[Change], layout: Layout) -> None:
        carry_out(changes[:count], layout)
        raise OSError(28, "No space left on device", "/etc")

    return carry_out_some


def test_a_damaged_record_is_not_guessed_at(tmp_path: Path) -> None:
    install_into(tmp_path, "kiosk")
    record = tmp_path / "opt/sonic-appliance/installation.json"
    record.write_text(record.read_text()[:100])
    for action in (lambda: install_into(tmp_path), lambda: uninstall_from(tmp_path)):
        with pytest.raises(InstallFailed, match="nothing was changed"):
            action()


# --- releases ---------------------------------------------------------------------------------------------------------


def release(root: Path, name: str) -> Path:
    """A release whose program writes down how it was called."""
    folder = root.resolve() / "opt/sonic-appliance/releases" / name
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin/appliance"
    program.write_text(f'#!/bin/sh\necho "{name}: $*" >"{root}/called"\n')
    program.chmod(0o755)
    return folder


def test_a_release_that_installs_itself_becomes_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path)
    for name in ("1", "2", "3"):
        monkeypatch.setattr(sys, "prefix", str(release(tmp_path, name)))
        install_into(tmp_path, "headless")
        assert os.readlink(str(layout.current)) == f"releases/{name}"
    assert os.readlink(str(layout.previous)) == "releases/2"
    assert sorted(path.name for path in layout.releases.iterdir()) == ["2", "3"]


def test_going_back_and_forth_between_two_releases(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    old, new = release(tmp_path, "old"), release(tmp_path, "new")
    switch(layout, old)
    assert linked_release(layout.previous) is None
    switch(layout, new)
    assert (linked_release(layout.current), linked_release(layout.previous)) == (new, old)
    switch(layout, new)
    assert (linked_release(layout.current), linked_release(layout.previous)) == (new, old)
    switch(layout, old)
    assert (linked_release(layout.current), linked_release(layout.previous)) == (old, new)
    assert remove_old_releases(layout) == []


def test_rolling_back_is_done_by_the_release_before(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    switch(layout, release(tmp_path, "old"))
    switch(layout, release(tmp_path, "new"))
    done = appliance("install", "--rollback", "--root", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "called").read_text() == f"old: install --root {tmp_path}\n"


def test_without_a_release_before_there_is_no_way_back(tmp_path: Path) -> None:
    done = appliance("install", "--rollback", "--root", tmp_path, "--json")
    assert done.returncode == 7
    assert events(done.stdout)[-1]["code"] == "install_failed"


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    done = appliance("install", "--root", tmp_path, "--profile", "headless", "--json")
    assert done.returncode == 0, done.stderr
    said = {event["path"]: event["what"] for event in events(done.stdout)}
    assert said[f"/{SETTINGS}"] == "wrote"
    assert any("missing" in what for path, what in said.items() if path == PROGRAM)
    done = appliance("uninstall", "--root", tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"removed /{UNITS}/sonic-engine.service" in done.stdout.splitlines()


@pytest.mark.skipif(Path(PROGRAM).exists(), reason="the appliance is installed on this machine")
def test_the_running_system_is_not_touched_without_the_program() -> None:
    done = appliance("install", "--profile", "kiosk", "--dry-run")
    assert done.returncode == 7
    assert "bundle" in done.stderr
