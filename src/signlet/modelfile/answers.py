"""Checks of answers: what a library returns in, valid probabilities (B, K) or an error out.

A damaged or strange model can answer NaN, a negative share or 700 %. None of these becomes a
`Prediction`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError, first_line

TOLERANCE = 0.01
"""Probabilities of a clip may miss 1 by this, all together: a mean of several softmaxes, or one in
half precision, misses it by some thousandths. An embedding's length may miss 1 by as much."""
_REMEDY = "copy the model again, export it again, or train it with a lower learning rate"


@contextmanager
def library(path: str | Path, doing: str) -> Iterator[None]:
    """Turn whatever a library raises in the block into one line.

    doing: what the library cannot do, such as "be read as a model". Libraries raise classes of
    their own without a common base, and what they say has many lines.
    """
    try:
        yield
    except SignletError:
        raise
    except MemoryError:
        raise SignletError(f"{path}: cannot {doing} (it takes too much memory)") from None
    except Exception as error:
        raise SignletError(
            f"{path}: cannot {doing} ({first_line(error, 200)}); copy it again, or export it again"
        ) from None


def checked(said: Any, rows: int, width: int, path: str | Path) -> NDArray[np.float32]:
    """An output as (rows, width) float32. Raises SignletError if it is of another shape."""
    found: NDArray[np.float32] = np.asarray(said)
    if found.shape != (rows, width) or found.dtype != np.float32:
        raise SignletError(
            f"{path}: answers {found.dtype} {found.shape}, not float32 {(rows, width)} as its "
            "description says; export it again"
        )
    return found


def require_probabilities(rows: NDArray[np.floating[Any]], path: str | Path) -> None:
    """Raise SignletError unless each row of (B, K) is a distribution. NaN is none."""
    if not len(rows):
        return
    with np.errstate(invalid="ignore", over="ignore"):
        low, sums = rows.min(), rows.sum(1)
        if low >= 0 and (np.abs(sums - 1) <= TOLERANCE).all():
            return
        worst = sums[np.argmax(np.where(np.isfinite(sums), np.abs(sums - 1), np.inf))]
    what = f"a probability of {low:.3g}" if low < 0 else f"probabilities whose sum is {worst:.3g}"
    raise SignletError(f"{path}: is not a usable model: it gives {what}; {_REMEDY}")


def require_embeddings(rows: NDArray[np.floating[Any]], path: str | Path) -> None:
    """Raise SignletError unless each row of (B, D) has length 1. NaN has none."""
    with np.errstate(invalid="ignore", over="ignore"):
        lengths = np.sqrt(np.square(rows, dtype=np.float64).sum(1))
    wrong = ~(np.abs(lengths - 1) <= TOLERANCE)
    if wrong.any():
        raise SignletError(
            f"{path}: is not a usable model: it gives an embedding of length "
            f"{lengths[wrong][0]:.3g}, "
            f"not 1; {_REMEDY}"
        )
