"""`python -m models_om.lint`: what a person sees, what another program reads, and what it refuses."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import numpy as np
import pytest

import models_om.export  # noqa: F401  (before onnx)

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from models_om.lint.__main__ import main  # noqa: E402
from models_om.manifest import BUILT, HERE  # noqa: E402


def enlarging(path: Path, mode: str) -> Path:
    """A network of one linear Resize in that coordinate mode."""
    attributes = {"mode": "linear", "coordinate_transformation_mode": mode}
    node = helper.make_node("Resize", ["photo", "region", "scales"], ["large"], "enlarge", **attributes)
    values = {"region": [], "scales": [1, 1, 2, 2]}
    scales = [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in values.items()]
    photo = helper.make_tensor_value_info("photo", TensorProto.FLOAT, [1, 3, 8, 8])
    large = helper.make_tensor_value_info("large", TensorProto.FLOAT, [1, 3, 16, 16])
    graph = helper.make_graph([node], "toy", [photo], [large], scales)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)]), path)
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return enlarging(tmp_path / "good.onnx", "pytorch_half_pixel")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return enlarging(tmp_path / "bad.onnx", "half_pixel")


def lines(text: str) -> List[Dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]


def test_errors_fail_the_command_and_nothing_else_does(good: Path, bad: Path, capsys: pytest.CaptureFixture) -> None:
    assert main([str(good)]) == 0
    assert capsys.readouterr() == ("", "")
    assert main([str(good), str(bad)]) == 1
    (finding,) = lines(capsys.readouterr().out)
    assert (finding["file"], finding["node"], finding["severity"]) == (str(bad), "enlarge", "error")
    assert "pytorch_half_pixel" in finding["fix"] and "asymmetric" in finding["why"]
    assert main([str(BUILT / "sonic.fp32.onnx")]) == 0  # with warnings
    assert {finding["severity"] for finding in lines(capsys.readouterr().out)} == {"warning", "note"}


def on_terminal(*arguments: str) -> str:
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    try:
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "NO_COLOR": "1"}
        command = [sys.executable, "-m", "models_om.lint", *arguments]
        with subprocess.Popen(command, stdout=theirs, stderr=theirs, cwd=HERE.parent, env=environment) as process:
            os.close(theirs)
            theirs = -1
            written = b""
            while True:
                try:
                    part = os.read(ours, 65536)
                except OSError:  # Linux says so when the other end is closed
                    break
                if not part:
                    break
                written += part
            process.wait(60)
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)
    return written.decode()


def test_a_terminal_shows_a_table_and_a_verdict(good: Path, bad: Path) -> None:
    shown = on_terminal(str(good), str(bad))
    assert "resize-coordinates" in shown and "enlarge" in shown and "┃" in shown
    assert "good.onnx: nothing keeps it from Ascend 310" in shown
    assert "bad.onnx: not fit for Ascend 310: 1 error." in shown
    assert lines(on_terminal(str(bad), "--json"))[0]["rule"] == "resize-coordinates"


def refused(capsys: pytest.CaptureFixture, *arguments: str) -> int:
    """Exit code of a refusal, which must be in words."""
    try:
        code = main(list(arguments))
    except SystemExit as stop:  # argparse
        code = int(stop.code or 0)
    told = capsys.readouterr()
    assert not told.out and told.err and "Traceback" not in told.err
    return code


def test_what_is_no_network_is_refused_in_words(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert refused(capsys) == 2
    assert refused(capsys, str(tmp_path / "missing.onnx")) == 5
    for content in (b"", b"no network at all", good.read_bytes()[:-40]):
        damaged = tmp_path / "damaged.onnx"
        damaged.write_bytes(content)
        assert refused(capsys, str(damaged)) == 5
    assert refused(capsys, str(good), "--record", str(tmp_path / "missing.json")) == 5
    assert refused(capsys, str(good), str(good), "--record", str(BUILT / "sonic.scales.json")) == 2
    for text in ("", "[]", '{"tensors": {"a": 1}}', '{"tensors": {}, "layers": [], "source": null}'):
        record = tmp_path / "good.scales.json"
        record.write_text(text)
        assert refused(capsys, str(good)) == 5


def test_without_onnx_the_command_says_what_to_install(good: Path) -> None:
    without = "import sys; sys.modules['onnx'] = None; from models_om.lint.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", without, str(good)], capture_output=True, text=True, cwd=HERE.parent, timeout=60
    )
    assert done.returncode == 5 and "onnx" in done.stderr and "Traceback" not in done.stderr


def test_a_record_beside_the_file_is_used_without_being_named(good: Path, capsys: pytest.CaptureFixture) -> None:
    record = {
        "source": {"file": "other.onnx", "sha256": ""}, "layers": [],
        "tensors": {"large": {"scale": 1000.0, "zero_point": 0}},
    }  # fmt: skip
    good.with_name("good.scales.json").write_text(json.dumps(record))
    assert main([str(good)]) == 1
    (finding,) = lines(capsys.readouterr().out)
    assert finding["rule"] == "fp16-activations" and "2.55e+05" in finding["why"]
