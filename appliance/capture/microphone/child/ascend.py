"""The two microphones of the Atlas 200 DK's carrier board, through Huawei's media library, in a process of its own.

Source: ``peripheral_api.h`` and the sample ``mic`` of Huawei's samples (Ascend/samples, ``5_200dk_peripheral``), whose
properties are set here, for they are known to work.
"""

from __future__ import annotations

import ctypes
import sys
from typing import List, Tuple

from ....errors import MicrophoneMissing
from ...ascend_media import MediaLibrary
from .outlet import Refusal, Source, run

NAME = "Atlas 200 DK"
RATE = 44_100
SAMPLES = 1024
"""Of each channel in a frame of the library."""

MIC_CAP_ACTIVE = 1
MIC_AUDIO_BIT_WIDTH_16 = 1
MIC_AUDIO_SOUND_MODE_STEREO = 1
MIC_STATUS_OPEN = 1
MIC_NOT_EXISTS = 3


class MicProperties(ctypes.Structure):
    """``struct MICProperties``: five enums."""

    _fields_ = (
        ("sample_rate", ctypes.c_int),
        ("cap_mode", ctypes.c_int),
        ("bit_width", ctypes.c_int),
        ("samples_per_frame", ctypes.c_int),
        ("sound_mode", ctypes.c_int),
    )


FUNCTIONS = {
    "QueryMICStatus": (),
    "OpenMIC": (),
    "SetMICProperty": (ctypes.POINTER(MicProperties),),
    "ReadMicSound": (ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)),
    "CloseMIC": (),
}


class Ascend(Source):
    rate = RATE
    channels = 2

    def __init__(self, library: str) -> None:
        self._path = library
        self._opened = False
        self._frame = ctypes.create_string_buffer(2 * self.channels * SAMPLES)

    def devices(self) -> List[Tuple[str, bool]]:
        try:
            status = self._load().call("QueryMICStatus")
        except MicrophoneMissing:
            return []
        return [] if status == MIC_NOT_EXISTS else [(NAME, True)]

    def open(self, device: str) -> None:
        try:
            library = self._load()
        except MicrophoneMissing as error:
            raise Refusal("missing", error.detail) from error
        status = library.call("QueryMICStatus")
        if status == MIC_NOT_EXISTS or device.lower() not in NAME.lower():
            raise Refusal("missing", f"status {status}")
        if status == MIC_STATUS_OPEN:
            raise Refusal("busy", "it is open already")
        if not library.succeeds("OpenMIC"):
            raise Refusal("missing", "OpenMIC failed")
        self._opened = True
        properties = MicProperties(RATE, MIC_CAP_ACTIVE, MIC_AUDIO_BIT_WIDTH_16, SAMPLES, MIC_AUDIO_SOUND_MODE_STEREO)
        if not library.succeeds("SetMICProperty", ctypes.byref(properties)):
            self.close()
            raise Refusal("missing", "SetMICProperty failed")

    def read(self) -> bytes:
        size = ctypes.c_int(len(self._frame))
        if not self._library.succeeds("ReadMicSound", self._frame, ctypes.byref(size)):
            raise OSError("ReadMicSound failed")
        return self._frame.raw[: size.value]

    def close(self) -> None:
        """It is the board's camera chip that the microphone hangs on, which may not notice that a process ended."""
        if self._opened:
            self._library.call("CloseMIC")

    def _load(self) -> MediaLibrary:
        self._library = MediaLibrary(FUNCTIONS, MicrophoneMissing, self._path)
        return self._library


if __name__ == "__main__":
    run(Ascend(sys.argv[1]), sys.argv[2:])
