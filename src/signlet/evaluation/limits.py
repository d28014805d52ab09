"""Sentences on the limits of a model in a test, and on what to do about them.

In: predictions of clips that the models had not seen. Out: sentences, the most useful first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.evaluation.scores import (
    FEWEST_SIGNERS,
    Predictions,
    by_sign,
    by_signer,
    worst_confusions,
)
from signlet.text.percent import percent

ENOUGH_SIGNERS = 8
"""With fewer people the score of the next one may be very different."""
ENOUGH_CLIPS = 10
"""With fewer clips a sign can be neither learned nor tested well."""
_WEAK, _BEHIND, _OFTEN, _FAR = 0.5, 0.2, 0.3, 0.25
_JUDGED_SIGN, _JUDGED_SIGNER = 3, 8
"""Clips below which the score of a sign or of a person is chance."""
_NEARLY_ALL = 0.8
"""Share of the answers from which confusions of single signs mean nothing."""
_NAMED = 3
"""Number of signs to name; the report lists all."""


def limits(predictions: Predictions, known_as: Mapping[str, str] | None = None) -> list[str]:
    """The signs, the pair of signs and the signer with the most mistakes, where they stand out.

    known_as: names of sign languages by their code, if the signers are sign languages.
    """
    said = []
    if weak := weak_signs(predictions):
        named = ", ".join(f"{row['sign']} ({percent(row['top1'])})" for row in weak[:_NAMED])
        more = f" and {len(weak) - _NAMED} more" if len(weak) > _NAMED else ""
        said.append(f"Signs it gets wrong most often: {named}{more}.")
    if usual := _usual_answer(predictions):
        said.append(f"It answers {usual} to nearly every clip.")
    elif often := confusions(predictions):
        named = ", ".join(
            f"{row['sign']} as {row['read_as']} ({row['clips']} clips)" for row in often
        )
        said.append(f"It reads {named}.")
    if signer := weak_signer(predictions):
        said.append(
            f"Of the {signer['clips']} clips of {signer_name(signer['signer'], known_as)} it names "
            f"only {percent(signer['top1'])} correctly, much less than of the others."
        )
    return said


def not_counted(
    predictions: Predictions,
    duplicates: NDArray[np.bool_] | None,
    scored: object = None,
    known_as: Mapping[str, str] | None = None,
) -> list[str]:
    """Say how many clips do not count, the score with them, and who would be tested only then.

    predictions: of all clips. duplicates: (N,) bool, those that do not count; None if unknown.
    scored: where the clips are that were given to a finished model, if that was so.
    known_as: as in `limits`.
    """
    if duplicates is None or not duplicates.any():
        return []
    count = f"{duplicates.sum():,} of {len(duplicates):,}"
    if scored:
        return [f"{count} clips do not count: the model was trained on them."]
    right = (predictions.probabilities.argmax(1) == predictions.labels)[predictions.labels >= 0]
    only = set(predictions.signers) - set(predictions.select(~duplicates).signers) - {""}
    whose = " and ".join(signer_name(signer, known_as) for signer in sorted(only)[:_NAMED])
    whose = whose if len(only) <= _NAMED else f"{len(only)} more people"
    return [
        f"{count} test clips do not count: the model was trained with the same recordings under "
        f"another name. With them the score would be {percent(float(right.mean()))}"
        f"{f', and {whose} would be tested, too' if whose else ''}."
    ]


def weak_signs(predictions: Predictions) -> list[dict[str, Any]]:
    """Rows of `by_sign` of signs with less than half of their clips correct, worst first."""
    rows: list[dict[str, Any]] = by_sign(predictions).to_pylist()
    weak = [row for row in rows if row["clips"] >= _JUDGED_SIGN and row["top1"] < _WEAK]
    return sorted(weak, key=lambda row: (row["top1"], -row["clips"]))


def confusions(predictions: Predictions) -> list[dict[str, Any]]:
    """Rows of `worst_confusions` that matter: a third of a sign's clips, and three at least."""
    rows: list[dict[str, Any]] = worst_confusions(predictions, 100).to_pylist()
    often = [row for row in rows if row["clips"] >= _JUDGED_SIGN and row["share"] >= _OFTEN]
    return often[:_NAMED]


