"""The exception that users meet: one line naming what is wrong, where, and the remedy."""

from __future__ import annotations

from signlet.printable import in_a_message


class SignletError(Exception):
    """Unusable input or settings. The command line prints it as one line and exits with 2.

    Names of files and what stands in them may be anything; the message is one printable line.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(in_a_message(message))


class ReportedByMainProcess(SignletError):  # noqa: N818
    """Another of several processes has the same problem and says it; this one only ends."""


class OtherProcessEnded(SignletError):  # noqa: N818
    """Another of several processes has ended, so this one cannot go on."""


class Interrupted(SignletError):  # noqa: N818
    """A training was asked to end: the state is saved and `--resume` continues."""


class ClipError(SignletError):
    """A clip that cannot be read or that holds nothing to recognise."""


class ClipWarning(UserWarning):
    """A clip was repaired while it was read, or looks wrong; the line says what, and the remedy."""

    def __init__(self, message: str = "") -> None:
        super().__init__(in_a_message(message))


def reason_of(error: BaseException, most: int | None = None) -> str:
    """Return another library's message on one line of at most `most` letters; else its class."""
    return " ".join(str(error).split())[:most] or type(error).__name__


def first_line(error: BaseException, most: int | None = None) -> str:
    """The first line of what an error of another library says, where the rest is noise."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # some say what they mean in bytes that are no text
        lines = []
    return " ".join(lines[0].split())[:most] if lines else type(error).__name__
