"""The service's log: plain lines, no Python."""

from __future__ import annotations

import copy
import re
import warnings
from logging import LogRecord
from typing import Any, TextIO

from uvicorn.config import LOGGING_CONFIG

from signlet.errors import ClipWarning
from signlet.serve.rejection import cleaned
from signlet.text.terminal import tell

_TIME = "%Y-%m-%dT%H:%M:%S%z"


def plain_warnings() -> None:
    """From now on a warning is one line on stderr, and remarks on clips are none.

    They are in the answers; the log tells nothing of clips. For a process of the service's own.
    """
    warnings.filterwarnings("ignore", category=ClipWarning)
    # A signal may come between the making of uvicorn's coroutine and its first step.
    warnings.filterwarnings("ignore", r"coroutine 'Server\.serve' was never awaited")
    warnings.showwarning = _one_line


def _one_line(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    tell(str(message) or category.__name__)


def log_config() -> dict[str, Any]:
    """uvicorn's way of logging, with the time before each line."""
    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    for formatter in config["formatters"].values():
        formatter["fmt"] = f"%(asctime)s {formatter['fmt']}"
        formatter["datefmt"] = _TIME
    return config


def clean(record: LogRecord) -> bool:
    """Make the text of clients printable; drop records whose remedy does not apply here."""
    if isinstance(record.args, tuple):
        record.args = tuple(cleaned(x) if isinstance(x, str) else x for x in record.args)
    record.exc_info = None  # `run` prints why it does not start
    return not re.search("WebSocket library|Traceback|startup failed", str(record.msg))
