"""The report of a run: complete, self-contained, true to the predictions, safe for any name."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from signlet.errors import SignletError
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.scores import Predictions, by_sign, by_signer, score
from signlet.pack import PackedSet
from signlet.printable import UNPRINTED
from signlet.report import write_report
from signlet.text.percent import percent
from signlet_testing.reports import (
    NASTY,
    Page,
    make_run,
    models,
    packed,
    page,
    parse,
    predicted,
    text,
)

__all__ = ["models", "packed", "page", "text"]


# --- one self-contained, accessible page ----------------------------------------------------


def test_page_asks_for_nothing_from_outside(text: str, page: Page) -> None:
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\((?!#)", text)
    links = [a[k] for _, a in page.tags for k in ("src", "href", "data") if k in a]
    assert links
    assert all(link.startswith("#") for link in links)
    assert "link" not in {tag for tag, _ in page.tags}


def test_links_within_the_page_lead_somewhere_and_ids_are_unique(page: Page) -> None:
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for _, a in page.tags if "href" in a}
    assert {"result", "training", "signers", "signs", "confusions", "clips"} <= targets <= set(ids)


def test_page_is_operable_and_described(page: Page) -> None:
    assert ("html", {"lang": "en"}) in page.tags
    assert all("scope" in a for tag, a in page.tags if tag == "th")
    for tag, attributes in page.tags:
        scrolls = "scroll" in (attributes.get("class") or "").split()
        if scrolls:
            assert attributes.get("tabindex") == "0"
        if tag in ("canvas", "input") or scrolls or attributes.get("class") == "play":
            assert attributes["aria-label"]
    plots = [a for tag, a in page.tags if tag == "svg"]
    assert len(plots) == 4  # accuracy, loss, learning rate, confusion; consistency is empty
    assert all(a["aria-hidden"] == "true" for a in plots)
    groups = [a["aria-label"] for tag, a in page.tags if tag == "figure" and "role" in a]
    assert len(groups) == 4


def test_no_figure_styles_the_page_around_it(text: str) -> None:
    assert text.count("<style") == 1
    assert "#0a0b0" not in text


# --- the numbers ----------------------------------------------------------------------------


def precise(value: float) -> str:
    return percent(value, 1)


def test_results_are_the_scores_without_duplicates(
    page: Page, models: dict[str, Predictions], packed: PackedSet
) -> None:
    for name, predictions in models.items():
        s = score(predictions.select(~trained_duplicates(predictions, packed)))
        cells = page.row(name)
        interval = f"{precise(s.low)} to {precise(s.high)}"
        assert cells[1:3] == [precise(s.top1), interval]
        values = (s.balanced_accuracy, s.macro_f1, s.calibration_error)  # three signs, no top-5
        assert cells[3:] == [precise(value) for value in values]


def test_signers_and_signs_are_counted_without_duplicates(
    page: Page, models: dict[str, Predictions], packed: PackedSet
) -> None:
    duplicates = trained_duplicates(models["soup"], packed)
    assert duplicates.any()
    soup = models["soup"].select(~duplicates)
    for row in by_signer(soup).to_pylist():
        cells = page.row(row["signer"])
        assert cells[1:3] == [str(row["clips"]), percent(row["top1"])]
    for row in by_sign(soup).to_pylist():
        assert page.row(row["sign"])[1:3] == [str(row["clips"]), percent(row["top1"])]


def test_header_names_the_run(text: str) -> None:
    for wanted in ("<h1>tiny</h1>", "<dd>made</dd>", "<dd>9.8.7</dd>", "<dd>10 (", "<dd>3</dd>"):
        assert wanted in text


def test_names_are_shown_as_text(text: str, page: Page) -> None:
    assert "<script>alert" not in text
    assert page.row(NASTY)
    assert page.row("$x_1$")
    assert len([tag for tag, _ in page.tags if tag == "script"]) == 2


WORSE = (
    *(
        "</script><script>alert(1)</script>",
        "<!--",
        "-->",
        "]]>",
        "</title><img src=x onerror=a()>",
    ),
    *("javascript:alert(1)", "\" onmouseover='a()' x=\"", "{{ 7 * 7 }}", "{% raw %}", "&lt;b&gt;"),
    *("_hidden", "$\\frac{", "\\", "font-family: x", "#0a0b01", ' id="main"', "@@label@@"),
    *("a\u200db", "x" * 100, "空" * 80),
)


def test_names_of_every_kind_are_shown_as_text(tmp_path: Path) -> None:
    run = make_run(tmp_path / "<b>&", {"soup": predicted(60, tuple(map(str.strip, WORSE)))})
    config = {"name": WORSE[0], "source": WORSE[5], "split_note": WORSE[4]}
    (run / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    text = write_report(run, None).read_text(encoding="utf-8")
    page = parse(text)
    for name in map(str.strip, WORSE):
        assert page.row(name)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [1 for _, given in page.tags for name in given if name.startswith("on")]
    assert not [1 for _, given in page.tags if str(given.get("href")).startswith("javascript")]
    labels = [html.unescape(one) for one in re.findall(r"<text[^>]*>([^<]*)</text>", text)]
    assert {name for name in map(str.strip, WORSE) if len(name) < 15} <= set(labels)


def test_names_of_a_stranger_do_not_turn_the_page_around(tmp_path: Path) -> None:
    soup = predicted()
    bad = replace(soup, signers=[f"s{number}\u202e\x1b[2J" for number in range(12)])
    with pytest.raises(SignletError, match="is not a name for a clip or a signer") as refused:
        write_report(make_run(tmp_path / "run\u202e", {"soup": bad}), None)
    assert not UNPRINTED.search(str(refused.value))


def test_two_folds_are_averaged(text: str) -> None:
    assert "3 epochs in each of 2 folds, 12 s of training" in text


def test_many_signs_stay_small(tmp_path: Path) -> None:
    signs = tuple(f"sign number {i}" for i in range(250))
    soup = predicted(1000, signs, signers=20)
    text = write_report(make_run(tmp_path / "big", {"soup": soup}), None).read_text()
    assert len(text) < 500_000
    assert "data:image/png" in text
    page = parse(text)
    assert sum(row[0].startswith("sign number") for row in page.rows if row) >= 250
    assert "none can be shown" in text


def test_a_run_without_a_test_has_a_page_that_says_so(
    tmp_path: Path, models: dict[str, Predictions], packed: PackedSet
) -> None:
    run = make_run(tmp_path / "untested", models)
    (run / "predictions.parquet").unlink()
    (run / "config.json").write_text(json.dumps({"about": {"trained_on": "all clips"}}))
    text = write_report(run, packed).read_text(encoding="utf-8")
    parse(text)
    assert "Not tested" in text
    assert "No clip was tested" in text
    assert 'id="confusions"' not in text
