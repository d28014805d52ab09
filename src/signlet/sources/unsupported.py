"""Unsupported files: a path in, the reason why it is not read and the remedy out."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from shlex import quote

from signlet.errors import ClipError
from signlet.files.missing_path import exists, not_found_message
from signlet.files.npy import shape_of
from signlet.files.regular import blocked
from signlet.video.file_type import begins_as_video, landmark_ending, what_else
from signlet.video.suffixes import LANDMARK_SUFFIXES, is_video

_LOOKED_AT = 5
"""Number of folders to look into."""
_FILES_LOOKED_AT = 100
"""Number of files to look at for a clip."""
_SETS = {
    ".zip": ("a .zip archive", "unpack it and give its clips"),
    ".csv": ("a table", "give the clips that it lists"),
    ".tsv": ("a table", "give the clips that it lists"),
}
"""Endings of files that hold or list many clips -> what they are, and how one clip is given."""


def misnamed(path: Path, as_video: bool) -> str | None:
    """Return a message if a file's content belongs to another ending; else None.

    as_video: whether it was read as a video, without success.
    """
    try:
        if not as_video and begins_as_video(path):
            return f"{path}: is a video, not landmarks; rename it so that it ends in .mp4"
        ending = landmark_ending(path)
    except OSError:
        return None
    if ending is None or path.suffix.lower() == ending:
        return None
    new = path.with_suffix(ending).name
    return f"{path}: is a {ending} file with the wrong ending; rename it to {new}"


def foreign(path: Path, endings: str) -> str:
    """Return why no reader takes this file. endings: those of files that are read, in words."""
    if not exists(path):
        return not_found_message(path, "file")
    if path.is_dir():
        return single_frames(path) or f"{path}: is a directory, not a clip; {_clips_in(path)}"
    if what := blocked(path):
        return what
    if path.suffix.lower() in (".pkl", ".pickle"):
        return (
            f"{path}: is a pickle, which can run any program when it is read; if you trust it, "
            "load it yourself and save its array with numpy.savez"
        )
    if (as_npz := misnamed(path, False)) is None and path.suffix.lower() in _SETS:
        kind, first = _SETS[path.suffix.lower()]
        return (
            f"{path}: is {kind} of clips, it seems, not one clip; {first}, or give it whole to "
            "signlet teach, train --data or evaluate --data"
        )
    what = what_else(path) or "of an unknown kind"
    if ";" in what:  # with a remedy of its own
        return f"{path}: is {what}"
    return as_npz or f"{path}: is {what}, not a clip; signlet reads {endings}"


def _clips_in(folder: Path) -> str:
    """Say how to give the clips of a folder, as far as it holds some, there or one below."""
    for pattern in ("*", "*/*"):
        for one in sorted(islice(folder.glob(pattern), _FILES_LOOKED_AT)):
            known = is_video(one) or one.suffix.lower() in LANDMARK_SUFFIXES
            if known and os.path.isfile(one):  # False, too, where nobody may look
                every = f"{quote(str(folder))}/{pattern}{quote(one.suffix)}"
                return f"give one of its files, {quote(str(one))}, or all: {every}"
    return "give one of its files"


def single_frames(folder: Path) -> str | None:
    """Return the remedy for a folder `<sign>/<clip>` with one array a frame, or for one above it.

    None for any other folder.
    """
    for above, what in enumerate(("one clip", "clips of one sign", "clips")):
        if _holds_frames(folder, above):
            top = quote(f"mp-data:{_parent(folder, 2 - above)}")
            return (
                f"{folder}: holds {what} with a file for each frame; make clips of them: "
                "signlet convert "
                f"{top} OUT, and give the files in OUT"
            )
    return None


def _parent(folder: Path, levels: int) -> Path:
    """The folder this many levels above, also for "." or "..": relative where the folder is."""
    if levels == 0:
        return folder
    found = folder.resolve().parents[min(levels, len(folder.resolve().parents)) - 1]
    return found if folder.is_absolute() else Path(os.path.relpath(found))


def _holds_frames(folder: Path, depth: int) -> bool:
    """Return True if numbered arrays of one frame each are `depth` folders below."""
    try:
        if depth:
            below = (one for one in sorted(folder.iterdir()) if one.is_dir())
            return any(_holds_frames(one, depth - 1) for one in islice(below, _LOOKED_AT))
        arrays = (one for one in folder.glob("*.npy") if one.stem.isdecimal())
        first = next(arrays, None)
        return first is not None and len(shape_of(first)) == 1
    except (OSError, ClipError):
        return False
