"""Recordings with a problem: a packed set in, their names and one sentence for a verdict out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from signlet.clip.remarks import BEYOND, CUT, DAMAGED, NO_HAND
from signlet.evaluation.duplicates import same_recordings
from signlet.evaluation.predictions import Predictions
from signlet.meaning import of_set, spoils_answers
from signlet.pack import PackedSet

UNREADABLE, MISFILED = "cannot be used", "the same recording is filed under two signs"
_SHOWN = 3
"""Names of one problem in a sentence."""


@dataclass(frozen=True)
class Faulty:
    """The clips with a problem; `signlet.meaning.clip_warnings` names them before a training.

    clips: how many clips the set has, those that cannot be used too. problems: of each problem in
    words, the worst first, the names of its clips; each clip is in one.
    """

    clips: int
    problems: Mapping[str, tuple[str, ...]]

    def problem(self, name: str) -> str:
        """Name what is wrong with a clip; "" if nothing is."""
        return self._problem_of.get(name, "")

    @cached_property
    def _problem_of(self) -> dict[str, str]:
        return {name: what for what, names in self.problems.items() for name in names}

    def __len__(self) -> int:
        """Number of clips with a problem."""
        return len(self._problem_of)


def faulty_clips(packed: PackedSet) -> Faulty:
    """Find what is wrong with single recordings of the set.

    A short clip is none of them: letters take less than a second.
    """
    problems = {
        NO_HAND: _handless(packed),
        UNREADABLE: packed.skipped["name"].to_pylist(),
        MISFILED: _misfiled(packed),
        **_remarked(packed),
    }
    found, seen = {}, set[str]()
    for what, names in problems.items():
        if new := tuple(name for name in names if name not in seen):
            found[what] = new
            seen.update(new)
    return Faulty(len(packed) + packed.skipped.num_rows, found)


def faulty_said(faulty: Faulty | None, tested: Predictions | None, doubtful: bool) -> str:
    """Sentence of a verdict on clips with a problem; "" where they do not limit the result.

    They do if a tested one is named wrongly, or if the result is not good. tested: None if
    nothing was. doubtful: whether the result is not good.
    """
    if not faulty:
        return ""
    wrong, theirs = _wrong(faulty, tested)
    if not doubtful and not theirs:
        return ""
    named = "; ".join(f"{what}: {_listed(names)}" for what, names in faulty.problems.items())
    have = "has" if len(faulty) == 1 else "have"
    was, these = (
        "was" if theirs == 1 else "were",
        "this clip" if len(faulty) == 1 else "these clips",
    )
    share = f" {theirs} of the {wrong} wrong answers {was} for {these}." if theirs else ""
    return f"{len(faulty)} of {faulty.clips:,} clips {have} a problem ({named}).{share}"


def _wrong(faulty: Faulty, tested: Predictions | None) -> tuple[int, int]:
    """Count the tested clips that are named wrongly, and those of them with a problem."""
    if tested is None:
        return 0, 0
    wrong = (tested.labels >= 0) & (tested.probabilities.argmax(1) != tested.labels)
    names = [name for name, is_wrong in zip(tested.names, wrong, strict=True) if is_wrong]
    return len(names), sum(bool(faulty.problem(name)) for name in names)


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _handless(packed: PackedSet) -> list[str]:
    hands = (packed.index[f"missing_{side}_hand"].to_pylist() for side in ("left", "right"))
    return [name for name, *missing in zip(packed.names, *hands, strict=True) if min(missing) == 1]


def _remarked(packed: PackedSet) -> dict[str, list[str]]:
    """Clips that are damaged, or whose numbers mean something else, such as swapped hands."""
    remarks = [tuple(said or ()) for said in packed.index["remarks"].to_pylist()]
    together = of_set([(own, None) for own in remarks])
    found = defaultdict(list)
    for name, own in zip(packed.names, remarks, strict=True):
        for remark in together.remarks(own):
            if remark in (CUT, DAMAGED, BEYOND) or spoils_answers(remark):
                found[remark.partition(" (")[0]].append(name)
    return found


def _misfiled(packed: PackedSet) -> list[str]:
    return [
        packed.names[row]
        for rows in same_recordings(packed)
        if len({int(packed.labels[row]) for row in rows}) > 1
        for row in rows
    ]
