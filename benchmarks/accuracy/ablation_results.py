"""The ablation's CSV, shared by several processes, and the paired differences in it.

One row is one training. A row is added under a lock, to a file that is replaced as a whole,
so that a kill at any point leaves a good one. A job (one training) is claimed by a lock of
its own; the operating system releases the locks of a process that died.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from benchmarks.accuracy.ablation_variants import BASE, VARIANTS
from benchmarks.environment import environment
from signlet.errors import SignletError
from signlet.files.atomic import write_text
from signlet.training import Recipe

MODELS = ("soup", "distilled", "student", "teacher")
Row = dict[str, str]


@dataclass(frozen=True)
class Job:
    """One training; together its fields are what makes a row of the CSV unique."""

    set: str
    variant: str
    fold: int
    seed: int
    epochs: int

    @property
    def name(self) -> str:
        """Also a file name."""
        return f"{self.set}-{self.variant}-fold{self.fold}-seed{self.seed}-epochs{self.epochs}"


def read_rows(path: Path) -> list[Row]:
    """All rows, [] where there is no file. Raises SignletError where it is something else."""
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SignletError(f"{path}: cannot be read ({error}); give another --csv") from None
    if not set(Job.__dataclass_fields__) <= set(reader.fieldnames or ()):
        raise SignletError(f"{path}: is no table of the ablation; give another --csv")
    return rows


def is_done(path: Path, job: Job) -> bool:
    """Return True if the table has the job's row."""
    return any(job_of(row) == job for row in read_rows(path))


def job_of(row: Row) -> Job:
    """The job that a row is the result of."""
    numbers = (int(row[name]) for name in ("fold", "seed", "epochs"))
    return Job(row["set"], row["variant"], *numbers)


def add_row(path: Path, row: dict[str, Any]) -> None:
    """Add one row, with the machine and versions behind it."""
    with lock(path, "table"):
        rows: list[dict[str, Any]] = [*read_rows(path), {**row, **environment()}]
        text = io.StringIO()
        names = dict.fromkeys(name for each in reversed(rows) for name in each)
        writer = csv.DictWriter(text, list(names), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(path, text.getvalue())


def lock(path: Path, name: str) -> FileLock:
    """A lock file beside the table, in a folder that git ignores; not yet held."""
    folder = path.parent / f".{path.name}.locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SignletError(f"{folder}: cannot be written ({error.strerror})") from None
    if not (folder / ".gitignore").exists():
        write_text(folder / ".gitignore", "*\n")
    return FileLock(folder / f"{name}.lock")


@contextmanager
def claim(path: Path, job: Job) -> Iterator[bool]:
    """Claim a job; yield True if it is not done and no other process works on it."""
    held = lock(path, job.name)
    try:
        held.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield not is_done(path, job)
    finally:
        held.release()


def check_settings(path: Path, recipe: Recipe) -> None:
    """Keep the base recipe beside the table, and refuse another one for the same table.

    A setting that a later version has added counts as the same. Seed and epochs belong to
    the rows, the intervals of looking and saving change no result.
    """
    beside = path.with_suffix(".yaml")
    settings = asdict(recipe)
    for name in ("name", "seed", "validate_every", "save_every"):
        del settings[name]
    del settings["optimiser"]["epochs"]
    now = _flat(settings)
    with lock(path, "table"):
        if not beside.exists() or not read_rows(path):
            write_text(beside, yaml.safe_dump(now, sort_keys=False, default_flow_style=None))
            return
    before = yaml.safe_load(beside.read_text(encoding="utf-8"))
    for name, value in before.items():
        if now.get(name) != value:
            raise SignletError(
                f"{path}: was measured with {name} {value!r}, the recipe has {now.get(name)!r}; "
                "give another --csv"
            )


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names; tuples as lists, as YAML gives them back."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = list(value) if isinstance(value, tuple) else value
    return flat


# --- differences --------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """A line of table and figure: a variant, or another model of the base trainings."""

    group: str
    label: str
    variant: str = BASE
    model: str = ""

    def pairs(self, rows: Sequence[Row], column: str) -> NDArray[np.float64]:
        """(n,) this minus base in percentage points, one for each (fold, seed) of both.

        rows: of one set and number of epochs. column: "soup", "soup_balanced", ...; a
        comparison with another model says nothing of columns that are not the soup's.
        """
        if self.model and not column.startswith("soup"):
            return np.empty(0)
        mine = column.replace("soup", self.model) if self.model else column
        ours, base = _values(rows, self.variant, mine), _values(rows, BASE, column)
        return np.array([100 * (ours[k] - base[k]) for k in sorted(ours.keys() & base.keys())])

    def cost(self, rows: Sequence[Row]) -> float:
        """Processor time of the variant's trainings over that of the base's, NaN without."""
        ours, base = (_values(rows, name, "cpu_seconds") for name in (self.variant, BASE))
        both = ours.keys() & base.keys()
        total = sum(base[key] for key in both)
        return sum(ours[key] for key in both) / total if total else float("nan")


def _values(rows: Sequence[Row], variant: str, column: str) -> dict[tuple[int, int], float]:
    return {
        (int(row["fold"]), int(row["seed"])): float(row[column])
        for row in rows
        if row["variant"] == variant and row[column]
    }


def standard_error(values: NDArray[np.float64]) -> float:
    """Standard deviation over the pairs / sqrt(n); NaN for a single pair."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def comparisons(*parts: Sequence[Row]) -> list[Comparison]:
    """Lines with a pair in one of the sections: other models of the base, then the variants."""
    other = "instead of the soup"
    lines = [
        Comparison(other, "distilled, last epoch", model="distilled"),
        Comparison(other, "student", model="student"),
        Comparison(other, "teacher", model="teacher"),
        *(
            Comparison(v.group, f"{v.label} ({v.side}) †" if v.side else v.label, v.name)
            for v in VARIANTS
            if v.name != BASE
        ),
    ]
    return [line for line in lines if any(len(line.pairs(rows, "soup")) for rows in parts)]


def sections(rows: Sequence[Row]) -> dict[tuple[str, int], list[Row]]:
    """Rows by (set, epochs): only those of one section can be compared."""
    found: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        found.setdefault((row["set"], int(row["epochs"])), []).append(row)
    return dict(sorted(found.items()))
