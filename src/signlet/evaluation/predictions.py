"""Out-of-fold predictions (N, K), and the Parquet file that keeps them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from signlet.errors import SignletError, first_line
from signlet.files import parquet_pages
from signlet.files.atomic import replacing
from signlet.files.regular import blocked, content_of
from signlet.modelfile.averaging import Kind, mean_probabilities
from signlet.printable import printable
from signlet.text.names import is_name, sign_name

_FORMAT = "signlet-predictions-1"
_DUPLICATES = "signlet_duplicates"
"""Entry of the schema's metadata: see `read_duplicates`."""
_LARGEST = 8 << 30
"""Bytes; a million clips of 1,000 signs and one model take half of that."""
_SCHEMA = pa.schema(
    [
        ("model", pa.string()),
        ("name", pa.string()),
        ("signer", pa.string()),
        ("fold", pa.int64()),
        ("label", pa.int64()),
        ("probabilities", pa.list_(pa.float32())),
    ]
)


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of one model for N clips that it was not trained on; K signs.

    names: N, each clip once. signers: N, "" if unknown.
    labels: (N,) int64 class of each clip, -1 if the sign is unknown.
    probabilities: (N, K) float32, each row a softmax; NaN is refused.
    folds: (N,) int64 fold in which the clip was held out, -1 if there was none.
    signs: K glosses; the index is the class.
    Raises SignletError if these do not fit together.
    """

    names: list[str]
    signers: list[str]
    labels: NDArray[np.int64] = field(repr=False)
    probabilities: NDArray[np.float32] = field(repr=False)
    folds: NDArray[np.int64] = field(repr=False)
    signs: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        clips, classes = len(self.names), len(self.signs)
        lengths = {len(self.signers), len(self.labels), len(self.folds), clips}
        if len(lengths) > 1 or self.probabilities.shape != (clips, classes):
            raise SignletError(
                f"predictions do not fit together: {clips} names, {len(self.signers)} signers, "
                f"{len(self.labels)} labels, {len(self.folds)} folds, {classes} signs, "
                f"probabilities {self.probabilities.shape}"
            )
        if len(set(self.names)) < clips:
            raise SignletError("a clip is predicted twice; keep one prediction of each clip")
        if clips and not -1 <= self.labels.min() <= self.labels.max() < classes:
            raise SignletError(f"a label is outside -1 to {classes - 1}, the signs' numbers")
        _check_probabilities(self.probabilities)

    def select(self, rows: ArrayLike) -> Predictions:
        """The clips of `rows`: numbers, or a (N,) bool mask."""
        index = np.asarray(rows)
        chosen = np.flatnonzero(index) if index.dtype == bool else index.astype(np.int64)
        return Predictions(
            [self.names[i] for i in chosen],
            [self.signers[i] for i in chosen],
            self.labels[chosen],
            self.probabilities[chosen],
            self.folds[chosen],
            self.signs,
        )


def _check_probabilities(probabilities: NDArray[np.float32]) -> None:
    if np.isnan(probabilities).any():
        raise SignletError("a probability is NaN; the training has diverged, lower learning_rate")
    ends = (probabilities.min(initial=0.0), probabilities.max(initial=1.0))
    # Softmax in half precision, or a mean of several, misses 1 by some thousandths.
    if ends != (0.0, 1.0) or (np.abs(probabilities.sum(1) - 1) > 0.01).any():
        raise SignletError("probabilities must lie in 0 to 1 and sum to 1; apply softmax first")


def average(predictions: Sequence[Predictions], kind: Kind = "softmax") -> Predictions:
    """An ensemble: the mean probabilities, or logits, of several models for the same clips.

    kind: see `signlet.modelfile.averaging.mean_probabilities`.
    Clips are matched by name; order, signers and folds are those of the first.
    Raises SignletError if clips, their labels or the signs differ.
    """
    if not predictions:
        raise SignletError("there are no predictions to average; give at least one model")
    first, parts = predictions[0], []
    for other in predictions:
        if set(other.names) != set(first.names) or other.signs != first.signs:
            raise SignletError("models to average must predict the same clips and the same signs")
        row = {name: i for i, name in enumerate(other.names)}
        order = np.array([row[name] for name in first.names], dtype=np.int64)
        if not np.array_equal(other.labels[order], first.labels):
            raise SignletError("models to average disagree on the signs that the clips show")
        parts.append(other.probabilities[order])
    mean = mean_probabilities(parts, kind)
    return Predictions(first.names, first.signers, first.labels, mean, first.folds, first.signs)


# --- the file -----------------------------------------------------------------------------


def write_predictions(
    path: str | Path,
    models: Mapping[str, Predictions],
    duplicates: Iterable[str] | None = None,
) -> None:
    """Write the predictions of several models as one long Parquet table.

    One row per model and clip: model, name, signer, fold, label, probabilities (a list of K
    float32); the signs are in the schema's metadata. The file appears whole or not at all.
    duplicates: names of clips that were trained on under another name; None if unknown.
    Raises SignletError if it cannot be written or the models differ in their signs.
    """
    path = Path(path)
    signs = {predictions.signs for predictions in models.values()}
    for name in {name for one in models.values() for name in (*one.names, *one.signers)}:
        if printable(name) != name:
            raise SignletError(f"{path}: {name!r} is not a name for a clip or a signer; rename it")
    for sign in {sign for one in signs for sign in one}:
        sign_name(sign, str(path))
    if len(signs) != 1 or not all(predictions.names for predictions in models.values()):
        raise SignletError(f"{path}: needs predictions of models that know the same signs")
    meta = {"signlet_format": _FORMAT, "signlet_signs": json.dumps(signs.pop())}
    if duplicates is not None:
        meta[_DUPLICATES] = json.dumps(sorted(duplicates))
    with (
        replacing(path) as whole,
        whole.open("wb") as file,
        pq.ParquetWriter(
            file, _SCHEMA.with_metadata(meta), compression="zstd", write_page_checksum=True
        ) as writer,
    ):
        for model, predictions in models.items():
            writer.write_table(_to_table(model, predictions))


def read_predictions(path: str | Path) -> dict[str, Predictions]:
    """Read what `write_predictions` wrote: model name -> predictions, in the file's order.

    Raises SignletError if the file is missing, damaged, or holds something else.
    """
    path = Path(path)
    with _readable(path):
        table = _table(path)
        signs = _signs_of(table.schema)
        _check_filled(table)
        models = pc.unique(table["model"]).to_pylist()
        return {
            model: _from_table(table.filter(pc.equal(table["model"], model)), signs)
            for model in models
        }


def read_duplicates(path: str | Path) -> frozenset[str] | None:
    """Names of clips that were trained on under another name; None if the file does not tell.

    Raises SignletError as `read_predictions` does.
    """
    path = Path(path)
    with _readable(path):
        stored = (_table(path).schema.metadata or {}).get(_DUPLICATES.encode())
        names = None if stored is None else json.loads(stored)
        if names is not None and not (isinstance(names, list) and all(map(_is_text, names))):
            raise SignletError("the list of duplicates is damaged; evaluate the run again")
        return None if names is None else frozenset(names)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with the file into one line that names it."""
    if why := blocked(path):
        raise SignletError(why)
    if not path.is_file():
        raise SignletError(f"{path}: no such file; give the predictions.parquet of a run folder")
    try:
        yield
    except SignletError as error:
        raise SignletError(f"{path}: {error}") from error
    except Exception as error:  # pyarrow raises nearly anything for a damaged file
        raise SignletError(f"{path}: cannot be read as Parquet ({_reason(error)})") from error


