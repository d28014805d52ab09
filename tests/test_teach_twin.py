"""teach.js gives what the numbers of its formulas are, and what signlet.teach gives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from math import exp, sqrt
from pathlib import Path
from typing import Any

import pytest

RUNNER = Path(__file__).parent / "teach_runner.mjs"
WEB = Path(__file__).parents[1] / "src" / "signlet" / "web"


def javascript(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """What node makes of all cases."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("SIGNLET_BROWSER") == "required":
            pytest.fail("SIGNLET_BROWSER=required, but node is not installed")
        pytest.skip("node is not installed")
    whole = [{"kept": [], "teaching": {}, "queries": []} | case for case in cases]
    ran = subprocess.run(
        [node, str(RUNNER), str(WEB)],
        input=json.dumps({"cases": whole}),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def example(sign: str, *embedding: float) -> dict[str, Any]:
    return {"sign": sign, "embedding": embedding}


def test_numbers_that_were_computed_by_hand() -> None:
    """Two directions, right and up: hello twice to the right, thanks once upwards."""
    examples = [example("hello", 1, 0), example("hello", 0.8, 0.6), example("thanks", 0, 1)]
    (result,) = javascript([{"examples": examples, "queries": [(1, 0), (-1, 0)]}])["results"]
    head, advice = result["head"], result["advice"]
    assert head["signs"] == ["hello", "thanks"]
    assert head["kept"] == 0
    assert head["prototypes"][0] == pytest.approx([3 / sqrt(10), 1 / sqrt(10)], abs=1e-12)
    assert head["prototypes"][1] == [0, 1]
    known, unknown = [0.8, 0.8], [0, 0.6, 1 / sqrt(10)]
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
    none = 1 / (1 + exp(-head["slope"] * (head["threshold"] - 3 / sqrt(10))))
    assert near["none"] == pytest.approx(none, abs=1e-12)
    first = (1 - none) / (1 + exp(-20 * 3 / sqrt(10)))
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
    assert [one["like"] for one in result["advice"]] == ["bye", "thanks", "hello", "hello"]


def test_a_taught_sign_takes_the_place_of_the_model_s_own() -> None:
    kept = [{"sign": "A", "prototype": (1, 0)}, {"sign": "B", "prototype": (0, 1)}]
    (result,) = javascript([{"kept": kept, "examples": [example("A", -1, 0)]}])["results"]
    head = result["head"]
    assert head["signs"] == ["B", "A"]
    assert head["kept"] == 1
    assert head["prototypes"] == [[0, 1], [-1, 0]]


def test_the_model_s_own_settings_are_used() -> None:
    teaching = {"known": 0.9, "unknown": 0.1, "spread": 0.5, "scale": 7}
    one = {"examples": [example("A", 1, 0)]}
    (result, bare) = javascript([one | {"teaching": teaching}, one])["results"]
    assert result["head"]["threshold"] == pytest.approx(0.5)
    assert result["head"]["slope"] == 10  # 3.2 is too little
    assert result["head"]["scale"] == 7
    assert bare["head"]["threshold"] == pytest.approx(0.6)
    assert bare["head"]["slope"] == pytest.approx(0.3 / 0.12**2)
