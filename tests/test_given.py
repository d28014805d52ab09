"""Landmarks in whatever array: the same clip as the plain array, or one clear line."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pose_format.torch.masked import MaskedTensor

import signlet
from signlet import Clip, ClipError
from signlet.sources import read_clip
from signlet_testing.clips import moving_hand

PLAIN = moving_hand(1, 0, 0)[:4].astype(np.float16).astype(np.float32)
"""(4, 543, 3) float32 that float16 and bfloat16 could hold; the left hand is NaN."""
PLAIN[:, :, :] = np.round(PLAIN * 64) / 64
FOUND = ~np.isnan(PLAIN)
ZEROS = np.nan_to_num(PLAIN)


class Asked:
    """Gives an array when numpy asks for one, as tables and labelled arrays do."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.array


def nested(missing: Any = None) -> list[Any]:
    return [[[missing if np.isnan(v) else v for v in p] for p in f] for f in PLAIN.tolist()]


def strided(array: np.ndarray) -> np.ndarray:
    wide = np.zeros((2 * len(array), 543, 6), array.dtype)
    wide[::2, :, ::-2] = array
    return wide[::2, :, ::-2]


def of_objects(missing: Any = None) -> np.ndarray:
    objects = PLAIN.astype(object)
    objects[~FOUND] = missing
    return objects


