"""Any video: pictures come upright, in order, with their times; what is no video is refused."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signlet.clip import MAX_FRAMES
from signlet.errors import ClipError, SignletError
from signlet.sources import read_clip
from signlet.sources.files import SUFFIXES
from signlet.video import frames as video_frames
from signlet.video.frames import open_camera, read_frames, refuse_long, video_facts
from signlet.video.picture import LONG_SIDE
from signlet.video.quality import video_quality, warnings_of
from signlet.video.single import HOLISTIC, find
from signlet_testing.videos import (
    Image,
    Stub,
    cached,
    colours_of,
    quarters,
    stub,
    with_matrix,
    write_video,
)

__all__ = ["cached", "stub"]
FUZZ = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
USUAL = (".mp4", ".webm", ".mov", ".avi", ".mkv", ".m4v")  # others: test_video_kinds.py
CODECS = {".webm": "libvpx-vp9", ".avi": "mpeg4"}


def refused(path: Path, words: str = "") -> None:
    with pytest.raises(ClipError) as caught:
        list(read_frames(path))
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def read_or_refused(path: Path) -> list[Image]:
    """The first pictures of a damaged file, none where it is refused in one line."""
    images = []
    try:
        refuse_long(path)
        images = [frame.image for frame in islice(read_frames(path), 50)]
    except ClipError as error:
        said = str(error)
        assert images or (str(path) in said and "\n" not in said)
    return images


# --- containers, sizes, turns ------------------------------------------------------------
@pytest.mark.parametrize("suffix", USUAL)
def test_usual_files_are_read(tmp_path: Path, suffix: str) -> None:
    codec = CODECS.get(suffix, "libx264")
    path = write_video(tmp_path / f"a{suffix}", [quarters()] * 5, rate=20, codec=codec)
    seen = list(read_frames(path))
    assert [colours_of(frame.image) for frame in seen] == ["RGBW"] * 5
    assert [frame.time for frame in seen] == pytest.approx(np.arange(5) / 20, abs=0.002)
    assert suffix in SUFFIXES


@pytest.mark.parametrize(
    ("matrix", "colours"),
    [
        ((1, 0, 0, 1), "RGBW"),
        ((0, 1, -1, 0), "BRWG"),  # a quarter clockwise: a phone held upright
        ((-1, 0, 0, -1), "WBGR"),
        ((0, -1, 1, 0), "GWRB"),
        ((-1, 0, 0, 1), "GRWB"),  # mirrored
        ((1, 0, 0, -1), "BWRG"),
        ((0, 1, 1, 0), "RBGW"),
        ((0, -1, -1, 0), "WGBR"),
    ],
)
def test_a_turned_video_comes_upright(
    tmp_path: Path, matrix: tuple[int, int, int, int], colours: str
) -> None:
    path = with_matrix(write_video(tmp_path / "a.mp4", [quarters()] * 2), *matrix)
    image = next(read_frames(path)).image
    assert colours_of(image) == colours
    assert image.shape == ((48, 64, 3) if matrix[0] else (64, 48, 3))
    assert image.flags.c_contiguous


@pytest.mark.parametrize("size", [(2, 2), (63, 47), (1920, 1080), (1081, 1921)])
def test_any_size_is_read_and_large_ones_are_scaled_down(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = write_video(tmp_path / "a.mp4", [quarters(*size)])
    image = next(read_frames(path)).image
    factor = min(1, LONG_SIDE / max(size))
    assert image.shape[:2] == (round(size[1] * factor), round(size[0] * factor))
    assert colours_of(image) == "RGBW" or size == (2, 2)


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        container.mux(stream.encode(av.VideoFrame.from_ndarray(quarters(), format="rgb24")))
        container.mux(stream.encode())
    assert next(read_frames(path)).image.shape == (48, 128, 3)


# --- times -------------------------------------------------------------------------------
def test_times_are_those_of_the_file_and_the_rate_is_their_middle(
    tmp_path: Path, stub: Stub
) -> None:
    steps = [0.04] * 12 + [0.4] + [0.04] * 6  # ten frames were dropped
    times = np.concatenate([[0.5], 0.5 + np.cumsum(steps)])
    path = write_video(tmp_path / "a.mkv", [quarters()] * len(times), times=times)
    assert [f.time for f in read_frames(path)] == pytest.approx(times - 0.5, abs=0.0011)
    clip = read_clip(path)
    assert clip.fps == pytest.approx(25)
    assert len(clip.frames) == len(times), "no frame is invented, none is lost"


def test_times_in_whole_milliseconds_give_the_rate_all_the_same(tmp_path: Path, stub: Stub) -> None:
    times = np.arange(20) / 30
    path = write_video(tmp_path / "a.mkv", [quarters()] * 20, times=times)
    assert read_clip(path).fps == pytest.approx(30, rel=0.002)


@pytest.mark.parametrize("rate", [5, 24, 60, 120])
def test_any_frame_rate_is_kept(tmp_path: Path, stub: Stub, rate: int) -> None:
    path = write_video(tmp_path / "a.mp4", [quarters()] * 4, rate=rate)
    assert read_clip(path).fps == pytest.approx(rate, rel=0.001)


def test_a_single_frame_has_no_rate(tmp_path: Path, stub: Stub) -> None:
    clip = read_clip(write_video(tmp_path / "a.mp4", [quarters()]))
    assert clip.frames.shape == (1, 543, 3)
    assert clip.fps is None


# --- too long ----------------------------------------------------------------------------
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_length_is_known_without_decoding(tmp_path: Path, suffix: str) -> None:
    codec = CODECS.get(suffix, "libx264")
    path = write_video(tmp_path / f"a{suffix}", [quarters()] * 30, codec=codec)
    assert video_facts(path).frames == pytest.approx(30, abs=1)
    assert refuse_long(path) == video_facts(path)


def test_frames_are_counted_where_a_recording_of_a_browser_tells_no_length(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    with path.open("wb") as file:
        pipe = _Unseekable(file)
        with av.open(pipe, "w", format="webm", options={"live": "1"}) as container:
            stream = container.add_stream("libvpx", rate=25)
            stream.width, stream.height = 64, 48
            for _ in range(12):
                frame = av.VideoFrame.from_ndarray(quarters(), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    with av.open(str(path)) as container:
        assert not container.duration
    assert video_facts(path).frames == 12


class _Unseekable:
    def __init__(self, file: object) -> None:
        self.write = file.write  # type: ignore[attr-defined]


def test_hours_of_video_are_refused_at_once(
    tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "a.mp4", [quarters()] * 12)
    monkeypatch.setattr(video_frames, "MAX_FRAMES", 10)
    with pytest.raises(ClipError, match=r"has about 12 frames.* cut it into single signs"):
        read_clip(path)
    assert stub.pictures == []
    assert MAX_FRAMES > 10_000


def test_a_file_that_hides_its_length_is_refused_when_it_shows(
    tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "a.mp4", [quarters()] * 12)
    monkeypatch.setattr("signlet.video.single.MAX_FRAMES", 10)
    with pytest.raises(ClipError, match="more than 10 frames"):
        read_clip(path)
    assert len(stub.pictures) == 10


def test_a_video_that_was_cut_short_says_so(tmp_path: Path, stub: Stub) -> None:
    path = write_video(tmp_path / "a.avi", [signal(n) for n in range(100)], codec="mpeg4")
    whole = video_quality(find(path, HOLISTIC).extraction)
    path.write_bytes(b"00dc".join(path.read_bytes().split(b"00dc")[:50]))  # whole frames
    cut = video_quality(find(path, HOLISTIC).extraction)
    assert (whole.frames, whole.seconds, whole.promised) == (100, 4, 4)
    assert 40 < cut.frames < 60
    assert cut.promised == 4
    assert "cut short" in dict(warnings_of(cut))
    assert "cut short" not in dict(warnings_of(whole))


def signal(number: int) -> Image:
    return np.random.default_rng(number).integers(0, 255, (48, 64, 3), dtype=np.uint8)


# --- what is no video --------------------------------------------------------------------
@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(8)]
    for suffix in (".mp4", ".webm", ".avi"):
        write_video(folder / f"a{suffix}", noise, codec=CODECS.get(suffix, "libx264"))
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("suffix", [*USUAL, ".ts", ".wmv", ".gif", ""])
def test_missing_empty_and_foreign_files_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    refused(path, "no such file")
    path.write_bytes(b"")
    refused(path, "decoded")
    path.write_bytes(b"PK\x03\x04 a zip archive" * 50)
    refused(path, "decoded")
    path.unlink()
    path.mkdir()
    refused(path, "is a directory")


def test_sound_without_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    refused(path, "contains no video")


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi"])
@FUZZ
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_video_is_refused_or_gives_its_beginning(
    tmp_path: Path, good: dict[str, bytes], suffix: str, share: float
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(good[suffix][: int(share * len(good[suffix]))])
    assert len(read_or_refused(path)) <= 8


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi"])
@FUZZ
@given(data=st.data())
def test_a_video_with_changed_bytes_is_read_or_refused(
    tmp_path: Path, good: dict[str, bytes], suffix: str, data: st.DataObject
) -> None:
    changed = bytearray(good[suffix])
    for _ in range(data.draw(st.integers(1, 8))):
        edges = st.integers(0, 300) | st.integers(len(changed) - 300, len(changed) - 1)
        place = data.draw(edges | st.integers(0, len(changed) - 1))
        changed[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(bytes(changed))
    assert all(image.ndim == 3 and image.shape[2] == 3 for image in read_or_refused(path))


# --- camera ------------------------------------------------------------------------------
def test_a_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(SignletError, match="camera 63: cannot be opened"), open_camera(63):
        pass


class _Camera:
    """Gives a picture, drops some, gives another, and is then unplugged."""

    def __init__(self, index: int) -> None:
        blue = np.zeros((4, 6, 3), np.uint8)
        blue[..., 0] = 255
        self.given = [(True, blue), *[(False, None)] * 3, (True, blue)]
        self.released = False

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def read(self) -> tuple[bool, object]:
        return self.given.pop(0) if self.given else (False, None)

    def release(self) -> None:
        self.released = True


def test_a_camera_may_drop_pictures_but_not_vanish(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[_Camera] = []
    monkeypatch.setattr("cv2.VideoCapture", lambda index: made.append(_Camera(index)) or made[0])
    monkeypatch.setattr("signlet.video.camera._PAUSE", 0)
    with open_camera(0) as pictures:
        first, second = next(pictures), next(pictures)
        assert tuple(first.image[0, 0]) == (0, 0, 255), "RGB, though cameras give BGR"
        assert 0 <= first.time <= second.time
        with pytest.raises(SignletError, match="no more pictures"):
            next(pictures)
    assert made[0].released
