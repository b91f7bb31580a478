"""Variables that CANN's libraries go by, in this process. The engine gets its own from ``cann-environment``."""

from __future__ import annotations

from typing import List, Mapping

from .finding import OK, PROBLEM, WARNING, Finding
from .tree import Tree

_SOURCE = "Look again with the engine's variables, from /run/sonic-engine/cann.env: docs/atlas200dk.md, step 8."
_FOLDERS = ("ASCEND_HOME_PATH", "ASCEND_TOOLKIT_HOME", "ASCEND_AICPU_PATH", "ASCEND_OPP_PATH")


def examine_environment(tree: Tree, environment: Mapping[str, str]) -> List[Finding]:
    home = tree.cann_home()
    if home is None:
        return []
    return [_libraries(tree, environment, home), _module(environment), _folders(tree, environment)]


def _libraries(tree: Tree, environment: Mapping[str, str], home: str) -> Finding:
    folders = _split(environment, "LD_LIBRARY_PATH")
    name, value = "LD_LIBRARY_PATH", ":".join(folders) or "not set"
    stubs = [folder for folder in folders if "/devlib" in folder or "/stub" in folder]
    if stubs:
        meaning = "These libraries are made for compiling only: init fails with 100039."
        return Finding(name, PROBLEM, ", ".join(stubs), meaning, f"Let it name {home}/lib64 instead.")
    versions = sorted({folder for folder in folders if folder.endswith("/lib64") and "/driver" not in folder
                       and "Ascend" in folder})  # fmt: skip
    if len(versions) > 1:
        meaning = "Libraries of two versions of CANN get mixed: failures have no visible cause then."
        return Finding(name, WARNING, ", ".join(versions), meaning, "Leave one, the one that goes with the driver.")
    if not any(tree.exists(f"{folder}/libascendcl.so") for folder in folders):
        meaning = "The libraries of CANN are not found from here; the engine's unit sets it by itself."
        return Finding(name, WARNING, value, meaning, _SOURCE)
    return Finding(name, OK, value, "It leads to CANN's libraries.")


def _module(environment: Mapping[str, str]) -> Finding:
    folders = [folder for folder in _split(environment, "PYTHONPATH") if "site-packages" in folder]
    if not folders:
        meaning = "The Python module acl is not found from here; the engine's unit sets it by itself."
        return Finding("PYTHONPATH", WARNING, environment.get("PYTHONPATH", "not set"), meaning, _SOURCE)
    return Finding("PYTHONPATH", OK, ":".join(folders), "It leads to CANN's Python module.")


def _folders(tree: Tree, environment: Mapping[str, str]) -> Finding:
    given = {name: environment[name] for name in _FOLDERS if environment.get(name)}
    wrong = [f"{name}={folder}" for name, folder in given.items() if not tree.exists(folder)]
    if wrong:
        meaning = "CANN does not find its operators there: 148049 or 545005."
        return Finding("ASCEND_*", PROBLEM, ", ".join(wrong), meaning, _SOURCE)
    if "ASCEND_OPP_PATH" not in given and "ASCEND_AICPU_PATH" not in given:
        meaning = "CANN looks for its operators in its default folders alone."
        return Finding("ASCEND_*", WARNING, "not set", meaning, _SOURCE)
    return Finding("ASCEND_*", OK, ", ".join(given), "The folders they name are there.")


def _split(environment: Mapping[str, str], name: str) -> List[str]:
    return [folder for folder in environment.get(name, "").split(":") if folder]
