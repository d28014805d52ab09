"""Raw landmarks to model input: ONE definition for packing, training, recognition and export.

`Preprocess.forward` and `normalise` take one clip. `normalise_clips` takes several clips at
once, which costs a quarter of the time (a clip is so small that the price is the number of
operations); both run the same steps and give the same bits. `trace_clips` does it without
boolean indexing or data-dependent shapes, so that exporters can trace it, as they can
`forward`.

Frames are kept as rows of 300 numbers between the steps: a last dimension of 3 would make
every broadcast operation five times slower.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import torch
from torch import Tensor, nn

from signlet import landmarks

_NAN = float("nan")
_FLAT = 1e-6
"""A coordinate whose standard deviation over a whole clip is below this carries nothing."""
_SINGLE = len(landmarks.SINGLE)
_HANDS = int((landmarks.TYPE_IDS <= 2).sum())
"""The points of both hands come first."""
_MEAN_RUNS = [(len(list(run)), size) for size, run in groupby(map(len, landmarks.MEANS.values()))]
"""Means of equal size that follow each other, as (how many, size): one operation takes them."""


def frame_slots(keep: Tensor, max_len: int) -> tuple[Tensor, Tensor]:
    """Which frame goes into each of the `max_len` slots.

    keep: (..., T) bool, the frames that count; S of them. With S > max_len every n-th is taken,
        n = int(S / max_len + 1), those whose 1-based number is a multiple of n.
    Returns index (..., max_len) int64 into the T frames and mask (..., max_len) bool, True
    where the slot holds a frame; index is valid (clamped) in the other slots too.
    """
    count = keep.to(torch.int64).cumsum(-1)
    total = count[..., -1:]
    step = total // max_len + (total != max_len)  # 1 up to S = max_len, n beyond
    wanted = torch.arange(1, max_len + 1, device=keep.device) * step
    index = (count.unsqueeze(-2) < wanted.unsqueeze(-1)).sum(-1)
    return index.clamp(max=keep.shape[-1] - 1), wanted <= total


class Preprocess(nn.Module):
    """Drop frames without hands, thin out to `max_len`, choose 100 points, normalise, pad.

    Steps and numbers are those of the published system; a clip in which no hand is ever
    found keeps all its frames instead of failing.
    """

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
        Returns frames (max_len, 100, 3) float32, 0 where not found or padded, and mask
        (max_len,) bool, True where a frame is.
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
            return _standardise_padded(chosen.unsqueeze(0)).squeeze(0), mask
        return _standardise(chosen, [self.max_len]).unflatten(1, (-1, 3)), mask

    def trace_clips(self, raw: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """`forward` of several clips that lie back to back, for exporters.

        raw: (F, 543, 3) float32, NaN = not found. lengths: (B,) int64, frames of each, from 1;
            their sum is F.
        Returns frames (B, max_len, 100, 3), 0 where not found or padded, and mask
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
        frames = _standardise_padded(chosen + torch.where(mask, 0.0, _NAN).unsqueeze(2))
        return torch.where(torch.isnan(frames), torch.zeros_like(frames), frames), mask

    def normalise_clips(self, clips: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
        """`normalise` of several clips, without the padding.

        clips: B tensors (T, 543, 3) float32 with any T from 1, as for `forward`. Only one is held
            at a time, so they may be read on the way.
        Returns the kept frames of all clips back to back, (F, 100, 3) with NaN where not found,
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
        return _standardise(chosen, kept.tolist()).unflatten(1, (-1, 3)), kept

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


def _standardise(frames: Tensor, lengths: list[int]) -> Tensor:
    """Mean 0 and population standard deviation 1 per clip and coordinate, over what was found.

    frames: (F, 300), clips back to back; lengths: number of frames of each.
    """
    clips = _Clips(frames, lengths)
    points = clips.points(frames)
    count = clips.count(points).clamp(min=1)
    centred = frames - clips.spread(clips.sum(points) / count)
    points = clips.points(centred)
    std = (clips.sum(points * points) / count).sqrt()
    return centred * clips.spread(torch.where(std > _FLAT, 1 / std, 0.0))


def _standardise_padded(frames: Tensor) -> Tensor:
    """`_standardise` of (B, S, 300) with NaN where nothing is; returns (B, S, 100, 3)."""
    points = frames.unflatten(2, (-1, 3))
    count = (~torch.isnan(points)).sum((1, 2), keepdim=True).clamp(min=1)
    centred = points - _sum_found(points) / count
    square = _sum_found(centred * centred) / count
    # Runtimes add up less exactly than torch. What that leaves of the mean must not make a clip
    # that stands still one that moves.
    left = _sum_found(centred) / count
    moves = square - left * left > _FLAT**2
    return centred * torch.where(moves, 1 / square.sqrt(), 0.0)


def _sum_found(points: Tensor) -> Tensor:
    """(B, S, P, 3) -> (B, 1, 1, 3): sum of what is not NaN."""
    return torch.where(torch.isnan(points), 0.0, points).sum((1, 2), keepdim=True)


class _Clips:
    """Sums over what was found in each of B clips that lie back to back in (F, 300).

    z has mean 0.5 and deviation 0.002 in some recordings, so one unit in the last place of
    its mean moves the result by 3e-5. Summing the found points side by side gives the
    published system's rounding; a graph has no such compaction and may differ by that unit.
    """

    def __init__(self, frames: Tensor, lengths: list[int]) -> None:
        self._lengths = lengths
        x, y, z = (~torch.isnan(frames.view(-1, 3))).unbind(1)
        found = x | y | z
        self._whole = torch.equal(found, x & y & z)  # no point lacks one coordinate only
        rows = found.nonzero().squeeze(1)
        length = torch.tensor(lengths, device=frames.device)
        ends = torch.searchsorted(rows, length.cumsum(0) * landmarks.NUM_SELECTED)
        self._rows, self._parts = rows, ends.diff(prepend=ends.new_zeros(1))
        self._clip = torch.repeat_interleave(length, output_size=len(frames))

    def points(self, values: Tensor) -> Tensor:
        """(F, 300) -> (N, 3): the N points of which at least one coordinate was found."""
        return values.view(-1, 3).index_select(0, self._rows)

    def count(self, points: Tensor) -> Tensor:
        """(N, 3) -> (B, 3) or (B, 1): how many of them were found."""
        if self._whole:
            return self._parts.unsqueeze(1)
        return self.sum((~torch.isnan(points)).to(points.dtype))

    def sum(self, points: Tensor) -> Tensor:
        """(N, 3) -> (B, 3): sum of those that were found."""
        points = points if self._whole else points.nan_to_num(0.0)
        return torch.stack([part.sum(0) for part in points.split(self._parts.tolist())])

    def spread(self, values: Tensor) -> Tensor:
        """(B, 3) -> (F, 300) or, of a single clip, (1, 300)."""
        wide = values.repeat(1, landmarks.NUM_SELECTED)
        return wide if len(self._lengths) == 1 else wide.index_select(0, self._clip)
