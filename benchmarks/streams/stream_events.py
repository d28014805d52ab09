"""Does the stream recogniser find signs better than a sliding window does?

Cost: about a quarter of an hour on one core.
Page: docs/streams.md
Results: stream_events.csv, stream_tuning.csv

    python -m benchmarks.streams.stream_events                     a quarter of an hour on one core
    python -m benchmarks.streams.stream_events --seeds 0           a third of the streams
    python -m benchmarks.streams.stream_events --tune              how the settings were chosen

Streams are letters of the fingerspelling lexicon joined as `stream_scenes.py` says, each stream
one sign language and so one signer, read by a model that was trained on the other folds'
languages. Letters that are not A to Z (Ö, CH, ...) are the unknown signs. Thresholds (the least
confidence; how windows are merged) and the settings themselves are chosen on the languages of
fold 1; reported are those of folds 0, 2 and 3, but for French and American: the lexicon has
their clips twice, so that a model knows them. The alphabets of `unknown alphabets` are in no
fold: every sign there is unknown, though some look like a letter.

A fold's model is trained by the demo's recipe where it is not there yet (two minutes each).
Models, and what they said of each stream, are kept under runs/benchmark: the script goes on
where it was stopped. Figures are means over the seeds, which shuffle the streams, with their
standard deviation.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from itertools import product
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from rich.console import Console
from rich.progress import track

import signlet.stream
from benchmarks.environment import write_csv
from benchmarks.streams import stream_figure, stream_tuning
from benchmarks.streams.stream_data import ALPHABETS, FOLDS, TUNING_FOLD, scene_of, truth_of
from benchmarks.streams.stream_methods import (
    Heard,
    Merging,
    merged,
    named,
    segments,
    true_cuts,
    windows,
)
from benchmarks.streams.stream_scenes import Scene
from benchmarks.streams.stream_scores import Found, Tally, tally
from signlet import load
from signlet.files.atomic import write_text
from signlet.pack import pack
from signlet.recognition.recogniser import Recogniser
from signlet.sources import open_source
from signlet.stream import StreamSettings
from signlet.training import train
from signlet.training.recipes import load_recipe

RECIPE = "demo"
PICTURED = "asq"
"""Of the languages that are reported the first by its name."""
SETTINGS = StreamSettings()
CONDITIONS: dict[str, Callable[[Scene, int], Scene]] = {
    "as recorded": lambda scene, seed: scene,
    "30 % of frames lost": lambda scene, seed: scene.dropping(0.3, seed),
    "10 frames a second": lambda scene, seed: scene.slower(10),
    "mirrored camera": lambda scene, seed: scene.mirrored(),
}
METHODS = ("stream recogniser", "sliding window", "true cuts")
LEAST = tuple(np.round(np.arange(0, 0.96, 0.05), 2).tolist())
MERGINGS = [Merging(*how) for how in product(LEAST, (1, 2, 3, 4), (0.0, 0.2, 0.3, 0.4))]

SHOWN = (
    *("f1", "f1_sign", "delay_median", "delay_95", "false_per_minute", "false_named_per_minute"),
    "unknown_named",
)

Events = partial[list[Found]]
"""Takes what was heard; its one keyword is the thresholds."""


@dataclass(frozen=True)
class Item:
    """One stream read in one way."""

    method: str
    condition: str
    language: str
    seed: int
    fold: int

    @property
    def file(self) -> str:
        """Name of the file that keeps what was heard."""
        return (
            "-".join(map(str, asdict(self).values())).replace(" ", "_").replace("%", "") + ".json"
        )


def items(seeds: list[int]) -> list[Item]:
    """All that is read, stream by stream: languages of the folds, then unknown alphabets."""
    folds = [(language, fold) for fold, own in FOLDS.items() for language in own]
    return [
        Item(method, condition, language, seed, fold)
        for (language, fold), seed in product(folds, seeds)
        for condition, method in product(CONDITIONS, METHODS)
        if wanted(method, condition, fold)
    ] + [
        Item(method, "unknown alphabets", language, seed, fold)
        for (language, fold), seed in product(zip(ALPHABETS, (0, 2, 3), strict=True), seeds)
        for method in METHODS[:2]
    ]


def wanted(method: str, condition: str, fold: int) -> bool:
    """Thresholds are tuned on streams as recorded; only there true cuts are of interest.

    Only the stream recogniser knows of mirrored cameras.
    """
    if condition == "as recorded":
        return True
    mirrored = condition == "mirrored camera" and method != "stream recogniser"
    return fold != TUNING_FOLD and method != "true cuts" and not mirrored


def heard_in(item: Item, run: Path, work: Path) -> list[Heard]:
    """Return a model's events for a stream, read from `work` if they are there already."""
    path = work / item.file
    if not path.exists():
        told = _read(item, scene_under(item), opened(run))
        write_text(path, json.dumps([asdict(one) for one in told]))
    return [Heard(**one) for one in json.loads(path.read_text(encoding="utf-8"))]


@lru_cache(4)
def opened(run: Path) -> Recogniser:
    """The model of a run."""
    torch.set_num_threads(1)
    return load(run, 1)


def _read(item: Item, scene: Scene, recogniser: Recogniser) -> list[Heard]:
    if item.method == "stream recogniser":
        return segments(scene, SETTINGS, recogniser, item.condition == "mirrored camera")
    return (windows if item.method == "sliding window" else true_cuts)(scene, recogniser)


def scene_under(item: Item) -> Scene:
    """The stream of an item."""
    scene = scene_of(item.language, item.seed)
    return CONDITIONS.get(item.condition, CONDITIONS["as recorded"])(scene, item.seed)


