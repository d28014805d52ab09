"""A folder is walked once, a .zip listed once, and what changes is seen all the same; a file is
known by its content in both."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.sources import open_source, walk, with_videos, zipped
from signlet.sources.source import Source
from signlet.video.file_type import begins_as_video
from signlet_testing.clips import moving_hand

LONG_AGO = 1_600_000_000
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\0\0\0\x08free" * 3
CONTENTS = {  # first bytes -> whether they are a video's
    MP4: True,
    b"\x1aE\xdf\xa3" + b"\x42\x86" * 8 + b"webm" + b"\x16\x54\xae\x6b\x83\x81\x01" * 3: True,
    b"GIF89a" + b"\0" * 40: False,
    b"export const a = 1;\n": False,
    b"PK\x03\x04" + b"\0" * 20: False,
    b"{}": False,
    b"": False,
    b"\0" * 99: False,
}
ENDINGS = ("", ".part", ".mp4.part", ".crdownload", ".ts", ".gif", ".bin", ".MP4", ".txt", ".mp4 ")


def made(root: Path) -> Path:
    for sign in ("hello", "thanks"):
        (root / sign).mkdir(parents=True)
        for who in ("anna", "ben"):
            np.savez(root / sign / f"{who}_1.npz", landmarks=moving_hand(0, 0, 0))
    return old(root)


def old(root: Path) -> Path:
    """As if it had been there for long: what was changed just now is looked at again."""
    for folder, _, files in os.walk(root):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            os.utime(path, (LONG_AGO, LONG_AGO))
    return root


def named(source: Source) -> list[str]:
    return [ref.name for ref in source.refs()]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    looked: list[str] = []
    scandir = os.scandir

    def scan(path: str) -> object:
        looked.append(str(path))
        return scandir(path)

    monkeypatch.setattr(walk.os, "scandir", scan)
    return looked


def test_a_folder_is_walked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = made(tmp_path / "clips")
    source = open_source(root)
    looked = counted(monkeypatch)
    assert len(named(source)) == 4
    assert not source.notes
    assert not with_videos(source)
    assert named(open_source(f"folder:{root}")) == named(source)
    assert looked == []


@pytest.mark.parametrize("sleep", ["just now", "long ago"])
@pytest.mark.parametrize(
    ("change", "now"),
    [
        (lambda r: (r / "hello/anna_1.npz").unlink(), 3),
        (lambda r: (r / "hello/anna_1.npz").rename(r / "hello/anna_2.npz"), 4),
        (lambda r: (r / "hello/cleo_1.npz").write_bytes(b"x"), 5),
        (lambda r: (r / "no").mkdir() or (r / "no/anna_1.npz").write_bytes(b"x"), 5),
        (lambda r: (r / "hello/dan_1.part").write_bytes(MP4), 5),
        (lambda r: (r / "thanks").rename(r.parent / "elsewhere"), 2),
        (lambda r: (r / "copy").symlink_to(r / "hello"), 6),
    ],
)
def test_what_changes_is_seen(
    tmp_path: Path, change: Callable[[Path], object], now: int, sleep: str
) -> None:
    root = made(tmp_path / "clips")
    if sleep == "just now":
        (root / "hello" / "anna_1.npz").touch()
        os.utime(root / "hello")
    source = open_source(root)
    before = named(source)
    change(root)
    after = named(source)
    assert len(after) == now
    assert after != before
    assert after == named(open_source(root))


def test_a_file_that_becomes_a_video_is_seen(tmp_path: Path) -> None:
    root = made(tmp_path / "clips")
    growing = root / "hello" / "dan_1.part"
    growing.write_bytes(b"")
    old(root)
    source = open_source(root)
    assert len(named(source)) == 4
    growing.write_bytes(MP4)
    os.utime(root / "hello", (LONG_AGO, LONG_AGO))  # no name was changed in the folder
    assert len(named(source)) == 5


def test_sources_stay_small_on_the_way_to_workers(tmp_path: Path) -> None:
    root = made(tmp_path / "clips")
    for number in range(300):
        (root / "hello" / f"eve_{number}.npz").touch()
    archive = tmp_path / "clips.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(root.rglob("*.npz")):
            file.write(path, path.relative_to(root))
    for source in (open_source(root), open_source(archive)):
        sent = pickle.dumps(source)
        assert len(sent) < 2_000
        assert pickle.loads(sent).refs() == source.refs()


def test_an_archive_is_listed_once_until_it_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, archive = made(tmp_path / "clips"), tmp_path / "clips.zip"
    for count in (4, 5):
        with zipfile.ZipFile(archive, "w") as file:
            for path in sorted(root.rglob("*.npz")):
                file.write(path, path.relative_to(root))
        os.utime(archive, (LONG_AGO + count, LONG_AGO + count))
        if count == 4:
            source = open_source(archive)
            (root / "hello" / "cleo_1.npz").write_bytes(b"x")
        assert len(named(source)) == count
    listed = zipped._tree
    times: list[Path] = []
    monkeypatch.setattr(zipped, "_tree", lambda path: times.append(path) or listed(path))
    assert len(named(source)) == 5
    assert not source.notes
    assert times == []


# --- by content ------------------------------------------------------------------------------


@pytest.mark.parametrize("content", CONTENTS, ids=range(len(CONTENTS)))
def test_a_zip_knows_a_file_by_its_content_as_a_folder_does(tmp_path: Path, content: bytes) -> None:
    root, archive = made(tmp_path / "clips"), tmp_path / "clips.zip"
    for number, ending in enumerate(ENDINGS):
        (root / "hello" / f"fay_{number}{ending}").write_bytes(content)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            file.write(path, path.relative_to(root))
    assert begins_as_video(root / "hello" / "fay_0") is CONTENTS[content]
    folder, packed = open_source(root), open_source(archive)
    assert named(packed) == named(folder)
    assert packed.notes == folder.notes
    found = sum("fay" in name for name in named(folder))
    assert found == (len(ENDINGS) if CONTENTS[content] else 1)  # .MP4 is one, whatever it holds


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=300), start=st.sampled_from(list(CONTENTS)))
def test_any_content_is_judged_alike(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, start: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "clip").write_bytes(start + content)
    with zipfile.ZipFile(folder / "clips.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.write(folder / "clip", "clip")
    with zipfile.ZipFile(folder / "clips.zip") as file:
        told = zipped._is_clip(file, file.infolist()[0])
    assert told is begins_as_video(folder / "clip")
