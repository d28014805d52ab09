"""A share in words, the same everywhere: 0.85 in, "85 %" out."""

from __future__ import annotations


def percent(share: float, digits: int = 0) -> str:
    """As percent, with a space before the sign. digits: after the point, for experts."""
    return f"{100 * share:.{digits}f} %"
