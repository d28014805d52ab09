"""The quality of one clip."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from signlet.clip import Clip, advised
from signlet.errors import SignletError
from signlet.meaning import tells_meaning
from signlet.preprocess import frame_slots
from signlet.quality.checks import check_clip
from signlet.quality.clip_statistics import clip_statistics

USUAL_LEN = 16
"""Frames that models of the recipes small and demo take, and the one that comes with signlet."""


@dataclass(frozen=True)
class ClipQuality:
    """The quality of one clip.

    seconds: None if fps is not known. missing: part -> share of its landmarks not
    found, for both hands of frames without any hand.
    hand_frames: frames with a hand. kept: frames that a model with `max_len` slots sees.
    problems: what makes the clip suspicious, in words, and remarks on it (`Clip.remarks`).
    """

    name: str
    sign: str | None
    signer: str | None
    frames: int
    fps: float | None
    seconds: float | None
    missing: dict[str, float]
    hand_frames: int
    max_len: int
    kept: int
    problems: tuple[str, ...]


def clip_quality(clip: Clip, max_len: int = USUAL_LEN) -> ClipQuality:
    """Look at one clip; max_len: frames that a model takes, which decides how many are kept.

    Raises SignletError if it is below 1.
    """
    if max_len < 1:
        raise SignletError(f"max_len is {max_len}; a model takes at least 1 frame")
    facts = clip_statistics(clip)
    said = [one for one in facts.remarks if not tells_meaning(one)]  # which check_clip says
    hands = torch.from_numpy(clip.hand_frames())
    _, mask = frame_slots(hands | ~hands.any(), max_len)
    return ClipQuality(
        name=clip.name,
        sign=clip.sign,
        signer=clip.signer,
        frames=facts.frames,
        fps=clip.fps,
        seconds=facts.frames / clip.fps if clip.fps else None,
        missing=facts.missing,
        hand_frames=int(hands.sum()),
        max_len=max_len,
        kept=int(mask.sum()),
        problems=(
            *(f"{one.problem}: {one.detail}" for one in check_clip(facts)),
            *map(advised, dict.fromkeys(said)),
        ),
    )
