"""Predictions and their file: what was written comes back, all else is refused."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.errors import SignletError
from signlet.evaluation.scores import (
    Predictions,
    read_predictions,
    write_predictions,
)
from signlet.text.names import is_name
from signlet_testing.predictions import make, random_predictions, small

# --- predictions and their file -----------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "probabilities", "signers", "says"),
    [
        ([0, 1], [[0.5, 0.5]], "xy", "do not fit together"),
        ([0], [[0.5, 0.5]], "xy", "do not fit together"),
        ([2], [[0.5, 0.5]], "x", "outside -1 to 1"),
        ([-2], [[0.5, 0.5]], "x", "outside -1 to 1"),
        ([0], [[np.nan, 0.5]], "x", "diverged"),
        ([0], [[3.2, -1.0]], "x", "softmax"),
        ([0], [[0.2, 0.2]], "x", "softmax"),
        ([0], [[np.inf, 0.5]], "x", "softmax"),
    ],
)
def test_impossible_predictions_are_refused(
    labels: list[int], probabilities: object, signers: str, says: str
) -> None:
    with pytest.raises(SignletError, match=says):
        make(labels, probabilities, signers)


def test_a_clip_predicted_twice_is_refused() -> None:
    with pytest.raises(SignletError, match="twice"):
        small().select([0, 0])


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 20),
    st.integers(2, 7),
    st.text(min_size=1).filter(is_name),
)
def test_file_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, seed: int, clips: int, classes: int, sign: str
) -> None:
    path = tmp_path_factory.mktemp("run") / "predictions.parquet"
    p = random_predictions(seed, clips, classes)
    signs = (*p.signs[:-1], sign)
    student = Predictions(p.names, p.signers, p.labels, p.probabilities, p.folds - 1, signs)
    models = {"student": student, "soup": student.select(np.arange(clips)[::-1])}
    write_predictions(path, models)
    again = read_predictions(path)
    assert list(again) == ["student", "soup"]
    for name, before in models.items():
        after = again[name]
        assert (after.names, after.signers, after.signs) == (
            before.names,
            before.signers,
            before.signs,
        )
        for column in ("labels", "folds", "probabilities"):
            one, other = getattr(before, column), getattr(after, column)
            assert one.dtype == other.dtype
            assert np.array_equal(one, other)
    assert os.listdir(path.parent) == [path.name]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.parquet"
    write_predictions(path, {"student": small(), "soup": small()})
    return path


def test_file_is_plain_parquet_for_other_programs(file: Path) -> None:
    table = pq.read_table(file)
    assert table.column_names == ["model", "name", "signer", "fold", "label", "probabilities"]
    assert table["probabilities"].type == pa.list_(pa.float32())
    assert table["model"].to_pylist() == ["student"] * 5 + ["soup"] * 5


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_file_is_refused_or_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("run") / "predictions.parquet"
    write_predictions(path, {"student": small()})
    raw = bytearray(path.read_bytes())
    if data.draw(st.booleans(), label="truncate"):
        raw = raw[: data.draw(st.integers(0, len(raw) - 1))]
    else:
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(raw)
    try:
        read = read_predictions(path)
    except SignletError as error:
        refused = str(error)
    else:
        refused = f"{path}:"
        assert all(len(p.names) for p in read.values())
    assert refused.startswith(f"{path}:")
    assert "\n" not in refused


def without_metadata(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(None)


def with_signs(text: str) -> object:
    def change(table: pa.Table) -> pa.Table:
        return table.replace_schema_metadata({**table.schema.metadata, b"signlet_signs": text})

    return change


def with_column(name: str, values: list[object]) -> object:
    def change(table: pa.Table) -> pa.Table:
        i = table.column_names.index(name)
        kind = table.schema.field(name).type
        return table.set_column(i, name, pa.array(values, kind))

    return change


ROW = [0.5, 0.25, 0.25]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.drop_columns(["fold"]), "not a predictions file"),
        (lambda t: t.rename_columns(["m", "n", "s", "f", "l", "p"]), "not a predictions file"),
        (without_metadata, "not a predictions file"),
        (lambda t: t.slice(0, 0), "has no predictions"),
        (with_signs("{"), "list of signs is damaged"),
        (with_signs("[1, 2, 3]"), "list of signs is damaged"),
        (with_signs("[" * 100_000), "list of signs is damaged"),
        (with_signs('["a", "b"]'), "does not have 2 probabilities"),
        (with_signs("[]"), "does not have 0 probabilities"),
        (with_column("label", [0, 0, 1, 2, 7] * 2), "label is outside"),
        (with_column("label", [0, 0, 1, 2, None] * 2), "empty cells"),
        (with_column("model", ["a"] * 9 + [None]), "empty cells"),
        (with_column("name", ["x"] * 10), "twice"),
        (with_column("probabilities", [ROW] * 9 + [None]), "empty cells"),
        (with_column("probabilities", [ROW] * 9 + [[0.5, None, 0.5]]), "empty cells"),
        (with_column("probabilities", [ROW] * 9 + [ROW[:2]]), "does not have 3 probabilities"),
        (with_column("probabilities", [ROW] * 9 + [[math.nan] * 3]), "NaN"),
    ],
)
def test_wrong_content_is_refused_in_one_line(file: Path, change: object, says: str) -> None:
    assert callable(change)
    pq.write_table(change(pq.read_table(file)), file)
    with pytest.raises(SignletError, match=says) as caught:
        read_predictions(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_and_text_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SignletError, match="no such file"):
        read_predictions(tmp_path)
    (tmp_path / "notes.parquet").write_text("not Parquet at all")
    with pytest.raises(SignletError, match="cannot be read as Parquet"):
        read_predictions(tmp_path / "notes.parquet")


def test_unwritable_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(SignletError, match="cannot be written"):
        write_predictions(tmp_path / "a file" / "p.parquet", {"student": small()})


def test_failed_write_keeps_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full_disk)
    with pytest.raises(SignletError, match="No space left on device"):
        write_predictions(file, {"student": small()})
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("models", [{}, {"student": small().select([])}])
def test_nothing_to_write_is_refused(tmp_path: Path, models: dict[str, Predictions]) -> None:
    with pytest.raises(SignletError, match="needs predictions"):
        write_predictions(tmp_path / "p.parquet", models)
    assert not os.listdir(tmp_path)
