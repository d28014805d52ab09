"""A stretch of a recording: its frames, and a clip cut out of a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signlet.clip import Clip, advised
from signlet.clip.remarks import BEYOND, NO_RATE
from signlet.clip.span import Span
from signlet.errors import ClipError
from signlet.sources import ClipRef, read_ref, write_clip


@pytest.mark.parametrize(
    ("span", "fps", "rows"),
    [
        (Span(), 30, slice(0, None)),
        (Span(1, 2), 30, slice(30, 60)),
        (Span(0.1, 0.3), 10, slice(1, 3)),
        (Span(1, 1.01), 25, slice(25, 26)),
        (Span(1, 2), None, slice(25, 50)),
        (Span(3, 9, "frames"), 30, slice(3, 9)),
        (Span(3, None, "frames"), None, slice(3, None)),
    ],
)
def test_its_frames(span: Span, fps: float | None, rows: slice) -> None:
    assert span.rows(fps) == rows


@pytest.mark.parametrize(("start", "end"), [(2, 2), (3, 1), (-1, 2), (0, float("nan"))])
def test_nothing_can_lie_in_it(start: float, end: float) -> None:
    with pytest.raises(ValueError, match=r"start|after"):
        Span(start, end)


def test_a_clip_is_cut_out_of_a_file(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).random((20, 543, 3), dtype=np.float32)
    path = tmp_path / "long.npz"
    write_clip(Clip(frames, fps=10), path)
    clip = read_ref(ClipRef("a", path, "hello", "ada", Span(0.5, 1.2)))
    np.testing.assert_array_equal(clip.frames, frames[5:12])
    assert (clip.name, clip.sign, clip.signer, clip.fps) == ("a", "hello", "ada", 10)
    with pytest.raises(ClipError, match=r"long.npz: has 20 frames, but none from 9 to 10 seconds"):
        read_ref(ClipRef("a", path, None, None, Span(9, 10)))


def _cut(path: Path, fps: float | None, span: Span | None) -> Clip:
    frames = np.random.default_rng(0).random((60, 543, 3), dtype=np.float32)
    if path.suffix == ".npy":
        np.save(path, frames)
    else:
        write_clip(Clip(frames, fps=fps), path)
    return read_ref(ClipRef("a", path, "hello", "ada", span))


@pytest.mark.parametrize("span", [Span(0.5, 1.2), Span(1), Span(0, 1)])
@pytest.mark.parametrize("suffix", [".npz", ".npy", ".parquet"])
def test_seconds_of_landmarks_without_a_rate_are_said_to_be_a_guess(
    suffix: str, span: Span, tmp_path: Path
) -> None:
    remarks = _cut(tmp_path / f"long{suffix}", None, span).remarks
    assert remarks == (NO_RATE,)
    assert "`fps`" in advised(remarks[0])
    assert "start_frame,end_frame" in advised(remarks[0])


def test_what_is_told_or_not_needed_is_no_guess(tmp_path: Path) -> None:
    for fps, span in ((30.0, Span(0.5, 1.2)), (None, Span(3, 9, "frames")), (None, Span())):
        assert _cut(tmp_path / "long.npz", fps, span).remarks == ()
    assert _cut(tmp_path / "long.npz", None, None).remarks == ()
    assert set(_cut(tmp_path / "long.npz", None, Span(1, 9)).remarks) == {NO_RATE, BEYOND}
