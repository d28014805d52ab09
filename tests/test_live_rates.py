"""`signlet live` on files whose rates or ends are wrong: it says so, and finds the signs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from signlet.clip.remarks import CUT, NO_RATE
from signlet.extract.files import write_extraction
from signlet.live.inputs import Input, open_input
from signlet.video import extractors
from signlet.video.extraction import Extraction
from signlet.video.extractors import Choice
from signlet_testing.odd_videos import noise, write
from signlet_testing.videos import Stub


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extractor that needs no MediaPipe."""

    @contextmanager
    def start(choice: Choice) -> Iterator[Stub]:
        yield Stub()

    monkeypatch.setattr(extractors, "started", start)


def times_of(opened: Input) -> list[float]:
    return [frame.time for frame in opened.frames]


@pytest.mark.parametrize("kind", [".mp4", ".mkv", ".webm", ".ts"])
def test_a_video_of_a_wrong_rate_plays_at_25(tmp_path: Path, started: None, kind: str) -> None:
    path = write(tmp_path / f"a{kind}", 30, rate=1000)
    with open_input(str(path)) as opened:
        assert times_of(opened) == pytest.approx(np.arange(30) / 25)
        assert [note for note in opened.notes if "assumes 25 frames a second" in note]
        assert opened.remarks() == ()


@pytest.mark.parametrize("fps", [300.0, 1000.0])
def test_landmarks_of_a_wrong_rate_play_at_25(tmp_path: Path, fps: float) -> None:
    class Fast(Extraction):
        @property
        def fps(self) -> float:
            return fps

    frames = np.random.default_rng(0).random((30, 543, 3), np.float32)
    path = tmp_path / "a.pose"
    write_extraction(Fast(frames, np.arange(30) / fps, 640, 480, 0.5, "stub"), path)
    with open_input(str(path)) as opened:
        assert times_of(opened) == pytest.approx(np.arange(30) / 25)
        assert [note for note in opened.notes if NO_RATE in note]


@pytest.mark.parametrize("name", ["clip", "clip.mp4.part", "a.mov"])
def test_a_broken_video_plays_to_where_it_breaks_off(
    tmp_path: Path, started: None, name: str
) -> None:
    whole = write(tmp_path / "whole.mp4", 25, picture=noise).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[: len(whole) * 6 // 10])
    with open_input(str(path)) as opened:
        times = times_of(opened)
        assert 5 < len(times) < 20
        assert times == pytest.approx(np.arange(len(times)) / 25)
        assert opened.notes == ()
        assert opened.remarks() == (CUT,)


def test_a_good_video_has_nothing_to_be_said_of(tmp_path: Path, started: None) -> None:
    path = write(tmp_path / "a.mkv", 25, start=60, options={"avoid_negative_ts": "disabled"})
    with open_input(str(path)) as opened:
        assert times_of(opened) == pytest.approx(np.arange(25) / 25, abs=0.001)
        assert (opened.notes, opened.remarks()) == ((), ())
