"""MindSpore Lite beside ONNX Runtime: agreement is measured, disagreement is found; its configuration for Ascend."""

from __future__ import annotations

import configparser
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import models_om.lite  # noqa: F401  (before onnx)

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import numpy_helper  # noqa: E402

from appliance.pipeline.signatures import SIGNATURES  # noqa: E402
from models_om.lite.__main__ import main  # noqa: E402
from models_om.lite.ascend import configuration  # noqa: E402
from models_om.lite.parity import AGREEMENT, LOADING, Parity, Trial, measured, tried  # noqa: E402
from models_om.lite.report import write_report  # noqa: E402
from models_om.manifest import BUILT  # noqa: E402

PYTHON37 = os.environ.get("SONIC_PYTHON37", "")
needs_lite = pytest.mark.skipif(not PYTHON37, reason="SONIC_PYTHON37 names no interpreter with mindspore-lite 2.0.0")
NAME = "sonic_denoiser"


@needs_lite
def test_lite_computes_what_onnx_runtime_does_and_runs_no_int8() -> None:
    rows = measured(NAME, Path(PYTHON37))
    assert [(row.made, row.output) for row in rows] == [("converted anew", "velocity"), ("as shipped", "velocity")]
    assert all(row.agrees and row.largest > 1 for row in rows)
    assert [trial.outcome for trial in tried(NAME, Path(PYTHON37))] == [LOADING, LOADING]


@needs_lite
def test_a_file_of_other_weights_is_found_out(tmp_path: Path) -> None:
    model = onnx.load(BUILT / f"{NAME}.fp32.onnx")
    tensor = max(model.graph.initializer, key=lambda item: np.prod(item.dims))
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(1.01), tensor.name))
    onnx.save(model, tmp_path / f"{NAME}.fp32.onnx")
    (tmp_path / f"{NAME}.fp32.mindir").write_bytes((BUILT / f"{NAME}.fp32.mindir").read_bytes())
    agrees = {row.made: row.agrees for row in measured(NAME, Path(PYTHON37), tmp_path)}
    assert agrees == {"converted anew": True, "as shipped": False}


@pytest.mark.parametrize(("worst", "agrees"), [(0.0, True), (1.9 * AGREEMENT, True), (2.1 * AGREEMENT, False)])
def test_agreement_is_relative_to_the_largest_value(worst: float, agrees: bool) -> None:
    assert Parity(NAME, "as shipped", "velocity", 2.0, worst, 0.0).agrees is agrees


def test_no_number_is_no_agreement() -> None:
    assert not Parity(NAME, "as shipped", "velocity", 2.0, float("nan"), 0.0).agrees


def test_the_document_shows_what_does_not_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Parity(NAME, "as shipped", "velocity", 2.0, worst, 0.0) for worst in (1e-6, 1e-2)]
    write_report(rows, [Trial(NAME, "INT8 of ONNX Runtime (QDQ)", LOADING)], tmp_path / "lite.md")
    text = (tmp_path / "lite.md").read_text(encoding="utf-8")
    assert f"| `{NAME}` | as shipped | `velocity` | 2 | 1e-06 | 0e+00 | yes |" in text
    assert f"| `{NAME}` | as shipped | `velocity` | 2 | 1e-02 | 0e+00 | **no** |" in text
    assert f"| `{NAME}` | INT8 of ONNX Runtime (QDQ) | {LOADING} |" in text
    assert configuration("sonic") in text
    assert "velocity" in capsys.readouterr().out


@pytest.mark.parametrize("interpreter", [sys.executable, "/no/such/python"])
def test_without_mindspore_lite_nothing_is_written(
    interpreter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if interpreter == sys.executable and sys.version_info < (3, 8):
        pytest.skip("MindSpore Lite may be installed here")
    document = tmp_path / "lite.md"
    assert main(["--python37", interpreter, "--document", str(document)]) == 5
    assert "mindspore-lite 2.0.0" in capsys.readouterr().err
    assert not document.exists()


def test_an_interpreter_must_be_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("SONIC_PYTHON37", raising=False)
    assert main([]) == 2
    assert "--python37" in capsys.readouterr().err


def test_the_configuration_for_ascend_is_of_the_signature(tmp_path: Path) -> None:
    assert main(["--ascend", str(tmp_path)]) == 0
    for name, signature in SIGNATURES.items():
        parser = configparser.ConfigParser()
        parser.read(tmp_path / f"{name}.ascend.ini")
        section = parser["ascend_context"]
        shapes = dict(item.split(":") for item in section["input_shape"].split(";"))
        assert shapes == {spec.name: str(list(spec.shape)).replace(" ", "") for spec in signature.inputs}
        assert (section["input_format"], section["precision_mode"]) == ("NCHW", "enforce_fp16")
        assert section["output_type"] == "FP32"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["--ascend", str(tmp_path / "file")]) == 6
    assert "permissions" in capsys.readouterr().err
