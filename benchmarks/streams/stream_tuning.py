"""The choice of the defaults of StreamSettings: `stream_events.py --tune`.

One setting at a time is moved from its default, on streams of the tuning fold's languages, as
recorded, with lost frames and with few, and on webcam words where they are at hand. No model
is asked: what counts is where signs start and end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from joblib import Parallel, delayed

from benchmarks.streams.stream_data import FOLDS, TUNING_FOLD, scene_of, word_scenes
from benchmarks.streams.stream_methods import named, segments
from benchmarks.streams.stream_scenes import Scene
from benchmarks.streams.stream_scores import Tally, tally
from signlet.stream import StreamSettings

TRIED: dict[str, tuple[float, ...]] = {
    "rest_line": (0.8, 0.9, 1.1, 1.3),
    "gap": (0.15, 0.35),
    "change": (0.08, 0.1, 0.15),
    "hold": (0.25, 0.3, 0.4, 0.5),
    "settle": (0.1, 0.2),
    "leave": (0.45, 0.8),
    "answer_after": (0.7, 1.5),
    "shortest": (0.2, 0.4),
}
OTHERS = "words of other signers"
"""Not looked at in choosing."""
SHOWN = ("f1", "precision", "recall", "delay_median", "delay_95", "false_per_minute")


def variants() -> Iterator[tuple[str, StreamSettings]]:
    """The defaults, then each with one setting moved."""
    yield "defaults", StreamSettings()
    for name, values in TRIED.items():
        for value in values:
            moved = asdict(StreamSettings()) | {name: value}
            yield f"{name} {value:g}", StreamSettings(**moved)


def scenes(seeds: list[int]) -> dict[str, list[Scene]]:
    """Streams to tune on, by kind."""
    letters = [scene_of(language, seed) for language in FOLDS[TUNING_FOLD] for seed in seeds]
    found = {
        "letters": letters,
        "letters, 30 % of frames lost": [scene.dropping(0.3, 0) for scene in letters],
        "letters, 10 frames a second": [scene.slower(10) for scene in letters],
        "words": word_scenes(0),
        OTHERS: word_scenes(1),
    }
    return {kind: own for kind, own in found.items() if own}


def tuning_rows(seeds: list[int], jobs: int) -> list[dict[str, object]]:
    """A row for each variant and kind of stream."""
    kinds = scenes(seeds)
    tasks = [(variant, kind) for variant in variants() for kind in kinds]
    return list(
        Parallel(n_jobs=jobs)(
            delayed(_row)(name, settings, kind, kinds[kind]) for (name, settings), kind in tasks
        )
    )


def _row(name: str, settings: StreamSettings, kind: str, own: list[Scene]) -> dict[str, object]:
    total = Tally()
    for scene in own:
        total.add(tally(scene.truth, named(segments(scene, settings, None), 0.0)))
    figures = {figure: round(total.figures()[figure], 3) for figure in SHOWN}
    return {"settings": name, "streams": kind, "signs": total.truth, **figures}


def show(found: list[dict[str, object]]) -> None:
    """A line of Markdown for each variant: F1 and the middle delay by kind of stream."""
    kinds = list(dict.fromkeys(str(row["streams"]) for row in found))
    print("| settings |", " | ".join(kinds), "|")
    print("|---" * (len(kinds) + 1) + "|")
    for name in dict.fromkeys(row["settings"] for row in found):
        own = [row for row in found if row["settings"] == name]
        print(
            f"| {name} |", " | ".join(f"{r['f1']:.3f}, {r['delay_median']:.2f} s" for r in own), "|"
        )
