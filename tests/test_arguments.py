"""Arguments of every command, by walking its parser: empty, given twice, too many, nothing."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signlet.cli import COMMANDS, main
from signlet.cli.argument_checks import check_given
from signlet.errors import SignletError
from signlet.training.train_plan import parse_folds


class Found(Exception):  # noqa: N818
    """Carries a parser out of a command."""


@pytest.fixture(scope="module")
def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of every command."""
    found = {}

    def caught(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
        raise Found(parser)

    for name in COMMANDS:
        module = importlib.import_module(f"signlet.cli.{name}")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(module, "parse", caught)
            with pytest.raises(Found) as carried:
                module.run([])
        found[name] = carried.value.args[0]
    return found


def flags(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    """Every spelling of every flag that takes a value."""
    for name, action in parser._option_string_actions.items():
        if action.nargs != 0:
            yield name, action


def takes_text(action: argparse.Action) -> bool:
    return action.default != ""


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("signlet: ")
    assert said.count("\n") == 1
    assert "Traceback" not in said
    return said


# --- empty --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("text", ["", "  "])
def test_no_flag_takes_an_empty_value_for_none(
    parsers: dict[str, argparse.ArgumentParser], command: str, text: str
) -> None:
    parser = parsers[command]
    for name, action in filter(lambda one: takes_text(one[1]), flags(parser)):
        joined = [f"{name}={text}"] if name.startswith("--") else []
        for given in ([name, text], joined or [name, text]):
            with pytest.raises(SignletError, match="is empty"):
                check_given(parser, given)
        if action.nargs == "+":
            with pytest.raises(SignletError, match=f"{name} is empty"):
                check_given(parser, [name, "one", text])


def test_a_text_that_is_empty_by_default_may_be_given_so(
    parsers: dict[str, argparse.ArgumentParser],
) -> None:
    check_given(parsers["train"], ["--packing.default_source="])


@pytest.mark.parametrize(
    "arguments",
    [
        ["pack", "", "-o", "out"],
        ["pack", "x", "-o", ""],
        ["pack", "x", "--out="],
        ["convert", "x", ""],
        ["convert", "x", "out", "--order="],
        ["convert", "x", "out", "--pixels", ""],
        ["extract", "", "-o", "out"],
        ["inspect", ""],
        ["inspect", "x", "--strip="],
        ["train", "--data="],
        ["train", "--run", ""],
        ["train", "--init="],
        ["demo", "--run="],
        ["tune", "--study="],
        ["tune", "--space="],
        ["evaluate", ""],
        ["evaluate", "x", "--work="],
        ["calibrate", "x", "--work="],
        ["calibrate", "x", "--runs", "a", ""],
        ["ensemble", "a", "", "-o", "out"],
        ["export", "x", "--clips="],
        ["export", "x", "-o", ""],
        ["export", "x", "--licence", ""],
        ["teach", "x", "y", "-o", ""],
        ["teach", "x", "--remove="],
        ["recognise", "", "a.npz"],
        ["recognise", "a.npz", "--overlay="],
        ["live", ""],
        ["live", "--model="],
        ["models", "--wheel="],
        ["page", "build", "-o", ""],
        ["serve", ""],
        ["serve", "--token_file="],
    ],
    ids=" ".join,
)
def test_an_empty_name_is_refused_and_nothing_is_written(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "is empty" in refused(arguments, capsys)
    assert not list(tmp_path.iterdir())


# --- twice --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_no_flag_has_two_values(parsers: dict[str, argparse.ArgumentParser], command: str) -> None:
    parser = parsers[command]
    for name, action in flags(parser):
        twice = [name, "one", *list(action.option_strings)[-1:], "two"]
        if isinstance(action, argparse._AppendAction):
            check_given(parser, twice)
            continue
        with pytest.raises(SignletError, match="is given twice, with one and with two"):
            check_given(parser, twice)
        check_given(parser, [name, "one", name, "one"])


def test_what_looks_like_twice_and_is_not(parsers: dict[str, argparse.ArgumentParser]) -> None:
    check_given(parsers["teach"], ["m", "--remove", "a", "--remove", "b"])
    check_given(parsers["export"], ["m", "--to", "onnx", "litert", "--no-embedding"])
    check_given(parsers["inspect"], ["--json", "a", "--clip", "b"])
    check_given(parsers["recognise"], ["a", "b", "--top", "3", "c"])
    check_given(parsers["pack"], ["-o", "x", "--", "-o"])


@pytest.mark.parametrize("flag", ["--to", "--runs"])
def test_lists_are_not_replaced_by_later_ones(
    parsers: dict[str, argparse.ArgumentParser], flag: str
) -> None:
    command = "export" if flag == "--to" else "calibrate"
    with pytest.raises(SignletError, match="given twice, with a b and with c"):
        check_given(parsers[command], ["m", flag, "a", "b", flag, "c"])


# --- too many -----------------------------------------------------------------------------


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"recognise", "ensemble"}))
def test_a_name_too_many_is_an_error_with_a_hint(
    parsers: dict[str, argparse.ArgumentParser],
    command: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [f"name{n}" for n in range(len(parsers[command]._get_positional_actions()) + 1)]
    required = [a for _, a in flags(parsers[command]) if a.required and a.option_strings]
    needed = [text for a in dict.fromkeys(required) for text in (a.option_strings[-1], "out")]
    said = refused([command, *names, *needed], capsys)
    assert names[-1] in said
    assert f"signlet {command} takes" in said
    assert "quotes" in said


@pytest.mark.parametrize("command", ["train", "tune"])
def test_clips_without_their_flag_are_told_it(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"; did you mean --data {tmp_path}?" in refused([command, str(tmp_path)], capsys)


def test_a_mistyped_command_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(["trian"], capsys).endswith("'trian'; did you mean train?\n")
    assert "; commands: demo, extract," in refused(["xyzxyz"], capsys)


@pytest.mark.parametrize("flag", ["--help", "-h", "--version"])
def test_nor_after_the_flags_without_a_command(
    flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean signlet pack --help?" in refused([flag, "pack"], capsys)
    assert "takes nothing after it" in refused([flag, "nothing"], capsys)


def test_a_help_of_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "give --help, or --help all" in refused(["train", "--help", "nothing"], capsys)


# --- 0 and below --------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", ["0", "-2"])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_processes_are_refused_even_where_nothing_is_to_be_done(
    parsers: dict[str, argparse.ArgumentParser],
    command: str,
    jobs: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "--jobs" not in parsers[command]._option_string_actions:
        return
    rest = {"pack": ["x", "-o", "y"], "extract": ["x", "-o", "y"]}.get(command, [])
    assert f"--jobs {jobs}: give 1 or more" in refused([command, *rest, "--jobs", jobs], capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ["pack", "fingerspelling", "-o", "out", "--max_len", "0"],
        ["pack", "fingerspelling", "-o", "out", "--max_len", "-1"],
        ["train", "--optimiser.epochs", "0", "--recipe", "demo"],
        ["train", "--optimiser.epochs=-1", "--recipe", "demo"],
        ["train", "--num_folds", "0", "--recipe", "demo"],
        ["train", "--fits", "0", "--recipe", "demo"],
        ["tune", "--epochs", "0", "--recipe", "demo"],
        ["tune", "--trials", "0", "--recipe", "demo"],
        ["tune", "--test_fold", "-1", "--recipe", "demo"],
        ["inspect", "fingerspelling:ase/R", "--max_len", "0"],
        ["inspect", "fingerspelling:ase/R", "--strip", "a.png", "--frames", "0"],
        ["inspect", "fingerspelling:ase/R", "--strip", "a.png", "--frames", "-1"],
        ["recognise", "fingerspelling:ase/R", "--top", "0"],
        ["live", "fingerspelling:ase/R", "--seconds", "0"],
        ["live", "fingerspelling:ase/R", "--seconds", "nan"],
        ["serve", "--page", "--threads", "-1"],
        ["serve", "fingerspelling", "--max_batch", "0"],
        ["serve", "fingerspelling", "--timeout", "nan"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_none_or_less_is_refused(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(arguments, capsys)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("bound", ["0", "0.5"])
def test_a_bound_is_taken_at_its_word(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from signlet.cli import export

    asked: dict[str, Any] = {}
    file = type("File", (), {"members": (), "signs": (), "average": None, "about": {}})()
    monkeypatch.setattr(export, "load_model", lambda folder: file)
    monkeypatch.setattr(export, "read_calibration", lambda folder: None)
    monkeypatch.setattr(export, "_print", lambda *_: None)
    monkeypatch.setattr(export, "export_ensemble", lambda *_, **how: asked.update(how))
    assert main(["export", str(Path(__file__).parent), "--to", "onnx", "--bound", bound]) == 0
    assert asked["bound"] == float(bound)


@pytest.mark.parametrize("jobs", ["1025", "1000000", "99999999999999999999"])
@pytest.mark.parametrize("command", ["pack", "extract", "train"])
def test_more_processes_than_a_machine_holds_are_refused(
    command: str, jobs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = {"train": [], "pack": ["x", "-o", "out"], "extract": ["x", "-o", "out"]}[command]
    said = refused([command, *rest, "--jobs", jobs], capsys)
    assert f"--jobs {jobs}: give at most 1024, or -1 for one per core" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["teach", "x", "--remove", "R", "--remove", "R"], "--remove is given twice with R"),
        (["teach", "x", "--remove=R", "--remove", "A", "--remove", "R"], "twice with R"),
    ],
)
def test_a_name_that_is_collected_comes_once(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(arguments, capsys)


def test_names_that_are_collected_may_differ(parsers: dict[str, argparse.ArgumentParser]) -> None:
    check_given(parsers["teach"], ["x", "--remove", "R", "--remove", "A"])


@pytest.mark.parametrize("text", ["0,0", "1,0,1", "0, 0", "00,0"])
def test_a_fold_is_named_once(text: str) -> None:
    with pytest.raises(SignletError, match=f"--folds {text}: names a fold twice; give each once"):
        parse_folds(text, 3)
    assert parse_folds("2,0", 3) == [0, 2]
