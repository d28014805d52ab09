"""Output anywhere: names in every script on a stream that lacks them, and readers who leave."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from signlet.text.console import SafeConsole
from signlet.text.terminal import escaping, json_for_stdout
from signlet_testing import PATIENCE
from signlet_testing.clips import moving_hand
from signlet_testing.recipes import SMALL

SIGNS = ("سلام", "привет", "👋🏽")
STREAMS = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "LANG=C": {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"},
}


def signlet(*arguments: str | Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "signlet", *map(str, arguments)],
        capture_output=True,
        env={**os.environ, **env},
        timeout=PATIENCE,
    )


ONE_PROCESS = """
import json, sys
from signlet.cli import main
for given in json.loads(sys.argv[1]):
    try:
        code = main(given)
    except SystemExit as help:
        code = help.code or 0
    print(end="\\0", flush=True)
    if code:
        sys.exit(code)
"""


def each_of(*commands: Sequence[str | Path], encoding: str = "ascii", **env: str) -> list[str]:
    """What commands print, one after another in one process, which is started once."""
    given = json.dumps([[str(word) for word in command] for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", ONE_PROCESS, given],
        capture_output=True,
        env={**os.environ, **env},
        timeout=PATIENCE,
    )
    printed = fine(done, encoding=encoding).split("\0")
    assert len(printed) == len(commands) + 1
    return printed[:-1]


def fine(done: subprocess.CompletedProcess[bytes], code: int = 0, encoding: str = "ascii") -> str:
    """What was printed, in an encoding."""
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.stdout.decode(encoding)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    for number, sign in enumerate(SIGNS):
        (folder / sign).mkdir()
        for signer in range(2):
            path = folder / sign / f"анна{signer}_1.npz"
            np.savez_compressed(path, landmarks=moving_hand(number, signer, 0))
    return folder


@pytest.fixture(scope="module")
def run(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained with a stdout in cp1252, as it is where Windows redirects one."""
    folder = tmp_path_factory.mktemp("скрипты") / "проба"
    given = ("--data", clips, "--run", folder, "--jobs", "1", *SMALL)
    printed = fine(signlet("train", *given, PYTHONIOENCODING="cp1252"))
    assert "report.html" in printed
    return folder


def test_a_training_keeps_its_report_whatever_stdout_can_write(run: Path) -> None:
    report = (run / "report.html").read_text(encoding="utf-8")
    assert all(sign in report for sign in SIGNS)
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    assert sorted(config["signs"]) == sorted(SIGNS)


@pytest.fixture(scope="module")
def printed_on(run: Path, clips: Path) -> Callable[[str], list[str]]:
    """What five commands print on one of STREAMS; each stream has one process."""

    @cache
    def printed(stream: str) -> list[str]:
        one, other = (clips / sign / "анна0_1.npz" for sign in (SIGNS[0], SIGNS[2]))
        plain = (("inspect", clips), ("evaluate", run), ("recognise", run, one))
        as_json = (("recognise", run, other, "--json", "--top", "3"), ("inspect", clips, "--json"))
        return each_of(*plain, *as_json, **STREAMS[stream])

    return printed


@pytest.mark.parametrize("stream", ["cp1252", "LANG=C"])
def test_names_that_stdout_lacks_are_escaped(
    stream: str, printed_on: Callable[[str], list[str]]
) -> None:
    quality, _, answer, *_ = printed_on(stream)
    assert r"\u043f\u0440\u0438" in quality
    assert r"\u0633" in answer


@pytest.mark.parametrize("stream", ["cp1252", "ascii", "LANG=C"])
def test_json_stays_json(stream: str, printed_on: Callable[[str], list[str]]) -> None:
    *_, answer, quality = printed_on(stream)
    assert {one["sign"] for one in json.loads(answer)["top"]} == set(SIGNS)
    assert set(json.loads(quality)["clips_of_sign"]) == set(SIGNS)


