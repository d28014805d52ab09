"""Video files by ending and first bytes: a path in, True for a video out. Needs no library."""

from __future__ import annotations

from pathlib import Path, PurePath

from signlet.video.file_type import begins_as_video

VIDEO_SUFFIXES = (
    *(".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v", ".qt", ".mj2"),
    *(".3gp", ".3gpp", ".3g2", ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".ogm", ".divx", ".xvid"),
    *(".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob", ".ts", ".mts", ".m2t", ".m2ts"),
    *(".mxf", ".rm", ".rmvb", ".wtv", ".dv", ".nut", ".ivf", ".y4m"),
    *(".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg", ".mjpg", ".gif", ".apng"),
)
"""Endings of the files that are videos, in lower case."""

SOME_SUFFIXES = ".mp4, .mov, .webm, .mkv, .avi and other videos"
"""Those endings, in words that fit into a message."""

_SHARED = (".ts", ".mts", ".rm", ".dv", ".asf", ".gif", ".ogm", ".264", ".265")
"""Endings that other files have, too: programs, pictures, sound. Their content decides."""
LANDMARK_SUFFIXES = (".parquet", ".npz", ".npy", ".pose")
"""Endings of files of landmarks, in lower case."""


def is_video(path: str | Path) -> bool:
    """Return True if a file is to be read as a video: by its ending, else by its first bytes.

    A file whose ending is one of VIDEO_SUFFIXES is one, whatever it holds: reading reports
    errors later. Where other files have that ending too (`.ts`, `.gif`), and where
    the ending is another or missing (`clip`, `clip.mp4.part`), the first 64 KB decide, and
    little more: moving pictures are a video; sound, still pictures, text and archives are
    none. A file of landmarks by its ending (`.npz`) is none, whatever it holds. A directory is
    none; of a file that is missing or cannot be read only the ending is known. Raises nothing.
    """
    path = Path(path)
    tells = ending_tells(path)
    if tells is False:
        return False
    by_ending = path.suffix.lower() in VIDEO_SUFFIXES
    try:
        if tells:
            return not path.is_dir()
        if not path.exists():
            return by_ending
        return path.is_file() and begins_as_video(path)
    except (OSError, ValueError):  # no right to read it, or a name that no file can have
        return by_ending


def ending_tells(path: PurePath) -> bool | None:
    """Return whether the ending makes a file a video; None if its content has to decide."""
    suffix = path.suffix.lower()
    if suffix in LANDMARK_SUFFIXES:
        return False
    return True if suffix in VIDEO_SUFFIXES and suffix not in _SHARED else None
