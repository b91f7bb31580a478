"""Runs inside the machine under test, as a unit of its own: the steps of plan.json, one after another.

Only Debian's own Python and its standard library are used: what is tested must not test itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import devices
import kiosk
import service
from report import SHARED, Report

STEPS = {**service.STEPS, **devices.STEPS, **kiosk.STEPS}


def main() -> None:
    plan = json.loads((SHARED / "plan.json").read_text())
    report = Report()
    for name in plan["steps"]:
        with report.step(name) as facts:
            STEPS[name](facts, report, plan)


if __name__ == "__main__":
    main()
