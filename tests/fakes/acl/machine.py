"""How calls are taken in and answered: types, handles, threads, faults on demand, complaints."""

from __future__ import annotations

import json
import random
import threading
from types import SimpleNamespace
from typing import Any, Callable, Dict, List, NoReturn, Optional, Type, TypeVar

from .functions import ANY, DEPRECATED, FAILED_VALUES, PROFILES, RELEASING, TEXT, Function
from .things import Complaint, Context, Refusal, Thing, stack

_UNLOCKED = ("rt.synchronize_stream", "rt.synchronize_device")
"""They wait, and let other threads call meanwhile."""

Kind = TypeVar("Kind", bound=Thing)


class Namespace:
    """``acl.rt`` and the like."""

    def __init__(self, machine: Machine, name: str) -> None:
        self._machine, self._name = machine, name

    def __getattr__(self, name: str) -> Any:
        return self._machine.attribute(f"{self._name}.{name}")

    def __dir__(self) -> List[str]:
        start = f"{self._name}."
        return [name[len(start) :] for name in self._machine.functions if name.startswith(start)]


class Machine:
    """``profile``: "cann50" or "cann6"."""

    def __init__(self, profile: str = "cann50") -> None:
        self.functions = PROFILES[profile]
        self.deprecated = DEPRECATED[profile]
        self.complaints: List[Complaint] = []
        self.calls: List[str] = []
        """Every call so far, but those for the last error's text."""
        self.things: Dict[int, Thing] = {}
        self.device = False
        self.sick = 0
        """The code of a fault of the device; until it is reset, it does nothing any more."""
        self.lock = threading.RLock()
        self.thread: Any = threading.local()
        self._dead: Dict[int, str] = {}
        self._chance = random.Random(310)
        self._faults: List[Any] = []

    def attribute(self, name: str) -> Any:
        """What ``acl`` has under a name: a namespace or a function. Raises AttributeError, with a complaint."""
        if name in self.functions:
            function = self.functions[name]
            return lambda *arguments, **named: self._take(name, function, arguments, named)
        if any(known.startswith(f"{name}.") for known in self.functions):
            return Namespace(self, name)
        if name != "__path__":
            self.complain("not-in-this-cann", name, "this version of CANN has no such function")
        raise AttributeError(f"module 'acl' has no attribute {name!r}")

    # --- faults on demand ---------------------------------------------------------------------------------------------

    def fail_at(self, number: int, code: int) -> None:
        """The call with that number, from 1, fails."""
        self._faults.append(SimpleNamespace(number=number, name="", code=code, left=1, skip=0))

    def fail_on(self, name: str, code: int, skip: int = 0, times: int = 1) -> None:
        """Calls of a function fail, after ``skip`` that do not."""
        self._faults.append(SimpleNamespace(number=0, name=name, code=code, left=times, skip=skip))

    def _fault(self, name: str) -> int:
        for fault in self._faults:
            if fault.left and (fault.number == len(self.calls) or fault.name == name):
                if fault.skip:
                    fault.skip -= 1
                else:
                    fault.left -= 1
                    return int(fault.code)
        return 0

    # --- one call -----------------------------------------------------------------------------------------------------

    def _take(self, name: str, function: Function, arguments: tuple, named: Dict[str, Any]) -> Any:
        self._check_types(name, function, arguments, named)
        if name == "get_recent_err_msg":
            said, self.thread.said = getattr(self.thread, "said", None), None
            return said
        method: Callable[..., Any] = getattr(self, name.replace(".", "_"))
        with self.lock:
            self.calls.append(name)
            self._check_last_failure(name)
            if name in self.deprecated:
                self.complain("deprecated-helper", name, "this version of CANN wants bytes_to_ptr or plain addresses")
            code = self._fault(name)
            if 507000 <= code < 508000 and code != 507008 and self.device and function.gives not in FAILED_VALUES:
                self.sick = code
        try:
            if code and name not in RELEASING:
                raise Refusal(code, f"fault on demand in {name}")
            if name in _UNLOCKED:
                value = method(*arguments)
            else:
                with self.lock:
                    value = method(*arguments)
            if code:
                raise Refusal(code, f"fault on demand in {name}")
        except Refusal as refusal:
            self.thread.said = f"EZ9999: {refusal.text}"
            if function.gives in FAILED_VALUES:
                return FAILED_VALUES[function.gives]
            return {"code": refusal.code, "value": (0, refusal.code), "pair": (0, 0, refusal.code)}[function.gives]
        return {"code": 0, "value": (value, 0), "pair": (*value, 0) if function.gives == "pair" else None}.get(
            function.gives, value
        )

    def _check_types(self, name: str, function: Function, arguments: tuple, named: Dict[str, Any]) -> None:
        right = (
            not named
            and len(arguments) == len(function.takes)
            and all(
                kind == ANY or type(value) is (str if kind == TEXT else int)
                for kind, value in zip(function.takes, arguments)
            )
        )
        if not right:
            given = ", ".join([*(type(value).__name__ for value in arguments), *named])
            self.complain("wrong-type", name, f"given ({given}), takes ({', '.join(function.takes)})")
            raise TypeError(f"acl.{name} args parse failed")

    def _check_last_failure(self, name: str) -> None:
        said = getattr(self.thread, "said", None)
        if said:
            self.complain("failure-ignored", name, f"called although nobody asked about the failure before: {said}")
            self.thread.said = None

    # --- complaints and handles ---------------------------------------------------------------------------------------

    def complain(self, name: str, call: str, text: str, where: Optional[str] = None) -> None:
        self.complaints.append(Complaint(name, call, text, where or stack()))

    def misuse(self, name: str, code: int, text: str) -> NoReturn:
        """Complain, and refuse the call."""
        self.complain(name, self.calls[-1], text)
        raise Refusal(code, text)

    def new_handle(self, thing: Thing) -> int:
        """Of one space for all kinds, and no possible address, so that mistaking one for another shows."""
        handle = self._chance.getrandbits(61) | 1 << 61
        self.things[handle] = thing
        return handle

    def find(self, kind: Type[Kind], handle: int, code: int = 100000) -> Kind:
        """The thing of a handle, which must be of that kind and alive."""
        found = self.things.get(handle)
        if isinstance(found, kind):
            return found
        if handle == 0:
            self.misuse("null-handle", code, f"a {kind.kind} is wanted, 0 was given")
        if found is not None:
            self.misuse("wrong-handle", code, f"a {kind.kind} is wanted, a {found.kind} was given")
        if handle in self._dead:
            self.misuse("dead-handle", code, f"this {self._dead[handle]} was given back before")
        self.misuse("unknown-handle", code, f"{handle:#x} is no {kind.kind}")

    def forget(self, handle: int) -> None:
        self._dead[handle] = self.things.pop(handle).kind

    def alive(self, kind: Type[Kind]) -> List[Kind]:
        return [thing for thing in self.things.values() if isinstance(thing, kind)]

    def context(self) -> Context:
        """That of the calling thread."""
        current: Optional[Context] = getattr(self.thread, "context", None)
        if current is None:
            self.misuse("no-context", 107002, "this thread has no context: call set_context first")
        if current not in self.things.values():
            self.misuse("dead-context", 107002, "the context of this thread was destroyed")
        return current

    def report(self) -> List[Dict[str, str]]:
        """All complaints, for a file."""
        self.check_end()
        return json.loads(json.dumps([complaint._asdict() for complaint in self.complaints]))  # type: ignore[no-any-return]

    def check_end(self) -> None:
        """What is still there when the program has ended. Filled in by `Npu`."""
        raise NotImplementedError
