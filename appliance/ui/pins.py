"""The staff's PIN: kept as a hash, guarded against guessing, through restarts and whatever the clock says."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import hmac
import json
import logging
import re
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

from ..errors import PinError, PinLocked, PinWrong
from ..files import write_atomically

PIN_FILE = "pin.json"
"""In the state folder."""

SHORTEST = 4
LONGEST = 8
"""Digits of a PIN."""

FREE_TRIES = 5
"""Wrong PINs before the first lock."""
FIRST_LOCK_SECONDS = 30.0
LONGEST_LOCK_SECONDS = 900.0
"""Each wrong PIN after a lock doubles the next one up to this."""

SCRYPT = {"n": 2**14, "r": 8, "p": 1}
"""16 MB and some 50 ms a try (RFC 7914)."""
SALT_BYTES = 16
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

WAY_OUT = "Run `appliance kiosk --reset-pin` on this machine, then set a new one."

log = logging.getLogger(__name__)


class Condition(enum.Enum):
    UNSET = "unset"
    SET = "set"
    DAMAGED = "damaged"
    """The file cannot be used: nobody gets in until it is reset."""


@dataclass(frozen=True)
class Clock:
    """``now``: seconds that nobody can set back. ``boot``: since which start of the machine they are counted."""

    now: Callable[[], float]
    boot: str

    @staticmethod
    def of_machine() -> Clock:
        try:
            boot = BOOT_ID.read_text(encoding="ascii").strip()
        except OSError:
            boot = ""
        return Clock(lambda: time.clock_gettime(time.CLOCK_BOOTTIME), boot)


@dataclass(frozen=True)
class _Record:
    """``wrong``: PINs in a row. ``until``: when the lock ends, by the clock of ``boot``."""

    salt: bytes
    digest: bytes
    wrong: int = 0
    until: float = 0.0
    boot: str = ""


class PinStore:
    """One PIN in one file. All methods may be called from any thread; `enter`, `set` and `change` take their time."""

    def __init__(self, path: Path, clock: Optional[Clock] = None) -> None:
        self._path = path
        self._clock = clock or Clock.of_machine()
        self._lock = threading.Lock()
        self._unwritten: Optional[_Record] = None
        """What a full disk did not take: it must not open the door to guessing."""

    def condition(self) -> Condition:
        try:
            return Condition.UNSET if self._load() is None else Condition.SET
        except PinError:
            return Condition.DAMAGED

    def locked_seconds(self) -> float:
        """How long no PIN is taken; 0.0 where one is."""
        with self._lock:
            try:
                record = self._load()
            except PinError:
                return 0.0
            return 0.0 if record is None else self._left(self._of_this_boot(record))

    def enter(self, pin: str) -> None:
        """Raises `PinWrong`, `PinLocked` (its ``action`` says for how long), `PinError` where there is no usable PIN.

        A try is counted before it is checked: pulling the plug does not undo it.
        """
        with self._lock:
            record = self._load()
            if record is None:
                raise PinError(message="No PIN has been set.", action="Set one first.")
            record = self._of_this_boot(record)
            if self._left(record) > 0:
                raise _locked(self._left(record))
            wrong = record.wrong + 1
            counted = dataclasses.replace(record, wrong=wrong, until=self._clock.now() + _lock_seconds(wrong))
            self._write(counted)
            if hmac.compare_digest(_digest(pin, record.salt), record.digest):
                self._write(dataclasses.replace(record, wrong=0, until=0.0))
                return
            log.warning("a wrong staff PIN was entered, %d in a row", wrong)
            if self._left(counted) > 0:
                raise _locked(self._left(counted))
            raise PinWrong()

    def set(self, pin: str) -> None:
        """The first PIN. Raises `PinError` for a weak one, where there is one already, and where none can be kept."""
        check_strength(pin)
        with self._lock:
            if self._load() is not None:
                raise PinError(message="There is a PIN already.", action="Enter it, then change it.")
            self._replace(pin)

    def change(self, old: str, new: str) -> None:
        """Raises what `enter` raises for the old one and `set` for the new one."""
        check_strength(new)
        self.enter(old)
        with self._lock:
            self._replace(new)

    def reset(self) -> None:
        """Forget the PIN, for a new one to be set. Raises `PinError` where the file cannot be removed."""
        with self._lock:
            self._unwritten = None
            try:
                self._path.unlink()
            except FileNotFoundError:
                pass
            except OSError as error:
                message = f"The PIN file {self._path} cannot be removed: {error.strerror}."
                raise PinError(message=message, action="Run this as the user of the kiosk, or as root.") from error

    # --- inside -------------------------------------------------------------------------------------------------------

    def _left(self, record: _Record) -> float:
        return min(_lock_seconds(record.wrong), max(0.0, record.until - self._clock.now()))

    def _of_this_boot(self, record: _Record) -> _Record:
        """Across a start of the machine no clock can be trusted: the lock begins again, once."""
        if record.boot == self._clock.boot:
            return record
        until = self._clock.now() + _lock_seconds(record.wrong)
        renewed = dataclasses.replace(record, until=until, boot=self._clock.boot)
        self._write(renewed)
        return renewed

    def _load(self) -> Optional[_Record]:
        """None where no PIN was set. Raises `PinError` for a file that cannot be used."""
        try:
            record = _parsed(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PinError(
                f"{type(error).__name__} in the PIN file", message="The PIN file is damaged.", action=WAY_OUT
            ) from error
        unwritten = self._unwritten
        return unwritten if unwritten is not None and unwritten.salt == record.salt else record

    def _write(self, record: _Record) -> None:
        """A disk that takes nothing must not keep the staff out, who alone can make room."""
        try:
            self._save(record)
        except OSError as error:
            log.warning("the tries at the staff PIN cannot be kept: %s", error.strerror)
            self._unwritten = record

    def _replace(self, pin: str) -> None:
        salt = secrets.token_bytes(SALT_BYTES)
        try:
            self._save(_Record(salt, _digest(pin, salt), boot=self._clock.boot))
        except OSError as error:
            message = f"The PIN cannot be kept: {error.strerror}."
            raise PinError(message=message, action="Check the free space and the state folder.") from error

    def _save(self, record: _Record) -> None:
        fields = {**dataclasses.asdict(record), "salt": record.salt.hex(), "digest": record.digest.hex()}
        write_atomically(self._path, json.dumps(fields).encode("ascii"), 0o600)
        self._unwritten = None


def check_strength(pin: str) -> None:
    """Raises `PinError` for what is no PIN or would be guessed first."""
    if not re.fullmatch(f"[0-9]{{{SHORTEST},{LONGEST}}}", pin):
        raise PinError()
    steps = {(int(after) - int(before)) % 10 for before, after in zip(pin, pin[1:])}
    if steps in ({0}, {1}, {9}):
        raise PinError()


def _lock_seconds(wrong: int) -> float:
    if wrong < FREE_TRIES:
        return 0.0
    return min(LONGEST_LOCK_SECONDS, FIRST_LOCK_SECONDS * 2.0 ** min(wrong - FREE_TRIES, 16))


def _locked(seconds: float) -> PinLocked:
    return PinLocked(action=f"Wait {int(seconds) + 1} s, then try again.")


def _digest(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode("utf-8"), salt=salt, **SCRYPT)


def _parsed(text: str) -> _Record:
    """Raises ValueError, KeyError, TypeError for what this program did not write."""
    fields: Any = json.loads(text)
    record = _Record(
        bytes.fromhex(fields["salt"]), bytes.fromhex(fields["digest"]), int(fields["wrong"]), float(fields["until"]),
        str(fields["boot"]),
    )  # fmt: skip
    if len(record.salt) != SALT_BYTES or len(record.digest) != hashlib.sha512().digest_size or record.wrong < 0:
        raise ValueError("sizes")
    return record
