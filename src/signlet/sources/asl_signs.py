"""The directory of Kaggle's "Google - Isolated Sign Language Recognition" competition."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.files.regular import require_regular
from signlet.sources.source import ClipRef, read_ref
from signlet.sources.tables import read_rows, refuse_twice
from signlet.text.names import sign_name, signer_name

TABLE, LABELS, FILES = "train.csv", "sign_to_prediction_index_map.json", "train_landmark_files"
_COLUMNS = ("path", "participant_id", "sequence_id", "sign")


@dataclass(frozen=True)
class AslSigns:
    """Clips of the competition's directory, named `participant/sequence`, signer = participant.

    With `train.csv` its rows, in its order. Without it every Parquet file below
    `train_landmark_files`, sorted by path, sign unknown. The order of the signs is that of
    `sign_to_prediction_index_map.json`; without that file they are sorted.
    """

    root: Path
    signs: tuple[str, ...]
    name: str = field(default="asl-signs", init=False)
    notes: tuple[str, ...] = field(default=(), init=False)

    @classmethod
    def open(cls, root: Path) -> AslSigns:
        """Read the sign table. Raises SignletError."""
        if (root / LABELS).exists():
            return cls(root, _labels(root / LABELS))
        if not (root / TABLE).exists():
            return cls(root, ())
        return cls(root, tuple(sorted({row["sign"] for row in _rows(root / TABLE)})))

    def refs(self) -> list[ClipRef]:
        """All clips. Raises SignletError for an unknown sign, a clip listed twice or none."""
        table = self.root / TABLE
        refs = self._listed(table) if table.exists() else self._unlisted()
        if not refs:
            raise SignletError(
                f"{self.root}: contains no clips; expected {TABLE} or "
                f"{FILES}/<participant>/<sequence>.parquet"
            )
        return refs

    def read(self, ref: ClipRef) -> Clip:
        """Read one clip. Raises ClipError."""
        return read_ref(ref)

    def _listed(self, table: Path) -> list[ClipRef]:
        rows = _rows(table)
        refuse_unknown({row["sign"] for row in rows}, self.signs, table)
        names = [f"{row['participant_id']}/{row['sequence_id']}" for row in rows]
        refuse_twice(names, table)
        return [
            ClipRef(name, self.root / row["path"], row["sign"], row["participant_id"])
            for name, row in zip(names, rows, strict=True)
        ]

    def _unlisted(self) -> list[ClipRef]:
        paths = sorted((self.root / FILES).glob("*/*.parquet"))
        return [ClipRef(f"{p.parent.name}/{p.stem}", p, None, p.parent.name) for p in paths]


def _rows(table: Path) -> list[dict[str, str]]:
    """Rows of the table, with signs and signers in the one form of their names."""
    rows = read_rows(table, _COLUMNS)
    for row in rows:
        where = f"{table}: {row['path']}"
        row["sign"] = sign_name(row["sign"], where)
        row["participant_id"] = signer_name(row["participant_id"], where)
    return rows


def refuse_unknown(used: set[str], known: tuple[str, ...], table: Path) -> None:
    """Raise SignletError if a table uses a sign that the label file lacks."""
    unknown = sorted(used - set(known))
    if unknown:
        raise SignletError(
            f"{table}: the sign {unknown[0]!r} is not in {LABELS} "
            f"({len(unknown)} such signs); correct one of the two files"
        )


def _labels(path: Path) -> tuple[str, ...]:
    """Signs in the order of their numbers, which must be 0, 1, 2 and so on."""
    try:
        require_regular(path, SignletError)
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SignletError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise SignletError(f"{path}: is not JSON; copy the competition's file again") from error
    numbers = list(table.values()) if isinstance(table, dict) else []
    whole = all(type(number) is int for number in numbers)
    if not (numbers and whole and sorted(numbers) == list(range(len(numbers)))):
        raise SignletError(
            f"{path}: must map every sign to its own number, counted from 0 without a gap"
        )
    signs = tuple(sign_name(sign, str(path)) for sign in sorted(table, key=table.__getitem__))
    if len(set(signs)) < len(signs):
        twice = next(sign for sign in signs if signs.count(sign) > 1)
        raise SignletError(f"{path}: lists the sign {twice!r} twice; remove one of them")
    return signs
