"""What is looked at on a board, and what is said of each trap: on a tree of files with a played npu-smi."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Optional

import pytest

from appliance.board import OK, PROBLEM, WARNING, Finding, Tree
from appliance.board.examine import examine_machine
from appliance.board.memory import FROZEN_GROUP
from appliance.board.smi import PROGRAMS, ask, examine_chip, parse_fields, parse_table
from appliance.board.tree import CANN_HOMES
from appliance.board.versions import PAIRS, cann_version, examine_versions, find_pair, version_in

REPOSITORY = Path(__file__).resolve().parents[2]


def by_name(findings: Any) -> Dict[str, Finding]:
    return {item.name: item for item in findings}


def test_a_healthy_board(board: Any) -> None:
    found = board.findings()
    python = found.pop("Python")
    assert python.state == (OK if sys.version_info < (3, 10) else PROBLEM)
    assert {name: item.state for name, item in found.items() if item.state != OK} == {}
    assert found["driver"].value == "21.0.4"
    assert found["CANN"].value.startswith("6.0.RC1, in /usr/local/Ascend/nnrt/latest")
    assert found["temperature"].value == "46 °C"
    assert found["huge pages"].value == "15 of 25 free, 2048 kB each"
    assert found["CMA"].value == "195 of 256 MB free"
    assert found["cores"].value == "4 AI CPUs and 4 for programs; this process may use 4"
    assert "memory 33 %, huge pages 40 %, AI Cores 0 %" in found["use"].value


def test_where_there_is_no_board(tmp_path: Path) -> None:
    sections = examine_machine(Tree(tmp_path), {}, 2)
    (item,) = (item for items in sections.values() for item in items)
    assert (item.state, item.action) == (OK, "")
    assert "none here" in item.value


def test_a_board_on_which_nothing_was_installed_yet(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "davinci0").touch()
    sections = examine_machine(Tree(tmp_path), {}, 2)
    found = by_name(item for items in sections.values() for item in items)
    for name in ("driver", "CANN", "device nodes", "rights", "group"):
        assert found[name].state == PROBLEM, name
        assert found[name].action, name
    assert "Install the driver" in found["driver"].action


# --- versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("driver", "cann", "state"),
    [
        ("21.0.4", "6.0.RC1.alpha003", OK),
        ("1.0.13.alpha", "5.1.RC1", OK),
        ("21.0.3.1", "5.0.4", OK),
        ("21.0.1", "5.0.2.alpha003", OK),
        ("20.2.0", "3.3.0.alpha006", OK),
        ("1.0.7.alpha", "20.0", OK),
        ("21.0.4", "5.0.4", PROBLEM),
        ("21.0.3.1", "6.0.0.alpha001", PROBLEM),
        ("21.0.1", "5.0.2.alpha002", PROBLEM),
        ("20.2.0", "5.1.RC1", PROBLEM),
        ("21.0.4", "8.0.RC3", WARNING),
        ("23.0.1", "6.0.RC1", WARNING),
        ("21.0.31", "5.0.4", WARNING),
    ],
)  # fmt: skip
def test_driver_and_cann_must_belong_together(board: Any, driver: str, cann: str, state: str) -> None:
    board.write("/var/davinci/driver/version.info", f"Version={driver}\n")
    board.install(cann)
    found = board.findings()["CANN"]
    assert found.state == state, found
    if state == PROBLEM:
        assert driver in found.meaning
        assert "507033" in found.meaning


def test_firmware_of_another_driver(board: Any) -> None:
    board.write("/usr/local/Ascend/firmware/version.info", "Version=21.0.3.1\n")
    found = board.findings()["firmware"]
    assert found.state == PROBLEM
    assert "21.0.4" in found.meaning
    board.write("/usr/local/Ascend/firmware/version.info", "Version=21.0.4\n")
    assert board.findings()["firmware"].state == OK


def test_missing_ai_cpu_kernels(board: Any) -> None:
    board.remove("/var/davinci/aicpu_kernels/version.info")
    found = board.findings()["AI CPU kernels"]
    assert found.state == WARNING
    assert "507018" in found.meaning


@pytest.mark.parametrize(
    ("cann", "python", "state"),
    [
        ("5.0.4", (3, 7), OK),
        ("5.0.4", (3, 9), PROBLEM),
        ("6.0.RC1", (3, 9), OK),
        ("6.0.RC1", (3, 6), PROBLEM),
        ("6.0.RC1", (3, 11), PROBLEM),
    ],
)
def test_the_python_that_the_module_acl_is_made_for(board: Any, cann: str, python: Any, state: str) -> None:
    board.install(cann)
    assert by_name(examine_versions(board.tree, python))["Python"].state == state


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Version=1.77.22.6.220\n", "1.77.22.6.220"),
        ("# x\n version = 21.0.4\r\nfoo=1", "21.0.4"),
        ("package_name=x\npackage_version=5.0.4\n", "5.0.4"),
        ("nothing of the kind", ""),
        ("", ""),
    ],
)
def test_version_files(text: str, version: str) -> None:
    assert version_in(text) == version


def test_where_cann_says_its_version(tmp_path: Path) -> None:
    """Each release lays it out in its own way."""
    home = tmp_path / "usr/local/Ascend/nnrt/latest"
    (home / "lib64").mkdir(parents=True)
    tree = Tree(tmp_path)
    assert cann_version(tree) == ""
    (home / "version.info").write_text("Version=1.83.22.1.220\n")
    assert cann_version(tree) == "1.83.22.1.220"
    (home / "version.cfg").write_text("# x\nruntime_running_version=[1.84.22.1.220:6.0.RC1]\n")
    assert cann_version(tree) == "6.0.RC1"
    (home / "runtime").symlink_to("../5.1.RC2/runtime")
    assert cann_version(tree) == "5.1.RC2"


def test_no_cann_belongs_to_two_drivers() -> None:
    starts = [start for pair in PAIRS for start in pair.cann]
    assert len(set(starts)) == len(starts)
    assert all(find_pair(pair.release) == pair for pair in PAIRS)
    assert find_pair("") is None


def test_cann_is_looked_for_where_the_engine_looks(tmp_path: Path) -> None:
    script = REPOSITORY / "systemd" / "cann-environment"
    for home in CANN_HOMES:
        root = tmp_path / home.replace("/", "_")
        (root / home.lstrip("/") / "lib64").mkdir(parents=True)
        done = subprocess.run(
            ["sh", str(script)], env={**os.environ, "SYSROOT": str(root)}, stdout=subprocess.PIPE, timeout=60
        )
        assert f"ASCEND_HOME_PATH={home}\n" in done.stdout.decode()
        assert Tree(root).cann_home() == home


# --- devices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("node", ["davinci0", "davinci_manager"])
def test_a_device_node_is_missing(board: Any, node: str) -> None:
    board.remove(f"/dev/{node}")
    found = board.findings()["device nodes"]
    assert found.state == PROBLEM
    assert f"/dev/{node}" in found.value


@pytest.mark.parametrize(("mode", "state"), [(0o660, OK), (0o666, OK), (0o640, PROBLEM), (0o600, PROBLEM)])
def test_rights_of_the_nodes(board: Any, mode: int, state: str) -> None:
    (board.root / "dev" / "davinci_manager").chmod(mode)
    found = board.findings()["rights"]
    assert found.state == state
    assert ("davinci_manager" in found.value) == (state == PROBLEM)


def test_nodes_of_another_group(board: Any) -> None:
    board.groups("HwHiAiUser:x:64001:sonic\n")
    assert board.findings()["rights"].state == PROBLEM


def test_the_engines_user_is_not_in_the_group(board: Any) -> None:
    number = (board.root / "dev" / "davinci0").stat().st_gid
    board.groups(f"HwHiAiUser:x:{number}:operator\n")
    found = board.findings()["group"]
    assert found.state == PROBLEM
    assert "usermod -aG HwHiAiUser sonic" in found.action
    board.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
    found = board.findings()["group"]
    assert (found.state, found.action) == (WARNING, "Run `sudo appliance install`.")


def test_without_the_drivers_group(board: Any) -> None:
    board.groups("")
    assert board.findings()["group"].state == PROBLEM


# --- memory -----------------------------------------------------------------------------------------------------------


def test_no_huge_pages(board: Any) -> None:
    board.write("/proc/meminfo", "MemFree: 4194304 kB\nCmaTotal: 262144 kB\nCmaFree: 262144 kB\n")
    found = board.findings()
    assert found["huge pages"].state == WARNING
    assert "nr_hugepages" in found["huge pages"].action
    assert found["CMA"].state == OK


@pytest.mark.parametrize("text", ["CmaTotal: 262144 kB\nCmaFree: 20480 kB\n", "MemFree: 1 kB\n", "", "nonsense\n:\n"])
def test_little_contiguous_memory(board: Any, text: str) -> None:
    board.write("/proc/meminfo", text)
    found = board.findings()["CMA"]
    assert found.state == WARNING
    assert "207001" in found.meaning


def frozen_group(
    board: Any, killed: bool = False, under_oom: int = 0, member: Optional[str] = None, oom_killer: int = 0
) -> Finding:
    """What is said of a board with the group; ``member``: command line of the process in it."""
    disable = 0 if killed else 1
    board.write(f"{FROZEN_GROUP}/memory.oom_control", f"oom_kill_disable {disable}\nunder_oom {under_oom}\n")
    board.write("/proc/sys/vm/enable_oom_killer", f"{oom_killer}\n")
    board.write(f"{FROZEN_GROUP}/cgroup.procs", "77\n" if member else "")
    if member:
        board.write("/proc/77/cmdline", member.replace(" ", "\0"))
    found: Finding = board.findings()["freezing group"]
    return found


SERVE = "/opt/sonic-appliance/current/bin/python /opt/sonic-appliance/current/bin/appliance serve"


def test_the_appliance_would_be_frozen(board: Any) -> None:
    found = frozen_group(board, member=SERVE)
    assert found.state == PROBLEM
    assert "77" in found.value
    assert "suspended" in found.meaning
    # The kernel's switch alone does not help, nor does that of the group alone.
    assert frozen_group(board, member=SERVE, oom_killer=1).state == PROBLEM
    assert frozen_group(board, member=SERVE, killed=True).state == PROBLEM
    assert frozen_group(board, member=SERVE, killed=True, oom_killer=1).state == WARNING


def test_others_may_be_frozen(board: Any) -> None:
    found = frozen_group(board, member="/usr/bin/python3 make_appliance_dinner.py")
    assert found.state == OK
    assert "3,650 MB" in found.meaning  # 4,096 free, less 195.3 contiguous, less 250


def test_the_group_is_full_right_now(board: Any) -> None:
    found = frozen_group(board, under_oom=1, member="sleep 9")
    assert found.state == PROBLEM
    assert "stand still now" in found.meaning


# --- npu-smi ----------------------------------------------------------------------------------------------------------


def test_npu_smi_is_not_there(board: Any) -> None:
    (found,) = examine_chip(board.tree, 4)
    assert (found.name, found.state) == ("npu-smi", WARNING)


def test_npu_smi_hangs_and_is_ended_with_its_children(board: Any, tmp_path: Path) -> None:
    board.npu_smi(f"sh -c 'echo $$ >{tmp_path}/pid; exec sleep 600' & wait")
    deadline = time.monotonic() + 60
    found = None
    # On a loaded machine the child may not be born within the first limit.
    while time.monotonic() < deadline and not (tmp_path / "pid").exists():
        (found,) = examine_chip(board.tree, 4, limit=1.0)
    assert found is not None
    assert found.state == PROBLEM
    assert "no answer within 1 s" in found.value
    child = int((tmp_path / "pid").read_text())
    while time.monotonic() < deadline and _runs(child):
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_npu_smi_cannot_be_started(board: Any) -> None:
    board.npu_smi()
    (board.root / PROGRAMS[0].lstrip("/")).write_text("#!/no/such/interpreter\n")
    found = by_name(examine_chip(board.tree, 4))
    assert found["health"].state == WARNING
    assert "No such file" in found["health"].value


@pytest.mark.parametrize(
    "said", ["dcmi module initialize failed. ret is -8005", "", "\x00\xff|||\n|a|\n", "| NPU Health |\n"]
)
def test_npu_smi_says_something_else(board: Any, said: str) -> None:
    board.says = dict.fromkeys(board.says, said)
    found = board.findings()
    assert found["health"].state == WARNING
    assert found["temperature"].state == WARNING
    assert found["cores"].value == "this process may use 4"


def test_the_table_has_to_do_where_topics_are_refused(board: Any) -> None:
    refused = "This device does not support querying temp."
    board.says.update(health=refused, temp=refused, usages=refused)
    found = board.findings()
    assert (found["health"].state, found["temperature"].value) == (OK, "46 °C")


def test_another_layout_of_the_table() -> None:
    table = (
        "| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|\n"
        "| 0     310B4               | Alarm         | 0.0         57                15    / 15            |\n"
    )
    assert parse_table(table)["health"] == "Alarm"
    assert "temp" not in parse_table(table), "a cell with more words than names must not be guessed at"


def test_fields() -> None:
    said = "\tTemperature (C)   : 46\nnoise\n  Empty :\nBus : 0000:61:00.0\n"
    assert parse_fields(said) == {"temperature": "46", "bus": "0000:61:00.0"}


@pytest.mark.parametrize(("degrees", "state"), [("46", OK), ("80", WARNING), ("97", PROBLEM), ("NA", WARNING)])
def test_temperature(board: Any, degrees: str, state: str) -> None:
    board.says["temp"] = f"\tTemperature (C)                : {degrees}\n"
    found = board.findings()["temperature"]
    assert found.state == state
    assert ("fan" in found.action) == (degrees in ("80", "97"))


def test_the_chip_is_ill(board: Any) -> None:
    board.says["health"] = "\tHealth Status                  : Alarm\n"
    found = board.findings()["health"]
    assert (found.state, found.value) == (PROBLEM, "Alarm")


def test_the_chips_memory_is_used_up(board: Any) -> None:
    board.says["usages"] = board.says["usages"].replace(": 33", ": 97")
    assert board.findings()["use"].state == WARNING


def cores(board: Any, ai: int, control: int, ai_set: int, mine: int) -> Finding:
    board.says["aicpu-config"] = (
        f"\tCurrent AI CPU number          : {ai}\n\tCurrent control CPU number     : {control}\n"
        f"\tNumber of AI CPUs set          : {ai_set}\n\tNumber of control CPUs set     : {8 - ai_set}\n"
    )
    board.cores = mine
    board.npu_smi()
    found: Finding = board.findings()["cores"]
    return found


def test_how_the_cores_are_divided(board: Any) -> None:
    assert cores(board, 2, 6, 2, 6).state == OK
    few = cores(board, 6, 2, 6, 2)
    assert few.state == WARNING
    assert "npu-smi set -t aicpu-config -i 0 -c 0 -d 2" in few.action
    waiting = cores(board, 6, 2, 2, 2)
    assert (waiting.state, waiting.action) == (WARNING, "Restart the board.")
    assert "2 and 6" in waiting.meaning
    held = cores(board, 4, 4, 4, 1)
    assert held.state == WARNING
    assert "cpuset" in held.meaning


def test_long_answers_do_not_block(board: Any) -> None:
    board.npu_smi("i=0; while [ $i -lt 20000 ]; do echo 'Temperature (C) : 46'; i=$((i+1)); done")
    said = ask(board.tree, PROGRAMS[0], 60.0, "info")
    assert said is not None
    assert said.count("46") == 20000


# --- variables --------------------------------------------------------------------------------------------------------


def test_variables_are_not_set(board: Any) -> None:
    board.environment = {}
    found = board.findings()
    for name in ("LD_LIBRARY_PATH", "PYTHONPATH", "ASCEND_*"):
        assert found[name].state == WARNING
        assert "cann.env" in found[name].action


def test_libraries_for_compiling_only(board: Any) -> None:
    board.environment["LD_LIBRARY_PATH"] = "/usr/local/Ascend/ascend-toolkit/latest/lib64/stub"
    found = board.findings()["LD_LIBRARY_PATH"]
    assert found.state == PROBLEM
    assert "100039" in found.meaning


def test_two_versions_of_cann(board: Any) -> None:
    board.environment["LD_LIBRARY_PATH"] += ":/usr/local/Ascend/ascend-toolkit/latest/lib64"
    assert board.findings()["LD_LIBRARY_PATH"].state == WARNING


def test_a_variable_that_leads_nowhere(board: Any) -> None:
    board.environment["ASCEND_OPP_PATH"] = "/opt/old/opp"
    found = board.findings()["ASCEND_*"]
    assert found.state == PROBLEM
    assert "ASCEND_OPP_PATH=/opt/old/opp" in found.value
