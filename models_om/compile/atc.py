"""ATC itself: found where CANN puts it, run with its log kept, and what it made checked."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Optional

from appliance.pipeline.runtime.om_file import OmFile

from .build import Build
from .errors import AtcFailed
from .failures import explained

LIMIT_S = 3600
"""A network that takes longer to compile will not be: large ones take minutes."""
HOMES = ("ASCEND_TOOLKIT_HOME", "ASCEND_HOME_PATH", "ASCEND_HOME")
"""Variables of set_env.sh; which of them there are differs between versions of CANN."""
PLACES = ("bin", "atc/bin", "compiler/bin")
USUAL = (Path("/usr/local/Ascend/ascend-toolkit/set_env.sh"), Path.home() / "Ascend/ascend-toolkit/set_env.sh")


def find() -> Optional[Path]:
    """The program, or None. What CANN's environment names goes before PATH, where a game has the same name."""
    homes = [Path(os.environ[name]) for name in HOMES if os.environ.get(name)]
    folders = [str(home / place) for home in homes for place in PLACES]
    folders += [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder).name != "games"]
    found = shutil.which("atc", path=os.pathsep.join(folders))
    return Path(found) if found else None


def missing() -> str:
    """Why it was not found, in words."""
    unread = next((path for path in USUAL if path.is_file()), None)
    if unread is not None:
        return f"CANN is installed, but this shell does not know it: run `. {unread}` first."
    return (
        "atc was not found here: it is part of CANN's toolkit (x86-64 or aarch64, no NPU needed). Run the commands on "
        "a machine that has it, bring the .om files back to the same places, and run this again with --take."
    )


def compile_network(atc: Path, build: Build) -> OmFile:
    """Run ATC on a prepared build. Whatever goes wrong, no ``.om`` is left behind; the log always is.

    Raises `AtcFailed`, and `ModelCorrupt` or `ModelMismatch` where ATC was content but what it wrote is not right.
    """
    with contextlib.ExitStack() as undo:
        undo.callback(_remove, build.om)
        _remove(build.om)
        code = _run(atc, build)
        log = build.log.read_text(encoding="utf-8", errors="replace")
        if code != 0 or "ATC run failed" in log or not build.om.is_file():
            raise _failed(build, log, f"it ended with {code}" if code else "it wrote no .om file")
        om = build.checked()
        undo.pop_all()
    return om


def _run(atc: Path, build: Build) -> int:
    """Exit code. Raises `AtcFailed` where it cannot be started or does not end."""
    command = build.command(str(atc))
    environment = {"ASCEND_SLOG_PRINT_TO_STDOUT": "1", **os.environ}
    with build.log.open("wb") as log:
        log.write(f"{shlex.join(command)}\n".encode())
        log.flush()
        try:
            # atc is a script that starts the compiler, which starts more: they end together.
            process = subprocess.Popen(
                command, cwd=build.folder, env=environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        except OSError as error:
            message = f"{atc} cannot be started: {error.strerror}."
            raise AtcFailed(str(error), message=message, action="Install CANN's toolkit again.") from error
        try:
            return process.wait(LIMIT_S)
        except subprocess.TimeoutExpired as error:
            text = build.log.read_text(encoding="utf-8", errors="replace")
            raise _failed(build, text, f"it did not end within {LIMIT_S} s") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _failed(build: Build, log: str, how: str) -> AtcFailed:
    excerpt, advice = explained(log.partition("\n")[2])
    message = f"ATC did not compile {build.source.name} for {build.soc}: {how}."
    told = f"{message}\n{excerpt}" if excerpt else message
    action = f"{advice}\nAll it said: {build.log}" if advice else f"All it said: {build.log}"
    return AtcFailed(how, message=told, action=action)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
