"""Packed data sets: what is stored, and that nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.errors import SignletError
from signlet.landmarks import NUM_RAW
from signlet.pack import PackedSet, pack
from signlet.preprocess import Preprocess
from signlet.sources import ClipRef
from signlet_testing.packing import CLIPS, Made, content, made_frames, packed, source

__all__ = ["packed", "source"]


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
    made = "signlet_testing.packing.made_frames"
    monkeypatch.setattr(made, lambda n: empty if n == 1 else real(n))
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
