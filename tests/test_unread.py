"""Files and folders that are no clip: the message says what they are and what to do."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from signlet.cli import main
from signlet.clip import Clip
from signlet.errors import ClipError
from signlet.sources import read_clip, write_clip
from signlet.sources.unread import single_frames


@pytest.fixture
def tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MP_Data/hello/0/0.npy ... 11.npy, in the current folder."""
    monkeypatch.chdir(tmp_path)
    folder = Path("MP_Data/hello/0")
    folder.mkdir(parents=True)
    for number, frame in enumerate(np.random.default_rng(0).random((12, 1662))):
        np.save(folder / f"{number}.npy", frame)
    return folder


@pytest.mark.parametrize("command", ["recognise", "recognise fingerspelling", "inspect"])
@pytest.mark.parametrize("given", ["MP_Data/hello/0", "MP_Data/hello/0/", "MP_Data/hello"])
def test_a_folder_of_single_frames_names_what_makes_clips_of_it(
    command: str, given: str, tutorial: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), given]) == 2
    said = capsys.readouterr().err
    assert "a file for each frame; write clips: signlet convert mp-data:MP_Data OUT" in said
    assert said.count("\n") == 1


def test_the_remedy_does_what_it_says(tutorial: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "mp-data:MP_Data", "out"]) == 0
    (clip,) = Path("out").rglob("*.npz")
    assert read_clip(clip).frames.shape == (12, 543, 3)
    assert main(["recognise", "fingerspelling", str(clip)]) == 0


def test_one_frame_is_called_one(tutorial: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recognise", str(tutorial / "0.npy")]) == 2
    assert "this is one frame; stack the frames" in capsys.readouterr().err


def test_the_set_is_named_from_wherever_one_stands(
    tutorial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absolute = tutorial.resolve()
    monkeypatch.chdir(absolute)
    assert "mp-data:../.. OUT" in (single_frames(Path()) or "")
    assert "mp-data:../.. OUT" in (single_frames(Path("..")) or "")
    assert f"mp-data:{absolute.parents[1]} OUT" in (single_frames(absolute) or "")


@pytest.mark.parametrize("array", [np.zeros((9, 1662)), np.zeros((9, 543, 3)), None])
def test_other_folders_are_not_taken_for_it(array: np.ndarray | None, tmp_path: Path) -> None:
    (tmp_path / "hello").mkdir()
    if array is None:
        (tmp_path / "hello" / "0.npy").write_bytes(b"nothing")
    else:
        np.save(tmp_path / "hello" / "0.npy", array)
    assert single_frames(tmp_path) is None
    assert single_frames(tmp_path / "hello") is None
    assert single_frames(tmp_path / "nowhere") is None


def test_another_folder_is_no_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recognise", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"give clips of it (signlet recognise {tmp_path}/*.npz)" in said
    assert said.count("\n") == 1


def _landmarks(folder: Path, ending: str) -> Path:
    path = folder / f"real{ending}"
    frames = np.random.default_rng(0).random((5, 543, 3), dtype=np.float32)
    if ending == ".npy":
        np.save(path, frames)
    else:
        write_clip(Clip(frames), path)
    return path


@pytest.mark.parametrize("called", [".mp4", ".webm", ".npz", ".npy", ".parquet", ".pose", ".x", ""])
@pytest.mark.parametrize("ending", [".npz", ".npy", ".parquet"])
def test_landmarks_under_another_ending_are_to_be_renamed(
    ending: str, called: str, tmp_path: Path
) -> None:
    path = tmp_path / f"clip{called}"
    shutil.copy(_landmarks(tmp_path, ending), path)
    if called == ending:
        assert read_clip(path).frames.shape == (5, 543, 3)
        return
    with pytest.raises(ClipError, match=rf"rename it to clip{ending}$"):
        read_clip(path)


def test_any_other_archive_is_not_called_landmarks(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("A/ada_1.txt", "no clip")
    with pytest.raises(ClipError, match="zip archive") as caught:
        read_clip(path)
    assert "rename" not in str(caught.value)
    path.write_bytes(b"PK\x03\x04 and no more of it")
    with pytest.raises(ClipError, match="zip archive"):
        read_clip(path)
