"""The cache of extracted clips, and sources that need it."""

from __future__ import annotations

import hashlib
import os
import shutil
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from signlet.cli.recordings import extract_first
from signlet.errors import SignletError
from signlet.extract import ensure_extracted
from signlet.extract.pose_parts import pose_parts
from signlet.sources import open_source, read_clip
from signlet.video import cache, extractors
from signlet.video.clip import extract_clip
from signlet.video.single import HOLISTIC, find
from signlet_testing.extracting import extract, videos
from signlet_testing.videos import Stub, cached, stub

__all__ = ["cached", "stub", "videos"]
PARTS = "576a114f94befb163286920ea2aa450d87d99088a96d6307212037e0519f6e9b"
"""SHA-256 of the parts that pose-format makes with MediaPipe 0.10.21."""


# --- the cache ---------------------------------------------------------------------------
def test_the_same_content_is_extracted_once(videos: Path, stub: Stub) -> None:
    first = extract_clip(videos / "hello" / "anna_1.mp4")
    copy = Path(shutil.copy(videos / "hello" / "anna_1.mp4", videos / "elsewhere.mp4"))
    again = extract_clip(copy)
    assert len(stub.pictures) == 3
    assert (first.name, again.name) == ("anna_1", "elsewhere")
    np.testing.assert_array_equal(first.frames, again.frames)
    assert first.fps == again.fps


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_damaged_entry_is_made_again(videos: Path, stub: Stub, data: st.DataObject) -> None:
    video = videos / "hello" / "anna_1.mp4"
    whole = extract_clip(video).frames
    (entry,) = cache.cache_folder().rglob("*.npz")
    content = entry.read_bytes()
    if data.draw(st.booleans()):
        damaged = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        place = data.draw(st.integers(0, len(content) - 1))
        damaged = content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]
    entry.write_bytes(damaged)
    np.testing.assert_array_equal(extract_clip(video).frames, whole)
    seen = len(stub.pictures)
    np.testing.assert_array_equal(extract_clip(video).frames, whole)
    assert len(stub.pictures) == seen, "the entry is whole again"


def test_an_entry_under_a_wrong_key_is_not_believed(videos: Path, stub: Stub) -> None:
    extract_clip(videos / "hello" / "anna_1.mp4")
    (entry,) = cache.cache_folder().rglob("*.npz")
    extract_clip(videos / "hello" / "bob_1.mp4")
    (other,) = set(cache.cache_folder().rglob("*.npz")) - {entry}
    shutil.copy(entry, other)
    assert len(extract_clip(videos / "hello" / "bob_1.mp4").frames) == 4


def test_a_cache_that_cannot_be_written_is_said_once(
    videos: Path,
    tmp_path: Path,
    stub: Stub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SIGNLET_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr("signlet.video.clip._warned", set())
    for name in ("anna_1", "bob_1"):
        assert len(extract_clip(videos / "hello" / f"{name}.mp4").frames) in (3, 4)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "SIGNLET_CACHE" in said
    assert extract(videos, "-o", tmp_path / "out") == 0
    assert len(list((tmp_path / "out").rglob("*.parquet"))) == 3
    said = capsys.readouterr().err
    assert said.count("SIGNLET_CACHE") == 1
    assert cache.unwritable()


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNLET_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setattr("sys.platform", "linux")
    assert cache.cache_folder() == Path("/somewhere/signlet/landmarks")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder() == Path.home() / ".cache/signlet/landmarks"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache.cache_folder() == Path.home() / "Library/Caches/signlet/landmarks"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", os.fspath(Path("/local")))
    assert cache.cache_folder() == Path("/local/signlet/landmarks")


# --- sources -----------------------------------------------------------------------------
def test_the_videos_of_a_source_are_extracted_before_they_are_read(
    videos: Path, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    (videos / "hello" / "bad_1.mp4").write_bytes(b"no video")
    source = open_source(videos)
    summary = extract_first(source, Console(width=200), 1)
    assert [row.video for row in summary.good] == [
        "hello/anna_1.mp4",
        "hello/bob_1.mp4",
        "thanks/anna_1.mp4",
    ]
    assert "cannot be decoded" in summary.bad[0].error
    assert "1 video could not" in capsys.readouterr().out
    seen = len(stub.pictures)
    lengths = [len(source.read(ref).frames) for ref in source.refs() if "bad" not in ref.name]
    assert lengths == [3, 4, 5]
    assert len(stub.pictures) == seen == 12
    assert find(videos / "hello" / "anna_1.mp4", HOLISTIC).cached


def test_a_missing_video_is_named_even_without_mediapipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extractors, "version", missing)
    extractors.identity.cache_clear()
    try:
        with pytest.raises(SignletError, match=r"nothing\.mp4: there is no such file"):
            read_clip(tmp_path / "nothing.mp4")
        (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
        with pytest.raises(SignletError, match="needs the extra video"):
            read_clip(tmp_path / "clip.mp4")
    finally:
        extractors.identity.cache_clear()


def test_a_source_without_videos_needs_nothing(tmp_path: Path) -> None:
    (tmp_path / "hello").mkdir()
    np.savez(tmp_path / "hello" / "a_1.npz", np.zeros((2, 543, 3), np.float32))
    assert ensure_extracted(open_source(tmp_path)).rows == ()


def test_a_pose_file_has_the_same_parts_with_every_mediapipe() -> None:
    parts = pose_parts()
    parts.pop("POSE_WORLD_LANDMARKS", None)
    told = [
        (name, part.points, sorted(part.limbs), part.colors, part.format)
        for name, part in sorted(parts.items())
    ]
    assert [len(points) for _, points, *_ in told] == [468, 21, 33, 21]
    assert hashlib.sha256(repr(told).encode()).hexdigest() == PARTS
