"""What a file claims is judged before it is read, and only files are opened."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from signlet.clip import MAX_FRAMES, Clip
from signlet.clip.remarks import NO_RATE
from signlet.clip.span import Span
from signlet.errors import ClipError, SignletError
from signlet.files.regular import content_of
from signlet.sources import open_source, read_clip, write_clip
from signlet.sources.datasets.workbook import sheet_rows
from signlet.sources.parquet import read_parquet
from signlet.sources.rows import clip_rows
from signlet.sources.tables import read_rows
from signlet_testing.sources_data import HOLISTIC, pose_bytes, refused

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs what only Linux has")
FRAMES = np.random.default_rng(0).random((3, 543, 3)).astype(np.float32)
ENDINGS = (".npz", ".npy", ".parquet", ".pose", ".json", ".mp4", ".gif", ".txt", "")


# --- bombs -------------------------------------------------------------------------------------
def npy(shape: str, descr: str = "'<f4'", data: bytes = b"", version: int = 1) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def packed(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def zeros(count: int, *frame: int) -> bytes:
    """A whole .npy of so many frames of zeros, one byte each."""
    shape = (count, *frame)
    return npy(str(shape), "'|i1'", bytes(int(np.prod(shape))))


HEADERS = {
    "items of no size": ("(4000000000000000000, 543, 3)", "[]"),
    "words of no size": ("(4000000000000000000, 543, 3)", "'<U0'"),
    "bytes of no size": ("(4000000000000000000, 543, 3)", "'|V0'"),
    "raw bytes": ("(30, 543, 3)", "'|V4'"),
    "subarrays": ("(30, 543, 3)", "('<f4', (100000, 100000))"),
    "columns": ("(30, 543, 3)", "[('x', '<f4'), ('y', '<f4')]"),
    "objects": ("(30, 543, 3)", "'|O'"),
    "words": ("(30, 543, 3)", "'<U9'"),
    "long words": ("(30, 543, 3)", "'<U500000000'"),
    "dates": ("(30, 543, 3)", "'<M8[s]'"),
    "complex numbers": ("(30, 543, 3)", "'<c16'"),
    "truth values": ("(30, 543, 3)", "'|b1'"),
    "many frames": ("(4000000000000000000, 543, 3)", "'<f4'"),
    "some frames more": (f"({MAX_FRAMES + 1}, 543, 3)", "'<f4'"),
    "more than there are": (f"({MAX_FRAMES}, 543, 3)", "'<f4'"),
    "many points": ("(3, 4000000000000000000, 3)", "'<f4'"),
    "many coordinates": ("(3, 543, 4000000000000000000)", "'<f4'"),
    "a product that overflows": (f"({1 << 32}, {1 << 32}, 3)", "'<f4'"),
    "a negative number": ("(-1, 543, 3)", "'<f4'"),
    "a number of 400 digits": (f"({'9' * 400}, 543, 3)", "'<f4'"),
    "very many dimensions": (f"({'1, ' * 3000})", "'<f4'"),
    "no dimension": ("()", "'<f4'"),
    "nothing in one": ("(4000000000000000000, 0, 3)", "'<f4'"),
    "many numbers in a row": ("(4000000000000000000, 1662)", "'<f4'"),
    "deep lists": ("(" * 900 + ")" * 900, "'<f4'"),
}


@pytest.mark.parametrize("what", HEADERS)
@pytest.mark.parametrize("suffix", [".npy", ".npz", "hands"])
def test_a_header_is_judged_before_anything_is_read(what: str, suffix: str, tmp_path: Path) -> None:
    data = npy(*HEADERS[what], data=bytes(64))
    path = tmp_path / f"a{'.npz' if suffix == 'hands' else suffix}"
    if suffix != ".npy":
        name = "landmarks.npy" if suffix == ".npz" else "left_hand.npy"
        data = packed({name: data, "right_hand.npy": zeros(3, 21, 3)})
    path.write_bytes(data)
    refused(path)


def test_a_header_longer_than_any_is_not_read(tmp_path: Path) -> None:
    for length in (20_000, 4_000_000_000):
        data = b"\x93NUMPY\x02\x00" + struct.pack("<I", length) + b" " * 20_000
        (tmp_path / "a.npy").write_bytes(data)
        refused(tmp_path / "a.npy", "is no whole numpy array")


def bomb_npz() -> bytes:
    """300 MB of frames of one byte a number, of which the frames alone tell that it is none."""
    return packed({"landmarks.npy": zeros(60_000, 543, 3)})


def bomb_hands() -> bytes:
    return packed({f"{side}_hand.npy": zeros(300_000, 21, 3) for side in ("left", "right")})


def sparse_npy(path: Path, frames: int, descr: str = "'<f8'") -> None:
    data = npy(f"({frames}, 543, 3)", descr)
    with path.open("wb") as file:
        file.write(data)
        file.truncate(len(data) + frames * 543 * 3 * 8)


def pose(frames: int, people: int) -> bytes:
    data = pose_bytes(HOLISTIC, 1)
    body = (33 + 478 + 21 + 21 + 33) * 4 * 4
    return data[: -body - 10] + struct.pack("<fIH", 25, frames, people)


def many_rows(path: Path, rows: int) -> None:
    names = ("frame", "type", "landmark_index", "x", "y", "z")
    pq.write_table(pa.table({name: pa.array(np.zeros(rows, np.int8)) for name in names}), path)


def nested(path: Path, levels: int) -> None:
    """A description of columns in groups in groups, which ends the process within pyarrow."""
    count, schema = levels + 1, b"\x48\x01a\x15\x02\x00" * levels + b"\x15\x02\x38\x01x\x00"
    length = b""
    while count > 127:
        length, count = length + bytes([count & 127 | 128]), count >> 7
    footer = b"\x15\x04\x19\xfc" + length + bytes([count]) + schema + b"\x16\x00\x19\x0c\x00"
    path.write_bytes(b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1")


def write_bombs(folder: Path) -> None:
    (folder / "frames.npz").write_bytes(bomb_npz())
    (folder / "hands.npz").write_bytes(bomb_hands())
    sparse_npy(folder / "sparse.npy", 300_000)
    (folder / "frames.pose").write_bytes(pose(4_000_000_000, 1))
    (folder / "people.pose").write_bytes(pose(20_000, 65_535))
    many_rows(folder / "rows.parquet", 12_000_000)
    nested(folder / "nested.parquet", 100_000)
    (folder / "lists.json").write_text("[" * 40_000_000)
    (folder / "frames.json").write_text("[" + "{}," * 4_000_000 + "{}]")
    (folder / "points.json").write_text('{"left_hand":[' + "[]," * 4_000_000 + "[]]}")
    (folder / "one.json").write_text('[{"left_hand":[' + "[0,0]," * 4_000_000 + "[]]}]")
    (folder / "digits.json").write_text("[" + "1" * 20_000_000 + "]")
    (folder / "claims.mp4").write_bytes(claiming(50_000_000))


def claiming(count: int) -> bytes:
    """An MP4 with a track of so many pictures of one byte each."""

    def box(kind: bytes, *inside: bytes) -> bytes:
        content = b"".join(inside)
        return struct.pack(">I4s", 8 + len(content), kind) + content

    sizes = box(b"stsz", struct.pack(">III", 0, 1, count))
    media = box(b"mdia", box(b"hdlr", bytes(8), b"vide"), box(b"minf", box(b"stbl", sizes)))
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moov", box(b"trak", media))


CHILD = """
import json, resource, sys
from pathlib import Path
from signlet.errors import ClipError
from signlet.serve.child import limit_memory
from signlet.sources import read_clip
import pyarrow.parquet, signlet.sources.parquet, signlet.sources.pose
limit_memory(int(sys.argv[2]) << 20)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
said, before = {}, peak()
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        said[path.name] = str(len(read_clip(path).frames))
    except ClipError as error:
        said[path.name] = str(error)
