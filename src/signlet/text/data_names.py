"""What people call the data that a set, a run or a model came from."""

from __future__ import annotations

_CALLED = {"folder": "own clips", "fingerspelling": "fingerspelling lexicon"}


def data_name(source: str) -> str:
    """Name of a kind of source (`signlet.sources.Source.name`); a data set's name stays."""
    return _CALLED.get(source, source)