FORMS: dict[str, Callable[[], Any]] = {
    "masked": lambda: np.ma.array(ZEROS, mask=~FOUND),
    "masked by invalid": lambda: np.ma.masked_invalid(PLAIN),
    "masked, with a fill value": lambda: np.ma.array(ZEROS, mask=~FOUND, fill_value=7),
    "masked half": lambda: np.ma.array(ZEROS.astype(np.float16), mask=~FOUND),
    "masked frames in a list": lambda: list(np.ma.array(ZEROS, mask=~FOUND)),
    "masked points in lists": lambda: [list(f) for f in np.ma.array(ZEROS, mask=~FOUND)],
    "masked in Fortran order": lambda: np.ma.array(
        np.asfortranarray(ZEROS), mask=np.asfortranarray(~FOUND)
    ),
    "asked for a masked one": lambda: Asked(np.ma.array(ZEROS, mask=~FOUND)),
    "tensor": lambda: torch.tensor(PLAIN),
    "tensor with a gradient": lambda: torch.tensor(PLAIN, requires_grad=True),
    "result with a gradient": lambda: torch.tensor(PLAIN, requires_grad=True) * 1,
    "bfloat16": lambda: torch.tensor(PLAIN).bfloat16(),
    "bfloat16 with a gradient": lambda: torch.tensor(PLAIN).bfloat16().requires_grad_(),
    "double tensor": lambda: torch.tensor(PLAIN).double(),
    "half tensor": lambda: torch.tensor(PLAIN).half(),
    "transposed tensor": lambda: torch.tensor(PLAIN.T.copy()).permute(2, 1, 0),
    "parameter": lambda: torch.nn.Parameter(torch.tensor(PLAIN)),
    "tensors in a list": lambda: list(torch.tensor(PLAIN, requires_grad=True)),
    "tensors in lists": lambda: [list(frame) for frame in torch.tensor(PLAIN).bfloat16()],
    "pose-format's masked tensor": lambda: MaskedTensor(torch.tensor(ZEROS), torch.tensor(FOUND)),
    "half": lambda: PLAIN.astype(np.float16),
    "double": lambda: PLAIN.astype(np.float64),
    "long double": lambda: PLAIN.astype(np.longdouble),
    "big-endian": lambda: PLAIN.astype(">f4"),
    "big-endian double": lambda: PLAIN.astype(">f8"),
    "Fortran order": lambda: np.asfortranarray(PLAIN),
    "strided": lambda: strided(PLAIN),
    "backwards twice": lambda: PLAIN[::-1].copy()[::-1],
    "read-only": lambda: np.frombuffer(PLAIN.tobytes(), np.float32).reshape(PLAIN.shape),
    "buffer": lambda: memoryview(PLAIN),
    "asked for": lambda: Asked(PLAIN),
    "lists": lambda: PLAIN.tolist(),
    "tuples": lambda: tuple(tuple(map(tuple, frame)) for frame in PLAIN.tolist()),
    "frames in a list": lambda: list(PLAIN),
    "frames in a tuple": lambda: tuple(PLAIN.astype(np.float64)),
    "asked for, in a list": lambda: [Asked(frame) for frame in PLAIN],
    "None in lists": nested,
    "None for points": lambda: [
        [None if np.isnan(point).all() else point for point in frame] for frame in PLAIN.tolist()
    ],
    "None for points of arrays": lambda: [
        [None if np.isnan(point).all() else point for point in frame] for frame in PLAIN
    ],
    "objects": of_objects,
    "objects with NaN": lambda: PLAIN.astype(object),
    "objects in lists": lambda: of_objects().tolist(),
    "masked objects in lists": lambda: nested(np.ma.masked),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.filterwarnings("ignore:Warning. converting a masked element")
def test_every_array_gives_the_clip_of_the_plain_one(form: str) -> None:
    made = Clip.from_array(FORMS[form]())
    assert np.array_equal(made.frames, PLAIN, equal_nan=True)
    assert made.frames.dtype == np.float32
    assert made.frames.flags.c_contiguous
    assert made.remarks == ()


def test_numbers_that_are_not_floats_are_numbers() -> None:
    whole = np.arange(2 * 543 * 3).reshape(2, 543, 3) % 97
    expected = whole.astype(np.float32)
    for made in (
        whole.astype(np.int8),
        whole.astype(np.uint16),
        whole.astype(">i4"),
        torch.tensor(whole),
        whole.astype(object),
        np.vectorize(Decimal, otypes=[object])(whole),
        np.vectorize(Fraction, otypes=[object])(whole),
        [[[Decimal(int(v)) for v in point] for point in frame] for frame in whole],
        np.ma.array(whole),
    ):
        assert np.array_equal(Clip.from_array(made).frames, expected)


def test_masked_whole_numbers_lose_nothing() -> None:
    whole = np.arange(2 * 543 * 3).reshape(2, 543, 3)
    mask = whole % 5 == 0
    found = Clip.from_array(np.ma.array(whole, mask=mask)).frames
    assert np.array_equal(np.isnan(found), mask)
    assert np.array_equal(found[~mask], whole[~mask].astype(np.float32))


def test_all_masked_is_all_missing() -> None:
    masked = np.ma.array(np.zeros((2, 543, 3)), mask=True)
    assert np.isnan(Clip.from_array(masked).frames).sum() == 3258


def test_a_masked_array_is_no_clip_without_a_check() -> None:
    with pytest.raises(ClipError, match=r"Clip\.from_array"):
        Clip(np.ma.array(ZEROS, mask=~FOUND))


SOME = ("masked", "tensor with a gradient", "bfloat16", "big-endian", "None in lists", "half")


@pytest.mark.parametrize("form", SOME)
def test_models_take_every_array(teachable: Path, form: str) -> None:
    model, given = signlet.load(teachable), FORMS[form]
    said, expected = model(given()), model(PLAIN)
    assert np.array_equal(said.probabilities, expected.probabilities)
    assert np.array_equal(model.embed(given()), model.embed(PLAIN))
    both = model.batch([given(), PLAIN])
    assert np.array_equal(both[0].probabilities, both[1].probabilities)


@pytest.mark.parametrize("form", SOME)
def test_every_array_can_be_taught(teachable: Path, form: str) -> None:
    other = moving_hand(2, 1, 1)
    taught = signlet.teach(teachable, [FORMS[form](), other], ["hello", "thanks"])
    expected = signlet.teach(teachable, [PLAIN, other], ["hello", "thanks"])
    assert np.array_equal(taught(PLAIN).probabilities, expected(PLAIN).probabilities)


def test_none_for_a_frame_is_a_frame_without_landmarks() -> None:
    for frames in ([PLAIN[0], None, PLAIN[2]], [PLAIN[0].tolist(), None, PLAIN[2].tolist()]):
        made = Clip.from_array(frames).frames
        assert np.isnan(made[1]).all()
        assert np.array_equal(made[[0, 2]], PLAIN[[0, 2]], equal_nan=True)
    assert np.isnan(Clip.from_array([None, None]).frames).all()


def test_what_a_user_gave_is_never_changed() -> None:
    for kind in (np.float32, np.float64, np.int32):
        zeros = np.zeros((3, 543, 3), kind)
        masked = np.ma.array(zeros, mask=False)
        with pytest.warns(UserWarning, match="zeros treated as not found"):
            Clip.from_array(zeros), Clip.from_array(masked)
        assert not zeros.any()
        assert not masked.mask.any()


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "complex": (lambda: PLAIN.astype(complex), "type complex64|type complex128"),
    "complex tensor": (lambda: torch.tensor(PLAIN).to(torch.complex64), "type complex64"),
    "complex in lists": (lambda: nested(1j), "type complex"),
    "text": (lambda: PLAIN.astype(str), "type <U"),
    "numbers as text": (lambda: of_objects("0.5"), "hold a str|type <U"),
    "text in lists": (lambda: nested("x"), "type <U"),
    "bytes": (lambda: b"landmarks", r"type \|S"),
    "true and false": (lambda: FOUND, "type bool"),
    "true and false of torch": (lambda: torch.tensor(FOUND), "type bool"),
    "true among objects": (lambda: of_objects(True), "type bool"),
    "masked true and false": (lambda: np.ma.array(FOUND, mask=~FOUND), "type bool"),
    "times": (lambda: np.zeros((2, 543, 3), "datetime64[s]"), "type datetime64"),
    "durations": (lambda: np.zeros((2, 543, 3), "timedelta64[s]"), "type timedelta64"),
    "times of Python": (lambda: of_objects(datetime(2020, 1, 1, tzinfo=UTC)), "a datetime"),
    "fields": (lambda: np.zeros((2, 543), [("x", "f4"), ("y", "f4")]), "type"),
    "nothing": (lambda: None, "NoneType"),
    "a table": (lambda: {"landmarks": PLAIN}, "a dict"),
    "a set": (lambda: {1.0, 2.0}, "a set"),
    "a generator": (lambda: (frame for frame in PLAIN), "a generator"),
    "a number": (lambda: 3, "shape"),
    "a class": (lambda: np.ndarray, "a type"),
    "no frames": (list, "shape"),
    "frames of different sizes": (lambda: [PLAIN[0], PLAIN[1, :500]], r"\(500, 3\).*\(543, 3\)"),
    "points of different sizes": (lambda: [[[1.0, 2.0, 3.0], [1.0]]], r"\(1,\).*\(3,\)"),
    "four dimensions": (lambda: [[[[[None]]]]], "more than three"),
    "another library's error": (lambda: Asked(1 / np.float64(3)), "no array|shape|type"),
    "a huge number": (lambda: [[[10**400] * 3] * 543], "too large|too big"),
    "infinite": (lambda: np.full((2, 543, 3), np.inf), "infinite"),
    "too large for float32": (lambda: np.full((2, 543, 3), 1e300), "infinite"),
    "meta tensor": (lambda: torch.zeros((2, 543, 3), device="meta"), "meta"),
    "sparse tensor": (lambda: torch.tensor(ZEROS).to_sparse(), "Tensor"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_number_is_refused_in_one_line(what: str) -> None:
    make, reason = REFUSED[what]
    with pytest.raises(ClipError, match=reason) as caught:
        Clip.from_array(make(), name="mine")
    assert str(caught.value).startswith("mine: ")
    assert "\n" not in str(caught.value)


class Raises:
    def __array__(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("use .get()\nto construct an array")


def test_a_library_that_gives_no_array_is_quoted_in_one_line() -> None:
    with pytest.raises(ClipError, match=r"type Raises.*\(use .get\(\) to construct an array\)"):
        Clip.from_array(Raises())


def test_a_list_that_holds_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ClipError):
        Clip.from_array(endless)


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(
        hnp.arrays(hnp.array_dtypes() | hnp.scalar_dtypes(), hnp.array_shapes(max_side=3)),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=12,
        ),
    )
)
def test_whatever_is_given_is_a_clip_or_one_line(anything: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "\n" not in said_of(anything)


def said_of(anything: Any) -> str:
    try:
        Clip.from_array(anything)
    except ClipError as error:
        return str(error)
    return ""


# --- files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mask", "landmarks_mask", "Mask"])
def test_a_mask_beside_the_landmarks_is_not_guessed_at(tmp_path: Path, name: str) -> None:
    masked = np.ma.array(ZEROS, mask=~FOUND)
    np.savez(tmp_path / "a.npz", landmarks=masked.data, **{name: masked.mask})
    with pytest.raises(ClipError, match=rf"a\.npz: holds '{name}'.*write NaN"):
        read_clip(tmp_path / "a.npz")


def test_arrays_are_read_from_files_in_any_order_of_bytes(tmp_path: Path) -> None:
    for number, array in enumerate((PLAIN.astype(">f8"), np.asfortranarray(PLAIN))):
        np.save(tmp_path / f"{number}.npy", array)
        np.savez(tmp_path / f"{number}.npz", landmarks=array)
        for suffix in (".npy", ".npz"):
            made = read_clip(tmp_path / f"{number}{suffix}").frames
            assert np.array_equal(made, PLAIN, equal_nan=True)
