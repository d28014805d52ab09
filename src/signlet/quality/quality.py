"""The quality of a data set: what is in it, what is missing, and which clips to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from joblib import effective_n_jobs

from signlet.clip import Clip
from signlet.errors import ClipError, SignletError
from signlet.meaning import of_set
from signlet.meaning.clip_warnings import ClipSummary, SetSummary
from signlet.pack import PackedSet
from signlet.printable import printable
from signlet.quality.checks import Suspicion, check_clips, check_signs, faceless, handless
from signlet.quality.clip_statistics import (
    PARTS,
    ClipStatistics,
    clip_statistics,
    packed_statistics,
)
from signlet.quality.data_warnings import data_warnings, estimate_warnings
from signlet.quality.signers import once_on_signers
from signlet.running.bars import Bars, bars_for
from signlet.running.workers import delayed_here, in_processes
from signlet.sources import ClipRef, Source

_BATCH = 16
"""Clips that a worker process reads at a time."""
_SERIAL = 500
"""Up to this many clips are read faster than worker processes start."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Spread:
    """Least, middle and greatest of some values."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class DataQuality:
    """The quality of a data set: counts, and what is suspicious.

    clips: readable ones. clips_of_sign, clips_of_signer: counts, "" for unknown, signs in
    the order of the classes. signers_of_sign: known signers of each sign. clips_of_split:
    published splits, "" for clips in none, empty if no clip is in any; clips that cannot be
    read count. frames: lengths
    of the recordings; seconds: of those whose rate is known, None without one. missing:
    part -> share of its landmarks not found, for both hands of frames without any hand;
    mean over the clips, NaN if not known.
    suspicious: by problem, then in the order of the data. skipped: clips that cannot be
    read. notes: what `train` would say of these clips, and what these numbers do not cover.
    """

    source: str
    clips: int
    clips_of_sign: dict[str, int]
    clips_of_signer: dict[str, int]
    signers_of_sign: dict[str, int]
    clips_of_split: dict[str, int]
    frames: Spread
    seconds: Spread | None
    missing: dict[str, float]
    suspicious: tuple[Suspicion, ...]
    skipped: tuple[Suspicion, ...]
    notes: tuple[str, ...]

    @property
    def signs(self) -> int:
        """Known signs, those without a clip included."""
        return len(self.clips_of_sign.keys() - {""})

    @property
    def signers(self) -> int:
        """Known signers."""
        return len(self.clips_of_signer.keys() - {""})


def data_quality(
    data: Source | PackedSet, *, jobs: int = -1, progress: Bars | bool = False
) -> DataQuality:
    """Look at every clip of a source or of a packed set.

    A source tells more: the coordinates of a packed set are standardised and thinned out.
    jobs: worker processes to read a source, -1 = one per core.
    progress: True shows a bar where the output is a terminal; or `signlet.running.bars.Bars`.
    Raises SignletError if not one clip can be read.
    """
    bars = bars_for(progress)
    if isinstance(data, PackedSet):
        found = _by_their_set(_from_packed(data, bars))
        skipped = _skipped_when_packed(data)
        quality = _summary(data.source, data.signs, found, skipped, packed=True)
    else:
        read, skipped = _from_source(data, jobs, bars)
        found = _by_their_set(read)
        quality = _summary(data.name, data.signs, found, skipped, packed=False)
    notes = (*_as_train(data, found, skipped), *quality.notes)
    return replace(quality, notes=notes, clips_of_split=_of_split(data))


def _by_their_set(facts: Sequence[ClipStatistics]) -> list[ClipStatistics]:
    """With what the whole set says of its units in place of what single clips guess."""
    verdict = of_set([(fact.remarks, fact.look) for fact in facts])
    return [replace(fact, remarks=verdict.remarks(fact.remarks)) for fact in facts]


def _of_split(data: Source | PackedSet) -> dict[str, int]:
    """In the order in which they are used."""
    if isinstance(data, PackedSet):
        counts = Counter(data.splits)
    else:
        counts = Counter(ref.split or "" for ref in data.refs())
    names = [name for name in ("train", "val", "test", "") if counts[name]]
    return {} if names == [""] else {name: counts[name] for name in names}


def _as_train(
    data: Source | PackedSet, facts: Sequence[ClipStatistics], skipped: Sequence[Suspicion]
) -> list[str]:
    """Return the warnings of `train` for these clips, with one note on unknown signers."""
    clips = [
        ClipSummary(
            fact.name,
            fact.sign or "",
            fact.signer or "",
            fact.digest,
            fact.frames / fact.fps if fact.fps else None,
            fact.remarks,
            fact.look,
            not handless(fact),
            not faceless(fact),
        )
        for fact in facts
    ]
    found = tuple(getattr(data, "notes", ()))  # sources of others may have none
    seen = SetSummary(data.signs, clips, [one.detail for one in skipped], found=found)
    return once_on_signers([*data_warnings(seen), *estimate_warnings(seen)], seen)


def _from_packed(packed: PackedSet, bars: Bars) -> list[ClipStatistics]:
    rows = _counted(range(len(packed.names)), len(packed.names), bars)
    return [packed_statistics(packed, row) for row in rows]


def _skipped_when_packed(packed: PackedSet) -> list[Suspicion]:
    rows = packed.skipped.to_pylist()
    said = ((printable(row["name"]), printable(row["reason"])) for row in rows)
    return [Suspicion("clip", name, "skipped", reason) for name, reason in said]


def _from_source(
    source: Source, jobs: int, bars: Bars
) -> tuple[list[ClipStatistics], list[Suspicion]]:
    refs = source.refs()
    batches = [refs[i : i + _BATCH] for i in range(0, len(refs), _BATCH)]
    calls = (delayed_here(_measure_all)(source, batch) for batch in batches)
    workers = 1 if len(refs) <= _SERIAL else effective_n_jobs(jobs)
    results = in_processes(calls, workers, "nothing is lost", in_order=True)
    found = [one for batch in _counted(results, len(batches), bars) for one in batch]
    facts = [one for one in found if isinstance(one, ClipStatistics)]
    return facts, [one for one in found if isinstance(one, Suspicion)]


def _measure_all(source: Source, refs: Sequence[ClipRef]) -> list[ClipStatistics | Suspicion]:
    return [_measure_ref(source, ref) for ref in refs]


def _measure_ref(source: Source, ref: ClipRef) -> ClipStatistics | Suspicion:
    try:
        clip: Clip = source.read(ref)
    except ClipError as error:
        return Suspicion("clip", ref.name, "unreadable", str(error))
    return clip_statistics(clip)


def _counted(items: Iterable[Item], count: int, bars: Bars) -> Iterator[Item]:
    with bars("looking at clips", count) as step:
        for item in items:
            yield item
            step(1)


def _summary(
    source: str,
    signs: Sequence[str],
    facts: list[ClipStatistics],
    skipped: list[Suspicion],
    *,
    packed: bool,
) -> DataQuality:
    if not facts:
        if not skipped:
            raise SignletError("there is no clip to look at; give a set that contains clips")
        raise SignletError(f"no readable clip among {len(skipped)}; the first: {skipped[0].detail}")
    of_sign = Counter(fact.sign or "" for fact in facts)
    known = {sign: of_sign.pop(sign, 0) for sign in signs}
    seconds = [fact.frames / fact.fps for fact in facts if fact.fps]
    signers = _signers_of_sign(facts, known)
    return DataQuality(
        source=source,
        clips=len(facts),
        clips_of_sign=known | dict(of_sign),
        clips_of_signer=dict(sorted(Counter(fact.signer or "" for fact in facts).items())),
        signers_of_sign=signers,
        clips_of_split={},
        frames=_spread([fact.frames for fact in facts]),
        seconds=_spread(seconds) if seconds else None,
        missing={part: _mean([fact.missing[part] for fact in facts]) for part in PARTS},
        suspicious=(*check_clips(facts), *check_signs(known, signers)),
        skipped=tuple(skipped),
        notes=tuple(_notes(facts, packed)),
    )


def _signers_of_sign(facts: Sequence[ClipStatistics], signs: Iterable[str]) -> dict[str, int]:
    signers: dict[str, set[str]] = {sign: set() for sign in signs}
    for fact in facts:
        if fact.sign and fact.signer:
            signers.setdefault(fact.sign, set()).add(fact.signer)
    return {sign: len(found) for sign, found in signers.items()}


def _spread(values: Sequence[float]) -> Spread:
    return Spread(min(values), float(np.median(values)), max(values))


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _notes(facts: Sequence[ClipStatistics], packed: bool) -> Iterator[str]:
    clips = len(facts)
    if unknown := sum(not fact.sign for fact in facts):
        yield f"the sign of {unknown} of {clips} clips is unknown"
    if packed:
        told = sum(fact.hand_frames is not None for fact in facts)
        yield f"a packed set shows for only {told} of {clips} clips which frames have no hand"
        yield "a packed set does not show whether landmarks are outside the picture"
