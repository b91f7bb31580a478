"""Debian trees and disk images with the appliance installed in them, for the boot tests. For root; nothing is mounted.

    python3 tools/make_image.py container BUNDLE     a folder that systemd-nspawn boots
    python3 tools/make_image.py machine BUNDLE       the same with a kernel, test devices and a disk image, for QEMU
    python3 tools/make_image.py kiosk BUNDLE         likewise, with the profile that has a screen

Prints the path of what was made. Everything is kept in .cache/boot and made again only when its recipe or the bundle
has changed. The first time needs the network, for Debian's packages; $DEBIAN_MIRROR names another place for them.
The appliance itself is installed from the offline bundle (`make bundle`), with no network, by the bundle's own
installer and the tree's own Python.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "boot"
MIRROR = "http://deb.debian.org/debian"
RELEASE = "bookworm"
NSPAWN = ("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--console=pipe")
NO_DEBIAN = 75
"""Exit status where the mirror gave nothing: no fault of ours (EX_TEMPFAIL of sysexits.h)."""
DISK_BYTES = 6 << 30
"""Of a disk image; sparse. Leaves room for jobs beside what the guard keeps free."""

TEST_UNIT = """\
[Unit]
Description=Steps of a boot test
ConditionPathExists=/opt/boot-test/guest/run.py
RequiresMountsFor=/opt/boot-test
After=basic.target

[Service]
ExecStart=/usr/bin/python3 -B /opt/boot-test/guest/run.py
ExecStopPost=/usr/bin/systemctl --no-block poweroff

[Install]
WantedBy=multi-user.target
"""
"""Not ordered after the appliance: a boot waits for nothing that the test does."""

PATIENCE = """\
[Service]
WatchdogSec=1200
TimeoutStartSec=1800
Environment=SONIC_ENGINE_HANG_SECONDS=600
Environment=NPY_DISABLE_CPU_FEATURES=X86_V3
"""
"""For services on a processor that QEMU imitates, twenty to fifty times slower than a real one. QEMU 7.2 imitates an
AVX2 instruction of NumPy's wrongly, with a segmentation fault, so NumPy does without."""


SCREEN_PACKAGES = (
    "libgl1", "libegl1", "libglib2.0-0", "libdbus-1-3", "libfontconfig1", "libxkbcommon-x11-0", "libxcb-icccm4",
    "libxcb-image0", "libxcb-keysyms1", "libxcb-randr0", "libxcb-render-util0", "libxcb-shape0", "libxcb-xinerama0",
    "libxcb-xkb1", "fonts-wqy-zenhei", "libportaudio2",
)  # fmt: skip
"""What tools/bundle/README.md says that screen and microphone need."""


@dataclass(frozen=True)
class Recipe:
    """A system: Debian packages beside the smallest ones, the appliance's profile, and files (path → text) written over
    all that. ``base``: the kind whose Debian it shares."""

    base: str
    packages: Tuple[str, ...]
    profile: str
    files: Dict[str, str]


_PACKAGES = ("systemd", "systemd-sysv", "udev", "dbus", "python3", "python3-venv")
_MACHINE_PACKAGES = (*_PACKAGES, "kmod", "linux-image-amd64", "alsa-utils", *SCREEN_PACKAGES)
_FILES = {
    "etc/hostname": "appliance\n",
    "etc/systemd/system/boot-test.service": TEST_UNIT,
    # The journal is read after the machine has gone.
    "etc/systemd/journald.conf.d/boot-test.conf": "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n",
}
_MACHINE_FILES = {
    **_FILES,
    "etc/fstab": "/dev/vda / ext4 defaults 0 1\n/dev/vdb /opt/boot-test ext4 defaults 0 2\n",
    "etc/modules-load.d/boot-test.conf": "vivid\nsnd-aloop\n",
    "etc/systemd/system/sonic-engine.service.d/boot-test.conf": PATIENCE,
    # One camera with two inputs is enough.
    "etc/modprobe.d/boot-test.conf": "options vivid n_devs=1 node_types=0x1\n",
}
RECIPES = {
    "container": Recipe("container", _PACKAGES, "headless", _FILES),
    "machine": Recipe("machine", _MACHINE_PACKAGES, "headless", _MACHINE_FILES),
    "kiosk": Recipe(
        "machine",
        _MACHINE_PACKAGES,
        "kiosk",
        {**_MACHINE_FILES, "etc/systemd/system/sonic-kiosk.service.d/boot-test.conf": PATIENCE},
    ),
}


