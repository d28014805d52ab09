"""A Parquet file is judged by its footer and its pages before Arrow gives them memory."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signlet.errors import ClipError, SignletError
from signlet.evaluation.predictions import read_predictions
from signlet.files import parquet_pages, thrift
from signlet.landmarks import RAW_PARTS
from signlet.pack.tables import read_table, write_table
from signlet.sources.datasets import asl_fingerspelling
from signlet.sources.parquet import read_parquet
from signlet_testing import PATIENCE

TYPES = [part for part, rows in RAW_PARTS.items() for _ in range(rows.start, rows.stop)]
ROWS = [row for rows in RAW_PARTS.values() for row in range(rows.stop - rows.start)]
LONG = 40_000_000


def clip(first: str = TYPES[0]) -> pa.Table:
    """A clip of one frame; `first`: the type that its first row tells."""
    coordinates: dict[str, list[Any]] = dict.fromkeys("xyz", [0.5] * len(ROWS))
    labels = {"type": [first, *TYPES[1:]], "landmark_index": ROWS}
    return pa.table({"frame": [0] * len(ROWS), **labels, **coordinates})


CODINGS: dict[str, dict[str, Any]] = {
    "zstd": {"compression": "zstd"},
    "gzip": {"compression": "gzip"},
    "plain": {"compression": "none"},
    "pages of version 2": {"data_page_version": "2.0", "compression": "brotli"},
    "small pages": {"data_page_size": 100, "write_batch_size": 10, "compression": "lz4"},
    "no dictionary": {"use_dictionary": False},
    "many groups": {"row_group_size": 50},
    "checksums and an index": {"write_page_checksum": True, "write_page_index": True},
    "sorting and statistics": {"sorting_columns": [pq.SortingColumn(0)], "write_statistics": True},
}


@pytest.mark.parametrize("coding", CODINGS)
def test_what_any_writer_writes_is_read(coding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(clip(), path, **CODINGS[coding])
    assert read_parquet(path).frames.shape == (1, 543, 3)
    with path.open("rb") as file:
        size = path.stat().st_size
        pages = sum(
            parquet_pages.judge_pages(file, chunk, 1 << 20)
            for chunk in parquet_pages.chunks(parquet_pages.footer(file, size))
        )
    about = pq.read_metadata(path)
    groups = range(about.num_row_groups)
    assert 0 < pages <= sum(about.row_group(group).total_byte_size for group in groups)


def test_texts_that_begin_as_the_one_before_are_refused(tmp_path: Path) -> None:
    """A few bytes each may be any length: Arrow writes every one out."""
    path = tmp_path / "a.parquet"
    coding = {"column_encoding": {"type": "DELTA_BYTE_ARRAY"}, "use_dictionary": False}
    pq.write_table(clip(), path, **coding)
    with pytest.raises(ClipError, match=r"a\.parquet: unpacks to far more than its rows need"):
        read_parquet(path)


def test_a_table_without_rows_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_table(path, pa.table({"name": pa.array([], pa.string()), "x": pa.array([], pa.int8())}))
    assert read_table(path).num_rows == 0


def words(path: Path) -> None:
    pq.write_table(clip("a" * LONG), path, compression="zstd", use_dictionary=False)


def predictions(path: Path) -> None:
    write_table(path, pa.table({"model": ["a" * 2 * LONG]}))


def sequences(path: Path) -> None:
    table = pa.table({"sequence_id": ["a" * LONG, "b"]})
    pq.write_table(table, path, compression="zstd")


READERS: dict[str, tuple[Callable[[Path], None], Callable[[Path], Any], str]] = {
    "a clip": (words, read_parquet, "unpacks to far more than its rows need"),
    "predictions": (predictions, read_predictions, "unpacks to far more than a file of its size"),
    "a packed set's table": (predictions, read_table, "unpacks to far more"),
    "phrases": (sequences, lambda path: asl_fingerspelling._ids(path, 0), "unpacks to far more"),
}

CHILD = """
import resource, sys
from pathlib import Path
from tests.test_parquet_bounds import READERS
_, read, told = READERS[sys.argv[1]]
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
before = peak()
try:
    read(Path(sys.argv[2]))
except Exception as error:
    print(type(error).__name__, told in str(error), len(str(error)) < 400, peak() - before < 30)
"""


@pytest.mark.parametrize("name", READERS)
def test_a_small_file_that_unpacks_to_much_takes_no_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    READERS[name][0](path)
    command = [sys.executable, "-c", CHILD, name, str(path)]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=root)
    kind, *said = done.stdout.split()
    assert said == ["True"] * 3, done.stdout + done.stderr[-2000:]
    assert kind in (ClipError.__name__, SignletError.__name__, ValueError.__name__)


# --- damaged descriptions ----------------------------------------------------------------------
@pytest.fixture(scope="module")
def whole() -> bytes:
    out = io.BytesIO()
    pq.write_table(clip(), out)
    return out.getvalue()


@given(place=st.integers(1, 4_000), value=st.integers(0, 255))
def test_a_changed_byte_is_a_clip_or_one_line(whole: bytes, place: int, value: int) -> None:
    data = bytearray(whole)
    data[-min(place, len(data))] = value
    with contextlib.suppress(ValueError):
        about = parquet_pages.footer(io.BytesIO(data), len(data))
        sizes = [
            parquet_pages.judge_pages(io.BytesIO(data), chunk, 1 << 20)
            for chunk in parquet_pages.chunks(about)
        ]
        assert min(sizes, default=0) >= 0


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_structure_or_no_structure(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        found, end = thrift.structure(data)
        assert end <= len(data)
        assert json.dumps(found)


DEEP = {
    "structures": b"\x1c" * 100_000,
    "lists": b"\x19" + b"\x19" * 100_000,
    "a list without end": b"\x19\xfc\xff\xff\xff\xff\x0f",
    "a map without end": b"\x1b\xff\xff\xff\xff\x0f\x55",
    "a number without end": b"\x15" + b"\xff" * 100,
    "a field twice": b"\x15\x02\x05\x02\x02\x00",
    "a text beyond the end": b"\x18\x7fab\x00",
    "an unknown kind": b"\x1e\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("name", DEEP)
def test_a_description_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"nests|lists|number|twice|breaks|kind"):
        thrift.structure(DEEP[name])
