"""What the boot tests need from outside: root, programs, the bundle, a tree or disk made of it, and recordings."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterable, Optional, Tuple

import pytest
from helpers import REPOSITORY
from media import ENGLISH, encode
from PIL import Image

GUEST = Path(__file__).resolve().parent / "guest"
DEBIAN_PYTHON = (3, 11)
BUNDLED = ("appliance", "models_om", "systemd", "tools/bundle", "tools/make_bundle.py", "setup.cfg", "pyproject.toml")
CAP_SYS_ADMIN = 21
NO_DEBIAN = 75
"""Exit status of make_image.py where the mirror gave nothing."""
BUILD_SECONDS = 1800
SBIN = os.pathsep + "/usr/sbin" + os.pathsep + "/sbin"


def require(programs: Iterable[str]) -> None:
    """Skip, with the reason, where a machine cannot be booted."""
    if os.geteuid() != 0:
        pytest.skip("booting a machine needs root")
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    if not int(status["CapEff"], 16) >> CAP_SYS_ADMIN & 1:
        pytest.skip("booting a machine needs the right to mount (CAP_SYS_ADMIN), which this container has not")
    missing = [name for name in programs if shutil.which(name, path=os.environ.get("PATH", "") + SBIN) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (see tools/system_packages.sh)")


def bundle() -> Path:
    """The offline bundle for Debian's Python; made if it is not up to date. $SONIC_BUNDLE names another."""
    given = os.environ.get("SONIC_BUNDLE")
    if given:
        return Path(given).resolve()
    if sys.version_info[:2] != DEBIAN_PYTHON:
        pytest.skip("Debian 12 has Python 3.11, so this one's packages do not fit; name a bundle with $SONIC_BUNDLE")
    found = _newest_bundle()
    if found is None or found.stat().st_mtime < max(map(_changed, BUNDLED)):
        _run("make", "-C", str(REPOSITORY), "bundle")
        found = _newest_bundle()
    assert found is not None
    return found


def _newest_bundle() -> Optional[Path]:
    made = (REPOSITORY / "dist").glob(f"*-cp311-{platform.machine()}.tar.gz")
    return max(made, key=lambda path: path.stat().st_mtime, default=None)


def _changed(name: str) -> float:
    """When a file was last changed, or anything in a folder, or the folder itself by adding or removing."""
    path = REPOSITORY / name
    below = [inner for inner in path.rglob("*") if "__pycache__" not in inner.parts] if path.is_dir() else []
    return max(inner.stat().st_mtime for inner in (path, *below) if inner.name != "__pycache__")


def image(kind: str) -> Path:
    """A tree ("container") or disk ("machine") with the appliance installed, out of the cache where it is there."""
    script = REPOSITORY / "tools" / "make_image.py"
    return Path(_run(sys.executable, str(script), kind, str(bundle()), skip_status=NO_DEBIAN).splitlines()[-1])


def write_share(folder: Path, speech_seconds: Tuple[float, float]) -> Path:
    """What the machine finds in /opt/boot-test: its steps, a photo, a recording and a short one."""
    folder.chmod(0o755)  # also for the clerk
    shutil.copytree(str(GUEST), str(folder / "guest"), ignore=shutil.ignore_patterns("__pycache__"))
    long, short = speech_seconds
    encode(ENGLISH, folder / "speech.wav", "-t", str(long))
    encode(ENGLISH, folder / "short.wav", "-t", str(short))
    from skimage import data

    Image.fromarray(data.astronaut()).save(str(folder / "photo.jpg"), quality=90)
    return folder


def _run(*command: str, skip_status: Optional[int] = None) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=BUILD_SECONDS)
    errors = done.stderr.decode(errors="replace")
    if done.returncode == skip_status:
        pytest.skip(errors.splitlines()[-1])
    assert done.returncode == 0, f"{' '.join(command)}: exit status {done.returncode}\n{errors[-4000:]}"
    return done.stdout.decode()
