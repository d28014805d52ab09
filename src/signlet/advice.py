"""What few clips can promise, and what looks wrong with them: said before they are trained on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from signlet.copies import content_key
from signlet.pack import PackedSet
from signlet.train.init import Init

FEW_CLIPS, FEW_SIGNERS = 5, 2
"""Below these, clips of a sign and signers are too few to promise anything."""
NO_ESTIMATE = (
    "too few clips to hold any out: the model is trained on all of them, and nobody can say how "
    "good it is; record every sign at least twice, better five times by two or more people"
)
_SHOWN = 5


def data_notes(packed: PackedSet) -> list[str]:
    """Notes on clips that will be trained on, most harmful first; [] where nothing is to be said.

    On clips that could not be read, on signs without or with few clips, on few signers, on
    names of signs that differ in capitals and spaces only, and on the same recording under two
    signs.
    """
    found = [
        _skipped(packed),
        _alike(packed.signs),
        _twice(packed),
        _without_clips(packed),
        _few_clips(packed),
        _few_signers(packed),
    ]
    return [note for note in found if note]


def init_notes(init: Init | None, packed: PackedSet) -> list[str]:
    """Whether the weights to start from know these clips or their signers already."""
    if init is None:
        return []
    clips = init.clips_in(packed)
    if clips:
        return [
            f"{clips} of these {len(packed)} clips were trained on in {init.where}: held out, they "
            "are not new to the model, and the estimate is too high; for an estimate train "
            "without --init"
        ]
    people = sorted(init.signers & set(packed.signers))
    if people:
        return [
            f"{init.where} knows signers of the same name ({_listed(people)}): where they are the "
            "same people, the estimate is too high for new ones"
        ]
    return []


def _skipped(packed: PackedSet) -> str:
    rows = packed.skipped.to_pylist()
    if not rows:
        return ""
    every = f"; all reasons: {packed.path / 'skipped.parquet'}" if len(rows) > _SHOWN else ""
    return f"{len(rows)} clip(s) cannot be used: {_listed(r['reason'] for r in rows)}{every}"


def _alike(signs: Sequence[str]) -> str:
    same = defaultdict(list)
    for sign in signs:
        same[" ".join(sign.casefold().split())].append(sign)
    pairs = [" and ".join(map(repr, group)) for group in same.values() if len(group) > 1]
    if not pairs:
        return ""
    return f"signs whose names differ in capitals or spaces only are two signs: {_listed(pairs)}"


def _twice(packed: PackedSet) -> str:
    rows = defaultdict(list)
    for row in np.flatnonzero(packed.labels >= 0):
        rows[content_key(packed, int(row))].append(int(row))
    pairs = []
    for same in rows.values():
        first = same[0]
        other = next((row for row in same if packed.labels[row] != packed.labels[first]), None)
        if other is not None:
            pairs.append(f"{packed.names[first]} = {packed.names[other]}")
    if not pairs:
        return ""
    return f"the same recording stands under two signs, one is wrong: {_listed(pairs)}"


def _counts(packed: PackedSet) -> dict[str, int]:
    counts = np.bincount(packed.labels[packed.labels >= 0], minlength=len(packed.signs))
    return dict(zip(packed.signs, counts.tolist(), strict=True))


def _without_clips(packed: PackedSet) -> str:
    empty = [sign for sign, clips in _counts(packed).items() if clips == 0]
    return f"no clip is left of: {_listed(empty)}; they cannot be learnt" if empty else ""


def _few_clips(packed: PackedSet) -> str:
    counts = _counts(packed)
    few = sorted((n, sign) for sign, n in counts.items() if 0 < n < FEW_CLIPS)
    if not few:
        return ""
    return (
        f"{len(few)} of {len(counts)} signs have fewer than {FEW_CLIPS} clips "
        f"({_listed(f'{sign} {n}' for n, sign in few)}): with so few the estimate is rough, and "
        "these signs will be read badly; record more"
    )


def _few_signers(packed: PackedSet) -> str:
    known = Counter(packed.signers)
    del known[""]
    if len(known) >= FEW_SIGNERS:
        return ""
    who = f"only {next(iter(known))} signs here" if known else "no signer is named"
    return (
        f"{who}: nothing can be said of other people, who will be read worse; record at least "
        f"{FEW_SIGNERS} people, and name the files <signer>_<number>"
    )


def _listed(names: Iterable[str]) -> str:
    given = list(names)
    more = f" and {len(given) - _SHOWN} more" if len(given) > _SHOWN else ""
    return ", ".join(given[:_SHOWN]) + more
