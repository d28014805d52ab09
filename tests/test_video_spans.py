"""Stretches of a video: the same pictures as of the whole, without decoding the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from joblib.externals.loky import get_reusable_executor

from signlet.clip import Clip
from signlet.clip.remarks import BEYOND
from signlet.clip.span import Span
from signlet.errors import ClipError
from signlet.extract import ensure_extracted, extract_many
from signlet.sources import ClipRef, read_clip, read_ref, write_clip
from signlet.video import decoding
from signlet.video import frames as video_frames
from signlet.video.frames import expected_frames, read_frames, refuse_long
from signlet_testing.odd_videos import cut_without_encoding, number_of, with_times, write
from signlet_testing.videos import Stub, cached, stub

__all__ = ["cached", "stub"]
COUNT, RATE = 600, 10
LONG = [".mp4", ".m4v", ".mkv", ".webm", ".live.webm", ".ts", ".avi", ".flv", ".wmv"]
OTHER = [".mpg", ".h264", ".m2v"]
"""Formats whose times ffmpeg guesses; of these 25 pictures a second."""
SPANS = [
    Span(0, 1),
    Span(1, 2),
    Span(15.03, 15.31),
    Span(20, 21.5),
    Span(22.95, None),
    Span(0, 1, "frames"),
    Span(200, 210, "frames"),
    Span(433, 440, "frames"),
    Span(580, None, "frames"),
]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A minute of each kind; that of .mkv begins at 60 s, that of .ts at 900."""
    folder = tmp_path_factory.mktemp("long")
    starts = {".mkv": 60, ".ts": 900}
    made = {
        kind: write(
            folder / f"a{kind}",
            COUNT,
            kind,
            rate=RATE,
            keyframes=50,
            reordered=0 if kind in (".flv", ".wmv") else 2,
            start=starts.get(kind, 0),
            options={"avoid_negative_ts": "disabled"} if kind in starts else None,
        )
        for kind in LONG
    }
    return made | {kind: write(folder / f"a{kind}", COUNT, kind, keyframes=50) for kind in OTHER}


def numbers(path: Path, span: Span | None = None) -> list[int]:
    return [number_of(frame.image) for frame in read_frames(path, span)]


@pytest.mark.parametrize("span", SPANS, ids=str)
@pytest.mark.parametrize("kind", LONG + OTHER)
def test_a_stretch_has_the_pictures_that_the_whole_has(
    long: dict[str, Path], kind: str, span: Span
) -> None:
    rate = 25 if kind in OTHER else RATE
    found = list(read_frames(long[kind], span))
    assert [number_of(frame.image) for frame in found] == list(range(COUNT))[span.rows(rate)]
    assert [frame.time for frame in found] == pytest.approx(np.arange(len(found)) / rate, abs=0.01)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from([".mp4", ".mkv", ".webm", ".ts", ".avi"]),
    start=st.integers(0, 59_000),
    length=st.integers(10, 3000),
)
def test_any_stretch_in_seconds(long: dict[str, Path], kind: str, start: int, length: int) -> None:
    # A millisecond is the least that files tell: so near to a picture either is right.
    assume(start % 100 != 99 and (start + length) % 100 != 1)
    span = Span(start / 1000, (start + length) / 1000)
    assert numbers(long[kind], span) == list(range(COUNT))[span.rows(RATE)]


@pytest.mark.parametrize("kind", [".mp4", ".mkv", ".webm", ".ts", ".avi"])
@pytest.mark.parametrize("span", [Span(50, 51), Span(500, 510, "frames")], ids=str)
def test_what_lies_before_and_after_a_stretch_is_not_decoded(
    long: dict[str, Path], monkeypatch: pytest.MonkeyPatch, kind: str, span: Span
) -> None:
    decoded = []
    real = decoding.Decoding._decoded

    def counted(self: decoding.Decoding, *given: object) -> object:
        for frame in real(self, *given):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(decoding.Decoding, "_decoded", counted)
    assert numbers(long[kind], span) == list(range(500, 510))
    assert len(decoded) < 150


@pytest.mark.parametrize("kind", [".mp4", ".webm", ".ts", ".avi"])
@pytest.mark.parametrize(
    "span", [Span(60, 61), Span(5000, None), Span(600, 610, "frames"), Span(10**6, None, "frames")]
)
def test_a_stretch_beyond_the_end_is_refused_in_one_line(
    long: dict[str, Path], stub: Stub, kind: str, span: Span
) -> None:
    with pytest.raises(ClipError) as caught:
        read_clip(long[kind], span)
    said = str(caught.value)
    assert said.startswith(f"{long[kind]}: lasts 60.0 seconds, so it has nothing from {span}")
    assert "\n" not in said
    assert stub.pictures == []


@pytest.mark.parametrize("span", [Span(59, 70), Span(590, 700, "frames")], ids=str)
def test_of_a_stretch_that_ends_too_late_there_is_what_there_is(
    long: dict[str, Path], stub: Stub, tmp_path: Path, span: Span
) -> None:
    clip = read_clip(long[".mp4"], span)
    assert len(clip.frames) == 10
    assert BEYOND in clip.remarks
    assert BEYOND not in read_clip(long[".mp4"], Span(59, 60.05)).remarks
    frames = np.random.default_rng(0).random((600, 543, 3), np.float32)
    path = tmp_path / "a.npz"
    write_clip(Clip(frames, "a", fps=10), path)
    assert BEYOND in read_clip(path, span).remarks
    assert BEYOND not in read_clip(path, Span(59, 60)).remarks


