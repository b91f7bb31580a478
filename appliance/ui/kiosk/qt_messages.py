"""What Qt itself has to say: into the log; and its last words before it would abort."""

from __future__ import annotations

import logging
import os
import sys
from typing import Optional

from PyQt5.QtCore import (
    QMessageLogContext,
    QtCriticalMsg,
    QtFatalMsg,
    QtInfoMsg,
    QtMsgType,
    QtWarningMsg,
    qInstallMessageHandler,
)

from ...errors import RuntimeUnavailable

_LEVELS = {QtInfoMsg: logging.INFO, QtWarningMsg: logging.WARNING, QtCriticalMsg: logging.ERROR}

log = logging.getLogger(__name__)


def take_messages() -> None:
    """From now on."""
    qInstallMessageHandler(_take)


def _take(kind: QtMsgType, context: QMessageLogContext, message: Optional[str]) -> None:
    if kind == QtFatalMsg:
        _end(message or "")
    log.log(_LEVELS.get(kind, logging.DEBUG), "Qt: %s", message)


def _end(message: str) -> None:
    """Qt aborts as soon as this returns; a core dump explains nothing to whoever forgot to start the X server."""
    log.critical("Qt: %s", message)
    error = RuntimeUnavailable(
        message="Qt cannot draw on this screen.",
        action="See what it says above; is the X server running, and is the name after `--platform` right?",
    )
    print(error, file=sys.stderr, flush=True)
    os._exit(error.exit_code)