def choices(method: str) -> list[Events]:
    """Every threshold that is tried for a method."""
    if method == "sliding window":
        return [partial(merged, how=how) for how in MERGINGS]
    return [partial(named, least=least) for least in LEAST]


def pooled(heard: dict[Item, list[Heard]], events: Events) -> Tally:
    """Counts over some items."""
    total = Tally()
    for item, own in heard.items():
        total.add(tally(truth_of(item.language, item.seed), events(own)))
    return total


def chosen(heard: dict[Item, list[Heard]], method: str, figure: str) -> Events:
    """The thresholds with the best figure on the tuning fold's streams as recorded."""
    own = {
        item: what
        for item, what in heard.items()
        if (item.method, item.fold, item.condition) == (method, TUNING_FOLD, "as recorded")
    }
    return max(choices(method), key=lambda events: pooled(own, events).figures()[figure])


def rows(heard: dict[Item, list[Heard]], seeds: list[int]) -> Iterator[dict[str, object]]:
    """Figures of each method, condition and seed, over the reported languages."""
    tuned = [(method, "f1_sign") for method in METHODS] + [("sliding window", "f1")]
    conditions = dict.fromkeys(item.condition for item in heard)
    for method, figure in tuned:
        events = chosen(heard, method, figure)
        about = {"method": method, "tuned_for": figure, "thresholds": describe(events)}
        for condition, seed in product(conditions, seeds):
            own = {item: heard[item] for item in heard if reported(item, method, condition, seed)}
            if own:
                counts = pooled(own, events)
                figures = {name: round(value, 4) for name, value in counts.figures().items()}
                where = {"condition": condition, "seed": seed, "streams": len(own)}
                yield {**about, **where, "signs": counts.truth, **figures}


def reported(item: Item, method: str, condition: str, seed: int) -> bool:
    """Return True if an item counts in a row; those of the tuning fold never do."""
    same = (item.method, item.condition, item.seed) == (method, condition, seed)
    return same and item.fold != TUNING_FOLD


def describe(events: Events) -> str:
    """The thresholds behind it."""
    (how,) = events.keywords.values()
    values = asdict(how) if isinstance(how, Merging) else {"least": how}
    return " ".join(f"{name}={value:g}" for name, value in values.items())


def summarise(found: list[dict[str, object]], shown: tuple[str, ...]) -> None:
    """A line of Markdown for each method and condition: mean and deviation over the seeds."""
    print("| method | streams |", " | ".join(shown), "|")
    print("|---" * (len(shown) + 2) + "|")
    for key in dict.fromkeys((r["method"], r["tuned_for"], r["condition"]) for r in found):
        own = [r for r in found if (r["method"], r["tuned_for"], r["condition"]) == key]
        values = [np.array([r[name] for r in own], float) for name in shown]
        cells = [f"{v.mean():.2f} ({v.std():.2f})" if np.isfinite(v).all() else "-" for v in values]
        other = ", tuned for f1" if key[1] == "f1" else ""
        print(f"| {key[0]}{other} | {key[2]} |", " | ".join(cells), "|")


def picture(heard: dict[Item, list[Heard]], seed: int) -> None:
    """Draw the stream recogniser and the sliding window on one stream."""
    shown = [item for item in heard if (item.language, item.seed) == (PICTURED, seed)]
    own = {item.method: item for item in shown if item.condition == "as recorded"}
    found = {name: chosen(heard, name, "f1_sign")(heard[own[name]]) for name in METHODS[:2]}
    stream_figure.draw(truth_of(PICTURED, seed).signs, found, "stream_events")


def trained(folds: list[int], work: Path) -> dict[int, Path]:
    """Folders of the folds' models, trained where they are missing."""
    recipe = load_recipe(RECIPE)
    length = recipe.packing.max_len
    for fold in track(folds, "models", disable=not Console().is_terminal):
        if not model_of(fold, work).exists():
            packed = pack(open_source("fingerspelling"), work / f"packed-demo-{length}", length)
            run = work / f"demo-{recipe.name}-{fold}-{recipe.seed}"
            train(recipe, packed, run, [fold], resume=True)
    return {fold: model_of(fold, work) for fold in folds}


def model_of(fold: int, work: Path) -> Path:
    """The soup of a run that held out the fold."""
    return work / f"demo-demo-{fold}-0" / f"fold-{fold}" / "soup"


def place(work: Path) -> Path:
    """Return the folder of the results: another one once the segmenter's code has changed."""
    code = sorted(Path(signlet.stream.__file__).parent.glob("*.py"))
    code += [
        Path(__file__).with_name(f"stream_{name}.py") for name in ("data", "methods", "scenes")
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in code)
    return work / "stream-events" / hashlib.sha256(text.encode()).hexdigest()[:12]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the streams")
    parser.add_argument("--tune", action="store_true", help="try other settings, without models")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark"))
    given = parser.parse_args()
    if given.tune:
        found = stream_tuning.tuning_rows(given.seeds, given.jobs)
        write_csv("stream_tuning", found)
        stream_tuning.show(found)
        return
    everything, folder = items(given.seeds), place(given.work)
    runs = trained(sorted(FOLDS), given.work)
    work = Parallel(n_jobs=given.jobs, return_as="generator")(
        delayed(heard_in)(item, runs[item.fold], folder) for item in everything
    )
    quiet = not Console().is_terminal
    heard = list(track(work, "streams", len(everything), disable=quiet))
    by_item = dict(zip(everything, heard, strict=True))
    found = list(rows(by_item, given.seeds))
    write_csv("stream_events", found)
    picture(by_item, given.seeds[0])
    summarise(found, SHOWN)


if __name__ == "__main__":
    main()
