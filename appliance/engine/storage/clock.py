"""How old a job is, on machines whose clock cannot be trusted.

A board without a battery-backed clock may wake up in 1970 or be set forward by years. If age were the difference of two
times of day, that one step would make every video too old at once. So the engine keeps a clock of its own in its
database and only ever moves it forward:

* within one boot by the kernel's own clock, which counts from the boot, sleep included, and which nobody can set;
* across a boot by the difference of the times of day, but never backwards and never by more than `LONGEST_GAP_S`.

A night switched off thus counts in full, a longer pause as one day: a finished job is then kept longer than its
retention, by the rest of the pause, and no step of the clock can take more than a day from it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

DAY_S = 86_400.0
LONGEST_GAP_S = DAY_S
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Another number every boot, see random(4)."""


@dataclass(frozen=True)
class Reading:
    """``wall``: seconds since the epoch. ``steady``: since the boot that ``boot`` names."""

    wall: float
    steady: float
    boot: str


def read_clock() -> Reading:
    """This machine's clocks, now."""
    try:
        boot = BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        boot = ""  # hidden from this service; that the steady clock starts again shows a new boot too
    return Reading(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), boot)


def elapsed(last: Reading, now: Reading) -> float:
    """Seconds that count between two readings."""
    if now.boot == last.boot and now.steady >= last.steady:
        return now.steady - last.steady
    return min(max(0.0, now.wall - last.wall), LONGEST_GAP_S)
