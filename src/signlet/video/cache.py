"""Cache of landmarks: the content of a video as key, its extraction (T, 543, 3) as value."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from signlet.clip.span import Span
from signlet.errors import ClipError, SignletError
from signlet.files.atomic import replacing
from signlet.files.caches import user_caches
from signlet.files.regular import open_regular
from signlet.landmarks import NUM_RAW
from signlet.video.extraction import Extraction
from signlet.video.probe import state_of

FORMAT = 2
"""Raised when what is stored, or how pictures are prepared, changes."""
_KNOWN_FILES = 256


def cache_folder() -> Path:
    """SIGNLET_CACHE, else `signlet/landmarks` in the system's place for a user's caches."""
    given = os.environ.get("SIGNLET_CACHE")
    if given:
        return Path(given).expanduser()
    return user_caches() / "signlet" / "landmarks"


def content_key(path: Path, extractor: str, span: Span | None = None) -> str:
    """64 hexadecimal digits of a file's bytes, of a stretch of it and of what extracts from it.

    extractor: its name, version and settings. span: None for the whole file.
    Raises ClipError if the file cannot be read.
    """
    known = f"{FORMAT} {extractor}\n{span!r}\n"
    return hashlib.sha256(known.encode() + _digest(path, state_of(path))).hexdigest()


@lru_cache(_KNOWN_FILES)
def _digest(path: Path, state: tuple[int, ...]) -> bytes:
    """Of a file's bytes; long videos of which many clips are cut are read once."""
    digest = hashlib.sha256()
    try:
        with open_regular(path) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ClipError(f"{path}: cannot be read ({error.strerror})") from error
    return digest.digest()


def load(key: str) -> Extraction | None:
    """Load the entry of a key; None if it is missing or damaged."""
    try:
        with np.load(_entry(key), allow_pickle=False) as archive:
            about: dict[str, Any] = json.loads(str(archive["about"]))
            if about.pop("key") != key:
                return None
            frames = archive["landmarks"]
            about["remarks"] = tuple(about["remarks"])
            times = np.asarray(archive["times"], np.float64)
            whole = frames.dtype == np.float32 and frames.shape == (len(times), NUM_RAW, 3)
            return Extraction(frames=frames, times=times, **about) if whole else None
    except Exception:  # a damaged archive makes numpy and zipfile raise nearly anything
        return None


def store(key: str, extraction: Extraction) -> str | None:
    """Keep an extraction. Returns None, or in one line why it could not be kept."""
    about = json.dumps({"key": key, **extraction.about()})
    whole = BytesIO()  # an archive that a full disk cuts off complains when it is freed
    np.savez_compressed(
        whole, landmarks=extraction.frames, times=extraction.times, about=np.array(about)
    )
    try:
        with replacing(_entry(key), durable=False) as temporary:
            temporary.write_bytes(whole.getbuffer())
    except SignletError as error:
        reason = str(error.__cause__ or error)
        return (
            f"landmarks cannot be kept for next time ({reason}); set SIGNLET_CACHE to another "
            "folder"
        )
    return None


def has(key: str) -> bool:
    """Return True if a key has an entry, whole or not."""
    return _entry(key).is_file()


def unwritable() -> str | None:
    """Return why the cache cannot be written, in one line; None if it can."""
    try:
        with replacing(cache_folder() / ".probe", durable=False) as temporary:
            temporary.touch()
        (cache_folder() / ".probe").unlink(missing_ok=True)
    except (SignletError, OSError) as error:
        return _not_kept(error)
    return None


def _not_kept(error: Exception) -> str:
    return f"landmarks cannot be kept for next time: {error}; set SIGNLET_CACHE to another folder"


def _entry(key: str) -> Path:
    return cache_folder() / key[:2] / f"{key}.npz"
