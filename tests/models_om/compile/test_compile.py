"""The way from ONNX to `.om` files in the manifest, by a played ATC that is as strict as the real one."""

from __future__ import annotations

import os
import re
import shlex
import stat
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pytest
from npus import plugged_in
from om_shells import BROKEN, om_shell

import models_om.export  # noqa: F401  (before onnx)

onnx = pytest.importorskip("onnx")

from appliance.manifest import read_manifest  # noqa: E402
from appliance.models import ModelStore  # noqa: E402
from appliance.pipeline.runtime.acl import AclNetwork  # noqa: E402
from appliance.pipeline.signatures import SIGNATURES  # noqa: E402
from models_om.compile import atc  # noqa: E402
from models_om.compile.__main__ import main  # noqa: E402
from models_om.compile.aipp import configuration  # noqa: E402
from models_om.compile.build import SOCS, Build  # noqa: E402
from models_om.compile.failures import explained  # noqa: E402
from models_om.export.running import Runner  # noqa: E402
from models_om.manifest import BUILT, write_manifest  # noqa: E402
from models_om.quantise.__main__ import write_deployed  # noqa: E402
from models_om.quantise.deploy import deploy_graph, read  # noqa: E402

PLAYED = Path(__file__).resolve().parents[2] / "fakes" / "atc" / "atc.py"
NAME = "sonic_denoiser"
"""The smallest of the networks."""
SHAPES = {spec.name: spec.shape for spec in SIGNATURES[NAME].inputs}

Compile = Callable[..., Tuple[int, str]]


@pytest.fixture()
def networks(tmp_path: Path) -> Path:
    """A folder with the float32 denoiser and its manifest."""
    (tmp_path / "networks" / "built").mkdir(parents=True)
    take(tmp_path / "networks", f"{NAME}.fp32.onnx", "ict_basis.npz")
    write_manifest(tmp_path / "networks")
    return tmp_path / "networks"


@pytest.fixture()
def toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """CANN's toolkit with the played ATC, in its environment."""
    home = tmp_path / "toolkit"
    program(home / "bin" / "atc", f'exec "{sys.executable}" "{PLAYED}" "$@"')
    monkeypatch.setenv("ASCEND_TOOLKIT_HOME", str(home))
    return home


@pytest.fixture()
def compiled(networks: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Compile:
    """Run the command for the denoiser: exit code, and what it says to the user."""

    def run(*options: str, only: str = NAME) -> Tuple[int, str]:
        fixed = ["--networks", str(networks), "--work", str(tmp_path / "work"), "--only", only]
        code = main([*fixed, *options])
        return code, capfd.readouterr().err

    return run


def take(networks: Path, *files: str) -> None:
    for file in files:
        (networks / "built" / file).write_bytes((BUILT / file).read_bytes())


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def everything(folder: Path) -> Dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("soc", ["Ascend310", "Ascend310P3", "Ascend310B4", "Ascend910"])
def test_the_command_is_printed_for_a_shell(soc: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = ["--print", "--precision", "fp32", "--only", "sonic", "--soc", soc, "--work", str(tmp_path)]
    assert main(options) == 0
    assert shlex.split(capfd.readouterr().out) == [
        "atc",
        "--framework=5",
        f"--model={BUILT}/sonic.fp32.onnx",
        f"--output={tmp_path}/{soc.lower()}/sonic.fp32",
        f"--soc_version={soc}",
        "--input_format=NCHW",
        "--input_shape=audio_input:1,1,80,160;image_input:1,3,224,224",
        "--output_type=FP32",
        "--log=error",
    ]


def test_all_networks_are_printed_and_what_is_not_quantised_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["--print", "--work", str(tmp_path)]) == 0
    told = capfd.readouterr()
    assert [re.search(r"built/(\w+)\.fp32", line).group(1) for line in told.out.splitlines()] == list(SIGNATURES)
    assert "Without int8: sonic, sonic_denoiser, sonic_painter." in told.err


def test_int8_that_is_asked_for_and_not_quantised_is_an_error(compiled: Compile) -> None:
    code, told = compiled("--precision", "int8", "--print")
    assert code == 5
    assert "models_om.quantise --target ascend310" in told


def test_without_atc_the_commands_remain(
    compiled: Compile, networks: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in atc.HOMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(atc, "USUAL", ())
    before = everything(networks)
    code, told = compiled()
    assert code == 0
    assert "atc was not found" in told
    assert "--take" in told
    assert everything(networks) == before
    setup = tmp_path / "set_env.sh"
    setup.touch()
    monkeypatch.setattr(atc, "USUAL", (setup,))
    assert f"run `. {setup}`" in compiled()[1]


def test_atc_is_cann_s_and_not_the_game(toolkit: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    game = tmp_path / "games" / "atc"
    program(game, "exit 0")
    monkeypatch.setenv("PATH", str(game.parent))
    assert atc.find() == toolkit / "bin" / "atc"
    monkeypatch.delenv("ASCEND_TOOLKIT_HOME")
    assert atc.find() is None
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, (game.parent, toolkit / "bin"))))
    assert atc.find() == toolkit / "bin" / "atc"


