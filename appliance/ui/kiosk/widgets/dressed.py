"""Widgets that need more of the theme than its style sheet can say."""

from __future__ import annotations

from PyQt5.QtWidgets import QWidget

from ..theme import Theme


class Dressed:
    """Beside a QWidget class."""

    theme = Theme()

    def dress(self, theme: Theme) -> None:
        """From now on these sizes and colours."""
        self.theme = theme


def dress_all(root: QWidget, theme: Theme) -> None:
    """Whatever below ``root`` wants to be dressed, children before their parents."""
    for child in reversed(root.findChildren(QWidget)):
        if isinstance(child, Dressed):
            child.dress(theme)
