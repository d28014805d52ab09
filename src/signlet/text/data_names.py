"""Names that people use for the data behind a set, a run or a model."""

from __future__ import annotations

_CALLED = {"folder": "own clips", "fingerspelling": "fingerspelling lexicon"}


def data_name(source: str) -> str:
    """Name of a kind of source (`signlet.sources.Source.name`). A data set keeps its own."""
    return _CALLED.get(source, source)
