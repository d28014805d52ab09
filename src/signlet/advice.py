"""What few clips can promise, and what looks wrong with them: said before they are trained on.

`inspect`, `train`, `evaluate` and `teach` say the same of the same clips, because all of them
take it from here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from signlet.alike import alike
from signlet.clip import Clip, advised
from signlet.copies import content_key
from signlet.folds import possible_folds, signer_folds
from signlet.pack import PackedSet
from signlet.train.init import Init

FEW_CLIPS, FEW_SIGNERS = 5, 2
"""Below these, clips of a sign and signers are too few to promise anything."""
SHORT = 1.0
"""Seconds; docs/own_signs.md asks for clips of one to four."""
NO_ESTIMATE = (
    "too few clips to hold any out: the model is trained on all of them, and nobody can say how "
    "good it is; record every sign at least twice, better five times by two or more people"
)
_FOLDS = 4
"""That recipes ask for."""
_SHOWN = 5


@dataclass(frozen=True)
class Seen:
    """What notes need of a clip. sign, signer: "" where unknown. content: equal for copies.

    seconds: None where the frame rate is unknown. remarks: as in `Clip`.
    """

    name: str
    sign: str
    signer: str
    content: Hashable
    seconds: float | None = None
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, clip: Clip) -> Seen:
        """Of a clip that was read."""
        seconds = len(clip.frames) / clip.fps if clip.fps else None
        content = len(clip.frames), clip.frames[[0, -1]].tobytes()
        return cls(clip.name, clip.sign or "", clip.signer or "", content, seconds, clip.remarks)


@dataclass(frozen=True)
class SeenSet:
    """What notes need of a set of clips.

    signs: all of them, those without a clip too. clips: that can be used. skipped: why others
    cannot. listed: where all such reasons stand, "" for nowhere. found: `Source.notes`.
    """

    signs: tuple[str, ...]
    clips: Sequence[Seen]
    skipped: Sequence[str] = ()
    listed: str = ""
    found: tuple[str, ...] = ()

    @classmethod
    def of(cls, packed: PackedSet) -> SeenSet:
        """Of a packed set, which does not keep how its clips were found."""
        columns = (packed.index[name].to_pylist() for name in ("raw_frames", "fps", "remarks"))
        clips = [
            Seen(
                packed.names[row],
                packed.signs[packed.labels[row]] if packed.labels[row] >= 0 else "",
                packed.signers[row],
                content_key(packed, row),
                frames / fps if fps else None,
                tuple(remarks or ()),
            )
            for row, (frames, fps, remarks) in enumerate(zip(*columns, strict=True))
        ]
        reasons = [one["reason"] for one in packed.skipped.to_pylist()]
        return cls(packed.signs, clips, reasons, str(packed.path / "skipped.parquet"))

    def clips_of_sign(self) -> dict[str, int]:
        """How many of each."""
        counts = Counter(clip.sign for clip in self.clips)
        return {sign: counts[sign] for sign in self.signs}


def data_notes(clips: PackedSet | SeenSet) -> list[str]:
    """Notes on clips that will be trained on, most harmful first; [] where nothing is to be said.

    `reading_notes`, and notes on signs without or with few clips and on few signers.
    """
    seen = clips if isinstance(clips, SeenSet) else SeenSet.of(clips)
    found = [*reading_notes(seen), _without_clips(seen), _few_clips(seen), _few_signers(seen)]
    return [note for note in found if note]


def reading_notes(clips: PackedSet | SeenSet) -> list[str]:
    """Notes on clips whatever they are for: how they were found and what is wrong with them.

    On clips that could not be read, or were mended, on names that look the same, on the same
    recording under two signs, and on clips too short to show a sign.
    """
    seen = clips if isinstance(clips, SeenSet) else SeenSet.of(clips)
    found = [
        *seen.found,
        _skipped(seen),
        *_remarks(seen.clips),
        *_alike(seen),
        _twice(seen.clips),
        _short(seen.clips),
    ]
    return [note for note in found if note]


def estimate_notes(clips: SeenSet) -> list[str]:
    """What a training with the usual folds would say of how it can be tested."""
    shown = [sign for sign, count in clips.clips_of_sign().items() if count]
    if len(shown) < 2:
        what = f"one sign only ({shown[0]})" if shown else "no known sign"
        return [f"the clips show {what}; training needs two or more"]
    number = {sign: i for i, sign in enumerate(clips.signs)}
    labels = [number.get(clip.sign, -1) for clip in clips.clips]
    signers = [clip.signer for clip in clips.clips]
    folds = possible_folds(labels, signers, _FOLDS)
    note = signer_folds(labels, signers, folds).note if folds else NO_ESTIMATE
    return [note] if note else []


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


def _skipped(seen: SeenSet) -> str:
    if not seen.skipped:
        return ""
    every = f"; all reasons: {seen.listed}" if len(seen.skipped) > _SHOWN and seen.listed else ""
    return f"{len(seen.skipped)} clip(s) cannot be used: {_listed(seen.skipped)}{every}"


def _remarks(clips: Sequence[Seen]) -> Iterator[str]:
    """Each phrase once."""
    counts = Counter(remark for clip in clips for remark in dict.fromkeys(clip.remarks))
    for remark, count in counts.most_common():
        what, _, advice = advised(remark).partition("; ")
        also = f"; {advice}" if advice else ""
        yield f"{what} in {count} of {len(clips)} clips{also}"


def _alike(seen: SeenSet) -> Iterator[str]:
    signs = alike([*seen.signs, *(clip.sign for clip in seen.clips if clip.sign)])
    if signs:
        yield f"signs whose names differ in {_HOW} are two signs: {_listed(signs)}"
    signers = alike(clip.signer for clip in seen.clips if clip.signer)
    if signers:
        yield (
            f"signers whose names differ in {_HOW} count as two people: {_listed(signers)}; give "
            "one person one name, else the estimate is too high for new people"
        )


_HOW = "capitals, spaces or what is not seen only"


def _twice(clips: Sequence[Seen]) -> str:
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
    return f"the same recording stands under two signs, one is wrong: {_listed(pairs)}"


def _short(clips: Sequence[Seen]) -> str:
    found = [clip for clip in clips if clip.seconds is not None and clip.seconds < SHORT]
    if not found:
        return ""
    named = _listed(f"{clip.name} {clip.seconds:.1f} s" for clip in found)
    return (
        f"{len(found)} of {len(clips)} clips are shorter than {SHORT:g} second ({named}): a sign "
        "takes one to four, with the hands down at both ends; see whether it is whole"
    )


def _without_clips(seen: SeenSet) -> str:
    empty = [sign for sign, clips in seen.clips_of_sign().items() if clips == 0]
    return f"no clip is left of: {_listed(empty)}; they cannot be learnt" if empty else ""


def _few_clips(seen: SeenSet) -> str:
    counts = seen.clips_of_sign()
    few = sorted((n, sign) for sign, n in counts.items() if 0 < n < FEW_CLIPS)
    if not few:
        return ""
    return (
        f"{len(few)} of {len(counts)} signs have fewer than {FEW_CLIPS} clips "
        f"({_listed(f'{sign} {n}' for n, sign in few)}): with so few the estimate is rough, and "
        "these signs will be read badly; record more"
    )


def _few_signers(seen: SeenSet) -> str:
    known = {clip.signer for clip in seen.clips} - {""}
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
