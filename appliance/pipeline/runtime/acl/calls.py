"""Calls of pyACL. Each takes its arguments by position and says by a number whether it worked: here none goes unread.

Handles and addresses are plain integers, of which nothing tells one kind from another.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any, Optional

from ....errors import NpuError, RuntimeUnavailable
from .codes import ADVICE, is_device_fault, meaning

_log = logging.getLogger(__name__)


class CallFailed(NpuError):
    """A call of pyACL, ``name``, that did not work; ``number``: what it returned, None where there was no code."""

    def __init__(self, call: str, number: Optional[int], said: str) -> None:
        self.name, self.number = call, number
        name, words = meaning(number) if number is not None else ("no result", "CANN failed")
        detail = f"acl.{call}: {'' if number is None else f'{number} '}{name}: {words}"
        message = f"The NPU does not work: {words}."
        super().__init__(f"{detail}; CANN: {said}" if said else detail, message=message, action=ADVICE.get(number or 0))

    @property
    def of_device(self) -> bool:
        """Whether the device failed, not the call. A stream that cannot be waited for may run on: that counts too."""
        return self.name == "rt.synchronize_stream" or (self.number is not None and is_device_fault(self.number))


class Calls:
    """pyACL, with failures as exceptions."""

    def __init__(self) -> None:
        """Raises `RuntimeUnavailable` where CANN's module cannot be imported."""
        self.noticed: Optional[CallFailed] = None
        """A fault of the device that showed on the way out of something: whoever uses the device next must know."""
        try:
            self._acl: Any = importlib.import_module("acl")
        except (ImportError, OSError) as error:
            message = "CANN's Python module acl cannot be imported."
            action = "Source CANN's set_env.sh; its pyACL must be made for this version of Python."
            raise RuntimeUnavailable(str(error), message=message, action=action) from error
        if not hasattr(self._acl, "mdl"):
            where = getattr(self._acl, "__file__", "")
            raise RuntimeUnavailable(f"{where} has no mdl", message="The Python module acl here is not CANN's.")

    def call(self, name: str, *arguments: Any) -> Any:
        """What a function returns before its code: nothing, a value or a tuple.

        ``name``: as after ``acl.``, such as ``rt.malloc``. Raises `CallFailed`.
        """
        result = self._function(name)(*arguments)
        *values, number = result if isinstance(result, tuple) else (result,)
        if number != 0:
            raise CallFailed(name, number, self._said())
        return tuple(values) if len(values) > 1 else values[0] if values else None

    def value(self, name: str, *arguments: Any, failed: Any = 0) -> Any:
        """What a function without a code returns; ``failed`` stands for a failure. Raises `CallFailed`."""
        result = self._function(name)(*arguments)
        if result == failed:
            raise CallFailed(name, None, self._said())
        return result

    def attempt(self, name: str, *arguments: Any) -> None:
        """A call on the way out: where it fails there is nothing to do but to say so and to go on."""
        try:
            self.call(name, *arguments)
        except CallFailed as error:
            _log.warning("while the NPU is given back: %s", error.detail)
            if error.of_device:
                self.noticed = error

    def _function(self, name: str) -> Any:
        found = self._acl
        for part in name.split("."):
            found = getattr(found, part)
        return found

    def _said(self) -> str:
        """CANN's own words on the last failure in this thread; asking clears them."""
        ask = getattr(self._acl, "get_recent_err_msg", None)  # not in the oldest versions
        return str(ask() or "").strip() if ask else ""
