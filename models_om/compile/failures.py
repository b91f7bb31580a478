"""What a log of ATC says went wrong: the lines that matter, and what to do about codes that are known.

A code is a letter E, a digit or letter for the component, and four digits; the texts after it differ between versions.
"""

from __future__ import annotations

import re
from typing import Dict, Tuple

LINES = 8
"""Of the log, shown to the user."""
_CODE = re.compile(r"^\s*(E[0-9A-Z]\d{4})\b", re.MULTILINE)
_LIBRARY = "error while loading shared libraries"

_VALUE = "This version of ATC does not know that value or option: compare with `atc --help`."
_SHAPE = "The shapes of the ONNX file and of the command differ: export the network anew, `python -m models_om.export`."
_EMPTY = "In a shell of your own, put --input_shape in quotes: a `;` ends the command."
_FILE = "See that the file is there and may be read by this user; spaces and odd characters in paths are refused."
_GRAPH = "The ONNX file is damaged or too new for this version: copy it again, or export it with opset 11."
_PARSER = "Run `python -m models_om.lint` on the ONNX file: CANN does not know an operator, or not in that opset."
_KERNEL = (
    "Run `python -m models_om.lint` on the ONNX file; see that --soc_version is right and CANN's package of operators, "
    "OPP, is installed in the version of ATC."
)
_PYTHON = (
    "ATC compiles kernels with Python: put the one that CANN was installed for first in PATH, with its packages "
    "(numpy, decorator, sympy, cffi, attrs, psutil, scipy, protobuf), and source CANN's set_env.sh."
)
_INTERNAL = "CANN failed within: its own log, in ~/ascend/log/debug/plog, tells more. Run it again with --log=debug."
_ENVIRONMENT = "Source CANN's set_env.sh in this shell first."

ADVICE: Dict[str, str] = {
    **dict.fromkeys(("E10001", "E10003", "E10005", "E10006", "E10010", "E10013", "E10014", "E10055", "E10061"), _VALUE),
    **dict.fromkeys(("E10002", "E10011", "E10016", "E10017", "E10049", "E11005"), _SHAPE),
    **dict.fromkeys(("E10004", "E10007", "E10054", "E10058"), _EMPTY),
    **dict.fromkeys(("E10021", "E10022", "E10410", "E13000", "E13001", "E13002", "E13003", "E13026"), _FILE),
    **dict.fromkeys(("E10041", "E13005"), _GRAPH),
    **dict.fromkeys(("E10501", "E13010", "E19010", "EZ0501"), _PARSER),
    **dict.fromkeys(("EZ3002", "EZ3003"), _KERNEL),
    **dict.fromkeys(("E40000", "EC0010"), _PYTHON),
    **dict.fromkeys(("E19999", "E29999", "E39999", "E49999", "EZ9999"), _INTERNAL),
    "E10034": "An input with AIPP cannot be float16 as well: leave --input_fp16_nodes out.",
    "E10052": "The AIPP file does not fit this version of ATC: see the names of its fields in the guide to ATC.",
    "E13004": "See that the disk has space and this user may write there.",
    "E13024": _ENVIRONMENT,
}
"""Code → what to do. Codes and their meaning: table of errors of CANN's graph engine."""


def explained(log: str) -> Tuple[str, str]:
    """The lines of a log that say what failed, at most `LINES`, and what to do, or "" where that is not known."""
    codes = list(_CODE.finditer(log))
    if codes:
        known = next((match for match in codes if match.group(1) in ADVICE), codes[0])
        return _lines(log[known.start() :], first=True), ADVICE.get(known.group(1), "")
    if _LIBRARY in log:
        line = next(line for line in log.splitlines() if _LIBRARY in line)
        return line.strip(), _ENVIRONMENT
    return _lines(log, first=False), ""


def _lines(text: str, first: bool) -> str:
    """The first or last lines that say something; not what C++ functions were running."""
    told = [line.rstrip() for line in text.partition("TraceBack (most recent")[0].splitlines() if line.strip()]
    return "\n".join(told[:LINES] if first else told[-LINES:])
