"""docs/atlas200dk.md: what it tells people to type can be typed, and what it names is there."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Dict, List, Set, Tuple

import click
import pytest
from helpers import REPOSITORY

from appliance.board.versions import PAIRS
from appliance.cli import cli
from appliance.pipeline.runtime.acl.codes import ADVICE, CODES, is_device_fault
from appliance.settings_file import load_settings

GUIDE = REPOSITORY / "docs" / "atlas200dk.md"
TEXT = GUIDE.read_text(encoding="utf-8")
FENCE = re.compile(r"(?ms)^( *)```(\w*)\n(.*?)^\1```$")
SYSTEMD = REPOSITORY / "systemd"


def blocks(kind: str) -> List[str]:
    """Contents of the fenced blocks of a kind, without their indentation."""
    found = [
        "\n".join(line[len(indent) :] for line in content.splitlines())
        for indent, name, content in FENCE.findall(TEXT)
        if name == kind
    ]
    assert found, f"no block of {kind}"
    return found


def spans() -> List[str]:
    """What stands in back quotes within the prose."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", TEXT))


def appliance_calls() -> List[List[str]]:
    """Arguments of every call of the command line, also of those within a quoted script."""
    texts = [line.split("  #")[0] for block in blocks("sh") for line in block.splitlines()] + spans()
    calls = []
    while texts:
        text = texts.pop()
        for part in re.split(r"[;|&]+(?=[^']*(?:'[^']*'[^']*)*$)", text):
            words = shlex.split(part, comments=True)
            texts += [word for word in words if " " in word]
            if words[:2] == ["sudo", "-u"]:
                words = words[3:]
            elif words[:1] == ["sudo"]:
                words = words[1:]
            if words[:1] == ["appliance"] and len(words) > 1:
                calls.append(words[1:])
    return calls


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    assert TEXT.count("```") == 2 * len(FENCE.findall(TEXT))
    assert {name for _, name, _ in FENCE.findall(TEXT)} == {"sh", "ini", "toml"}


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("block", blocks("sh"), ids=lambda block: block.splitlines()[0][:30])
def test_commands_are_shell(block: str, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n"], input=block, text=True, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    for script in re.findall(r"sh -c '([^']+)'", block):
        assert subprocess.run([shell, "-n"], input=script, text=True, timeout=60).returncode == 0


def test_the_command_line_has_what_is_typed() -> None:
    calls = appliance_calls()
    assert ["doctor", "--ascend"] in calls
    assert ["install"] in calls
    for words in calls:
        command: click.Command = cli
        context = click.Context(command)
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(context, words[0])
            assert found is not None, words
            command, words = found, words[1:]
        options = {name for parameter in command.params for name in parameter.opts}
        for word in words:
            if word.startswith("-"):
                assert word.split("=")[0] in options, (command.name, word)


def test_settings_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for block in blocks("toml"):
        file = tmp_path / "settings.toml"
        file.write_text(block, encoding="utf-8")
        settings = load_settings(file)
        if "[headless]" in block:
            assert settings.headless.folder and not settings.headless.play
        else:
            assert (settings.microphone.backend, settings.camera.backend) == ("ascend-media", "ascend-media")
            assert settings.buttons.factory == "atlas200dk"


def test_units_and_their_keys_exist() -> None:
    known = {path.name for path in SYSTEMD.iterdir()}
    named = set(re.findall(r"\bsonic(?:-[a-z]+)*\.(?:service|socket|target|slice|timer)\b", TEXT))
    named |= {f"{name}.service" for name in re.findall(r"(?:systemctl [\w -]+?|-u )(sonic-[a-z]+)\b(?!\.)", TEXT)}
    assert {"sonic.target", "sonic-engine.service", "sonic-kiosk.service", "sonic-headless.service"} <= named
    assert named <= known, named - known
    keys: Set[str] = {"IPAddressAllow", "ConditionPathExists"}
    for path in SYSTEMD.glob("*.*"):
        keys |= set(re.findall(r"(?m)^(\w+)=", path.read_text()))
    for block in blocks("ini"):
        used = set(re.findall(r"(?m)^(\w+)=", block))
        assert used <= keys | {"Before"}, used - keys


