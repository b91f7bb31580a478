"""What a pin of the header is to the software, however it is reached."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Line(ABC):
    """One pin, as its driver sees it. Every method may raise OSError. May be used by several threads."""

    @property
    @abstractmethod
    def is_output(self) -> bool:
        """Whether we drive it; else something outside does."""

    @abstractmethod
    def make_input(self) -> None:
        """Drive it no more."""

    @abstractmethod
    def make_output(self, level: bool) -> None:
        """Drive it, from the first moment to that level."""

    @abstractmethod
    def read(self) -> bool:
        """Its level: whether it is high."""

    @abstractmethod
    def write(self, level: bool) -> None:
        """Drive an output to that level."""

    @abstractmethod
    def close(self) -> None:
        """Give the handle back; the pin stays as it is. May be called twice."""
