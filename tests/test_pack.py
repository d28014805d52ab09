"""Packed data sets: what is stored, that nothing is lost, and that damage is noticed."""

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

from signlet.clip import Clip
from signlet.errors import ClipError, SignletError
from signlet.landmarks import LEFT_HAND, NUM_RAW, POSE
from signlet.pack import PackedSet, merge, pack, writer
from signlet.preprocess import Preprocess
from signlet.sources import ClipRef, open_source

SHARED = Path(__file__).parents[1].parent / "shared"
CLIPS = 11


@dataclass(frozen=True)
class Made:
    """A source of made clips. bad: clips that cannot be read; stop: where Ctrl-C comes."""

    log: Path
    clips: int = CLIPS
    bad: tuple[int, ...] = ()
    stop: int | None = None
    name: str = "made"
    signs: tuple[str, ...] = ("yes", "no")

    def refs(self) -> list[ClipRef]:
        return [self._ref(number) for number in range(self.clips)]

    def _ref(self, number: int) -> ClipRef:
        sign = None if number == 2 else self.signs[number % 2]
        return ClipRef(f"clip{number}", Path(f"{number}.npz"), sign, f"s{number % 3}")

    def read(self, ref: ClipRef) -> Clip:
        number = int(ref.path.stem)
        if number == self.stop:
            raise KeyboardInterrupt
        with self.log.open("a") as log:
            log.write(f"{number}\n")
        if number in self.bad:
            raise ClipError(f"{ref.path}: is damaged; copy it again")
        fps = 25.0 if number % 2 else None
        return Clip(made_frames(number), ref.name, ref.sign, ref.signer, fps)

    def were_read(self) -> list[int]:
        return [int(line) for line in self.log.read_text().split()] if self.log.exists() else []


def made_frames(number: int) -> np.ndarray:
    rng = np.random.default_rng(number)
    frames = rng.random((5 + 9 * number, NUM_RAW, 3), np.float32)
    frames[number:, LEFT_HAND] = np.nan
    if number == 5:
        frames[:, POSE.start :] = np.nan
    return frames


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setattr(writer, "SHARD_CLIPS", 3)
    return Made(tmp_path / "log")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    place = tmp_path_factory.mktemp("packed")
    return pack(Made(place / "log"), place / "out", 25, jobs=1)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def alone(number: int, max_len: int = 25) -> tuple[torch.Tensor, torch.Tensor]:
    return Preprocess(max_len).normalise(torch.from_numpy(made_frames(number)))


# --- what is stored ---------------------------------------------------------------------


def test_stores_what_preprocessing_gives(packed: PackedSet) -> None:
    for number in range(CLIPS):
        frames, mask = alone(number)
        start, length = packed.offsets[number], packed.lengths[number]
        np.testing.assert_array_equal(packed.frames[start : start + length], frames[mask])
    assert packed.frames.shape == (packed.lengths.sum(), 100, 3)


def test_the_index_describes_the_clips(packed: PackedSet) -> None:
    rows = packed.index.to_pylist()
    assert len(packed) == len(rows) == CLIPS
    assert packed.names == [f"clip{number}" for number in range(CLIPS)]
    assert packed.labels.tolist() == [0, 1, -1, 1, 0, 1, 0, 1, 0, 1, 0]
    assert packed.signers[:4] == ["s0", "s1", "s2", "s0"]
    assert (packed.signs, packed.max_len, packed.source) == (("yes", "no"), 25, "made")
    assert [row["raw_frames"] for row in rows] == [5 + 9 * number for number in range(CLIPS)]
    assert (rows[2]["sign"], rows[3]["sign"]) == (None, "no")
    assert (rows[2]["fps"], rows[3]["fps"]) == (None, 25.0)
    assert rows[3]["missing_left_hand"] == pytest.approx(29 / 32)
    assert (rows[5]["missing_pose"], rows[5]["missing_face"]) == (1, 0)
    assert len(packed.skipped) == 0


def test_half_precision_halves_the_file(source: Made, tmp_path: Path, packed: PackedSet) -> None:
    half = pack(source, tmp_path / "out", 25, jobs=1, dtype="float16")
    assert half.frames.nbytes * 2 == packed.frames.nbytes
    frames, mask = half.batch(torch.arange(CLIPS))
    expected, expected_mask = packed.batch(torch.arange(CLIPS))
    assert frames.dtype == torch.float32
    assert torch.equal(mask, expected_mask)
    torch.testing.assert_close(frames, expected, rtol=0, atol=2e-3, equal_nan=True)


