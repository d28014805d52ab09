"""Warnings on the clips of a packed set, before they are trained on.

`inspect`, `train`, `evaluate` and `teach` say the same of the same clips, because all of them
take it from `signlet.meaning.clip_warnings`.
"""

from __future__ import annotations

from signlet.evaluation.duplicates import duplicate_key
from signlet.evaluation.folds import NO_ESTIMATE as NO_ESTIMATE
from signlet.evaluation.folds import possible_folds, signer_folds
from signlet.meaning import clip_warnings
from signlet.meaning.clip_warnings import NO_FACE, ClipSummary, SetSummary, listed
from signlet.pack import PackedSet
from signlet.quality.packed import looks_at_packed
from signlet.training.init import Init

_FOLDS = 4
"""The number of folds in the recipes."""


def data_warnings(clips: PackedSet | SetSummary) -> list[str]:
    """Warnings on clips that will be trained on, see `clip_warnings.data_warnings`."""
    return clip_warnings.data_warnings(clips if isinstance(clips, SetSummary) else seen_in(clips))


def reading_warnings(clips: PackedSet | SetSummary) -> list[str]:
    """Warnings on clips whatever they are for, see `clip_warnings.reading_warnings`."""
    return clip_warnings.reading_warnings(
        clips if isinstance(clips, SetSummary) else seen_in(clips)
    )


def seen_in(packed: PackedSet) -> SetSummary:
    """The clips of a packed set, which does not keep how they were found."""
    looks = looks_at_packed(packed)
    parts = (f"missing_{part}" for part in ("left_hand", "right_hand", "face"))
    wanted = ("raw_frames", "fps", "remarks", *parts)
    columns = (packed.index[name].to_pylist() for name in wanted)
    clips = [
        ClipSummary(
            packed.names[row],
            packed.signs[packed.labels[row]] if packed.labels[row] >= 0 else "",
            packed.signers[row],
            duplicate_key(packed, row),
            frames / fps if fps else None,
            tuple(remarks or ()),
            looks.get(row),
            min(left, right) < 1,
            face < NO_FACE,
        )
        for row, (frames, fps, remarks, left, right, face) in enumerate(zip(*columns, strict=True))
    ]
    reasons = [one["reason"] for one in packed.skipped.to_pylist()]
    return SetSummary(packed.signs, clips, reasons, str(packed.path / "skipped.parquet"))


def estimate_warnings(clips: SetSummary) -> list[str]:
    """Return the notes of a training with the usual folds on how it can be tested."""
    shown = [sign for sign, count in clips.clips_of_sign().items() if count]
    if len(shown) < 2:
        what = f"one sign only ({shown[0]})" if shown else "no known sign"
        return [f"the clips show {what}; training needs at least two"]
    number = {sign: i for i, sign in enumerate(clips.signs)}
    labels = [number.get(clip.sign, -1) for clip in clips.clips]
    signers = [clip.signer for clip in clips.clips]
    folds = possible_folds(labels, signers, _FOLDS)
    note = signer_folds(labels, signers, folds).note if folds else NO_ESTIMATE
    return [note] if note else []


def init_warnings(init: Init | None, packed: PackedSet) -> list[str]:
    """Return warnings if the weights to start from were trained on these clips or signers."""
    if init is None:
        return []
    clips = init.clips_in(packed)
    if clips:
        return [
            f"{init.where} was trained with {clips} of these {len(packed)} clips, so the test is "
            "not new to the model and the score is too high; train without --init for a true score"
        ]
    people = sorted(init.signers & set(packed.signers))
    if people:
        return [
            f"{init.where} was trained with signers of the same name ({listed(people)}): if they "
            "are the same people, the score is too high for new ones"
        ]
    return []
