"""Each selected point of each frame to 16 numbers: which point it is, where it is and moves."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signlet.landmarks import LANDMARK_IDS, NUM_SELECTED, TYPE_IDS

EMBED = 16
_HIDDEN = 8
_KERNEL = 5
_NUM_TYPES = 9


class LandmarkEmbedding(nn.Module):
    """Type, landmark and position of every point, mixed into `EMBED` channels.

    Nothing in here is non-linear in the coordinates, so the layers after the first
    convolution are folded into a single one; only the small weights are multiplied.
    """

    _types: Tensor
    _landmarks: Tensor

    def __init__(self, max_len: int, position_convolutions: bool = True) -> None:
        super().__init__()
        self.max_len = max_len
        self.type_table = nn.Embedding(_NUM_TYPES, EMBED, padding_idx=0)
        self.type_norm = nn.LayerNorm(EMBED)
        self.landmark_table = nn.Embedding(NUM_SELECTED + 1, EMBED, padding_idx=0)
        self.landmark_norm = nn.LayerNorm(EMBED)
        self.conv_1 = self.conv_2 = None
        channels = 3
        if position_convolutions:
            self.conv_1 = nn.Conv1d(3, _HIDDEN, _KERNEL, padding=2, bias=False)
            self.conv_2 = nn.Conv1d(_HIDDEN, EMBED, _KERNEL, padding=2, bias=False)
            channels += EMBED
        self.position = nn.Linear(channels, EMBED)
        self.mix = nn.Linear(3 * EMBED, EMBED)
        self.register_buffer("_types", torch.from_numpy(TYPE_IDS), persistent=False)
        self.register_buffer("_landmarks", torch.from_numpy(LANDMARK_IDS), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, 100, 3), 0 where nothing is, T <= max_len -> (B, T, 100, 16)."""
        to_identity, to_position = self.mix.weight.split([2 * EMBED, EMBED], dim=1)
        weight = to_position @ self.position.weight
        bias = F.linear(self._identity(), to_identity, self.mix.bias)
        bias = bias + to_position @ self.position.bias
        if self.conv_1 is None or self.conv_2 is None:
            return F.linear(frames, weight) + bias
        return self._convolve(frames, weight) + bias

    def _identity(self) -> Tensor:
        """(100, 32): what each point is, apart from where it is."""
        types = self.type_norm(self.type_table(self._types))
        return torch.cat([types, self.landmark_norm(self.landmark_table(self._landmarks))], dim=1)

    def _convolve(self, frames: Tensor, weight: Tensor) -> Tensor:
        """Both convolutions and the linear map behind them.

        Channels-last, so that (B, T, 100, C) is convolved in place, without a transpose.
        Up to two empty frames are added, because the first convolution reaches into them
        and the second reads them back: the answer is that of the clip padded to max_len.
        """
        assert self.conv_1 is not None
        assert self.conv_2 is not None
        length = frames.shape[1]
        padded = F.pad(frames, (0, 0, 0, 0, 0, min(2, self.max_len - length)))
        image = padded.permute(0, 3, 1, 2)
        from_xyz, from_hidden = weight.split([3, EMBED], dim=1)
        second = torch.einsum("oe,ehk->ohk", from_hidden, self.conv_2.weight)
        centre = F.pad(from_xyz[:, :, None], (2, 2))
        hidden = F.conv2d(image, self.conv_1.weight[..., None], padding=(2, 0))
        joined = torch.cat([hidden, image], dim=1)
        out = F.conv2d(joined, torch.cat([second, centre], dim=1)[..., None], padding=(2, 0))
        return out.permute(0, 2, 3, 1)[:, :length]