def _usual_answer(predictions: Predictions) -> str:
    """The sign that a model of three signs or more names for nearly every clip; "" if none."""
    read = predictions.probabilities.argmax(1)
    answers = np.bincount(read, minlength=len(predictions.signs))
    usual = len(answers) > 2 and answers.max() >= _NEARLY_ALL * len(read)
    return predictions.signs[int(answers.argmax())] if usual else ""


def rare_signs(predictions: Predictions) -> list[tuple[str, int]]:
    """Weak signs that have far fewer clips than the most frequent sign, and how many."""
    most = _FAR * max(row["clips"] for row in by_sign(predictions).to_pylist())
    return [(r["sign"], r["clips"]) for r in weak_signs(predictions) if r["clips"] < most][:_NAMED]


def weak_signer(predictions: Predictions) -> dict[str, Any] | None:
    """The row of `by_signer` of the signer with the lowest score, if it is far below the mean."""
    rows = [row for row in by_signer(predictions).to_pylist() if row["clips"] >= _JUDGED_SIGNER]
    if len(rows) < FEWEST_SIGNERS:
        return None
    worst: dict[str, Any] = min(rows, key=lambda row: row["top1"])
    mean = np.average([row["top1"] for row in rows], weights=[row["clips"] for row in rows])
    return worst if worst["signer"] and worst["top1"] < mean - _BEHIND else None


# --- what to do next -----------------------------------------------------------------------------


def steps(
    predictions: Predictions,
    signers: int,
    doubtful: bool,
    shared: bool,
    known_as: Mapping[str, str] | None = None,
    recorded: NDArray[np.int64] | None = None,
) -> list[str]:
    """List what would help most.

    signers: how many people were tested. doubtful: whether the score is low, or may be chance.
    shared: whether the model was trained with other clips of these people.
    known_as: as in `limits`. recorded: (K,) clips of each sign in the data set, tested or not.
    """
    if known_as:  # nobody can record those again
        return [
            "Train on your own signs: signlet train --data my_videos/. The signers here are sign "
            "languages, so this score shows how well it does on a sign language it has not seen."
        ]
    said = []
    if doubtful:
        said.append(
            "Check the recordings: signlet inspect finds missing hands, mirrored clips and "
            "likely wrong labels."
        )
    if shared or signers < ENOUGH_SIGNERS:
        more = 2 if shared else max(2, min(ENOUGH_SIGNERS - signers, 4))
        why = (
            "If they show the same signs, signlet can leave out each of them in turn and test the "
            "model on somebody it has never seen."
            if shared
            else f"The fewer are tested, the less the score tells of the next one; "
            f"{ENOUGH_SIGNERS} are enough."
        )
        said.append(
            f"Record {more} more people. {why} A new person helps more than more clips of the "
            "same one."
        )
    if few := _few_clips(predictions.signs, recorded):
        said.append(few)
    elif rare := rare_signs(predictions):
        named = ", ".join(f"{sign} ({clips} clips)" for sign, clips in rare)
        said.append(f"Record more of the rare signs: {named}.")
    if not _usual_answer(predictions) and (often := confusions(predictions)):
        one = often[0]
        said.append(
            f"Compare the clips of {one['sign']} and {one['read_as']}. If they are one sign, give "
            "them one name; if not, record more of both."
        )
    if signer := weak_signer(predictions):
        said.append(
            f"Look at the clips of {signer['signer']}: is the picture cut off, dark, or mirrored?"
        )
    return said


def signer_name(signer: str, known_as: Mapping[str, str] | None) -> str:
    """A signer as people know them. known_as: as in `limits`."""
    language = (known_as or {}).get(signer)
    return f"{language} Sign Language" if language else signer


def _few_clips(signs: Sequence[str], counts: NDArray[np.int64] | None) -> str:
    if counts is None:
        return ""
    few = np.flatnonzero(counts < ENOUGH_CLIPS)
    if not len(few):
        return ""
    fewest = few[np.argsort(counts[few], kind="stable")][:_NAMED]
    named = ", ".join(f"{signs[int(i)]} has {counts[i]}" for i in fewest)
    if len(few) > _NAMED:
        return (
            f"Record at least {ENOUGH_CLIPS} clips of each sign; {len(few)} signs have fewer "
            f"({named})."
        )
    return f"Record at least {ENOUGH_CLIPS} clips of each sign ({named})."
