"""The model card beside an export: what it is, how good, what it costs, for people to read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeGuard

from signlet.export.benchmark import FRAMES
from signlet.export.check import Check
from signlet.modelfile.calibration import ACCEPTED, CALIBRATION
from signlet.modelfile.card import Card
from signlet.printable import in_a_message
from signlet.text.data_names import data_name
from signlet.text.percent import percent

_SHOWN = 60


def model_card(card: Card, checks: Mapping[str, Check]) -> str:
    """Markdown of an export. checks: file name -> how it compares with torch."""
    return "\n".join(
        [
            "# Model card",
            "",
            f"Names one of {len(card.signs)} isolated signs in a clip of MediaPipe Holistic "
            "landmarks. Made by signlet.",
            "",
            *_facts(card),
            *_none(card),
            "## Files",
            "",
            *_files(checks),
            "",
            f"Compared with torch, one clip at a time, on {_compared_on(checks)}edge cases "
            "(from 1 to 2,000 frames, no hands, one hand, no face, nothing found, still hands). "
            f"Latency: one clip of {FRAMES} frames, preprocessing included, on the exporting "
            "machine. Memory: how much loading and running the file adds to a process, including "
            "the runtime.",
            "",
            "## Limits",
            "",
            "It names one sign per clip. It does not read sentences and does not replace an "
            "interpreter. Do not base important decisions on its answers. It was tested only on "
            "the signers of its data: test it with the people who will use it. Where MediaPipe "
            "loses a hand, the model does not see that hand.",
            "",
            "## Signs",
            "",
            _signs(card.signs),
            "",
        ]
    )


def _compared_on(checks: Mapping[str, Check]) -> str:
    real = max((check.real for check in checks.values()), default=0)
    return f"{real} real clips and on " if real else "no real clips, only on "


def _facts(card: Card) -> list[str]:
    about = card.about
    rows = {
        "Licence of the model": _said(card.licence) or "not stated",
        "Trained on": _said(data_name(str(about.get("source", "not known")))),
        "Recipe": _said(about.get("recipe", "not known")),
        **_started_from(about),
        f"Accuracy on {_tested(about)}": _accuracy(about),
        "Members": f"{len(card.max_lens)}, of at most {_list(card.max_lens)} frames",
        "Weights": card.precision,
        "Input": "`inputs`, float32 (frames, 543, 3), raw landmarks, NaN where not found",
        "Output": f"`outputs`, probabilities of the {len(card.signs)} signs",
        "Embedding": _embedding(card.embedding),
        "Longest clip": _longest(card.max_frames),
    }
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return ["| | |", "|---|---|", *lines, ""]


def _started_from(about: Mapping[str, Any]) -> dict[str, str]:
    init = about.get("init")
    return {"Started from": _said(init.get("model"))} if isinstance(init, dict) else {}


def _tested(about: Mapping[str, Any]) -> str:
    if about.get("split"):
        return f"the published split {_said(about['split'])}"
    known = about.get("scores_are_for") == "known signers"
    return "other clips of the training signers" if known else "people it has never seen"


def _embedding(size: int | None) -> str:
    return "none" if size is None else f"`embedding`, {size} numbers of length 1"


def _longest(max_frames: int | None) -> str:
    return "any" if max_frames is None else f"{max_frames} frames"


def _list(numbers: tuple[int, ...]) -> str:
    return " and ".join(str(number) for number in dict.fromkeys(numbers))


def _accuracy(about: Mapping[str, Any]) -> str:
    """Scores of the run's soup, or of the ensemble, on clips that their models did not see.

    What is damaged counts as not measured: the file may have been edited.
    """
    found = about.get("out_of_fold")
    found = found if isinstance(found, dict) else {}
    name = next((name for name in ("ensemble", "soup") if _are_scores(found.get(name))), None)
    if name is None:
        return "not measured"
    scores, duplicates = found[name], about.get("copies_held_out")
    duplicates = duplicates if isinstance(duplicates, int) else 0
    if duplicates >= scores["clips"]:
        return f"not measured: all {duplicates} held-out clips duplicate training clips"
    fresh = about.get("out_of_fold_without_copies")
    if _are_scores(fresh):
        return _score(fresh, name) + f"; {duplicates} clips that duplicate training clips left out"
    return _score(scores, name) + (
        f"; {duplicates} of the clips duplicate training clips" if duplicates else ""
    )


def _are_scores(given: Any) -> TypeGuard[Mapping[str, Any]]:
    wanted = ("clips", "top1", "balanced_accuracy")
    return isinstance(given, dict) and all(isinstance(given.get(k), int | float) for k in wanted)


def _score(scores: Mapping[str, Any], name: str) -> str:
    interval = ""
    if isinstance(scores.get("low"), float) and isinstance(scores.get("high"), float):
        interval = f", 95 % interval {scores['low']:.3f} to {scores['high']:.3f}"
    return (
        f"{scores['top1']:.3f}, balanced over signs {scores['balanced_accuracy']:.3f} "
        f"({name}, {scores['clips']} clips{interval})"
    )


def _said(value: Any) -> str:
    """Escape text from elsewhere for Markdown: no link, no tag, no column."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", in_a_message(str(value)))


def _none(card: Card) -> list[str]:
    calibration = card.calibration
    if calibration is None:
        return ['It never answers "none": it was exported without a calibration.', ""]
    return [
        f'Below a confidence of {calibration.threshold:.3f} it answers "none". Measured on '
        f"{calibration.known:,} clips of its signs and {calibration.unknown:,} of others: AUROC "
        f"{calibration.auroc:.3f} (1 tells them apart, 0.5 is chance); a threshold that 95 % of "
        f"its own clips pass lets {percent(calibration.fpr95, 1)} of the others pass. This one was "
        f"chosen to let at most {percent(calibration.false_accepts, 1)} of them pass. "
        f"{_refused(card.about)}Temperature {calibration.temperature:.3f}.",
        "",
    ]


def _refused(about: Mapping[str, Any]) -> str:
    """Say how many clips of its own signs get none; "" if unknown."""
    share = about.get(ACCEPTED)
    if not isinstance(share, float) or not 0 <= share <= 1:
        return ""
    return (
        f"It refuses {percent(1 - share, 1)} of the clips of its own signs; the run's "
        f"{CALIBRATION} has all figures. "
    )


def _files(checks: Mapping[str, Check]) -> list[str]:
    head = [
        "| file | MB | largest difference | of an embedding | other sign (real clips) "
        "| median / 95 % ms, 1 thread | 2 threads | memory MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return head + [_file(name, check) for name, check in checks.items()]


def _file(name: str, check: Check) -> str:
    cost = check.measured
    times = [f"{cost.median[n]:.1f} / {cost.p95[n]:.1f}" for n in sorted(cost.median)]
    clips = f"{check.disagreements} of {check.real + check.edge}"
    real = f"{check.disagreements_real} of {check.real}"
    cells = [
        name,
        f"{check.bytes / 1e6:.2f}",
        f"{check.difference:.1e}",
        _distance(check),
        f"{clips} ({real})",
        *times,
        f"{cost.memory / 1e6:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _distance(check: Check) -> str:
    return "none" if check.embedding_difference is None else f"{check.embedding_difference:.1e}"


def _signs(signs: tuple[str, ...]) -> str:
    shown = ", ".join(_said(sign) for sign in signs[:_SHOWN])
    rest = len(signs) - _SHOWN
    return f"{shown} and {rest} more (labels.txt)" if rest > 0 else shown
