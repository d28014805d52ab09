"""A full disk: one line, and no archive that complains behind it; extract fills its own folders."""

from __future__ import annotations

import gc
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.extract.record import FILE, Record, Row, require_own
from signlet.sources import write_clip
from signlet.video import cache
from signlet.video.bundle import make

NOISE = np.random.default_rng(0).random((30, 543, 3), np.float32)


@contextmanager
def room_for(count: int) -> Iterator[None]:
    """No file can be larger than so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def a_clip(folder: Path) -> None:
    write_clip(Clip(NOISE, fps=25.0), folder / "a.npz", extractor="some")


def a_table(folder: Path) -> None:
    write_clip(Clip(NOISE, fps=25.0), folder / "a.parquet")


def a_bundle(folder: Path) -> None:
    make.write_bundle(folder / "a.task", {})


@pytest.mark.parametrize("write", [a_clip, a_table, a_bundle])
@pytest.mark.parametrize("room", [0, 100, 5000])
def test_nothing_complains_after_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None], room: int
) -> None:
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    monkeypatch.setattr(make, "_member", lambda name, models: NOISE.tobytes())
    monkeypatch.setattr(make, "no_blend_shapes", lambda: b"")
    with room_for(room), pytest.raises(SignletError, match=r"a.*: cannot be written"):
        write(tmp_path)
    gc.collect()
    assert not said
    assert not list(tmp_path.iterdir())


def test_landmarks_that_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    monkeypatch.setenv("SIGNLET_CACHE", str(tmp_path))
    kept = SimpleNamespace(frames=NOISE, times=np.arange(30.0), about=dict)
    with room_for(5000):
        told = cache.store("ab" * 32, kept)  # type: ignore[arg-type]
    gc.collect()
    assert told is not None
    assert "cannot be kept" in told
    assert not said


@pytest.mark.parametrize("name", ["A/ann_1.npz", "notes.txt", "quality.csv", "train.csv"])
def test_extract_leaves_other_folders_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("clip,quality\n")
    with pytest.raises(SignletError, match=r"--out .*did not write; name a new folder"):
        require_own(tmp_path)
    assert (tmp_path / name).read_text() == "clip,quality\n"


def test_extract_goes_on_in_its_own_folders(tmp_path: Path) -> None:
    require_own(tmp_path / "none")
    require_own(tmp_path)
    (tmp_path / ".hidden").touch()
    require_own(tmp_path)
    from signlet.extract.record import _text

    (tmp_path / FILE).write_text(_text([Row("a.mp4", file="a.npz")]))
    (tmp_path / "A").mkdir()
    require_own(tmp_path)
    assert Record(tmp_path).path == tmp_path / FILE
