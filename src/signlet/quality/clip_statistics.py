"""Measurements of single clips, from which the quality of a data set follows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signlet.clip import Clip
from signlet.landmarks import FACE, LEFT_HAND, RAW_PARTS, RIGHT_HAND
from signlet.meaning import Look, look_at
from signlet.pack import PackedSet
from signlet.quality.packed import look_at_row

BOTH_HANDS = "both_hands"
PARTS = ("face", "left_hand", "right_hand", BOTH_HANDS, "pose")
"""Parts in the order in which they are reported; both hands: neither was found."""
SAME = 1e-6
"""A frame repeats the one before it where no coordinate moves by more than this."""
FAR = 0.5
"""Far outside the picture: beyond its edge by more than this share of its size."""


@dataclass(frozen=True)
class ClipStatistics:
    """The statistics of one clip.

    frames: T of the recording. missing: part -> share of its landmarks not found, 0..1; for
    both hands the share of the frames without any hand, NaN if a packed set does not
    tell. hand_frames: frames with a hand, None if a packed set does not tell. repeated:
    share of the frame pairs that do not differ. outside: share of the face and hand
    landmarks far outside the picture; largest: greatest |x| or |y| of them (both NaN for a
    packed set, whose coordinates are standardised). digest: hash of the landmarks, equal
    for equal clips. remarks: as in `Clip`. look: what the
    hands tell (`signlet.meaning`).
    """

    name: str
    sign: str | None
    signer: str | None
    frames: int
    fps: float | None
    missing: dict[str, float]
    hand_frames: int | None
    repeated: float
    outside: float
    largest: float
    digest: str
    remarks: tuple[str, ...] = ()
    look: Look | None = None


def clip_statistics(clip: Clip) -> ClipStatistics:
    """Measure one clip."""
    hands = clip.hand_frames()
    missing = {part: _missing(clip.frames[:, rows, 0]) for part, rows in RAW_PARTS.items()}
    missing[BOTH_HANDS] = float(1 - hands.mean())
    outside, largest = _far_outside(clip.frames)
    return ClipStatistics(
        name=clip.name,
        sign=clip.sign,
        signer=clip.signer,
        frames=len(clip.frames),
        fps=clip.fps,
        missing={part: missing[part] for part in PARTS},
        hand_frames=int(hands.sum()),
        repeated=_repeated(clip.frames),
        outside=outside,
        largest=largest,
        digest=_digest(clip.frames),
        remarks=clip.remarks,
        look=look_at(clip.frames),
    )


def _missing(x: NDArray[np.float32]) -> float:
    return float(np.isnan(x).mean())


def _repeated(frames: NDArray[np.float32]) -> float:
    """Share of (T, P, 3)'s neighbouring frames that show the same; 0 for a single frame."""
    if len(frames) < 2:
        return 0.0
    before, after = frames[:-1], frames[1:]
    with np.errstate(over="ignore"):
        close = np.abs(after - before) <= SAME
    same = (close | (np.isnan(before) & np.isnan(after))).all((1, 2))
    something = ~np.isnan(after).all((1, 2))
    return float((same & something).mean())


def _far_outside(frames: NDArray[np.float32]) -> tuple[float, float]:
    """Of the face and hand landmarks of (T, 543, 3): share far outside, greatest |x| or |y|.

    The pose is left out: MediaPipe guesses legs and elbows below the picture.
    """
    parts = [frames[:, part, :2] for part in (FACE, LEFT_HAND, RIGHT_HAND)]
    points = np.concatenate(parts, axis=1)
    points = points[~np.isnan(points).any(2)]
    if not len(points):
        return 0.0, 0.0
    far = ((points < -FAR) | (points > 1 + FAR)).any(1)
    return float(far.mean()), float(np.abs(points).max())


def _digest(frames: NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(frames).tobytes()).hexdigest()[:16]


def packed_statistics(packed: PackedSet, row: int) -> ClipStatistics:
    """The same of a clip in a packed set, as far as its index and kept frames tell."""
    entry = packed.index.slice(row, 1).to_pylist()[0]
    start = int(packed.offsets[row])
    frames = packed.frames[start : start + int(packed.lengths[row])].astype(np.float32)
    missing = {part: float(entry[f"missing_{part}"]) for part in RAW_PARTS}
    raw_frames = int(entry["raw_frames"])
    hands = _packed_hand_frames(missing, raw_frames, len(frames), packed.max_len)
    missing[BOTH_HANDS] = np.nan if hands is None else 1 - hands / raw_frames
    return ClipStatistics(
        name=entry["name"],
        sign=entry["sign"] or None,
        signer=entry["signer"] or None,
        frames=raw_frames,
        fps=entry["fps"] or None,
        missing={part: missing[part] for part in PARTS},
        hand_frames=hands,
        repeated=_repeated(frames),
        outside=np.nan,
        largest=np.nan,
        digest=_digest(frames),
        remarks=tuple(entry["remarks"] or ()),
        look=look_at_row(packed, row),
    )


def _packed_hand_frames(
    missing: dict[str, float], raw_frames: int, kept: int, max_len: int
) -> int | None:
    """Frames with a hand: known where one hand never shows, or where no frame was thinned out."""
    left, right = missing["left_hand"], missing["right_hand"]
    if max(left, right) == 1:
        return round((1 - min(left, right)) * raw_frames)
    return kept if raw_frames <= max_len else None
