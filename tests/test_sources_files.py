"""Reading and writing single files: every format, and everything that can be wrong with one."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from signlet.clip import Clip
from signlet.errors import ClipError, SignletError
from signlet.sources import read_clip, write_clip
from signlet_testing.sources_data import HOLISTIC, pose_bytes, refused, saved

SUFFIXES = (".parquet", ".npz", ".npy", ".pose")
FUZZ = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def frames(count: int = 4, seed: int = 0) -> np.ndarray:
    array = np.random.default_rng(seed).standard_normal((count, 543, 3)).astype(np.float32)
    array[0, 468:489] = np.nan
    array[-1, 0, 0] = np.nan
    return array


# --- numpy files -------------------------------------------------------------------------
@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
@pytest.mark.parametrize("fps", [None, 29.97])
def test_written_clip_reads_back_bit_for_bit(
    tmp_path: Path, suffix: str, fps: float | None
) -> None:
    path = tmp_path / "new" / f"clip{suffix}"
    write_clip(Clip(frames(), fps=fps), path)
    clip = read_clip(path)
    assert clip.frames.tobytes() == frames().tobytes()
    assert (clip.name, clip.sign, clip.signer) == ("clip", None, None)
    assert clip.fps == fps
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_npz_takes_landmarks_or_the_only_array(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, landmarks=frames().astype(np.float16), other=np.zeros(3))
    assert np.array_equal(
        read_clip(path).frames, frames().astype(np.float16).astype(np.float32), equal_nan=True
    )
    np.savez(path, whatever=frames().astype(np.float64), fps=30)
    assert np.array_equal(read_clip(str(path)).frames, frames(), equal_nan=True)
    assert read_clip(path).fps == 30
    np.savez(path, a=frames(), b=frames())
    refused(path, "contains a, b; call the one with the landmarks 'landmarks'")
    for names in (("lh", "rh", "body"), ("left", "right"), ("left_hand", "pose")):
        np.savez(path, **dict.fromkeys(names, frames()))
        refused(path, "or call the parts left_hand and right_hand")
    np.savez(path)
    refused(path, "no arrays")


@pytest.mark.parametrize("fps", [0, -1, np.nan, np.inf, "fast", [1, 2]])
def test_senseless_frame_rate_is_unknown(tmp_path: Path, fps: object) -> None:
    np.savez(tmp_path / "a.npz", landmarks=frames(), fps=np.array(fps))
    assert read_clip(tmp_path / "a.npz").fps is None


def test_face_of_478_points_is_cut(tmp_path: Path) -> None:
    refined = np.concatenate([frames()[:, :468], np.ones((4, 10, 3)), frames()[:, 468:]], 1)
    np.save(tmp_path / "a.npy", refined)
    assert np.array_equal(read_clip(tmp_path / "a.npy").frames, frames(), equal_nan=True)


def test_frames_can_be_changed_and_outlive_their_file(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", frames())
    clip = read_clip(tmp_path / "a.npy")
    (tmp_path / "a.npy").unlink()
    clip.frames[0] = 1
    assert (clip.frames[0] == 1).all()


class Trap:
    """Unpickling this leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_nothing_is_unpickled(tmp_path: Path, suffix: str) -> None:
    path, trap = tmp_path / f"a{suffix}", tmp_path / "sprung"
    array = np.array([Trap(trap)], dtype=object)
    if suffix == ".npy":
        np.save(path, array, allow_pickle=True)
    else:
        np.savez(path, landmarks=array)
    refused(path)
    assert not trap.exists()
    loaded = np.load(path, allow_pickle=True)
    _ = loaded if suffix == ".npy" else loaded["landmarks"]
    assert trap.exists(), "the trap must work where pickles are allowed"