def test_pictures_that_an_edit_list_hides_do_not_count(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.mp4", COUNT, rate=RATE, keyframes=100)
    cut = cut_without_encoding(whole, tmp_path / "cut.mp4", 15, 55)
    for span in (Span(1, 2), Span(10, 20, "frames"), Span(21, 22), Span(310, 320, "frames")):
        assert numbers(cut, span) == list(range(150, 550))[span.rows(RATE)]


def test_the_picture_that_is_shown_at_the_start_is_the_first(tmp_path: Path) -> None:
    """Of a recording with pauses, as phones make them."""
    times = [0, 100, 200, 5000, 5100, 5200, 30_000, 30_100, 30_200, 30_300]
    path = with_times(tmp_path / "a.mkv", times)
    assert numbers(path, Span(0.15, 0.25)) == [1, 2]
    assert numbers(path, Span(3, 5.05)) == [2, 3]
    assert numbers(path, Span(20, 30.05)) == [5, 6]
    assert numbers(path, Span(30.1, 30.25)) == [7, 8]


def test_a_long_video_is_no_clip_but_a_stretch_of_it_is(
    long: dict[str, Path], stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_frames, "MAX_FRAMES", 100)
    with pytest.raises(ClipError, match=r"has about 600 frames.* cut it into single signs"):
        read_clip(long[".mp4"])
    with pytest.raises(ClipError, match=r"20 to 40 seconds: about 200 frames.* cut it"):
        read_clip(long[".mp4"], Span(20, 40))
    assert stub.pictures == []
    assert len(read_clip(long[".mp4"], Span(20, 21)).frames) == 10
    assert refuse_long(long[".mp4"], Span(55, None)).frames == 600
    assert expected_frames(long[".mp4"], Span(55, None)) == 50


def test_each_stretch_is_kept_by_itself(long: dict[str, Path], stub: Stub) -> None:
    path = long[".mp4"]
    first, second = read_clip(path, Span(1, 2)), read_clip(path, Span(2, 3))
    assert len(stub.pictures) == 20
    assert (first.frames != second.frames).any()
    again = read_clip(path, Span(1, 2))
    assert len(stub.pictures) == 20, "out of the cache"
    np.testing.assert_array_equal(again.frames, first.frames)
    read_clip(path, Span(1.0001, 2))
    assert len(stub.pictures) == 30, "spans that differ a little are others"
    assert stub.forgot == 3


def test_where_seeking_fails_it_is_decoded_from_the_start(
    long: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_sought", lambda *given: False)
    assert numbers(long[".mp4"], Span(50, 51)) == list(range(500, 510))


class _Cut:
    """A source of several clips out of one video, and of a whole one."""

    name, signs = "cut", ("a",)

    def __init__(self, path: Path, whole: Path) -> None:
        spans = [Span(1, 2), Span(20, 21), Span(500, None), Span(20, 21, "frames")]
        self._refs = [ClipRef(f"clip {n}", path, "a", "s", one) for n, one in enumerate(spans)]
        self._refs.append(ClipRef("whole", whole, "a", "s"))

    def refs(self) -> list[ClipRef]:
        return self._refs

    def read(self, ref: ClipRef) -> Clip:
        return read_ref(ref)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_source_of_many_clips_out_of_one_video_is_extracted(
    long: dict[str, Path], tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    if jobs > 1:
        pytest.importorskip("mediapipe")
        get_reusable_executor().shutdown()  # workers of a test before have its cache
    source = _Cut(long[".mp4"], write(tmp_path / "b.mp4", 4))
    if jobs == 1:
        from signlet.video import single

        extractor = Stub()
        monkeypatch.setattr(single, "opened", lambda choice: extractor)
    summary = ensure_extracted(source, jobs)
    assert [row.video for row in summary.good] == ["clip 0", "clip 1", "clip 3", "whole"]
    assert [row.video for row in summary.bad] == ["clip 2"]
    assert "lasts 60.0 seconds" in summary.bad[0].error
    assert [row.quality.frames for row in summary.good if row.quality] == [10, 10, 1, 4]
    monkeypatch.setattr("signlet.video.single.run", None)  # all come out of the cache
    clips = [source.read(ref) for ref in source.refs() if ref.name != "clip 2"]
    assert [clip.name for clip in clips] == ["clip 0", "clip 1", "clip 3", "whole"]


def test_the_same_stretch_may_be_asked_for_twice(long: dict[str, Path], stub: Stub) -> None:
    paths = [long[".mp4"]] * 3
    outcomes = extract_many(paths, 1, spans=[Span(1, 2), Span(3, 4), Span(1, 2)])
    assert [one.span for one in outcomes] == [Span(1, 2), Span(3, 4), Span(1, 2)]
    assert all(one.quality and one.quality.frames == 10 for one in outcomes)
