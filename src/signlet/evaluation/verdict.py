"""The verdict on a test in words: is it good, for whom, what limits it, what to do next.

In: predictions of clips that the models had not seen. Out: sentences, for a terminal or a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signlet.evaluation.accuracy import Accuracy, accuracy
from signlet.evaluation.faulty import Faulty, faulty_said
from signlet.evaluation.limits import ENOUGH_SIGNERS, limits, not_counted, steps
from signlet.evaluation.scores import (
    Predictions,
)
from signlet.sources.fingerspelling import LANGUAGES
from signlet.text.percent import percent

_GOOD, _FAIR = 0.9, 0.7


class Grade(StrEnum):
    """The verdict in a few words: good from 90 % correct, fair from 70 %.

    docs/evaluation.md explains each.
    """

    GOOD = "Good"
    FAIR = "Fair"
    WEAK = "Weak"
    GUESSING = "No better than guessing"
    UNCLEAR = "Too few clips to tell"
    ONE_PERSON = "Too few people to tell"
    UNLEARNED = "Not trained enough"
    UNTESTED = "Not tested"


_DOUBTFUL = (Grade.GUESSING, Grade.UNCLEAR, Grade.WEAK)
_TRAIN_LONGER = (
    "Train longer: give more --optimiser.epochs, or leave this flag out. If that changes nothing, "
    "look for wrong labels: signlet inspect."
)
_RECORD_AGAIN = (
    "Record the clips with a problem again, or leave them out, and train again. signlet inspect "
    "lists all of them."
)


@dataclass(frozen=True)
class Verdict:
    """Sentences that say how a test went.

    result: how often it is right, against guessing. audience: the people for whom that holds.
    limits: what limits it. steps: what to do next, the most useful first.
    accuracy: the numbers behind it; None if nothing was tested.
    """

    grade: Grade
    result: str
    audience: tuple[str, ...]
    limits: tuple[str, ...]
    steps: tuple[str, ...]
    accuracy: Accuracy | None = None

    @property
    def usable(self) -> bool:
        """False for a model that nobody should put into an app."""
        return self.grade not in (Grade.GUESSING, Grade.UNLEARNED)


def verdict(
    predictions: Predictions,
    about: Mapping[str, Any] | None = None,
    duplicates: NDArray[np.bool_] | None = None,
    recorded: NDArray[np.int64] | None = None,
    faulty: Faulty | None = None,
) -> Verdict:
    """The verdict on a run's model.

    about: the training facts in the model file; {} or None if unknown; or {"scored": where} for
        clips of the user's choice.
    duplicates: (N,) bool, clips that were also trained on; they do not count.
    recorded: (K,) clips of each sign in the data set; None if unknown. A test of one fold holds
        only a part of them.
    faulty: clips of the data set with a problem; None if unknown.
    """
    about, every, tested = about or {}, predictions, counted(predictions, duplicates)
    if tested is None:
        return _all_trained_on(about)
    predictions, found = tested, accuracy(tested)
    own = about.get("training_accuracy")
    shared, known_as = shared_signers(predictions), _languages(about)
    one_person = found.signers == 1 and not shared and "" not in predictions.signers
    grade = _grade(found, own, one_person)
    broken = faulty_said(faulty, predictions, grade is not Grade.GOOD)
    doubtful = grade in _DOUBTFUL and not broken
    return Verdict(
        grade,
        _result(found, shared, one_person, about),
        (
            *not_counted(every, duplicates, about.get("scored"), known_as),
            *_audience(predictions, found, shared, about),
        ),
        (*_own_clips(own), *filter(None, [broken]), *limits(predictions, known_as)),
        (
            *((_TRAIN_LONGER,) if grade is Grade.UNLEARNED else ()),
            *((_RECORD_AGAIN,) if broken else ()),
            *steps(predictions, found.signers, doubtful, shared, known_as, recorded),
        ),
        found,
    )


def counted(predictions: Predictions, duplicates: NDArray[np.bool_] | None) -> Predictions | None:
    """The clips that count in a test, without the duplicates (N,); None if no clip is left."""
    rest = predictions if duplicates is None else predictions.select(~duplicates)
    return rest if (rest.labels >= 0).any() else None


def shared_signers(predictions: Predictions) -> bool:
    """True if the models were trained on other clips of the people that they were tested on."""
    pairs = {p for p in zip(predictions.signers, predictions.folds.tolist(), strict=True) if p[0]}
    signers = {signer for signer, _ in pairs}
    return len(pairs) > len(signers) or not signers


def _fails_on_its_own(training_accuracy: float | None) -> bool:
    return training_accuracy is not None and training_accuracy < _FAIR


def _own_clips(training_accuracy: float | None) -> list[str]:
    if training_accuracy is None or not _fails_on_its_own(training_accuracy):
        return []
    return [
        f"It names only {percent(training_accuracy)} of its own training clips correctly: it has "
        "not learned them."
    ]


_ALL_TRAINED_ON = Verdict(
    Grade.UNTESTED,
    "Every test clip was also used for training, so it is unknown how good the model is.",
    (),
    (),
    ("Give clips that do not repeat each other.",),
)


def _all_trained_on(about: Mapping[str, Any]) -> Verdict:
    if not about.get("scored"):
        return _ALL_TRAINED_ON
    result = (
        f"The model was trained on all scored clips in {about['scored']}, so their score tells "
        "nothing of new clips."
    )
    return replace(_ALL_TRAINED_ON, result=result)


NOT_HELD_OUT = Verdict(
    Grade.UNTESTED,
    "All clips were used for training and none for testing, so it is unknown how good the model "
    "is.",
    (),
    (),
    (
        "Test it on people who are not in the recordings: signlet evaluate RUN --data CLIPS.",
        "Or train again with --folds all: signlet then leaves out each person once.",
    ),
)
"""The verdict on a model of all clips for which no fold was trained; see `untested`."""


def untested(faulty: Faulty | None = None) -> Verdict:
    """`NOT_HELD_OUT`, with the clips that have a problem."""
    if not (said := faulty_said(faulty, None, doubtful=True)):
        return NOT_HELD_OUT
    return replace(NOT_HELD_OUT, limits=(said,), steps=(_RECORD_AGAIN, *NOT_HELD_OUT.steps))


def _grade(found: Accuracy, training_accuracy: float | None, one_person: bool) -> Grade:
    if found.better and found.right >= _FAIR and one_person:
        return Grade.ONE_PERSON
    if found.better and found.right >= _FAIR:
        return Grade.GOOD if found.right >= _GOOD else Grade.FAIR
    if _fails_on_its_own(training_accuracy):
        return Grade.UNLEARNED
    if found.better is None:
        return Grade.UNCLEAR
    return Grade.WEAK if found.better else Grade.GUESSING


# --- is it good, and for whom --------------------------------------------------------------------


def _result(found: Accuracy, shared: bool, one_person: bool, about: Mapping[str, Any]) -> str:
    who = _who(about)
    whose = f"{who} it knows" if shared else f"{who} it has never seen"
    if one_person:
        whose = f"the one {_one(who)} it was tested on"
    if about.get("split"):
        whose = f"the published split {about['split']}"
    if about.get("scored"):
        whose = f"the clips in {about['scored']}"
    right, guessing = percent(found.right), percent(found.guessing)
    if found.better is False:
        return (
            f"It does not recognise the signs of {whose}: it names {right} of {found.clips:,} "
            f"clips correctly, and guessing would get {guessing}."
        )
    likely = ""
    if found.low == found.low:
        likely = f"; for other {who} expect {percent(found.low)} to {percent(found.high)}"
    text = f"It names {_of_ten(found.right)} signs of {whose} correctly ({right}{likely}). "
    if found.better is None:
        return (
            text + f"Guessing would get {guessing}; {found.clips:,} clips are too few to be sure."
        )
    return text + f"Guessing would get {guessing}."


def _who(about: Mapping[str, Any]) -> str:
    """Noun for the signers of a set: those of the fingerspelling lexicon are sign languages."""
    return "sign languages" if _languages(about) else "people"


def _languages(about: Mapping[str, Any]) -> Mapping[str, str]:
    """Names of the sign languages if these are the signers of the set; else {}."""
    return LANGUAGES if about.get("source") == "fingerspelling" else {}


def _of_ten(share: float) -> str:
    if share >= 0.95:
        return "nearly all"
    if share < 0.05:
        return "hardly any"
    return f"about {max(1, round(10 * share))} of 10"


def _audience(
    predictions: Predictions, found: Accuracy, shared: bool, about: Mapping[str, Any]
) -> list[str]:
    said = [_tested_on(predictions, found, shared, about)]
    if len(about.get("folds") or ()) == 1 and not about.get("split"):
        said.append(
            f"The other {_who(about)} in the recordings were not tested. Before you compare this "
            f"score with another one, train all folds ({_all_folds(about)})."
        )
    if about.get("trained_on") == "all clips":
        said.append(
            "The model in this folder learned from all clips, so it cannot be tested with them. "
            "The score comes from other models, trained the same way. Each was tested on "
            f"{'clips' if shared else _who(about)} that it had not seen."
        )
    return said


def _all_folds(about: Mapping[str, Any]) -> str:
    if _languages(about):
        return "signlet train --recipe demo --data fingerspelling --folds all --resume"
    return "the same command with --folds all --resume"


def _tested_on(
    predictions: Predictions, found: Accuracy, shared: bool, about: Mapping[str, Any]
) -> str:
    who, unknown = _who(about), predictions.signers.count("")
    if about.get("scored"):
        return "If the model was trained with these people, expect less for others."
    if about.get("split_note"):
        note = str(about["split_note"])
        return f"{note[0].upper()}{note[1:]}."
    if shared:
        return (
            f"This holds only for the {who} in the recordings: the model was trained with other "
            "clips of them. Expect clearly less for new ones."
        )
    if unknown:
        return (
            f"The signer of {unknown:,} of {len(predictions.signers):,} clips is unknown. If one "
            "of them shows somebody the model was trained with, the score is too high for new "
            "people."
        )
    if found.signers < ENOUGH_SIGNERS:
        number = f"{found.signers} {who} were" if found.signers > 1 else f"one {_one(who)} was"
        return f"Only {number} tested. The next one may do much better or worse."
    return f"The test had {found.signers} {who}, all of them new to the models."


def _one(who: str) -> str:
    return {"people": "person"}.get(who, who.removesuffix("s"))
