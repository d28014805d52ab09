"""The preprocessing that runs: B clips (T, 543, C) in, frames (B, T', L, C) and masks (B, T') out.

The steps are those of `signlet.preprocess.reference`. Here the frames that stay are found by
counting (`frame_slots`), so that shapes follow from `max_len` alone and an exporter can trace
them; all clips of a batch go through together, since a clip is so small that the price is the
number of operations; and frames are rows of 300 numbers between the steps, since a last dimension
of 3 makes every broadcast operation five times slower. Measured: 2.6 times as fast for 16 clips at
once, but 0.7 times for one alone: that is the price of fixed shapes and of the same bits either
way (benchmarks/results/reference_speed.csv).

`Preprocess.forward` and `normalise` take one clip, `normalise_clips` several with the same bits,
`trace_clips` several for an exporter.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import torch
from torch import Tensor, nn

from signlet import landmarks
from signlet.preprocess.standardise import standardise, standardise_padded

_NAN = float("nan")
_SINGLE = len(landmarks.SINGLE)
_HANDS = int((landmarks.TYPE_IDS <= 2).sum())
"""The points of both hands come first."""
_MEAN_RUNS = [(len(list(run)), size) for size, run in groupby(map(len, landmarks.MEANS.values()))]
"""Means of equal size that follow each other, as (how many, size): one operation takes them."""


def frame_slots(keep: Tensor, max_len: int) -> tuple[Tensor, Tensor]:
    """Choose a frame for each of the `max_len` slots.

    keep: (..., T) bool, the frames that count; S of them. With S > max_len every n-th is taken,
        n = int(S / max_len + 1), those whose 1-based number is a multiple of n.
    Returns index (..., max_len) int64 into the T frames and mask (..., max_len) bool, True
    if the slot holds a frame; index is valid (clamped) in the other slots too.
    """
    count = keep.to(torch.int64).cumsum(-1)
    total = count[..., -1:]
    step = total // max_len + (total != max_len)  # 1 up to S = max_len, n beyond
    wanted = torch.arange(1, max_len + 1, device=keep.device) * step
    index = (count.unsqueeze(-2) < wanted.unsqueeze(-1)).sum(-1)
    return index.clamp(max=keep.shape[-1] - 1), wanted <= total


class Preprocess(nn.Module):
    """Drop frames without hands, thin out to `max_len`, choose 100 points, normalise, pad."""

    _points: Tensor

    def __init__(self, max_len: int = 25) -> None:
        super().__init__()
        if max_len < 2:
            # With one slot the thinning rule would drop every frame of most clips.
            raise ValueError(f"max_len is {max_len}; it must be at least 2")
        self.max_len = max_len
        points = [*landmarks.SINGLE, *(row for group in landmarks.MEANS.values() for row in group)]
        self.register_buffer("_points", torch.tensor(points), persistent=False)

    def forward(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Model input of one clip.

        raw: (T, 543, 3) float32, NaN = not found, any T from 1.
        Returns frames (max_len, 100, 3) float32, 0 if not found or padded, and mask
        (max_len,) bool, True if a frame is.
        """
        frames, mask = self.normalise(raw)
        return torch.where(torch.isnan(frames), torch.zeros_like(frames), frames), mask

    def normalise(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, but what was not found, and the padding, are NaN."""
        picked = raw.index_select(1, self._points)
        keep = _hand_found(picked)
        index, mask = frame_slots(keep | ~keep.any(), self.max_len)
        chosen = self._choose_points(picked.index_select(0, index))
        chosen = chosen + torch.where(mask, 0.0, _NAN).unsqueeze(1)
        if torch.compiler.is_compiling():
            return standardise_padded(chosen.unsqueeze(0)).squeeze(0), mask
        return standardise(chosen, [self.max_len]).unflatten(1, (-1, 3)), mask

    def trace_clips(self, raw: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """`forward` of several clips that are back to back, for exporters.

        raw: (F, 543, 3) float32, NaN = not found. lengths: (B,) int64, frames of each, from 1;
            their sum is F.
        Returns frames (B, max_len, 100, 3), 0 if not found or padded, and mask
        (B, max_len) bool. They may differ from `forward` by rounding.
        """
        picked = raw.index_select(1, self._points)
        ends = lengths.cumsum(0).unsqueeze(1)
        row = torch.arange(raw.shape[0], device=raw.device)
        own = (row < ends) & (row >= ends - lengths.unsqueeze(1))
        keep = own & _hand_found(picked)
        index, mask = frame_slots(keep | (own & ~keep.any(1, keepdim=True)), self.max_len)
        chosen = self._choose_points(picked.index_select(0, index.flatten()))
        chosen = chosen.unflatten(0, (-1, self.max_len))
        frames = standardise_padded(chosen + torch.where(mask, 0.0, _NAN).unsqueeze(2))
        return torch.where(torch.isnan(frames), torch.zeros_like(frames), frames), mask

    def normalise_clips(self, clips: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
        """`normalise` of several clips, without the padding.

        clips: B tensors (T, 543, 3) float32 with any T from 1, as for `forward`. Only one is held
            at a time, so they may be read on the way.
        Returns the kept frames of all clips back to back, (F, 100, 3) with NaN if not found,
        and their number in each clip, (B,) int64 from 1 to max_len.
        """
        picked = [clip.index_select(1, self._points) for clip in clips]
        if not picked:
            nothing = self._points.new_empty(0)
            return nothing.float().view(0, landmarks.NUM_SELECTED, 3), nothing
        points = torch.cat(picked)
        index, mask = self._slots_of_clips(_hand_found(points), [len(clip) for clip in picked])
        kept = mask.sum(1)
        chosen = self._choose_points(points.index_select(0, index[mask]))
        return standardise(chosen, kept.tolist()).unflatten(1, (-1, 3)), kept

    def _slots_of_clips(self, hand: Tensor, lengths: list[int]) -> tuple[Tensor, Tensor]:
        """`frame_slots` of B clips: index (B, max_len) into all their frames (F,), and mask."""
        length = torch.tensor(lengths, device=hand.device).unsqueeze(1)
        real = torch.arange(max(lengths), device=hand.device) < length
        keep = torch.zeros_like(real).masked_scatter(real, hand)
        index, mask = frame_slots(keep | (real & ~keep.any(1, keepdim=True)), self.max_len)
        return index + (length.cumsum(0) - length), mask

    def _choose_points(self, picked: Tensor) -> Tensor:
        """(S, P, 3) -> (S, 300): 95 points as they are, five means."""
        sizes = [_SINGLE, *(count * size for count, size in _MEAN_RUNS)]
        single, *groups = torch.split(picked, sizes, dim=1)
        runs = zip(groups, _MEAN_RUNS, strict=True)
        means = [group.unflatten(1, run).mean(2) for group, run in runs]
        return torch.cat([single, *means], dim=1).flatten(1)


def _hand_found(picked: Tensor) -> Tensor:
    """(T, P, 3) -> (T,) bool: at least one point of a hand was found."""
    return ~torch.isnan(picked[:, :_HANDS, 0]).all(1)
