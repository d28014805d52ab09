"""What is said about a recording, and that nothing is said about a good one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from signlet.errors import SignletError
from signlet.landmarks import LEFT_HAND, MIRROR, NUM_RAW, POSE, RIGHT_HAND
from signlet.video.extraction import Extraction
from signlet.video.quality import VideoQuality, mirrored, video_quality, warnings_of
from signlet.video.tasks import frame_of


def good(count: int = 50) -> Extraction:
    """A signer in a picture of 640 x 480 whose right hand moves most."""
    frames = np.full((count, NUM_RAW, 3), 0.5, np.float32)
    points = {0: (0.5, 0.3), 11: (0.65, 0.6), 12: (0.35, 0.6), 15: (0.7, 0.9), 16: (0.3, 0.7)}
    for point, place in points.items():
        frames[:, POSE.start + point, :2] = place
    sway = 0.2 * np.sin(np.arange(count) / 4)
    frames[:, LEFT_HAND, :2] = (0.7, 0.9)
    frames[:, RIGHT_HAND, :2] = np.stack([0.3 + sway, np.full(count, 0.7)], 1)[:, None]
    times = np.arange(count) / 25
    return Extraction(frames, times, 640, 480, 0.5, "stub 1", promised=count / 25)


def kinds(extraction: Extraction) -> list[str]:
    return [kind for kind, _ in warnings_of(video_quality(extraction))]


def without(extraction: Extraction, rows: slice, share: float = 1.0) -> Extraction:
    frames = extraction.frames.copy()
    frames[: round(share * len(frames)), rows] = np.nan
    return replace(extraction, frames=frames)


def test_a_good_recording_has_no_warning() -> None:
    quality = video_quality(good())
    assert list(warnings_of(quality)) == []
    assert (quality.frames, quality.seconds, quality.fps) == (50, 2.0, 25.0)
    assert (quality.face, quality.left_hand, quality.right_hand, quality.hands) == (1, 1, 1, 1)
    assert quality.shoulders == pytest.approx(0.3 * 640 / 480)
    assert quality.tilt == 0
    assert quality.leading == "right"


def test_nobody_no_hands_and_few_hands_are_told_apart() -> None:
    assert kinds(without(good(), slice(None))) == ["nobody"]
    handless = without(without(good(), LEFT_HAND), RIGHT_HAND)
    assert kinds(handless) == ["no hands"]
    assert video_quality(handless).leading == "none"
    assert kinds(without(without(good(), LEFT_HAND, 0.9), RIGHT_HAND, 0.9)) == ["few hands"]
    assert kinds(without(good(), LEFT_HAND)) == []


def test_shares_are_those_of_frames() -> None:
    quality = video_quality(without(without(good(), LEFT_HAND, 0.5), RIGHT_HAND, 0.2))
    assert (quality.left_hand, quality.right_hand, quality.hands) == (0.5, 0.8, 0.8)


def test_low_light_slow_and_dropped_frames() -> None:
    assert kinds(replace(good(), brightness=0.1)) == ["low light"]
    assert kinds(replace(good(), times=np.arange(50) / 10)) == ["low frame rate"]
    steps = np.where(np.arange(50) % 5, 0.04, 0.12)
    assert kinds(replace(good(), times=np.cumsum(steps))) == ["dropped frames"]


def test_tiny_signer() -> None:
    small = good()
    small.frames[..., :2] = 0.5 + 0.2 * (small.frames[..., :2] - 0.5)
    assert kinds(small) == ["tiny signer"]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_picture_that_lies_on_its_side_or_head(turns: int) -> None:
    x, y = good().frames[..., 0] - 0.5, good().frames[..., 1] - 0.5
    for _ in range(turns):
        x, y = y.copy(), -x
    frames = good().frames.copy()
    frames[..., 0], frames[..., 1] = x + 0.5, y + 0.5
    turned = replace(good(), frames=frames, width=480, height=480)
    assert "turned" in kinds(turned)
    assert video_quality(turned).tilt == pytest.approx(180 if turns == 2 else 90)


def test_hands_at_the_wrong_wrists() -> None:
    frames = good().frames.copy()
    frames[:, LEFT_HAND], frames[:, RIGHT_HAND] = (
        good().frames[:, RIGHT_HAND],
        good().frames[:, LEFT_HAND],
    )
    assert "sides swapped" in kinds(replace(good(), frames=frames))


def test_a_mirrored_camera_is_suspected_where_the_left_hand_nearly_always_leads() -> None:
    frames = good().frames[:, MIRROR].copy()
    frames[..., 0] = 1 - frames[..., 0]
    right, left = video_quality(good()), video_quality(replace(good(), frames=frames))
    assert (left.leading, left.swapped) == ("left", False)
    assert set(mirrored({"anna": [left] * 9 + [right], "bob": [right] * 4 + [left]})) == {"anna"}
    assert mirrored({"anna": [replace(left, leading="both")] * 5}) == {}


def test_one_frame_can_be_measured() -> None:
    quality = video_quality(good(1))
    assert quality.fps is None
    assert quality.late == 0
    assert isinstance(quality, VideoQuality)


# --- MediaPipe Tasks ---------------------------------------------------------------------
def points(count: int, base: float) -> list[SimpleNamespace]:
    return [SimpleNamespace(x=base + i / 1000, y=i / 1000, z=-i / 1000) for i in range(count)]


def result(**changed: list[SimpleNamespace]) -> SimpleNamespace:
    """The lists of a HolisticLandmarkerResult, by their names and lengths."""
    lists = {
        "face_landmarks": points(478, 0),
        "left_hand_landmarks": points(21, 1),
        "pose_landmarks": points(33, 2),
        "right_hand_landmarks": points(21, 3),
    }
    return SimpleNamespace(**{**lists, **changed})


def test_a_result_of_tasks_has_the_lists_that_are_read() -> None:
    from mediapipe.tasks.python.vision import HolisticLandmarkerResult

    assert set(vars(result())) <= set(HolisticLandmarkerResult.__dataclass_fields__)


def test_478_face_points_are_cut_to_468_and_every_part_lies_in_its_rows() -> None:
    frame = frame_of(result())
    assert (frame.shape, frame.dtype) == ((NUM_RAW, 3), np.float32)
    expected = np.concatenate([b + np.arange(n) / 1000 for b, n in ((0, 468), (1, 21))])
    np.testing.assert_allclose(frame[:489, 0], expected, atol=1e-6)
    np.testing.assert_allclose(frame[POSE.start, 0], 2, atol=1e-6)
    np.testing.assert_allclose(frame[RIGHT_HAND.stop - 1], (3.02, 0.02, -0.02), atol=1e-6)
    np.testing.assert_array_equal(frame, frame_of(result(face_landmarks=points(468, 0))))


def test_a_part_that_was_not_found_is_nan() -> None:
    frame = frame_of(result(left_hand_landmarks=[]))
    assert np.isnan(frame[LEFT_HAND]).all()
    assert not np.isnan(np.delete(frame, np.r_[LEFT_HAND], 0)).any()


@pytest.mark.parametrize("part", ["face_landmarks", "pose_landmarks", "right_hand_landmarks"])
def test_another_schema_is_refused(part: str) -> None:
    with pytest.raises(SignletError, match=f"{part} has 17 points"):
        frame_of(result(**{part: points(17, 0)}))
