"""Events as lines on the terminal: for people, or one JSON object each."""

from __future__ import annotations

import json
import sys
import time
import unicodedata

from signlet.stream import SignEvent
from signlet.terminal import json_for_stdout

_EVERY = 0.5
"""Seconds between two looks of the progress line."""


_CONTROLS = ("Cc", "Cs", "Zl", "Zp")


def plain(text: str) -> str:
    """A name on one line: no line breaks, nothing that moves a terminal's cursor."""
    return "".join(" " if unicodedata.category(letter) in _CONTROLS else letter for letter in text)


class Lines:
    """Prints events to stdout as they come, and a line of progress on a terminal's stderr."""

    def __init__(self, as_json: bool = False) -> None:
        self._as_json = as_json
        self._progress = sys.stderr.isatty()
        self._last = 0.0

    def event(self, event: SignEvent) -> None:
        """Print an event and hand it over at once, also into a pipe."""
        self.clear()
        line = json_for_stdout(as_json(event)) if self._as_json else as_text(event)
        print(line, flush=True)

    def say(self, text: str) -> None:
        """Tell the user something that is no event."""
        self.clear()
        print(f"signlet: {text}", file=sys.stderr, flush=True)

    def progress(self, clock: float, fps: float, signing: bool) -> None:
        """Where the recording is; written over by the next one."""
        now = time.monotonic()
        if self._progress and now - self._last >= _EVERY:
            self._last = now
            state = "signing" if signing else "at rest"
            print(f"\r\033[K{clock:8.1f} s  {fps:.0f} pictures/s  {state}", end="", file=sys.stderr)
            sys.stderr.flush()

    def clear(self) -> None:
        """Wipe the progress line."""
        if self._progress and self._last:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def as_text(event: SignEvent) -> str:
    """`  12.3-13.4 s  hello  87 %`; where it is none of the signs, the nearest is named."""
    span = f"{event.start:7.1f}-{event.end:.1f} s"
    if event.sign is not None:
        return f"{span}  {plain(event.sign)}  {event.confidence * 100:.0f} %"
    nearest = (
        f" (nearest: {plain(event.top[0][0])}  {event.confidence * 100:.0f} %)" if event.top else ""
    )
    return f"{span}  none of the signs{nearest}"


def as_json(event: SignEvent) -> str:
    """One line of JSON."""
    content = {
        "sign": event.sign,
        "start": round(event.start, 3),
        "end": round(event.end, 3),
        "confidence": round(event.confidence, 6),
        "top": [{"sign": sign, "probability": round(p, 6)} for sign, p in event.top],
    }
    return json.dumps(content, ensure_ascii=False)
