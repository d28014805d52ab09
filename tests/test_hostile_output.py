"""Every command over names that attack a terminal: what is printed is printable, and in one line.

One process runs all commands, in turns, and says where each begins; importing torch for each
would cost more than all of them do.
"""

from __future__ import annotations

import io
import json
import logging
import os
import pickle
import re
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.progress import Progress, TextColumn
from rich.table import Table
from rich.text import Text

from signlet.cli import COMMANDS
from signlet.clip import Clip
from signlet.errors import ClipError, ClipWarning, SignletError
from signlet.printable import shortened
from signlet.sources import ClipRef
from signlet.text.console import SafeConsole
from signlet.text.terminal import (
    in_a_message,
    is_terminal,
    json_for_stdout,
    printable,
    printable_lines,
    printing_safely,
)
from signlet_testing.clips import moving_hand
from signlet_testing.recipes import SMALL

CHILD = """
import json, os, sys
from signlet.cli import main
def mark(text):
    for stream in (sys.stdout, sys.stderr):
        print(f"\\n===={text}====", file=stream, flush=True)
for number, arguments in enumerate(json.load(sys.stdin)):
    mark(number)
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code
    print(f"code {code}", flush=True)
"""
TITLE = "\x1b]0;owned\x07"
FORGED = "signlet: all is well"
LONG = "x" * 100_000
NAMES = (
    *(
        TITLE,
        "\x1b[2J\x1b[31mred",
        "\x1b]8;;http",
        "\x1b]52;c;QQ==\x07",
        "\x1bPq\x1b",
        "\x9b2J\x90q\x9c",
    ),
    *(
        "a\r" + FORGED,
        f"a\n{FORGED}",
        "b\x08\x08b",
        "\x7f",
        "\u202egpj.",
        "\u2066\u200b\ufeff\u2029",
    ),
    *("[bold]", "[red]:wave:", "=1+1", "\udcff\udce9", "x" * 200),
)
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such names")