# --- anything at all ---------------------------------------------------------------------
@FUZZ
@given(
    array=hnp.arrays(
        st.one_of(
            hnp.integer_dtypes(),
            hnp.floating_dtypes(),
            hnp.complex_number_dtypes(),
            hnp.unicode_string_dtypes(max_len=2),
            hnp.boolean_dtypes(),
            hnp.datetime64_dtypes(),
        ),
        st.one_of(
            st.tuples(st.integers(0, 2), st.sampled_from([543, 553, 542]), st.integers(2, 4)),
            hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
        ),
    ),
    suffix=st.sampled_from([".npy", ".npz"]),
)
def test_any_array_is_a_clip_or_refused(tmp_path: Path, array: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    (np.save if suffix == ".npy" else np.savez)(path, array)
    shape_fits = array.ndim == 3 and array.shape[1] in (543, 553) and array.shape[2] == 3
    with np.errstate(over="ignore"):
        fits = shape_fits and len(array) > 0 and array.dtype.kind in "fiu"
        fits = fits and not np.isinf(array.astype(np.float32)).any()
    if fits:
        assert read_clip(path).frames.shape == (len(array), 543, 3)
    else:
        refused(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@FUZZ
@given(data=st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(tmp_path: Path, suffix: str, data: bytes) -> None:
    refused(saved(tmp_path / f"a{suffix}", data))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Bytes of a good file of each kind."""
    folder = tmp_path_factory.mktemp("good")
    for suffix in (".npz", ".parquet"):
        write_clip(Clip(frames(2)), folder / f"a{suffix}")
    np.save(folder / "a.npy", frames(2))
    saved(folder / "a.pose", pose_bytes(HOLISTIC, 2))
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("suffix", SUFFIXES)
@FUZZ
@given(share=st.floats(0, 1, exclude_max=True))
def test_truncated_file_is_refused(
    tmp_path: Path, good: dict[str, bytes], suffix: str, share: float
) -> None:
    data = good[suffix]
    refused(saved(tmp_path / f"a{suffix}", data[: int(share * len(data))]))


@pytest.mark.parametrize("suffix", SUFFIXES)
@FUZZ
@given(data=st.data())
def test_file_with_a_changed_byte_is_read_or_refused(
    tmp_path: Path, good: dict[str, bytes], suffix: str, data: st.DataObject
) -> None:
    changed = bytearray(good[suffix])
    edges = st.integers(0, 600) | st.integers(len(changed) - 600, len(changed) - 1)
    place = data.draw(edges | st.integers(0, len(changed) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    path = saved(tmp_path / f"a{suffix}", bytes(changed))
    with contextlib.suppress(ClipError):
        assert read_clip(path).frames.shape[1:] == (543, 3)


# --- the way to the file -----------------------------------------------------------------
def test_missing_file_folder_and_unknown_kind_are_refused(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        refused(tmp_path / f"none{suffix}", "no such file")
        (tmp_path / f"folder{suffix}").mkdir()
        refused(tmp_path / f"folder{suffix}")
    refused(saved(tmp_path / "a.txt", b""), ".parquet, .npz, .npy, .pose")
    refused(saved(tmp_path / "nothing", b""), ".parquet, .npz, .npy, .pose")


def test_ending_in_capitals_is_read(tmp_path: Path) -> None:
    for suffix in (".NPZ", ".PARQUET"):
        write_clip(Clip(frames()), tmp_path / f"A{suffix}")
        assert read_clip(tmp_path / f"A{suffix}").frames.shape == (4, 543, 3)


def test_missing_library_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "signlet.sources.pose", raising=False)
    monkeypatch.setitem(sys.modules, "pose_format.pose_header", None)
    with pytest.raises(SignletError, match=r"\.pose files needs the extra train") as caught:
        read_clip(saved(tmp_path / "a.pose", b"x"))
    assert not isinstance(caught.value, ClipError), "not this clip's fault: no set skips it"


# --- writing -----------------------------------------------------------------------------
def test_failed_writing_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    write_clip(Clip(frames()), path)
    before = path.read_bytes()

    def full_disk(file: io.BufferedWriter, **arrays: object) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(SignletError, match=r"a\.npz.*No space left"):
        write_clip(Clip(frames(2)), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_unwritable_place_and_unknown_kind_are_refused(tmp_path: Path) -> None:
    saved(tmp_path / "file", b"")
    with pytest.raises(SignletError, match="cannot be written"):
        write_clip(Clip(frames()), tmp_path / "file" / "a.npz")
    with pytest.raises(SignletError, match=r"\.npz or \.parquet"):
        write_clip(Clip(frames()), tmp_path / "a.npy")
