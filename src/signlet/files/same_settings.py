"""Settings of resumed work: those of the start and of now in, the differences out.

A run, a fold's checkpoint, trainings for a calibration, a study and a half-written pack each keep
their settings, or a digest of them, and each refuse others in their own words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def differing(
    was: Mapping[str, Any] | None, now: Mapping[str, Any], *, unknown_differs: bool = True
) -> list[str]:
    """Names of settings, in the order of `now`, that were others when the work was begun.

    was: None if unknown; then all differ. unknown_differs: what holds for a setting that
    `was` does not name: a run of an earlier version has not had it, which is not a difference.
    """
    if was is None:
        return list(now)
    return [
        name
        for name, value in now.items()
        if (was[name] != value if name in was else unknown_differs)
    ]


def flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as (`a.b`, value); values are str, int, float or bool, others as text."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{key}.")
        elif isinstance(value, str | int | float):
            yield f"{before}{key}", value
        else:
            yield f"{before}{key}", str(list(value) if isinstance(value, tuple) else value)
