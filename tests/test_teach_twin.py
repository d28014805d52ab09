"""teach.js gives what the numbers of its formulas are, and what signlet.teach gives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signlet.modelfile import taught_fit as fit
from signlet.modelfile.float16 import as_text
from signlet.modelfile.taught import Example, Taught, own_prototypes
from signlet.modelfile.taught_fit import Examples, Expected, Similarities, fitted
from signlet.modelfile.taught_head import unit
from signlet_testing import PATIENCE

RUNNER = Path(__file__).parent / "teach_runner.mjs"
BY_HAND = {"known": 0.75, "unknown": 0.45, "spread": 0.12, "scale": 20}
WEB = Path(__file__).parents[1] / "src" / "signlet" / "web"


def javascript(
    cases: Sequence[dict[str, Any]] = (),
    numbers: Sequence[float] = (),
    cards: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """What node makes of cases to teach, of numbers to round, and of cards to read."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("SIGNLET_BROWSER") == "required":
            pytest.fail("SIGNLET_BROWSER=required, but node is not installed")
        pytest.skip("node is not installed")
    whole = [{"kept": [], "teaching": {}, "queries": []} | case for case in cases]
    ran = subprocess.run(
        [node, str(RUNNER), str(WEB)],
        input=json.dumps({"cases": whole, "numbers": list(numbers), "cards": list(cards)}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def example(sign: str, *embedding: float) -> dict[str, Any]:
    return {"sign": sign, "embedding": embedding}


def test_numbers_that_were_computed_by_hand() -> None:
    """Two directions, right and up: hello twice to the right, thanks once upwards."""
    examples = [example("hello", 1, 0), example("hello", 0.8, 0.6), example("thanks", 0, 1)]
    case = {"examples": examples, "queries": [(1, 0), (-1, 0)], "teaching": BY_HAND}
    (result,) = javascript([case])["results"]
    head, advice = result["head"], result["advice"]
    assert head["signs"] == ["hello", "thanks"]
    assert head["kept"] == 0
    assert head["prototypes"][0] == pytest.approx([3 / sqrt(10), 1 / sqrt(10)], abs=1e-12)
    assert head["prototypes"][1] == [0, 1]
    assert head["shown"] == [[[1, 0], [0.8, 0.6]], [[0, 1]]]
    known, unknown = [0.8, 0.8], [0, 0.6, (1 / sqrt(10) + 0.6) / 2]
    mean_known = (10 * 0.75 + sum(known)) / 12
    mean_unknown = (10 * 0.45 + sum(unknown)) / 13
    squares = sum((x - mean_known) ** 2 for x in known) + sum(
        (x - mean_unknown) ** 2 for x in unknown
    )
    variance = (10 * 0.12**2 + squares) / 15
    assert head["threshold"] == pytest.approx((mean_known + mean_unknown) / 2, abs=1e-12)
    assert head["slope"] == pytest.approx((mean_known - mean_unknown) / variance, abs=1e-9)
    assert head["scale"] == 20
    near, far = result["answers"]
    best = (3 / sqrt(10) + 1) / 2  # to the mean, to the nearest
    none = 1 / (1 + exp(-head["slope"] * (head["threshold"] - best)))
    assert near["none"] == pytest.approx(none, abs=1e-12)
    first = (1 - none) / (1 + exp(-20 * best))
    assert near["probabilities"] == pytest.approx([first, 1 - none - first], abs=1e-12)
    assert far["none"] > 0.99
    assert [one["own"] for one in advice] == [0.8, 0.8, None]
    assert [one["nearest"] for one in advice] == ["thanks", "thanks", "hello"]
    assert [one["like"] for one in advice] == [None, None, None]


def test_an_example_that_looks_like_another_sign() -> None:
    examples = [
        example("hello", 1, 0),
        example("hello", 0, 1),
        example("thanks", 0.6, 0.8),
        example("bye", 0.8, 0.6),
    ]
    (result,) = javascript([{"examples": examples}])["results"]
    assert [one["like"] for one in result["advice"]] == ["bye", "thanks", "bye", "thanks"]


def test_a_taught_sign_takes_the_place_of_the_model_s_own() -> None:
    kept = [{"sign": "A", "prototype": (1, 0)}, {"sign": "B", "prototype": (0, 1)}]
    (result,) = javascript([{"kept": kept, "examples": [example("A", -1, 0)]}])["results"]
    head = result["head"]
    assert head["signs"] == ["B", "A"]
    assert head["kept"] == 1
    assert head["prototypes"] == [[0, 1], [-1, 0]]
    assert head["shown"] == [[[0, 1]], [[-1, 0]]]


def test_the_model_s_own_settings_are_used() -> None:
    teaching = {"known": 0.9, "unknown": 0.1, "spread": 0.5, "scale": 7}
    one = {"examples": [example("A", 1, 0)]}
    (result, bare) = javascript([one | {"teaching": teaching}, one])["results"]
    assert result["head"]["threshold"] == pytest.approx(0.5)
    assert result["head"]["slope"] == 10  # 3.2 is too little
    assert result["head"]["scale"] == 7
    usual = Expected()
    assert bare["head"]["threshold"] == pytest.approx((usual.known + usual.unknown) / 2)
    assert bare["head"]["scale"] == usual.scale


# --- the same as Python --------------------------------------------------------------------


def random_case(seed: int) -> dict[str, Any]:
    """Examples around a centre a sign, more or less near; rows of the base's signs as well."""
    rng = np.random.default_rng(seed)
    width, kept, taught = 16, int(rng.integers(0, 4)), int(rng.integers(1, 6))
    centres = rng.normal(size=(kept + taught, width))
    apart = rng.choice([0.1, 0.7, 1.5])
    labels = np.repeat(np.arange(kept, kept + taught), rng.integers(1, 6, taught))
    rng.shuffle(labels)
    rows = unit(centres[labels] + apart * rng.normal(size=(len(labels), width)))
    return {
        "names": [f"own {i}" for i in range(kept)] + [f"taught {i}" for i in range(taught)],
        "labels": labels,
        "kept": unit(unit(centres[:kept]).astype(np.float16)),
        "rows": rows.astype(np.float16).astype(np.float64),
        "queries": unit(rng.normal(size=(5, width)) + centres[rng.integers(0, len(centres), 5)]),
        "teaching": {"known": 0.8, "scale": 12.5} if seed % 2 else {},
    }


def as_given(case: dict[str, Any]) -> dict[str, Any]:
    names = case["names"]
    own = zip(names, case["kept"].tolist(), strict=False)
    shown = zip(case["labels"], case["rows"].tolist(), strict=True)
    return {
        "kept": [{"sign": sign, "prototype": row} for sign, row in own],
        "examples": [{"sign": names[label], "embedding": row} for label, row in shown],
        "teaching": case["teaching"],
        "queries": case["queries"].tolist(),
    }


def test_everything_is_as_in_python() -> None:
    cases = [random_case(seed) for seed in range(40)]
    results = javascript([as_given(case) for case in cases])["results"]
    likes = 0
    for case, result in zip(cases, results, strict=True):
        examples = Examples(case["rows"], case["labels"], case["kept"])
        head = fitted(examples, Expected.read(case["teaching"]))
        assert result["head"]["signs"] == case["names"]
        assert result["head"]["kept"] == len(case["kept"])
        np.testing.assert_allclose(result["head"]["prototypes"], head.prototypes, atol=1e-9)
        assert flat(result["head"]["shown"]) == head.shown.tolist()
        for name in ("scale", "slope", "threshold"):
            assert result["head"][name] == pytest.approx(getattr(head, name), abs=1e-9)
        assert_answers(result["answers"], head, case["queries"])
        like = Similarities.of(examples).looks_like(head.threshold)
        names = [None if sign < 0 else case["names"][sign] for sign in like]
        assert [one["like"] for one in result["advice"]] == names
        likes += sum(name is not None for name in names)
    assert likes > 20


def flat(shown: list[list[list[float]]]) -> list[list[float]]:
    """The examples of all signs, one sign after the other."""
    return [row for rows in shown for row in rows]


def assert_answers(answers: list[dict[str, Any]], head: Any, queries: Any) -> None:
    probabilities, none = head.answers(np.array(queries))
    np.testing.assert_allclose([one["none"] for one in answers], none, atol=1e-9)
    theirs = np.array([one["probabilities"] for one in answers])
    np.testing.assert_allclose(theirs, probabilities, atol=1e-9)
    assert theirs.argmax(1).tolist() == probabilities.argmax(1).tolist()


def test_the_constants_are_those_of_python() -> None:
    theirs = javascript()["teaching"]
    assert theirs == {name: getattr(fit, name) for name in theirs}
    assert len(theirs) == 7


def test_half_precision_is_that_of_numpy() -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 0x3C00, 500).astype(np.uint16).view(np.float16).astype(np.float64)
    between = (bits[:-1] + bits[1:]) / 2
    ties = bits + np.spacing(bits.astype(np.float16)).astype(np.float64) / 2
    numbers = np.concatenate([bits, -bits, between, ties, rng.normal(size=500), [0.0, 1.0, -1.0]])
    expected = numbers.astype(np.float16).astype(np.float64)
    np.testing.assert_array_equal(javascript(numbers=numbers.tolist())["halves"], expected)


def taught_card(seed: int) -> tuple[dict[str, Any], Taught]:
    """A card as Python writes it, and what Python teaches."""
    case = random_case(seed)
    own = [*case["names"][: len(case["kept"])], "unused"]
    rows = np.vstack([case["kept"], unit(np.ones(16))]).astype(np.float16)
    kept = {sign: row for sign, row in own_prototypes(own, rows).items() if sign != "unused"}
    about = [Example(case["names"][label], "ada", "clip") for label in case["labels"]]
    taught = Taught.of(kept, about, case["rows"], Expected())
    card = {"signs": own, "embedding": 16, "prototypes": as_text(rows)}
    return card | {"taught": taught.as_json()}, taught


def test_a_taught_card_of_python_is_read() -> None:
    made = [taught_card(seed) for seed in range(10)]
    queries = [random_case(seed)["queries"] for seed in range(10)]
    cards = [
        {"card": card, "queries": asked.tolist()}
        for (card, _), asked in zip(made, queries, strict=True)
    ]
    for (_, taught), asked, read in zip(
        made, queries, javascript(cards=cards)["cards"], strict=True
    ):
        assert read["head"]["signs"] == list(taught.signs)
        assert read["head"]["kept"] == taught.kept
        np.testing.assert_allclose(read["head"]["prototypes"], taught.head.prototypes, atol=1e-9)
        np.testing.assert_allclose(flat(read["head"]["shown"]), taught.head.shown, atol=1e-9)
        assert_answers(read["answers"], taught.head, asked)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prototypes": "###"}, "prototypes are not base64"),
        ({"prototypes": "AAAA"}, "prototypes are not 2 times 16 numbers"),
        ({"embedding": None}, "prototypes are not 2 times null numbers"),
        ({"embedding": None, "prototypes": None}, "taught without an embedding"),
        ({"teaching": {"spread": 0}}, "teaching contains numbers that make no sense"),
        ({"taught": {"signs": ["a", "a"]}}, "it has no taught signs, or one of them twice"),
        ({"taught": {"kept": 9}}, "kept is 9"),
        ({"taught": {"slope": None}}, "slope is null"),
        ({"taught": {"examples": {"labels": [0]}}}, "its examples are not of its taught signs"),
    ],
)
def test_a_damaged_card_is_refused(change: dict[str, Any], said: str) -> None:
    card, _ = next(made for made in map(taught_card, range(99)) if made[1].kept == 1)
    taught = card["taught"] | change.get("taught", {})
    whole = card | change | {"taught": taught}
    (read,) = javascript(cards=[{"card": whole, "queries": []}])["cards"]
    assert read["error"] == f"model.onnx: is damaged ({said}); copy or export it again"
