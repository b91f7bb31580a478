"""Everything this process does with the NPU goes through here: opened for the first network, closed after the last, and
opened anew, once, where the device fails.

CANN is initialised once a process, and finalised when the process ends: it cannot be initialised again.
"""

from __future__ import annotations

import atexit
import functools
import logging
import threading
from typing import Callable, List, Optional, Sequence, TypeVar

import numpy as np

from ....errors import NpuError
from ..om_file import OmFile, check_soc
from .calls import CallFailed, Calls
from .device import Device
from .model import Model

CALM = 1000
"""Runs that must succeed after the device was opened anew, before it is again when it fails: 40 s of video. A fault
that comes back sooner does not pass by itself."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Resident:
    """A network's place on the device. The model in it is another one after the device was opened anew."""

    def __init__(self, om: OmFile, buffers: int) -> None:
        self.om, self.buffers = om, buffers
        self.model: Optional[Model] = None

    @property
    def loaded(self) -> Model:
        assert self.model is not None
        return self.model


class Session:
    """The NPU, for all networks of the process. Any thread may call; one at a time is let in."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._lock = threading.RLock()
        self._initialised = self._finalised = False
        self._device: Optional[Device] = None
        self._residents: List[Resident] = []
        self._fault = ""
        self._calm = CALM

    def load(self, om: OmFile, buffers: int) -> Resident:
        """Load a file that was checked. ``buffers``: bytes of its inputs and outputs.

        Raises `ModelMismatch` for another chip's file, `NpuError` where memory or the device do not allow it.
        """
        with self._lock:
            self._open()
            resident = Resident(om, buffers)
            try:
                self._guarded(lambda: self._load(resident))
            except BaseException:
                self._close_if_unused()
                raise
            self._residents.append(resident)
            return resident

    def run(self, resident: Resident, arrays: Sequence[np.ndarray]) -> List[np.ndarray]:
        """See `Model.run`. Raises `NpuError`."""
        with self._lock:
            results = self._guarded(lambda: resident.loaded.run(arrays))
            self._calm = min(self._calm + 1, CALM)
            return results

    def unload(self, resident: Resident) -> None:
        """Give a network's place back, and with the last one the device. Doing it twice does nothing."""
        with self._lock:
            if resident not in self._residents:
                return
            self._residents.remove(resident)
            if self._device is not None:
                self._device.settle()
            self._drop(resident)
            self._close_if_unused()

    def close(self) -> None:
        """At the end of the process: give back what still is there, and CANN."""
        with self._lock:
            self._close_device()
            self._residents.clear()
            if self._initialised and not self._finalised:
                self._finalised = True
                self._calls.attempt("finalize")

    def _open(self) -> None:
        self._check()
        if not self._initialised:
            self._calls.call("init")
            self._initialised = True
            atexit.register(self.close)
        if self._device is None:
            self._start()

    def _start(self) -> None:
        self._calls.noticed = None  # of a device that is closed
        self._device = Device(self._calls)

    def _check(self) -> None:
        if self._finalised:
            raise NpuError("CANN was finalised: this process is ending")
        if self._fault:
            raise NpuError(
                self._fault,
                message="The NPU failed again after it was started anew.",
                action="Start the appliance again; if that does not help, switch the machine off and on.",
            )

    def _load(self, resident: Resident) -> None:
        device = self._opened()
        check_soc(resident.om, device.soc)
        self._check_memory(resident, device)
        resident.model = Model(self._calls, device, resident.om.path)

    def _check_memory(self, resident: Resident, device: Device) -> None:
        """Before loading: a board whose memory is used up may freeze instead of failing."""
        work, weights = self._calls.call("mdl.query_size", str(resident.om.path))
        free, needed = device.free_memory(), work + weights + resident.buffers
        if free is not None and free < needed:
            name, buffers = resident.om.path.name, resident.buffers
            raise NpuError(
                f"{name}: work {work}, weights {weights}, buffers {buffers}, free {free} bytes",
                message=f"The NPU has {free >> 20:,} MB of memory left; the network needs {-(-needed >> 20):,} MB.",
                action="End other programs that use the NPU, or give the board more memory (CMA) at its start.",
            )

    def _guarded(self, work: Callable[[], T]) -> T:
        """Do it; where the device fails, open it anew, load everything again, and try once more."""
        self._check()
        try:
            if self._calls.noticed is not None:
                raise self._calls.noticed
            self._opened().bind()
            return work()
        except CallFailed as error:
            if not error.of_device:
                raise
            fault = error
        if self._calm < CALM:
            self._give_up(fault)
        _log.warning("the NPU failed and is opened anew: %s", fault.detail)
        self._calm = 0
        try:
            self._close_device()
            self._start()
            for resident in self._residents:
                self._load(resident)
            return work()
        except NpuError as error:
            self._give_up(error)
            raise

    def _give_up(self, error: NpuError) -> None:
        """Every call is refused from now on, until all networks are closed and loaded again."""
        _log.error("the NPU failed again and is given up: %s", error.detail)
        self._close_device()
        self._fault = error.detail
        self._check()

    def _opened(self) -> Device:
        assert self._device is not None
        return self._device

    def _drop(self, resident: Resident) -> None:
        model, resident.model = resident.model, None
        if model is not None:
            model.close()

    def _close_if_unused(self) -> None:
        if not self._residents:
            self._close_device()
            self._fault = ""

    def _close_device(self) -> None:
        """Models first, then the device; it may be sick, so that nothing here may fail."""
        if self._device is not None:
            self._device.settle()
            for resident in self._residents:
                self._drop(resident)
            self._device.close()
            self._device = None


_sharing = threading.Lock()


def shared() -> Session:
    """The session of this process. Raises `RuntimeUnavailable` without CANN's module."""
    with _sharing:
        return _session()


@functools.lru_cache(maxsize=None)
def _session() -> Session:
    return Session(Calls())