def _table(path: Path) -> pa.Table:
    # From memory and without threads: one that still runs at the exit aborts the process.
    content = content_of(path, _LARGEST)
    parquet_pages.judge_table(io.BytesIO(content), len(content))
    file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
    return file.read(use_threads=False)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or first_line(error)


def _to_table(model: str, predictions: Predictions) -> pa.Table:
    clips, classes = predictions.probabilities.shape
    values = np.ascontiguousarray(predictions.probabilities, dtype=np.float32).ravel()
    offsets = np.arange(clips + 1, dtype=np.int32) * classes
    columns = [
        pa.array([model] * clips, pa.string()),
        pa.array(predictions.names, pa.string()),
        pa.array(predictions.signers, pa.string()),
        pa.array(predictions.folds, pa.int64()),
        pa.array(predictions.labels, pa.int64()),
        pa.ListArray.from_arrays(offsets, pa.array(values, pa.float32())),
    ]
    return pa.table(columns, schema=_SCHEMA)


def _signs_of(schema: pa.Schema) -> tuple[str, ...]:
    meta = schema.metadata or {}
    same = [(f.name, f.type) for f in schema] == [(f.name, f.type) for f in _SCHEMA]
    if not same or meta.get(b"signlet_format") != _FORMAT.encode():
        raise SignletError("is not a predictions file of this version; evaluate the run again")
    try:
        signs = json.loads(meta[b"signlet_signs"])
    except (KeyError, ValueError, RecursionError):
        signs = None
    if not isinstance(signs, list) or not all(map(is_name, signs)):
        raise SignletError("the list of signs is damaged; evaluate the run again")
    return tuple(signs)


def _check_filled(table: pa.Table) -> None:
    if not len(table):
        raise SignletError("has no predictions; evaluate the run again")
    values = pc.list_flatten(table["probabilities"])
    if values.null_count or any(column.null_count for column in table.columns):
        raise SignletError("has empty cells; evaluate the run again")


def _from_table(table: pa.Table, signs: tuple[str, ...]) -> Predictions:
    lists = table["probabilities"].combine_chunks()
    values = lists.flatten()
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    if (lengths != len(signs)).any():
        raise SignletError(
            f"a clip does not have {len(signs)} probabilities; evaluate the run again"
        )
    return Predictions(
        table["name"].to_pylist(),
        table["signer"].to_pylist(),
        table["label"].to_numpy(),
        values.to_numpy().reshape(len(table), len(signs)),
        table["fold"].to_numpy(),
        signs,
    )