# --- compiled ---------------------------------------------------------------------------------------------------------


def test_a_compiled_network_is_in_the_manifest_and_runs_on_the_played_npu(
    compiled: Compile, networks: Path, toolkit: Path, tmp_path: Path
) -> None:
    code, told = compiled()
    assert code == 0, told
    assert "for Ascend310, ATC 5.1.RC1" in told
    entry = read_manifest(networks / "manifest.toml").networks[NAME]
    assert entry.find("acl", "fp32").file == f"built/{NAME}.fp32.om"
    log = (tmp_path / "work" / "ascend310" / f"{NAME}.fp32.log").read_text()
    assert log.startswith(f"{toolkit}/bin/atc --framework=5")
    assert "ATC run success" in log

    chance = np.random.default_rng(0)
    feed = {name: chance.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}
    expected = Runner(networks / "built" / f"{NAME}.fp32.onnx")(feed)["velocity"]
    path = ModelStore(networks=networks).network_file(NAME, "acl", "fp32")
    with plugged_in():
        network = AclNetwork(path, entry, threads=1)
        np.testing.assert_allclose(network.run(feed)["velocity"], expected, rtol=2e-3, atol=1e-3)
        network.close()


def test_int8_is_the_quantised_graph(compiled: Compile, networks: Path, toolkit: Path, tmp_path: Path) -> None:
    take(networks, f"{NAME}.int8.onnx", f"{NAME}.scales.json")
    folder = tmp_path / "work" / "ascend310"
    _, deployed, wrong = write_deployed(networks / "built" / f"{NAME}.fp32.onnx", folder)
    assert not wrong
    code, told = compiled("--precision", "int8", "--soc", "Ascend310P3")
    assert code == 0, told
    store = ModelStore(networks=networks)
    assert deployed.SerializeToString() in store.network_file(NAME, "acl", "int8").read_bytes()
    assert store.manifest().precisions("acl") == ["int8"]


def test_a_graph_that_the_linter_refuses_never_reaches_atc(
    compiled: Compile, networks: Path, toolkit: Path, tmp_path: Path
) -> None:
    path = networks / "built" / f"{NAME}.fp32.onnx"
    model = onnx.load(path)
    model.opset_import[0].version = 17
    onnx.save(model, path)
    code, told = compiled()
    assert code == 5
    assert "not fit for Ascend" in told
    assert "opset" in told
    assert not list(tmp_path.rglob("*.log"))


