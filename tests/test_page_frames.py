"""The page sees every frame of a video, with times that can be true, as Python does."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signlet.web
from signlet_testing import PATIENCE

WEB = Path(signlet.web.__file__).parent
RUNNER = Path(__file__).parent / "frames_runner.mjs"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs node")


def moved_through(
    times: list[float], duration: float | None = None, late: bool = False
) -> dict[str, Any]:
    """Numbers of the frames that were seen, the times given to them, and how often was sought."""
    end = times[-1] + 0.03 if duration is None else duration
    given = json.dumps([{"times": times, "duration": end, "late": late}])
    call = [str(NODE), str(RUNNER), str(WEB)]
    ran = subprocess.run(
        call, input=given, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    found: dict[str, Any] = json.loads(ran.stdout)[0]
    return found


@pytest.mark.parametrize("rate", [5, 10, 23.976, 25, 30, 50, 59.94, 66, 90, 120, 144, 240])
@pytest.mark.parametrize("start", [0, 0.08, 60, 900])
def test_every_frame_is_seen_once_and_times_start_at_0(rate: float, start: float) -> None:
    times = start + np.arange(40) / rate
    found = moved_through(times.tolist(), float(times[-1] + 1 / rate))
    assert found["seen"] == list(range(40))
    assert found["said"] == pytest.approx(np.arange(40) / rate, abs=1e-6)
    assert found["seeks"] < 100


@pytest.mark.parametrize("rate", [6, 25, 59.94])
def test_a_frame_that_is_drawn_late_is_waited_for(rate: float) -> None:
    """A busy browser still shows the frame before when it says that it has sought."""
    times = np.arange(40) / rate
    found = moved_through(times.tolist(), float(times[-1] + 1 / rate), late=True)
    assert found["seen"] == list(range(40))


@pytest.mark.parametrize("rate", [300, 480, 1000])
def test_a_rate_that_no_camera_has_is_taken_for_25(rate: float) -> None:
    times = np.arange(40) / rate
    found = moved_through(times.tolist(), float(times[-1] + 1 / rate))
    assert found["seen"] == list(range(40))
    assert found["said"] == pytest.approx(np.arange(40) / 25)


@pytest.mark.parametrize("pause", [0.2, 1.92, 7.0])
def test_after_a_pause_of_the_camera_every_frame_is_seen(pause: float) -> None:
    times = np.cumsum([0, 0.04, 0.033, 0.04, pause, 0.04, 0.033, pause, 0.04, 0.04])
    found = moved_through(times.tolist())
    assert found["seen"] == list(range(10))
    assert found["said"] == pytest.approx(times, abs=1e-6)


def test_a_frame_too_many_changes_no_times() -> None:
    times = [0, 0.04, 0.08, 0.081, 0.12, 2.0, 2.04, 2.08]
    found = moved_through(times)
    assert found["said"] == pytest.approx([times[number] for number in found["seen"]])
    assert set(found["seen"]) >= {0, 1, 4, 5, 6, 7}


def test_a_file_of_landmarks_with_such_a_rate_is_taken_for_25_too(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).random((9, 543, 3), np.float32)
    usual = np.arange(9) / 25
    files: list[tuple[dict[str, Any], Any]] = [
        ({"fps": 1000.0}, usual),
        ({"fps": 50.0}, usual / 2),
        ({"fps": 240.0}, np.arange(9) / 240),
        ({"fps": 1000.0, "times": np.arange(9) / 1000}, usual),
        ({"fps": 25.0, "times": np.arange(9) / 1000}, usual),
        ({"fps": 25.0, "times": np.arange(9) / 30}, np.arange(9) / 30),
        ({}, usual),
    ]
    paths = [tmp_path / f"{number}.npz" for number in range(len(files))]
    for path, (arrays, _) in zip(paths, files, strict=True):
        np.savez(path, landmarks=frames, **arrays)
    call = [str(NODE), str(RUNNER.with_name("clips_runner.mjs")), str(WEB), *map(str, paths)]
    ran = subprocess.run(call, capture_output=True, text=True, check=True, timeout=PATIENCE)
    for times, (_, expected) in zip(json.loads(ran.stdout), files, strict=True):
        assert times == pytest.approx(expected)
