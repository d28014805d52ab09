"""Bugs of signlet, distinguished from the errors that a damaged file causes."""

from __future__ import annotations

_NEVER_OF_A_FILE = (NameError, ImportError, AssertionError)


def is_internal_error(error: Exception) -> bool:
    """Return True if an error raised while a file was read is a bug in signlet's own code.

    Those of other libraries are not: a damaged file makes them raise nearly anything.
    """
    if not isinstance(error, _NEVER_OF_A_FILE):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
    missing = getattr(error, "name", None) or "" if isinstance(error, ModuleNotFoundError) else ""
    own = name.partition(".")[0] == "signlet"
    return own and (not missing or missing.partition(".")[0] == "signlet")
