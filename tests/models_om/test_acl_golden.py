"""INT8 on the played NPU is the golden output, to the last bit, of each network as ATC is given it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deploy_graphs import deploy_graph
from npus import plugged_in
from om_shells import om_shell

import models_om.export  # noqa: F401  (before onnx)

onnx = pytest.importorskip("onnx")

from appliance.manifest import NetworkEntry  # noqa: E402
from appliance.pipeline.runtime.acl import AclNetwork  # noqa: E402
from appliance.pipeline.signatures import SIGNATURES  # noqa: E402
from models_om.export.recipes import float_file  # noqa: E402
from models_om.quantise.__main__ import write_deployed  # noqa: E402
from models_om.quantise.golden import Golden  # noqa: E402


@pytest.mark.parametrize("name", list(SIGNATURES))
def test_the_played_npu_computes_the_golden_output(name: str, tmp_path: Path) -> None:
    _, model, wrong = write_deployed(float_file(name), tmp_path)
    assert not wrong
    inputs, outputs = SIGNATURES[name]
    path = tmp_path / f"{name}.om"
    deployed = (tmp_path / f"{name}.deploy.onnx").read_bytes()
    path.write_bytes(om_shell(deployed, {spec.name: spec.shape for spec in inputs}))
    chance = np.random.default_rng(7)
    feed = {spec.name: chance.standard_normal(spec.shape).astype(np.float32) for spec in inputs}
    with plugged_in():
        network = AclNetwork(path, NetworkEntry(name, "", inputs, outputs, files=(), training=()), threads=1)
        found = network.run(feed)
        network.close()
    chip, exact = (Golden(model, half=half)(feed) for half in (True, False))
    for spec in outputs:
        np.testing.assert_array_equal(found[spec.name], chip[spec.name])
        # Of some content, and not what only the integers or another precision would give.
        assert found[spec.name].std() > 0.01
        assert np.any(found[spec.name] != exact[spec.name])


@pytest.mark.parametrize("name", list(SIGNATURES))
def test_lanes_without_onnx_play_the_same_graph(name: str, tmp_path: Path) -> None:
    """What `boards` puts into its shells is what `models_om.quantise` gives ATC."""
    model: Any = write_deployed(float_file(name), tmp_path)[1]
    assert onnx.load_from_string(deploy_graph(float_file(name))) == model
