"""Packing that is interrupted, repeated or moved; damage is noticed."""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.errors import SignletError
from signlet.pack import PackedSet, merge, pack
from signlet.sources import ClipRef, open_source
from signlet_testing.packing import CLIPS, Made, content, packed, source

__all__ = ["packed", "source"]

SHARED = Path(__file__).parents[1].parent / "shared"


# --- interrupted, repeated, elsewhere ---------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_pack_goes_on_where_it_stopped(
    source: Made, tmp_path: Path, jobs: int
) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pack(replace(source, stop=7), out, 25, jobs=1)
    with pytest.raises(SignletError, match="was not finished; run the same pack command again"):
        PackedSet.open(out)
    (out / "shards" / "000002.frames").write_bytes(b"half a shard of a killed process")
    (out / ".frames.npy-killed").mkdir()
    (out / "shards" / ".000003.frames-killed").mkdir()
    source.log.unlink()
    pack(source, out, 25, jobs=jobs)
    assert sorted(source.were_read()) == list(range(6, CLIPS))
    pack(source, tmp_path / "undisturbed", 25, jobs=1)
    assert content(out) == content(tmp_path / "undisturbed")


def test_shards_of_other_settings_are_not_used(source: Made, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        pack(replace(source, stop=7), tmp_path / "out", 25, jobs=1)
    (tmp_path / "out" / ".shards-killed").mkdir()
    pack(source, tmp_path / "out", 10, jobs=1)
    pack(source, tmp_path / "undisturbed", 10, jobs=1)
    assert content(tmp_path / "out") == content(tmp_path / "undisturbed")


def test_a_pack_killed_before_its_first_shard_starts_again(source: Made, tmp_path: Path) -> None:
    (tmp_path / "out" / "shards" / ".settings.json-killed").mkdir(parents=True)
    assert len(pack(source, tmp_path / "out", 25, jobs=1)) == CLIPS


def test_a_finished_pack_is_not_made_again(source: Made, tmp_path: Path) -> None:
    first = pack(source, tmp_path / "out", 25, jobs=1)
    again = pack(replace(source, stop=0), tmp_path / "out", 25, jobs=1)
    np.testing.assert_array_equal(again.frames, first.frames)


@pytest.mark.parametrize(
    ("other", "max_len", "dtype", "problem"),
    [
        ({}, 80, "float32", "max_len 25, not 80"),
        ({}, 25, "float16", "dtype float32, not float16"),
        ({"clips": 10}, 25, "float32", "other clips"),
        ({"name": "folder"}, 25, "float32", "source made, not folder"),
        ({"signs": ("no", "yes")}, 25, "float32", "other signs"),
    ],
)
def test_another_pack_is_not_overwritten(
    source: Made, tmp_path: Path, other: dict[str, int], max_len: int, dtype: str, problem: str
) -> None:
    pack(source, tmp_path / "out", 25, jobs=1)
    before = content(tmp_path / "out")
    with pytest.raises(SignletError, match=f"{problem}; choose another directory"):
        pack(replace(source, **other), tmp_path / "out", max_len, jobs=1, dtype=dtype)
    assert content(tmp_path / "out") == before


def test_a_directory_with_other_files_is_refused(source: Made, tmp_path: Path) -> None:
    for name in ("thesis.txt", "shards/mine.txt", "frames.npy"):
        place = tmp_path / name.replace("/", "-")
        (place / name).parent.mkdir(parents=True)
        (place / name).write_text("mine")
        with pytest.raises(SignletError, match="is not empty and is not a packed set"):
            pack(source, place, 25, jobs=1)
        assert content(place) == {name: b"mine"}


def test_a_place_that_cannot_be_written_is_one_line(source: Made, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SignletError, match="file") as caught:
            pack(source, place, 25, jobs=1)
        assert "\n" not in str(caught.value)


def test_a_full_disk_is_one_line_and_can_be_resumed(
    source: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(merge, "_write_frames", full)
        with pytest.raises(SignletError, match="No space left"):
            pack(source, tmp_path / "out", 25, jobs=1)
    source.log.unlink()
    assert len(pack(source, tmp_path / "out", 25, jobs=1)) == CLIPS
    assert source.were_read() == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"max_len": 1}, "max_len is 1; give 2 or more"),
        ({"max_len": 25, "jobs": 0}, "jobs is 0"),
        ({"max_len": 25, "jobs": -3}, "jobs is -3"),
        ({"max_len": 25, "dtype": "int8"}, "dtype is int8; choose float32 or float16"),
    ],
)
def test_unusable_settings_are_refused_before_anything_is_written(
    source: Made, tmp_path: Path, options: dict[str, object], problem: str
) -> None:
    with pytest.raises(SignletError, match=problem):
        pack(source, tmp_path / "out", **options)
    assert list(tmp_path.iterdir()) == []


