"""The PIN pad and the staff's pages."""

from __future__ import annotations

TEXTS = {
    "staff.title": ("工作人员", "Staff"),
}
