"""``.om`` files: what is read of a whole one, and that anything else is refused in words before an NPU sees it."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Tuple

import pytest
from mutations import DAMAGES
from npus import TOY, TOY_INPUTS, toy_shell, toy_store
from om_shells import BROKEN, om_shell

from appliance.errors import ModelCorrupt, ModelMismatch, ModelMissing, SonicError
from appliance.manifest import NetworkEntry
from appliance.pipeline.runtime.om_file import check_entry, check_soc, read_om


def written(folder: Path, content: bytes) -> Path:
    path = folder / "toy.om"
    path.write_bytes(content)
    return path


@pytest.fixture()
def entry(tmp_path: Path) -> NetworkEntry:
    return toy_store(tmp_path, toy_shell()).network("toy")


@pytest.mark.parametrize("new", [False, True], ids=["old style", "new style"])
def test_a_whole_file(new: bool, tmp_path: Path) -> None:
    om = read_om(written(tmp_path, toy_shell(new=new, soc="Ascend310P3")))
    assert (om.soc, om.atc_version, om.opp_version, om.dynamic) == ("Ascend310P3", "5.1.RC1", "5.1.RC1", False)
    assert om.input_shapes == TOY_INPUTS
    assert om.options["output_type"] == "FP32"
    names = [part.name for part in om.partitions]
    assert names == ["MODEL_DEF", "WEIGHTS", "TASK_INFO", "TBE_KERNELS"]
    weights = om.partitions[1]
    content = om.path.read_bytes()
    assert content[weights.offset : weights.offset + weights.size] == TOY.read_bytes()
    assert om.partitions[-1].offset + om.partitions[-1].size == om.bytes == len(content)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    damage, words = BROKEN[name]
    with pytest.raises(ModelCorrupt, match=words) as caught:
        read_om(written(tmp_path, damage(toy_shell())))
    assert "toy.om" in caught.value.message
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        read_om(tmp_path / "toy.om")


def test_any_damage_is_survived(tmp_path: Path) -> None:
    """Read, or refused as a model that cannot be used; nothing else, and not slowly."""
    chance, refused = random.Random(7), 0
    for _ in range(15):
        for damage in DAMAGES:
            content = bytearray(toy_shell(new=chance.random() < 0.5))
            damage(content, chance)
            try:
                om = read_om(written(tmp_path, bytes(content)))
                assert all(part.offset + part.size <= om.bytes for part in om.partitions)
            except SonicError as error:
                assert isinstance(error, (ModelCorrupt, ModelMissing))
                refused += 1
    assert refused > 50


def test_another_chip_is_named_with_ours(tmp_path: Path) -> None:
    om = read_om(written(tmp_path, toy_shell(soc="Ascend910")))
    with pytest.raises(ModelMismatch, match=r"Ascend910.*Ascend310") as caught:
        check_soc(om, "Ascend310")
    assert caught.value.exit_code == 5
    check_soc(om, "Ascend910")


def test_a_file_that_does_not_name_its_chip_is_left_to_the_npu(tmp_path: Path) -> None:
    om = read_om(written(tmp_path, toy_shell().replace(b"soc_version\x12", b"soc_Version\x12")))
    assert om.soc == ""
    check_soc(om, "Ascend310")


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        (b"left:1,2,4,5", b"left:1,2,5,4", "left 1x2x5x4.*not left 1x2x4x5"),
        (b"right:1", b"other:1", "other 1x3x4x5"),
        (b"--output_type=FP32", b"--dynamic_dims=1,2", "dynamic"),
    ],
)
def test_what_it_was_compiled_for_must_be_what_the_manifest_says(
    was: bytes, becomes: bytes, words: str, entry: NetworkEntry, tmp_path: Path
) -> None:
    content = toy_shell()
    assert was in content and len(was) == len(becomes)
    om = read_om(written(tmp_path, content.replace(was, becomes)))
    with pytest.raises(ModelMismatch, match=words):
        check_entry(om, entry)


def test_a_batch_of_any_size_is_refused(entry: NetworkEntry, tmp_path: Path) -> None:
    om = read_om(written(tmp_path, om_shell(TOY.read_bytes(), {**TOY_INPUTS, "left": (-1, 2, 4, 5)})))
    with pytest.raises(ModelMismatch, match="dynamic shapes"):
        check_entry(om, entry)


def test_what_fits_the_manifest_passes(entry: NetworkEntry, tmp_path: Path) -> None:
    check_entry(read_om(written(tmp_path, toy_shell())), entry)


@pytest.mark.parametrize(
    ("command", "shapes"),
    [
        ('atc --input_shape="a:1,2;b:3" --log=error', {"a": (1, 2), "b": (3,)}),
        ("atc --input_shape=a:1,2;b:3", {"a": (1, 2), "b": (3,)}),
        ("atc --input_shape a:1,2", {"a": (1, 2)}),
        ("atc --input_shape=a:-1,2", {"a": (-1, 2)}),
        ("atc --input_shape=scope/a:0:1,2", {"scope/a:0": (1, 2)}),
        ("atc --log=error", {}),
    ],
)
def test_command_lines_of_atc(command: str, shapes: Tuple[int, ...], tmp_path: Path) -> None:
    om = read_om(written(tmp_path, toy_shell()))
    assert dataclasses.replace(om, command=command).input_shapes == shapes
