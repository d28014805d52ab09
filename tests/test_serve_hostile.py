"""Bodies made to hurt: bombs, pickles, lies, noise."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pydantic")
pytest.importorskip("python_multipart")

from signlet.serve.decode import decode
from signlet.serve.rejection import Rejection
from signlet_testing.hostile_bodies import FEW, check, refusal
from signlet_testing.serving import BINARY, JSON, as_json, as_npy, as_npz, clip


def archive(data: bytes, name: str = "landmarks.npy", how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as out:
        out.writestr(name, data)
    return file.getvalue()


def npy(shape: str, descr: str = "'<f4'", data: bytes = b"") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


# --- bombs --------------------------------------------------------------------------------


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = archive(as_npy(np.zeros((6000, 543, 3), np.float32)))
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    refused = refusal(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.status == 413
    assert peak < 4 << 20  # of 39 MB


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    bomb = bytearray(archive(as_npy(np.zeros((6000, 543, 3), np.float32))))
    place = bomb.index(b"PK\x01\x02") + 24
    bomb[place : place + 4] = struct.pack("<I", FEW * 543 * 12 + 128)
    assert refusal(bytes(bomb)).status == 422


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_without_bound_are_refused(how: int) -> None:
    assert "numpy.savez" in refusal(archive(as_npy(clip(3)), how=how)).detail


def test_an_archive_of_many_files_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for number in range(1000):
            out.writestr(str(number), b"")
    assert "many files" in refusal(file.getvalue()).detail


@pytest.mark.parametrize("shape", ["(99999999999, 543, 3)", "(9999999, 543, 3)", "(-1, 543, 3)"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_header_that_promises_too_much_is_refused(shape: str, packed: bool) -> None:
    body = npy(shape, data=bytes(100))
    assert refusal(archive(body) if packed else body).status in (413, 422)


@pytest.mark.parametrize(
    "body", [b"[" * 999_999, b'{"a":' * 999_999, b"[[]," * 999_999, b"1" * 999_999, b"[,"]
)
def test_hostile_json_takes_little_memory(body: bytes) -> None:
    tracemalloc.start()
    refusal(body, JSON)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


# --- code and files -------------------------------------------------------------------------


class Harm:
    """Unpickling this makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    harm = pickle.dumps(Harm(tmp_path / "harm"))
    objects = npy("(1,)", "'|O'", harm)
    as_object = io.BytesIO()
    np.save(as_object, np.array([Harm(tmp_path / "harm")], object), allow_pickle=True)
    for body in (objects, archive(objects), as_object.getvalue(), archive(as_object.getvalue())):
        assert refusal(body).status == 422
    assert refusal(harm).status == 415
    assert not (tmp_path / "harm").exists()


def test_a_name_in_an_archive_or_a_form_is_no_path(tmp_path: Path) -> None:
    (tmp_path / "landmarks.npy").write_bytes(as_npy(clip(3)))
    for name in (str(tmp_path / "landmarks.npy"), "../../landmarks.npy", "/etc/passwd"):
        assert refusal(archive(b"nothing", name)).status == 422
        form = (
            f'--b\r\nContent-Disposition: form-data; name="clip"; filename="{name}"\r\n\r\n'
        ).encode()
        kind = "multipart/form-data; boundary=b"
        assert refusal(form + b"nothing\r\n--b--\r\n", kind).status == 415
        found = decode(form + as_npy(clip(3)) + b"\r\n--b--\r\n", kind, FEW)
        assert np.array_equal(found.frames, clip(3), equal_nan=True)


# --- noise --------------------------------------------------------------------------------

VALID = {
    "npy": (as_npy(clip(3)), BINARY),
    "npz": (as_npz(clip(2)), BINARY),
    "json": (as_json(clip(1)), JSON),
}
_SLOW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def tried(body: bytes, kind: str) -> None:
    """Landmarks or a refusal, and nothing else."""
    try:
        found = decode(body, kind, FEW).frames
    except Rejection as refused:
        check(refused)
    else:
        assert found.dtype == np.float32
        assert found.shape[1:] == (543, 3)
        assert 1 <= len(found) <= FEW


@_SLOW
@given(
    start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY\x01\x00", b'{"', b"[["]),
    noise=st.binary(max_size=400),
    kind=st.sampled_from([BINARY, JSON, "multipart/form-data; boundary=a", "", "a/b"]),
)
def test_noise_is_refused(start: bytes, noise: bytes, kind: str) -> None:
    tried(start + noise, kind)


@_SLOW
@given(
    form=st.sampled_from(sorted(VALID)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), min_size=1, max_size=4),
    cut=st.floats(0.5, 1),
    head=st.booleans(),
)
def test_damaged_clips_are_read_or_refused(
    form: str, changes: list[tuple[float, bytes]], cut: float, head: bool
) -> None:
    body, kind = VALID[form]
    damaged = bytearray(body)
    for where, noise in changes:
        place = int(where * (200 if head else len(damaged)))
        damaged[place : place + len(noise)] = noise
    tried(bytes(damaged[: int(len(damaged) * cut)]), kind)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=30,
)


@_SLOW
@given(value=_ANY, inside=st.booleans())
def test_any_json_is_read_or_refused(value: Any, inside: bool) -> None:
    import json

    tried(json.dumps({"landmarks": value} if inside else value).encode(), JSON)


@_SLOW
@given(
    number=st.sampled_from(["1e400", "-1e39", "1e38", "0.1e-999", "1E+2", "null", "true", '"1"']),
    place=st.integers(0, 3 * 543 - 1),
)
def test_odd_numbers_are_read_or_refused(number: str, place: int) -> None:
    values = ["0.5"] * (3 * 543)
    values[place] = number
    points = ",".join(f"[{','.join(values[i : i + 3])}]" for i in range(0, len(values), 3))
    tried(f'{{"landmarks": [[{points}]]}}'.encode(), JSON)
