"""The model to learn from: landmarks (B, T, L, C) and mask (B, T) in, logits (B, K) out.

Every step of the published system is written here as its authors describe it, with the weights of
a `SignModel` and no trick. `SignModel` itself runs the fast modules beside this file; each says
at its top what it does otherwise. tests/test_reference.py holds both to the same numbers.

B clips, T frames, L = 100 landmarks, C = 3 coordinates, P landmarks of one part, D width,
H heads, d = D / H, K classes, E = 16 channels of an embedded landmark. "Ours" marks what the
published sizes do not have.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from signlet.landmarks import LANDMARK_IDS, PARTS, TYPE_IDS
from signlet.model.attention import DisentangledAttention
from signlet.model.embedding import LandmarkEmbedding
from signlet.model.frame_encoder import FrameEncoder, LinearNormAct
from signlet.model.hands import hand_shapes
from signlet.model.motion import moving
from signlet.model.recogniser import SignModel, TransformerLayer


def logits(model: SignModel, frames: Tensor, mask: Tensor) -> Tensor:
    """frames (B, T, L, C), 0 where nothing was found; mask (B, T), True = real -> (B, K)."""
    missing = model.config.max_len - frames.shape[1]
    frames = F.pad(frames, (0, 0, 0, 0, 0, missing))  # every clip is padded to max_len
    mask = F.pad(mask, (0, missing))
    points = embed(model.embedding, frames)
    hands = embed(model.embedding, hand_shapes(frames)) if model.config.hand_shapes else None
    moved = moving(frames * mask[..., None, None], model.config)  # ours, None by default
    hidden = encode(model.encoder, points, mask, hands, moved)
    for layer in model.layers:
        assert isinstance(layer, TransformerLayer)
        hidden = transform(layer, hidden, mask)
    mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    return model.classify(mean)  # one Linear; ours: or the nearest examples (head.py)


def embed(layer: LandmarkEmbedding, frames: Tensor) -> Tensor:
    """Say of each landmark which it is, where it is and how it moves: (B, T, L, C) -> (B, T, L, E).

    frames: padded to max_len, since the convolutions see the padding.
    """
    batch, length, points, _ = frames.shape
    types = layer.type_norm(layer.type_table(torch.from_numpy(TYPE_IDS)))
    landmarks = layer.landmark_norm(layer.landmark_table(torch.from_numpy(LANDMARK_IDS)))
    identity = torch.cat([types, landmarks], dim=1)[:points].expand(batch, length, -1, -1)
    position = frames
    if layer.conv_1 is not None and layer.conv_2 is not None:
        series = frames.permute(0, 2, 3, 1).flatten(0, 1)  # (B L, C, T): one for each landmark
        moved = layer.conv_2(layer.conv_1(series)).unflatten(0, (batch, points))
        position = torch.cat([frames, moved.permute(0, 3, 1, 2)], dim=3)  # (B, T, L, C + E)
    mixed: Tensor = layer.mix(torch.cat([identity, layer.position(position)], dim=3))
    return mixed


def encode(
    encoder: FrameEncoder,
    points: Tensor,
    mask: Tensor,
    hands: Tensor | None = None,
    moved: Tensor | None = None,
) -> Tensor:
    """Make one vector of each frame's landmarks, part by part: (B, T, L, E) -> (B, T, D).

    hands: ours; (B, T, 42, E), the shapes of both hands instead of their points.
    moved: ours; (B, T, F), motion and directions of bones, one more part.
    """

    def part(name: str, layer: LinearNormAct, centre: bool = encoder.centre) -> Tensor:
        own = points[:, :, PARTS[name]]  # (B, T, P, E)
        if hands is not None and name.endswith("hand"):
            own, centre = hands[:, :, PARTS[name]], False
        return features(layer, centred(own, mask) if centre else own, mask)

    # Signers favour one hand; the maximum makes either the same.
    hand = torch.maximum(
        part("left_hand", encoder.left_hand), part("right_hand", encoder.right_hand)
    )
    full = part("full", encoder.full, centre=False)
    lips, face = part("lips", encoder.lips), part("face", encoder.face)
    parts = [full, hand, lips, face]
    if encoder.moving is not None and moved is not None:
        parts.append(features(encoder.moving, moved.unsqueeze(3), mask))
    joined = torch.cat(parts, dim=2)
    return features(encoder.join, joined.unsqueeze(3), mask)


def centred(points: Tensor, mask: Tensor) -> Tensor:
    """Subtract the mean over a clip's real frames and a part's points: (B, T, P, E), as large."""
    real = mask[:, :, None, None]
    count = mask.sum(1)[:, None, None, None] * points.shape[2]
    return points - (points * real).sum((1, 2), keepdim=True) / count


def features(layer: LinearNormAct, points: Tensor, mask: Tensor) -> Tensor:
    """Linear, BatchNorm, Dropout, Mish of the real frames: (B, T, P, E) -> (B, T, D), else 0."""
    rows = points.flatten(2)[mask]  # (N, P E): padding is in no batch statistic
    rows = F.mish(layer.dropout(layer.norm(layer.linear(rows))))
    out = rows.new_zeros(*mask.shape, rows.shape[1])
    out[mask] = rows
    return out


def transform(layer: TransformerLayer, hidden: Tensor, mask: Tensor) -> Tensor:
    """One DeBERTa-v2 block: (B, T, D) -> (B, T, D'); its last residual lies before the Linear."""
    attended = layer.attention_out(attend(layer.attention, hidden, mask))
    hidden = layer.attention_norm(hidden + layer.dropout(attended))
    hidden = hidden + F.mish(layer.intermediate(hidden))
    normed: Tensor = layer.out_norm(layer.dropout(layer.out(hidden)))
    return normed


def attend(layer: DisentangledAttention, hidden: Tensor, mask: Tensor) -> Tensor:
    """Disentangled self-attention (He et al. 2021, arXiv:2006.03654): (B, T, D) -> (B, T, D).

    Equation 4 with content c and relative position r:
    ``A_ij = Qc_i . Kc_j + Qc_i . Kr_delta(i,j) + Kc_j . Qr_delta(i,j)``, and the output is
    ``softmax(A / sqrt(3 d)) Vc``. The paper prints delta(j,i) in the last term; its authors' code,
    and so the published model, has delta(i,j). Qr and Kr share their projections with Qc and Kc.
    """
    length, size = hidden.shape[1], hidden.shape[2] // layer.heads
    query, key, value = (_heads(x, size) for x in layer.qkv(hidden).chunk(3, dim=-1))
    scores = query @ key.mT  # content to content, (B, H, T, T)
    if layer.disentangled:
        table = layer.positions_norm(layer.positions.weight)  # (2 max_len, D)
        query_r, key_r, _ = (_heads(x, size) for x in layer.qkv(table).chunk(3, dim=-1))
        delta = relative_positions(length, layer.max_len).expand_as(scores)
        scores = scores + (query @ key_r.mT).gather(-1, delta)  # content to position
        scores = scores + (key @ query_r.mT).gather(-1, delta.mT).mT  # position to content
    scores = scores / math.sqrt((3 if layer.disentangled else 1) * size)
    scores = scores.masked_fill(~mask[:, None, None], -math.inf)
    return (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)


def _heads(x: Tensor, size: int) -> Tensor:
    """(..., T, D) -> (..., H, T, d)."""
    return x.unflatten(-1, (-1, size)).transpose(-3, -2)


def relative_positions(length: int, max_len: int) -> Tensor:
    """delta(i,j), (T, T): the row of the position table with which frame i looks at frame j."""
    rows = [[log_bucket(i - j, max_len) + max_len for j in range(length)] for i in range(length)]
    return torch.tensor(rows).clamp(0, 2 * max_len - 1)


def log_bucket(distance: int, max_len: int) -> int:
    """DeBERTa-v2's log bucket: near distances as they are, far ones in logarithmic steps."""
    middle = max_len // 2
    if abs(distance) <= middle:
        return distance
    share = math.log(abs(distance) / middle) / math.log((max_len - 1) / middle)
    return round(math.copysign(math.ceil(share * (middle - 1)) + middle, distance))
