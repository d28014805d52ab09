"""One line for those who have not installed the extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signlet.errors import SignletError
from signlet.text.install import needs


@contextmanager
def needs_video(what: str | Path) -> Iterator[None]:
    """Import within; SignletError naming the extra where a package is missing."""
    try:
        yield
    except ImportError as error:
        raise SignletError(f"{what}: {needs('reading videos', 'video', error)}") from None
