"""TOML as a person would write it: values before tables, short tables on one line, long arrays over several."""

from __future__ import annotations

import json
from typing import Any, List, Mapping

WIDTH = 120


def dumps(content: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    """``content`` as a TOML 1.0 document: texts, whole numbers, arrays, tables.

    ``comments``: by dotted key, without the numbers of arrays; put before the table or array, behind the value.
    The key "" is that of the document.
    """
    head = [f"# {line}".rstrip() for line in comments[""].splitlines()]
    return "\n".join([*head, "", *_table(content, "", comments)]) + "\n"


def _table(content: Mapping[str, Any], path: str, comments: Mapping[str, str]) -> List[str]:
    lines: List[str] = []
    tables: List[str] = []
    for key, value in content.items():
        below = f"{path}.{key}" if path else key
        note = comments.get(below, "")
        if isinstance(value, Mapping):
            tables += _headed(f"[{below}]", value, below, comments, note)
        elif _is_tables(value) and any(len(_inline(item)) > WIDTH - 8 for item in value):
            for index, item in enumerate(value):
                tables += _headed(f"[[{below}]]", item, below, comments, "" if index else note)
        elif len(f"{key} = {_inline(value)}") > WIDTH or _is_tables(value):
            lines += [f"# {note}"] if note else []
            lines += [f"{key} = [", *(f"    {_inline(item)}," for item in value), "]"]
        else:
            lines.append(f"{key} = {_inline(value)}" + (f"  # {note}" if note else ""))
    return lines + tables


def _headed(head: str, content: Mapping[str, Any], path: str, comments: Mapping[str, str], note: str) -> List[str]:
    lines = _table(content, path, comments)
    # A table of nothing but tables needs no head of its own.
    own = [head] if lines and lines[0] else []
    return ["", *([f"# {note}"] if note else []), *own, *(lines if own or note else lines[1:])]


def _is_tables(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and isinstance(value[0], Mapping)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    if isinstance(value, str):
        # JSON's escapes are a part of TOML's.
        return json.dumps(value, ensure_ascii=False)
    return str(value)
