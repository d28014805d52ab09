"""Sources on real data that is not part of the repository; skipped where it is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from signlet.sources import open_source, read_clip

SHARED = Path(__file__).parents[1].parent / "shared"
ORIGINAL = "train_landmark_files/16069/10042041.parquet"

needs = {
    name: pytest.mark.skipif(not (SHARED / name).exists(), reason=f"shared/{name} is absent")
    for name in ("data/aslsigns", "data/webcam", "golden")
}


@needs["data/aslsigns"]
def test_competition_files_equal_pyarrow_and_keep_their_labels() -> None:
    source = open_source(SHARED / "data/aslsigns")
    refs = source.refs()
    assert (len(refs), len(source.signs), source.signs[0]) == (62, 250, "TV")
    assert (refs[0].name, refs[0].sign, refs[0].signer) == ("0/0", "after", "0")
    for ref in refs:
        table = pq.read_table(ref.path)
        expected = np.stack([table[c].to_numpy() for c in "xyz"], 1).astype(np.float32)
        for _ in range(2):
            frames = source.read(ref).frames
            assert np.array_equal(frames.reshape(-1, 3), expected, equal_nan=True)


@needs["data/aslsigns"]
def test_untouched_file_that_starts_at_frame_83() -> None:
    frames = read_clip(SHARED / "data/aslsigns" / ORIGINAL).frames
    assert frames.shape == (105, 543, 3)
    np.testing.assert_allclose(frames[0, 0], [0.387253, 0.381374, -0.051682], rtol=1e-5)
    np.testing.assert_allclose(frames[0, 489], [0.416209, 0.337762, -1.116435], rtol=1e-5)


@needs["golden"]
@pytest.mark.parametrize("number", [0, 100, 333])
def test_lexicon_clips_equal_the_golden_ones(number: int) -> None:
    """Ties the order of the set, of the components, the scale and what counts as missing."""
    source = open_source("fingerspelling")
    frames = source.read(source.refs()[number]).frames
    golden = np.load(SHARED / "golden/clips.npz")[f"real{number}"].astype(np.float32)
    assert frames.shape == golden.shape
    assert np.array_equal(np.isnan(frames), np.isnan(golden))
    np.testing.assert_allclose(frames, golden, atol=1e-3)


@needs["data/webcam"]
def test_webcam_folder_has_its_signs_and_signers() -> None:
    source = open_source(SHARED / "data/webcam")
    refs = source.refs()
    assert (len(refs), len(source.signs), len({ref.signer for ref in refs})) == (1105, 13, 59)
    for ref in refs[::50]:
        clip = source.read(ref)
        assert (clip.sign, clip.signer) == (ref.path.parent.name, ref.path.name.split("_")[0])
        assert clip.frames.dtype == np.float32
