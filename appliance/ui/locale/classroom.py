"""The classroom."""

from __future__ import annotations

TEXTS = {
    "classroom.title": ("课堂", "Classroom"),
}
