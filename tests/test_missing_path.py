"""A path at which nothing is: every command says that, and what is nearest to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from signlet.cli import main
from signlet.files.missing_path import exists, not_found_message


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_clips" / "hello").mkdir(parents=True)
    (tmp_path / "my_clips" / "hello" / "anna_1.npz").touch()
    os.symlink("gone", tmp_path / "link")
    os.symlink("gone.npz", tmp_path / "link.npz")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("other", "; check the path"),
        ("my_clip", "; did you mean my_clips?"),
        ("MY_CLIPS", "; did you mean my_clips?"),
        ("my_clips/hello/anna-1.npz", "; did you mean my_clips/hello/anna_1.npz?"),
        ("my_clip/helo/a.npz", ", nor a folder my_clip; did you mean my_clips?"),
        ("my_clip/hello", ", nor a folder my_clip; did you mean my_clips/hello?"),
        ("a/b/c", ", nor a folder a; check the path"),
        ("my_clips/thanks/a.npz", ", nor a folder my_clips/thanks; check the path"),
        ("my_clips/helo/a.npz", ", nor a folder my_clips/helo; did you mean my_clips/hello?"),
        ("my_clips/hello/anna_1.npz/x", "; my_clips/hello/anna_1.npz is a file, not a folder"),
        ("link", "; it is a link to gone, which does not exist"),
        ("x" * 300, "; check the path"),
        ("a\0b", "; check the path"),
        ("x" * 300 + "/y", f", nor a folder {'x' * 300}; check the path"),
        ("/", None),
        (".", None),
    ],
)
def test_the_hint_names_what_is_there(here: Path, path: str, words: str | None) -> None:
    if words is None:
        assert exists(path)
        return
    assert not exists(path)
    assert not_found_message(path, "file") == f"{path}: there is no such file{words}"


MISSING = {  # command line, {} for the path -> endings of the path
    "convert {} out": ("", ".npz", ".csv", ".json", ".zip", ".mp4", ".pose", ".mov"),
    "convert {} out.npz --swap-hands": ("", ".npz", ".parquet"),
    "convert {} out --names {{signer}}_{{any}}": ("", ".csv"),
    "inspect {}": ("", ".npz", ".csv", ".tsv", ".zip", ".json", ".mp4"),
    "inspect {} --columns path=a,sign=b": (".csv", ".json"),
    "inspect wlasl:{}": ("", ".json"),
    "inspect folder:{}": ("",),
    "inspect pose33:{}": ("", ".csv"),
    "inspect person1:{}": ("", ".zip"),
    "pack {} -o out": ("", ".csv", ".zip"),
    "train --data {} --run out": ("", ".csv", ".zip"),
    "tune --data {} --study out.db": ("", ".csv"),
    "evaluate {}": ("", ".npz"),
    "calibrate {}": ("",),
    "export {}": ("", ".onnx"),
    "extract {} -o out": ("", ".mp4", ".npz"),
    "recognise {}": ("", ".mp4", ".npz", ".onnx", ".txt"),
    "models --wheel {}": ("", ".whl"),
    "train --data my_clips --run out --recipe {}": ("", ".yaml"),
    "train --data my_clips --run out --init {}": ("",),
    "recognise fingerspelling {}": ("", ".mp4", ".npz", ".txt"),
    "recognise {} a.npz": ("", ".onnx", ".tflite"),
    "teach fingerspelling {} -o out.onnx": ("", ".zip", ".csv"),
    "live {}": ("", ".mp4", ".npz", ".txt"),
    "ensemble {} other -o out": ("",),
    "serve {}": ("", ".onnx"),
}


@pytest.mark.parametrize("command", MISSING)
def test_every_command_says_that_nothing_is_there(
    command: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna")
    for path in [*(f"absent{ending}" for ending in MISSING[command]), "link", "no/such/path"]:
        assert main(command.format(path).split()) == 2
        (said,) = [one for one in capsys.readouterr().err.splitlines() if path in one]
        assert path in said
        assert "no such " in said
        assert not list(here.glob("out*"))


TYPED = {  # command line, and what was meant
    "recognise runs/mien a.npz": "runs/mine",
    "recognise fingerspeling a.npz": "fingerspelling",
    "recognise runs/mine.onx": "runs/mine.onnx",
    "recognise runs/mime.onnx a.npz": "runs/mine.onnx",
    "teach runs/mime.onnx my_clips -o out.onnx": "runs/mine.onnx",
    "evaluate runs/mien": "runs/mine",
    "calibrate runs/mien": "runs/mine",
    "export run/mine": "runs/mine",
    "ensemble runs/mien runs/mine -o out": "runs/mine",
    "serve runs/mien": "runs/mine",
    "page build -o out --model runs/mime.onnx": "runs/mine.onnx",
    "train --data my_clips --run out --init runs/mien": "runs/mine",
    "train --data my_clips --run out --init fingerspeling": "fingerspelling",
    "train --data my_clips --run out --recipe smal": "small",
    "train --data my_clip --run out": "my_clips",
}


@pytest.mark.parametrize("command", TYPED)
def test_a_name_that_is_nearly_right_is_asked_for(
    command: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "runs" / "mine").mkdir(parents=True)
    (here / "runs" / "mine.onnx").touch()
    assert main(command.split()) == 2
    assert f"; did you mean {TYPED[command]}?" in capsys.readouterr().err
    assert not list(here.glob("out*"))
