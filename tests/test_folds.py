from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from signlet.errors import SignletError
from signlet.evaluation.folds import (
    KNOWN_SIGNERS_ONLY,
    NO_SIGN_IS_SHARED,
    FoldPlan,
    possible_folds,
    signer_folds,
)

FINGERSPELLING = (
    {"eso", "fsl", "gsg", "ise", "lls"},
    {"mfs", "ssp", "swl", "tsm"},
    {"ase", "bzs", "psr", "sgg"},
    {"asq", "cse", "csq", "svk"},
)
"""The held-out sign languages of each fold: every published figure of ours rests on them."""


def fingerspelling_letters() -> tuple[list[int], list[str]]:
    """Label and sign language of the 436 letter clips, in the order of the lexicon's index."""
    spec = importlib.util.find_spec("spoken_to_signed")
    if spec is None or spec.origin is None:
        pytest.skip("spoken-to-signed is not installed (signlet[demo])")
    index = Path(spec.origin).parent / "assets" / "fingerspelling_lexicon" / "index.csv"
    with index.open(encoding="utf-8", newline="") as file:
        rows = [(row["glosses"].upper(), row["signed_language"]) for row in csv.DictReader(file)]
    letters = [(ord(g) - ord("A"), s) for g, s in rows if len(g) == 1 and "A" <= g <= "Z"]
    return [label for label, _ in letters], [signer for _, signer in letters]


def even_clips(signers: list[str], signs: int = 3) -> tuple[list[int], list[str]]:
    """One clip of each sign by each signer."""
    return [s for _ in signers for s in range(signs)], [
        who for who in signers for _ in range(signs)
    ]


def held_out_groups(plan: FoldPlan, signers: list[str]) -> list[set[str]]:
    return [{signers[i] for i in plan.held_out(k)} for k in range(plan.folds.max() + 1)]


def test_fingerspelling_folds_are_those_of_every_figure() -> None:
    labels, signers = fingerspelling_letters()
    plan = signer_folds(labels, signers)
    assert len(plan.folds) == 436
    assert held_out_groups(plan, signers) == list(FINGERSPELLING)
    assert (plan.grouped, plan.note) == (True, "")


def test_numbered_signers_are_ordered_as_numbers() -> None:
    numbers = np.random.default_rng(0).permutation(np.repeat([5, 40, 100, 2044, 16069, 62590], 9))
    labels = np.random.default_rng(1).integers(0, 3, len(numbers))
    splitter = StratifiedGroupKFold(3, shuffle=True, random_state=42)
    expected = np.empty(len(numbers), dtype=np.int64)
    for fold, (_, rows) in enumerate(splitter.split(labels, labels, numbers)):
        expected[rows] = fold
    by_text = np.unique(numbers.astype(str), return_inverse=True)[1]
    assert not np.array_equal(by_text, np.unique(numbers, return_inverse=True)[1])
    assert np.array_equal(signer_folds(labels, [str(n) for n in numbers], 3).folds, expected)


@settings(max_examples=40, deadline=None)
@given(
    clips=st.lists(st.tuples(st.integers(-1, 3), st.sampled_from("abcdef")), min_size=1),
    folds=st.integers(2, 4),
    seed=st.integers(0, 5),
)
def test_no_signer_on_both_sides_and_every_fold_used_or_refused(
    clips: list[tuple[int, str]], folds: int, seed: int
) -> None:
    labels, signers = [c[0] for c in clips], [c[1] for c in clips]
    try:
        plan = signer_folds(labels, signers, folds, seed)
    except SignletError:
        return
    assert np.array_equal(plan.folds < 0, np.array(labels) < 0)
    for fold in range(folds):
        held_out, training = plan.held_out(fold), plan.training(fold)
        assert len(held_out)
        assert sorted([*held_out, *training]) == [i for i, x in enumerate(labels) if x >= 0]
        if plan.grouped:
            assert not {signers[i] for i in held_out} & {signers[i] for i in training}


def test_order_of_clips_is_irrelevant() -> None:
    labels, signers = even_clips(list("abcdefgh"))
    order = np.random.default_rng(3).permutation(len(labels))
    shuffled = signer_folds([labels[i] for i in order], [signers[i] for i in order])
    assert np.array_equal(shuffled.folds, signer_folds(labels, signers).folds[order])


def test_another_seed_gives_other_folds() -> None:
    labels, signers = even_clips(list("abcdefgh"))
    plans = {tuple(signer_folds(labels, signers, seed=seed).folds) for seed in range(5)}
    assert len(plans) > 1


def test_no_fold_is_empty_where_stratifying_leaves_one_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def all_in_one(*_: object) -> list[tuple[list[int], list[int]]]:
        return [([], list(range(len(labels)))), (list(range(len(labels))), [])]

    labels, signers = even_clips(list("abc"))
    monkeypatch.setattr(StratifiedGroupKFold, "split", all_in_one)
    plan = signer_folds(labels, signers, 2)
    assert sorted(len(group) for group in held_out_groups(plan, signers)) == [1, 2]
    assert "balanced by clips, not by sign" in plan.note


