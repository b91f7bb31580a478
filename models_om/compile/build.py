"""One network to be compiled: from which graph, by which command, into which file, and whether that came out right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import List

from appliance.errors import ModelMismatch, ModelMissing, SonicError
from appliance.files import write_atomically
from appliance.manifest import NetworkEntry
from appliance.pipeline.runtime.om_file import OmFile, check_entry, check_soc, read_om
from appliance.pipeline.signatures import SIGNATURES

from ..lint.finding import ERROR, lint
from ..lint.graph import Graph
from .aipp import configuration
from .errors import OtherGraph, UnfitGraph
from .origin import precision, source_name

ONNX_FRAMEWORK = 5
BOARD = "Ascend310"
SOCS = (BOARD, "Ascend310P3", "Ascend310B1", "Ascend310B4", "Ascend910", "Ascend910A", "Ascend910B")
"""Chips, as ``--soc_version`` names them: Atlas 200 DK, the larger 310P, Atlas 200I DK A2, and the servers' 910."""
PRECISIONS = ("fp32", "int8")
"""Of the graph. The cube of these chips has no float32: a float graph is computed in float16 there."""
AGAIN = "Build it again: `python -m models_om.compile`."


@dataclass(frozen=True)
class Build:
    """``networks``: folder of the manifest and of ``built/``; ``folder``: where the files for this chip are made."""

    network: str
    precision: str
    soc: str
    networks: Path
    folder: Path
    aipp: bool = False

    @property
    def source(self) -> Path:
        """The ONNX file. INT8 is the graph of `models_om.quantise`, the same for every chip of the family."""
        if self.precision == "int8":
            return self.folder.parent / BOARD.lower() / f"{self.network}.deploy.onnx"
        return self.networks / "built" / f"{self.network}.fp32.onnx"

    @property
    def om(self) -> Path:
        return self.folder / f"{self.network}.{self.precision}{'.aipp' if self.aipp else ''}.om"

    @property
    def log(self) -> Path:
        return self.om.with_suffix(".log")

    @property
    def aipp_file(self) -> Path:
        return self.om.with_suffix(".cfg")

    @property
    def entry(self) -> NetworkEntry:
        inputs, outputs = SIGNATURES[self.network]
        return NetworkEntry(self.network, "", inputs, outputs, files=(), training=())

    def command(self, atc: str = "atc") -> List[str]:
        """The command line, an item an argument. Paths are absolute: ATC leaves files of its own where it runs."""
        shapes = ";".join(f"{spec.name}:{','.join(map(str, spec.shape))}" for spec in SIGNATURES[self.network].inputs)
        return [
            atc,
            f"--framework={ONNX_FRAMEWORK}",
            f"--model={self.source.absolute()}",
            f"--output={self.om.absolute().with_suffix('')}",
            f"--soc_version={self.soc}",
            "--input_format=NCHW",
            f"--input_shape={shapes}",
            "--output_type=FP32",
            *([f"--insert_op_conf={self.aipp_file.absolute()}"] if self.aipp else []),
            "--log=error",
        ]

    def prepare(self) -> None:
        """Find out what ATC would refuse or compute wrongly, and write what it reads beside the graph.

        Raises `ModelMissing`, `ModelCorrupt`, `ModelMismatch`, `UnfitGraph`, OSError.
        """
        if not self.source.is_file():
            how = "`python -m models_om.quantise --target ascend310`" if self.precision == "int8" else "`export`"
            raise ModelMissing(message=f"There is no graph {self.source}.", action=f"Make it: {how}.")
        graph = Graph(self.source)
        expected = [spec.name for spec in self.entry.inputs]
        if graph.inputs != expected:
            message = f"{self.source.name} holds another network: its inputs are {graph.inputs}, not {expected}."
            raise ModelMismatch(message, message=message, action="Export it anew: `python -m models_om.export`.")
        errors = [finding for finding in lint(graph) if finding.severity == ERROR]
        if errors:
            first = errors[0]
            message = f"{self.source.name} is not fit for Ascend: {first.node}: {first.why}"
            more = f" ({len(errors) - 1} more: `python -m models_om.lint {self.source}`)" if errors[1:] else ""
            raise UnfitGraph(message=f"{message}{more}.", action=f"To do: {first.fix}.")
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.aipp:
            write_atomically(self.aipp_file, configuration(self.network).encode("ascii"))

    def checked(self) -> OmFile:
        """What was built, if it is what was wanted.

        Raises `ModelMissing`, `ModelCorrupt`, `ModelMismatch`, `OtherGraph`.
        """
        try:
            om = read_om(self.om)
            check_soc(om, self.soc)
            check_entry(om, self.entry)
        except SonicError as error:
            raise type(error)(error.detail, message=error.message, action=AGAIN) from error
        if ("insert_op_conf" in om.options) != self.aipp:
            takes, wants = ("bytes", "floats") if not self.aipp else ("floats", "bytes")
            message = f"The model file {self.om.name} takes its picture as {takes}, not as {wants}."
            raise ModelMismatch(message, message=message, action=AGAIN)
        self._check_graph(om)
        return om

    def _check_graph(self, om: OmFile) -> None:
        """Raises `OtherGraph` for the file of another build, put in the place of this one's."""
        given = source_name(om)
        if given == self.source.name or (not given and precision(om) == self.precision):
            return
        if given:
            builds = [replace(self, network=name, precision=each) for name in SIGNATURES for each in PRECISIONS]
            place = next((build.om for build in builds if build.source.name == given), None)
            what = f"was compiled from {given}, not from {self.source.name}"
        else:
            place = replace(self, precision=precision(om)).om
            what = f"is {precision(om)} inside, not {self.precision}"
        message = f"The model file {self.om.name} {what}."
        action = f"If files were swapped, this one belongs at {place}. {AGAIN}" if place else AGAIN
        raise OtherGraph(message, message=message, action=action)
