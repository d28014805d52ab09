"""A font that has the letters of a text, among those that are installed."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_USUAL = (
    *("Inter-Regular.ttf", "segoeui.ttf", "Helvetica.ttc", "NotoSans-Regular.ttf"),
    *("DejaVuSans.ttf", "Arial.ttf", "arial.ttf"),
)
"""Tried in this order; Pillow looks for them where the system keeps its fonts."""
_WIDE = (
    *("Arial Unicode.ttf", "NotoSansCJK-Regular.ttc", "PingFang.ttc", "msyh.ttc", "YuGothM.ttc"),
    *("malgun.ttf", "NotoSansArabic-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "Nirmala.ttf"),
)
_NOWHERE = "\U0010fffe"
"""No font has this character: it is drawn as what is drawn for a missing one."""


@lru_cache(maxsize=512)
def font(text: str, size: int) -> Font:
    """The first installed font with all letters of a text, or the one with the most of them.

    size: of the letters in pixels.
    """
    usual = [found for name in _USUAL if (found := _load(name, size))]
    best: Font = usual[0] if usual else ImageFont.load_default(size)
    if _missing(best, text):
        others = [*usual[1:], *(f for n in _WIDE if (f := _load(n, size))), *_asked(text, size)]
        best = min([best, *others], key=lambda candidate: len(_missing(candidate, text)))
    return best


def missing(text: str) -> str:
    """Letters of a text that no installed font has."""
    return _missing(font(text, 20), text)


@lru_cache(maxsize=256)
def _load(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _missing(candidate: Font, text: str) -> str:
    nothing = _shape(candidate, _NOWHERE)
    return "".join(c for c in dict.fromkeys(text) if not c.isspace() and _is(candidate, c, nothing))


def _is(candidate: Font, letter: str, shape: bytes) -> bool:
    return _shape(candidate, letter) == shape


def _shape(candidate: Font, letter: str) -> bytes:
    try:
        mask = candidate.getmask(letter)
    except (OSError, ValueError, UnicodeError):  # the built-in font has Latin letters only
        return b""
    return bytes(f"{mask.size}", "ascii") + bytes(mask)


def _asked(text: str, size: int) -> list[ImageFont.FreeTypeFont]:
    """What fontconfig knows, where it is installed: a font for the text's characters."""
    program = shutil.which("fc-match")
    if program is None:
        return []
    characters = " ".join(f"{ord(letter):x}" for letter in dict.fromkeys(text[:50]))
    found = subprocess.run(
        [program, "-f", "%{file}", f"sans:charset={characters}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    loaded = _load(found.stdout.strip(), size) if found.stdout.strip() else None
    return [loaded] if loaded else []
