"""What the machine says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

THERMAL = Path("/sys/class/thermal")


def temperature(thermal: Path = THERMAL) -> Optional[float]:
    """Of the hottest sensor, in degrees Celsius (Linux, driver-api/thermal/sysfs-api); None without any."""
    found = []
    for zone in thermal.glob("thermal_zone*/temp"):
        try:
            found.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            pass  # A sensor may be asleep.
    return max(found) if found else None
