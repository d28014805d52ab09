"""A pipe or a device by the name of a file: said as such by every command; nothing waits."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from signlet.cli import main
from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.sources import open_source, read_clip, write_clip
from signlet.video import cache
from signlet.video.file_type import begins_as_video, landmark_ending, what_else
from signlet.video.truncation import ending

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")

COMMANDS = (
    "extract v.mp4 -o out",
    "extract v.gif -o out",
    "extract clip -o out",
    "extract pipe.npz -o out",
    "recognise v.mp4",
    "recognise v.ts",
    "recognise pipe.npz",
    "recognise pipe.parquet",
    "recognise clip",
    "recognise pipe.pkl",
    "recognise pipe.onnx good.npz",
    "recognise pipe.tflite good.npz",
    "recognise pipe good.npz",
    "recognise fingerspelling pipe.zip",
    "inspect v.mp4",
    "inspect clip",
    "inspect table.csv",
    "inspect set.zip",
    "convert v.mp4 out --auto",
    "teach pipe.onnx goods -o out.onnx",
    "train --recipe rec.yaml --run out",
    "train --data table.csv --run out",
    "serve fingerspelling --token_file token --port 0",
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_clip(Clip(np.ones((8, 543, 3), np.float32)), "good.npz")
    write_clip(Clip(np.ones((8, 543, 3), np.float32)), "goods/A/ann_1.npz")
    return tmp_path


def pipe_named_in(command: str) -> str:
    words = command.split()[1:]
    return next(w for w in words if w[0] in "vcprts" and w != "out")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_is_said_as_such_and_never_waited_for(
    here: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(here / pipe_named_in(command))
    assert main(command.split()) == 2
    said = capsys.readouterr().err
    assert "is a pipe" in said, said
    assert "Traceback" not in said
    assert not (here / "out").exists()


@pytest.mark.parametrize(
    "command",
    [
        "recognise /dev/zero good.npz",
        "recognise /dev/zero",
        "extract /dev/zero -o out",
        "inspect /dev/zero",
    ],
)
def test_a_device_is_said_as_such(
    here: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 2
    assert "/dev/zero: is a device" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["model.onnx", "model.tflite"])
def test_a_folder_by_the_name_of_a_model(
    here: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / name).mkdir()
    assert main(["recognise", name, "good.npz"]) == 2
    assert f"{name}: is a directory" in capsys.readouterr().err


@pytest.mark.parametrize("make", ["pipe", "device", "socket"])
def test_what_looks_into_files_opens_none(here: Path, make: str) -> None:
    path = here / "it"
    if make == "socket":
        import socket

        socket.socket(socket.AF_UNIX).bind("it")
    elif make == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    assert not begins_as_video(path)
    assert what_else(path) is None
    assert landmark_ending(path) is None
    assert ending(path) == "unknown"
    with pytest.raises(SignletError, match=f"is a {make}"):
        cache.content_key(path, "extractor")
    with pytest.raises(SignletError, match=f"is a {make}"):
        read_clip(path)


def test_a_folder_tells_of_its_pipes(here: Path) -> None:
    for name in ("A/ann_1.npz", "R/ann_1.npz", "R/ann_2.mp4", "S/ann_1.npz"):
        (here / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(here / "set" / name)
    with pytest.raises(SignletError, match=r"4 files skipped \(pipes.*A/ann_1\.npz"):
        open_source(here / "set")
    write_clip(Clip(np.ones((8, 543, 3), np.float32)), here / "set" / "R" / "bob_1.npz")
    said = " ".join(open_source(here / "set").notes)
    assert "R/ann_1.npz" in said
    assert "R/ann_2.mp4" in said
    assert "A (1 file (pipes" in said
    assert "of kinds that signlet does not read" not in said


def test_a_pipe_by_the_name_of_extracts_table(here: Path) -> None:
    from signlet.extract.record import Record

    os.mkfifo(here / "quality.csv")
    with pytest.raises(SignletError, match="is a device or a pipe"):
        Record(here)