def test_signers_that_are_no_text_are_refused(source: Made, tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Undecodable(Made):
        def _ref(self, number: int) -> ClipRef:
            return ClipRef("caf\udce9", Path("caf\udce9.npz"), None, "caf\udce9")

    with pytest.raises(SignletError, match=r"caf\\udce9.*take that out"):
        pack(Undecodable(source.log), tmp_path / "out", 25)


def test_an_empty_source_is_refused(source: Made, tmp_path: Path) -> None:
    with pytest.raises(SignletError, match="contains no clips"):
        pack(replace(source, clips=0), tmp_path / "out", 25)


def test_nothing_is_printed_where_there_is_no_terminal(
    source: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pack(source, tmp_path / "out", 25, jobs=1, progress=True)
    assert capfd.readouterr() == ("", "")


# --- damage -----------------------------------------------------------------------------


@pytest.fixture
def copy(packed: PackedSet, tmp_path: Path) -> Path:
    for path in packed.path.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def open_refused(path: Path, problem: str) -> None:
    with pytest.raises(SignletError, match=problem) as caught:
        PackedSet.open(path)
    assert "\n" not in str(caught.value)


def test_a_directory_without_header_is_no_packed_set(tmp_path: Path) -> None:
    open_refused(tmp_path, "is not a packed set")
    open_refused(tmp_path / "nowhere", "is not a packed set")


@pytest.mark.parametrize("name", ["frames.npy", "index.parquet", "skipped.parquet"])
@pytest.mark.parametrize("keep", [0, 1, 100, -1, -300])
def test_a_file_cut_short_is_noticed(copy: Path, name: str, keep: int) -> None:
    path = copy / name
    path.write_bytes(path.read_bytes()[:keep])
    open_refused(copy, f"{name}: is damaged")


@pytest.mark.parametrize("name", ["frames.npy", "index.parquet", "skipped.parquet"])
def test_a_missing_file_is_noticed(copy: Path, name: str) -> None:
    (copy / name).unlink()
    open_refused(copy, f"{name}: is damaged")


def test_an_index_of_another_set_is_noticed(copy: Path) -> None:
    index = pq.read_table(copy / "index.parquet")
    pq.write_table(index.slice(1), copy / "index.parquet")
    open_refused(copy, "index.parquet: is damaged")


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_header_is_refused_in_one_line(packed: PackedSet, data: st.DataObject) -> None:
    path = packed.path / "dataset.json"
    whole = path.read_text()
    record = json.loads(whole)
    values = (
        st.none()
        | st.integers(max_value=10)
        | st.text(max_size=5)
        | st.lists(st.integers(), max_size=2)
    )
    inner = data.draw(st.booleans())
    part = record["settings"] if inner else record
    key = data.draw(st.sampled_from([k for k in part if k not in ("signlet_version", "source")]))
    part[key] = data.draw(values.filter(lambda value: value != part[key]))
    if inner and key == "fingerprint":
        part.pop(key)
    try:
        path.write_text(json.dumps(record))
        open_refused(packed.path, "dataset.json|index.parquet|frames.npy|landmarks of")
        path.write_text(whole[: data.draw(st.integers(0, len(whole) - 3))])
        open_refused(packed.path, "dataset.json: is damaged")
    finally:
        path.write_text(whole)


def test_another_landmark_layout_is_refused(copy: Path) -> None:
    path = copy / "dataset.json"
    path.write_text(path.read_text().replace("signlet-100", "signlet-130"))
    open_refused(copy, "has landmarks of .*signlet-130.*pack the clips again")


def test_another_format_is_refused(copy: Path) -> None:
    path = copy / "dataset.json"
    path.write_text(path.read_text().replace('"format_version": 2', '"format_version": 9'))
    open_refused(copy, "has format 9, but this version of signlet reads 2")


# --- real input -------------------------------------------------------------------------


@pytest.mark.skipif(not (SHARED / "data/aslsigns").exists(), reason="needs shared/data/aslsigns")
def test_the_competition_files_pack_without_a_skip(tmp_path: Path) -> None:
    result = pack(open_source(SHARED / "data/aslsigns"), tmp_path / "out", 25, jobs=1)
    assert len(result) == 62
    assert len(result.skipped) == 0
    frames, mask = result.batch(torch.arange(62))
    assert torch.isfinite(frames[mask]).any((1, 2)).all()
