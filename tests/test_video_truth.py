"""Nothing false is said of a video: what can be shown counts, and what breaks off."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from signlet.clip.remarks import CUT, DAMAGED, MENDED
from signlet.errors import ClipError
from signlet.sources import read_clip
from signlet.video.frames import refuse_long
from signlet_testing.odd_videos import (
    KINDS,
    cut_without_encoding,
    noise,
    write,
)
from signlet_testing.true_videos import said, shown, whole
from signlet_testing.videos import Stub, cached, stub

__all__ = ["cached", "stub", "whole"]


# --- what is hidden, and where times begin -----------------------------------------------
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".m4v"])
@pytest.mark.parametrize("reordered", [0, 3])
@pytest.mark.parametrize("start", [0.0, 1.48, 4.4])
def test_pictures_that_an_edit_list_hides_do_not_exist(
    tmp_path: Path, stub: Stub, suffix: str, reordered: int, start: float
) -> None:
    whole = write(tmp_path / "a.mp4", 200, keyframes=150, reordered=reordered)
    cut = cut_without_encoding(whole, tmp_path / f"cut{suffix}", start, start + 2)
    numbers, times, remarks = shown(cut)
    first = round(start * 25)
    assert numbers[: 50 - reordered] == list(range(first, first + 50 - reordered))
    assert times == pytest.approx(np.arange(50) / 25, abs=0.001)
    assert remarks == ()
    facts = refuse_long(cut)
    assert facts.frames == 50
    assert facts.seconds == pytest.approx(2, abs=0.05)
    assert said(cut) == []


@pytest.mark.parametrize("kind", [".mp4", ".mov", ".mkv", ".webm", ".ts", ".flv"])
@pytest.mark.parametrize("start", [0.52, 60, 900, 36_000])
def test_times_need_not_start_at_0(tmp_path: Path, stub: Stub, kind: str, start: float) -> None:
    options = {"avoid_negative_ts": "disabled"}
    path = write(tmp_path / f"a{kind}", 50, start=start, options={**KINDS[kind][2], **options})
    facts = refuse_long(path)
    assert facts.frames == 50
    assert facts.seconds == pytest.approx(0 if kind == ".ts" else 2, abs=0.1)
    numbers, times, remarks = shown(path)
    assert numbers == list(range(50))
    assert times == pytest.approx(np.arange(50) / 25, abs=0.002)
    assert remarks == ()
    assert said(path) == []


@pytest.mark.parametrize("kind", [".mp4", ".mkv", ".avi", ".ts", ".mov"])
def test_reordered_pictures_come_in_order_and_nothing_is_said(
    tmp_path: Path, stub: Stub, kind: str
) -> None:
    path = write(tmp_path / f"a{kind}", 50, reordered=3)
    numbers, times, remarks = shown(path)
    assert numbers == list(range(50))
    assert (np.diff(times) > 0).all()
    assert times[-1] == pytest.approx(49 / 25, abs=0.01)
    assert remarks == ()
    assert said(path) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_second_is_not_cut_short(
    tmp_path: Path, stub: Stub, whole: dict[str, bytes], kind: str
) -> None:
    path = tmp_path / f"a{kind}"
    path.write_bytes(whole[kind])
    assert shown(path)[2] == ()
    assert len(read_clip(path).frames) == 25
    assert said(path) == []


@pytest.mark.parametrize("share", [0.85, 0.6, 0.4])
@pytest.mark.parametrize("kind", KINDS)
def test_what_breaks_off_is_cut_short_and_keeps_what_decodes(
    tmp_path: Path, stub: Stub, whole: dict[str, bytes], kind: str, share: float
) -> None:
    path = tmp_path / f"a{kind}"
    path.write_bytes(whole[kind][: int(share * len(whole[kind])) | 1])
    _, times, remarks = shown(path)
    assert 0 < len(times) / 25 < share + 0.1
    assert times == pytest.approx(np.arange(len(times)) / 25, abs=0.002)
    assert remarks == (CUT,)
    clip = read_clip(path)
    assert len(clip.frames) == len(times)
    assert CUT in clip.remarks
    assert said(path) == ["cut short"]


@pytest.mark.parametrize("kind", [".ts", ".m2ts"])
@pytest.mark.parametrize("share", [0.2, 0.45, 0.7, 0.9])
def test_a_stream_that_breaks_off_between_packets_is_cut_short(
    tmp_path: Path, whole: dict[str, bytes], kind: str, share: float
) -> None:
    data = whole[kind]
    length, before, begins = {".ts": (188, 0, b"\x41\0"), ".m2ts": (192, 4, b"\x50\x11")}[kind]
    path = tmp_path / f"a{kind}"

    def is_in_a_picture(count: int) -> bool:
        """Whether the last of so many packets begins a picture, and is not its end."""
        packet = data[(count - 1) * length + before : count * length]
        return packet[1:3] == begins and count + 3 < len(data) // length

    places = range(int(share * len(data)) // length, len(data) // length)
    path.write_bytes(data[: next(filter(is_in_a_picture, places)) * length])
    assert shown(path)[2] == (CUT,)


@pytest.mark.parametrize("kind", [".mp4", ".mov", ".mkv", ".webm", ".avi", ".flv"])
def test_a_download_that_stopped_in_a_file_of_full_size_is_cut_short(
    tmp_path: Path, stub: Stub, whole: dict[str, bytes], kind: str
) -> None:
    data = whole[kind]
    path = tmp_path / f"a{kind}"
    path.write_bytes(data[: len(data) * 6 // 10].ljust(len(data), b"\0"))
    _, times, remarks = shown(path)
    assert 4 < len(times) < 18
    assert remarks == (CUT,)
    assert said(path) == ["cut short"]


def test_only_a_file_without_a_single_picture_is_refused(
    tmp_path: Path, stub: Stub, whole: dict[str, bytes]
) -> None:
    for kind, data in whole.items():
        path = tmp_path / f"a{kind}"
        for count in (40, 200, 700):
            path.write_bytes(data[:count])
            with pytest.raises(ClipError) as caught:
                read_clip(path)
            assert str(caught.value).startswith(str(path))
            assert "\n" not in str(caught.value)


def test_an_mp4_whose_list_of_pictures_is_lost_says_so(tmp_path: Path, stub: Stub) -> None:
    path = write(tmp_path / "a.mp4", 25, ".3g2", picture=noise)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(ClipError, match="is cut off before its list of pictures"):
        read_clip(path)


@pytest.mark.parametrize("kind", [".mp4", ".mkv", ".ts"])
def test_a_gap_in_the_middle_is_left_out_and_said(tmp_path: Path, stub: Stub, kind: str) -> None:
    path = write(tmp_path / f"a{kind}", 50, picture=noise, keyframes=5)
    with av.open(str(path)) as container:
        sizes = [packet.size for packet in container.demux(video=0)]
    data = bytearray(path.read_bytes())
    middle, most = len(data) // 2, max(sizes)
    data[middle : middle + most * 4] = bytes(most * 4)
    path.write_bytes(data)
    _, times, remarks = shown(path)
    assert 20 < len(times) < 50
    assert times[-1] == pytest.approx(49 / 25, abs=0.05)
    assert CUT not in remarks
    assert "cut short" not in said(path)
    if kind in (".mp4", ".ts"):
        assert set(remarks) <= {DAMAGED, MENDED}
