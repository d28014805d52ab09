"""The report of a run: complete, self-contained, true to the predictions, safe for any name."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.scores import Predictions, by_sign, by_signer, score, write_predictions
from signlet.files import atomic
from signlet.landmarks import LEFT_HAND, NUM_RAW
from signlet.pack import PackedSet, pack
from signlet.printable import UNPRINTED
from signlet.report import write_report
from signlet.report.content import warnings
from signlet.report.plots import confusion_plot, learning_curves
from signlet.report.skeleton import (
    MAX_FRAMES,
    NOT_FOUND,
    RAW,
    SELECTED,
    Moving,
    player_data,
    thinned,
    upright,
    view_box,
)
from signlet.runs.metrics import read_curves
from signlet.sources import ClipRef

NASTY = "<script>alert('a & b')</script>"
SIGNS = (NASTY, "$x_1$", "thank you")
VOID = {"meta", "input", "br", "link", "img", "path", "use", "image", "rect", "stop"}
COLUMNS = (
    "fold,epoch,seconds,clips_per_second,learning_rate,loss_student,loss_distilled,"
    "consistency_student,consistency_distilled,accuracy_student,accuracy_teacher,"
    "accuracy_distilled"
)


@dataclass(frozen=True)
class Made:
    """A source of 12 made clips; the last is a duplicate of the first under another signer."""

    name: str = "made"
    signs: tuple[str, ...] = SIGNS

    def refs(self) -> list[ClipRef]:
        numbers = range(12)
        return [ClipRef(f"c{i}", Path(f"{i}"), SIGNS[i % 3], f"s{i // 3}") for i in numbers]

    def read(self, ref: ClipRef) -> Clip:
        number = int(ref.path.name) % 11
        frames = np.random.default_rng(number).random((8, NUM_RAW, 3), np.float32)
        frames[:, LEFT_HAND] = np.nan
        return Clip(frames, ref.name, ref.sign, ref.signer, 25.0)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    return pack(Made(), tmp_path_factory.mktemp("set") / "packed", 25, jobs=1)


def predicted(
    clips: int = 12, signs: tuple[str, ...] = SIGNS, seed: int = 0, signers: int = 4
) -> Predictions:
    rng = np.random.default_rng(seed)
    labels = np.arange(clips) % len(signs)
    logits = rng.normal(size=(clips, len(signs)))
    logits[np.arange(clips), labels] += 1.5
    odds = np.exp(logits)
    who = np.arange(clips) * signers // clips
    return Predictions(
        [f"c{i}" for i in range(clips)],
        [f"s{s}" for s in who],
        labels,
        (odds / odds.sum(1, keepdims=True)).astype(np.float32),
        who % 2,
        signs,
    )


def make_run(folder: Path, models: dict[str, Predictions], folds: tuple[int, ...] = (0, 1)) -> Path:
    folder.mkdir()
    write_predictions(folder / "predictions.parquet", models)
    rows = [
        f"{fold},{epoch},2,100,{epoch}e-4,{3 / epoch},{4 / epoch},,,{epoch / 10},0.5,{epoch / 20}"
        for fold in folds
        for epoch in (1, 2, 3)
    ]
    (folder / "metrics.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")
    (folder / "config.yaml").write_text("signlet: 9.8.7\nname: tiny\nsource: made\n")
    return folder


@dataclass
class Page(HTMLParser):
    """Elements, attributes and texts of a page; fails where tags are not closed in order."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.rows and self.open and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data.strip().replace("\N{NO-BREAK SPACE}", " ")

    def row(self, name: str) -> list[str]:
        found = [row for row in self.rows if row and row[0].startswith(name)]
        assert found, f"no row {name}"
        return found[0]


