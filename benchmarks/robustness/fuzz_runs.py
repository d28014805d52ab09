"""Fuzzed inputs of a training: recipes, packed sets, run folders, checkpoints, studies."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import yaml
from rich.console import Console

from benchmarks.robustness.fuzz_kinds import Generator, Kind, damaged_text, drawn, linked, replaced
from signlet.calibration import CALIBRATION, Calibration, model_digest, read_calibration
from signlet.calibration.leave_out_runs import run_recipe, run_split
from signlet.evaluation.folds import signer_folds
from signlet.evaluation.scores import read_predictions, score
from signlet.model import ModelSize
from signlet.pack import PackedSet, pack
from signlet.quality.data_warnings import data_warnings
from signlet.report import write_report
from signlet.training import Recipe, train
from signlet.training.ensemble import combine, read_parts
from signlet.training.fold import CHECKPOINT, FoldTraining
from signlet.training.init import read_init
from signlet.training.progress import Silent
from signlet.training.recipes import load_recipe, recipe_names, recipe_path
from signlet.training.settings import OptimiserSettings, PackingSettings
from signlet.tune.space import read_space
from signlet.tune.study import finished, open_study, usable
from signlet_testing.clips import Synthetic
from signlet_testing.mutations import mutate, mutate_yaml

MAX_LEN = 12
SIZE = ModelSize(dense=8, widths=(16, 24, 24, 16), heads=4)
TINY = Recipe(
    name="tiny",
    packing=PackingSettings(max_len=MAX_LEN),
    student=SIZE,
    distilled=SIZE,
    optimiser=OptimiserSettings(epochs=2, batch_size=6, learning_rate=3e-3),
    soup_epochs=2,
)
QUIET = Console(quiet=True)


def synthetic(folder: Path) -> PackedSet:
    """24 clips of 3 signs by 4 signers."""
    return pack(Synthetic(), folder, MAX_LEN, jobs=1)


class RecipeFile(Kind):
    """A YAML file of settings."""

    def damaged(self, folder: Path, rng: Generator) -> Path:
        whole = Path(recipe_path(drawn(recipe_names(), rng))).read_bytes()
        kind = rng.random()
        if kind < 0.4:
            content: bytes | str = mutate_yaml(yaml.safe_load(whole), rng)
        elif kind < 0.6:
            content = mutate_yaml(asdict(TINY) | {"student": {"dense": 8}, "distilled": {}}, rng)
        else:
            content = mutate(whole, rng)
        replaced(folder / "recipe.yaml", content)
        return folder / "recipe.yaml"

    def read(self, given: Path) -> str:
        recipe = load_recipe(str(given))
        numbers = [recipe.seed, recipe.soup_epochs, recipe.optimiser.epochs, recipe.student.dense]
        if any(type(number) is not int or not 0 <= number < 1 << 63 for number in numbers):
            return f"numbers {numbers}"
        replace(recipe, seed=1)
        recipe.student.config(recipe.packing.max_len, 3)
        return ""


class SpaceFile(Kind):
    """The space that `tune` searches."""

    share = 0.3

    def damaged(self, folder: Path, rng: Generator) -> Path:
        whole = {
            "optimiser.learning_rate": {"low": 0.001, "high": 0.01, "log": True},
            "mixup.schedule": {"choices": ["none", "rising"]},
            "width_factor": {"choices": [0.5, 1.0]},
        }
        replaced(folder / "space.yaml", mutate_yaml(whole, rng))
        return folder / "space.yaml"

    def read(self, given: Path) -> str:
        from signlet.tune.space import check_space

        check_space(TINY, read_space(given))
        return ""


class Packed(Kind):
    """A packed set."""

    @staticmethod
    def prepare(base: Path) -> None:
        synthetic(base / "packed")

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        whole = PackedSet.open(base / "packed")
        self._told = whole.names, whole.signers, whole.labels.tolist(), whole.lengths.tolist()

    def damaged(self, folder: Path, rng: Generator) -> Path:
        root = linked(self.base / "packed", folder)
        files = ["dataset.json", "frames.npy", "index.parquet", "index.parquet", "skipped.parquet"]
        path = root / drawn(files, rng)
        replaced(path, damaged_text(path, rng))
        return root

    def read(self, given: Path) -> str:
        packed = PackedSet.open(given)
        told = packed.names, packed.signers, packed.labels.tolist(), packed.lengths.tolist()
        frames, mask = packed.batch(torch.arange(len(packed)))
        data_warnings(packed)
        if frames.shape != (*mask.shape, 100, 3) or int(mask.sum()) != packed.header.frames:
            return f"a batch of {tuple(frames.shape)}"
        return "" if told == self._told else "the index is not the one that was written"


class RunFolder(Kind):
    """A finished run with its packed clips."""

    share = 0.6
    _FILES: ClassVar = (
        *("config.yaml", "config.yaml", "metrics.csv", "predictions.parquet", "config.json"),
        *("fold-0/metrics.csv", "fold-0/predictions.parquet", "fold-0/soup/config.json"),
        *("packed/dataset.json", "packed/index.parquet", CALIBRATION),
    )

    @staticmethod
    def prepare(base: Path) -> None:
        packed = synthetic(base / "run" / "packed")
        train(TINY, packed, base / "run", [0, 1], device="cpu")
        write_calibration(base / "run")

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self._readers = [self._report, self._scores, self._resumed, self._joined, self._again]

    def damaged(self, folder: Path, rng: Generator) -> tuple[Path, int]:
        run = linked(self.base / "run", folder)
        path = run / drawn(self._FILES, rng)
        if path.suffix == ".yaml" and rng.random() < 0.6:
            whole = yaml.safe_load(path.read_text(encoding="utf-8"))
            replaced(path, mutate_yaml(whole, rng))
        else:
            replaced(path, damaged_text(path, rng))
        return run, int(rng.choice(len(self._readers), p=[0.1, 0.2, 0.3, 0.1, 0.3]))

    def read(self, given: tuple[Path, int]) -> str:
        run, reader = given
        return self._readers[reader](run)

    def _report(self, run: Path) -> str:
        page = write_report(run, None).read_text(encoding="utf-8")
        return "" if page.rstrip().endswith("</html>") else "the report is cut off"

    def _scores(self, run: Path) -> str:
        scores = [score(part, resamples=10) for part in read_predictions(_kept(run)).values()]
        right = all(0 <= one.top1 <= 1 and 0 <= one.calibration_error <= 1 for one in scores)
        return "" if right else "a score is none"

    def _resumed(self, run: Path) -> str:
        packed = PackedSet.open(run / "packed")
        found = train(TINY, packed, run, [0, 1], resume=True, device="cpu")
        return "" if set(found) else "nothing was joined"

    def _joined(self, run: Path) -> str:
        made = combine(read_parts([run, self.base / "run"]))
        return "" if made.predictions else "nothing was joined"

    def _again(self, run: Path) -> str:
        if run_recipe(run).packing.max_len < 1 or run_split(run) not in (None, "val", "test"):
            return "settings that no run has"
        read_calibration(run)
        read_init(str(run / "fold-0"), TINY)
        return ""


def _kept(run: Path) -> Path:
    return run / "predictions.parquet"


def write_calibration(folder: Path) -> None:
    """A calibration as `signlet calibrate` writes it."""
    import json

    from signlet.calibration import FORMAT

    numbers = Calibration(1.5, 0.4, 0.05, 0.8, 0.4, 100, 50).as_json()
    content = {"format": FORMAT, "model": model_digest(folder), "calibration": numbers}
    (folder / CALIBRATION).write_text(json.dumps(content), encoding="utf-8")


class Checkpoint(Kind):
    """The state of an unfinished training, which goes on from it."""

    share = 0.5

    @staticmethod
    def prepare(base: Path) -> None:
        training = _training(synthetic(base / "packed"), base / "fold")
        training._run_epoch(Silent(), lambda: False)
        training.save()

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self._packed = PackedSet.open(base / "packed")
        whole = _training(self._packed, base / "fold")
        whole.resume()
        self._state = _weights(whole)

    def damaged(self, folder: Path, rng: Generator) -> Path:
        content = mutate((self.base / "fold" / CHECKPOINT).read_bytes(), rng)
        (folder / CHECKPOINT).write_bytes(content)
        return folder

    def read(self, given: Path) -> str:
        training = _training(self._packed, given)
        training.resume()
        now = _weights(training)
        same = all(torch.equal(now[name], value) for name, value in self._state.items())
        return "" if same else "a training goes on with other weights than were saved"


def _training(packed: PackedSet, folder: Path) -> FoldTraining:
    plan = signer_folds(packed.labels, packed.signers, 4)
    return FoldTraining(TINY, packed, plan.training(0), plan.held_out(0), folder)


def _weights(training: FoldTraining) -> dict[str, torch.Tensor]:
    soup = {f"soup.{k}": v for k, v in training.soup.module.state_dict().items()}
    return {**training.task.state_dict(), **soup}


class Study(Kind):
    """The trials of `tune`."""

    share = 0.3
    _ABOUT: ClassVar = {"data": "0", "recipe": "1"}

    @classmethod
    def prepare(cls, base: Path) -> None:
        from signlet.tune.study import ask, tell

        study = open_study(base / "study.db", cls._ABOUT)
        for place in range(3):
            tell(study, ask(study, cls.space(), TINY, place), 0.5 + place / 10, "")

    @staticmethod
    def space() -> dict[str, Any]:
        from signlet.tune import DEFAULT_SPACE

        return dict(DEFAULT_SPACE)

    def damaged(self, folder: Path, rng: Generator) -> Path:
        content = (self.base / "study.db").read_bytes()
        for _ in range(int(rng.integers(1, 12))):  # most of a database is empty
            content = mutate(content, rng) if rng.random() < 0.3 else _flipped(content, rng)
        (folder / "study.db").write_bytes(content)
        return folder / "study.db"

    def read(self, given: Path) -> str:
        study = open_study(given, self._ABOUT)
        with usable(given):
            trials = finished(study, self.space())
        wrong = [t for t in trials if t.value is not None and not isinstance(t.value, float)]
        return f"a trial's score is {wrong[0].value}" if wrong else ""


def _flipped(content: bytes, rng: Generator) -> bytes:
    """A bit of a byte that is not zero."""
    changed = bytearray(content)
    used = np.flatnonzero(np.frombuffer(content, np.uint8))
    if len(used):
        changed[int(rng.choice(used))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


RUNS: dict[str, type[Kind]] = {
    "recipe": RecipeFile,
    "space": SpaceFile,
    "packed set": Packed,
    "run folder": RunFolder,
    "checkpoint": Checkpoint,
    "study": Study,
}
