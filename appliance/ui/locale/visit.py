"""The screens of a visit."""

from __future__ import annotations

TEXTS = {
    "language.name": ("中文", "English"),
    "common.back": ("返回", "Back"),
}
