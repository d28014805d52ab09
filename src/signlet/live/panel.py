"""The panel beside the picture: the last sign large, how sure, what came before, how fast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from signlet.live.fonts import font
from signlet.printable import printable
from signlet.stream import SignEvent
from signlet.text.percent import percent

SURFACE, INK, MUTED, LINE = "#ffffff", "#1d1f24", "#5f636d", "#e3e3df"
ACCENT, NOTE = "#2459c9", "#b4472f"
_MARGIN, _BARS, _EARLIER = 28, 3, 7


@dataclass(frozen=True)
class Panel:
    """The content of the panel.

    model, source: their names. events: the last signs, the newest last. signing: a sign is being
    made, None if nobody looks for one. clock: seconds of the recording. fps: pictures a second
    that were looked at, 0 if that says nothing. halt: why the picture stands still, "" if
    it moves. note: a suggestion. keys: what can be pressed.
    """

    model: str
    source: str
    events: tuple[SignEvent, ...] = ()
    signing: bool | None = False
    clock: float = 0.0
    fps: float = 0.0
    halt: str = ""
    note: str | None = None
    keys: str = ""


@lru_cache(maxsize=2)
def draw_panel(panel: Panel, width: int, height: int) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB."""
    image = Image.new("RGB", (width, height), SURFACE)
    pen = _Pen(ImageDraw.Draw(image), width)
    pen.edge(height)
    pen.text(printable(f"{panel.model}  ·  {panel.source}"), 15, MUTED, 24)
    pen.text(_state(panel), 17, ACCENT if panel.signing else MUTED, 54)
    if panel.events:
        _current(pen, panel.events[-1])
        _earlier(pen, panel.events[-2 : -2 - _EARLIER : -1])
    else:
        pen.text("Make a sign", 34, MUTED, 120)
    if panel.note:
        pen.lines(panel.note, 15, NOTE, height - 150)
    rate = f"    {panel.fps:.0f} pictures/s" if panel.fps else ""
    pen.text(f"{panel.clock:.0f} s{rate}", 15, MUTED, height - 66)
    pen.text(panel.keys, 15, MUTED, height - 40)
    return np.asarray(image)


def _state(panel: Panel) -> str:
    if panel.halt or panel.signing is None:
        return panel.halt
    return "● signing" if panel.signing else "○ at rest"


def _current(pen: _Pen, event: SignEvent) -> None:
    pen.fitting(printable(event.sign or "none of the signs"), 96 if event.sign else 34, 92)
    for place, (sign, probability) in enumerate(event.top[:_BARS]):
        pen.bar(sign, probability, 232 + 40 * place, strong=sign == event.sign)


def _earlier(pen: _Pen, events: tuple[SignEvent, ...]) -> None:
    for place, event in enumerate(events):
        y = 376 + 27 * place
        pen.text(f"{event.start:.1f} s", 15, MUTED, y)
        pen.text(_short(event.sign or "none", 22), 16, INK if event.sign else MUTED, y, x=104)
        pen.right(percent(event.confidence), 15, MUTED, y)


def _short(text: str, most: int) -> str:
    text = printable(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


class _Pen:
    """Draws on the panel. y: of the top of a line, in pixels."""

    def __init__(self, draw: ImageDraw.ImageDraw, width: int) -> None:
        self._draw, self._width = draw, width

    def edge(self, height: int) -> None:
        """The line towards the picture."""
        self._draw.line((0, 0, 0, height), LINE)

    def text(self, text: str, size: int, colour: str, y: int, x: int = _MARGIN) -> None:
        room = self._width - _MARGIN - x
        while len(text) > 2 and self._draw.textlength(text, font(text, size)) > room:
            text = f"{text[:-2]}…"
        self._draw.text((x, y), text, colour, font(text, size))

    def right(self, text: str, size: int, colour: str, y: int) -> None:
        self._draw.text((self._width - _MARGIN, y), text, colour, font(text, size), anchor="ra")

    def fitting(self, text: str, size: int, y: int) -> None:
        """As large as it fits, on one line."""
        room = self._width - 2 * _MARGIN
        while size > 20 and self._draw.textlength(text, font(text, size)) > room:
            size -= 4
        self.text(text, size, INK, y + (96 - size) // 2)

    def lines(self, text: str, size: int, colour: str, y: int) -> None:
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if self._draw.textlength(longer, font(longer, size)) > self._width - 2 * _MARGIN:
                self.text(line, size, colour, y)
                y, longer = y + size + 6, word
            line = longer
        self.text(line, size, colour, y)

    def bar(self, sign: str, share: float, y: int, strong: bool) -> None:
        """A sign, its probability in figures and as a bar."""
        self.text(_short(sign, 26), 16, INK if strong else MUTED, y)
        self.right(percent(share), 16, INK if strong else MUTED, y)
        right = self._width - _MARGIN
        self._draw.rounded_rectangle((_MARGIN, y + 24, right, y + 30), 3, LINE)
        end = _MARGIN + round((right - _MARGIN) * share)
        if end - _MARGIN >= 6:
            colour = ACCENT if strong else MUTED
            self._draw.rounded_rectangle((_MARGIN, y + 24, end, y + 30), 3, colour)
