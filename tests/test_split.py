"""--split: a published split is held out, and everything says what its scores are of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from signlet.cli import main
from signlet.errors import SignletError
from signlet.evaluation.duplicates import trained_duplicates
from signlet.evaluation.predictions import Predictions, read_predictions
from signlet.evaluation.split_plan import split_plan
from signlet.pack import PackedSet, pack
from signlet.sources import open_source
from signlet_testing import miniatures as mini

pytestmark = pytest.mark.usefixtures("undrawn_curves")
LABELS = [0, 1, 0, 1, 0, 1, 0, 1]
SPLITS = ["train", "train", "val", "val", "test", "test", "", None]
SIGNERS = ["a", "b", "c", "c", "d", "e", "f", "f"]


def test_test_is_trained_on_train_and_val() -> None:
    plan = split_plan(LABELS, SIGNERS, SPLITS, "test")
    assert plan.held_out(0).tolist() == [4, 5]
    assert plan.training(0).tolist() == [0, 1, 2, 3]
    assert (plan.grouped, plan.split) == (True, "test")
    assert "published split test: 2 clips, trained on 4 of train and val" in plan.note
    assert "the model was trained with none of its signers" in plan.note


def test_a_set_without_val_is_trained_on_train() -> None:
    splits = ["train"] * 4 + ["test"] * 4
    assert "trained on 4 of train; the model" in split_plan(LABELS, "abcdefgh", splits, "test").note


def test_val_is_trained_on_train_and_test_takes_no_part() -> None:
    plan = split_plan(LABELS, SIGNERS, SPLITS, "val")
    assert plan.held_out(0).tolist() == [2, 3]
    assert plan.training(0).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("signers", "words"),
    [
        (
            ["a", "b", "c", "c", "a", "e", "f", "f"],
            "1 of its 2 signers (1 clips)",
        ),
        (
            ["a", "b", "c", "c", "a", "b", "f", "f"],
            "2 of its 2 signers (2 clips)",
        ),
        (["a", "b", "c", "c", "", "e", "f", "f"], "1 of its clips name no signer"),
        ([""] * 8, "2 of its clips name no signer"),
        (["", "", "", "", "d", "e", "", ""], "the training clips name no signers"),
    ],
)
def test_scores_that_are_not_of_new_signers_say_so(signers: list[str], words: str) -> None:
    plan = split_plan(LABELS, signers, SPLITS, "test")
    assert not plan.grouped
    assert words in plan.note
    assert "none of its signers" not in plan.note


def test_signs_that_are_never_trained_on_are_counted() -> None:
    labels = [0, 1, 0, 1, 2, 0, 1, 1]
    assert (
        "1 of its signs have no training clips" in split_plan(labels, SIGNERS, SPLITS, "test").note
    )


@pytest.mark.parametrize(
    ("labels", "splits", "held_out", "words"),
    [
        (LABELS, [""] * 8, "test", "the clips are in no published split"),
        (LABELS, [None] * 8, "val", "the clips are in no published split"),
        (LABELS, ["train"] * 8, "test", "no clip is in test; there are 8 in train"),
        (LABELS, ["test"] * 8, "test", "no clip is in train or val; there are 8 in test"),
        (LABELS, ["val"] * 4 + ["test"] * 4, "val", "no clip is in train; there are 4 in test, 4"),
        ([0, 0, 0, 0, 1, 1, 1, 1], SPLITS, "test", "fewer than two signs"),
        ([-1] * 8, SPLITS, "test", "no published split"),
    ],
)
def test_splits_that_cannot_be_had_are_refused(
    labels: list[int], splits: list[str | None], held_out: str, words: str
) -> None:
    with pytest.raises(SignletError) as caught:
        split_plan(labels, SIGNERS, splits, held_out)
    assert words in str(caught.value)


# --- the command ------------------------------------------------------------------------------
TINY = """
name: tiny
packing: {max_len: 8}
optimiser: {epochs: 2, batch_size: 8, min_steps: 1}
student: {dense: 8, widths: [16, 24, 24, 16], heads: 4}
soup_epochs: 1
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


def train(data: Path | str, run: Path, recipe: Path, *more: str) -> int:
    given = {"data": data, "run": run, "recipe": recipe, "device": "cpu", "jobs": 1}
    flags = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    return main(["train", *flags, *more])


