"""The device of this process: one context, one stream, for all networks and all threads."""

from __future__ import annotations

import contextlib
from typing import Optional

from .calls import CallFailed, Calls
from .codes import UNSUPPORTED

DEVICE = 0
_RUNS_ON_DEVICE = 0  # ACL_DEVICE: on the board, programs run on the chip itself, and all memory is device memory
_HOST_TO_DEVICE, _DEVICE_TO_HOST, _DEVICE_TO_DEVICE = 1, 2, 3
_DDR = 0


class Device:
    """The open device. ``to_device`` and ``from_device``: kinds of copies between numpy's memory and the device's."""

    def __init__(self, calls: Calls) -> None:
        """Raises `CallFailed`; then nothing stays open."""
        self._calls = calls
        with contextlib.ExitStack() as undo:
            calls.call("rt.set_device", DEVICE)
            undo.callback(calls.attempt, "rt.reset_device", DEVICE)
            self._context: int = calls.call("rt.create_context", DEVICE)
            undo.callback(calls.attempt, "rt.destroy_context", self._context)
            self.stream: int = calls.call("rt.create_stream")
            undo.callback(calls.attempt, "rt.destroy_stream", self.stream)
            on_device = calls.call("rt.get_run_mode") == _RUNS_ON_DEVICE
            self.to_device = _DEVICE_TO_DEVICE if on_device else _HOST_TO_DEVICE
            self.from_device = _DEVICE_TO_DEVICE if on_device else _DEVICE_TO_HOST
            self.soc: str = calls.value("get_soc_name", failed="")
            self._undo = undo.pop_all()

    def bind(self) -> None:
        """Make the context that of the calling thread; without it, nearly every call is refused there."""
        self._calls.call("rt.set_context", self._context)

    def settle(self) -> None:
        """Before anything is given back: it belongs to the context, whichever thread does it, and a run that was
        interrupted may still use it."""
        self._calls.attempt("rt.set_context", self._context)
        self._calls.attempt("rt.synchronize_stream", self.stream)

    def free_memory(self) -> Optional[int]:
        """Bytes; None where this chip or driver does not tell."""
        try:
            free, _ = self._calls.call("rt.get_mem_info", _DDR)
        except CallFailed as error:
            if error.number in UNSUPPORTED:
                return None
            raise
        return int(free)

    def close(self) -> None:
        """Give everything back, last the device."""
        self._undo.close()
