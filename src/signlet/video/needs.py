"""One line for those who have not installed the extra."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from signlet.errors import ClipError, SignletError
from signlet.text.install import needs
from signlet.video.file_type import begins_as_video, landmark_ending, what_else


@contextmanager
def needs_video(what: str | Path) -> Iterator[None]:
    """Import within; SignletError naming the extra where a package is missing."""
    try:
        yield
    except ImportError as error:
        raise SignletError(f"{what}: {needs('reading videos', 'video', error)}") from None


@contextmanager
def unless_other(paths: Sequence[Path]) -> Iterator[None]:
    """Ask for the extra within; but files of another kind are named, not what would read videos.

    Raises ClipError for the first path if no path is a video.
    """
    try:
        yield
    except SignletError:
        others = [_surely_other(path) for path in paths]
        if others and others[0] and all(others):
            raise ClipError(others[0]) from None
        raise


def _surely_other(path: Path) -> str | None:
    try:
        return None if begins_as_video(path) else not_a_video(path)
    except OSError:
        return None


def not_a_video(path: Path) -> str | None:
    """Return in one line which other kind of file this is; None if its first bytes do not tell.

    Of some videos they tell something else: ask `begins_as_video` or ffmpeg before.
    Raises OSError if the file cannot be read.
    """
    if ending := landmark_ending(path):
        new = path.with_suffix(ending).name
        return f"{path}: is not a video but a {ending} landmark file; rename it to {new}"
    if what := what_else(path):
        return f"{path}: cannot be decoded, because it is {what}; give a file with moving pictures"
    return None