def said(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_train_split_says_what_its_scores_are_of(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert train(mini.asl_citizen(tmp_path / "set"), run, tiny, "--split", "test") == 0
    out = said(capsys.readouterr().out)
    assert "is read as asl-citizen because of its splits/train.csv" in out
    assert "Training (testing on 4 clips of the published split test): 8 clips," in out
    assert "signs of the published split test" in " ".join(out.split())
    assert out.lower().count("tested on the published split test") == 1
    assert "the model was trained with none of its signers" in out
    assert "the run's model was trained on the published splits train and val only" in out
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["split"] == "test"
    about = json.loads((run / "config.json").read_text())["about"]
    assert (about["scores_are_for"], about["split"]) == ("new signers", "test")
    page = said((run / "report.html").read_text())
    assert "signs of the published split test" in page
    assert "the model was trained with none of its signers" in page
    assert "Only one fold" not in page


@pytest.mark.slow
def test_signers_of_both_splits_are_said_everywhere(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("path", "sign", "signer", "split")]
    for sign, signer, take in mini.takes():
        path = mini.clip(tmp_path / f"{sign}{signer}{take}.npz", sign, signer, take)
        rows.append((path.name, mini.SIGNS[sign], f"s{signer}", "test" if take else "train"))
    run = tmp_path / "run"
    assert train(mini.table(tmp_path / "t.csv", rows), run, tiny, "--split", "test") == 0
    words = "3 of its 3 signers (6 clips)"
    assert said(capsys.readouterr().out).count(words) == 1
    assert words in said((run / "report.html").read_text())
    about = json.loads((run / "config.json").read_text())["about"]
    assert about["scores_are_for"] == "known signers"


@pytest.mark.slow
def test_a_run_goes_on_with_the_same_split_only(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = mini.asl_citizen(tmp_path / "set"), tmp_path / "run"
    assert train(data, run, tiny, "--split", "val") == 0
    for more in (["--split", "test"], []):
        assert train(data, run, tiny, "--resume", *more) == 2
        assert "was started with --split val, now it is" in said(capsys.readouterr().err)
    assert train(data, run, tiny, "--resume", "--split", "val") == 0


COPIED = {  # split of the clip and of its duplicate -> the splits in which the clip is no fair test
    ("val", "train"): {"val"},
    ("val", "val"): set(),
    ("val", "test"): {"test"},  # val is trained on, where test is held out
    ("val", ""): set(),
    ("test", "train"): {"test"},
    ("test", ""): set(),
}


@pytest.mark.parametrize("splits", COPIED)
@pytest.mark.parametrize("held_out", ["val", "test"])
def test_a_copy_counts_only_where_its_split_was_trained_on(
    tmp_path: Path, splits: tuple[str, str], held_out: str
) -> None:
    rows = [("path", "sign", "signer", "split")]
    for number, split in enumerate(("train", "val", "test", "")):
        path = mini.clip(tmp_path / f"{number}.npz", number, number)
        rows.append((path.name, "hello", f"s{number}", split))
    for number, split in enumerate(splits):
        path = mini.clip(tmp_path / f"copy{number}.npz", 9, 9)
        rows.append((path.name, "thanks", f"copied{number}", split))
    packed = pack(open_source(mini.table(tmp_path / "t.csv", rows)), tmp_path / "out", 8, jobs=1)
    tested = [row for row, split in enumerate(packed.splits) if split == held_out]
    answers = np.full((len(tested), 2), 0.5, np.float32)
    seen = Predictions(
        [packed.names[row] for row in tested],
        [packed.signers[row] for row in tested],
        packed.labels[tested],
        answers,
        np.zeros(len(tested), int),
        packed.signs,
    )
    duplicates = trained_duplicates(seen, packed, held_out)
    assert bool(duplicates.any()) is (held_out in COPIED[splits])
    assert duplicates.sum() <= 1


@pytest.mark.slow
def test_a_training_for_val_says_nothing_of_duplicates_in_test(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("path", "sign", "signer", "split")]
    for sign in range(2):
        for signer, split in mini.SPLIT_OF.items():
            who = min(signer, 2)  # who is in test is a duplicate of who is in val
            path = mini.clip(tmp_path / f"{sign}{signer}.npz", sign, who)
            rows.append((path.name, f"sign {sign}", f"s{signer}", split))
    data, run = mini.table(tmp_path / "t.csv", rows), tmp_path / "run"
    assert train(data, run, tiny, "--split", "val") == 0
    assert main(["evaluate", str(run)]) == 0
    assert "duplicates" not in capsys.readouterr().out
    assert "are duplicates" not in (run / "report.html").read_text(encoding="utf-8")
    about = json.loads((run / "config.json").read_text(encoding="utf-8"))["about"]
    assert "copies_held_out" not in about


@pytest.mark.slow
def test_a_run_on_a_split_is_calibrated_on_it(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("path", "sign", "signer", "split")]
    for sign in range(4):
        for signer, split in mini.SPLIT_OF.items():
            path = mini.clip(tmp_path / f"{sign}{signer}.npz", sign, signer)
            rows.append((path.name, f"sign {sign}", f"s{signer}", split))
    run = tmp_path / "run"
    assert train(mini.table(tmp_path / "t.csv", rows), run, tiny, "--split", "test") == 0
    assert main(["calibrate", str(run), "--leave-out", "2", "--device", "cpu"]) == 0
    assert "fold 0, without" in said(capsys.readouterr().out)
    answers = read_predictions(next(run.glob("**/fold-0-without-0-of-2/predictions.parquet")))
    assert sorted(answers["soup"].names) == [f"{sign}3.npz" for sign in range(4)]


@pytest.mark.parametrize("more", [("--folds", "0"), ("--num_folds", "3"), ("--folds", "all")])
def test_split_and_folds_are_not_given_both(
    more: tuple[str, ...], tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, tmp_path / "run", tiny, "--split", "test", *more) == 2
    assert "give only one of them" in said(capsys.readouterr().err)


@pytest.mark.parametrize("split", ["train", "holdout", ""])
def test_other_splits_are_refused(
    split: str, tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, tmp_path / "run", tiny, "--split", split) == 2
    assert "split" in capsys.readouterr().err


def test_a_set_without_splits_is_refused(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = mini.lsa64(tmp_path / "set")
    assert train(data, tmp_path / "run", tiny, "--split", "test") == 2
    assert "the clips are in no published split" in said(capsys.readouterr().err)


@pytest.mark.slow
def test_a_packed_set_keeps_its_splits(tmp_path: Path, tiny: Path) -> None:
    root, out = mini.autsl(tmp_path / "set"), tmp_path / "packed"
    assert main(["pack", f"autsl:{root}", "-o", str(out), "--max_len", "8", "--jobs", "1"]) == 0
    splits = PackedSet.open(out).splits
    assert [splits.count(split) for split in ("train", "val", "test")] == [4, 4, 4]
    run = tmp_path / "run"
    assert train(out, run, tiny, "--split", "val", "--full-fit", "--fits", "1") == 0
    about = json.loads((run / "config.json").read_text())["about"]
    assert (about["trained_on"], about["split"]) == ("all clips", "val")
    names = read_predictions(run / "predictions.parquet")["soup"].names
    assert {name.partition("/")[0] for name in names} == {"val"}


def test_pack_and_inspect_take_columns_and_say_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mini.clip(tmp_path / "long.npz")
    rows = [("File", "Gloss", "To"), ("long.npz", "a", 0.2), ("long.npz", "b", 0.3)]
    table, columns = str(mini.table(tmp_path / "t.csv", rows)), "path=File,sign=Gloss,end=To"
    assert (
        main(["pack", table, "-o", str(tmp_path / "p"), "--columns", columns, "--jobs", "1"]) == 0
    )
    assert "2 clips, 2 signs" in said(capsys.readouterr().out)
    assert main(["inspect", table, "--columns", columns, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 2
    assert main(["inspect", str(mini.wlasl(tmp_path / "w"))]) == 0
    out = said(capsys.readouterr().out)
    assert "is read as wlasl" in out
    assert "1 of 12 clips is left out" in out


MAKERS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "wlasl": (mini.wlasl, ""),
    "asl-citizen": (mini.asl_citizen, ""),
    "autsl": (mini.autsl, ""),
    "lsa64": (mini.lsa64, ""),
    "mp-data": (mini.mp_data, ""),
    "include": (mini.include, ""),
    "ms-asl": (mini.ms_asl, ""),
    "karsl": (mini.karsl, ""),
    "asl-fingerspelling": (mini.asl_fingerspelling, ""),
    "tasks-json": (mini.tasks_json, ""),
    "1662 numbers": (mini.tutorial_arrays, ""),
    "75 points": (
        lambda root: mini.points(root, mini.POSE, mini.LEFT_HAND, mini.RIGHT_HAND),
        "pose33+left21+right21:",
    ),
    "42 points": (
        lambda root: mini.points(root, mini.LEFT_HAND, mini.RIGHT_HAND, flat=True),
        "left21+right21:",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MAKERS)
def test_a_miniature_is_trained_on(name: str, tmp_path: Path, tiny: Path) -> None:
    make, before = MAKERS[name]
    root = make(tmp_path / "set")
    run = tmp_path / "run"
    assert train(f"{before}{root}", run, tiny, "--folds", "0") == 0
    assert (run / "report.html").exists()
    about = json.loads((run / "config.json").read_text())["about"]
    assert 0 <= about["out_of_fold"]["soup"]["top1"] <= 1
    assert np.isfinite(about["out_of_fold"]["soup"]["top1"])