def base_tree(kind: str) -> Path:
    """Debian alone, by debootstrap: 50 s for the container, 100 s for the machine, where the mirror is near."""
    recipe = RECIPES[kind]
    tree = CACHE / f"debian-{recipe.base}-{_short_hash(repr((RELEASE, recipe.packages)).encode())}"
    if not tree.exists():
        with _made_whole(tree, f"debian-{recipe.base}-*") as part:
            mirror = os.environ.get("DEBIAN_MIRROR", MIRROR)
            included = "--include=" + ",".join(recipe.packages)
            try:
                _run("debootstrap", "--variant=minbase", included, RELEASE, part, mirror)
            except SystemExit as failure:
                print(failure, file=sys.stderr)
                print(f"no Debian could be had from {mirror}", file=sys.stderr)
                sys.exit(NO_DEBIAN)
            shutil.rmtree(part / "var" / "cache" / "apt")
    return tree


def product_tree(kind: str, bundle: Path) -> Path:
    """The base with the appliance installed as on a board: from the bundle alone, with no network."""
    base, recipe = base_tree(kind), RECIPES[kind]
    ingredients = repr((recipe.profile, sorted(recipe.files.items()))).encode()
    tree = CACHE / f"{kind}-{_short_hash(base.name.encode(), ingredients, bundle.read_bytes())}"
    if not tree.exists():
        with _made_whole(tree, f"{kind}-*") as part:
            copy_tree(base, part)
            for name, text in recipe.files.items():
                path = part / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            (part / "opt" / "boot-test").mkdir(exist_ok=True)
            inside = f"/opt/boot-test/{bundle.name}"
            script = (
                "systemctl enable boot-test.service && "
                f"mkdir /root/bundle && tar -C /root/bundle -xf {shlex.quote(inside)} && "
                f"sh /root/bundle/*/install.sh --profile {recipe.profile} && rm -r /root/bundle"
            )
            _run(*NSPAWN, "-D", part, f"--bind-ro={bundle}:{inside}", "sh", "-euc", script)
            (part / inside[1:]).unlink()
    return tree


def disk_image(kind: str, bundle: Path) -> Path:
    """An ext4 disk of a product tree; kernel and initrd lie beside it as PATH.kernel and PATH.initrd."""
    tree = product_tree(kind, bundle)
    image = CACHE / f"{tree.name}.ext4"
    if not image.exists():
        for old in CACHE.glob(f"{kind}-*.ext4*"):
            old.unlink()
        for name, suffix in (("vmlinuz-*", ".kernel"), ("initrd.img-*", ".initrd")):
            (newest,) = (tree / "boot").glob(name)
            shutil.copyfile(str(newest), f"{image}{suffix}")
        make_ext4(tree, image, DISK_BYTES)
    return image


def make_ext4(tree: Path, image: Path, size: int) -> None:
    """A file system of `size` bytes with what is in the folder `tree`."""
    part = image.with_name(image.name + ".part")
    with part.open("wb") as file:
        file.truncate(size)
    _run("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, part)
    part.replace(image)


def copy_tree(source: Path, target: Path) -> None:
    """With owners, modes and links."""
    _run("cp", "-a", "--reflink=auto", source, target)


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """One maker at a time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _made_whole(tree: Path, older: str) -> Iterator[Path]:
    """A folder to fill, which becomes `tree` at the end; what it replaces, of the pattern `older`, goes first."""
    for old in [path for path in CACHE.glob(older) if path.is_dir()]:
        shutil.rmtree(old)
    part = CACHE / f"part-{tree.name}"
    if part.exists():
        shutil.rmtree(part)
    yield part
    part.rename(tree)


def _run(*command: object) -> None:
    words: List[str] = [str(word) for word in command]
    environment = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
    done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    if done.returncode:
        raise SystemExit(f"{shlex.join(words) if hasattr(shlex, 'join') else words}: exit status {done.returncode}")


def _short_hash(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kind", choices=sorted(RECIPES))
    parser.add_argument("bundle", type=Path)
    chosen = parser.parse_args()
    with locked():
        bundle = chosen.bundle.resolve()
        make = product_tree if chosen.kind == "container" else disk_image
        print(make(chosen.kind, bundle))


if __name__ == "__main__":
    main()
