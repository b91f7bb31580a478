"""Where the service writes what it did: standard error, which on an appliance is the journal."""

from __future__ import annotations

import logging
import os
import sys

LONGEST_RECORD = 8000
"""Characters; what ffmpeg or a traceback has to say beyond is cut."""

# sd-daemon(3): the priority of a line for the journal.
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.DEBUG, 7))


class _JournalFormatter(logging.Formatter):
    """Every line with its priority; the journal itself knows the time."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in _cut(super().format(record)).splitlines())


class _PlainFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _cut(super().format(record))


def configure_logging(level: int = logging.INFO) -> None:
    """Send the log of the package to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    if os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(_JournalFormatter("%(message)s"))
    else:
        handler.setFormatter(_PlainFormatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("appliance")
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_RECORD else text[:LONGEST_RECORD] + " ..."
