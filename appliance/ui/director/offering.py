"""What can be chosen from sticks and gallery."""

from __future__ import annotations

from ...capture.picker.picker import Offered, Picker
from ..feeds import Media, Medium
from .work import Desk, Work


class Offering(Work):
    """``kind``: "photo" or "speech"."""

    def __init__(self, desk: Desk, picker: Picker, kind: str) -> None:
        super().__init__(desk)
        self._picker, self._kind = picker, kind

    def start(self) -> None:
        self._picker.start(self._kind)

    def stop(self) -> None:
        self._picker.stop()

    def offered(self, offered: Offered) -> None:
        """What was found; in the picker's thread."""
        files = tuple(Medium(offer.path, offer.name, offer.thumbnail, offer.seconds) for offer in offered.files)
        if offered.kind == self._kind:
            self.desk.feed(Media(self._kind, files, offered.searching, offered.stick))
