"""Damaged files of every kind: a valid clip or one clear line comes out, and nothing else."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from signlet.clip import MAX_FRAMES, Clip
from signlet.clip.span import FASTEST_FPS, SLOWEST_FPS
from signlet.errors import ClipError, SignletError
from signlet.sources import open_source, read_clip, write_clip
from signlet.sources.datasets.workbook import sheet_rows
from signlet.sources.rows import clip_rows
from signlet_testing import miniatures as mini
from signlet_testing.mutations import mutate, mutate_json
from signlet_testing.sources_data import HOLISTIC, pose_bytes

TIMES = 120
FRAMES = np.random.default_rng(0).random((2, 543, 3)).astype(np.float32)


def valid(clip: Clip) -> bool:
    shape = clip.frames.dtype == np.float32 and clip.frames.shape[1:] == (543, 3)
    rate = clip.fps is None or SLOWEST_FPS <= clip.fps <= FASTEST_FPS
    return (
        shape and rate and 1 <= len(clip.frames) <= MAX_FRAMES and not np.isinf(clip.frames).any()
    )


def said(error: SignletError, path: Path) -> None:
    message = str(error)
    assert str(path) in message
    assert message.isprintable(), repr(message)
    assert len(message) < 500 + len(str(path))


def survives(path: Path, read: Callable[[Path], Clip] = read_clip) -> bool:
    """Whether a clip came out; anything but that and ClipError fails the test."""
    try:
        clip = read(path)
    except ClipError as error:
        said(error, path)
        return False
    assert valid(clip)
    return True


def whole(folder: Path, suffix: str) -> bytes:
    """A file as this program, or numpy, writes it; one with more in it than needed."""
    path = folder / f"whole{suffix}"
    if suffix in (".npz", ".parquet"):
        write_clip(Clip(FRAMES, fps=25.0), path, "made 1")
    elif suffix == ".npy":
        np.save(path, FRAMES.astype(np.float64))
    elif suffix == ".pose":
        path.write_bytes(pose_bytes(HOLISTIC, 2, people=2))
    else:
        np.savez(path, left_hand=FRAMES[:, :21], right_hand=FRAMES[:, 21:42], fps=np.array(25))
        return path.with_name(f"{path.name}.npz").read_bytes()
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".parts", ".parquet", ".pose"])
def test_damaged_landmarks(suffix: str, tmp_path: Path) -> None:
    data = whole(tmp_path, suffix)
    path = tmp_path / f"clip{'.npz' if suffix == '.parts' else suffix}"
    path.write_bytes(data)
    assert survives(path)
    read = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy mends headers of Python 2
        for seed in range(TIMES):
            path.write_bytes(mutate(data, np.random.default_rng(seed)))
            read += survives(path)
    assert read < TIMES, "nothing was damaged"


def as_json(form: str) -> object:
    frames = mini.tasks_frames(FRAMES, "javascript" if form == "by part" else "python")
    if form == "by part":
        return {name: [frame[name] for frame in frames] for name in mini.NAMES["javascript"]}
    return frames if form == "list" else {"fps": 30, "frames": frames, "video": {"name": "a"}}


@pytest.mark.parametrize("form", ["list", "frames", "by part"])
def test_damaged_json(form: str, tmp_path: Path) -> None:
    path, value = tmp_path / "clip.json", as_json(form)
    path.write_text(json.dumps(value))
    assert survives(path)
    for seed in range(TIMES // 3):
        rng = np.random.default_rng(seed)
        text = mutate_json(value, rng).encode("utf-8", "surrogatepass")
        path.write_bytes(text if seed % 5 else mutate(text, rng))
        survives(path)


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_damaged_archives_of_clips(tmp_path: Path) -> None:
    clip = whole(tmp_path, ".npz")
    data = zipped({f"{sign}/ada_1.npz": clip for sign in ("hello", "no")})
    path = tmp_path / "clips.zip"
    for seed in range(TIMES // 5):
        path.write_bytes(mutate(data, np.random.default_rng(seed)))
        try:
            source = open_source(path)
            clips = [source.read(ref) for ref in source.refs()]
        except SignletError as error:
            said(error, path)
        else:
            assert all(map(valid, clips))


TABLE = "path,sign,signer,start,end\na.npz,hello,ada,0.5,1\nb/c.npz,no,ben,,\n"
ROWS = [{"path": "a.npz", "sign": "hello", "start": 0.5}, {"path": "b/c.npz", "sign": "no"}]


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_damaged_tables(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"clips{suffix}"
    for seed in range(TIMES):
        rng = np.random.default_rng(seed)
        text = TABLE if suffix == ".csv" else mutate_json(ROWS, rng)
        content = text.encode("utf-8", "surrogatepass")
        path.write_bytes(mutate(content, rng) if suffix == ".csv" or seed % 4 == 0 else content)
        try:
            rows = clip_rows(path, {})
        except SignletError as error:
            said(error, path)
        else:
            assert all(row["path"] and row["sign"] for row in rows)


def test_damaged_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "labels.xlsx"
    mini.workbook(path, [["SignID", "Sign-Arabic"], ["1", "a"], ["2", "b"]])
    data = path.read_bytes()
    assert sheet_rows(path)[1] == ["1", "a"]
    for seed in range(TIMES):
        path.write_bytes(mutate(data, np.random.default_rng(seed)))
        try:
            rows = sheet_rows(path)
        except SignletError as error:
            said(error, path)
        else:
            assert all(isinstance(cell, str) for row in rows for cell in row)
