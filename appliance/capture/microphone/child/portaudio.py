"""PortAudio through PyAudio, in a process of its own.

PortAudio looks for devices once, when it is initialised, and leaves out of its list what another program holds just
then; so ALSA itself is asked why a device is not in the list.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import re
import sys
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .outlet import Refusal, Source, run

BLOCKS_PER_SECOND = 20
RATES = (48_000, 44_100, 16_000)
"""Hertz that are tried when a device does not take the rate that it says it prefers."""

CONVERTERS = frozenset(("a52", "lavrate", "null", "oss", "samplerate", "speex", "speexrate", "upmix", "vdownmix"))
"""What ALSA's own configuration defines beside devices, and PortAudio lists as if they were some."""

DEFAULT = "default"
"""ALSA's name for it, and so PortAudio's."""

PA_DEVICE_UNAVAILABLE = -9985
SND_PCM_STREAM_CAPTURE = 1
SND_PCM_NONBLOCK = 1


class PortAudio(Source):
    def __init__(self) -> None:
        self._stream: Any = None

    def devices(self) -> List[Tuple[str, bool]]:
        found, default = self._look()
        names: Dict[str, bool] = {}
        for device in found:
            names[device["name"]] = names.get(device["name"], False) or device["index"] == default
        return list(names.items())

    def open(self, device: str) -> None:
        found, default = self._look()
        chosen = _choose(found, default, device)
        if _held(device, chosen):
            raise Refusal("busy", "ALSA: device or resource busy")
        if chosen is None:
            raise Refusal("missing", f"none of {len(found)} devices is the one wanted")
        self._open(chosen)

    def read(self) -> bytes:
        data: bytes = self._stream.read(self.rate // BLOCKS_PER_SECOND, exception_on_overflow=False)
        return data

    def close(self) -> None:
        """The kernel and the sound servers take a device back from a process that ended."""

    def _look(self) -> Tuple[List[Dict[str, Any]], Optional[int]]:
        """All devices that can record, and the index of the default one."""
        try:
            import pyaudio

            self._audio, self._format = pyaudio.PyAudio(), pyaudio.paInt16
        except (ImportError, OSError) as error:
            raise Refusal("missing", f"PyAudio cannot be used: {error}") from error
        devices = [self._audio.get_device_info_by_index(i) for i in range(self._audio.get_device_count())]
        devices = [device for device in devices if device["maxInputChannels"] and device["name"] not in CONVERTERS]
        try:
            return devices, self._audio.get_default_input_device_info()["index"]
        except OSError:
            return devices, None

    def _open(self, device: Dict[str, Any]) -> None:
        complaint = ""
        for self.rate, self.channels in _ways(device):
            try:
                self._stream = self._audio.open(
                    rate=self.rate,
                    channels=self.channels,
                    format=self._format,
                    input=True,
                    input_device_index=device["index"],
                    frames_per_buffer=self.rate // BLOCKS_PER_SECOND,
                )
                return
            except OSError as error:
                if error.errno == PA_DEVICE_UNAVAILABLE:
                    raise Refusal("busy", str(error)) from error
                complaint = str(error)
        raise Refusal("missing", complaint)


def _choose(devices: List[Dict[str, Any]], default: Optional[int], wanted: str) -> Optional[Dict[str, Any]]:
    if not wanted:
        fitting = [device for device in devices if device["index"] == default]
    else:
        fitting = [device for device in devices if device["name"] == wanted]
        fitting += [device for device in devices if wanted.lower() in device["name"].lower()]
    return fitting[0] if fitting else None


def _ways(device: Dict[str, Any]) -> Iterator[Tuple[int, int]]:
    """(rate, channels) to try; both channels first, for some microphones are connected to one of them only."""
    preferred, most = int(device["defaultSampleRate"]), int(device["maxInputChannels"])
    for rate in dict.fromkeys((preferred, *RATES)):
        for channels in dict.fromkeys((min(2, most), 1, most)):
            yield rate, channels


def _held(wanted: str, chosen: Optional[Dict[str, Any]]) -> bool:
    """Whether another program holds the device that is wanted, so that PortAudio does not list it, or chose another."""
    if chosen is not None and (wanted or chosen["name"] == DEFAULT):
        return False
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError:
        return False
    names = [wanted or DEFAULT]
    if chosen is None:
        names += _cards(alsa, wanted)
    return any(_opening(alsa, name) == -errno.EBUSY for name in names)


def _cards(alsa: ctypes.CDLL, wanted: str) -> Iterator[str]:
    """ALSA's names of the devices that could be meant."""
    for node in sorted(glob.glob("/dev/snd/pcmC*D*c")):
        card, device = re.findall(r"\d+", node)
        name = ctypes.c_char_p()
        if alsa.snd_card_get_name(int(card), ctypes.byref(name)) == 0 and name.value:
            if wanted.lower() in f"{name.value.decode('utf-8', 'replace')} (hw:{card},{device})".lower():
                yield f"hw:{card},{device}"


def _opening(alsa: ctypes.CDLL, name: str) -> int:
    """What ALSA says to opening it: 0, or an error number below 0."""
    pcm = ctypes.c_void_p()
    answer: int = alsa.snd_pcm_open(ctypes.byref(pcm), name.encode(), SND_PCM_STREAM_CAPTURE, SND_PCM_NONBLOCK)
    if answer == 0:
        alsa.snd_pcm_close(pcm)
    return answer


if __name__ == "__main__":
    run(PortAudio(), sys.argv[1:])
