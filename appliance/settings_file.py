"""Where the service's settings come from: a TOML file, then the environment, then the defaults of `appliance.settings`.

The file is ``$SONIC_SETTINGS``, else ``/etc/sonic-appliance/settings.toml`` where that exists. A variable such as
``SONIC_LIMITS_QUEUE_LENGTH=5`` has the last word. What is not a setting is refused: a mistyped key must not pass for
one that works.
"""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import textwrap
import typing
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

from .errors import SettingsInvalid
from .settings import Settings, complaint

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SYSTEM_FILE = Path("/etc/sonic-appliance/settings.toml")
EXAMPLES = {"engine.state": Path("/var/lib/sonic"), "engine.socket": Path("/run/sonic/engine.sock")}
"""Shown in the commented file where the default depends on the machine."""

_SECTIONS: Dict[str, Any] = {
    name: kind for name, kind in typing.get_type_hints(Settings).items() if dataclasses.is_dataclass(kind)
}
_Knob = Tuple[Any, type]


def load_settings(path: Optional[Path] = None) -> Settings:
    """The settings in force. Raises `SettingsInvalid`, naming file and line or the variable."""
    file = path or file_in_force()
    values: Dict[str, Dict[str, Any]] = _from_file(file) if file else {}
    for section, keys in _from_environment(os.environ).items():
        values.setdefault(section, {}).update(keys)
    return Settings(**{section: kind(**values.get(section, {})) for section, kind in _SECTIONS.items()})


def file_in_force() -> Optional[Path]:
    """None where there are only environment and defaults."""
    named = os.environ.get("SONIC_SETTINGS")
    if named:
        return Path(named)
    return SYSTEM_FILE if SYSTEM_FILE.exists() else None


def default_text() -> str:
    """A settings file in which every key is explained and left at its default, for the installer to write."""
    lines = ["# Settings of the appliance. Each line shows the default; take the # away to change it."]
    for section, kind in _SECTIONS.items():
        lines += ["", f"# {kind.__doc__.strip()}", f"[{section}]"]
        for key, (knob_field, _) in _knobs(kind).items():
            default = EXAMPLES.get(f"{section}.{key}", knob_field.default)
            lines += [f"# {line}" for line in textwrap.wrap(_explained(knob_field), 110)]
            lines.append(f"#{key} = {_toml(default)}")
    return "\n".join(lines) + "\n"


def _knobs(kind: Any) -> Dict[str, _Knob]:
    types = typing.get_type_hints(kind)
    return {knob_field.name: (knob_field, types[knob_field.name]) for knob_field in dataclasses.fields(kind)}


# --- file -------------------------------------------------------------------------------------------------------------


def _from_file(path: Path) -> Dict[str, Dict[str, Any]]:
    try:
        text = path.read_bytes().decode("utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        message = f"The settings file {path} cannot be read: {error.strerror}."
        raise SettingsInvalid(message=message, action="Check the path and the permissions.") from error
    except (ValueError, RecursionError) as error:
        raise SettingsInvalid(message=f"The settings file {path} is not TOML: {error}.") from error
    return {section: _section(path, text, section, table) for section, table in tables.items()}


def _section(path: Path, text: str, section: str, table: Any) -> Dict[str, Any]:
    if section not in _SECTIONS:
        sections = ", ".join(f"[{name}]" for name in _SECTIONS)
        raise _wrong(path, text, section, None, f"[{section}] is no section; there are {sections}")
    if not isinstance(table, dict):
        raise _wrong(path, text, section, None, f"{section} is a section: write [{section}]")
    knobs = _knobs(_SECTIONS[section])
    values = {}
    for key, value in table.items():
        if key not in knobs:
            raise _wrong(path, text, section, key, f"{section}.{key} is no setting; there are {', '.join(knobs)}")
        try:
            values[key] = _checked(section, *knobs[key], value=value)
        except SettingsInvalid as error:
            raise _wrong(path, text, section, key, error.message.rstrip(".")) from None
    return values


def _wrong(path: Path, text: str, section: str, key: Optional[str], what: str) -> SettingsInvalid:
    return SettingsInvalid(message=f"{path}, line {_line_of(text, section, key)}: {what}.")


def _line_of(text: str, section: str, key: Optional[str]) -> int:
    """Number of the line that sets a key, from 1; of its section's head where the key is written in another way."""
    current, head = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        opened = re.match(r"\s*\[\s*\"?([\w-]+)\"?\s*\]", line)
        if opened:
            current = opened.group(1)
            head = number if current == section else head
        name = re.match(r"\s*([\w.\"-]+)\s*=", line)
        full = f"{current}.{name.group(1)}".strip(".").replace('"', "") if name else ""
        if full == (f"{section}.{key}" if key else section):
            return number
    return head


# --- environment ------------------------------------------------------------------------------------------------------


def _from_environment(environment: Mapping[str, str]) -> Dict[str, Dict[str, Any]]:
    values: Dict[str, Dict[str, Any]] = {}
    for variable in sorted(environment):
        section = next((name for name in _SECTIONS if variable.startswith(f"SONIC_{name.upper()}_")), None)
        if section is None:
            continue
        key = variable[len(f"SONIC_{section}_") :].lower()
        knobs = _knobs(_SECTIONS[section])
        if key not in knobs:
            known = ", ".join(f"SONIC_{section}_{name}".upper() for name in knobs)
            message = f"The environment variable {variable} is no setting; there are {known}."
            raise SettingsInvalid(message=message, action="Correct or unset it.")
        knob_field, kind = knobs[key]
        try:
            value = _parsed(section, knob_field, kind, environment[variable])
            values.setdefault(section, {})[key] = _checked(section, knob_field, kind, value)
        except SettingsInvalid as error:
            message = f"Environment variable {variable}: {error.message}"
            raise SettingsInvalid(message=message, action="Correct or unset it.") from None
    return values


def _parsed(section: str, knob_field: Any, kind: type, text: str) -> Any:
    """An environment variable is text, whatever the setting is."""
    truth = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    try:
        if kind is bool:
            return truth[text.lower()]
        return kind(text) if kind in (int, float) else text
    except (ValueError, KeyError):
        raise _not_a(section, knob_field, kind) from None


# --- values -----------------------------------------------------------------------------------------------------------


def _checked(section: str, knob_field: Any, kind: type, value: Any) -> Any:
    """The value as the dataclass wants it; a whole number also serves where a fraction may stand."""
    accepted: Dict[type, Tuple[type, ...]] = {float: (float, int), Path: (str,)}
    if type(value) not in accepted.get(kind, (kind,)):
        raise _not_a(section, knob_field, kind)
    value = Path(value).expanduser() if kind is Path else kind(value)
    wrong = complaint(knob_field, value)
    if wrong:
        raise SettingsInvalid(message=f"{section}.{knob_field.name} {wrong}.")
    return value


def _not_a(section: str, knob_field: Any, kind: type) -> SettingsInvalid:
    words = {bool: "true or false", int: "a whole number", float: "a number", Path: "a path in quotes"}
    return SettingsInvalid(message=f"{section}.{knob_field.name} must be {words.get(kind, 'text in quotes')}.")


def _explained(knob_field: Any) -> str:
    meta = knob_field.metadata
    if meta["choices"]:
        return f"{meta['help']}: {', '.join(choice or 'empty' for choice in meta['choices'])}"
    if meta["low"] is None:
        return str(meta["help"])
    span = f"at least {meta['low']}" if meta["high"] is None else f"{meta['low']} to {meta['high']}"
    return f"{meta['help']}: {span} {meta['unit']}".strip()


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, (str, Path)) else str(value)
