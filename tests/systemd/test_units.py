"""The units: accepted by systemd, hardened, independent of any network, and speaking of things that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

import click
import pytest
from helpers import REPOSITORY
from installations import install_into, put_program

from appliance.cli import cli
from appliance.installation.plan import PROFILES, make_plan

SOURCE = REPOSITORY / "systemd"
KINDS = (".service", ".socket", ".timer", ".slice", ".target")
UNITS = sorted(path for path in SOURCE.iterdir() if path.suffix in KINDS)
SERVICES = [path for path in UNITS if path.suffix == ".service"]
needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def settings(unit: Path) -> List[Tuple[str, str]]:
    """Key and value of every line, in order."""
    return re.findall(r"(?m)^(\w+)=(.*)$", unit.read_text())


def values(unit: Path, key: str) -> List[str]:
    return [value for name, value in settings(unit) if name == key]


@needs_analyze
@pytest.mark.parametrize("profile", PROFILES)
def test_systemd_accepts_all_units_of_a_profile(profile: str, tmp_path: Path) -> None:
    install_into(tmp_path, profile)
    put_program(tmp_path)
    if not Path("/usr/lib/systemd/system/sysinit.target").exists():
        pytest.skip("the units that come with systemd are not in /usr/lib/systemd")
    shutil.copytree("/usr/lib/systemd", str(tmp_path / "usr/lib/systemd"), symlinks=True)
    (tmp_path / "bin").mkdir()
    shutil.copy("/bin/sh", str(tmp_path / "bin/sh"))
    installed = sorted(path.name for path in (tmp_path / "etc/systemd/system").iterdir() if path.is_file())
    assert len(installed) >= 7
    done = analyze("verify", f"--root={tmp_path}", *installed)
    # Of what is only ignored, such as a mistyped key, it speaks without failing.
    assert (done.returncode, [line for line in done.stderr.splitlines() if "sonic" in line]) == (0, [])


@needs_analyze
@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_exposure_stays_low(unit: Path) -> None:
    most = 2.0 if unit.stem == "sonic-kiosk" else 1.0
    done = analyze("security", "--offline=true", f"--threshold={most * 10:.0f}", "--no-pager", str(unit))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_no_unit_waits_for_a_network_or_a_clock(unit: Path) -> None:
    named = " ".join(value for _, value in settings(unit))
    assert not re.search(r"network|nss-lookup|time-sync|remote-fs|resolved|timesyncd", named)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_services_call_commands_that_exist(unit: Path) -> None:
    context = click.Context(cli)
    for line in values(unit, "ExecStart"):
        program, name, *arguments = line.split()
        assert program == "/opt/sonic-appliance/current/bin/appliance"
        command = cli.get_command(context, name)
        assert command is not None, name
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(arguments) <= known


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_services_run_as_a_lasting_user_without_network_or_core_dumps(unit: Path) -> None:
    for key, value in {
        "User": "sonic", "Group": "sonic", "UMask": "0077", "PrivateNetwork": "yes", "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "", "ProtectSystem": "strict", "LimitCORE": "0", "Slice": "sonic.slice",
    }.items():  # fmt: skip
        assert values(unit, key) == [value], key
    assert values(unit, "DynamicUser") == []
    assert values(unit, "RestrictAddressFamilies") in (["AF_UNIX"], ["AF_UNIX AF_NETLINK"])


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_groups_that_services_need_are_made(unit: Path) -> None:
    # A service that names a group which does not exist is not started at all (216/GROUP).
    made = set(re.findall(r"(?m)^[ug] ([\w-]+) ", (SOURCE / "sonic.sysusers.conf").read_text()))
    of_every_debian = {"audio", "tty", "video"}
    wanted = {group for value in values(unit, "SupplementaryGroups") for group in value.split()}
    assert wanted | {values(unit, "Group")[0]} <= made | of_every_debian


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_system_calls_are_refused_by_list_not_allowed_by_list(unit: Path) -> None:
    # systemd 237 ignores a group of calls that it does not know: of an allow-list nothing might be left.
    assert all(value.startswith("~@") for value in values(unit, "SystemCallFilter"))
    assert values(unit, "SystemCallErrorNumber") == ["EPERM"]


def test_the_engine_is_tried_for_ever_and_its_socket_stays() -> None:
    engine, socket = SOURCE / "sonic-engine.service", SOURCE / "sonic-engine.socket"
    assert values(engine, "Restart") == ["always"]
    assert values(engine, "StartLimitIntervalSec") == ["0"]
    assert values(engine, "OOMPolicy") == ["continue"]
    assert values(engine, "Type") == ["notify"] and values(engine, "WatchdogSec")
    assert values(socket, "TriggerLimitIntervalSec") == ["0"]
    assert values(socket, "SocketMode") == ["0660"] and values(socket, "SocketGroup") == ["sonic"]
    # A folder that belonged to the service would go with it, and the socket in it.
    assert values(socket, "ListenStream") == ["/run/sonic/engine.sock"]
    assert values(engine, "RuntimeDirectory") != ["sonic"]


def test_the_engine_reaches_the_npu_and_no_other_device() -> None:
    engine = SOURCE / "sonic-engine.service"
    assert values(engine, "DevicePolicy") == ["closed"]
    nodes = {value.split()[0] for value in values(engine, "DeviceAllow")}
    names = ("davinci0", "davinci_manager", "devmm_svm", "dvpp_cmdlist", "hisi_hdc")
    assert nodes == {f"/dev/{name}" for name in names}


def test_the_kiosk_owns_its_terminal_and_may_use_the_header() -> None:
    kiosk = SOURCE / "sonic-kiosk.service"
    # Without After= it is hung up when the getty that it displaces stops.
    assert "getty@tty1.service" in values(kiosk, "Conflicts")
    assert any("getty@tty1.service" in value for value in values(kiosk, "After"))
    assert not any("sonic-engine.service" in value for value in values(kiosk, "After"))
    for unit in (kiosk, SOURCE / "sonic-headless.service"):
        assert values(unit, "ProtectKernelTunables") == []  # it would make /sys/class/gpio read-only


def test_device_rules_hold_shell_that_can_be_read() -> None:
    found = re.findall(r"RUN\+=\"/bin/sh -c '([^']+)'\"", (SOURCE / "70-sonic.rules").read_text())
    assert len(found) == 2
    for script in found:
        subprocess.run(["sh", "-n", "-c", script.replace("$$", "$")], check=True)


# --- the environment of CANN ------------------------------------------------------------------------------------------


def environment(sysroot: Path, *arguments: str) -> Dict[str, str]:
    done = subprocess.run(
        ["sh", str(SOURCE / "cann-environment"), *arguments],
        env={"PATH": os.environ["PATH"], "SYSROOT": str(sysroot)}, check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    return dict(line.split("=", 1) for line in done.stdout.decode().splitlines())


def test_without_cann_no_variable_is_set(tmp_path: Path) -> None:
    assert environment(tmp_path) == {}


def test_cann_is_found_where_the_first_releases_put_it(tmp_path: Path) -> None:
    for folder in ("acllib/lib64", "pyACL/python/site-packages/acl"):
        (tmp_path / "home/HwHiAiUser/Ascend" / folder).mkdir(parents=True)
    found = environment(tmp_path)
    assert found["LD_LIBRARY_PATH"] == "/home/HwHiAiUser/Ascend/acllib/lib64"
    assert found["PYTHONPATH"].endswith(":/home/HwHiAiUser/Ascend/pyACL/python/site-packages/acl")
    assert "ASCEND_OPP_PATH" not in found


def test_cann_is_found_where_later_releases_put_it_and_its_script_is_never_run(tmp_path: Path) -> None:
    home = tmp_path / "usr/local/Ascend/nnrt/latest"
    for folder in ("lib64", "opp", "python/site-packages/acl"):
        (home / folder).mkdir(parents=True)
    (tmp_path / "usr/local/Ascend/driver/lib64/common").mkdir(parents=True)
    (tmp_path / "home/HwHiAiUser/Ascend/acllib/lib64").mkdir(parents=True)
    for script in (home / "set_env.sh", home.parent / "set_env.sh"):
        script.write_text(f"touch {tmp_path}/was-run\nexport LD_PRELOAD=/tmp/evil.so\n")
    found = environment(tmp_path)
    assert found["ASCEND_HOME_PATH"] == "/usr/local/Ascend/nnrt/latest"
    assert found["ASCEND_OPP_PATH"] == "/usr/local/Ascend/nnrt/latest/opp"
    assert found["LD_LIBRARY_PATH"].split(":") == [
        "/usr/local/Ascend/nnrt/latest/lib64",
        "/usr/local/Ascend/driver/lib64",
        "/usr/local/Ascend/driver/lib64/common",
    ]
    assert "LD_PRELOAD" not in found
    assert not (tmp_path / "was-run").exists()


def test_variables_go_to_a_file_that_the_unit_reads(tmp_path: Path) -> None:
    (tmp_path / "home/HwHiAiUser/Ascend/acllib/lib64").mkdir(parents=True)
    file = tmp_path / "cann.env"
    assert environment(tmp_path, str(file)) == {}
    assert file.read_text() == "".join(f"{name}={value}\n" for name, value in environment(tmp_path).items())
    engine = SOURCE / "sonic-engine.service"
    (written,) = values(engine, "ExecStartPre")
    assert values(engine, "EnvironmentFile") == ["-" + written.split()[-1]]


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)


def test_nothing_on_a_stick_can_be_executed_and_only_kiosks_mount_any() -> None:
    rules = (SOURCE / "71-sonic-sticks.rules").read_text()
    options = re.findall(r'ENV\{SONIC_STICK\}="([^"]+)"', rules)
    assert len(options) == 3
    assert all({"nosuid", "nodev", "noexec"} <= set(line.split(",")) for line in options)
    assert rules.count("systemd-mount") == 1
    assert "SUBSYSTEMS!=" not in rules  # which any device fulfils: it is looked for along the way up to the port
    for profile in PROFILES:
        plan = make_plan(profile, SOURCE, processors=2, npu=False)
        assert ("/etc/udev/rules.d/71-sonic-sticks.rules" in plan.files) == (profile != "headless")
