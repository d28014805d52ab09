"""The verdict says honestly how good a model is, for whom, what limits it, and what to do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.evaluation.accuracy import accuracy
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.verdict import Grade, verdict

SIGNS = ("book", "good", "thanks", "water")


def made(
    right: dict[str, float], clips: int = 12, signs: tuple[str, ...] = SIGNS, **also: Any
) -> Predictions:
    """So many clips of each sign of each signer; of each signer this share is read right.

    also: `instead`, what a sign is read as, by name; else the next sign.
    """
    instead, rows = also.get("instead", {}), []
    for fold, (signer, share) in enumerate(right.items()):
        for sign in range(len(signs)):
            other = signs.index(instead.get(signs[sign], signs[(sign + 1) % len(signs)]))
            good = round(share * clips)
            rows += [(signer, sign, sign, fold)] * good + [(signer, sign, other, fold)] * (
                clips - good
            )
    signers, labels, read, folds = zip(*rows, strict=True)
    probabilities = np.full((len(rows), len(signs)), 0.1, np.float32)
    probabilities[np.arange(len(rows)), read] = 0.9
    probabilities /= probabilities.sum(1, keepdims=True)
    names = [f"clip {i}" for i in range(len(rows))]
    return Predictions(
        names, list(signers), np.array(labels), probabilities, np.array(folds), signs
    )


EIGHT = {f"p{i}": 0.92 for i in range(8)}


def test_good_for_new_people() -> None:
    said = verdict(made(EIGHT))
    assert said.grade is Grade.GOOD
    assert said.result.startswith("It names about 9 of 10 signs of people it has never seen")
    assert "Guessing would get 25 %." in said.result
    assert said.audience == ("The test had 8 people, all of them new to the models.",)
    assert not said.steps


def test_at_chance_it_says_so_in_words_without_an_interval() -> None:
    said = verdict(made(dict.fromkeys(EIGHT, 0.25)))
    assert said.grade is Grade.GUESSING
    assert said.result.startswith(
        "It does not recognise the signs of people it has never seen: it names 25 % of 384 clips"
    )
    assert " to " not in said.result
    assert "signlet inspect" in said.steps[0]


def test_naming_always_the_most_frequent_sign_is_guessing() -> None:
    predictions = made(dict.fromkeys(EIGHT, 1.0))
    frequent = np.concatenate([np.flatnonzero(predictions.labels == 0), [12, 24, 36]])
    some = predictions.select(np.isin(np.arange(len(predictions.labels)), frequent))
    some.probabilities[:] = [0.7, 0.1, 0.1, 0.1]
    assert accuracy(some).guessing == pytest.approx(96 / 99)
    assert verdict(some).grade is Grade.GUESSING


def test_few_clips_may_be_luck() -> None:
    said = verdict(made({"a": 0.5, "b": 0.5, "c": 0.5}, clips=2, signs=SIGNS))
    assert said.grade in (Grade.UNCLEAR, Grade.WEAK)
    lucky = verdict(made({"a": 1.0}, clips=1, signs=SIGNS[:2]))
    assert lucky.grade is Grade.UNCLEAR
    assert "2 clips are too few to be sure" in lucky.result


def test_one_new_person_is_too_few_to_call_a_model_good() -> None:
    said = verdict(made({"a": 1.0}))
    assert said.grade is Grade.ONE_PERSON
    assert said.result.startswith("It names nearly all signs of the one person it was tested on")
    assert said.audience[0].startswith("Only one person was tested.")
    assert said.steps[0].startswith("Record 4 more people. The fewer are tested, the less")
    assert verdict(made({"a": 1.0, "b": 1.0})).grade is Grade.GOOD
    assert verdict(made({"a": 0.1}, clips=24)).grade is not Grade.ONE_PERSON


def test_two_signers_have_no_interval_and_are_told_to_be_few() -> None:
    said = verdict(made({"a": 0.8, "b": 0.8}))
    assert "expect" not in said.result
    assert "Only 2 people were tested." in said.audience[0]
    assert said.steps[0].startswith("Record 4 more people.")


def test_three_signers_alike_are_no_interval_of_width_zero() -> None:
    found = accuracy(made({"a": 0.75, "b": 0.75, "c": 0.75}, clips=4))
    assert found.low < 0.62
    assert found.high > 0.85


def test_known_people_are_named_so() -> None:
    predictions = made({"a": 0.9, "b": 0.9})
    shared = Predictions(
        predictions.names, predictions.signers, predictions.labels, predictions.probabilities,
        np.arange(len(predictions.names)) % 3, predictions.signs,
    )  # fmt: skip
    said = verdict(shared)
    assert "of people it knows" in said.result
    assert said.audience[0].startswith("This holds only for the people in the recordings")
    assert said.steps[0].startswith("Record 2 more people. If they show the same signs, signlet")


def test_the_model_of_all_clips_was_not_tested_itself() -> None:
    said = verdict(made(EIGHT), {"trained_on": "all clips"})
    assert "learned from all clips, so it cannot be tested with them" in said.audience[-1]
    assert len(verdict(made(EIGHT), {"trained_on": "fold 0"}).audience) == 1


def test_the_signers_of_the_demo_are_sign_languages() -> None:
    said = verdict(made({"ase": 0.7, "eso": 0.7, "bfi": 0.1}), {"source": "fingerspelling"})
    assert "sign languages it has never seen" in said.result
    assert "Only 3 sign languages were tested" in said.audience[0]
    (step,) = said.steps  # nobody who tries signlet out can record or mend these clips
    assert step.startswith("Train on your own signs: signlet train --data my_videos/.")
    assert "a sign language it has not seen" in step


def test_a_sign_language_is_called_by_its_name() -> None:
    right = {"ase": 0.9, "eso": 0.1, "gsg": 0.9, "sgg": 0.9, "psr": 0.9}
    said = verdict(made(right), {"source": "fingerspelling"})
    assert any("clips of Estonian Sign Language it names only" in limit for limit in said.limits)


def test_a_published_split_is_named() -> None:
    note = "the people of val are known to train"
    said = verdict(made(EIGHT), {"split": "val", "split_note": note})
    assert "of the published split val" in said.result
    assert said.audience[0] == "The people of val are known to train."


@pytest.mark.parametrize(
    ("signers", "words"),
    [
        ([""] * 12, "This holds only for the people in the recordings"),
        (["", *"abcdefghijk"], "The signer of 1 of 12 clips is unknown"),
        (list("aaabbbcccddd"), "Only 4 people were tested"),
        (list("abababababab"), "This holds only for the people in the recordings"),
        (["a"] * 6 + [""] * 6, "The signer of 6 of 12 clips is unknown"),
        (["a"] * 12, "This holds only for the people in the recordings"),
    ],
)
def test_doubtful_tests_are_named(signers: list[str], words: str) -> None:
    p = made({"a": 1.0}, clips=3)
    folds = np.repeat([0, 1], 6)
    doubtful = Predictions(p.names, signers, p.labels, p.probabilities, folds, p.signs)
    assert verdict(doubtful).audience[0].startswith(words)


def test_one_tested_person_and_one_fold_are_named() -> None:
    said = verdict(made({"a": 1.0}), {"folds": [0]})
    assert said.audience[0].startswith("Only one person was tested.")
    assert said.audience[1].startswith("The other people in the recordings were not tested.")
    assert said.audience[1].endswith(
        "train all folds (the same command with --folds all --resume)."
    )
    letters = verdict(made({"a": 1.0}), {"folds": [0], "source": "fingerspelling"}).audience[1]
    assert "(signlet train --recipe demo --data fingerspelling --folds all --resume)" in letters


def test_what_limits_it_is_named() -> None:
    right = EIGHT | {"dark room": 0.25}
    said = verdict(made(right, instead={"good": "thanks", "thanks": "good"}))
    assert "Of the 48 clips of dark room it names only 25 % correctly" in said.limits[-1]
    assert "cut off, dark, or mirrored" in said.steps[-1]
    mixed = dict.fromkeys(EIGHT, 0.34)
    said = verdict(made(mixed, instead={"good": "thanks", "thanks": "good"}))
    assert said.limits[0].startswith("Signs it gets wrong most often: ")
    assert "and 1 more" in said.limits[0]
    assert said.limits[1].startswith("It reads book as good (64 clips), good as thanks (64 clips)")
    assert any(step.startswith("Compare the clips of book and good") for step in said.steps)


def test_rare_signs_that_it_gets_wrong_are_to_be_recorded() -> None:
    predictions = made(EIGHT, clips=40)
    rare = (predictions.labels != 0) | (np.arange(len(predictions.labels)) % 40 == 0)
    some = predictions.select(rare)
    some.probabilities[some.labels == 0] = [0.1, 0.7, 0.1, 0.1]
    counts = np.bincount(some.labels)
    few = verdict(some, recorded=counts).steps
    assert any(step.startswith("Record at least 10 clips") for step in few)
    more = predictions.select(rare | (np.arange(len(predictions.labels)) % 40 < 5))
    more.probabilities[more.labels == 0] = [0.1, 0.7, 0.1, 0.1]
    assert "Record more of the rare signs: book (40 clips)." in verdict(more).steps


def test_signs_with_few_clips_are_to_be_recorded() -> None:
    tested = made(dict.fromkeys(EIGHT, 1.0), clips=1)
    (step,) = verdict(tested, recorded=np.bincount(tested.labels)).steps
    assert step.startswith("Record at least 10 clips of each sign; 4 signs have fewer (book has 8")


def test_a_test_of_a_part_says_nothing_of_how_many_clips_there_are() -> None:
    tested = made(dict.fromkeys(EIGHT, 1.0), clips=1)
    assert not verdict(tested).steps
    assert not verdict(tested, recorded=np.full(4, 16)).steps


def test_one_answer_for_all_clips_is_no_confusion_of_two_signs() -> None:
    predictions = made(dict.fromkeys(EIGHT, 1.0))
    predictions.probabilities[:] = [0.7, 0.1, 0.1, 0.1]
    said = verdict(predictions)
    assert "It answers book to nearly every clip." in said.limits
    assert not any("as book" in text for text in said.limits)
    assert not any(step.startswith("Compare") for step in said.steps)


def test_duplicates_do_not_count() -> None:
    predictions = made({"a": 1.0, "b": 1.0, "c": 0.0})
    twice = np.array([signer != "c" for signer in predictions.signers])
    assert verdict(predictions, duplicates=twice).grade is Grade.GUESSING
    (said, *_) = verdict(predictions, duplicates=twice).audience
    assert said.endswith("With them the score would be 67 %, and a and b would be tested, too.")
    none = verdict(predictions, duplicates=np.ones(len(twice), bool))
    assert none.grade is Grade.UNTESTED
    assert "it is unknown" in none.result


def test_clips_of_your_choice_that_were_trained_on_do_not_count() -> None:
    predictions, where = made({"a": 1.0, "b": 1.0, "c": 0.0}), {"scored": "clips"}
    known = np.array([signer != "c" for signer in predictions.signers])
    said = verdict(predictions, where, known)
    assert said.grade is Grade.GUESSING
    assert f"{known.sum()} of {len(known)} clips do not count" in said.audience[0]
    assert "another name" not in said.audience[0]
    none = verdict(predictions, where, np.ones(len(known), bool))
    assert none.grade is Grade.UNTESTED
    assert "trained on all scored clips in clips" in none.result


def test_a_model_that_fails_on_its_own_clips_is_told() -> None:
    said = verdict(made(EIGHT), {"training_accuracy": 0.4})
    assert said.limits[0].startswith("It names only 40 % of its own training clips correctly")
    assert said.grade is Grade.GOOD
    assert not verdict(made(EIGHT), {"training_accuracy": 0.99}).limits


def test_a_low_score_of_a_model_that_has_learned_nothing_is_no_lack_of_clips() -> None:
    said = verdict(made({"a": 1.0}, clips=1, signs=SIGNS[:2]), {"training_accuracy": 0.4})
    assert said.grade is Grade.UNLEARNED
    assert said.steps[0].startswith("Train longer: give more --optimiser.epochs")


@settings(deadline=None)  # the first example may load scikit-learn
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=9),
    st.integers(1, 6),
    st.integers(2, 5),
)
def test_it_is_never_called_better_than_guessing_where_it_is_not(
    shares: list[float], clips: int, signs: int
) -> None:
    right = {f"p{i}": share for i, share in enumerate(shares)}
    predictions = made(right, clips, tuple("abcde"[:signs]))
    found, said = accuracy(predictions), verdict(predictions)
    if found.right <= found.guessing:
        assert said.grade is Grade.GUESSING
    if said.grade in (Grade.GOOD, Grade.FAIR, Grade.WEAK):
        assert found.right > found.guessing
    for text in (said.result, *said.audience, *said.limits, *said.steps):
        assert text[0].isupper()
        assert text.endswith((".", "?"))
        assert "nan" not in text
