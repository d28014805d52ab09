"""Rates and times that cannot be true, and several streams."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from signlet.clip.remarks import MENDED, NO_RATE
from signlet.sources import read_clip
from signlet.video.frames import Pictures, refuse_long, video_facts
from signlet_testing.odd_videos import (
    copied,
    numbered,
    with_times,
    write,
)
from signlet_testing.true_videos import said, shown, whole
from signlet_testing.videos import Stub, cached, stub

__all__ = ["cached", "stub", "whole"]


# --- rates that no camera has -------------------------------------------------------------
@pytest.mark.parametrize("kind", [".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".flv"])
@pytest.mark.parametrize("rate", [480, 1000])
def test_a_rate_that_no_camera_has_is_unknown_and_25_assumed(
    tmp_path: Path, stub: Stub, kind: str, rate: int
) -> None:
    path = write(tmp_path / f"a{kind}", 40, rate=rate)
    numbers, times, remarks = shown(path)
    assert numbers == list(range(40))
    assert times == pytest.approx(np.arange(40) / 25)
    assert remarks == (NO_RATE,)
    assert video_facts(path).fps is None
    clip = read_clip(path)
    assert clip.fps is None
    assert NO_RATE in clip.remarks
    assert said(path) == ["unknown frame rate"]


@pytest.mark.parametrize("rate", [10, 60, 120, 240])
def test_rates_of_cameras_are_kept(tmp_path: Path, stub: Stub, rate: int) -> None:
    path = write(tmp_path / "a.mp4", 40, rate=rate)
    assert shown(path)[2] == ()
    assert read_clip(path).fps == pytest.approx(rate, rel=0.01)


def test_files_of_landmarks_with_such_a_rate_have_none_either(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).random((9, 543, 3), np.float32)
    for fps, known in ((1000, None), (251, None), (240, 240), (25, 25)):
        np.savez(tmp_path / "a.npz", landmarks=frames, fps=fps)
        clip = read_clip(tmp_path / "a.npz")
        assert clip.fps == known
        assert (NO_RATE in clip.remarks) == (known is None)


def test_a_video_without_any_times_has_an_unknown_rate(tmp_path: Path, stub: Stub) -> None:
    path = tmp_path / "a.h264"
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    numbers, times, remarks = shown(path)
    assert numbers == list(range(10))
    assert times == pytest.approx(np.arange(10) / 25)
    assert remarks == (NO_RATE,)


# --- times that cannot be true ------------------------------------------------------------
VARIABLE = np.cumsum([0, *[33, 33, 40, 66, 20] * 8]).tolist()
ODD = {
    "variable": (VARIABLE, ()),
    "two of each": ([40 * (n // 2) for n in range(40)], ()),
    "all alike": ([0] * 30, (MENDED,)),
}
"""Milliseconds of the pictures, and what is said."""


@pytest.mark.parametrize("suffix", [".mkv", ".webm"])
@pytest.mark.parametrize("name", ODD)
def test_times_rise_whatever_the_file_says(
    tmp_path: Path, stub: Stub, suffix: str, name: str
) -> None:
    milliseconds, expected = ODD[name]
    path = with_times(tmp_path / f"a{suffix}", milliseconds)
    numbers, times, remarks = shown(path)
    assert numbers == list(range(len(milliseconds)))
    assert (np.diff(times) > 0).all()
    if not expected:
        assert times == pytest.approx(np.array(milliseconds) / 1000, abs=0.021)
    without_rate = (NO_RATE,) if expected and suffix == ".webm" else expected
    assert remarks == without_rate  # a .mkv names a rate beside the times
    assert (read_clip(path).fps is None) == (NO_RATE in remarks)


def test_a_clock_that_starts_anew_goes_on(tmp_path: Path, stub: Stub) -> None:
    one = write(tmp_path / "a.ts", 25).read_bytes()
    path = tmp_path / "joined.ts"
    path.write_bytes(one + one + one)
    numbers, times, remarks = shown(path)
    assert numbers == [*range(25)] * 3
    assert times == pytest.approx(np.arange(75) / 25, abs=0.05)
    assert remarks == (MENDED,)
    assert said(path) == ["times repaired"]


def test_headers_that_tell_no_length_cut_nothing_short(tmp_path: Path, stub: Stub) -> None:
    path = write(tmp_path / "a.mp4", 50)
    data = bytearray(path.read_bytes())
    for box, place in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        at = data.index(box) + 4 + place - 4
        data[at : at + 4] = struct.pack(">I", 0)
    path.write_bytes(data)
    numbers, _, remarks = shown(path)
    assert numbers == list(range(50))
    assert remarks == ()
    assert refuse_long(path).frames == 50
    assert said(path) == []


@pytest.mark.parametrize("kind", [".flv", ".mkv", ".webm"])
def test_a_whole_file_may_be_shorter_than_its_header_says(
    tmp_path: Path, stub: Stub, kind: str
) -> None:
    """Tools that cut a file may leave the length of the uncut one in its header."""
    path = write(tmp_path / f"a{kind}", 50)
    data = bytearray(path.read_bytes())
    mark = {".flv": b"duration\0"}.get(kind, b"\x44\x89\x88")
    at = data.index(mark) + len(mark)
    old = 2.0 if kind == ".flv" else 2000.0
    assert struct.unpack(">d", data[at : at + 8]) == pytest.approx((old,), rel=0.05)
    data[at : at + 8] = struct.pack(">d", old * 30)
    path.write_bytes(data.replace(b"00:00:02.000", b"00:01:00.000"))
    assert shown(path)[2] == ()
    assert said(path) == []


@pytest.mark.parametrize("kind", [".mp4", ".mkv", ".webm", ".avi", ".ts", ".mov"])
def test_a_single_picture_is_a_clip_of_one_frame(tmp_path: Path, stub: Stub, kind: str) -> None:
    path = write(tmp_path / f"a{kind}", 1)
    assert shown(path) == ([0], [0.0], ())
    clip = read_clip(path)
    assert (len(clip.frames), clip.fps) == (1, None)
    assert said(path) == []


# --- several streams -----------------------------------------------------------------------
def _video_beside(container: Any, codec: str, count: int, size: tuple[int, int], value: int) -> Any:
    stream = container.add_stream(codec, rate=25)
    stream.width, stream.height = size
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    image = np.full((size[1], size[0], 3), value, np.uint8)

    def encoded() -> Any:
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            yield from stream.encode(frame)
        yield from stream.encode()

    return encoded


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
@pytest.mark.parametrize("cover_first", [True, False])
def test_a_cover_or_thumbnail_beside_the_recording_is_not_the_recording(
    tmp_path: Path, stub: Stub, suffix: str, cover_first: bool
) -> None:
    path = tmp_path / f"a{suffix}"
    with av.open(str(path), "w") as container:
        cover = ("mjpeg", 1, (640, 480), 250)
        video = ("libx264", 20, (64, 48), 20)
        order = [cover, video] if cover_first else [video, cover]
        for encoded in [_video_beside(container, *one) for one in order]:
            for packet in encoded():
                container.mux(packet)
    pictures = [frame.image for frame in Pictures(path)]
    assert len(pictures) == 20
    assert pictures[0].mean() < 100
    assert said(path) == []


def test_of_two_recordings_the_larger_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        for encoded in [
            _video_beside(container, "libx264", 20, (64, 48), 250),
            _video_beside(container, "libx264", 20, (128, 96), 20),
        ]:
            for packet in encoded():
                container.mux(packet)
    assert next(iter(Pictures(path))).image.shape == (96, 128, 3)


@pytest.mark.parametrize("kind", [".mp4", ".mkv", ".webm", ".mov"])
def test_sound_that_lasts_longer_cuts_nothing_short(tmp_path: Path, stub: Stub, kind: str) -> None:
    """Files of phones end with sound, and their headers tell the longer of both."""
    silent = write(tmp_path / f"silent{kind}", 25)
    path = tmp_path / f"a{kind}"
    codec = "libopus" if kind == ".webm" else "aac"
    with av.open(str(silent)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        sound = new.add_stream(codec, rate=48000)
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
        for number in range(200):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 48000, number * 960
            new.mux(sound.encode(frame))
        new.mux(sound.encode())
    assert shown(path)[2] == ()
    assert said(path) == []


def test_a_copy_keeps_its_packets(tmp_path: Path) -> None:
    """The helper that other tests here rest on."""
    whole = write(tmp_path / "a.mkv", 20)
    path = copied(whole, tmp_path / "b.mkv", lambda number, packet: number < 12)
    assert shown(path)[0] == list(range(12))
