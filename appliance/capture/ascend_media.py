"""Huawei's media library of the Atlas 200 DK: the way to the board's own microphone and camera connector.

Source: the header ``peripheral_api.h`` of Huawei's samples (Ascend/samples, ``5_200dk_peripheral``). It is plain C; one
initialisation serves the whole process, and its calls may block for as long as the device likes.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any, Dict, Mapping, Sequence, Set, Type

from ..errors import DeviceError

LIBRARY = "libmedia_mini.so"
FOLDERS = ("", "/usr/lib64/")
"""Where it lies: first wherever the dynamic linker looks, then where the board's driver puts it."""

_lock = threading.Lock()
_initialised: Set[str] = set()


class MediaLibrary:
    """Its functions, as far as they were declared; all of them answer with an int."""

    def __init__(
        self, functions: Mapping[str, Sequence[Any]], unusable: Type[DeviceError], path: str = LIBRARY
    ) -> None:
        """``functions``: names and the ctypes of their arguments. ``path``: of the library, or its bare name.

        Raises ``unusable`` where there is no such library, where it lacks a function, or does not find its driver.
        """
        self._unusable = unusable
        library = self._load(path)
        self._functions: Dict[str, Any] = {}
        for name, arguments in {"MediaLibInit": (), **functions}.items():
            try:
                function = getattr(library, name)
            except AttributeError as error:
                raise unusable(f"{path} has no {name}") from error
            function.argtypes, function.restype = list(arguments), ctypes.c_int
            self._functions[name] = function
        self._initialise(path)

    def call(self, name: str, *arguments: Any) -> int:
        """What the function answers; the lock of the interpreter is free meanwhile."""
        answer: int = self._functions[name](*arguments)
        return answer

    def succeeds(self, name: str, *arguments: Any) -> bool:
        """Call a function that answers LIBMEDIA_STATUS_OK or LIBMEDIA_STATUS_FAILED."""
        return self.call(name, *arguments) == 1

    def _load(self, path: str) -> ctypes.CDLL:
        complaints = []
        for folder in FOLDERS if "/" not in path else ("",):
            try:
                return ctypes.CDLL(folder + path)
            except OSError as error:
                complaints.append(str(error))
        raise self._unusable("; ".join(complaints))

    def _initialise(self, path: str) -> None:
        with _lock:
            if path not in _initialised and not self.succeeds("MediaLibInit"):
                raise self._unusable("MediaLibInit failed")
            _initialised.add(path)