def test_another_network_s_graph_is_refused(compiled: Compile, networks: Path) -> None:
    (networks / "built" / f"{NAME}.fp32.onnx").write_bytes((BUILT / "sonic_painter.fp32.onnx").read_bytes())
    code, told = compiled("--print")
    assert code == 5
    assert "holds another network" in told


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("half", ["it ended with -6", "ATC start working now"]),
        ("python", ["EC0010", "decorator", "with Python"]),
        ("library", ["libascend_hal.so", "set_env.sh"]),
        ("kernel", ["EZ3003", "[conv_0]", "models_om.lint"]),
        ("nothing", ["wrote no .om file"]),
        ("other-soc", ["compiled for Ascend310P3", "has Ascend310"]),
        ("cut-off", ["cut off"]),
    ],
)
def test_a_failure_is_explained_and_leaves_nothing_but_the_log(
    fault: str, words: List[str], compiled: Compile, networks: Path, toolkit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(networks)
    work = networks.parent / "work"
    (work / "ascend310").mkdir(parents=True)
    (work / "ascend310" / f"{NAME}.fp32.om").write_bytes(b"of an earlier run")
    monkeypatch.setenv("FAKE_ATC", fault)
    code, told = compiled()
    assert code == 5
    for word in words:
        assert word in told
    assert "FUNC:" not in told
    assert everything(networks) == before
    assert not list(work.rglob("*.om"))
    assert list(work.rglob("*.log"))


def test_an_atc_that_does_not_end_is_ended(
    compiled: Compile, toolkit: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAKE_ATC", "long")
    monkeypatch.setattr(atc, "LIMIT_S", 2)
    code, told = compiled()
    assert code == 5
    assert "did not end within 2 s" in told
    assert not list(tmp_path.rglob("*.om"))


def test_an_atc_that_cannot_start_is_told(compiled: Compile, toolkit: Path) -> None:
    (toolkit / "bin" / "atc").write_text("#!/no/such/shell\n")
    code, told = compiled()
    assert code == 5
    assert "cannot be started" in told


def test_files_for_two_chips_are_not_mixed(compiled: Compile, networks: Path, toolkit: Path) -> None:
    other = om_shell(b"", {"crop": (1, 9, 160, 160)}, soc="Ascend310P3")
    (networks / "built" / "sonic_painter.fp32.om").write_bytes(other)
    before = everything(networks)
    code, told = compiled()
    assert code == 5
    assert "compiled for Ascend310P3, these for Ascend310" in told
    assert everything(networks) == before


def test_a_manifest_that_cannot_be_written_leaves_all_as_it_was(
    compiled: Compile, networks: Path, toolkit: Path
) -> None:
    take(networks, f"{NAME}.int8.onnx", f"{NAME}.scales.json")
    scales = networks / "built" / f"{NAME}.scales.json"
    scales.write_text(re.sub(r'("sha256": ")[0-9a-f]{8}', r"\g<1>00000000", scales.read_text()))
    before = everything(networks)
    code, told = compiled()
    assert code == 5
    assert "was not made with" in told
    assert everything(networks) == before


REPORT = """ATC start working now, please wait for a moment.
...
ATC run failed, Please check the detail log, Try 'atc --help' for more information
E10016: [PID: 17] 2022-11-02-09:02:18.501.341 Opname [image] specified in [--input_shape] is not found in the model.
        Solution: N/A
        TraceBack (most recent call last):
        Failed to parse[FUNC:Check][FILE:checker.cc][LINE:17]
"""


def test_the_line_with_the_code_is_the_excerpt() -> None:
    excerpt, advice = explained(REPORT)
    assert excerpt.splitlines()[0].startswith("E10016: [PID: 17]")
    assert "FUNC" not in excerpt
    assert "shapes" in advice
    assert explained(REPORT.replace("E10016", "E17777"))[1] == ""


def test_a_code_with_advice_goes_before_one_without() -> None:
    excerpt, advice = explained("E17777: odd\n" + REPORT)
    assert excerpt.startswith("E10016")
    assert advice


# --- made elsewhere ---------------------------------------------------------------------------------------------------


GRAPHS = {"fp32": f"{NAME}.fp32.onnx", "int8": f"{NAME}.deploy.onnx"}


def brought(folder: Path, place: str = "fp32", **options: Any) -> Path:
    path = folder / "work" / "ascend310" / f"{NAME}.{place}.om"
    path.parent.mkdir(parents=True, exist_ok=True)
    fixed = {"inputs": SHAPES, "model": f"/elsewhere/{GRAPHS[place]}"}
    path.write_bytes(om_shell(options.pop("content", b"network"), **{**fixed, **options}))
    return path


@pytest.fixture()
def both(networks: Path, tmp_path: Path) -> Dict[str, bytes]:
    """The denoiser's graphs in both precisions, where the command looks for them; by precision."""
    take(networks, f"{NAME}.int8.onnx", f"{NAME}.scales.json")
    _, deployed, _ = write_deployed(networks / "built" / f"{NAME}.fp32.onnx", tmp_path / "work" / "ascend310")
    return {"fp32": (networks / "built" / GRAPHS["fp32"]).read_bytes(), "int8": deployed.SerializeToString()}


def test_a_file_made_elsewhere_is_taken(compiled: Compile, networks: Path, tmp_path: Path) -> None:
    content = brought(tmp_path).read_bytes()
    code, told = compiled("--take")
    assert code == 0, told
    assert ModelStore(networks=networks).network_file(NAME, "acl", "fp32").read_bytes() == content


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"soc": "Ascend310P3"}, "compiled for Ascend310P3"),
        ({"inputs": {"crop": (1, 9, 160, 160)}}, "another network"),
        ({"inputs": {**SHAPES, "motion": (-1, 32, 1, 40)}}, "dynamic shapes"),
        ({"options": "--insert_op_conf=x.cfg"}, "as bytes, not as floats"),
    ],
)
def test_a_file_of_something_else_is_not_taken(
    options: Dict[str, Any], words: str, compiled: Compile, networks: Path, tmp_path: Path
) -> None:
    path, before = brought(tmp_path, **options), everything(networks)
    code, told = compiled("--take")
    assert code == 5
    assert words in told
    assert path.is_file()
    assert everything(networks) == before


