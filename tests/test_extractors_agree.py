"""MediaPipe 0.10.21 and MediaPipe 1.x give the same landmarks, whichever this Python has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.video.bundle.make import made_bundle
from signlet.video.extractors import Choice, Extractor, started
from signlet.video.frames import read_frames
from signlet.video.tasks import Tasks
from signlet_testing.extractors import GOLDEN, apart, drawn

VIDEOS = Path(__file__).parents[1].parent / "shared" / "data" / "videos"
LANDMARKS = os.environ.get("SIGNLET_HOLISTIC_LANDMARKS", "")
"""Folder that MediaPipe 0.10.21 extracted the videos to, as .npz; .ci/run makes it."""
MOST = 4
"""Real videos that are looked at."""


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    choice = Choice()
    try:
        choice.resolved()
    except SignletError:
        made_bundle()  # with MediaPipe 1.x; needs the package index, once
    with started(choice) as found:
        yield found


def close(one: NDArray[np.float32], other: NDArray[np.float32], name: str = "") -> None:
    for part, (same, distances) in apart(one, other).items():
        assert same >= 0.9, f"{name}: {part} found in other frames"
        if len(distances):
            assert np.median(distances) < 5e-4, f"{name}: {part}"
            assert np.quantile(distances, 0.9) < 4e-3, f"{name}: {part}"


def test_a_drawn_signer_has_the_golden_landmarks(extractor: Extractor) -> None:
    with np.load(GOLDEN) as golden:
        expected = golden["landmarks"]
    extractor.forget()
    close(drawn(extractor), expected)
    assert np.isfinite(expected[:, :468]).all(), "the golden face is there"


def test_what_was_seen_before_changes_nothing(extractor: Extractor) -> None:
    extractor.forget()
    first = drawn(extractor)
    extractor.forget()
    np.testing.assert_array_equal(drawn(extractor), first)


@pytest.mark.skipif(not LANDMARKS, reason="SIGNLET_HOLISTIC_LANDMARKS names no landmarks")
def test_real_signers_have_the_same_landmarks_on_every_python(extractor: Extractor) -> None:
    files = sorted(Path(LANDMARKS).glob("*.npz"))[:MOST]
    assert files, f"{LANDMARKS} holds no .npz"
    for file in files:
        extractor.forget()
        pictures = read_frames(VIDEOS / f"{file.stem}.mp4")
        found = np.stack([extractor(picture.image) for picture in pictures])
        close(found, np.load(file)["landmarks"], file.stem)


def test_it_is_mediapipe_1_where_there_are_no_solutions(extractor: Extractor) -> None:
    new = not extractor.version.startswith("0.")
    assert isinstance(extractor, Tasks) == new


@pytest.mark.parametrize("end", ["", "; find.close()", "; raise SystemExit"])
def test_the_end_of_a_process_is_quiet(extractor: Extractor, end: str) -> None:
    code = (
        "import numpy as np; from signlet.video.extractors import Choice, opened; "
        f"find = opened(Choice()); find(np.zeros((64, 64, 3), np.uint8)){end}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