def test_any_number_of_jobs_gives_the_same_bytes(source: Made, tmp_path: Path) -> None:
    pack(source, tmp_path / "one", 25, jobs=1)
    pack(source, tmp_path / "two", 25, jobs=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert set(content(tmp_path / "one")) == {
        *("frames.npy", "index.parquet", "skipped.parquet", "dataset.json")
    }


def test_relative_paths_are_those_of_the_caller(
    source: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers are used again, and were started in another directory."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        pack(source, Path("out"), 25, jobs=2)
    assert content(tmp_path / "first" / "out") == content(tmp_path / "second" / "out")


def test_a_source_without_labels_packs(tmp_path: Path, source: Made) -> None:
    @dataclass(frozen=True)
    class Unlabelled(Made):
        def _ref(self, number: int) -> ClipRef:
            return ClipRef(str(number), Path(f"{number}.npz"), None, None)

    unlabelled = pack(Unlabelled(source.log, signs=()), tmp_path / "out", 25, jobs=1)
    assert set(unlabelled.labels.tolist()) == {-1}
    assert set(unlabelled.signers) == {""}


# --- batches ----------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.integers(0, CLIPS - 1), min_size=1, max_size=20))
def test_a_batch_is_the_clips_asked_for(packed: PackedSet, rows: list[int]) -> None:
    frames, mask = packed.batch(torch.tensor(rows))
    assert frames.shape == (len(rows), 25, 100, 3)
    for row, one, its_mask in zip(rows, frames, mask, strict=True):
        expected, expected_mask = alone(row)
        assert torch.equal(its_mask, expected_mask)
        torch.testing.assert_close(one, expected, rtol=0, atol=0, equal_nan=True)


def test_padding_is_nan_and_the_stored_frames_stay_untouched(packed: PackedSet) -> None:
    before = packed.frames.tobytes()
    frames, mask = packed.batch(torch.arange(CLIPS))
    assert not mask.all()
    assert torch.isnan(frames[~mask]).all()
    frames.zero_()
    assert packed.frames.tobytes() == before


def test_a_set_moved_to_a_device_gives_the_same_batches(packed: PackedSet) -> None:
    rows = torch.tensor([4, 0, 10])
    moved, mask = packed.to("cpu").batch(rows)
    expected, expected_mask = packed.batch(rows)
    assert torch.equal(mask, expected_mask)
    torch.testing.assert_close(moved, expected, rtol=0, atol=0, equal_nan=True)
    assert packed.to("meta").batch(rows)[0].device.type == "meta"


# --- clips that cannot be packed --------------------------------------------------------


def test_bad_clips_are_listed_and_the_rest_goes_on(source: Made, tmp_path: Path) -> None:
    result = pack(replace(source, bad=(0, 4)), tmp_path / "out", 25, jobs=1)
    assert result.names == [f"clip{n}" for n in range(CLIPS) if n not in (0, 4)]
    assert result.skipped.to_pylist() == [
        {"name": f"clip{n}", "path": f"{n}.npz", "reason": f"{n}.npz: is damaged; copy it again"}
        for n in (0, 4)
    ]
    np.testing.assert_array_equal(
        result.frames[result.offsets[-1] :], alone(CLIPS - 1)[0][alone(CLIPS - 1)[1]]
    )


def test_a_clip_without_any_landmark_is_skipped(
    source: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = made_frames
    empty = np.full((4, NUM_RAW, 3), np.nan, np.float32)
    monkeypatch.setattr(f"{__name__}.made_frames", lambda n: empty if n == 1 else real(n))
    result = pack(source, tmp_path / "out", 25, jobs=1)
    assert result.skipped["name"].to_pylist() == ["clip1"]
    assert "no landmark was found" in result.skipped["reason"][0].as_py()


def test_no_clip_left_is_an_error_that_says_why(source: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(SignletError, match=r"not one of the 11 clips.*0\.npz: is damaged"):
        pack(replace(source, bad=tuple(range(CLIPS))), out, 25, jobs=1)
    assert [path.name for path in out.iterdir()] == ["skipped.parquet"]
    assert len(pq.read_table(out / "skipped.parquet")) == CLIPS
    assert len(pack(source, out, 25, jobs=1)) == CLIPS


# --- interrupted, repeated, elsewhere ---------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_pack_goes_on_where_it_stopped(
    source: Made, tmp_path: Path, jobs: int
) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pack(replace(source, stop=7), out, 25, jobs=1)
    with pytest.raises(SignletError, match="was not finished; give the pack command again"):
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
        with pytest.raises(SignletError, match="is not empty and holds no packed set"):
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
    with pytest.raises(SignletError, match="holds no clips"):
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
    open_refused(tmp_path, "holds no packed set")
    open_refused(tmp_path / "nowhere", "holds no packed set")


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
    open_refused(copy, "is of format 9, this signlet reads 2")


# --- real input -------------------------------------------------------------------------


@pytest.mark.skipif(not (SHARED / "data/aslsigns").exists(), reason="needs shared/data/aslsigns")
def test_the_competition_files_pack_without_a_skip(tmp_path: Path) -> None:
    result = pack(open_source(SHARED / "data/aslsigns"), tmp_path / "out", 25, jobs=1)
    assert len(result) == 62
    assert len(result.skipped) == 0
    frames, mask = result.batch(torch.arange(62))
    assert torch.isfinite(frames[mask]).any((1, 2)).all()
