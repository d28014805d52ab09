"""What a file claims is judged before it is read: bombs, archives."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from signlet.clip import MAX_FRAMES
from signlet.errors import ClipError, SignletError
from signlet.sources import open_source
from signlet_testing import PATIENCE
from signlet_testing.file_bounds import FRAMES, LINUX, packed
from signlet_testing.sources_data import HOLISTIC, pose_bytes, refused


# --- bombs -------------------------------------------------------------------------------------
def npy(shape: str, descr: str = "'<f4'", data: bytes = b"", version: int = 1) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


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
        refused(tmp_path / "a.npy", "is not a complete numpy array")


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
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
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
        refused(path, "is packed in a way that signlet cannot read")
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
    with pytest.raises(ClipError, match=r"hello/ada_1\.mp4: would unpack from .* to 80"):
        source.read(source.refs()[0])
