"""A played ATC: as strict with its arguments as the documentation of the real one, and with what it says the same.

    python atc.py --framework=5 --model=x.onnx --output=x --soc_version=Ascend310 ...

What it writes is a shell (see ``om_shells``) that no NPU could run. FAKE_ATC makes it fail: ``half`` (dies while it
writes), ``python`` (its Python packages are missing), ``library`` (CANN's environment is), ``kernel`` (an operator has
none), ``other-soc``, ``cut-off`` and ``nothing`` (content, but with a wrong file or none), ``long`` (does not end).
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import Dict, List, NoReturn, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from om_shells import om_shell

SOCS = (
    "Ascend310", "Ascend310P1", "Ascend310P3", "Ascend310B1", "Ascend310B4", "Ascend910", "Ascend910A", "Ascend910B",
)  # fmt: skip
DYNAMIC = ("dynamic_batch_size", "dynamic_image_size", "dynamic_dims")
OPSETS = range(8, 16)
NO_PARSER = (
    "GridSample", "LayerNormalization", "GroupNormalization", "Gelu", "Mish", "QuantizeLinear", "DequantizeLinear",
    "QLinearConv", "ConvInteger",
)  # fmt: skip
VALUES: Dict[str, Tuple[str, ...]] = {
    "mode": ("0", "1", "3", "6"),
    "framework": ("0", "1", "3", "5"),
    "soc_version": SOCS,
    "input_format": ("NCHW", "NHWC", "ND"),
    "precision_mode": (
        "force_fp16", "allow_fp32_to_fp16", "must_keep_origin_dtype", "allow_mix_precision", "force_fp32",
    ),
    "op_select_implmode": (
        "high_performance", "high_precision", "high_performance_for_all", "high_precision_for_all",
    ),
    "enable_small_channel": ("0", "1"),
    "disable_reuse_memory": ("0", "1"),
    "log": ("debug", "info", "warning", "error", "null"),
    "host_env_os": ("linux",),
    "host_env_cpu": ("x86_64", "aarch64"),
}  # fmt: skip
FLAGS = {
    *VALUES, *DYNAMIC, "model", "weight", "output", "input_shape", "out_nodes", "output_type", "insert_op_conf",
    "optypelist_for_implmode", "input_fp16_nodes", "op_precision_mode", "modify_mixlist", "keep_dtype",
    "is_input_adjust_hw_layout", "compression_optimize_conf", "fusion_switch_file", "buffer_optimize", "om", "json",
    "check_report", "op_debug_level", "debug_dir", "op_compiler_cache_mode", "op_compiler_cache_dir",
}  # fmt: skip
AIPP_FIELDS = {
    "aipp_mode", "related_input_rank", "input_format", "src_image_size_w", "src_image_size_h", "csc_switch",
    "rbuv_swap_switch", "crop", "padding", *(f"{name}_{channel}" for name in ("mean_chn", "min_chn", "var_reci_chn")
                                           for channel in range(4)),
}  # fmt: skip


class Refused(Exception):
    """Ends with a code and a text, as the real one writes them."""


def parsed(arguments: Sequence[str]) -> Dict[str, str]:
    """Options by name; ``--name=value`` and ``--name value`` are the same."""
    options: Dict[str, str] = {}
    waiting = list(arguments)
    while waiting:
        found = re.fullmatch(r"--([a-z0-9_]+)(?:=(.*))?", waiting.pop(0), re.DOTALL)
        if not found or found.group(1) not in FLAGS:
            raise Refused("ERROR: unknown command line flag")
        name, value = found.groups()
        if value is None:
            value = waiting.pop(0) if waiting else ""
        if name in options:
            raise Refused(f"E10014: Value [{value}] for parameter [--{name}] is invalid: given twice.")
        options[name] = value
    return options


def check(options: Dict[str, str]) -> None:
    for name in ("framework", "model", "output", "soc_version"):
        if name not in options:
            code = "E10007" if name == "framework" else "E10054"
            raise Refused(f"{code}: The required parameter [--{name}] for ATC is empty.")
    for name, value in options.items():
        if not value:
            raise Refused(f"E10004: Value for [--{name}] is empty.")
        if name in VALUES and value not in VALUES[name]:
            raise Refused(f"E10001: Value [{value}] for parameter [--{name}] is invalid.")
    for name in ("model", "output", "insert_op_conf"):
        if not re.fullmatch(r"[\w./-]+", options.get(name, "x"), re.ASCII):
            raise Refused(f"E10001: Value [{options[name]}] for parameter [--{name}] is invalid. Reason: characters.")
    if sum(name in options for name in DYNAMIC) > 1:
        raise Refused("E10009: The dynamic options are mutually exclusive.")
    if "optypelist_for_implmode" in options and "op_select_implmode" not in options:
        raise Refused("E10058: Parameter [--op_select_implmode] is not configured or is empty.")
    if "weight" in options and options["framework"] != "0":
        raise Refused("E10056: Cannot configure [--weight] with this framework.")
    kinds = "FP32|FP16|UINT8|INT8"
    if not re.fullmatch(rf"({kinds})|([\w/.-]+:\d+:({kinds});?)+", options.get("output_type", "FP32")):
        raise Refused(f"E10001: Value [{options['output_type']}] for parameter [--output_type] is invalid.")
    for name in ("model", "insert_op_conf"):
        if name in options and not Path(options[name]).is_file():
            raise Refused(f"E10410: File [{options[name]}] does not exist.")
    if not Path(options["output"]).absolute().parent.is_dir() or options["output"].endswith(("/", ".om")):
        raise Refused(f"E10022: Path [{options['output']}] for parameter [--output] is invalid.")


def shapes(options: Dict[str, str]) -> Dict[str, Tuple[int, ...]]:
    """Of --input_shape; static ones alone, since the options for others are not played."""
    given: Dict[str, Tuple[int, ...]] = {}
    for item in options.get("input_shape", "").split(";"):
        name, colon, sides = item.rpartition(":")
        if not colon or not re.fullmatch(r"-?\d+(,-?\d+)*", sides):
            raise Refused(f"E10002: Value [{item}] for parameter [--input_shape] is invalid.")
        given[name] = tuple(map(int, sides.split(",")))
        if min(given[name]) <= 0:
            raise Refused(f"E10011: Value [{item}] for parameter [--input_shape] is invalid: must be positive.")
    if any(name in options for name in DYNAMIC):
        raise Refused("E10040: With a dynamic option an input must have -1 axes.")
    return given


def check_graph(path: str, given: Dict[str, Tuple[int, ...]]) -> None:
    """The parser: names and shapes of inputs, operators and opset; the form of INT8 layers."""
    import onnx

    try:
        model = onnx.load(path)
    except Exception as error:
        raise Refused(f"E10041: Failed to load the model from [{path}].") from error
    constants = {item.name: item for item in model.graph.initializer}
    declared = {
        item.name: tuple(side.dim_value for side in item.type.tensor_type.shape.dim)
        for item in model.graph.input
        if item.name not in constants
    }
    for name, shape in given.items():
        if name not in declared:
            raise Refused(f"E10016: Opname [{name}] specified in [--input_shape] is not found in the model.")
        if shape != declared[name]:
            raise Refused(f"E10049: Dimensions {shape} in [--input_shape] do not match {declared[name]} of the node.")
    opset = next((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), 0)
    for node in model.graph.node:
        if node.domain not in ("", "ai.onnx") or node.op_type in NO_PARSER or opset not in OPSETS:
            kind = f"{node.domain or 'ai.onnx'}::{opset}::{node.op_type}"
            raise Refused(f"E19010: No parser is registered for Op [{node.name}, optype [{kind}]].")
        attributes = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
        if node.op_type == "AscendQuant" and not {"scale", "offset"} <= set(attributes):
            raise Refused(f"E13014: Value of parameter [scale] for Op [{node.name}] is invalid.")
        if node.op_type == "AscendDequant":
            factors = constants.get(node.input[1]) if len(node.input) == 2 else None
            if factors is None or factors.data_type != onnx.TensorProto.UINT64:
                raise Refused(f"E13014: Value of parameter [deq_scale] for Op [{node.name}] is invalid.")


def check_aipp(path: str, inputs: List[Tuple[int, ...]]) -> None:
    """The file of --insert_op_conf: one block of static AIPP for an NCHW input of three channels."""
    found = re.fullmatch(r"\s*aipp_op\s*\{(.*)\}\s*", Path(path).read_text(), re.DOTALL)
    if not found:
        raise Refused(f"E13018: Failed to parse file [{path}] through google::protobuf::TextFormat::Parse.")
    fields = dict(re.findall(r"(\w+)\s*:\s*(\S+)", found.group(1)))
    unknown = set(fields) - AIPP_FIELDS
    rank = int(fields.get("related_input_rank", "0"))
    if unknown or fields.get("aipp_mode") != "static" or fields.get("input_format") != "RGB888_U8":
        raise Refused(f"E10052: AIPP configuration is invalid. Reason: {sorted(unknown) or 'mode or format'}.")
    if rank >= len(inputs) or len(inputs[rank]) != 4 or inputs[rank][1] != 3:
        raise Refused("E10052: AIPP configuration is invalid. Reason: the related input has not three channels.")
    height, width = inputs[rank][2:]
    if (fields.get("src_image_size_h"), fields.get("src_image_size_w")) != (str(height), str(width)):
        raise Refused("E10052: AIPP configuration is invalid. Reason: the size of the image is not that of the input.")
    for channel in range(3):
        mean = fields.get(f"mean_chn_{channel}", "0")
        if not mean.isdigit() or not 0 <= float(fields.get(f"min_chn_{channel}", "0")) <= 255:
            raise Refused("E10052: AIPP configuration is invalid. Reason: mean or min out of range.")
        if not -65504 <= float(fields.get(f"var_reci_chn_{channel}", "1")) <= 65504:
            raise Refused("E10052: AIPP configuration is invalid. Reason: var_reci out of range.")


def compiled(options: Dict[str, str], inputs: Dict[str, Tuple[int, ...]]) -> None:
    fault = os.environ.get("FAKE_ATC", "")
    soc = options["soc_version"] if fault != "other-soc" else "Ascend310P3"
    others = ("output_type", "insert_op_conf", "precision_mode", "op_select_implmode", "enable_small_channel")
    rest = " ".join(f"--{name}={options[name]}" for name in others if name in options)
    content = om_shell(Path(options["model"]).read_bytes(), inputs, soc, rest, model=options["model"])
    path = Path(f"{options['output']}.om")
    if fault == "kernel":
        raise Refused("EZ3003: No supported Ops kernel and engine are found for [conv_0], optype [Conv2D].")
    if fault == "python":
        raise Refused("EC0010: Failed to import Python module [ModuleNotFoundError: No module named 'decorator'.].")
    if fault in ("half", "long"):
        path.write_bytes(content[: len(content) // 2])
        if fault == "long":
            time.sleep(3600)
        os.abort()
    Path("kernel_meta").mkdir(exist_ok=True)
    Path("fusion_result.json").write_text("[]")
    if fault != "nothing":
        path.write_bytes(content[:-1] if fault == "cut-off" else content)


def main(arguments: Sequence[str]) -> NoReturn:
    if os.environ.get("FAKE_ATC") == "library":
        print("atc.bin: error while loading shared libraries: libascend_hal.so: cannot open shared object file")
        sys.exit(127)
    print("ATC start working now, please wait for a moment.")
    try:
        options = parsed(arguments)
        check(options)
        inputs = shapes(options)
        check_graph(options["model"], inputs)
        if "insert_op_conf" in options:
            check_aipp(options["insert_op_conf"], list(inputs.values()))
        compiled(options, inputs)
    except Refused as error:
        print("ATC run failed, Please check the detail log, Try 'atc --help' for more information")
        print(
            f"{error}\n        Solution: see the guide.\n        TraceBack (most recent call last):\n        [FUNC:X]"
        )
        sys.exit(255)
    print("ATC run success, welcome to the next use.")
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