def write(path: Path, number: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, landmarks=moving_hand(number % 2, number, 0), fps=25.0)
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips, tables, a zip, a recipe and what is none of it, in a folder whose name is as bad."""
    base = tmp_path_factory.mktemp("names") / f"{TITLE}[bold]\n{FORGED}\u202e\udcff"
    for number, name in enumerate(NAMES):
        write(
            base / "clips" / ("[red]", "=a\u200db:")[number % 2] / f"p{number}_{name}.npz", number
        )
    write(base / "badly" / TITLE / "p_1.npz", 0)
    write(base / "badly" / "good" / "p_1.npz", 0)
    (base / "broken" / "sign").mkdir(parents=True)
    (base / "broken" / "sign" / f"p_{TITLE}.npz").write_bytes(b"no clip")
    (base / "broken" / "sign" / f"p_{TITLE}\n.mp4").write_bytes(b"no video")
    with zipfile.ZipFile(base / f"z{TITLE}.zip", "w") as file:
        for number, name in enumerate(NAMES[:-2]):
            clip = next((base / "clips").rglob(f"p{number}_*"))
            file.write(clip, f"{'ab'[number % 2]}/p{number}_{name}.npz")
    (base / "rows.csv").write_text(f'path,sign\n"{TITLE}","x{TITLE}"\n', encoding="utf-8")
    (base / "heads.csv").write_text(f'"{TITLE}","\x1b[2Ja\n{FORGED}"\n1,2\n', encoding="utf-8")
    (base / "keys.json").write_text(json.dumps([{TITLE: 1, f"a\n{FORGED}": 2}]), encoding="utf-8")
    (base / "recipe.yaml").write_text('"\\e]0;x\\a\\n' + FORGED + '": 1\n', encoding="utf-8")
    return base


def commands(base: Path, model: Path) -> list[list[str]]:
    """Of every kind: results, remarks, errors that name a file, errors that repeat an argument."""
    clips, run = base / "clips", base / "run"
    clip = next((clips / "[red]").glob("p2_*"))
    found: list[list[str | Path]] = [
        ["train", "--data", clips, "--run", run, "--jobs", "1", "--folds", "0", *SMALL],
        ["inspect", clips, "--page", base / "quality.html"],
        ["inspect", clips, "--json"],
        ["inspect", clip],
        *(["inspect", base / name] for name in ("badly", "broken", f"z{TITLE}.zip")),
        *(["inspect", base / name] for name in ("rows.csv", "heads.csv", "keys.json")),
        ["inspect", base / "rows.csv", "--columns", f"path={TITLE}"],
        ["inspect", clips, "--names", f"{TITLE}{{sign}}"],
        ["pack", clips, "-o", base / "packed", "--jobs", "1"],
        ["inspect", base / "packed"],
        ["convert", clips, base / "mirrored", "--mirror"],
        ["convert", clip, base / f"one{TITLE}.npz", "--mirror"],
        ["evaluate", run],
        ["evaluate", run, "--json"],
        ["export", run, "--to", TITLE],
        ["export", run, "--clips", TITLE],
        ["recognise", run, clip, clip],
        ["recognise", run, clip, "--json"],
        ["recognise", run, base / "broken" / "sign" / f"p_{TITLE}\n.mp4"],
        ["teach", model, base / f"z{TITLE}.zip", "-o", base / f"mine{TITLE}.onnx"],
        ["recognise", base / f"mine{TITLE}.onnx", clip],
        ["teach", model, base / "badly", "-o", base / "more.onnx"],
        ["live", clip, "--model", model, "--headless"],
        ["live", clip, "--model", model, "--headless", "--json"],
        ["extract", base / "broken", "-o", base / "extracted", "--jobs", "1"],
        ["ensemble", run, run, "-o", base / "ensemble"],
        ["calibrate", run, "--false_accepts", TITLE],
        ["tune", "--data", TITLE, "--study", base / "study.db"],
        ["demo", "--seed", TITLE],
        ["demo", "--seed", LONG],
        ["models", "--wheel", TITLE],
        ["page", "build", "--model", TITLE],
        ["serve", model, "--host", TITLE],
        ["train", "--recipe", base / "recipe.yaml", "--data", clips],
        ["inspect", "\udce9\udcff"],
        [TITLE],
        [LONG],
        *([name, f"--{TITLE}\n{FORGED}"] for name in COMMANDS),
        *([name, f"{TITLE}\n{FORGED}"] for name in COMMANDS if name not in ("train", "demo")),
        *([name, f"--{LONG}"] for name in ("train", "live", "page")),
        *([name, LONG, LONG] for name in ("recognise", "inspect", "evaluate", "teach", "export")),
    ]
    return [[str(argument) for argument in one] for one in found]


@pytest.fixture(scope="module")
def said(
    place: Path, teachable: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[list[str], str, str]]:
    """Of each command its arguments, stdout and stderr."""
    every = commands(place, teachable)
    cache = str(tmp_path_factory.mktemp("cache"))
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps(every).encode(),
        capture_output=True,
        cwd=cache,
        env={**os.environ, "XDG_CACHE_HOME": cache, "SIGNLET_BAD": TITLE, "COLUMNS": "100"},
        timeout=600,
    )
    out, err = (
        re.split(r"\n====\d+====\n", raw.decode("utf-8", "surrogateescape"))[1:]
        for raw in (done.stdout, done.stderr)
    )
    assert len(out) == len(err) == len(every), done.stderr[-2000:]
    return list(zip(every, out, err, strict=True))


@linux
def test_nothing_that_moves_a_terminal_is_printed(
    said: list[tuple[list[str], str, str]],
) -> None:
    for arguments, *streams in said:
        for text in streams:
            found = UNPRINTABLE.search(text)
            assert not found, (arguments[:1], ascii(text[max(0, found.start() - 80) :][:160]))
            text.encode()  # no half of a character


@linux
def test_no_name_makes_a_line_of_its_own_or_a_long_one(
    said: list[tuple[list[str], str, str]],
) -> None:
    for arguments, *streams in said:
        for line in "\n".join(streams).splitlines():
            assert not line.startswith(FORGED), arguments[:1]
            assert len(line) <= 2000 or line.startswith("{"), (arguments[:1], len(line))


@linux
def test_every_command_ends_with_a_result_or_a_line(
    said: list[tuple[list[str], str, str]],
) -> None:
    for arguments, out, err in said:
        code = out.rsplit("code ", 1)[1].strip()
        assert code in "02", (arguments[:1], code, err[-500:])
        assert "Traceback" not in err, (arguments[:1], err[-500:])
        if code == "2":
            assert any(line.startswith("signlet: ") for line in err.splitlines()), arguments[:1]
    assert {arguments[0] for arguments, *_ in said} >= set(COMMANDS)
    train = next(out for arguments, out, _ in said if arguments[0] == "train")
    assert train.endswith("code 0\n")


@linux
def test_json_is_json_and_gives_the_names_back(said: list[tuple[list[str], str, str]]) -> None:
    found = [(a, out.rsplit("code ", 1)[0]) for a, out, _ in said if "--json" in a]
    assert len(found) == 4
    for arguments, out in found:
        if arguments[0] == "recognise":
            assert json.loads(out)["clip"] == arguments[2]
        elif arguments[0] == "live":
            assert all(json.loads(line) for line in out.splitlines())
        else:
            assert json.loads(out)


@linux
def test_names_are_printed_as_they_are_where_they_can_be(
    said: list[tuple[list[str], str, str]],
) -> None:
    tables = next(out for arguments, out, _ in said if arguments[0] == "inspect")
    assert "[red]" in tables
    assert "=a\u200db:" in tables
    assert r"\x1b]0;owned\x07" in tables


@linux
def test_pages_and_tables_hold_the_names_escaped(
    place: Path, said: list[tuple[list[str], str, str]]
) -> None:
    for name in ("quality.html", "run/report.html", "run/config.yaml", "mirrored/manifest.csv"):
        text = (place / name).read_text(encoding="utf-8")
        found = UNPRINTABLE.search(text)
        assert not found, (name, ascii(text[max(0, found.start() - 80) :][:160]))


# --- the parts -----------------------------------------------------------------------------

anything = st.text(st.characters(exclude_categories=()), max_size=40)


@given(anything)
def test_a_printable_name_is_one_line_and_stays_itself(text: str) -> None:
    shown = printable(text)
    assert not UNPRINTABLE.search(shown)
    assert shown.splitlines() == [shown] if shown else not text
    assert printable(shown) == shown
    assert shown == text or UNPRINTABLE.search(text) or not text.isprintable()
    shown.encode()


@given(anything)
def test_a_text_keeps_its_lines_and_tabs(text: str) -> None:
    assert printable_lines(text).count("\n") == text.count("\n")
    assert printable_lines(text).count("\t") == text.count("\t")


@given(st.lists(anything, max_size=3))
def test_json_that_is_printed_says_the_same(texts: list[str]) -> None:
    shown = json_for_stdout(json.dumps(texts, ensure_ascii=False))
    assert not UNPRINTABLE.search(shown)
    assert json.loads(shown) == json.loads(json.dumps(texts))


def test_what_is_long_is_shortened_in_its_middle() -> None:
    assert shortened("abcdef") == "abcdef"
    assert shortened("abc" + "-" * 99_994 + "xyz", 6) == "abc…xyz, 100,000 characters"
    text = in_a_message(f"--seed {LONG}: give a number")
    assert text.startswith("--seed xxx")
    assert text.endswith("x, 100,000 characters: give a number")
    assert len(in_a_message("a " * 100_000)) < 1600
    path = "/".join(["folder"] * 60)
    assert in_a_message(f"{path}: is no file") == f"{path}: is no file"


@pytest.mark.parametrize("kind", [SignletError, ClipError, ClipWarning])
def test_errors_and_warnings_are_one_printable_line(kind: type[Exception]) -> None:
    error = kind(f"{TITLE}\n  of a library\u202e: 100 %\x00 {LONG}")
    assert str(error).startswith(r"\x1b]0;owned\x07 of a library\u202e: 100 %\x00 xxx")
    assert len(str(error)) < 2000
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_warning_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning(ClipWarning(f"a{TITLE}\n{FORGED}"), ClipWarning, "x.py", 1, line="")
    assert not UNPRINTABLE.search(capsys.readouterr().err.replace("\n", ""))


@pytest.mark.parametrize("name", [*NAMES, "a\tb", "a\x00b"], ids=ascii)
def test_a_clip_has_a_name_of_one_line(name: str) -> None:
    clip = Clip(moving_hand(0, 0, 0), name)
    ref = ClipRef(name, Path("there") / name, "sign", None)
    for shown in (clip.name, ref.name):
        assert shown == printable(name)
    assert ref.path.name == name  # it is still found


def test_what_others_print_in_a_command_is_escaped_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with printing_safely():
        print(f"a{TITLE}", "b\udcff\r", sep="\t")
        sys.stdout.writelines(["c\u202e\n", f"{LONG}\n"])
        assert not sys.stdout.isatty()  # or colours would be sent to it
        assert is_terminal(sys.stdout)
        logging.StreamHandler(sys.stderr).emit(logging.makeLogRecord({"msg": TITLE}))
        SafeConsole(force_terminal=True, highlight=False).print(f"d{TITLE}", style="bold")
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[:2] == ["a\\x1b]0;owned\\x07\tb\\udcff\\r", r"c\u202e"]
    assert lines[2].endswith("x, 100,000 characters")
    assert lines[3] == "\x1b[1md\\x1b]0;owned\\x07\x1b[0m"  # our own colours are none of a name's
    assert err == "\\x1b]0;owned\\x07\n"
    assert is_terminal(None) is False


SEQUENCE = re.compile(r"\x1b[^a-zA-Z]*[a-zA-Z]|[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f]")


def shown_with(name: str) -> list[str]:
    """The control sequences that a terminal gets of a name in all that rich draws."""
    out = io.StringIO()
    console = SafeConsole(file=out, force_terminal=True, width=300, highlight=False)
    table = Table(name, title=name)
    table.add_row(name)
    table.add_row(Text(name))
    console.print(f"clip {name}", table, Text(f"Note: {name}", style="yellow"))
    console.print(f"clip {name}", style="bold", soft_wrap=True)
    console.print(Text(f"clip {name}"), soft_wrap=True)
    columns = (TextColumn("{task.description}", markup=False),)
    with Progress(*columns, console=console, auto_refresh=False) as bar:
        bar.add_task(name)
    return SEQUENCE.findall(out.getvalue())


@pytest.mark.parametrize("name", [name for name in NAMES if "\n" not in name], ids=ascii)
def test_a_terminal_gets_only_what_rich_sends(name: str) -> None:
    assert shown_with(name) == shown_with("a")


@given(st.text(st.sampled_from("[]/bold:wave=#@ \\"), min_size=1, max_size=12))
def test_a_text_is_no_markup(name: str) -> None:
    out = io.StringIO()
    console = SafeConsole(file=out, width=200)
    console.print(f"<{name}>", soft_wrap=True)
    assert out.getvalue() == f"<{name}>\n"