@pytest.mark.parametrize("silent", [False, True], ids=["command known", "command unknown"])
def test_both_precisions_are_taken_where_they_belong_and_not_swapped(
    silent: bool, compiled: Compile, networks: Path, both: Dict[str, bytes], tmp_path: Path
) -> None:
    def bring(place: str, precision: str) -> None:
        path = brought(tmp_path, place, content=both[precision], model=f"/elsewhere/{GRAPHS[precision]}")
        if silent:  # as of an ATC that does not write it down
            path.write_bytes(path.read_bytes().replace(b"atc_cmdline\x12", b"atc_cmdLine\x12"))

    before = everything(networks)
    for place, held in (("fp32", "int8"), ("int8", "fp32")):
        bring(place, held)
        code, told = compiled("--take", "--precision", place)
        assert code == 5
        assert f"{NAME}.{place}.om {'is ' + held if silent else 'was compiled from ' + GRAPHS[held]}" in told
        assert f"belongs at {tmp_path / 'work' / 'ascend310' / NAME}.{held}.om" in told
    assert compiled("--take")[0] == 5
    assert everything(networks) == before

    for place in ("fp32", "int8"):
        bring(place, place)
    code, told = compiled("--take")
    assert code == 0, told
    store = ModelStore(networks=networks)
    for precision, graph in both.items():
        assert graph in store.network_file(NAME, "acl", precision).read_bytes()


@pytest.mark.parametrize("model", ["sonic.fp32.onnx", "denoiser.onnx"])
def test_a_file_of_any_other_graph_is_not_taken(model: str, compiled: Compile, networks: Path, tmp_path: Path) -> None:
    brought(tmp_path, model=model)
    before = everything(networks)
    code, told = compiled("--take")
    assert code == 5
    assert f"was compiled from {model}, not from {NAME}.fp32.onnx" in told
    assert everything(networks) == before


def test_a_damaged_or_missing_file_is_not_taken(compiled: Compile, tmp_path: Path) -> None:
    assert "missing" in compiled("--take")[1]
    path = brought(tmp_path)
    path.write_bytes(BROKEN["cut off in half"][0](path.read_bytes()))
    code, told = compiled("--take")
    assert code == 5
    assert "cut off" in told


# --- AIPP -------------------------------------------------------------------------------------------------------------


def test_aipp_computes_what_the_pipeline_feeds() -> None:
    fields = dict(re.findall(r"(\w+) : (\S+)", configuration("sonic")))
    pixels = np.arange(256, dtype=np.float32)
    for channel in range(3):
        made = (pixels - float(fields[f"min_chn_{channel}"])) * float(fields[f"var_reci_chn_{channel}"])
        np.testing.assert_allclose(made, pixels / 127.5 - 1, atol=1e-6)
    names = [spec.name for spec in SIGNATURES["sonic"].inputs]
    assert names[int(fields["related_input_rank"])] == "image_input"
    assert fields["rbuv_swap_switch"] == "false"


def test_a_network_with_aipp_is_compiled_and_not_shipped(
    compiled: Compile, networks: Path, toolkit: Path, tmp_path: Path
) -> None:
    take(networks, "sonic.fp32.onnx")
    before = everything(networks)
    code, told = compiled("--aipp", only="sonic")
    assert code == 0, told
    assert "Not shipped" in told
    assert (tmp_path / "work" / "ascend310" / "sonic.fp32.aipp.om").is_file()
    assert everything(networks) == before


def test_aipp_is_for_pictures_alone(compiled: Compile) -> None:
    code, told = compiled("--aipp", "--print")
    assert code == 2
    assert "three channels" in told


