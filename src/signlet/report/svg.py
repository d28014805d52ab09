"""Matplotlib figures as inline SVG that takes its colours and fonts from the page."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure

INK, MUTED, LINE = "#0a0b01", "#0a0b02", "#0a0b03"
ACCENT, WRONG, PAPER = "#0a0b04", "#0a0b05", "#0a0b06"
_TOKENS = {
    INK: "ink",
    MUTED: "muted",
    LINE: "line",
    ACCENT: "accent",
    WRONG: "wrong",
    PAPER: "surface",
}
"""Stand-in colours, replaced by the tokens of base.css: one drawing for light and dark."""

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10,
    "axes.titlesize": 9,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "text.color": INK,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.spines.left": False,
}
_REWRITES = (
    (r"^.*?(?=<svg)", ""),
    (r"<style.*?</style>", ""),
    (r"<defs>\s*</defs>", ""),
    (r' (xmlns|xmlns:xlink|version)="[^"]*"', ""),
    (r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1"),
    (r"xlink:href=", "href="),
    (r'<g id="[^"]*"', "<g"),
    (r"font-family: [^;\"]*(; )?", ""),
    (r">\s+<", "><"),
)
_LABEL = re.compile(r"(?<=>)[^<>]+(?=</text>)")
_KEPT = "@@label@@"
"""Stands for a label, which may be any text, while the rest is rewritten."""


@dataclass(frozen=True)
class Picture:
    """One figure of the page: title, what it shows in words, its SVG and its width in pixels."""

    title: str
    text: str
    svg: str
    width: int


@contextmanager
def drawing(salt: str) -> Iterator[None]:
    """Our style while a figure is made and saved; `salt` keeps ids of two figures apart."""
    ours = {**_STYLE, "svg.hashsalt": salt}
    with style.context(["default", ours]), warnings.catch_warnings():
        # The page's font draws the text, not the one Matplotlib measures with.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def inline(figure: Figure, tight: bool = False) -> tuple[str, int]:
    """SVG to put into HTML (no namespace, size, ids of groups or fonts), its width in pixels."""
    text = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    box = "tight" if tight else None
    figure.savefig(text, format="svg", transparent=True, metadata=nothing, bbox_inches=box)
    labels = iter(_LABEL.findall(text.getvalue()))
    svg = _LABEL.sub(_KEPT, text.getvalue())
    for pattern, replacement in _REWRITES:
        svg = re.sub(pattern, replacement, svg, flags=re.DOTALL)
    for colour, token in _TOKENS.items():
        svg = svg.replace(colour, f"var(--{token})")
    svg = svg.replace("<svg", '<svg class="plot" aria-hidden="true"', 1)
    return re.sub(_KEPT, lambda _: next(labels), svg.strip()), _width(svg)


def _width(svg: str) -> int:
    box = re.search(r'viewBox="0 0 ([\d.]+)', svg)
    points = float(box.group(1)) if box else 0.0
    return round(points * 96 / 72)
