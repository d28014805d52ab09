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
from signlet.sources import open_source, read_clip, write_clip
from signlet.sources.unsupported import single_frames
from signlet.video.suffixes import is_video


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
    assert "a file for each frame; make clips of them: signlet convert mp-data:MP_Data OUT" in said
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
    (tmp_path / "flat").mkdir()
    for where, every in (("flat", f"{tmp_path}/flat/*.npz"), (".", f"{tmp_path}/*/*.npz")):
        one = _landmarks(tmp_path / "flat", ".npz")
        for model in ([], ["fingerspelling"]):
            assert main(["recognise", *model, str(tmp_path / where)]) == 2
            said = capsys.readouterr().err
            assert f"give one of its files, {one}, or all: {every}\n" in said


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


# --- moving pictures that are no videos here ---------------------------------------------------


def pictures(path: Path, count: int) -> Path:
    image = pytest.importorskip("PIL.Image")
    first, *rest = [image.new("RGB", (16, 16), (9 * n, 0, 0)) for n in range(count)]
    kind = "PNG" if path.suffix == ".apng" else None
    first.save(path, format=kind, **({"save_all": True, "append_images": rest} if rest else {}))
    return path


@pytest.mark.parametrize("command", [["recognise"], ["extract", "-o", "out"], ["inspect"]])
def test_an_animated_webp_names_the_remedy(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moving, still = pictures(tmp_path / "a.webp", 5), pictures(tmp_path / "b.webp", 1)
    (tmp_path / "c.avif").write_bytes(b"\0\0\0\x1cftypavis" + b"\0" * 40)
    (tmp_path / "cut.webp").write_bytes(moving.read_bytes()[:20])
    more = ["fingerspelling"] if command[0] == "recognise" else []
    for path in (moving, tmp_path / "c.avif"):
        assert main([command[0], *more, str(path), *command[1:]]) == 2
        assert "which is not read; save it as a GIF or MP4" in capsys.readouterr().err
    assert main(["recognise", str(moving)]) == 2
    assert "an animated WebP, which is not read; save it" in capsys.readouterr().err
    for path in (still, tmp_path / "cut.webp"):
        assert main([command[0], *more, str(path), *command[1:]]) == 2
        assert "a WebP picture" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [".gif", ".apng", ".png"])
def test_other_animated_pictures_are_videos(ending: str, tmp_path: Path) -> None:
    assert is_video(pictures(tmp_path / f"a{ending}", 5))
    still = pictures(tmp_path / f"b{ending}", 1)
    assert is_video(still) is (ending == ".apng")  # whose ending says that it moves


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.webp", "save moving pictures in .webp as GIF or MP4"),
        ("a.JPG", "make videos of single pictures"),
        ("more.zip", "unpack archives"),
        ("a.pkl", "save the arrays of pickles with numpy.savez"),
        ("notes.txt", ""),
    ],
)
@pytest.mark.parametrize("sign", ["hello", "thanks"])
def test_what_is_left_aside_names_a_remedy_where_there_is_one(
    name: str, remedy: str, sign: str, tmp_path: Path
) -> None:
    for folder in ("hello", "thanks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "hello" / "anna_1.npz").touch()
    (tmp_path / sign / name).write_bytes(b"\1\2")
    note = next(n for n in open_source(tmp_path).notes if Path(name).suffix.lower() in n)
    assert note.endswith(f"; {remedy}" if remedy else ")")