# --- the played ATC ---------------------------------------------------------------------------------------------------

WRONG = {
    "no framework": (r"--framework=5 ", "", "E10007"),
    "AIR": (r"--framework=5", "--framework=7", "E10001"),
    "no chip": (r"--soc_version=\w+ ", "", "E10054"),
    "a chip by another name": (r"--soc_version=\w+", "--soc_version=ascend310", "E10001"),
    "no graph": (r"fp32\.onnx", "fp16.onnx", "E10410"),
    "an output with ending": (r"(--output=\S+)", r"\1.om", "E10022"),
    "an output nowhere": (r"--output=", "--output=/no", "E10022"),
    "a layout": (r"NCHW", "NCWH", "E10001"),
    "shapes cut at the semicolon": (r";\S+", ";", "E10002"),
    "another name": (r"motion:", "image:", "E10016"),
    "another shape": (r"motion:1,32", "motion:1,33", "E10049"),
    "a dynamic batch without gears": (r"motion:1,", "motion:-1,", "E10011"),
    "two dynamic options": ("$", " --dynamic_batch_size=1,2 --dynamic_dims=1", "E10009"),
    "gears without a dynamic batch": ("$", " --dynamic_batch_size=1,2", "E10040"),
    "a type": (r"FP32", "FP64", "E10001"),
    "a log level": (r"--log=error", "--log=err", "E10001"),
    "an option twice": ("$", " --log=error", "E10014"),
    "no such option": ("$", " --soc=Ascend310", "unknown command line flag"),
    "AIPP without its file": ("$", " --insert_op_conf=/no/file", "E10410"),
    "a list without a mode": ("$", " --optypelist_for_implmode=Sigmoid", "E10058"),
    "weights for ONNX": ("$", " --weight=x", "E10056"),
}


@pytest.fixture(scope="module")
def played() -> Any:
    """The module of the played ATC."""
    import importlib.util

    specification = importlib.util.spec_from_file_location("played_atc", PLAYED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
    return module


def verdict(played: Any, command: List[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        played.main(command)
    return capsys.readouterr().out


def command(networks: Path, soc: str = "Ascend310") -> List[str]:
    return Build(NAME, "fp32", soc, networks, networks.parent).command()[1:]


@pytest.mark.parametrize("wrong", list(WRONG))
def test_the_played_atc_is_strict(
    wrong: str, played: Any, networks: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(networks.parent)
    pattern, replacement, code = WRONG[wrong]
    line = " ".join(command(networks))
    changed = re.sub(pattern, replacement, line, count=1)
    assert changed != line
    told = verdict(played, changed.split(), capsys)
    assert "ATC run failed" in told
    assert code in told
    assert not list(networks.parent.rglob("*.om"))


@pytest.mark.parametrize("soc", SOCS)
def test_the_played_atc_takes_our_commands(
    soc: str, played: Any, networks: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(networks.parent)
    assert "ATC run success" in verdict(played, command(networks, soc), capsys)


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        ("static", "dynamic"),
        ("rank : 1", "rank : 0"),
        ("rank : 1", "rank : 2"),
        ("_h : 224", "_h : 225"),
        ("min_chn_0", "minimum_chn_0"),
        ("}", ""),
        ("RGB888_U8", "RGB888"),
    ],
)
def test_the_played_atc_is_strict_with_aipp(pattern: str, replacement: str, played: Any, tmp_path: Path) -> None:
    shapes = [spec.shape for spec in SIGNATURES["sonic"].inputs]
    path = tmp_path / "aipp.cfg"
    path.write_text(configuration("sonic"))
    played.check_aipp(str(path), shapes)
    path.write_text(configuration("sonic").replace(pattern, replacement, 1))
    with pytest.raises(played.Refused):
        played.check_aipp(str(path), shapes)


def test_the_played_atc_reads_int8_layers(played: Any, tmp_path: Path) -> None:
    model = deploy_graph(*read(BUILT / f"{NAME}.fp32.onnx"))
    onnx.save(model, tmp_path / "right.onnx")
    played.check_graph(str(tmp_path / "right.onnx"), SHAPES)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.UINT64:
            tensor.data_type = onnx.TensorProto.INT64
    onnx.save(model, tmp_path / "wrong.onnx")
    with pytest.raises(played.Refused, match="deq_scale"):
        played.check_graph(str(tmp_path / "wrong.onnx"), SHAPES)
