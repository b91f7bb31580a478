"""What the director and a front end say to each other."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .feeds import Feed
from .flow import Visit


class FrontEnd(ABC):
    """Told everything in the loop's thread."""

    @abstractmethod
    def show(self, visit: Visit) -> None:
        """The visit has changed."""

    @abstractmethod
    def feed(self, item: Feed) -> None:
        """The newest of what moves."""

    @abstractmethod
    def start_playing(self, visit: Visit) -> None:
        """Play the video of `Visit.job` from its start, and tell the director `PlaybackEnded` or `PlaybackFailed`.

        The director's `video` gives its bytes: the file once it is finished, else the stream as it grows.
        """

    @abstractmethod
    def stop_playing(self) -> None:
        """The video need not be played any more; harmless where none is."""
