"""Reading .pose files: components by name, scale, what is missing, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signlet.sources import read_clip
from signlet_testing.sources_data import HOLISTIC, Component, pose_bytes, refused, saved

ROWS = {
    "FACE_LANDMARKS": slice(0, 468),
    "LEFT_HAND_LANDMARKS": slice(468, 489),
    "POSE_LANDMARKS": slice(489, 522),
    "RIGHT_HAND_LANDMARKS": slice(522, 543),
}


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 4, 1, 0, 3)])
@pytest.mark.parametrize("face", [468, 478])
def test_pose_components_are_found_by_name(
    tmp_path: Path, order: tuple[int, ...], face: int
) -> None:
    components = [HOLISTIC[i] for i in order]
    components = [(n, face if n == "FACE_LANDMARKS" else p, f) for n, p, f in components]
    clip = read_clip(saved(tmp_path / "a.pose", pose_bytes(components)))
    assert (clip.fps, clip.frames.shape, clip.frames.dtype) == (25.0, (3, 543, 3), np.float32)
    for c, (name, _, _) in enumerate(components):
        if name not in ROWS:
            continue
        part = clip.frames[:, ROWS[name]]
        points = np.arange(part.shape[1], dtype=np.float32)
        found = points != 2
        assert np.isnan(part[:, 2]).all()
        np.testing.assert_allclose(
            part[:, found, 0], np.tile((1000 * c + points[found]) / 200, (3, 1)), rtol=1e-6
        )
        np.testing.assert_allclose(
            part[:, found, 1], np.arange(3)[:, None] / 100 + 0 * part[:, found, 1]
        )
        np.testing.assert_allclose(
            part[:, found, 2], np.tile(points[found] / 200, (3, 1)), rtol=1e-6
        )


@pytest.mark.parametrize("gone", ["FACE_LANDMARKS", "POSE_LANDMARKS"])
def test_pose_file_without_face_or_body_is_nan_there(tmp_path: Path, gone: str) -> None:
    components = [c for c in HOLISTIC if c[0] != gone]
    clip = read_clip(saved(tmp_path / "a.pose", pose_bytes(components)))
    assert np.isnan(clip.frames[:, ROWS[gone]]).all()
    assert not np.isnan(clip.frames[:, ROWS["LEFT_HAND_LANDMARKS"]]).all()


BAD_POSES: dict[str, tuple[list[Component], dict[str, object], str]] = {
    "hand absent": ([HOLISTIC[0], HOLISTIC[3]], {}, "no LEFT_HAND_LANDMARKS"),
    "no hand": ([HOLISTIC[0]], {}, "no LEFT_HAND_LANDMARKS and no RIGHT_HAND_LANDMARKS"),
    "other body": ([("BODY_135", 135, "XYC")], {}, "Holistic"),
    "reduced face": ([("FACE_LANDMARKS", 128, "XYZC"), *HOLISTIC[2:]], {}, "128 points"),
    "reduced hand": ([HOLISTIC[2], ("RIGHT_HAND_LANDMARKS", 20, "XYZC")], {}, "20 points"),
    "no depth": ([(n, p, "XYC") for n, p, _ in HOLISTIC], {}, "XYC"),
    "twice": ([HOLISTIC[2], *HOLISTIC[2:]], {}, "twice"),
    "nobody": (HOLISTIC, {"people": 0}, "0 people"),
    "no width": (HOLISTIC, {"size": (0, 100)}, "0 x 100"),
    "no frame": (HOLISTIC, {"count": 0}, "0 frames"),
}


@pytest.mark.parametrize("case", BAD_POSES)
def test_unusable_pose_file_is_one_clear_line(tmp_path: Path, case: str) -> None:
    components, options, words = BAD_POSES[case]
    path = saved(tmp_path / "bad.pose", pose_bytes(components, **options))  # type: ignore[arg-type]
    refused(path, words)


def test_pose_file_with_too_many_bytes_is_refused(tmp_path: Path) -> None:
    refused(saved(tmp_path / "a.pose", pose_bytes(HOLISTIC) + b"more"), "4 bytes too many")
