"""A path at which nothing is: every command says that, and what is nearest to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from signlet.cli import main
from signlet.sources.missing_path import exists, not_found_message


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
