"""Every error of `appliance.errors`, in words for somebody who has no keyboard: what happened, and what to do.

``error.CODE`` and ``error.CODE.action``.
"""

from __future__ import annotations

TEXTS = {
    "error.internal": ("设备内部出现了问题。", "Something went wrong inside the appliance."),
    "error.internal.action": (
        "请再试一次；如果再次出现，请告诉工作人员。",
        "Please try again. If it happens twice, please tell the staff.",
    ),
}