def test_teaching_on_such_a_stream(teachable: Path, clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "моя.onnx"
    fine(signlet("teach", teachable, clips, "-o", out, PYTHONIOENCODING="cp1252"))
    assert out.exists()


def test_help_is_printed_on_any_terminal() -> None:
    commands = [(name, "--help") for name in ("train", "teach", "extract", "live")]
    for said in each_of(*commands, PYTHONIOENCODING="ascii", COLUMNS="80"):
        assert "--help" in said


def test_a_recipe_is_read_as_utf8_whatever_the_locale(clips: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("# für Прохожий\nname: é проба 😀\n", encoding="utf-8")
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code = (
        "import sys; from signlet.training.recipes import load_recipe;"
        "print(ascii(load_recipe(sys.argv[1]).name))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(recipe)], capture_output=True, env={**os.environ, **env}
    )
    assert fine(done).strip() == ascii("é проба 😀")


NOT_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_a_locale_that_cannot_read_the_names_is_named_with_its_remedy(clips: Path) -> None:
    done = signlet("inspect", clips, **NOT_UTF8)
    assert done.returncode == 2
    (line,) = done.stderr.decode("ascii").splitlines()
    assert line.endswith("; file names are not read as UTF-8 here: set PYTHONUTF8=1")
    fine(signlet("recognise", "fingerspelling", clips / SIGNS[1] / "анна0_1.npz", **NOT_UTF8))


@pytest.fixture
def latin(tmp_path: Path) -> Path:
    """Clips whose files are named in Latin-1, as old disks have them."""
    for number, sign in enumerate(("hi", "no")):
        (tmp_path / sign).mkdir()
        path = os.fsencode(tmp_path / sign) + b"/rene_\xe9.npz"
        with open(path, "wb") as file:
            np.savez_compressed(file, landmarks=moving_hand(number, 0, 0), fps=25.0)
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such names")
def test_files_whose_names_are_no_utf8(latin: Path, teachable: Path) -> None:
    first, as_json, _, _, packed = each_of(
        ("inspect", latin, "--page", latin / "q.html"),
        ("inspect", latin, "--json"),
        ("teach", teachable, latin, "-o", latin / "mine.onnx"),
        ("pack", latin, "-o", latin / "packed"),
        ("inspect", latin / "packed"),
        encoding="utf-8",
    )
    assert r"rene_\udce9" in first
    assert r"rene_\udce9" in (latin / "q.html").read_text(encoding="utf-8")
    json.loads(as_json)
    assert r"rene_\udce9" in packed


# --- the library ---------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=[])), st.sampled_from(["ascii", "cp1252", "utf-8"]))
def test_any_text_can_be_written_to_a_stream_of_any_encoding(text: str, encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding, newline="")
    escaping(stream).write(text)
    stream.flush()
    assert raw.getvalue() == text.encode(encoding, "backslashreplace")


@given(st.text())
def test_json_for_a_stdout_that_lacks_letters_says_the_same(text: str) -> None:
    stdout = sys.stdout
    sys.stdout = io.TextIOWrapper(io.BytesIO(), "cp1252")
    try:
        printed = json_for_stdout(json.dumps([text], ensure_ascii=False))
    finally:
        sys.stdout = stdout
    assert printed.isascii()
    assert json.loads(printed) == [text]


def test_a_table_on_such_a_stream_is_drawn_in_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "cp1252", newline="")
    table = Table("sign")
    table.add_row(SIGNS[1])
    SafeConsole(file=stream).print(table)
    assert r"\u2500" not in raw.getvalue().decode("cp1252")
    assert r"\u043f" in raw.getvalue().decode("cp1252")


@pytest.mark.parametrize(("columns", "cut"), [(2, False), (12, False), (40, True)])
def test_no_cell_of_a_table_in_a_file_is_cut(columns: int, cut: bool) -> None:
    """Unless the table had more than 200 columns of letters."""
    out, cells = io.StringIO(), [f"{number:.2e} ms" for number in range(columns)]
    table = Table(*map(str, range(columns)))
    table.add_row(*cells)
    console = SafeConsole(file=out, width=80)
    console.print(table)
    assert all(cell in out.getvalue() for cell in cells) != cut
    assert max(map(len, out.getvalue().splitlines())) <= 200
    assert console.width == 80


def test_a_program_of_ones_own_prints_scores_to_a_file_in_cp1252(run: Path) -> None:
    code = (
        "import sys; from signlet.evaluation.scores import print_scores, read_predictions;"
        "found = read_predictions(sys.argv[1]); print_scores(found, title='привет');"
        "print(sys.stdout.errors)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run / "predictions.parquet")],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )
    assert fine(done).split()[-1] == "strict"  # the caller's stream is as it was


@given(st.text(st.sampled_from("[]/a=#@ \\"), max_size=12))
def test_a_name_that_looks_like_markup_stops_nothing(name: str) -> None:
    out = io.StringIO()
    console = SafeConsole(file=out, width=200)
    table = Table(name)
    table.add_row(name)
    console.print(f"Run folder: {name}", table)
    console.print(f"[yellow]Note: {name}[/]")
    assert "Run folder" in out.getvalue()


# --- nobody reads --------------------------------------------------------------------------


def into_head(*arguments: str | Path, lines: int) -> tuple[int, str]:
    """Exit code and stderr of a command whose stdout is closed after some lines."""
    reader, writer = os.pipe()
    command = [sys.executable, "-u", "-m", "signlet", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    with os.fdopen(reader, "rb") as read:
        for _ in range(lines):
            read.readline()
    _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said.decode()


@pytest.mark.parametrize(
    ("command", "lines"),
    [("inspect", 0), ("inspect", 1), ("evaluate", 1), ("recognise", 0), ("--help", 0)],
)
def test_output_that_nobody_reads_ends_quietly(
    run: Path, clips: Path, command: str, lines: int
) -> None:
    clip = clips / SIGNS[0] / "анна0_1.npz"
    arguments: dict[str, list[str | Path]] = {
        "inspect": [clips],
        "evaluate": [run],
        "recognise": [run, clip],
        "--help": [],
    }
    assert into_head(command, *arguments[command], lines=lines) == (0, "")


def test_a_training_that_nobody_watches_any_more_is_finished(clips: Path, tmp_path: Path) -> None:
    given = ("--data", clips, "--run", tmp_path / "run", "--jobs", "1", *SMALL)
    code, said = into_head("train", *given, lines=1)
    assert (code, said) == (0, "")
    assert (tmp_path / "run" / "report.html").exists()


def test_a_page_is_written_though_nobody_reads_the_tables(clips: Path, tmp_path: Path) -> None:
    page = tmp_path / "quality.html"
    assert into_head("inspect", clips, "--page", page, lines=0) == (0, "")
    assert page.exists()


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_no_stream_at_all(clips: Path, closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m signlet inspect "$1" {closed}', sys.executable, str(clips)],
        capture_output=True,
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
