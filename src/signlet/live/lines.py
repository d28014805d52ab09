"""Events as lines on the terminal: for people, or one JSON object each."""

from __future__ import annotations

import json
import sys
import time

from signlet.printable import printable
from signlet.stream import SignEvent
from signlet.text.percent import percent
from signlet.text.terminal import as_it_is, is_terminal, print_json, tell

_EVERY = 0.5
"""Seconds between two looks of the progress line."""


class Lines:
    """Prints events to stdout as they come, and a line of progress on a terminal's stderr."""

    def __init__(self, as_json: bool = False) -> None:
        self._as_json = as_json
        self._progress = is_terminal(sys.stderr)
        self._last = 0.0

    def event(self, event: SignEvent) -> None:
        """Print an event and hand it over at once, also into a pipe."""
        self.clear()
        if self._as_json:
            print_json(as_json(event))
        else:
            print(as_text(event), flush=True)

    def say(self, text: str) -> None:
        """Tell the user something that is not an event."""
        self.clear()
        tell(text)

    def progress(self, clock: float, fps: float, signing: bool) -> None:
        """Print the position in the recording; the next call overwrites it."""
        now = time.monotonic()
        if self._progress and now - self._last >= _EVERY:
            self._last = now
            state = "signing" if signing else "at rest"
            text = f"\r\033[K{clock:8.1f} s  {fps:.0f} pictures/s  {state}"
            print(text, end="", file=as_it_is(sys.stderr), flush=True)

    def clear(self) -> None:
        """Wipe the progress line."""
        if self._progress and self._last:
            print("\r\033[K", end="", file=as_it_is(sys.stderr), flush=True)


def as_text(event: SignEvent) -> str:
    """`  12.3-13.4 s  hello  87 %`; where it is not one of the signs, the nearest is named."""
    span = f"{event.start:7.1f}-{event.end:.1f} s"
    if event.sign is not None:
        return f"{span}  {printable(event.sign)}  {percent(event.confidence)}"
    if not event.top:
        return f"{span}  none of the signs"
    nearest = f"{printable(event.top[0][0])}  {percent(event.confidence)}"
    return f"{span}  none of the signs (nearest: {nearest})"


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
