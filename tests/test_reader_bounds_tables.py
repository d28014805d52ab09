"""Tables, Parquet, pipes and frame rates: what a file claims is judged before it is read."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from signlet.clip import Clip
from signlet.clip.remarks import NO_RATE
from signlet.clip.span import Span
from signlet.errors import SignletError
from signlet.files.regular import content_of
from signlet.sources import read_clip, write_clip
from signlet.sources.datasets.workbook import sheet_rows
from signlet.sources.parquet import read_parquet
from signlet.sources.rows import clip_rows
from signlet.sources.tables import read_rows
from signlet_testing.file_bounds import FRAMES, LINUX, packed
from signlet_testing.sources_data import refused

ENDINGS = (".npz", ".npy", ".parquet", ".pose", ".json", ".mp4", ".gif", ".txt", "")


# --- tables ------------------------------------------------------------------------------------
def test_a_table_of_very_many_columns_or_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(f"c{n}" for n in range(400_000)) + "\n1\n")
    with pytest.raises(SignletError, match="400,000 columns"):
        read_rows(path, ["path"])
    monkeypatch.setattr("signlet.sources.tables._MOST_ROWS", 10)
    path.write_text("path\n" + "a\n" * 11)
    with pytest.raises(SignletError, match="more than 10 rows"):
        read_rows(path, ["path"])


def test_a_json_table_of_very_many_values_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[" + "[]," * 5_000_000 + "[]]")
    with pytest.raises(SignletError, match="too many for a table"):
        clip_rows(path, {})
    for text in ('[{"path": "a", "path": "b", "sign": "c"}]', '[{"path": ["a"], "sign": "c"}]'):
        path.write_text(text)
        with pytest.raises(SignletError, match=r"twice|not text"):
            clip_rows(path, {})


WORKBOOK = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    "<row>{}</row></sheetData></worksheet>"
)
LAUGHS = '<!DOCTYPE a [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "sheet",
    [
        LAUGHS + WORKBOOK.format("<c><v>&b;</v></c>"),
        WORKBOOK.format('<c t="s"><v>-1</v></c>'),
        WORKBOOK.format('<c t="s"><v>7</v></c>'),
        WORKBOOK.format('<c t="s"><v>' + "1" * 5000 + "</v></c>"),
        WORKBOOK.format("<c><v>" + "a" * (17 << 20) + "</v></c>"),
        "<a>" * 100_000,
        "",
    ],
)
def test_a_workbook_that_is_none_is_refused(sheet: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(packed({"xl/worksheets/sheet1.xml": sheet.encode()}))
    with pytest.raises(SignletError, match=r"a\.xlsx: "):
        sheet_rows(path)


def test_a_cell_far_to_the_right_has_few_before_it(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    cell = '<c r="ZZZZZZZZZZ1"><v>1</v></c><c r="XFD1"><v>2</v></c>'
    path.write_bytes(packed({"xl/worksheets/sheet1.xml": WORKBOOK.format(cell).encode()}))
    assert len(sheet_rows(path)[0]) <= 101


# --- Parquet -----------------------------------------------------------------------------------
def columns(**other: pa.Array) -> pa.Table:
    number = pa.array([0.5])
    found = {"frame": pa.array([0]), "type": pa.array(["face"]), "landmark_index": pa.array([0])}
    return pa.table({**found, "x": number, "y": number, "z": number} | other)


@pytest.mark.parametrize(
    "other",
    [
        {"frame": pa.array(["a" * 9])},
        {"x": pa.array([[0.5, 0.5]])},
        {"x": pa.array([{"x": 0.5}])},
        {"x": pa.array([b"\0" * 400], pa.binary(400))},
        {"type": pa.array([["face"]])},
        {"landmark_index": pa.array([{"a": 1}])},
        {"y": pa.array([None])},
        {"z": pa.array([True])},
    ],
)
def test_columns_are_judged_by_their_type(other: dict[str, pa.Array], tmp_path: Path) -> None:
    pq.write_table(columns(**other), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "column ")


# --- what is no file ---------------------------------------------------------------------------
@contextlib.contextmanager
def listening(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
        yield


def kinds(folder: Path) -> dict[str, Callable[[Path], None]]:
    def linked(target: str) -> Callable[[Path], None]:
        return lambda path: path.symlink_to(target)

    os.mkfifo(folder / "pipe")
    return {
        "is a pipe": os.mkfifo,
        "is a pipe;": linked(str(folder / "pipe")),
        "is a device": linked("/dev/zero"),
        "is a directory": Path.mkdir,
        "is a directory,": linked("/proc"),
    }


@LINUX
@pytest.mark.parametrize("suffix", ENDINGS)
def test_pipes_devices_and_folders_are_refused_unopened(suffix: str, tmp_path: Path) -> None:
    for number, (words, make) in enumerate(kinds(tmp_path).items()):
        path = tmp_path / f"{number}{suffix}"
        make(path)
        refused(path, words.rstrip(";,"))
    with contextlib.chdir(tmp_path), listening(Path(f"s{suffix}")):
        refused(Path(f"s{suffix}"), "is a socket")


@LINUX
@pytest.mark.parametrize("made_up", ["/proc/self/environ", "/proc/kmsg", "/proc/self/mem"])
@pytest.mark.parametrize("suffix", ENDINGS)
def test_files_that_the_system_makes_up_are_none(suffix: str, made_up: str, tmp_path: Path) -> None:
    if not os.access(made_up, os.R_OK):
        pytest.skip("not here")
    (tmp_path / f"a{suffix}").symlink_to(made_up)
    refused(tmp_path / f"a{suffix}")


@LINUX
def test_tables_and_workbooks_are_files_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for read in (
        lambda path: read_rows(path, ["path"]),
        lambda path: clip_rows(path.rename(tmp_path / "a.json"), {}),
        sheet_rows,
        read_parquet,
        lambda path: content_of(path, 9),
    ):
        os.rename(next(p for p in tmp_path.iterdir()), tmp_path / "pipe")
        with pytest.raises(SignletError, match="is a pipe"):
            read(tmp_path / "pipe")


# --- frame rates -------------------------------------------------------------------------------
@pytest.mark.parametrize("rate", [0, -1, -25.0, 1e308, 1e-300, 251, 0.01, np.nan, np.inf, -np.inf])
def test_a_rate_that_is_none_is_unknown_and_said(rate: float, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", landmarks=FRAMES, fps=rate)
    (tmp_path / "a.json").write_text(json.dumps({"fps": rate, "left_hand": [[0.1, 0.2]] * 21}))
    pq.write_table(pq.read_table(rated(tmp_path, rate)), tmp_path / "a.parquet")
    for suffix in (".npz", ".json", ".parquet"):
        clip = read_clip(tmp_path / f"a{suffix}")
        assert clip.fps is None
        assert NO_RATE in clip.remarks
    made = Clip(FRAMES, fps=rate)
    assert (made.fps, made.remarks) == (None, (NO_RATE,))
    with pytest.warns(UserWarning, match="frame rate is unknown"):
        assert Clip.from_array(FRAMES, fps=rate).fps is None


def rated(folder: Path, rate: float) -> Path:
    """A Parquet file whose metadata say a rate."""
    write_clip(Clip(FRAMES), folder / "rated.parquet")
    table = pq.read_table(folder / "rated.parquet")
    pq.write_table(table.replace_schema_metadata({"fps": str(rate)}), folder / "rated.parquet")
    return folder / "rated.parquet"


@pytest.mark.parametrize("rate", ["fast", [1, 2], None, {"a": 1}])
def test_a_rate_that_is_no_number_is_unknown(rate: object, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"fps": rate, "left_hand": [[0.1, 0.2]] * 21}))
    clip = read_clip(tmp_path / "a.json")
    assert (clip.fps, NO_RATE in clip.remarks) == (None, rate is not None)


@pytest.mark.parametrize("span", [Span(0, 1e308), Span(1e308), Span(0, 1e300, "frames")])
@pytest.mark.parametrize("rate", [None, 0.1, 250.0, 1e308, 1e-300])
def test_a_stretch_of_any_length_is_counted(span: Span, rate: float | None) -> None:
    rows = span.rows(rate)
    assert len(FRAMES[rows]) in (0, 3)
