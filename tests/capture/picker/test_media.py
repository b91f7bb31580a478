"""What is a stick, and which is the newest."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from capture.picker.sticks import PATIENCE_S, Sticks
from helpers import REPOSITORY

from appliance.capture.picker.media import Media, MountWatch, Stick


@pytest.fixture()
def sticks(tmp_path: Path) -> Sticks:
    return Sticks(tmp_path)


def test_there_is_none(sticks: Sticks, tmp_path: Path) -> None:
    (sticks.folder / "LEFT-OVER").mkdir()
    assert sticks.media.sticks() == ()
    assert Media("").sticks() == ()
    assert Media(str(sticks.folder), tmp_path / "no such list").sticks() == ()


def test_one_and_two_levels_down(sticks: Sticks) -> None:
    one = sticks.plug("LABEL")
    two = sticks.plug("user/LABEL", "exfat")
    sticks.plug("much/too/deep")
    assert sticks.media.sticks() == (Stick(two, "exfat", True), Stick(one, "vfat", True))


def test_what_is_mounted_elsewhere_is_no_stick(sticks: Sticks, tmp_path: Path) -> None:
    assert Media("/", sticks.mounts).sticks() == (Stick(Path("/proc"), "proc", True),)
    assert Media(str(tmp_path / "med"), sticks.mounts).sticks() == ()


def test_the_newest_comes_first(sticks: Sticks) -> None:
    for label in ("B", "A", "C"):
        sticks.plug(label)
    assert [stick.path.name for stick in sticks.media.sticks()] == ["C", "A", "B"]
    sticks.pull("C")
    assert [stick.path.name for stick in sticks.media.sticks()] == ["A", "B"]


@pytest.mark.parametrize("options, super_options", [("ro", "rw"), ("rw", "ro"), ("noatime,ro", "rw,ro")])
def test_a_locked_stick_is_known(sticks: Sticks, options: str, super_options: str) -> None:
    sticks.plug("LOCKED", options=options, super_options=super_options)
    assert [stick.writable for stick in sticks.media.sticks()] == [False]


@pytest.mark.parametrize("label", ["MY STICK", "我的U盘", "back\\slash", "rows - of - dashes"])
def test_labels_may_be_anything(sticks: Sticks, label: str) -> None:
    path = sticks.plug(label)
    assert [stick.path for stick in sticks.media.sticks()] == [path]


def test_what_mounts_by_itself_is_no_stick(sticks: Sticks) -> None:
    sticks.plug("AUTO", "autofs")
    assert sticks.media.sticks() == ()


def test_what_is_mounted_over_another_hides_it(sticks: Sticks) -> None:
    path = sticks.plug("SAME", "vfat")
    line = sticks.mounts.read_text().splitlines()[-1].replace(" vfat ", " ext4 ")
    sticks.mounts.write_text(sticks.mounts.read_text() + line + "\n")
    assert sticks.media.sticks() == (Stick(path, "ext4", True),)


def test_odd_lines_are_passed_over(sticks: Sticks) -> None:
    path = sticks.plug("FINE")
    sticks.mounts.write_text("\n1 2 3\n - \n" + sticks.mounts.read_text() + "nonsense - a b c\n")
    assert [stick.path for stick in sticks.media.sticks()] == [path]


def test_whether_it_is_still_there(sticks: Sticks) -> None:
    sticks.plug("A")
    (stick,) = sticks.media.sticks()
    assert sticks.media.mounted(stick)
    sticks.pull("A")
    assert not sticks.media.mounted(stick)


def test_a_watch_is_stirred_by_any_thread(sticks: Sticks) -> None:
    with sticks.media.watch() as watch:
        for _ in range(3):
            thread = threading.Thread(target=watch.stir)
            thread.start()
            assert watch.wait(PATIENCE_S)
            thread.join()
        assert not watch.wait(0)
    watch.stir()


def test_a_watch_sees_a_real_mount_come_and_go(tmp_path: Path) -> None:
    place = tmp_path / "media" / "REAL"
    place.mkdir(parents=True)
    media = Media(str(tmp_path / "media"))
    with MountWatch() as watch:
        watch.wait(0)
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], capture_output=True)
        if done.returncode != 0:
            pytest.skip("nothing can be mounted here")
        try:
            assert watch.wait(PATIENCE_S)
            assert [stick.path for stick in media.sticks()] == [place]
            watch.wait(0)
        finally:
            subprocess.run(["umount", str(place)], check=True)
        assert watch.wait(PATIENCE_S)
        assert media.sticks() == ()
    assert not os.path.ismount(str(place))


def test_a_mount_is_seen_by_a_unit_with_a_network_and_mounts_of_its_own(tmp_path: Path) -> None:
    """As systemd makes it for PrivateNetwork= and PrivateMounts=: udev says nothing there."""
    place = tmp_path / "media" / "STICK"
    program = (
        "import sys; from appliance.capture.picker.media import Media; media = Media(sys.argv[1])\n"
        "with media.watch() as watch:\n"
        "    for _ in range(2):\n"
        "        before = media.sticks(); print(len(before), flush=True)\n"
        "        while media.sticks() == before: watch.wait(60)\n"
        "print(len(media.sticks()), flush=True)"
    )
    unshare = ["unshare", "--mount", "--net", "--propagation", "slave"]
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "--make-shared", str(tmp_path)], check=True)
        if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
            pytest.skip("no namespaces can be made here")
        place.mkdir(parents=True)
        unit = subprocess.Popen(
            [*unshare, sys.executable, "-c", program, str(place.parent)],
            stdout=subprocess.PIPE, text=True, cwd=str(REPOSITORY),
        )  # fmt: skip
        with unit:
            assert unit.stdout is not None and unit.stdout.readline() == "0\n"
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], check=True)
            assert unit.stdout.readline() == "1\n"
            subprocess.run(["umount", str(place)], check=True)
            assert unit.stdout.readline() == "0\n"
    finally:
        subprocess.run(["umount", "--recursive", "--lazy", str(tmp_path)], check=True)
