"""The competition's Parquet schema: rows are checked, sorted, or refused, never trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signlet.clip import Clip
from signlet.errors import ClipError
from signlet.sources import read_clip, write_clip

PARTS = {"face": 468, "left_hand": 21, "pose": 33, "right_hand": 21}
TEXT = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def frames(count: int = 3, points: int = 543) -> np.ndarray:
    """Every value is another, so that no two rows can be swapped unseen."""
    array = np.arange(count * points * 3, dtype=np.float32).reshape(count, points, 3) / 8
    array[1:, :50] = np.nan
    return array


def columns(count: int = 3, face: int = 468, first: int = 83) -> dict[str, Any]:
    sizes = PARTS | {"face": face}
    points = sum(sizes.values())
    values = frames(count, points).reshape(-1, 3)
    return {
        "frame": np.repeat(np.arange(first, first + count, dtype=np.int16), points),
        "type": np.tile(np.repeat(list(sizes), list(sizes.values())), count),
        "landmark_index": np.tile(
            np.concatenate([np.arange(n, dtype=np.int16) for n in sizes.values()]), count
        ),
        **{name: values[:, i].astype(np.float64) for i, name in enumerate("xyz")},
    }


def write(path: Path, table: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(table), path, **options)
    return path


def rearranged(table: dict[str, Any], order: np.ndarray) -> dict[str, Any]:
    return {name: values[order] for name, values in table.items()}


def equal(path: Path, expected: np.ndarray) -> None:
    for _ in range(2):  # a file's labels may be known the second time
        assert np.array_equal(read_clip(path).frames, expected, equal_nan=True)


def refused(path: Path, words: str) -> None:
    for _ in range(2):
        with pytest.raises(ClipError) as caught:
            read_clip(path)
        assert str(path) in str(caught.value)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


WRITERS: dict[str, dict[str, Any]] = {
    "as pandas writes it": {},
    "several row groups": {"row_group_size": 400},
    "no dictionaries": {"use_dictionary": False},
    "not compressed": {"compression": "NONE"},
    "small pages": {"data_page_size": 256},
    "version 1": {"version": "1.0", "data_page_version": "1.0"},
    "version 2 pages": {"data_page_version": "2.0"},
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("first", [0, 83])
def test_any_writer_and_first_frame_is_read(tmp_path: Path, writer: str, first: int) -> None:
    equal(write(tmp_path / "a.parquet", columns(first=first), **WRITERS[writer]), frames())


CASTS: dict[str, tuple[str, Any]] = {
    "frame int64": ("frame", pa.int64()),
    "frame uint8": ("frame", pa.uint8()),
    "index int64": ("landmark_index", pa.int64()),
    "large text": ("type", pa.large_string()),
    "categories": ("type", pa.dictionary(pa.int8(), pa.string())),
    "x float32": ("x", pa.float32()),
}


@pytest.mark.parametrize("case", CASTS)
def test_other_number_and_text_types_are_read(tmp_path: Path, case: str) -> None:
    name, kind = CASTS[case]
    table = {k: pa.array(v) for k, v in columns().items()}
    equal(write(tmp_path / "a.parquet", table | {name: table[name].cast(kind)}), frames())


def test_written_file_has_the_competitions_schema(tmp_path: Path) -> None:
    write_clip(Clip(frames()), tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    assert [(f.name, str(f.type)) for f in table.schema] == [
        ("frame", "int16"),
        ("row_id", "string"),
        ("type", "string"),
        ("landmark_index", "int16"),
        *((name, "double") for name in "xyz"),
    ]
    rows = table.slice(543, 543).to_pylist()
    assert (rows[0]["row_id"], rows[0]["x"]) == ("1-face-0", None)
    assert (rows[-1]["row_id"], rows[-1]["type"], rows[-1]["landmark_index"]) == (
        "1-right_hand-20",
        "right_hand",
        20,
    )


def test_empty_cells_and_nan_both_mean_not_found(tmp_path: Path) -> None:
    table = columns()
    empty = {n: pa.array(table[n], from_pandas=True) for n in "xyz"}
    assert empty["x"].null_count == 100
    equal(write(tmp_path / "a.parquet", table | empty), frames())
    equal(write(tmp_path / "b.parquet", table), frames())


def test_refined_face_is_cut(tmp_path: Path) -> None:
    whole = frames(3, 553)
    expected = np.concatenate([whole[:, :468], whole[:, 478:]], axis=1)
    table = columns(face=478)
    equal(write(tmp_path / "a.parquet", table), expected)
    order = np.random.default_rng(1).permutation(len(table["frame"]))
    equal(write(tmp_path / "b.parquet", rearranged(table, order)), expected)


ORDERS = {
    "rows in any order": lambda t: np.random.default_rng(0).permutation(len(t["frame"])),
    "frames backwards": lambda t: np.argsort(-t["frame"].astype(int), kind="stable"),
    "frames as text": lambda t: np.argsort(t["frame"].astype(str), kind="stable"),
    "pose first": lambda t: np.lexsort((t["type"] != "pose", t["frame"])),
    "right hand before left": lambda t: np.lexsort(
        (t["landmark_index"], np.select([t["type"] == n for n in HANDS], [1, 3]), t["frame"])
    ),
    "landmark by landmark": lambda t: np.lexsort((t["frame"], t["landmark_index"], t["type"])),
}
HANDS = ("right_hand", "left_hand")


@pytest.mark.parametrize("order", ORDERS)
def test_rows_in_another_order_are_sorted(tmp_path: Path, order: str) -> None:
    table = columns(first=98)
    write_clip(Clip(frames()), tmp_path / "known.parquet")
    read_clip(tmp_path / "known.parquet")
    moved = rearranged(table, ORDERS[order](table))
    assert any((moved[name] != table[name]).any() for name in ("frame", "type", "landmark_index"))
    equal(write(tmp_path / "a.parquet", moved), frames())


def test_known_labels_do_not_hide_wrong_frame_numbers(tmp_path: Path) -> None:
    equal(write(tmp_path / "a.parquet", columns()), frames())
    swapped = columns()
    swapped["frame"] = swapped["frame"][::-1].copy()
    equal(write(tmp_path / "b.parquet", swapped), frames()[::-1])
    torn = columns()
    torn["frame"][542] = 84
    refused(write(tmp_path / "c.parquet", torn), "frame 83 has 542 rows instead of 543")
    empty = {**columns(), "frame": pa.array([None, *columns()["frame"][1:]], pa.int16())}
    refused(write(tmp_path / "d.parquet", empty), "column frame has empty cells")


def without(table: dict[str, Any], row: int) -> dict[str, Any]:
    return rearranged(table, np.delete(np.arange(len(table["frame"])), row))


def changed(name: str, row: int, value: Any) -> dict[str, Any]:
    table = columns()
    table[name] = table[name].copy()
    table[name][row] = value
    return table


def test_incomplete_or_contradictory_rows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    refused(write(path, without(columns(), 600)), "frame 84 has 542 rows instead of 543")
    refused(write(path, changed("landmark_index", 5, 4)), "frame 83 has a landmark twice")
    refused(write(path, changed("landmark_index", 5, -1)), "face of frame 83 has landmark_index -1")
    refused(write(path, changed("landmark_index", 470, 21)), "left_hand of frame 83")
    refused(write(path, changed("type", 470, "hand")), "'hand'; allowed: face, left_hand")
    twice = rearranged(columns(), np.tile(np.arange(3 * 543), 2))
    refused(write(path, twice), "frame 83 has 1086 rows instead of 543")


def test_wrong_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    for name in columns():
        rest = {k: v for k, v in columns().items() if k != name}
        refused(write(path, rest), f"column {name} once")
    for name in ("frame", "landmark_index"):
        refused(write(path, columns() | {name: columns()[name] + 0.5}), f"column {name} has type")
    for name in "xyz":
        refused(write(path, columns() | {name: columns()["type"]}), f"column {name} has type")
    refused(write(path, columns() | {"type": columns()["frame"]}), "column type has type")
    for name in ("type", "landmark_index"):
        holes = pa.array([None, *columns()[name][1:].tolist()])
        refused(write(path, columns() | {name: holes}), f"column {name} has empty cells")
    table = pa.table(columns())
    pq.write_table(table.append_column("x", table["x"]), path)
    refused(path, "column x once")


def test_no_rows_too_many_rows_and_infinity_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    refused(write(path, {k: v[:0] for k, v in columns().items()}), "has 0 frames")
    refused(write(path, changed("x", 7, np.inf)), "infinite")
    refused(write(path, changed("x", 7, 1e300)), "infinite")
    many = pa.array(np.zeros(20_001 * 553, np.int8))
    refused(write(path, dict.fromkeys(columns(), many)), "cut it into single signs")


@TEXT
@given(data=st.data())
def test_any_labels_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    table = columns(2)
    name = data.draw(st.sampled_from(["frame", "type", "landmark_index"]))
    kinds = {
        "frame": st.integers(-(2**15), 2**15 - 1),
        "landmark_index": st.integers(-(2**15), 2**15 - 1),
        "type": st.sampled_from([*PARTS, ""]) | st.text(max_size=3),
    }
    values = table[name].astype(object if name == "type" else table[name].dtype)
    rows = data.draw(st.lists(st.integers(0, 2 * 543 - 1), min_size=1, max_size=5))
    values[rows] = data.draw(kinds[name])
    same = bool((values == table[name]).all())
    path = write(tmp_path / "a.parquet", table | {name: pa.array(values)})
    if same:
        equal(path, frames(2))
    else:
        refused(path, "")
