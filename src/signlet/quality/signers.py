"""One note on unknown signers, where several say the same of the same clips."""

from __future__ import annotations

import re
from collections.abc import Iterable

from signlet.evaluation.folds import HELD_TOGETHER, KNOWN_SIGNERS_ONLY, NO_SIGN_IS_SHARED
from signlet.meaning.clip_warnings import SetSummary, few_signers

_FOLDS = re.compile(
    rf"(?:\d+ of \d+ {re.escape(HELD_TOGETHER)}|{re.escape(KNOWN_SIGNERS_ONLY)})(?:; )?"
)
_WHO = re.compile(r"the signer of [\d,]+ of [\d,]+ clips? is unknown|without a signer")
"""Begins what a source says of them, or stands in it."""
_REMEDY = "name the files <signer>_<number>, or list them in a table (path,sign,signer)"
_NOBODY = "until then the score holds for KNOWN signers only, and other people will do worse"
_SOME = (
    "until then these clips are tested together, and if one of them shows a signer of another "
    "fold, the score is too high"
)


def once_on_signers(notes: Iterable[str], seen: SetSummary) -> list[str]:
    """The notes, with one in place of those that say that signers are not known.

    It says how many and why, what to do, and what follows from it; it is the last one, where
    no other stood for it.
    """
    unknown = sum(not clip.signer for clip in seen.clips)
    if not unknown:
        return _of_one(notes, few_signers(seen))
    rest: list[str] = []
    few, told, place = few_signers(seen), "", None
    for note in notes:
        ours = note == few or bool(_WHO.search(note))
        told = told or (note if _WHO.search(note) else "")
        place = len(rest) if ours and place is None else place
        left = "" if ours else _without(note, bool(few)).strip("; ")
        rest += [left] * bool(left)
    head = told or f"the signer of {unknown} of {len(seen.clips)} clips is unknown; {_REMEDY}"
    place = len(rest) if place is None else place
    return [*rest[:place], f"{head}; {_NOBODY if few else _SOME}", *rest[place:]]


def _of_one(notes: Iterable[str], few: str) -> list[str]:
    """The notes, of which folds say no more of a signer who signs alone, where `few` says it."""
    left = [note if note == few or not few else _without(note, True) for note in notes]
    return [note.strip("; ") for note in left if note.strip("; ")]


def _without(note: str, few: bool) -> str:
    """Return a note on folds without the part that another note has already."""
    without = _FOLDS.sub("", note)
    return "" if few and without == NO_SIGN_IS_SHARED else without
