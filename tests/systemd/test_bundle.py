"""The offline bundle: refused when damaged, installed without network, upgraded, rolled back."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import List

import pytest
from bundles import write_sums
from disks import small_disk
from helpers import REPOSITORY
from media import ENGLISH, encode
from PIL import Image
from skimage import data

INSTALLER = REPOSITORY / "tools/bundle/install.sh"
REFUSED = 7
SLOW = 1200  # seconds: building and installing, on a busy machine


def without_network() -> List[str]:
    """What to put before a command so that it has no network at all, not even a loopback."""
    for unshare in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
        if shutil.which("unshare") and subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            return unshare
    pytest.skip("no network namespace can be made here")


def run(*command: object) -> subprocess.CompletedProcess[str]:
    """A command that knows nothing of this user, nor of this checkout."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C"}
    return subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, cwd="/")


def install(bundle: Path, root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", bundle / "install.sh", "--root", root, "--python", sys.executable, *options]
    return run(*without_network(), *command)


# --- refused before anything is changed -------------------------------------------------------------------------------


@pytest.fixture
def empty_bundle(tmp_path: Path) -> Path:
    """Whole by its hashes, for this interpreter, and with nothing in it that could be installed."""
    bundle = tmp_path / "bundle"
    (bundle / "wheels").mkdir(parents=True)
    shutil.copy(str(INSTALLER), str(bundle))
    (bundle / "wheels/pip-0-py3-none-any.whl").write_bytes(b"no wheel")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    conf = f"version=1.0\npython_version={version}\nmachine={os.uname().machine}\nextras=engine\n"
    (bundle / "bundle.conf").write_text(conf)
    write_sums(bundle)
    return bundle


def refuse(bundle: Path, root: Path, *options: str) -> str:
    """What the installer said when it left everything as it was."""
    command = ["sh", bundle / "install.sh", "--root", root, "--python", sys.executable, "--profile", "kiosk", *options]
    done = run(*command)
    assert done.returncode == REFUSED, done.stdout + done.stderr
    assert not root.exists() or not any(root.rglob("*sonic*"))
    return done.stderr


@pytest.mark.parametrize("damage", ["changed", "cut off", "missing", "added", "hash cut off"])
def test_a_damaged_bundle_is_refused(damage: str, empty_bundle: Path, tmp_path: Path) -> None:
    victim = empty_bundle / "wheels/pip-0-py3-none-any.whl"
    if damage == "changed":
        victim.write_bytes(b"no wheeL")
    elif damage == "cut off":
        victim.write_bytes(b"no w")
    elif damage == "missing":
        victim.unlink()
    elif damage == "added":
        (empty_bundle / "wheels/other-1-py3-none-any.whl").write_bytes(b"not listed")
    else:
        sums = empty_bundle / "SHA256SUMS"
        sums.write_text("".join(line for line in sums.read_text().splitlines(True) if "wheels" not in line))
    assert "nothing was changed" in refuse(empty_bundle, tmp_path / "root")


def test_another_interpreter_or_processor_is_refused(empty_bundle: Path, tmp_path: Path) -> None:
    conf = empty_bundle / "bundle.conf"
    right = conf.read_text()
    for line in ("python_version=3.6\n", "machine=vax\n"):
        conf.write_text(right + line)
        write_sums(empty_bundle)
        assert line.split("=")[1].strip() in refuse(empty_bundle, tmp_path / "root")


def test_an_interpreter_that_cannot_make_environments_is_refused_with_what_to_install(
    empty_bundle: Path, tmp_path: Path
) -> None:
    without_venv = tmp_path / "python"
    hide = "import sys; sys.modules['venv'] = None; exec(sys.argv.pop(1))"
    without_venv.write_text(f'#!/bin/sh\n[ "$1" = -c ] && shift\nexec "{sys.executable}" -c "{hide}" "$@"\n')
    without_venv.chmod(0o755)
    assert "-venv" in refuse(empty_bundle, tmp_path / "root", "--python", str(without_venv))


def test_the_first_installation_needs_a_profile_that_exists(empty_bundle: Path, tmp_path: Path) -> None:
    assert "profile" in refuse(empty_bundle, tmp_path / "root", "--profile", "")
    assert "no profile dance" in refuse(empty_bundle, tmp_path / "root", "--profile", "dance")
    assert "--colour" in refuse(empty_bundle, tmp_path / "root", "--colour")


def test_packages_that_cannot_be_installed_leave_nothing_behind(empty_bundle: Path, tmp_path: Path) -> None:
    assert "as before" in refuse(empty_bundle, tmp_path / "root")


def test_there_is_no_way_back_without_a_release_before(empty_bundle: Path, tmp_path: Path) -> None:
    assert "before" in refuse(empty_bundle, tmp_path / "root", "--rollback")


# --- installed --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    make(folder)
    (made,) = folder.iterdir()
    return made


def make(folder: Path, *options: str) -> None:
    command = [sys.executable, str(REPOSITORY / "tools/make_bundle.py"), "--output", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if "No matching distribution" in done.stderr or "NewConnectionError" in done.stderr:
        pytest.skip("the packages for a bundle cannot be downloaded here")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def bundle(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    with tarfile.open(str(tarball)) as archive:
        archive.extractall(str(folder))
    (unpacked,) = folder.iterdir()
    return unpacked


@pytest.mark.slow
@pytest.mark.py37
@pytest.mark.timeout(SLOW)
def test_installed_without_network_it_makes_a_video_and_upgrades_and_goes_back(bundle: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    program = root / "opt/sonic-appliance"
    done = install(bundle, root, "--profile", "headless")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (root / "etc/systemd/system/sonic-headless.service").exists()
    first = os.readlink(str(program / "current"))

    # It is complete: nothing is taken from this checkout, this user or the network.
    appliance = program / "current/bin/appliance"
    done = run(*without_network(), appliance, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(program.resolve()) in done.stdout.replace("\n", "").replace(" ", "")
    photo, video = tmp_path / "photo.png", tmp_path / "video.mp4"
    Image.fromarray(data.astronaut()).save(str(photo))
    speech = encode(ENGLISH, tmp_path / "speech.wav", "-t", "1.5")
    done = run(*without_network(), appliance, "make", photo, speech, "-o", video)
    assert done.returncode == 0, done.stderr
    assert video.stat().st_size > 10_000

    # The same again is no new release.
    done = install(bundle, root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.listdir(str(program / "releases")) == [os.path.basename(first)]

    # An upgrade lies beside the old one; data and settings stay.
    job = root / "var/lib/sonic/jobs/1/video.mp4"
    job.parent.mkdir(parents=True)
    job.write_text("a video")
    settings = root / "etc/sonic-appliance/settings.toml"
    settings.write_text(settings.read_text() + "# edited\n")
    newer = tmp_path / "newer"
    shutil.copytree(str(bundle), str(newer))
    (newer / "README.md").write_text("newer")
    write_sums(newer)
    done = install(newer, root)
    assert done.returncode == 0, done.stdout + done.stderr
    second = os.readlink(str(program / "current"))
    assert second != first
    assert os.readlink(str(program / "previous")) == first
    assert run(program / "current/bin/appliance", "--version").returncode == 0

    # And back, even when the newer one does not start any more.
    (program / "current/bin/python").unlink()
    done = install(newer, root, "--rollback")
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.readlink(str(program / "current")) == first
    assert run(program / "current/bin/appliance", "--version").returncode == 0
    assert job.read_text() == "a video"
    assert settings.read_text().endswith("# edited\n")

    done = run(program / "current/bin/appliance", "uninstall", "--root", root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not program.exists()
    assert job.exists()


@pytest.mark.slow
def test_a_full_disk_leaves_the_system_as_it_was(bundle: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 100) as disk:
        done = install(bundle, disk / "root", "--profile", "kiosk")
        assert done.returncode == REFUSED, done.stdout + done.stderr
        assert "free space" in done.stderr
        assert not any((disk / "root").rglob("*sonic*"))


@pytest.mark.slow
def test_a_byte_changed_in_the_tarball_is_found(tarball: Path, bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(str(bundle), str(copy))
    wheel = max((copy / "wheels").iterdir(), key=lambda path: path.stat().st_size)
    with wheel.open("r+b") as file:
        file.seek(wheel.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    assert wheel.name in refuse(copy, tmp_path / "root")


@pytest.mark.slow
@pytest.mark.py37
@pytest.mark.timeout(SLOW)
@pytest.mark.skipif(sys.version_info[:2] != (3, 7), reason="the board has CPython 3.7")
def test_the_board_gets_packages_that_its_processor_and_its_glibc_can_run(tmp_path: Path) -> None:
    make(tmp_path, "--machine", "aarch64")
    (made,) = tmp_path.iterdir()
    with tarfile.open(str(made)) as archive:
        names = [Path(name).name for name in archive.getnames() if name.endswith(".whl")]
        (conf,) = (name for name in archive.getnames() if name.endswith("bundle.conf"))
        content = archive.extractfile(conf)
        assert content is not None and b"machine=aarch64\n" in content.read()
    platforms = {name[: -len(".whl")].split("-")[-1] for name in names}
    assert "any" in platforms and len(platforms) > 1
    for platform in platforms - {"any"}:
        assert re.search(r"manylinux(2014|_2_17|_2_24|_2_27)_aarch64", platform), platform


@pytest.mark.slow
@pytest.mark.timeout(SLOW)
def test_the_same_sources_give_the_same_file(tarball: Path, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        make(tmp_path)
    finally:
        os.umask(before)
    (again,) = tmp_path.iterdir()
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (tarball, again)]
    assert hashes[0] == hashes[1]
