"""Printing whatever a name holds, where a stream knows fewer letters, and after a reader has gone.

A redirected stdout on Windows is in cp1252, that of a bare Linux server may be in ASCII. Names
of signs are in any script, so what cannot be written there is escaped: no result is lost
because it could not be printed. Names of files may hold anything: what would move a terminal's
cursor, change its title or turn a line around is escaped as well, and what is very long is
shortened.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import IO, Any, cast

_ESCAPE = "backslashreplace"
_NO_BREAKS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: NUL, escapes of terminals, backspaces
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # line separators and turns of direction
    "\xad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # unseen
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"  # unseen
    "\ud800-\udfff"  # halves of a character, as names of files that are not UTF-8 have
)
UNPRINTED = re.compile(f"[\t\n{_NO_BREAKS}]")
"""What no printed name may hold as it is."""
_UNPRINTED_IN_TEXT = re.compile(f"[{_NO_BREAKS}]")
"""The same of a text of several lines, which may have tabs."""
_LONGEST_VALUE, _LONGEST_LINE = 200, 1_500
"""Characters that are printed of a value, and of a line of several values."""
_LONGEST_WORD = 600
"""Longer than a path is."""
_BLANKS = re.compile(r"(?:\r\n|[ \n\t])+")


def printable(text: str) -> str:
    """A name from anywhere as one printable line, with escapes for what breaks, hides or turns it.

    Names that need none, nearly all, are given back as they are.
    """
    return UNPRINTED.sub(_escaped, text)


def printable_text(text: str) -> str:
    """As `printable`, but line breaks and tabs stay: of a page, a file."""
    return _UNPRINTED_IN_TEXT.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """A text of lines, printable; a line that is too long is shortened in its middle."""
    text = printable_text(text)
    if len(text) <= _LONGEST_LINE:
        return text
    return "\n".join(shortened(line, _LONGEST_LINE) for line in text.split("\n"))


def shortened(text: str, most: int = _LONGEST_VALUE) -> str:
    """The text, or where it has more than `most` characters: "abc…xyz, 100,000 characters"."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[-(most // 2) :]}, {len(text):,} characters"


def in_a_message(text: str) -> str:
    """The message of an error or a warning as one printable line that is not too long."""
    words = _BLANKS.sub(" ", text).strip(" ").split(" ")
    text = " ".join(map(_short_word, words) if len(text) > _LONGEST_WORD else words)
    return shortened(printable(text), _LONGEST_LINE)


def _short_word(word: str) -> str:
    """A path stays whole; so does the sign after what is shortened."""
    if len(word) <= _LONGEST_WORD:
        return word
    value = word.rstrip(":;,")
    return shortened(value) + word[len(value) :]


def _escaped(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]


def is_terminal(stream: IO[str] | None) -> bool:
    """Whether a person may be watching."""
    return stream is not None and as_it_is(stream).isatty()


@contextmanager
def printing_safely() -> Iterator[None]:
    """Meanwhile stdout and stderr print only what is printable, whoever prints.

    For a program of its own: a library must not change the streams of whoever calls it.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_safe, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _safe(stream: Any) -> Any:
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors=_ESCAPE)
    return stream if stream is None or isinstance(stream, _Safe) else _Safe(stream)


def as_it_is(stream: IO[str]) -> IO[str]:
    """The stream beneath `printing_safely`: for whoever moves the cursor or colours on purpose."""
    return cast(IO[str], stream.beneath) if isinstance(stream, _Safe) else stream


def escaping(stream: IO[str]) -> IO[str]:
    """The stream, or where it may meet a letter that it cannot write, one that escapes it.

    For a library, which must not change the streams of the program that calls it.
    """
    if getattr(stream, "encoding", None) is None or getattr(stream, "errors", None) == _ESCAPE:
        return stream
    return cast(IO[str], _Escaping(stream))


class _Stream:
    """A text stream in front of another one."""

    def __init__(self, stream: Any) -> None:
        self.beneath = stream

    def write(self, text: str) -> int:
        raise NotImplementedError

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


class _Escaping(_Stream):
    def write(self, text: str) -> int:
        encoding = self.beneath.encoding
        self.beneath.write(text.encode(encoding, _ESCAPE).decode(encoding))
        return len(text)


class _Safe(_Stream):
    def write(self, text: str) -> int:
        with _named_where_full(self.beneath):
            self.beneath.write(printable_lines(text))
        return len(text)

    def flush(self) -> None:
        with _named_where_full(self.beneath):
            self.beneath.flush()

    def isatty(self) -> bool:
        """Never: a library that took it for a terminal would send it colours as escapes."""
        return False


@contextmanager
def _named_where_full(stream: Any) -> Iterator[None]:
    """Raise SignletError that names the stream where it cannot be written, unless nobody reads it.

    What cannot be said on stderr is left out: the result matters more.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if stream is sys.__stderr__:
            return
        from signlet.errors import SignletError  # which needs this module

        raise SignletError(
            f"standard output: cannot be written ({error.strerror}); what was to be printed is "
            "lost, files that the command has written stay"
        ) from None


def say(line: str) -> None:
    """Print one line of a result, whatever the names in it hold."""
    print(printable(line), flush=True)


def tell(text: str) -> None:
    """Print a line beside the result, on stderr: a remark, a problem, a hint."""
    print(f"signlet: {in_a_message(text)}", file=sys.stderr, flush=True)


def print_json(text: str) -> None:
    """Print a JSON text on stdout, whole, and at once where somebody reads line by line."""
    if sys.stdout is None:
        return
    stream = as_it_is(sys.stdout)
    with _named_where_full(stream):
        stream.write(f"{json_for_stdout(text.rstrip())}\n")
        stream.flush()


def json_for_stdout(text: str) -> str:
    """JSON that stays JSON on stdout: what cannot or must not be written there is escaped."""
    text = _UNPRINTED_IN_TEXT.sub(_json_escaped, text)
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    if encoding.replace("_", "-") in ("utf-8", "utf8"):
        return text
    return re.sub(r"[^\x00-\x7f]", _json_escaped, text)


def _json_escaped(found: re.Match[str]) -> str:
    halves = found[0].encode("utf-16-be", "surrogatepass")
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs)


def locale_hint(message: str) -> str:
    """What to do where names could not be read because the locale is not UTF-8; else ""."""
    unread = any("\udc80" <= letter <= "\udcff" for letter in message) or "\\udc" in message
    if not unread or sys.getfilesystemencoding().lower() in ("utf-8", "utf8"):
        return ""
    return "; file names are not read as UTF-8 here: set PYTHONUTF8=1"


def to_nowhere() -> None:
    """Whoever read our output has gone, or it is full: what is printed from now on goes nowhere."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except OSError:  # as it would again at exit
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