def parse(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


@pytest.fixture(scope="module")
def models() -> dict[str, Predictions]:
    names = ("student", "teacher", "distilled", "soup")
    return {name: predicted(seed=i) for i, name in enumerate(names)}


@pytest.fixture(scope="module")
def text(
    models: dict[str, Predictions], packed: PackedSet, tmp_path_factory: pytest.TempPathFactory
) -> str:
    run = make_run(tmp_path_factory.mktemp("runs") / "tiny", models)
    path = write_report(run, packed)
    assert path == run / "report.html"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return parse(text)


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


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def test_results_are_the_scores(page: Page, models: dict[str, Predictions]) -> None:
    for name, predictions in models.items():
        s = score(predictions)
        cells = page.row(name)
        interval = f"{percent(s.low)} to {percent(s.high)}"
        assert cells[1:3] == [percent(s.top1), interval]
        values = (s.top5, s.balanced_accuracy, s.macro_f1, s.calibration_error)
        assert cells[4:] == [percent(value) for value in values]


def test_signers_signs_and_mistakes_are_counted(page: Page, models: dict[str, Predictions]) -> None:
    soup = models["soup"]
    for row in by_signer(soup).to_pylist():
        cells = page.row(row["signer"])
        assert cells[1:3] + cells[4:] == [
            str(row["clips"]),
            *map(percent, (row["top1"], row["top5"])),
        ]
    for row in by_sign(soup).to_pylist():
        assert page.row(row["sign"])[1:3] == [str(row["clips"]), percent(row["top1"])]


def test_header_names_the_run(text: str) -> None:
    for wanted in ("<h1>tiny</h1>", "<dd>made</dd>", "<dd>9.8.7</dd>", "<dd>12</dd>", "<dd>3</dd>"):
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
    with pytest.raises(SignletError, match="no clip's or signer's name") as refused:
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
    assert "no clip can be shown" in text


# --- figures --------------------------------------------------------------------------------


def test_confusion_cells_carry_the_counts() -> None:
    matrix = np.array([[7, 0, 2], [0, 31, 0], [1, 0, 0]])
    picture = confusion_plot(matrix, SIGNS)
    texts = re.findall(r">([^<>]+)</text>", picture.svg)
    assert sorted(t for t in texts if t.isdigit()) == ["1", "2", "31", "7"]
    assert picture.text.startswith("38 of 41 ")
    assert "&lt;script&gt;" in picture.svg
    assert "var(--accent)" in picture.svg


def test_confusion_without_any_clip_of_a_sign() -> None:
    picture = confusion_plot(np.zeros((500, 500), np.int64), tuple(map(str, range(500))))
    assert "data:image/png" in picture.svg


def test_curve_of_one_epoch_is_a_point() -> None:
    one = {0: {"epoch": np.array([1.0]), "accuracy_student": np.array([0.5])}}
    (picture,) = learning_curves(one)
    assert picture.text == "Last epoch: 50%."


def test_later_line_of_an_epoch_counts_and_empty_cells_are_unknown(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("fold,epoch,loss_student\n1,2,5\n1,1,9\n1,2,4\n0,1,\n")
    curves = read_curves(path)
    assert list(curves) == [0, 1]
    assert curves[1]["loss_student"].tolist() == [9, 4]
    assert np.isnan(curves[0]["loss_student"]).all()


# --- warnings -------------------------------------------------------------------------------


def test_no_warning_on_many_signers_in_all_folds() -> None:
    assert warnings(predicted(40, signers=20)) == []


@pytest.mark.parametrize(
    ("signers", "folds", "words"),
    [
        ([""] * 12, [0, 1], "people they were trained on"),
        (["", *"abcdefghijk"], [0, 1], "signer of 1 of 12 clips is unknown"),
        (list("aaabbbcccddd"), [0, 1], "Only 4 signer groups"),
        (list("abababababab"), [0, 1], "Every signer was trained on"),
        (list("abcdefghijkl"), [3, 3], "Only one fold"),
    ],
)
def test_doubtful_tests_are_named(signers: list[str], folds: list[int], words: str) -> None:
    p = predicted()
    held_out = np.repeat(folds, 6)
    tested = Predictions(p.names, signers, p.labels, p.probabilities, held_out, p.signs)
    (warning,) = warnings(tested)
    assert words in warning


def test_held_out_duplicates_of_trained_clips_are_found(packed: PackedSet, text: str) -> None:
    both = predicted()  # c0 is held out in fold 0, its duplicate c11 in fold 1
    assert np.flatnonzero(trained_duplicates(both, packed)).tolist() == [0, 11]
    assert "2 of 12 held-out clips are duplicates" in text
    together = Predictions(
        both.names, both.signers, both.labels, both.probabilities, np.zeros(12, int), SIGNS
    )
    assert not trained_duplicates(together, packed).any()
    assert trained_duplicates(together.select([11]), packed).tolist() == [True]


# --- skeletons ------------------------------------------------------------------------------


def skeletons(text: str) -> dict:
    (found,) = re.findall(r'<script type="application/json" id="skeletons">(.*?)</script>', text)
    return json.loads(found)


def decode(data: dict, index: int) -> np.ndarray:
    clip = data["clips"][index]
    values = np.frombuffer(base64.b64decode(clip["data"]), "<u2")
    return values.reshape(clip["frames"], data["points"], 2)


def test_right_and_wrong_clips_move(
    text: str, page: Page, packed: PackedSet, models: dict[str, Predictions]
) -> None:
    data = skeletons(text)
    figures = [a for tag, a in page.tags if tag == "figure" and a.get("class") == "clip"]
    assert [a["data-clip"] for a in figures] == [str(i) for i in range(len(data["clips"]))]
    soup = models["soup"]
    right = int((soup.probabilities.argmax(1) == soup.labels).sum())
    assert len(figures) == min(6, right) + min(6, 12 - right)
    assert "read right" in text
    assert "read as" in text
    assert data["clips"][0]["rate"] == 25.0


def test_points_keep_their_place_and_missing_ones_stay_missing(packed: PackedSet) -> None:
    frames = np.array(packed.frames[:8])
    data = json.loads(player_data([Moving(frames, 10.0)], SELECTED))
    values = decode(data, 0)
    drawn = upright(frames, SELECTED)[:, SELECTED.points()]
    missing = np.isnan(drawn)
    assert missing.any()
    assert np.array_equal(values == NOT_FOUND, missing)
    left, top, side = view_box(upright(frames, SELECTED), SELECTED)
    back = (values / 65534 * 3 - 1) * side + np.array([left, top])
    assert np.allclose(back[~missing], drawn[~missing], atol=3 * side / 65534)


def test_edges_join_the_points_that_they_name() -> None:
    data = json.loads(player_data([], SELECTED))
    used = SELECTED.points()
    for part, edges in SELECTED.edges.items():
        assert np.array_equal(used[np.array(data["edges"][part])], edges)


@given(st.floats(0.5, 2.0))
def test_a_squashed_person_is_made_upright(squash: float) -> None:
    frames = np.full((3, NUM_RAW, 3), np.nan, np.float32)
    top, chin, right, left = RAW.face
    frames[:, [top, chin], :2] = [[0.5, 0.2], [0.5, 0.2 + 0.121]]
    frames[:, [right, left], :2] = [[0.45, 0.26], [0.55, 0.26]]
    true = frames[..., :2].copy()
    frames[..., 0] *= squash
    assert np.allclose(upright(frames, RAW), true, atol=1e-5, equal_nan=True)


def test_view_of_nothing_and_of_one_point_is_a_square() -> None:
    nothing = np.full((2, NUM_RAW, 2), np.nan, np.float32)
    assert view_box(nothing, RAW) == (0.0, 0.0, 1.0)
    nothing[1, 500] = 0.4
    assert view_box(nothing, RAW)[2] > 0


@given(st.integers(1, 5000))
def test_long_clips_are_thinned_out_and_keep_their_duration(total: int) -> None:
    clip = thinned(Moving(np.zeros((total, 1, 2), np.float32), 30.0))
    assert 1 <= len(clip.points) <= MAX_FRAMES
    assert len(clip.points) / clip.rate == pytest.approx(total / 30, rel=0.02, abs=1)


# --- what can go wrong ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["predictions.parquet", "metrics.csv", "config.yaml"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe{", b"a\nb: ["])
def test_missing_or_broken_files_are_named(
    tmp_path: Path, name: str, content: bytes | None, models: dict[str, Predictions]
) -> None:
    run = make_run(tmp_path / "run", models)
    (run / name).unlink()
    if content is not None:
        (run / name).write_bytes(content)
    with pytest.raises(SignletError, match=re.escape(name)) as caught:
        write_report(run, None)
    assert "\n" not in str(caught.value)
    assert not (run / "report.html").exists()


def test_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(SignletError, match="no such run folder"):
        write_report(tmp_path / "none", None)


def test_training_without_epochs_has_no_curves(
    tmp_path: Path, models: dict[str, Predictions]
) -> None:
    run = make_run(tmp_path / "run", models, folds=())
    assert 'id="training"' not in write_report(run, None).read_text()


def test_a_full_disk_leaves_the_old_report(
    tmp_path: Path, models: dict[str, Predictions], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / "run", models, folds=())
    (run / "report.html").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "replace", full)
    before = sorted(p.name for p in run.iterdir())
    with pytest.raises(SignletError, match=r"report\.html.*No space left"):
        write_report(run, None)
    assert (run / "report.html").read_text() == "old"
    assert sorted(p.name for p in run.iterdir()) == before
