"""The microphone on the board itself."""

from __future__ import annotations

from ..ascend_media import LIBRARY
from .process import ProcessMicrophone


class AscendMicrophone(ProcessMicrophone):
    def __init__(self, library: str = LIBRARY) -> None:
        """``library``: path of Huawei's media library, or its bare name."""
        super().__init__("ascend", library)
