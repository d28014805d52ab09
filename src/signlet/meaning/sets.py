"""Meaning of a whole set: remarks and handedness of its clips in, a `Verdict` out.

Programs write all clips of a set in one way. So where single clips leave open which of several
units they are in, the set tells; and what shows in hands alone is asked of a set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from signlet.meaning import faults
from signlet.meaning.faults import Fault, tells_meaning
from signlet.meaning.handedness import MOST_OF, Look, suspected_of_set

_ALIKE = (
    (faults.PIXELS, faults.PERCENT),
    (
        faults.FROM_MIDDLE,
        faults.FROM_MIDDLE_HALF,
        faults.FROM_AFAR,
        faults.FROM_THE_BODY,
        faults.FROM_A_POINT,
    ),
)
"""Faults between which a set decides."""

Remarked = tuple[Sequence[str], Look | None]
"""Remarks on a clip, and what its hands tell, None if nobody looked."""


@dataclass(frozen=True)
class Verdict:
    """The verdict on the clips of a set.

    instead: phrase of a clip -> fault of the set that takes its place. whole: faults that all
        clips have, those too that cannot tell by themselves. tell: clips that show by themselves
        if their numbers mean something else. together: what no clip tells alone, and how many
        tell it together.
    """

    instead: Mapping[str, Fault] = field(default_factory=dict)
    whole: frozenset[Fault] = frozenset()
    tell: int = 0
    together: tuple[Fault, int] | None = None

    def remarks(self, own: Iterable[str]) -> tuple[str, ...]:
        """Remarks on a clip, with what the set says in place of what the clip guessed."""
        return tuple(
            dict.fromkeys(self.instead[one].phrase if one in self.instead else one for one in own)
        )

    def faults(self, own: Iterable[Fault]) -> tuple[Fault, ...]:
        """The same of the faults of a clip; those of the whole set where it has none."""
        found = tuple(dict.fromkeys(self.instead.get(one.phrase, one) for one in own))
        return found or tuple(sorted(self.whole, key=lambda fault: fault.phrase))

    def is_of_all(self, remark: str) -> bool:
        """Return True if a remark holds for the whole set, whatever single clips say."""
        return any(remark == fault.phrase for fault in self.whole)


def of_set(clips: Sequence[Remarked]) -> Verdict:
    """Judge the clips of a set together."""
    own = [set(filter(tells_meaning, remarks)) for remarks, _ in clips]
    tell = sum(
        bool(remarks) or look is None or look.placed
        for remarks, (_, look) in zip(own, clips, strict=True)
    )
    instead: dict[str, Fault] = {}
    whole = []
    for alike in _ALIKE:
        counts = Counter(fault for remarks in own for fault in alike if fault.phrase in remarks)
        if counts:
            usual = _usual(counts, alike)
            instead |= {fault.phrase: usual for fault in alike}
            if counts.total() >= MOST_OF * tell:
                whole.append(usual)
    clean = [look for remarks, (_, look) in zip(own, clips, strict=True) if look and not remarks]
    together = suspected_of_set(clean, sum(map(bool, own)))
    return Verdict(instead, frozenset(whole), tell, together)


def _usual(counts: Counter[Fault], alike: Sequence[Fault]) -> Fault:
    """The most frequent one; clips that cannot tell report an origin somewhere in the picture."""
    told = [fault for fault in alike if counts[fault]]
    return max(told, key=lambda fault: (fault is not faults.FROM_A_POINT, counts[fault]))
