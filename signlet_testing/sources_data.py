"""Helpers of the sources' tests: made files, and the check of a refusal."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from pose_format import Pose
from pose_format.numpy import NumPyPoseBody
from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

from signlet.errors import ClipError
from signlet.sources import ClipRef, Source, read_clip

Component = tuple[str, int, str]
HOLISTIC: list[Component] = [
    ("POSE_LANDMARKS", 33, "XYZC"),
    ("FACE_LANDMARKS", 478, "XYZC"),
    ("LEFT_HAND_LANDMARKS", 21, "XYZC"),
    ("RIGHT_HAND_LANDMARKS", 21, "XYZC"),
    ("POSE_WORLD_LANDMARKS", 33, "XYZC"),
]


def pose_bytes(
    components: list[Component],
    count: int = 3,
    people: int = 1,
    size: tuple[int, int] = (200, 100),
) -> bytes:
    """Point p of component c in frame t lies at pixel (1000 c + p, t, p); p == 2 is missing."""
    header = PoseHeader(
        0.2,
        PoseHeaderDimensions(*size, 0),
        [
            PoseHeaderComponent(name, [str(i) for i in range(points)], [], [], form)
            for name, points, form in components
        ],
    )
    dims = max(len(form) for _, _, form in components) - 1
    x = np.concatenate(
        [1000 * c + np.arange(points) for c, (_, points, _) in enumerate(components)]
    )
    p = np.concatenate([np.arange(points) for _, points, _ in components])
    data = np.zeros((count, people, len(x), dims), np.float32)
    data[..., 0], data[..., 1] = x, np.arange(count)[:, None, None]
    if dims > 2:
        data[..., 2] = p
    confidence = np.broadcast_to(p != 2, data.shape[:3]).astype(np.float32)
    file = io.BytesIO()
    Pose(header, NumPyPoseBody(25, data, confidence)).write(file)
    return file.getvalue()


def saved(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def refused(path: Path, words: str = "") -> None:
    """The file is refused in one line that names it."""
    with pytest.raises(ClipError) as caught:
        read_clip(path)
    message = str(caught.value)
    assert str(path) in message
    assert words in message
    assert "\n" not in message


def labels(refs: list[ClipRef]) -> list[tuple[str, str | None, str | None]]:
    return [(ref.name, ref.sign, ref.signer) for ref in refs]


def same_in_a_worker(source: Source) -> None:
    copy = pickle.loads(pickle.dumps(source))
    assert copy.refs() == source.refs()
    assert len(pickle.dumps(source)) < 5_000, "a source travels with every task"
