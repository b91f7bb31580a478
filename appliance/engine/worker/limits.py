"""What the worker may not do: outlive the engine, fill memory or disk, gain privileges, leave a core dump of a face."""

from __future__ import annotations

import ctypes
import os
import resource
import signal

MEGABYTE = 1 << 20
OPEN_FILES = 256

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

NICE = 5
"""A third of the processor time of those who answer people, where both want it."""


def apply_limits(memory_megabytes: int, file_megabytes: int) -> None:
    """For this process and everything it starts.

    Memory is limited as RLIMIT_DATA (private writable memory: heap, stacks of threads, arenas) and not as RLIMIT_AS,
    which would also count models mapped from files and address space that run times only reserve.
    """
    os.umask(0o077)
    _lower(resource.RLIMIT_DATA, memory_megabytes * MEGABYTE)
    _lower(resource.RLIMIT_FSIZE, file_megabytes * MEGABYTE)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    _lower(resource.RLIMIT_CORE, 0)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _be_the_first_to_go()


def make_way() -> None:
    """Let this process and everything it starts leave the processor to others: it draws on all cores for minutes."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent, process number ``parent``, ends in whatever way."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)  # it ended before the kernel knew


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (value, value))


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _be_the_first_to_go() -> None:
    """Where memory runs out, the kernel shall take the worker and not the engine."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
    except OSError:
        pass  # it already has a higher one
