"""Names of the parts that published sets are split into."""

from __future__ import annotations

SPLITS = ("train", "val", "test")
_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "development"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def split_name(text: str) -> str | None:
    """ "train", "val" or "test" for the usual spellings of them; None for anything else."""
    return _NAMES.get(text.strip().lower())
