"""The service's settings: file, environment, defaults, and how each mistake is named."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from appliance.engine.job import Priority
from appliance.errors import SettingsInvalid
from appliance.settings import EngineSettings, LimitSettings, ListenSettings, MakeOptions, Settings, SpoolSettings
from appliance.settings_file import default_text, load_settings

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def untouched_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("SONIC_", "XDG_", "STATE_DIRECTORY")):
            monkeypatch.delenv(name)
    monkeypatch.setattr("appliance.settings_file.SYSTEM_FILE", Path("/nowhere/settings.toml"))


@pytest.fixture()
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "settings.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def message(path: Path) -> str:
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(path)
    assert caught.value.exit_code == 2
    return caught.value.message.replace(str(path), "FILE")


# --- where they come from ---------------------------------------------------------------------------------------------


def test_without_a_file_the_defaults_are_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    settings = load_settings()
    assert settings == Settings()
    assert settings.engine.state == Path("/home/someone/.local/state/sonic-appliance")
    assert settings.engine.socket == Path("/run/sonic/engine.sock")
    assert settings.limits.queue_length == 300
    assert settings.listen.host == ""


def test_the_file_changes_what_it_names(write: Write) -> None:
    settings = load_settings(
        write("""
            [engine]
            state = "/var/lib/sonic"
            group = "sonic"
            [retention]
            days = 30            # a whole number serves as well
            [consent]
            required = true
            """)
    )
    assert settings.engine == EngineSettings(state=Path("/var/lib/sonic"), group="sonic")
    assert settings.retention.days == 30.0 and isinstance(settings.retention.days, float)
    assert settings.consent.required is True
    assert settings.limits == LimitSettings()


def test_the_environment_has_the_last_word(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write('[limits]\nqueue_length = 7\nspeech_minutes = 10\n[spool]\nfolder = "/srv/spool"\n')
    monkeypatch.setenv("SONIC_SETTINGS", str(path))
    monkeypatch.setenv("SONIC_LIMITS_QUEUE_LENGTH", "5")
    monkeypatch.setenv("SONIC_RETENTION_DAYS", "0.5")
    monkeypatch.setenv("SONIC_CONSENT_REQUIRED", "true")
    monkeypatch.setenv("SONIC_ENGINE_STATE", "/data/sonic")
    monkeypatch.setenv("SONIC_SPOOL_FOLDER", "")
    settings = load_settings()
    assert settings.limits == LimitSettings(queue_length=5, speech_minutes=10.0)
    assert settings.retention.days == 0.5
    assert settings.consent.required is True
    assert settings.engine.state == Path("/data/sonic")
    assert settings.spool.folder == ""


def test_the_systems_file_is_read_where_none_is_named(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.settings_file.SYSTEM_FILE", write("[limits]\nqueue_length = 9\n"))
    assert load_settings().limits.queue_length == 9


@pytest.mark.parametrize(
    ("variables", "state"),
    [
        ({"STATE_DIRECTORY": "/var/lib/sonic"}, "/var/lib/sonic"),
        ({"STATE_DIRECTORY": "/var/lib/sonic:/var/lib/other"}, "/var/lib/sonic"),
        ({"XDG_STATE_HOME": "/states"}, "/states/sonic-appliance"),
        ({"XDG_STATE_HOME": "relative"}, "/home/someone/.local/state/sonic-appliance"),
        ({"STATE_DIRECTORY": "/var/lib/sonic", "XDG_STATE_HOME": "/states"}, "/var/lib/sonic"),
    ],
)
def test_the_state_folder_is_where_the_system_wants_it(
    monkeypatch: pytest.MonkeyPatch, variables: Dict[str, str], state: str
) -> None:
    for name, value in {"HOME": "/home/someone", **variables}.items():
        monkeypatch.setenv(name, value)
    assert load_settings().engine.state == Path(state)


def test_the_socket_lies_in_the_users_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    assert load_settings().engine.socket == Path("/run/user/1000/sonic/engine.sock")


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[limits]\nqueue_length = 5\nqueue = 5\n", "FILE, line 3: limits.queue is no setting; there are queue_l"),
        ("\n\n[limit]\nqueue_length = 5\n", "FILE, line 3: [limit] is no section; there are [engine], [limits],"),
        ("queue_length = 5\n", "FILE, line 1: [queue_length] is no section"),
        ("limits = 5\n", "FILE, line 1: limits is a section: write [limits]"),
        ("[limits]\nqueue_length = 0\n", "FILE, line 2: limits.queue_length must be between 1 and 100000."),
        ("limits.queue_length = 0\n", "FILE, line 1: limits.queue_length must be between 1 and 100000."),
        ("[limits]\n# five\nqueue_length = 'five'\n", "FILE, line 3: limits.queue_length must be a whole number."),
        ("[limits]\nqueue_length = 5.0\n", "FILE, line 2: limits.queue_length must be a whole number."),
        ("[limits]\nqueue_length = true\n", "FILE, line 2: limits.queue_length must be a whole number."),
        ("[retention]\ndays = nan\n", "FILE, line 2: retention.days must be between 0.0 and 36500.0 days."),
        ("[retention]\ndays = '7'\n", "FILE, line 2: retention.days must be a number."),
        ("[consent]\nrequired = 'no'\n", "FILE, line 2: consent.required must be true or false."),
        ("[consent]\nrequired = 0\n", "FILE, line 2: consent.required must be true or false."),
        ("[engine]\nstate = 5\n", "FILE, line 2: engine.state must be a path in quotes."),
        ("[engine]\nstate = 'sonic'\n", "FILE, line 2: engine.state must be an absolute path."),
        ("[engine]\nruntime = 'cuda'\n", "FILE, line 2: engine.runtime must be one of auto, onnx, "),
        ("[spool]\nfolder = 'spool'\n", "FILE, line 2: spool.folder must be an absolute path."),
        ("[listen]\nhost = ''\n[consent]\nrequired = 2\n", "FILE, line 4: consent.required must be true or false."),
        ("[limits\n", "The settings file FILE is not TOML: "),
        ("[limits]\nqueue_length = 5\nqueue_length = 6\n", "The settings file FILE is not TOML: "),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named_with_its_line(write: Write, text: str, said: str) -> None:
    assert message(write(text)).startswith(said)


def test_a_socket_path_that_no_system_takes_is_refused(write: Write) -> None:
    assert "engine.socket must not be longer than 107 bytes" in message(write(f"[engine]\nsocket = '/{'x' * 107}'\n"))


def test_a_named_file_that_is_missing_or_binary_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONIC_SETTINGS", str(tmp_path / "missing.toml"))
    with pytest.raises(SettingsInvalid, match=r"missing\.toml cannot be read"):
        load_settings()
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert message(binary).startswith("The settings file FILE is not TOML")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SONIC_LIMITS_QUEUE", "5", "SONIC_LIMITS_QUEUE is no setting; there are SONIC_LIMITS_QUEUE_LENGTH,"),
        ("SONIC_LIMITS_QUEUE_LENGTH", "many", "SONIC_LIMITS_QUEUE_LENGTH: limits.queue_length must be a whole number."),
        ("SONIC_LIMITS_QUEUE_LENGTH", "", "SONIC_LIMITS_QUEUE_LENGTH: limits.queue_length must be a whole number."),
        ("SONIC_CONSENT_REQUIRED", "maybe", "SONIC_CONSENT_REQUIRED: consent.required must be true or false."),
        ("SONIC_LISTEN_PORT", "70000", "SONIC_LISTEN_PORT: listen.port must be between 1 and 65535."),
    ],
)  # fmt: skip
def test_a_mistake_in_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsInvalid) as caught:
        load_settings()
    assert caught.value.message.lower().startswith(("environment variable", "the environment variable"))
    assert said in caught.value.message


def test_other_variables_of_the_appliance_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONIC_MODELS", "/models")
    assert load_settings() == Settings()


def test_sections_made_in_code_are_checked_too() -> None:
    for make in (
        lambda: LimitSettings(queue_length=0),
        lambda: SpoolSettings(priority="urgent"),
        lambda: EngineSettings(state=Path("relative")),
        lambda: ListenSettings(port=0),
    ):
        with pytest.raises(SettingsInvalid):
            make()


# --- agreement with the rest ------------------------------------------------------------------------------------------


def sections() -> Dict[str, Any]:
    return {section.name: getattr(Settings(), section.name) for section in dataclasses.fields(Settings)}


def test_the_commented_file_changes_nothing_commented_or_not(write: Write) -> None:
    assert load_settings(write(default_text())) == Settings()
    active = re.sub(r"^#(\w+ = )", r"\1", default_text(), flags=re.MULTILINE)
    found = load_settings(write(active))
    installed = EngineSettings(state=Path("/var/lib/sonic"), socket=Path("/run/sonic/engine.sock"))
    assert found == dataclasses.replace(Settings(), engine=installed)


def test_the_commented_file_explains_every_key() -> None:
    lines = default_text().splitlines()
    for name, section in sections().items():
        head = lines.index(f"[{name}]")
        for key in dataclasses.fields(section):
            number = next(n for n in range(head, len(lines)) if lines[n].startswith(f"#{key.name} = "))
            assert lines[number - 1].startswith("# ")
            assert not any(line.startswith("[") for line in lines[head + 1 : number])
    assert max(map(len, lines)) <= 120


def test_choices_are_those_of_the_programs_they_reach() -> None:
    priorities = next(f for f in dataclasses.fields(SpoolSettings) if f.name == "priority").metadata["choices"]
    assert priorities == tuple(priority.name.lower() for priority in Priority)
    engine = {f.name: f.metadata["choices"] for f in dataclasses.fields(EngineSettings)}
    make = {f.name: f.metadata["choices"] for f in dataclasses.fields(MakeOptions)}
    assert engine["runtime"] == make["runtime"]
    assert engine["precision"] == ("", *make["precision"])
