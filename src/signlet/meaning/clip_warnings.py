"""Warnings on clips, the same for all commands: summaries of clips in, sentences out.

Without heavy imports: `signlet teach` works in the core install. `signlet.quality.data_warnings`
adds warnings on a training.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from signlet.clip import Clip, advised
from signlet.landmarks import RAW_PARTS
from signlet.meaning import Look, for_some, look_at, of_set, tells_meaning
from signlet.meaning.leading import Lead, left_handed_people
from signlet.text.confusables import alike

FEW_CLIPS, FEW_SIGNERS = 5, 2
"""Below these, clips of a sign and signers are too few to promise anything."""
NO_FACE = 0.9
"""A clip of which this share of the face landmarks is missing has no face."""
SHORT = 1.0
"""Seconds; docs/own_signs.md asks for clips of one to four."""
_HOW = "capitals, spaces, dashes or invisible characters only"
_SHOWN = 5


@dataclass(frozen=True)
class ClipSummary:
    """Data of a clip for warnings. sign, signer: "" if unknown. content: equal for duplicates.

    seconds: None if the frame rate is unknown. remarks: as in `Clip`. look: see
    `signlet.meaning`, None if nobody looked. hands: whether a hand was found in any frame. face:
    whether the face was found in more than a few frames, see `NO_FACE`.
    """

    name: str
    sign: str
    signer: str
    content: Hashable
    seconds: float | None = None
    remarks: tuple[str, ...] = ()
    look: Look | None = None
    hands: bool = True
    face: bool = True

    @classmethod
    def of(cls, clip: Clip) -> ClipSummary:
        """Of a clip that was read."""
        seconds = len(clip.frames) / clip.fps if clip.fps else None
        content = len(clip.frames), clip.frames[[0, -1]].tobytes()
        who = clip.name, clip.sign or "", clip.signer or ""
        hands = bool(clip.hand_frames().any())
        face = bool(np.isnan(clip.frames[:, RAW_PARTS["face"], 0]).mean() < NO_FACE)
        return cls(*who, content, seconds, clip.remarks, look_at(clip.frames), hands, face)


@dataclass(frozen=True)
class SetSummary:
    """The data of a set of clips for warnings.

    signs: all of them, those without a clip too. clips: that can be used. skipped: why others
    cannot. listed: where all such reasons stand, "" for nowhere. found: `Source.notes`.
    told: the remarks on single clips were printed already.
    """

    signs: tuple[str, ...]
    clips: Sequence[ClipSummary]
    skipped: Sequence[str] = ()
    listed: str = ""
    found: tuple[str, ...] = ()
    told: bool = False

    def clips_of_sign(self) -> dict[str, int]:
        """Count the clips of each sign."""
        counts = Counter(clip.sign for clip in self.clips)
        return {sign: counts[sign] for sign in self.signs}


def data_warnings(seen: SetSummary) -> list[str]:
    """Warnings on clips that will be trained on, most harmful first; [] for none.

    `reading_warnings`, and notes on signs without or with few clips and on few signers.
    """
    found = [*reading_warnings(seen), _without_clips(seen), _few_clips(seen), few_signers(seen)]
    return [note for note in found if note]


def reading_warnings(seen: SetSummary) -> list[str]:
    """Warnings on clips whatever they are for: how they were found and what is wrong with them.

    On clips that could not be read, or were repaired, on names that look the same, on the same
    recording under two signs, and on clips too short to show a sign.
    """
    found = [
        *_meaning(seen.clips, seen.told),
        *seen.found,
        _skipped(seen),
        _handless(seen.clips),
        _faceless(seen.clips),
        *([] if seen.told else _remarks(seen.clips)),
        *_alike(seen),
        _twice(seen.clips),
        _short(seen.clips),
    ]
    return [note for note in found if note]


def _skipped(seen: SetSummary) -> str:
    if not seen.skipped:
        return ""
    every = f"; all reasons: {seen.listed}" if len(seen.skipped) > _SHOWN and seen.listed else ""
    count = len(seen.skipped)
    clips = "1 clip" if count == 1 else f"{count:,} clips"
    return f"{clips} cannot be used: {listed(seen.skipped)}{every}"


def _handless(clips: Sequence[ClipSummary]) -> str:
    found = [clip for clip in clips if not clip.hands]
    if not found:
        return ""
    them = "it" if len(found) == 1 else "them"
    return (
        f"no hand was found in any frame of {len(found)} of {len(clips)} clips "
        f"({_whose(found, clips)}); record {them} again, or take {them} out: signlet does not do "
        "that by itself"
    )


def _faceless(clips: Sequence[ClipSummary]) -> str:
    found = [clip for clip in clips if not clip.face]
    if not found:
        return ""
    return (
        f"no face was found in {len(found)} of {len(clips)} clips ({_whose(found, clips)}), so "
        "what the mouth shows is lost; check that the face was in the picture and is in the file"
    )


def _whose(found: Sequence[ClipSummary], clips: Sequence[ClipSummary]) -> str:
    """The clips in words: people all of whose clips are among them, then other clips."""
    if len(found) == len(clips) > 1:
        return "all of them"
    every, theirs = (Counter(clip.signer for clip in some) for some in (clips, found))
    whole = {who: n for who, n in theirs.items() if who and n == every[who] and n > 1}
    people = [f"all {n} of {who}" for who, n in whole.items()]
    return listed([*people, *(clip.name for clip in found if clip.signer not in whole)])


def _remarks(clips: Sequence[ClipSummary]) -> Iterator[str]:
    """Each phrase once, but for what `_meaning` says."""
    every = (remark for clip in clips for remark in dict.fromkeys(clip.remarks))
    yield from _counted(Counter(one for one in every if not tells_meaning(one)), len(clips))


def _meaning(clips: Sequence[ClipSummary], told: bool) -> Iterator[str]:
    """Numbers that mean something else: what clips tell alone, and what they tell together.

    told: the remarks on single clips were printed already.
    """
    verdict = of_set([(clip.remarks, clip.look) for clip in clips])
    every = (remark for clip in clips for remark in verdict.remarks(clip.remarks))
    counts = Counter(filter(tells_meaning, every))
    some = {
        remark
        for remark, count in counts.items()
        if count < verdict.tell and not verdict.is_of_all(remark)
    }
    if not told:
        yield from _counted(counts, len(clips), some)
    if verdict.together:
        fault, tell = verdict.together
        what, _, advice = fault.phrase.partition("; ")
        yield f"{what} in most of the {tell} clips where this can be seen; {advice}"
    elif people := _left_handed(clips):
        yield (
            f"the left hand leads in most clips of {people} people, but nine of ten people sign "
            "with the right one: were the pictures mirrored? Compare one with writing in it. If "
            "they were, signlet convert IN OUT --mirror"
        )


def _left_handed(clips: Sequence[ClipSummary]) -> int:
    """Return how many people show that a set is mirrored; 0 for none."""
    leads: dict[str, list[Lead]] = defaultdict(list)
    for clip in clips:
        if clip.signer and clip.look and not any(map(tells_meaning, clip.remarks)):
            leads[clip.signer].append(clip.look.leads)
    return left_handed_people(leads)


def _counted(counts: Counter[str], clips: int, some: Collection[str] = ()) -> Iterator[str]:
    """some: those that other clips, which tell, do not have."""
    for remark, count in counts.most_common():
        said = for_some(remark) if remark in some else advised(remark)
        what, _, advice = said.partition("; ")
        also = f"; {advice}" if advice else ""
        yield f"{what} in {count} of {clips} clips{also}"


def _alike(seen: SetSummary) -> Iterator[str]:
    signs = alike([*seen.signs, *(clip.sign for clip in seen.clips if clip.sign)])
    if signs:
        yield f"signs whose names differ in {_HOW} count as two signs: {listed(signs)}"
    signers = alike(clip.signer for clip in seen.clips if clip.signer)
    if signers:
        yield (
            f"signers whose names differ in {_HOW} count as two people: {listed(signers)}; give "
            "one person one name, or else the score is too high for new people"
        )


def _twice(clips: Sequence[ClipSummary]) -> str:
    same = defaultdict(list)
    for clip in clips:
        if clip.sign:
            same[clip.content].append(clip)
    pairs = []
    for first, *others in same.values():
        other = next((clip for clip in others if clip.sign != first.sign), None)
        if other is not None:
            pairs.append(f"{first.name} = {other.name}")
    if not pairs:
        return ""
    return f"the same recording is filed under two signs, so one is wrong: {listed(pairs)}"


def _short(clips: Sequence[ClipSummary]) -> str:
    found = [clip for clip in clips if clip.seconds is not None and clip.seconds < SHORT]
    if not found:
        return ""
    named = listed(f"{clip.name} {_below(clip.seconds or 0.0)} s" for clip in found)
    return (
        f"{len(found)} of {len(clips)} clips are shorter than {SHORT:g} second ({named}): a "
        "sign takes one to four seconds, with the hands down before and after; check that these "
        "are complete"
    )


def _below(seconds: float) -> str:
    """Shown with as many digits as it takes to be less than SHORT."""
    digits = (n for n in (1, 2, 3) if round(seconds, n) < SHORT)
    return f"{seconds:.{next(digits, 6)}f}"


def _without_clips(seen: SetSummary) -> str:
    empty = [sign for sign, clips in seen.clips_of_sign().items() if clips == 0]
    return (
        (f"no usable clip is left of {listed(empty)}; the model cannot learn these signs")
        if empty
        else ""
    )


def _few_clips(seen: SetSummary) -> str:
    counts = seen.clips_of_sign()
    few = sorted((n, sign) for sign, n in counts.items() if 0 < n < FEW_CLIPS)
    if not few:
        return ""
    return (
        f"{len(few)} of {len(counts)} signs have fewer than {FEW_CLIPS} clips "
        f"({listed(f'{sign} {n}' for n, sign in few)}): with so few, the score is rough and the "
        "model will not learn these signs well; record more"
    )


def few_signers(seen: SetSummary) -> str:
    """Return the warning on clips of fewer signers than `FEW_SIGNERS`; "" for more."""
    known = {clip.signer for clip in seen.clips} - {""}
    if len(known) >= FEW_SIGNERS:
        return ""
    who = f"only {next(iter(known))} signs here" if known else "no signer is named"
    return (
        f"{who}: the score will say nothing about other people, who will do worse; record at "
        "least "
        f"{FEW_SIGNERS} people, and name the files <signer>_<number>"
    )


def listed(names: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    given = list(names)
    more = f" and {len(given) - _SHOWN} more" if len(given) > _SHOWN else ""
    return ", ".join(given[:_SHOWN]) + more
