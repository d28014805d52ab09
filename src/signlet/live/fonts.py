"""A font that has the letters of a text, among those that are installed."""

from __future__ import annotations

import os
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
_TRIED = 20
"""Size at which letters are looked for."""
_NOWHERE = "\U0010fffe"
"""No font has this character: it is drawn as what is drawn for a missing one."""


@lru_cache(maxsize=512)
def font(text: str, size: int) -> Font:
    """The first installed font with all letters of a text, or the one with the most of them.

    size: of the letters in pixels.
    """
    found = _load(_name_for("".join(sorted(set(text)))), size)
    return found or ImageFont.load_default(size)


@lru_cache(maxsize=512)
def _name_for(letters: str) -> str:
    """Name or path of the font for these letters; "" for the one inside Pillow."""
    names = [name for name in (*_USUAL, *_WIDE) if _load(name, _TRIED)]
    best = min(names, key=lambda name: len(_missing_in(name, letters)), default="")
    if _missing_in(best, letters):
        best = min([best, *_asked(letters)], key=lambda name: len(_missing_in(name, letters)))
    return best


def _missing_in(name: str, letters: str) -> str:
    return _missing(_load(name, _TRIED) or ImageFont.load_default(_TRIED), letters)


def missing(text: str) -> str:
    """Letters of a text that no installed font has."""
    return _missing(font(text, _TRIED), text)


@lru_cache(maxsize=256)
def _load(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    if not name:
        return None
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


def _asked(letters: str) -> list[str]:
    """Ask fontconfig, if installed, for the file of a font with these letters."""
    program = shutil.which("fc-match")
    if program is None:
        return []
    numbers = " ".join(f"{ord(letter):x}" for letter in letters[:50])
    command = [program, "-f", "%{file}", f"sans:charset={numbers}"]
    try:
        found = subprocess.run(command, capture_output=True, check=False, timeout=10)
    except subprocess.TimeoutExpired:
        return []
    path = os.fsdecode(found.stdout).strip()
    return [path] if path and _load(path, _TRIED) else []
