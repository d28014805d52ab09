"""The files of a packed data set.

    frames.npy        (F, 100, 3), the kept frames of all clips back to back, NaN = not found
    index.parquet     one row a clip, in the order of the source
    skipped.parquet   one row for each clip that could not be packed: name, path, reason
    dataset.json      the header; written last, so a directory without it is unfinished
    shards/           finished pieces of a pack that is under way; gone when it is complete

Nothing in them depends on the number of jobs or on the time: equal clips give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from signlet.errors import SignletError
from signlet.files.json_text import parsed
from signlet.files.regular import content_of
from signlet.files.same_settings import differing
from signlet.landmarks import RAW_PARTS
from signlet.modelfile import MAX_SIZE
from signlet.printable import printable
from signlet.sources import ClipRef
from signlet.text.names import is_name

FORMAT_VERSION = 2
FRAMES, INDEX, SKIPPED, HEADER = "frames.npy", "index.parquet", "skipped.parquet", "dataset.json"
SHARDS, SETTINGS = "shards", "settings.json"
DTYPES = ("float32", "float16")
_LARGEST_HEADER = 256 << 20
_MOST = 1 << 48
"""No set has more clips or frames."""

_CLIP_COLUMNS = [
    pa.field("name", pa.string()),
    pa.field("sign", pa.string()),
    pa.field("signer", pa.string()),
    pa.field("label", pa.int64()),
    pa.field("length", pa.int64()),
    pa.field("raw_frames", pa.int64()),
    pa.field("fps", pa.float64()),
    *(pa.field(f"missing_{part}", pa.float64()) for part in RAW_PARTS),
    pa.field("split", pa.string()),
    pa.field("remarks", pa.list_(pa.string())),
]
_OFFSET = _CLIP_COLUMNS.index(pa.field("length", pa.int64()))
INDEX_SCHEMA = pa.schema(_CLIP_COLUMNS).insert(_OFFSET, pa.field("offset", pa.int64()))
"""label: class, -1 unknown; offset and length: the clip's frames in frames.npy; raw_frames:
frames of the recording; missing_<part>: share of the part's landmarks not found in them; split,
remarks: as in `ClipRef` and `Clip`."""
SKIPPED_SCHEMA = pa.schema([(name, pa.string()) for name in ("name", "path", "reason")])
SHARD_SCHEMA = pa.unify_schemas([pa.schema(_CLIP_COLUMNS), SKIPPED_SCHEMA])
"""Index rows before the offsets are known, and between them the skipped clips (length 0)."""


@dataclass(frozen=True)
class Settings:
    """The settings that decide the content of a packed set: equal settings give equal packs.

    fingerprint: of the list of clips, see `fingerprint`.
    """

    format_version: int
    schema: str
    source: str
    signs: tuple[str, ...]
    max_len: int
    dtype: str
    fingerprint: str

    def difference(self, wanted: Settings) -> str | None:
        """The first difference in words; None if there is none."""
        have, want = vars(self), vars(wanted)
        for name in differing(have, want):
            if name in ("signs", "fingerprint"):
                return f"other {'clips' if name == 'fingerprint' else 'signs'}"
            return f"{name} {have[name]}, not {want[name]}"
        return None


@dataclass(frozen=True)
class Header:
    """Content of dataset.json. clips, skipped, frames: how many there are of them."""

    settings: Settings
    signlet_version: str
    clips: int
    skipped: int
    frames: int


def fingerprint(refs: Iterable[ClipRef]) -> str:
    """Digest of every clip's name, sign, signer, file size, span and split, in order.

    The files themselves are not read (they may be 100 GB) and their times are left out, so
    that a copied data set stays the same; an edit that keeps a file's size goes unnoticed.
    """
    digest = hashlib.sha256()
    for ref in refs:
        row = [ref.name, ref.sign, ref.signer, _size(ref.path), str(ref.span), ref.split]
        digest.update(json.dumps(row).encode() + b"\n")
    return digest.hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def as_json(record: Header | Settings) -> str:
    """As JSON."""
    return json.dumps(vars(record), default=vars, indent=1, ensure_ascii=False) + "\n"


def read_header(path: Path) -> Header:
    """Read dataset.json. Raises SignletError if it is damaged or of another version."""
    record = _read_json(path)
    try:
        version = record["settings"]["format_version"]
        if version != FORMAT_VERSION:
            raise SignletError(
                f"{path}: has format {version}, but this version of signlet reads "
                f"{FORMAT_VERSION}; "
                "pack the clips again into a new directory"
            )
        header = Header(**{**record, "settings": _settings(record["settings"])})
    except (KeyError, TypeError, AttributeError, ValueError):
        raise damaged(path) from None
    if not _sound(header):
        raise damaged(path)
    return header


def _sound(header: Header) -> bool:
    settings = header.settings
    texts = (settings.source, settings.fingerprint, header.signlet_version, *settings.signs)
    numbers = (settings.max_len, header.clips, header.skipped, header.frames)
    return (
        all(isinstance(text, str) and printable(text) == text for text in texts)
        and all(map(is_name, settings.signs))
        and all(type(number) is int and 0 <= number <= _MOST for number in numbers)
        and 2 <= settings.max_len <= MAX_SIZE
        and settings.dtype in DTYPES
        and len(set(settings.signs)) == len(settings.signs)
    )


def read_settings(path: Path) -> Settings | None:
    """Settings of an unfinished pack; None if there are none or they are unreadable."""
    try:
        return _settings(_read_json(path))
    except (SignletError, KeyError, TypeError, AttributeError, ValueError):
        return None


def _settings(record: Any) -> Settings:
    if not isinstance(record["signs"], list):
        raise TypeError("signs is not a list")
    return Settings(**{**record, "signs": tuple(record["signs"])})


def _read_json(path: Path) -> Any:
    content = content_of(path, _LARGEST_HEADER)
    try:
        return parsed(content)
    except ValueError as error:
        raise damaged(path) from error


def damaged(path: Path) -> SignletError:
    """The error for a file of a packed set that cannot be used."""
    return SignletError(f"{path}: is damaged; delete the directory and pack the clips again")
