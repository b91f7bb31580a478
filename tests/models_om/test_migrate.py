"""Migration from PyTorch: proven on twins of the networks, and what it refuses."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest

from models_om.migrate.__main__ import main
from models_om.migrate.errors import MapInvalid
from models_om.migrate.name_map import BUILT_IN, load_map

TOLERANCE = 1e-4


@pytest.fixture()
def frameworks(monkeypatch: pytest.MonkeyPatch) -> None:
    """MindSpore, PyTorch and safetensors, and the modules beside this file by name."""
    for name in ("mindspore", "torch", "safetensors"):
        pytest.importorskip(name, reason=f"{name} is not installed (extras: train, migrate)")
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture()
def state(frameworks: None) -> Dict[str, Any]:
    """The weights of a twin of `sonic_denoiser`."""
    import torch
    from twins import SonicDenoiser, with_lived_in_statistics

    torch.manual_seed(0)
    return with_lived_in_statistics(SonicDenoiser()).state_dict()


def save(state: Dict[str, Any], path: Path) -> Path:
    import torch
    from safetensors.torch import save_file

    if path.suffix == ".safetensors":
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    else:
        torch.save(state, path)
    return path


def migrate(source: Path, *options: str, network: str = "sonic_denoiser") -> Dict[str, Any]:
    """Run the command; the JSON report with the exit code added."""
    target, report = source.with_suffix(".ckpt"), source.with_suffix(".json")
    chosen = ["--network", network] if network else []
    code = main(["--from", str(source), "--to", str(target), "--report", str(report), *chosen, *options])
    return {"exit": code, **json.loads(report.read_text())}


@pytest.mark.parametrize(
    ("network", "twin", "ending"), [("sonic", "Sonic", ".safetensors"), ("sonic_denoiser", "SonicDenoiser", ".pth")]
)
def test_a_migrated_network_computes_what_its_twin_does(
    network: str, twin: str, ending: str, frameworks: None, tmp_path: Path
) -> None:
    import mindspore as ms
    import torch
    import twins

    from models_om.manifest import SIGNATURES
    from models_om.migrate.migration import build_network

    torch.manual_seed(0)
    theirs = twins.with_lived_in_statistics(getattr(twins, twin)())
    source = save(theirs.state_dict(), tmp_path / f"weights{ending}")
    report = migrate(source, "--twin", f"twins:{twin}", network=network)
    assert (report["exit"], report["good"], report["first_diverging"]) == (0, True, None)
    compared = report["comparison"]["layers"] + report["comparison"]["outputs"]
    assert max(layer["error"] for layer in compared) <= TOLERANCE
    convolutions = {name.rpartition(".")[0] for name, tensor in theirs.state_dict().items() if tensor.ndim == 4}
    assert {layer["torch"] for layer in compared} >= convolutions

    ours = build_network(network)
    left, unused = ms.load_param_into_net(ours, ms.load_checkpoint(str(tmp_path / "weights.ckpt")), strict_load=True)
    assert not left and not unused
    generator = np.random.default_rng(1)
    inputs = [generator.standard_normal(s).astype(np.float32) for s in SIGNATURES[network]["inputs"].values()]
    with torch.no_grad():
        expected = theirs.eval()(*map(torch.from_numpy, inputs))
    found = ours(*map(ms.Tensor, inputs))
    for a, b in zip(found, expected) if isinstance(found, tuple) else [(found, expected)]:
        assert np.abs(a.asnumpy() - b.numpy()).max() <= TOLERANCE


def test_a_map_translates_every_kind_of_layer(frameworks: None, tmp_path: Path) -> None:
    import kinds
    import torch

    torch.manual_seed(0)
    twin = kinds.Twin()
    for tensor in twin.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.5, 1.5)
    (tmp_path / "map.toml").write_text(kinds.MAP)
    source = save(twin.state_dict(), tmp_path / "kinds.safetensors")
    report = migrate(source, "--map", str(tmp_path / "map.toml"), "--twin", "kinds:Twin", network="")
    assert report["exit"] == 0
    assert report["matching"]["ignored"] == ["net.norm.num_batches_tracked", "teacher.bias", "teacher.weight"]
    compared = {layer["name"] for layer in report["comparison"]["layers"]}
    assert compared >= {"line", "up", "norm", "group", "prelu", "dense", "layer", "table"}


def missing(state: Dict[str, Any]) -> None:
    del state["time.1.mix.1.running_var"]


def superfluous(state: Dict[str, Any]) -> None:
    state["head.weight"] = state["velocity.weight"].clone()


def transposed(state: Dict[str, Any]) -> None:
    state["velocity.weight"] = state["velocity.weight"].transpose(0, 1)


def broken(state: Dict[str, Any]) -> None:
    state["step.bias"][3] = float("nan")


@pytest.mark.parametrize(
    ("damage", "place", "named"),
    [
        (missing, "unmatched_mindspore", "time.1.mix.norm.moving_variance"),
        (superfluous, "unmatched_torch", "head.weight"),
        (transposed, "mismatched", "axes = [1, 0, 2, 3]"),
        (broken, "mismatched", "1 of 128 values are not finite"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(
    damage: Callable[[Dict[str, Any]], None], place: str, named: str, state: Dict[str, Any], tmp_path: Path
) -> None:
    damage(state)
    report = migrate(save(state, tmp_path / "weights.safetensors"), "--twin", "twins:SonicDenoiser")
    assert report["exit"] == 1 and "Not migrated" in report["verdict"]
    entries = {key: report["matching"][key] for key in ("unmatched_mindspore", "unmatched_torch", "mismatched")}
    assert {key: len(found) for key, found in entries.items() if found} == {place: 1}
    assert named in str(entries[place])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["weights.json", "weights.safetensors"]


def test_the_first_layer_that_differs_is_named(
    state: Dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = save(state, tmp_path / "weights.pth")
    (tmp_path / "weights.ckpt").write_text("what was there before")
    report = migrate(source, "--twin", "twins:OtherNorm")
    assert (report["exit"], report["first_diverging"]) == (1, "time.2.spread.norm")
    assert "time.2.spread.norm, time.2.spread.1 in the twin" in capsys.readouterr().out.splitlines()[-1]
    assert (tmp_path / "weights.ckpt").read_text() == "what was there before"


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("save_by", ["torch", "pickle 2", "pickle 4"])
def test_a_pickled_program_is_refused_and_not_run(
    save_by: str, state: Dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, touched = tmp_path / "weights.pth", tmp_path / "touched"
    content = {**state, "trap": Trap(touched)}
    if save_by == "torch":
        save(content, source)
    else:
        source.write_bytes(pickle.dumps(content, protocol=int(save_by[-1])))
    assert main(["--from", str(source), "--network", "sonic_denoiser", "--to", str(tmp_path / "out.ckpt")]) == 5
    assert not touched.exists() and not (tmp_path / "out.ckpt").exists()
    assert "could run any program" in capsys.readouterr().err


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    path.write_bytes(b"\x10\0\0\0\0\0\0\0 no weights here")


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
@pytest.mark.parametrize("damage", [cut, overwrite, empty])
def test_a_damaged_file_is_refused_in_words(
    ending: str, damage: Callable[[Path], None], state: Dict[str, Any], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    source = save(state, tmp_path / f"weights{ending}")
    damage(source)
    assert main(["--from", str(source), "--network", "sonic_denoiser", "--to", str(tmp_path / "out.ckpt")]) == 5
    error = capsys.readouterr().err
    assert "damaged" in error and "Traceback" not in error
    assert not (tmp_path / "out.ckpt").exists()


def test_a_checkpoint_of_training_is_unwrapped(state: Dict[str, Any], tmp_path: Path) -> None:
    wrapped = {"step": 3, "state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}
    assert migrate(save(wrapped, tmp_path / "weights.pth"))["exit"] == 0


def test_weights_of_another_network_are_told_apart(
    state: Dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = migrate(save(state, tmp_path / "weights.safetensors"), network="sonic")
    assert report["exit"] == 1 and "another network" in report["verdict"]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
def test_other_precisions_are_cast_and_reported(dtype: str, ending: str, state: Dict[str, Any], tmp_path: Path) -> None:
    import torch

    state["velocity.weight"] = state["velocity.weight"].to(getattr(torch, dtype))
    report = migrate(save(state, tmp_path / f"weights{ending}"), "--twin", "twins:SonicDenoiser")
    assert report["exit"] == 0
    assert [match["cast"] for match in report["matching"]["matched"] if match["cast"]] == [f"{dtype} → float32"]


def test_the_prefix_of_training_is_put_before_each_name(state: Dict[str, Any], tmp_path: Path) -> None:
    from models_om.networks import SonicDenoiser
    from models_om.train.loop import load_cell

    migrate(save(state, tmp_path / "weights.pth"), "--prefix", "denoiser:")
    cell = SonicDenoiser()
    load_cell(cell, "denoiser", tmp_path / "weights.ckpt")
    assert np.array_equal(cell.velocity.weight.asnumpy(), state["velocity.weight"].numpy())


def test_the_html_report_lists_every_layer(state: Dict[str, Any], tmp_path: Path) -> None:
    source, report = save(state, tmp_path / "weights.pth"), tmp_path / "report.html"
    arguments = ["--from", str(source), "--to", str(tmp_path / "out.ckpt"), "--network", "sonic_denoiser"]
    assert main([*arguments, "--report", str(report), "--twin", "twins:OtherNorm"]) == 1
    page = report.read_text()
    for name in state:
        assert f"<td>{name}</td>" in page or "num_batches_tracked" in name
    assert page.index("time.2.spread.norm") < page.index("<td>differs</td>")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "weights.bin"], "neither .safetensors nor .pth"),
        (["--from", "nowhere.pth"], "no file nowhere.pth"),
        (["--to", "out.onnx"], "must end in .ckpt"),
        (["--to", "no_such_folder/out.ckpt"], "no folder"),
        (["--map", "nowhere.toml"], "cannot be read"),
        (["--network", ""], "Which network"),
    ],
)
def test_wrong_usage_is_said_in_words(arguments: List[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = {"--from": "nowhere.pth", "--to": "out.ckpt", "--network": "sonic", **dict([arguments])}
    chosen = [part for pair in given.items() if pair[1] for part in pair]
    assert main(chosen) in (2, 6)
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--network", "sonic_dancer", "there are sonic, sonic_denoiser"),
        ("--network", "models_om.networks:Nothing", "cannot be built"),
        ("--twin", "twins", "not module:Class"),
        ("--twin", "twins:Nothing", "cannot be built"),
        ("--twin", "twins:Sonic", "do not fit the twin"),
    ],
)
def test_a_network_or_twin_that_is_not_there_is_said_in_words(
    option: str, value: str, words: str, state: Dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = save(state, tmp_path / "weights.pth")
    given = {"--from": str(source), "--to": str(tmp_path / "out.ckpt"), "--network": "sonic_denoiser", option: value}
    assert main([part for pair in given.items() for part in pair]) == 2
    assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pth"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[layer]", "not TOML"),
        ("layers = []", "layers"),
        ("layer = 3", "must be a list"),
        ('[[layer]]\ntorch = "a"', "needs `torch` and `mindspore`"),
        ('[[layer]]\ntorch = "{a}"\nmindspore = "{b}"', "uses {b}"),
        ('[[parameter]]\ntorch = "("\nmindspore = "b"\nregex = true', "is no pattern"),
        ('[[parameter]]\ntorch = "a"\nmindspore = "b"\naxes = [0, 2]', "order of axes"),
        ('[inputs]\nmel = "large"', "shape"),
    ],
)
def test_a_wrong_map_is_refused_in_words(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(MapInvalid) as refused:
        load_map(tmp_path / "map.toml")
    assert words in str(refused.value)


def test_two_tensors_for_one_parameter_are_refused(
    state: Dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state["time.0.mix.conv.weight"] = state["time.0.mix.0.weight"].clone()
    source = save(state, tmp_path / "weights.pth")
    assert main(["--from", str(source), "--network", "sonic_denoiser", "--to", str(tmp_path / "out.ckpt")]) == 2
    assert "would both become time.0.mix.conv.weight" in capsys.readouterr().err


def test_placeholders_stand_for_one_part_or_several() -> None:
    one, *_, several = load_map(BUILT_IN).layers[::-1]
    assert several.translate("speech.time.0.mix") == "speech.time.0.mix"
    assert one.translate("speech.time.0.mix.2") == "speech.time.0.mix.activation"
    assert one.translate("speech.time.12") is None