@pytest.mark.parametrize("signer", ["", "only one"])
def test_without_signers_the_estimate_is_called_one_for_known_signers(signer: str) -> None:
    labels = [0, 1] * 8
    plan = signer_folds(labels, [signer] * 16)
    assert not plan.grouped
    assert plan.note == KNOWN_SIGNERS_ONLY
    counts = [np.bincount(np.array(labels)[plan.held_out(k)]).tolist() for k in range(4)]
    assert counts == [[2, 2]] * 4


def test_signers_of_whom_no_two_show_the_same_sign_cannot_be_held_out() -> None:
    labels, signers = [0, 0, 1, 1], ["a", "a", "b", "b"]
    plan = signer_folds(labels, signers, 2)
    assert not plan.grouped
    assert plan.note == NO_SIGN_IS_SHARED
    assert sorted(labels[i] for i in plan.held_out(0)) == [0, 1]


@pytest.mark.parametrize(
    ("labels", "signers", "possible"),
    [
        (*even_clips(list("abcdef")), 4),
        (*even_clips(list("abc")), 3),
        (*even_clips(["a", "b", ""]), 3),
        ([0, 1] * 3, ["a"] * 6, 3),
        ([0, 1] * 9, [""] * 18, 4),
        ([0, 0, 0, 1, 1, 2], ["a"] * 6, 2),
        ([0, 0, 0, 1], ["a"] * 4, 0),
        ([0, 1, 2], list("abc"), 0),
        ([-1, -1], list("ab"), 0),
        ([], [], 0),
    ],
)
def test_as_many_folds_as_the_clips_allow(
    labels: list[int], signers: list[str], possible: int
) -> None:
    assert possible_folds(labels, signers, 4) == possible


@settings(max_examples=60, deadline=None)
@given(clips=st.lists(st.tuples(st.integers(-1, 3), st.sampled_from(["", "a", "b", "c"]))))
def test_possible_folds_can_be_made(
    clips: list[tuple[int, str]],
) -> None:
    labels, signers = [c[0] for c in clips], [c[1] for c in clips]
    possible = possible_folds(labels, signers, 4)
    if possible:
        plan = signer_folds(labels, signers, possible)
        assert len(set(plan.folds) - {-1}) == possible >= 2


def test_clips_of_unknown_signers_stay_together_and_are_told() -> None:
    labels, signers = even_clips(["a", "b", "c", ""])
    plan = signer_folds(labels, [who or None for who in signers], 2)
    assert plan.grouped
    assert len({plan.folds[i] for i, who in enumerate(signers) if not who}) == 1
    assert "3 of 12 clips have no signer" in plan.note


def test_clips_of_unknown_sign_take_no_part() -> None:
    labels, signers = even_clips(list("abcdef"))
    plan = signer_folds([-1, *labels[1:]], signers, 2)
    assert plan.folds[0] == -1
    assert 0 not in np.concatenate([plan.training(0), plan.held_out(0)])
    assert "1 clip without a sign is not used" in plan.note


def test_a_sign_of_one_signer_is_told() -> None:
    labels, signers = even_clips(list("abcd"))
    plan = signer_folds([*labels, 3, 3], [*signers, "a", "a"], 2)
    assert plan.note == (
        "when a model is tested, all clips of 1 sign are left out of its training at once, so it "
        "cannot know this sign; let more people record it"
    )


@pytest.mark.parametrize(
    ("labels", "signers", "folds", "says"),
    [
        ([0, 1, 0, 1, 0, 1], list("aabbcc"), 4, "no sign has more than 3"),
        ([0, 1] * 4, list("aabbccaa"), 4, "3 signers are too few for 4 folds; set num_folds to 3"),
        ([0, 0, 0, 0], list("abcd"), 2, "at least two signs"),
        ([-1, -1], list("ab"), 2, "show no known sign"),
        ([], [], 2, "show no known sign"),
        ([0, 1] * 4, list("abcdefgh"), 1, "set num_folds to 2 or more"),
        ([0, 1, 2, 3], list("abcd"), 2, "add recordings of each sign"),
    ],
)
def test_impossible_folds_are_refused_with_a_remedy(
    labels: list[int], signers: list[str], folds: int, says: str
) -> None:
    with pytest.raises(SignletError, match=says) as caught:
        signer_folds(labels, signers, folds)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fold", [-1, 4, 99])
def test_a_fold_that_does_not_exist_is_refused(fold: int) -> None:
    plan = signer_folds(*even_clips(list("abcdefgh")))
    with pytest.raises(SignletError, match="the folds are 0 to 3"):
        plan.training(fold)
