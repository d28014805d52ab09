"""Which files are videos, by ending and by content, and that each kind is read to the end."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signlet.errors import ClipError
from signlet.sources import read_clip
from signlet.video.file_type import HEAD, begins_as_video, what_else
from signlet.video.frames import read_frames
from signlet.video.suffixes import VIDEO_SUFFIXES, is_video
from signlet_testing.odd_videos import KINDS, OTHERS, number_of, numbered, write
from signlet_testing.videos import Stub, cached, stub

__all__ = ["cached", "stub"]
ALL = [*KINDS, *OTHERS]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("kinds")
    return {kind: write(folder / f"a{kind}", 10, kind) for kind in ALL}


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_is_read_whatever_its_name(
    made: dict[str, Path], kind: str, tmp_path: Path, stub: Stub
) -> None:
    for name in (f"a{kind}", "clip", "clip.MP4", "clip.mp4.part", "clip.jpg"):
        path = Path(shutil.copy(made[kind], tmp_path / name))
        assert is_video(path), name
        frames = list(read_frames(path))
        assert [number_of(frame.image) for frame in frames] == list(range(10))
        assert [frame.time for frame in frames] == pytest.approx(np.arange(10) / 25, abs=0.003)
        assert len(read_clip(path).frames) == 10


def test_the_usual_endings_are_videos_without_a_look(tmp_path: Path) -> None:
    for suffix in ("mp4", "MOV", "webm", "mkv", "avi", "3gp", "3g2", "wmv", "asf", "mpg", "mpeg"):
        assert is_video(tmp_path / f"missing.{suffix}")
    for suffix in ("ts", "mts", "m2ts", "flv", "ogv", "gif", "vob", "divx"):
        assert is_video(tmp_path / f"missing.{suffix}")
        assert f".{suffix}" in VIDEO_SUFFIXES
    assert not is_video(tmp_path / "missing")
    assert not is_video(tmp_path / "missing.npz")
    assert not is_video(tmp_path)
    (tmp_path / "folder.mp4").mkdir()
    assert not is_video(tmp_path / "folder.mp4")
    assert not is_video("\0")


def _still(path: Path, codec: str) -> Path:
    with av.open(str(path), "w", format="gif" if codec == "gif" else "image2") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = {"gif": "rgb8", "mjpeg": "yuvj420p", "png": "rgb24"}[codec]
        frame = av.VideoFrame.from_ndarray(numbered(3), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _sound(path: Path, codec: str, container_format: str) -> Path:
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=48000)
        for _ in range(8):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate = 48000
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _foreign(folder: Path) -> dict[str, Path]:
    """Files that are no videos, by what they are."""
    files = {
        "text": b"the free world\n" * 40,
        "program": b"export const G = 1; // TypeScript\n" * 90,
        "csv": b"path,sign\nG.mp4,hello\n",
        "empty": b"",
        "zeros": bytes(4000),
        "json": b'{"ftyp": 1}',
        "webp": b"RIFF\x20\0\0\0WEBPVP8 " + bytes(20),
        "heic": b"\0\0\0\x18ftypheic" + bytes(60),
        "wav": b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),
        "mp3": b"ID3\x04" + bytes(60),
        "parquet": b"PAR1" + bytes(60) + b"PAR1",
        "playlist": b"#EXTM3U\n#EXTINF:1\nfile:///etc/passwd\n",
        "list": b"ffconcat version 1.0\nfile other.mp4\n",
    }
    made = {}
    for name, data in files.items():
        made[name] = folder / name
        made[name].write_bytes(data)
    with zipfile.ZipFile(folder / "zip", "w") as archive:
        archive.writestr("a.mp4", b"x" * 100)
    np.savez(folder / "arrays.npz", landmarks=np.zeros((2, 543, 3)))
    made |= {"zip": folder / "zip", "npz": (folder / "arrays.npz").rename(folder / "npz")}
    for codec in ("gif", "mjpeg", "png"):
        made[codec] = _still(folder / f"{codec}.img", codec)
    sounds = (("aac", "ipod"), ("aac", "adts"), ("libopus", "webm"), ("libopus", "ogg"))
    for codec, container_format in (*sounds, ("aac", "mp4"), ("aac", "asf")):
        name = f"{codec}-{container_format}"
        made[name] = _sound(folder / name, codec, container_format)
    return made


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return _foreign(tmp_path_factory.mktemp("foreign"))


def test_pictures_sound_text_and_archives_are_no_videos(foreign: dict[str, Path]) -> None:
    assert [name for name, path in foreign.items() if is_video(path)] == []


@pytest.mark.parametrize("suffix", [".ts", ".mts", ".gif", ".txt", ""])
def test_endings_that_others_have_too_do_not_decide(
    foreign: dict[str, Path], made: dict[str, Path], tmp_path: Path, suffix: str
) -> None:
    for name, path in foreign.items():
        assert not is_video(shutil.copy(path, tmp_path / f"{name}{suffix}")), name
    assert is_video(shutil.copy(made[".ts"], tmp_path / f"video{suffix}"))


@pytest.mark.parametrize("suffix", ["", ".mp4", ".avi", ".webm", ".jpg"])
def test_what_is_no_video_is_refused_in_one_line_that_says_what_it_is(
    foreign: dict[str, Path], tmp_path: Path, suffix: str, stub: Stub
) -> None:
    for name, path in foreign.items():
        copy = Path(shutil.copy(path, tmp_path / f"a_{name}{suffix}"))
        with pytest.raises(ClipError) as caught:
            read_clip(copy)
        said = str(caught.value)
        assert said.startswith(str(copy))
        assert "\n" not in said
        words = {"zip": "zip", "gif": "GIF", "mjpeg": "JPEG", "text": "text", "mp3": "sound"}
        assert words.get(name, "") in said
    assert stub.pictures == []


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".parquet", ".pose"])
@pytest.mark.parametrize("kind", [".mp4", ".webm", ".avi", ".ts"])
def test_a_video_named_as_landmarks_is_no_video_and_told(
    made: dict[str, Path], tmp_path: Path, suffix: str, kind: str
) -> None:
    path = Path(shutil.copy(made[kind], tmp_path / f"a{suffix}"))
    assert not is_video(path)
    with pytest.raises(ClipError, match=r"is a video, not landmarks; .*\.mp4"):
        read_clip(path)


@given(head=st.binary(max_size=3000))
def test_no_bytes_break_the_look_at_them(
    head: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "a"
    path.write_bytes(head)
    assert begins_as_video(path) in (True, False)
    assert what_else(path) is None or "\n" not in str(what_else(path))


@pytest.mark.parametrize("kind", ALL)
def test_a_look_at_a_broken_file_reads_its_head_only(
    made: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    data = made[kind].read_bytes()
    path.write_bytes(data[: max(len(data) * 9 // 10, min(len(data), 1100))])
    assert begins_as_video(path)
    with path.open("ab") as file:
        file.truncate(200 << 20)  # a hole: what lies behind is not looked at
    assert HEAD < 1 << 20
    assert begins_as_video(path)
