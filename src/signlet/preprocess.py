"""Raw landmarks to model input: ONE definition for packing, training, recognition and export.

Written without boolean indexing or data-dependent shapes, so that the same module is
traced by the exporters.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from signlet import landmarks

_NAN = float("nan")
_FLAT = 1e-6
"""A coordinate whose standard deviation over a whole clip is below this carries nothing."""


def frame_slots(keep: Tensor, max_len: int) -> tuple[Tensor, Tensor]:
    """Which frame goes into each of the `max_len` slots.

    keep: (T,) bool, the frames that count; S of them. With S > max_len every n-th is taken,
        n = int(S / max_len + 1), those whose 1-based number is a multiple of n.
    Returns index (max_len,) int64 into the T frames and mask (max_len,) bool, True where
    the slot holds a frame; index is valid (clamped) in the other slots too.
    """
    count = torch.cumsum(keep.to(torch.int64), 0)
    total = count[-1]
    step = torch.where(total > max_len, total // max_len + 1, torch.ones_like(total))
    wanted = torch.arange(1, max_len + 1, device=keep.device) * step
    index = (count.unsqueeze(0) < wanted.unsqueeze(1)).sum(1)
    return index.clamp(max=keep.shape[0] - 1), wanted <= total


class Preprocess(nn.Module):
    """Drop frames without hands, thin out to `max_len`, choose 100 points, normalise, pad.

    Steps and numbers are those of the published system; a clip in which no hand is ever
    found keeps all its frames instead of failing.
    """

    _hands: Tensor
    _points: Tensor

    def __init__(self, max_len: int = 25) -> None:
        super().__init__()
        if max_len < 1:
            raise ValueError(f"max_len is {max_len}; it must be at least 1")
        self.max_len = max_len
        hands = [
            *range(landmarks.LEFT_HAND.start, landmarks.LEFT_HAND.stop),
            *range(landmarks.RIGHT_HAND.start, landmarks.RIGHT_HAND.stop),
        ]
        groups = list(landmarks.MEANS.values())
        self._sizes = [len(group) for group in groups]
        self._constant("_hands", torch.tensor(hands))
        self._constant("_points", torch.tensor([*landmarks.SINGLE, *sum(groups, ())]))

    def _constant(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value, persistent=False)

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
        hands_x = raw[:, :, 0].index_select(1, self._hands)
        keep = (~torch.isnan(hands_x)).any(1)
        index, mask = frame_slots(keep | ~keep.any(), self.max_len)
        chosen = self._choose_points(raw.index_select(0, index))
        return self._standardise(torch.where(mask[:, None, None], chosen, _NAN)), mask

    def _choose_points(self, frames: Tensor) -> Tensor:
        """(S, 543, 3) -> (S, 100, 3): 95 points as they are, five means."""
        single = len(landmarks.SINGLE)
        picked = torch.split(frames.index_select(1, self._points), [single, *self._sizes], dim=1)
        return torch.cat([picked[0], *(group.mean(1, keepdim=True) for group in picked[1:])], dim=1)

    @staticmethod
    def _standardise(frames: Tensor) -> Tensor:
        """Mean 0 and population standard deviation 1 per coordinate, over what was found."""
        found = ~torch.isnan(frames)
        count = found.sum((0, 1)).clamp(min=1)
        centred = frames - _sum_found(frames, found) / count
        std = (_sum_found(centred * centred, found) / count).sqrt()
        return centred * torch.where(std > _FLAT, 1 / std, 0.0)


def _sum_found(values: Tensor, found: Tensor) -> Tensor:
    """Sum of (S, L, 3) over what was found, per coordinate.

    z has mean 0.5 and deviation 0.002 in some recordings, so one unit in the last place of
    its mean moves the result by 3e-5. Summing the found points side by side gives the
    published system's rounding; a graph has no such compaction and may differ by that unit.
    """
    zeroed = torch.where(found, values, 0.0).flatten(0, 1)
    if torch.compiler.is_compiling():
        return zeroed.sum(0)
    return zeroed[found.any(2).flatten()].sum(0)
