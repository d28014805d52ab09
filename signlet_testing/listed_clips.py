"""Short ways to open a made-up data set and to look at what was read or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from signlet.errors import SignletError
from signlet.sources import ClipRef, Source, open_source


def by_name(source: Source) -> dict[str, ClipRef]:
    return {ref.name: ref for ref in source.refs()}


def refused(where: str | Path, words: str, columns: str | None = None) -> None:
    with pytest.raises(SignletError) as caught:
        open_source(where, columns).refs()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def noted(source: Source, words: str) -> None:
    assert any(words in note for note in source.notes), source.notes
