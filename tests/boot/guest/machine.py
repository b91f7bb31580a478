"""The machine from inside: units, processes, sockets, files."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Set, TypeVar

ENGINE = "sonic-engine.service"
ENGINE_SOCKET = Path("/run/sonic/engine.sock")
STATE = Path("/var/lib/sonic")
PROGRAM = "/opt/sonic-appliance/current/bin/appliance"
INET_TABLES = ("tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "icmp", "icmp6", "packet")

Found = TypeVar("Found")


def run(*command: str, check: bool = True) -> str:
    """Standard output of a command."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    output = done.stdout.decode(errors="replace")
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit status {done.returncode}\n{output}")
    return output


def unit(name: str, *properties: str) -> Dict[str, str]:
    """Properties as `systemctl show` gives them; of the manager itself for an empty name."""
    command = ["systemctl", "show", *(f"--property={key}" for key in properties), *([name] if name else [])]
    lines = run(*command).splitlines()
    return dict(line.split("=", 1) for line in lines)


def main_pid(service: str) -> int:
    """0 while it does not run."""
    return int(unit(service, "MainPID")["MainPID"])


def worker_pid() -> Optional[int]:
    """The engine's child that makes the videos."""
    parent = main_pid(ENGINE)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and b"appliance.engine.worker" in (folder / "cmdline").read_bytes():
                return int(folder.name)
        except (OSError, IndexError):  # it has gone meanwhile
            continue
    return None


def drop_in(name: str, text: str) -> None:
    """Change a unit until the next boot."""
    folder = Path("/run/systemd/system") / f"{name}.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "boot-test.conf").write_text(text)
    run("systemctl", "daemon-reload")


def wait(what: str, look: Callable[[], Optional[Found]], seconds: float, every: float = 0.1) -> Found:
    """What `look` finds, once it finds something true."""
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(every)


def interfaces(pid: int) -> List[str]:
    """Network interfaces that a process sees."""
    lines = Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
    return sorted(line.split(":")[0].strip() for line in lines)


def inet_sockets(pid: int) -> List[str]:
    """Every line of the network tables of a process's name space beyond their headings: none if nothing is open."""
    found = []
    for table in INET_TABLES:
        path = Path(f"/proc/{pid}/net/{table}")
        if path.exists():
            found += [f"{table}: {line}" for line in path.read_text().splitlines()[1:]]
    return found


def foreign_sockets(pid: int) -> int:
    """How many sockets a process holds that are not Unix ones (its own, or handed down by systemd)."""
    # A connection that comes or goes between two looks at the tables seems to be in none, but not twice.
    return len(_sockets_in_no_table(pid) & _sockets_in_no_table(pid))


def _sockets_in_no_table(pid: int) -> Set[str]:
    """Their inodes."""
    held = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            held.append(os.readlink(str(link)))
    sockets = {name[len("socket:[") : -1] for name in held if name.startswith("socket:[")}
    return sockets - _unix_sockets()


def _unix_sockets() -> Set[str]:
    """Inodes of all Unix sockets of the machine: the engine's end of a connection is listed where its client lives."""
    found: Set[str] = set()
    for table in Path("/proc").glob("[0-9]*/net/unix"):
        with contextlib.suppress(OSError):  # the process has gone
            found.update(line.split()[6] for line in table.read_text().splitlines()[1:])
    return found


def describe(path: Path) -> Dict[str, Any]:
    """Owner, group, mode in octal digits, kind."""
    found = path.lstat()
    return {
        "path": str(path),
        "user": pwd.getpwuid(found.st_uid).pw_name,
        "group": grp.getgrgid(found.st_gid).gr_name,
        "mode": f"{stat.S_IMODE(found.st_mode):04o}",
        "folder": stat.S_ISDIR(found.st_mode),
    }


def below(folder: Path) -> List[Dict[str, Any]]:
    """`describe` of a folder and everything in it."""
    return [describe(folder), *(describe(path) for path in sorted(folder.rglob("*")))]
