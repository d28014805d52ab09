"""Anything array-like in, plain numbers out. Masked values and None become NaN.

numpy alone would drop the mask of a masked array, and torch, which is not imported here, gives
no array of a tensor with a gradient, of bfloat16, or of another device.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence, Sized
from decimal import Decimal
from itertools import chain
from math import prod
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.clip.shapes import MAX_FRAMES
from signlet.errors import ClipError, reason_of
from signlet.files.npy import shown
from signlet.landmarks import IRIS_FACE, NUM_RAW

_REAL = "fiu"
"""Kinds of numpy's types that are real numbers."""
_WIDE = ("torch.bfloat16", "torch.float8")
"""Types of torch, or beginnings of them, that numpy lacks."""
_NUMBERS = (float, int)
_NUMPYS = (np.floating, np.integer)
_DEEPEST = 4
"""Levels of lists that are looked through at once: frames, points, numbers, and one more."""
_MOST_NUMBERS = MAX_FRAMES * (NUM_RAW + IRIS_FACE - 468) * 4
_TOO_MANY = f"more numbers than the longest allowed clip ({MAX_FRAMES:,} frames)"
Shapes = tuple[tuple[int, ...], ...]
CLIP: Shapes = ((NUM_RAW, 3), (3,), ())
"""Shapes of a frame, a point and a number: what None stands for, by the depth in lists."""
FRAME: Shapes = ((3,), (), ())
"""The same for a frame; its points may be grouped by person."""
_ADVICE = f"give a numpy array of float32, (frames, {NUM_RAW}, 3)"


def plain(given: Any, name: str, advice: str = _ADVICE, shapes: Shapes = CLIP) -> NDArray[Any]:
    """A numpy array of real numbers, of any shape; one that is right already is not copied.

    given: an array, a masked array, a tensor, anything that numpy can make an array of, or
        lists of such in which None stands for a frame, a point or a number not found.
    Raises ClipError if it holds something else than real numbers, frames of different
    shapes, or more numbers than the longest clip, which is judged before anything is copied.
    name: of the clip, for errors. advice: what they end with. shapes: what None stands for.
    """
    try:
        array = _array(given, shapes)
    except ClipError as error:
        raise ClipError(f"{name}: {error}; {advice}") from None
    except Exception as error:  # whatever another library makes of being asked for an array
        reason = reason_of(error, 120)
        raise ClipError(
            f"{name}: landmarks of type {type(given).__name__} are not an array of numbers "
            f"({reason}); {advice}"
        ) from None
    if array.dtype.kind not in _REAL:
        raise ClipError(f"{name}: landmarks have type {str(array.dtype)[:60]}; {advice}")
    return array


def _array(given: Any, shapes: Shapes) -> NDArray[Any]:
    _refuse_huge(given)
    if type(given) is np.ndarray and given.dtype != object:
        return _widened(given)
    if {"tensor", "mask"} <= getattr(given, "__dict__", {}).keys():  # pose-format's, True = there
        return np.where(_array(given.mask, shapes), _array(given.tensor, shapes), np.nan)
    if hasattr(given, "detach") and hasattr(given, "cpu"):
        return _of_tensor(given)
    if isinstance(given, list | tuple):
        return _of_list(given, shapes)
    if isinstance(given, Iterator):
        raise ClipError(f"landmarks are {_kind(given)}, which is not a list; turn it into a list")
    array = np.asanyarray(given)
    _refuse_huge(array)
    if array.dtype == object:
        return _of_object(given) if array.ndim == 0 else _stacked(list(array), shapes)
    if isinstance(array, np.ma.MaskedArray) and array.dtype.kind in _REAL:
        return np.ma.filled(array if array.dtype.kind == "f" else array.astype(float), np.nan)
    return _widened(np.asarray(array))


def _refuse_huge(given: Any) -> None:
    """Raise ClipError, before a copy, where the array would hold more than the longest clip."""
    shape = getattr(given, "shape", None)
    if isinstance(shape, tuple) and all(isinstance(length, int) for length in shape):
        if prod(shape) > _MOST_NUMBERS:
            raise ClipError(f"landmarks have shape {shown(tuple(map(int, shape)))}, {_TOO_MANY}")
    elif isinstance(given, Sized) and len(given) > _MOST_NUMBERS:
        raise ClipError(f"landmarks have length {len(given)}, {_TOO_MANY}")


def _widened(array: NDArray[Any]) -> NDArray[Any]:
    """Convert jax's bfloat16, which numpy does not know as a float, to float32."""
    unknown = array.dtype.kind == "V" and "float" in array.dtype.name
    return array.astype(np.float32) if unknown else array


def _of_tensor(tensor: Any) -> NDArray[Any]:
    if hasattr(tensor, "get_mask") and hasattr(tensor, "to_tensor"):  # torch's masked tensor
        tensor = tensor.to_tensor(float("nan"))
    if str(getattr(tensor, "device", "")) == "meta":
        raise ClipError("landmarks are a tensor on the device meta, which holds no numbers")
    tensor = tensor.detach().cpu()
    if str(tensor.dtype).startswith(_WIDE):
        tensor = tensor.float()
    return np.asarray(tensor.numpy())


def _of_list(items: Sequence[Any], shapes: Shapes) -> NDArray[Any]:
    """At numpy's speed where that loses nothing."""
    if _only_numbers(items):
        with contextlib.suppress(ValueError):  # frames of different shapes
            array = np.asarray(items)
            if array.dtype != object:
                return _widened(array)
    return _stacked(items, shapes)


def _only_numbers(items: Sequence[Any]) -> bool:
    """Return True if these are numbers, lists or arrays, and not more than a clip may have."""
    level = items
    for _ in range(_DEEPEST):
        kinds = set(map(type, level))
        if kinds == {np.ndarray}:
            return sum(array.size for array in level) <= _MOST_NUMBERS
        if all(kind in _NUMBERS or issubclass(kind, _NUMPYS) for kind in kinds):
            return True
        if not all(issubclass(kind, list | tuple) for kind in kinds):
            return False
        if sum(map(len, level)) > _MOST_NUMBERS:
            raise ClipError(f"landmarks hold {_TOO_MANY}")
        level = list(chain.from_iterable(level))
    return False


def _stacked(items: Sequence[Any], shapes: Shapes) -> NDArray[Any]:
    """One array of the items' arrays; None stands for one of the same shape."""
    if not shapes:
        raise ClipError("landmarks have more than three dimensions")
    parts = [None if item is None else _array(item, shapes[1:]) for item in items]
    others = [part.dtype for part in parts if part is not None and part.dtype.kind not in _REAL]
    if others:
        raise ClipError(f"landmarks have type {str(others[0])[:60]}")
    found = {part.shape for part in parts if part is not None}
    if len(found) > 1:
        small, large = sorted(found)[:: len(found) - 1]
        raise ClipError(f"landmarks hold parts of shape {small} and of shape {large}")
    shape = found.pop() if found else shapes[0]
    if len(items) * prod(shape) > _MOST_NUMBERS:
        raise ClipError(f"landmarks hold {len(items)} parts of shape {shown(shape)}, {_TOO_MANY}")
    missing = np.full(shape, np.nan)
    return np.array([missing if part is None else part for part in parts])


def _of_object(given: Any) -> NDArray[Any]:
    if isinstance(given, Real | Decimal):
        return np.asarray(float(given))
    if type(given).__name__ in ("NAType", "MaskedConstant"):
        return np.array(np.nan)
    raise ClipError(f"landmarks hold {_kind(given)}, which is not a number")


def _kind(given: Any) -> str:
    name = type(given).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