print(json.dumps([said, peak() - before]))
"""


def in_a_child(folder: Path, megabytes: int) -> tuple[dict[str, str], int]:
    """What reading each file of a folder says, and by how many MB the process grew."""
    command = [sys.executable, "-c", CHILD, str(folder), str(megabytes)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    said, grown = json.loads(done.stdout)
    return said, grown


@LINUX
def test_small_files_that_promise_much_take_little_memory(tmp_path: Path) -> None:
    write_bombs(tmp_path)
    said, grown = in_a_child(tmp_path, 300)
    for name, message in said.items():
        assert message.startswith(f"{tmp_path / name}: "), name
        assert "memory" not in message, message
    assert len(said) == 13
    assert grown < 200


@LINUX
def test_the_longest_clip_takes_as_much_memory_as_the_docs_say(tmp_path: Path) -> None:
    sparse_npy(tmp_path / "longest.npy", MAX_FRAMES)
    said, _ = in_a_child(tmp_path, 1024)
    assert said == {"longest.npy": str(MAX_FRAMES)}


# --- archives ----------------------------------------------------------------------------------
def test_arrays_packed_in_other_ways_are_refused(tmp_path: Path) -> None:
    path, clip = tmp_path / "a.npz", io.BytesIO()
    np.save(clip, FRAMES)
    for how in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):  # of which a few bytes may be gigabytes
        path.write_bytes(packed({"landmarks.npy": clip.getvalue()}, how))
        refused(path, "is packed in a way that is not read")
    data = bytearray(packed({"landmarks.npy": clip.getvalue()}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refused(path, "is encrypted")


def test_two_arrays_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    data = packed({"landmarks.npy": zeros(3, 543, 3), "landmarkz.npy": b""})
    path.write_bytes(data.replace(b"landmarkz", b"landmarks"))
    refused(path, "two arrays called 'landmarks'")


def test_a_list_of_entries_without_end_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        entry = zipfile.ZipInfo("landmarks.npy")
        entry.comment = b" " * 60_000
        for number in range(200):
            entry = zipfile.ZipInfo(f"{number}.npy")
            entry.comment = b" " * 60_000
            archive.writestr(entry, b"")
    refused(tmp_path / "a.npz", "its list of entries is too long")
    (tmp_path / "a.npz").rename(tmp_path / "a.zip")
    with pytest.raises(SignletError, match="list of entries"):
        open_source(tmp_path / "a.zip")


def test_a_clip_in_an_archive_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clips.zip"
    path.write_bytes(packed({"hello/ada_1.mp4": bytes(80 << 20), "no/ada_1.npz": b""}))
    source = open_source(path)
    with pytest.raises(ClipError, match=r"hello/ada_1\.mp4: is too large, it would unpack to 80"):
        source.read(source.refs()[0])


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
        with pytest.raises(SignletError, match=r"twice|no text"):
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
