"""The tables of a pack, in Parquet with checksums."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from signlet.files import parquet_pages
from signlet.files.atomic import replacing
from signlet.files.regular import open_regular, size_of


def write_table(path: Path, table: Any, durable: bool = True) -> None:
    """Replace a file by a table. Raises SignletError; durable: see `replacing`."""
    with replacing(path, durable) as whole, whole.open("wb") as file:
        pq.write_table(table, file, write_page_checksum=True)


def read_table(path: Path) -> Any:
    """All of a table, checked throughout. Raises nearly anything where it is damaged."""
    with open_regular(path) as file:  # pyarrow takes no path that is not UTF-8
        parquet_pages.judge_table(file, size_of(file))
        file.seek(0)
        content = pa.BufferReader(file.read())  # reading a file, it ended the process now and then
    table = pq.ParquetFile(content, page_checksum_verification=True).read()
    table.validate(full=True)  # texts are read as they are, whether they are UTF-8 or not
    return table
