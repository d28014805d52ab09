"""Names of signs and signers: the one rule for them, wherever they come from.

A name is one printable line. It ends up as a line of `labels.txt`, in tables and CSV files,
in the terminal and on the page, so nothing in it may break a line, hide, or turn text around.
web/clips/names.js is the same rule.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from signlet.errors import SignletError
from signlet.printable import UNPRINTED, printable

MOST, MOST_BYTES = 100, 240
"""Characters of a name, and its bytes in UTF-8: a folder can still be called so."""
NONE = "none"
"""No taught sign's name, since it is the answer for none of the signs."""
_BLANKS = " \t\n\v\f\r\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_AROUND = re.compile(f"^[{_BLANKS}]+|[{_BLANKS}]+$")
_SHOWS = re.compile(
    "[^\\s\u034f\u115f\u1160\u17b4\u17b5\u200c\u200d\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""Any other letter; a name of these alone shows nothing. Some scripts need them among others."""
_UNSAFE = re.compile(r'[/\\:*?"<>|]')
_DEVICE = re.compile(
    r"^(con|prn|aux|nul|com[0-9\xb9\xb2\xb3]|lpt[0-9\xb9\xb2\xb3]|conin\$|conout\$|clock\$)"
    r"(?= *(?:\.|$))",
    re.IGNORECASE,
)
"""Windows takes these for devices, with any ending."""
_FILE_BYTES = 200
"""Of 255 that systems allow; the rest is for endings, numbers and temporary names."""
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that begins so is a formula for spreadsheets."""


def sign_name(text: str, where: str = "") -> str:
    """A sign's name in its one form: Unicode NFC, no blanks around it.

    where: what the name stands in (a file, a table with the line), for errors.
    Raises SignletError if it is empty, shows nothing, is not a single printable line, or is
    too long.
    """
    name = _one_line(text, "sign", where)
    if not _SHOWS.search(name):
        raise SignletError(
            f"{_before(where)}a sign is called {text!r}; give it a name that can be read"
        )
    return name


def new_sign_name(text: str, where: str = "") -> str:
    """`sign_name` of a sign that is to be taught. Raises SignletError also for "none"."""
    name = sign_name(text, where)
    if name.casefold() == NONE:
        raise SignletError(
            f"{_before(where)}a sign is called {name!r}, which is the answer for none of the "
            "signs; choose another name"
        )
    return name


def signer_name(text: str | None, where: str = "") -> str:
    """A signer's name in its one form, "" if it is unknown. Raises as `sign_name`."""
    return "" if text is None else _one_line(text, "signer", where)


def is_name(text: object) -> bool:
    """Return True if a file may hold this as a sign's name: `sign_name` accepts it."""
    try:
        return bool(sign_name(text))  # type: ignore[arg-type]
    except SignletError:
        return False


def file_name(name: str, other: str = "clip") -> str:
    """Convert a name to the name of a file or folder that every system accepts.

    Without separators and what else some system refuses, no device of Windows, and short
    enough; a name that is cut ends in a digest of the whole, so two stay two. other: where
    nothing is left.
    """
    safe = UNPRINTED.sub("-", _UNSAFE.sub("-", unicodedata.normalize("NFC", name)))
    safe = safe.strip(" .") or other
    safe = _DEVICE.sub(r"\1-", safe)
    if len(safe.encode()) <= _FILE_BYTES:
        return safe
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{safe.encode()[: _FILE_BYTES - 9].decode(errors='ignore').rstrip(' .')}-{digest}"


def cell(text: str) -> str:
    """A text in a table that we write: one line, and no formula for a spreadsheet that opens it.

    Where it would be one, a blank stands before it, which all our readers take away.
    """
    text = printable(text)
    return f" {text}" if text.startswith(_FORMULA) else text


def from_cell(text: str) -> str:
    """Undo `cell`."""
    return text[1:] if text[:1] == " " and text[1:].startswith(_FORMULA) else text


def _one_line(text: str, what: str, where: str) -> str:
    if not isinstance(text, str):
        raise SignletError(f"{_before(where)}the {what} {text!r} is not text; give it a name")
    if len(text) > 10 * MOST_BYTES:  # searching it would take long
        raise _too_long(text, what, where)
    name = _AROUND.sub("", unicodedata.normalize("NFC", text))
    if refused := UNPRINTED.search(name):
        raise SignletError(
            f"{_before(where)}the {what} {_short(name)} is not one printable line: it holds "
            f"U+{ord(refused[0]):04X}; take that out of the name"
        )
    if len(name) > MOST or len(name.encode()) > MOST_BYTES:
        raise _too_long(name, what, where)
    return name


def _too_long(name: str, what: str, where: str) -> SignletError:
    return SignletError(
        f"{_before(where)}the {what} {_short(name)} has {len(name)} characters; {MOST} are "
        f"allowed, and {MOST_BYTES} bytes; shorten it"
    )


def _short(name: str) -> str:
    """For a message: quoted, with escapes for what cannot be printed."""
    return repr(name if len(name) <= 40 else f"{name[:20]}...")


def _before(where: str) -> str:
    """The place may be a path that holds the name."""
    shown = "".join(x if x.isprintable() else ascii(x)[1:-1] for x in where)
    return f"{shown}: " if shown else ""