def test_systemd_accepts_the_unit_that_is_written_by_hand(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None or shutil.which("ssh") is None:
        pytest.skip("systemd-analyze or ssh is not installed")
    (unit,) = [block for block in blocks("ini") if "ExecStart" in block]
    file = tmp_path / "board-tunnel.service"
    file.write_text(unit)
    done = subprocess.run(["systemd-analyze", "verify", str(file)], text=True, stderr=subprocess.PIPE, timeout=120)
    assert [line for line in done.stderr.splitlines() if "board-tunnel" in line] == []


def test_what_the_repository_must_have() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = re.findall(r"\bmake ([a-z][a-z-]*)(?=[ `])", TEXT)
    assert "bundle-board" in targets
    for target in targets:
        assert re.search(rf"(?m)^{target}:", makefile), target
    modules = set(re.findall(r"python -m ([\w.]+)", TEXT))
    assert "models_om.compile" in modules
    assert all(importlib.util.find_spec(name) for name in modules)
    installer = (REPOSITORY / "tools" / "bundle" / "install.sh").read_text()
    packed = (REPOSITORY / "tools" / "make_bundle.py").read_text()
    assert '"docs/atlas200dk.md"' in packed, "a board has no network to read it from"
    for options in re.findall(r"sh install\.sh (.+?)(?:  #|$)", TEXT, flags=re.MULTILINE):
        for option in re.findall(r"--\w+", options):
            assert f"{option} " in installer, option


def test_the_steps_that_the_program_refers_to() -> None:
    steps: Dict[str, str] = dict(re.findall(r"(?m)^## (\d+)\. (.+)$", TEXT))
    expected = {"2": "Driver", "3": "CANN", "4": "Python 3.7", "8": "First start"}
    assert {number: steps.get(number) for number in expected} == expected
    for path in (REPOSITORY / "appliance" / "board").glob("*.py"):
        for number in re.findall(r"atlas200dk\.md,? \(?step (\d+)", path.read_text()):
            assert number in expected, (path.name, number)


def rows(header: str) -> List[List[str]]:
    """Cells of the table whose head begins like that."""
    start = TEXT.index(f"| {header} |")
    lines = TEXT[start:].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_versions_are_those_that_doctor_goes_by() -> None:
    assert rows("driver") == [[p.release, p.driver or "–", ", ".join(p.cann)] for p in PAIRS]


def test_error_codes_are_those_of_the_program() -> None:
    table = {int(row[0]): row[1:] for row in rows("number")}
    assert list(table) == sorted(table)
    assert set(ADVICE) <= set(table), "every number with advice belongs into the guide"
    for number, (name, words, action) in table.items():
        assert (name, words) == (f"`{CODES[number].name}`", CODES[number].words)
        assert action
        if number in ADVICE:
            assert action == ADVICE[number]


def test_what_it_says_of_device_faults() -> None:
    assert is_device_fault(507000) and is_device_fault(507999) and not is_device_fault(508000)
    assert not is_device_fault(507008)
    assert "507000 to 507999, 507008 excepted" in TEXT


def test_it_says_that_it_was_never_tried() -> None:
    assert "**Nothing in this guide was ever run on a board.**" in TEXT.split("##")[0]


def test_every_back_end_that_it_sets_is_one_of_the_settings() -> None:
    from appliance.settings import CameraSettings, MicrophoneSettings, SpeakerSettings

    table: List[Tuple[str, List[str]]] = [
        (row[0], re.findall(r"`([\w-]+)`", " ".join(row[1:]))) for row in rows("| A · one button")
    ]
    cells = dict(table)
    for name, section in (
        ("microphone", MicrophoneSettings),
        ("camera", CameraSettings),
        ("loudspeaker", SpeakerSettings),
    ):
        assert cells[name], name
        for backend in cells[name]:
            section(backend=backend)  # refuses others
