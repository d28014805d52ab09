"""The few-shot benchmark: its episodes keep apart what they must, and its sums are right."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from benchmarks import environment
from benchmarks.teaching import few_shot
from benchmarks.teaching.few_shot_data import Clips, Integers, read_clips
from benchmarks.teaching.few_shot_measure import measure
from benchmarks.teaching.few_shot_methods import NearestExample, NearestMean, Reading
from benchmarks.teaching.few_shot_plan import (
    OTHERS,
    REJECTION,
    SAME,
    Episode,
    Plan,
    Setting,
    settings,
)
from benchmarks.teaching.few_shot_report import BEGIN, END, read_results, table, write_docs
from signlet.sources import write_clip
from signlet_testing.clips import Synthetic

COLUMNS = ["encoder", "data", "setting", "examples", "measure", "value", "low", "high"]
COLUMNS += ["signers", "signs", "clips", "draws", "saw_words", "saw_signers"]
PLAN = Plan((1, 2), 2, 0)
SOURCE = Synthetic(signers=5, takes=4)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both sets of words; one signer is in both, one is free."""
    shared = tmp_path_factory.mktemp("shared")
    for name, prefix in (("webcam", "s"), ("words", "n")):
        for ref in SOURCE.refs():
            who = ref.signer if ref.signer == "s4" else f"{prefix}{ref.signer}"
            take = ref.name.split("_")[1]
            write_clip(SOURCE.read(ref), shared / name / str(ref.sign) / f"{who}_{take}.npz")
    (shared / "words" / "free-groups.txt").write_text("ns0\n")
    return shared


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command writes."""
    monkeypatch.setattr(environment, "WRITTEN", tmp_path)
    monkeypatch.setattr(few_shot, "WRITTEN", tmp_path)
    monkeypatch.setattr(few_shot, "PAGE", tmp_path / "teach.md")
    (tmp_path / "teach.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    return tmp_path


def clips(signers: int = 4, takes: int = 3, name: str = "webcam") -> Clips:
    source = Synthetic(signers=signers, takes=takes)
    return Clips.of(name, source, source.refs())  # type: ignore[arg-type]


# --- the command ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_writes_table_page_and_pictures(
    teachable: Path, shared: Path, results: Path
) -> None:
    arguments = ["--encoder", f"tiny={teachable}", "--saw-words", "tiny=webcam", "--no-compare"]
    arguments += ["--data", "webcam", "words", "--shared", str(shared), "--draws", "2", "--docs"]
    arguments += ["--work", str(results / "work")]
    few_shot.main(arguments)
    first = read_results(results / "few_shot.csv")
    assert list(first[0])[: len(COLUMNS)] == COLUMNS
    assert {"cpu", "numpy", "date"} <= set(first[0])
    assert {row["setting"] for row in first} >= {SAME, OTHERS, REJECTION}
    assert {row["data"]: row["saw_words"] for row in first} == {"webcam": "yes", "words": "no"}
    for row in first:
        assert 0 <= float(row["low"]) <= float(row["high"]) <= 1, row
    page = (results / "teach.md").read_text()
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert table(first) in page
    assert "old" not in page
    assert (results / "few_shot.png").stat().st_size > 0
    picture = (results / "few_shot.svg").read_bytes()
    few_shot.main(arguments)
    assert read_results(results / "few_shot.csv") == first
    assert (results / "few_shot.svg").read_bytes() == picture
    assert (results / "teach.md").read_text() == page


def test_the_plain_methods_answer_too(tmp_path: Path, shared: Path) -> None:
    pytest.importorskip("dtaidistance")
    webcam = read_clips("webcam", shared)
    rows = few_shot.run({}, [webcam], PLAN, tmp_path)
    same = {row["encoder"]: row["value"] for row in rows if row["setting"] == SAME}
    assert list(same) == ["landmarks, nearest mean", "hands, time warping"]
    assert few_shot.run({}, [webcam], PLAN, tmp_path) == rows


def test_words_are_of_people_whom_no_encoder_has_seen(shared: Path) -> None:
    assert set(read_clips("words", shared).signers) == {"ns1", "ns2", "ns3"}


def test_arguments_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--encoder", "a"], ["--encoder", "a=b", "--saw-words", "c=webcam"]):
        with pytest.raises(SystemExit):
            few_shot.parse(arguments)
    assert "'c' is not an --encoder" in capsys.readouterr().err


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n")
    with pytest.raises(SystemExit, match="few_shot: begin"):
        write_docs([], page)
    assert page.read_text() == "text\n"


def test_the_docs_say_what_the_results_are() -> None:
    page = few_shot.PAGE.read_text(encoding="utf-8")
    with (environment.RESULTS / "few_shot.csv").open() as file:
        assert table(list(csv.DictReader(file))) in page


# --- episodes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["webcam", "letters"])
def test_nothing_is_shown_and_tested(name: str) -> None:
    made = clips(5, 5 if name == "webcam" else 1, name)
    found = settings(made, PLAN)
    assert {setting.name for setting in found} >= {REJECTION}
    for setting in found:
        for episode in setting.episodes:
            asked = np.concatenate([episode.tested, episode.unknown])
            shown = set(made.labels[episode.shown])
            assert not set(episode.shown) & set(asked)
            assert set(made.labels[episode.tested]) <= shown
            assert not set(made.labels[episode.unknown]) & shown
            if setting.name not in (SAME, REJECTION):
                assert not set(made.signers[episode.shown]) & set(made.signers[asked])


def test_each_sign_of_a_signer_has_its_examples() -> None:
    made = clips(3, 5)
    (setting,) = (s for s in settings(made, PLAN) if (s.name, s.examples) == (SAME, 2))
    assert len(setting.episodes) == 3 * PLAN.draws
    for episode in setting.episodes:
        assert len(set(made.signers[[*episode.shown, *episode.tested]])) == 1
        assert np.bincount(made.labels[episode.shown]).tolist() == [2, 2, 2]
        assert np.bincount(made.labels[episode.tested]).tolist() == [3, 3, 3]


def test_draws_depend_on_the_seed_only() -> None:
    def drawn(seed: int) -> list[list[int]]:
        found = settings(clips(4, 5), replace(PLAN, seed=seed))
        return [episode.shown.tolist() for setting in found for episode in setting.episodes]

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


# --- sums -------------------------------------------------------------------------------------


class Fixed:
    """Says what it is told of each clip."""

    name = "fixed"

    def __init__(self, said: Integers, best: np.ndarray) -> None:
        self.said, self.best = said, best

    def read(self, examples: Integers, labels: Integers, tested: Integers) -> Reading:
        return Reading(self.said[tested], self.best[tested], self.best[tested] < 0.5)


def test_figures_are_those_of_scikit_learn() -> None:
    made, rng = clips(4, 3), np.random.default_rng(0)
    count = len(made.labels)
    fixed = Fixed(rng.integers(0, 3, count), rng.integers(0, 8, count) / 8)
    tested = np.flatnonzero(made.signers != "s0")[:-4]  # so that not all signs are as frequent
    setting = Setting(OTHERS, 1, 1, (Episode(0, np.flatnonzero(made.signers == "s0"), tested),))
    figures = {f.measure: f for f in measure(fixed, made, setting, 0).figures}
    truth, said = made.labels[tested], fixed.said[tested]
    assert figures["top1"].value == pytest.approx((truth == said).mean())
    assert figures["balanced"].value == pytest.approx(balanced_accuracy_score(truth, said))
    assert figures["top1"].low < figures["top1"].value < figures["top1"].high

    known = made.labels != 2
    parts = [np.flatnonzero((made.signers == who) & (made.labels == 0)) for who in ("s0", "s1")]
    episodes = tuple(
        Episode(
            0, part, *(np.flatnonzero((made.signers == who) & mask) for mask in (known, ~known))
        )
        for who, part in zip(("s0", "s1"), parts, strict=True)
    )
    figures = {
        f.measure: f for f in measure(fixed, made, Setting(REJECTION, 1, 1, episodes), 0).figures
    }
    own = [np.isin(made.signers, whom) for whom in (["s0", "s1"], ["s0"], ["s1"])]
    pooled, *alone = (roc_auc_score(known[mask], fixed.best[mask]) for mask in own)
    assert figures["auroc_pooled"].value == pytest.approx(pooled)
    assert figures["auroc_own"].value == pytest.approx(np.mean(alone))
    refused = [(fixed.best[mask & known] < 0.5).mean() for mask in own[1:]]
    accepted = [(fixed.best[mask & ~known] >= 0.5).mean() for mask in own[1:]]
    assert figures["known_refused"].value == pytest.approx(np.mean(refused))
    assert figures["unknown_accepted"].value == pytest.approx(np.mean(accepted))


def test_the_plain_methods() -> None:
    places = np.array([[0.0], [2.0], [10.0], [4.0], [8.0]])
    examples, labels, tested = np.arange(3), np.array([5, 5, 7]), np.array([3, 4])
    mean = NearestMean("mean", places).read(examples, labels, tested)
    np.testing.assert_array_equal(mean.said, [5, 7])
    np.testing.assert_allclose(mean.best, [-3, -2])
    nearest = NearestExample("nearest", np.abs(places - places.T)).read(examples, labels, tested)
    np.testing.assert_array_equal(nearest.said, [5, 7])
    np.testing.assert_allclose(nearest.best, [-2, -2])
