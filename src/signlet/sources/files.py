"""Read one clip (T, 543, 3) from one file of any supported format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from signlet.clip import Clip
from signlet.clip.remarks import BEYOND, NO_RATE
from signlet.clip.span import Span
from signlet.errors import ClipError, SignletError, first_line
from signlet.files.internal_errors import is_internal_error
from signlet.files.missing_path import exists, not_found_message
from signlet.files.regular import irregular
from signlet.meaning import remarks_on
from signlet.sources.unsupported import foreign, misnamed
from signlet.text.install import needs
from signlet.video.suffixes import SOME_SUFFIXES, VIDEO_SUFFIXES, is_video

_ROUNDED = 2
"""This many frames may be missing at the end of a stretch: tables round its times."""

Reader = Callable[[Path], Clip]


def read_clip(path: str | Path, span: Span | None = None, reader: Reader | None = None) -> Clip:
    """Read one file of landmarks.

    path: `.parquet` in the competition's schema, `.npz` (key `landmarks`, or its only
        array; an optional `fps`), `.npy`, or `.pose`. Faces of 478 points are cut to 468.
        Or a video, which any other file is that `signlet.video.suffixes.is_video` takes for
        one (extra `video`); its landmarks are extracted, or taken from the cache where they
        were before. Or `.json` (`signlet.sources.landmark_json`), which in a folder is mostly
        no clip, and so is not among SUFFIXES.
        Remarks say where its numbers seem to mean something else (`signlet.meaning`).
    span: the stretch of it that is wanted, None for all. What there is of one that ends after
        the recording is taken, and a remark says so; so does one where seconds are counted in
        landmarks of unknown frame rate.
    reader: what reads it; None for what its ending says.
    Returns a clip named after the file, frames (T, 543, 3) float32, NaN = not found; sign
    and signer are unknown here.
    Raises ClipError in one line with the file's name; nothing is unpickled.
    """
    path = Path(path)
    _require_file(path, reader)
    reader = reader or {**_READERS, ".json": _json}.get(path.suffix.lower())
    if reader is None and is_video(path):
        reader = _video
    if reader is None:
        raise ClipError(foreign(path, ENDINGS))
    try:
        if reader is _video:
            return _doubted(_video(path, span))
        return _doubted(_cut(reader(path), span, path))
    except SignletError:
        if why := misnamed(path, reader is _video):
            raise ClipError(why) from None
        raise
    except ModuleNotFoundError as error:
        if is_internal_error(error):
            raise
        what = needs(f"reading {path.suffix} files", "train", error)
        raise SignletError(f"{path}: {what}") from error
    except Exception as error:  # damaged files make the format libraries raise nearly anything
        if is_internal_error(error):
            raise
        why = misnamed(path, reader is _video) or f"{path}: {_unreadable(path, error)}"
        raise ClipError(why) from error


def _require_file(path: Path, reader: Reader | None) -> None:
    """Raise ClipError if nothing can be read, before anything is opened that could block."""
    problem = irregular(path)
    if problem is None and path.stat().st_size == 0:  # the system may make it up as it is read
        known = path.suffix.lower() in (*SUFFIXES, ".json")
        what = "copy, write or record it again" if known else f"signlet reads {ENDINGS}"
        raise ClipError(f"{path}: is empty; {what}")
    if problem is None or (reader is not None and path.is_dir()):  # a folder of single frames
        return
    if not exists(path):
        raise ClipError(not_found_message(path, "file"))
    raise ClipError(foreign(path, ENDINGS) if path.is_dir() else problem)


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "needs more memory to read than there is; cut it, or close other programs"
    kind = path.suffix.lower() or "a clip"
    return f"cannot be read as {kind} ({_said(error)}); write or copy the file again"


def _doubted(clip: Clip) -> Clip:
    """With remarks where its numbers seem to mean something else than they should."""
    found = remarks_on(clip.frames)
    return replace(clip, remarks=clip.remarks + found) if found else clip


def _cut(clip: Clip, span: Span | None, path: Path) -> Clip:
    if span is None:
        return clip
    rows = span.rows(clip.fps)
    frames = clip.frames[rows]
    if not len(frames):
        raise ClipError(
            f"{path}: has {len(clip.frames)} frames, but none from {span}; correct start and end"
        )
    beyond = rows.stop is not None and rows.stop > len(clip.frames) + _ROUNDED
    guessed = span.needs_rate and clip.fps is None and NO_RATE not in clip.remarks
    found = (NO_RATE,) * guessed + (BEYOND,) * beyond
    return replace(clip, frames=frames, remarks=clip.remarks + found)


def _said(error: Exception) -> str:
    line = "".join(filter(str.isprintable, first_line(error)))
    return line.rstrip(".")[:120] or type(error).__name__


# The readers are imported when needed: recognising from an array needs numpy only.
def _parquet(path: Path) -> Clip:
    from signlet.sources.parquet import read_parquet

    return read_parquet(path)


def _npz(path: Path) -> Clip:
    from signlet.sources.arrays import read_npz

    return read_npz(path)


def _npy(path: Path) -> Clip:
    from signlet.sources.arrays import read_npy

    return read_npy(path)


def _pose(path: Path) -> Clip:
    from signlet.sources.pose import read_pose

    return read_pose(path)


def _json(path: Path) -> Clip:
    from signlet.sources.landmark_json import read_landmark_json

    return read_landmark_json(path)


def _video(path: Path, span: Span | None = None) -> Clip:
    from signlet.video.clip import extract_clip

    return extract_clip(path, span=span)


_READERS: dict[str, Reader] = {
    ".parquet": _parquet,
    ".npz": _npz,
    ".npy": _npy,
    ".pose": _pose,
}
SUFFIXES = (*_READERS, *VIDEO_SUFFIXES)
"""Endings of the files that `read_clip` reads, in lower case."""
ENDINGS = ", ".join([*_READERS, SOME_SUFFIXES])
"""Those endings, in words that fit into a message."""
