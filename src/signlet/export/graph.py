"""The whole recogniser as one module for exporters: raw landmarks in, answers out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from signlet.export.frozen import FrozenModel
from signlet.model import SignModel, joint_embedding
from signlet.modelfile.averaging import Average
from signlet.preprocess import Preprocess

WHOLE = -1
"""As a length: all frames that there are."""
_LEAST = torch.finfo(torch.float32).tiny


class RecogniserGraph(nn.Module):
    """Preprocessing, members and their average; the cost follows the frames that are kept.

    models: eval-mode members, maybe of different `max_len`. average: how their answers
    become one. embedding: give that too.
    """

    def __init__(
        self, models: Sequence[SignModel], average: Average, embedding: bool = False
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(FrozenModel(model) for model in models)
        self.max_lens = [model.config.max_len for model in models]
        self.preprocess = nn.ModuleDict({str(n): Preprocess(n) for n in set(self.max_lens)})
        self.average, self.embedding = average, embedding
        self.eval()

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        """Probabilities, and maybe embeddings, of clips that are back to back.

        inputs: (F, 543, 3) float32 raw landmarks, NaN = not found.
        lengths: (B,) int64, frames of each clip; `WHOLE` stands for F.
        Returns (B, K), and (B, D) with `embedding`.
        """
        lengths = torch.where(lengths == WHOLE, inputs.shape[0], lengths)
        ready = {name: _trimmed(one, inputs, lengths) for name, one in self.preprocess.items()}
        features, logits = [], []
        for member, max_len in zip(self.members, self.max_lens, strict=True):
            assert isinstance(member, FrozenModel)
            features.append(member.features(*ready[str(max_len)]))
            logits.append(member.classify(features[-1]))
        answer = averaged([one.softmax(1) for one in logits], self.average)
        return (answer, joint_embedding(features)) if self.embedding else (answer,)


def _trimmed(preprocess: nn.Module, raw: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Frames (B, T, 100, 3) and mask (B, T) with T = what the longest clip keeps."""
    assert isinstance(preprocess, Preprocess)
    frames, mask = preprocess.trace_clips(raw, lengths)
    longest = cast(int, mask.sum(1).max().item())  # int() would need its value
    torch._check(longest >= 1)
    torch._check(longest <= preprocess.max_len)
    return frames.narrow(1, 0, longest), mask.narrow(1, 0, longest)


def averaged(probabilities: Sequence[Tensor], average: Average) -> Tensor:
    """`signlet.modelfile.averaging.Average.of` in torch: members' (B, K) -> (B, K)."""
    parts = [
        averaged(probabilities, part) if isinstance(part, Average) else probabilities[part]
        for part in average.parts
    ]
    if average.kind == "softmax":
        return torch.stack(parts).mean(0)
    return torch.stack([part.clamp(min=_LEAST).log() for part in parts]).mean(0).softmax(1)
