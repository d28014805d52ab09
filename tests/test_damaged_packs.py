"""Packed sets and studies that are damaged are refused in one line."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from signlet.evaluation.predictions import read_predictions, write_predictions
from signlet.model.files import load_model, save_model
from signlet.pack import PackedSet, pack
from signlet.sources import ClipRef
from signlet.training.recipes import load_recipe
from signlet_testing.clips import Synthetic
from signlet_testing.damaged_runs import TINY, packed, refused, run, whole

__all__ = ["packed", "run", "whole"]


HEADERS: dict[str, dict[str, Any]] = {
    "clips without end": {"clips": 10**400},
    "frames without end": {"frames": 10**30},
    "negative frames": {"frames": -1},
    "frames of text": {"frames": "many"},
    "frames with a point": {"frames": 12.0},
    "true": {"clips": True},
    "settings of nothing": {"settings": None},
    "settings of a list": {"settings": [1]},
    "one more entry": {"other": 1},
}
PACKINGS: dict[str, dict[str, Any]] = {
    "signs of nothing": {"signs": None},
    "a sign of half a character": {"signs": ["\ud800", "b", "c"]},
    "a sign of two lines": {"signs": ["a\nb", "b", "c"]},
    "a sign of no text": {"signs": [1, 2, 3]},
    "the same sign twice": {"signs": ["a", "a", "b"]},
    "clips without end": {"max_len": 10**15},
    "clips of nothing": {"max_len": 0},
    "another type": {"dtype": "int8"},
    "a source of half a character": {"source": "\udcff"},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_of_a_packed_set(name: str, packed: Path) -> None:
    path = packed / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **HEADERS[name]}))
    refused(lambda: PackedSet.open(packed), "packed")


@pytest.mark.parametrize("name", PACKINGS)
def test_settings_of_a_packed_set(name: str, packed: Path) -> None:
    path = packed / "dataset.json"
    header = json.loads(path.read_text())
    header["settings"] |= PACKINGS[name]
    path.write_text(json.dumps(header))
    refused(lambda: PackedSet.open(packed), "dataset.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"3", b"null", b"\xff", b"[" * 50_000, b'{"a": ' * 5_000, b"{" + b"1" * 5_000],
)
def test_a_header_that_is_none(content: bytes, packed: Path) -> None:
    (packed / "dataset.json").write_bytes(content)
    refused(lambda: PackedSet.open(packed), "dataset.json")


def _npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


FRAMES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda whole: b"",
    "text": lambda whole: b"junk",
    "cut off": lambda whole: whole[:-1],
    "too long": lambda whole: whole + b"\0",
    "no header": lambda whole: whole[:10],
    "a header of nothing": lambda whole: _npy("{}"),
    "a header that is no Python": lambda whole: _npy("{'descr': (((("),
    "a shape without end": lambda whole: whole.replace(b"100", b"9" * 3),
    "a shape of 400 digits": lambda whole: _npy(
        "{'descr':'<f4','fortran_order':False,'shape':(" + "9" * 400 + ",100,3)}"
    ),
    "columns first": lambda whole: whole.replace(b"order': False", b"order': True "),
    "another type": lambda whole: whole.replace(b"<f4", b">f4"),
    "objects": lambda whole: whole.replace(b"<f4", b"|O "),
    "an archive": lambda whole: _archive(whole),
}  # fmt: skip


def _archive(whole: bytes) -> bytes:
    file = io.BytesIO()
    np.savez(file, np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize("name", FRAMES)
def test_frames_of_a_packed_set(name: str, packed: Path) -> None:
    path = packed / "frames.npy"
    path.write_bytes(FRAMES[name](path.read_bytes()))
    refused(lambda: PackedSet.open(packed), "frames.npy")


def _changed(table: pa.Table, column: str, values: list[Any]) -> pa.Table:
    at = table.column_names.index(column)
    return table.set_column(
        at, table.schema.field(at), pa.array(values, table.schema.field(at).type)
    )


def _not_utf8(table: pa.Table) -> pa.Table:
    bad = pa.array([b"\xff\xfe"] * len(table), pa.binary()).view(pa.string())
    return table.set_column(0, table.schema.field(0), bad)


INDEXES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "names that are no text": _not_utf8,
    "no names": lambda t: _changed(t, "name", [None] * len(t)),
    "no labels": lambda t: _changed(t, "label", [None] * len(t)),
    "a label beyond the signs": lambda t: _changed(t, "label", [99] * len(t)),
    "a label below unknown": lambda t: _changed(t, "label", [-2] * len(t)),
    "offsets beyond the frames": lambda t: _changed(t, "offset", [1 << 62] * len(t)),
    "negative offsets": lambda t: _changed(t, "offset", [-1] * len(t)),
    "clips that overlap": lambda t: _changed(t, "offset", [0] * len(t)),
    "clips of nothing": lambda t: _changed(t, "length", [0] * len(t)),
    "clips without end": lambda t: _changed(t, "length", [1 << 62] * len(t)),
    "a clip less": lambda t: t.slice(1),
    "a clip twice": lambda t: pa.concat_tables([t, t.slice(0, 1)]),
    "no clips": lambda t: t.slice(0, 0),
    "a column less": lambda t: t.drop_columns(["split"]),
    "another type": lambda t: t.set_column(3, "label", pa.array([0.0] * len(t))),
}


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_of_a_packed_set(name: str, packed: Path) -> None:
    table = INDEXES[name](pq.read_table(packed / "index.parquet"))
    pq.write_table(table, packed / "index.parquet")
    refused(lambda: PackedSet.open(packed), "index.parquet")


def test_a_bit_of_an_index_is_noticed(packed: Path) -> None:
    """Labels and names of an index are not used where one has changed on the disk."""
    path = packed / "index.parquet"
    whole = path.read_bytes()
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    for at in range(column.total_compressed_size - 30, column.total_compressed_size):
        content = bytearray(whole)
        content[column.file_offset + at if column.file_offset else 4 + at] ^= 1
        path.write_bytes(content)
        refused(lambda: PackedSet.open(packed), "index.parquet")


def test_a_damaged_shard_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from signlet.pack import writer

    monkeypatch.setattr(writer, "merge", _killed)
    with pytest.raises(KeyboardInterrupt):
        pack(Synthetic(), tmp_path / "out", 12, jobs=1)
    monkeypatch.undo()
    for name in ("000000.parquet", "000000.frames"):
        path = tmp_path / "out" / "shards" / name
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        refused(lambda: pack(Synthetic(), tmp_path / "out", 12, jobs=1), "000000.parquet")
        path.write_bytes(content)
    assert len(pack(Synthetic(), tmp_path / "out", 12, jobs=1)) == 24


def _killed(*given: object) -> None:
    raise KeyboardInterrupt


NO_SIGNS = [("\ud800", "b", "c"), ("a\nb", "b", "c"), (1, 2, 3), ("a", "a", "b"), ("", "b", "c")]


@pytest.mark.parametrize("signs", NO_SIGNS)
def test_signs_that_are_no_names_are_neither_packed_nor_saved(
    signs: tuple[Any, ...], whole: Path, tmp_path: Path
) -> None:
    refused(lambda: pack(Synthetic(signs), tmp_path / "out", 12, jobs=1))
    members = load_model(whole).members
    refused(lambda: save_model(tmp_path / "out", members, signs, {}))
    assert not (tmp_path / "out").exists()


def test_a_model_is_saved_with_as_many_signs_as_it_has(whole: Path, tmp_path: Path) -> None:
    members = load_model(whole).members
    refused(lambda: save_model(tmp_path / "out", members, ("a", "b"), {}), "2 signs")


def test_predictions_of_a_name_that_no_file_can_hold(whole: Path, tmp_path: Path) -> None:
    soup = read_predictions(whole / "predictions.parquet")["soup"]
    odd = replace(soup, names=[f"{name}\udcff" for name in soup.names])
    refused(lambda: write_predictions(tmp_path / "p.parquet", {"soup": odd}), "p.parquet")


class Twice(Synthetic):
    def refs(self) -> list[ClipRef]:
        return super().refs() + super().refs()[:1]


def test_a_clip_that_is_listed_twice_is_not_packed(tmp_path: Path) -> None:
    refused(lambda: pack(Twice(), tmp_path / "out", 12, jobs=1), "twice")


@pytest.mark.parametrize("name", ["", " ", "\0", "a" * 5_000, "\udcff", ".", "small\n"])
def test_a_recipe_of_no_name(name: str) -> None:
    refused(lambda: load_recipe(name), "no such file")


@pytest.mark.parametrize("max_len", [1, 0, -5, 9_000, 10**12])
def test_a_set_that_no_model_could_read_is_not_packed(max_len: int, tmp_path: Path) -> None:
    refused(lambda: pack(Synthetic(), tmp_path / "out", max_len, jobs=1), f"max_len is {max_len}")
    assert not (tmp_path / "out").exists()


# --- studies -------------------------------------------------------------------------------

STUDY = {
    "a value of text": "UPDATE trial_values SET value = 'x'",
    "a state that is none": "UPDATE trials SET state = 'ODD'",
    "a time that is none": "UPDATE trials SET datetime_start = 'x'",
    "parameters of other names": "UPDATE trial_params SET param_name = 'x' || param_id",
    "distributions of nothing": "UPDATE trial_params SET distribution_json = '{'",
    "distributions of a list": "UPDATE trial_params SET distribution_json = '[]'",
    "no parameters": "DELETE FROM trial_params",
    "what it is about": "UPDATE study_user_attributes SET value_json = '{'",
    "about a list": "UPDATE study_user_attributes SET value_json = '[1]'",
    "a value beyond the space": "UPDATE trial_params SET param_value = 1e9",
    "a score of infinity": "UPDATE trial_values SET value = NULL, value_type = 'INF_POS'",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("optuna")
    from signlet.tune import DEFAULT_SPACE
    from signlet.tune.study import ask, open_study, tell

    path = tmp_path_factory.mktemp("study") / "study.db"
    opened = open_study(path, {"data": "0"})
    for place in range(2):
        tell(opened, ask(opened, DEFAULT_SPACE, TINY, place), 0.5, "")
    return path


@pytest.mark.parametrize("name", STUDY)
def test_a_study_that_is_damaged(name: str, study: Path, tmp_path: Path) -> None:
    from signlet.tune import DEFAULT_SPACE
    from signlet.tune.study import finished, open_study, usable

    path = Path(shutil.copy(study, tmp_path))
    with sqlite3.connect(path) as database:
        database.execute(STUDY[name])
    database.close()

    def read() -> None:
        opened = open_study(path, {"data": "0"})
        with usable(path):
            finished(opened, DEFAULT_SPACE)

    refused(read, "study.db")


@pytest.mark.parametrize("content", [b"junk" * 900, b"SQLite format 3\0" + bytes(4_000)])
def test_a_study_of_junk(content: bytes, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    from signlet.tune.study import open_study

    (tmp_path / "study.db").write_bytes(content)
    refused(lambda: open_study(tmp_path / "study.db", {}), "study.db")
