"""Ensembles: the model is exactly the average of the runs, scored out of fold."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from signlet import SignletError
from signlet.cli import main
from signlet.evaluation.compare import compare
from signlet.evaluation.predict import predict_known
from signlet.evaluation.predictions import (
    Predictions,
    read_duplicates,
    read_predictions,
    write_predictions,
)
from signlet.evaluation.scores import interval_said, score
from signlet.export.model_card import _accuracy
from signlet.model.files import CONFIG, load_model, save_model
from signlet.pack import PackedSet
from signlet.preprocess import Preprocess
from signlet.training.ensemble import ensemble
from signlet_testing.clips import moving_hand
from signlet_testing.ensembles import (
    CLIP,
    SIGNS,
    Made,
    changed,
    made,
    make_run,
    network,
    runs,
    said,
    short_packed,
)

__all__ = ["made", "runs", "short_packed"]


def by_logits(*answers: np.ndarray) -> np.ndarray:
    mean = np.exp(np.mean([np.log(p.astype(np.float64)) for p in answers], axis=0))
    return mean / mean.sum()


# --- the model ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["softmax", "logits"])
def test_the_model_gives_exactly_the_average_of_the_runs(
    runs: dict[str, Path], made: dict[str, Made], kind: str
) -> None:
    one, other = said(runs["a"]), said(runs["c"])
    expected = (one + other) / 2 if kind == "softmax" else by_logits(one, other)
    assert np.allclose(said(made[kind].out), expected, atol=1e-6)
    assert np.abs(one - expected).max() > 1e-3


def test_averaging_logits_is_the_softmax_of_the_mean_logits(
    tmp_path: Path, tiny_packed: PackedSet
) -> None:
    for seed in (1, 2):
        make_run(tmp_path / str(seed), tiny_packed, seed, [0])
    ensemble([tmp_path / "1", tmp_path / "2"], tmp_path / "out", "logits")
    frames, mask = Preprocess(12)(torch.from_numpy(CLIP))
    with torch.no_grad():
        logits = [network(1000 * seed)(frames[None], mask[None])[0] for seed in (1, 2)]
    expected = torch.stack(logits).mean(0).softmax(0).numpy()
    assert np.allclose(said(tmp_path / "out"), expected, atol=1e-6)
    assert not np.allclose(said(tmp_path / "1"), said(tmp_path / "2"), atol=1e-2)


def test_members_keep_their_own_length(made: dict[str, Made]) -> None:
    members = load_model(made["softmax"].out).members
    assert [member.config.max_len for member in members] == [12, 12, 6, 6]


def test_every_run_has_the_same_say(runs: dict[str, Path], tmp_path: Path) -> None:
    ensemble([runs["a"], runs["b"]], tmp_path / "out")
    members = json.loads((tmp_path / "out" / CONFIG).read_text())["members"]
    assert [member["weight"] for member in members] == [1 / 4] * 2 + [1 / 2]


@pytest.mark.parametrize(("inner", "outer"), [("softmax", "logits"), ("logits", "softmax")])
def test_an_ensemble_takes_part_in_another_one_as_one_run(
    runs: dict[str, Path], made: dict[str, Made], tmp_path: Path, inner: str, outer: str
) -> None:
    both = ensemble([made[inner].out, runs["b"]], tmp_path / "out", outer)
    answers = said(made[inner].out), said(runs["b"])
    expected = np.mean(answers, axis=0) if outer == "softmax" else by_logits(*answers)
    assert np.allclose(said(tmp_path / "out"), expected, atol=1e-6)
    weights = [m["weight"] for m in json.loads((tmp_path / "out" / CONFIG).read_text())["members"]]
    assert weights == [1 / 8] * 4 + [1 / 2]
    stored = read_predictions(made[inner].out / "predictions.parquet")["ensemble"]
    row = stored.names.index(both.predictions[inner].names[0])
    assert np.array_equal(both.predictions[inner].probabilities[0], stored.probabilities[row])


def test_other_models_come_from_the_folds_or_from_the_full_fit(
    runs: dict[str, Path], tmp_path: Path, tiny_packed: PackedSet
) -> None:
    full = make_run(tmp_path / "full-fit", tiny_packed, 7, [0, 1])
    save_model(full / "full" / "student", [network(99)], SIGNS, {})
    (full / "full" / "metrics.csv").write_text("")
    ensemble([runs["b"], full], tmp_path / "out", which="student")
    expected = (said(runs["b"] / "fold-1" / "student") + said(full / "full" / "student")) / 2
    assert np.allclose(said(tmp_path / "out"), expected, atol=1e-6)


@pytest.mark.slow
def test_a_run_that_was_trained(tiny_packed: PackedSet, tmp_path: Path) -> None:
    from signlet.training import train
    from signlet_testing.recipes import TINY

    quick = replace(TINY, optimiser=replace(TINY.optimiser, epochs=1), soup_epochs=1)
    train(quick, tiny_packed, tmp_path / "run", [0, 2])
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    for which in ("soup", "distilled", "teacher"):
        made = ensemble([tmp_path / "run", tmp_path / "copy"], tmp_path / which, which=which)
        assert made.scores["ensemble"].clips == 12
        folds = [said(tmp_path / "run" / fold / which) for fold in ("fold-0", "fold-2")]
        assert np.allclose(said(tmp_path / which), np.mean(folds, axis=0), atol=1e-6)


# --- out of fold --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["softmax", "logits"])
def test_out_of_fold_predictions_are_the_average_clip_by_clip(
    runs: dict[str, Path], made: dict[str, Made], kind: str
) -> None:
    stored = read_predictions(made[kind].out / "predictions.parquet")
    assert list(stored) == ["ensemble", "a", "c"]
    a, c = (read_predictions(runs[n] / "predictions.parquet")["soup"] for n in "ac")
    for row, name in enumerate(stored["ensemble"].names):
        one, other = (p.probabilities[p.names.index(name)] for p in (a, c))
        expected = (one + other) / 2 if kind == "softmax" else by_logits(one, other)
        assert np.allclose(stored["ensemble"].probabilities[row], expected, atol=1e-6)
        assert np.array_equal(stored["c"].probabilities[row], other)
    assert len(stored["ensemble"].names) == 12


def test_clips_that_a_run_lacks_are_left_out_and_counted(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["ensemble", str(runs["a"]), str(runs["b"]), "-o", str(out)]) == 0
    text = capsys.readouterr().out
    assert "6 clips are left out" in text
    assert "a has 12, b has 6" in text
    stored = read_predictions(out / "predictions.parquet")
    b = read_predictions(runs["b"] / "predictions.parquet")["soup"]
    assert set(stored["ensemble"].names) == set(stored["a"].names) == set(b.names)
    assert json.loads((out / CONFIG).read_text())["about"]["ensemble"]["clips_left_out"] == 6


def test_a_clip_that_was_not_held_out_is_left_out(runs: dict[str, Path], tmp_path: Path) -> None:
    def seen(soup: Predictions) -> Predictions:
        return replace(soup, folds=np.where(np.arange(12) < 5, -1, soup.folds))

    changed(runs["a"], tmp_path / "seen", seen)
    made = ensemble([runs["c"], tmp_path / "seen"], tmp_path / "out")
    a = read_predictions(runs["a"] / "predictions.parquet")["soup"]
    assert made.left_out == 5
    assert not set(a.names[:5]) & set(made.predictions["ensemble"].names)


def test_runs_may_hold_a_clip_out_in_different_folds(runs: dict[str, Path], tmp_path: Path) -> None:
    changed(runs["a"], tmp_path / "other", lambda soup: replace(soup, folds=3 - soup.folds))
    made = ensemble([runs["a"], tmp_path / "other"], tmp_path / "out")
    assert made.left_out == 0
    assert (made.predictions["a"].folds == 3 - made.predictions["other"].folds).all()


def test_clips_that_a_run_was_trained_on_under_another_name_do_not_count(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = read_predictions(runs["a"] / "predictions.parquet")
    twice = stored["soup"].names[:2]
    a, out = tmp_path / "a", tmp_path / "out"
    shutil.copytree(runs["a"], a)
    write_predictions(a / "predictions.parquet", stored, twice)
    made_ = ensemble([a, runs["c"]], out)
    known = made_.predictions["ensemble"]
    rest = score(known.select([name not in twice for name in known.names]))
    assert made_.scores["ensemble"].top1 == rest.top1
    about = load_model(out).about
    assert about["copies_held_out"] == 2
    assert about["out_of_fold"]["ensemble"]["clips"] == rest.clips + 2
    assert _accuracy(about).endswith("2 clips that duplicate training clips left out")
    assert f"(ensemble, {rest.clips} clips" in _accuracy(about)
    # what takes the ensemble knows them, too
    assert read_duplicates(out / "predictions.parquet") == set(twice)
    assert ensemble([out, runs["c"]], tmp_path / "more").duplicates == set(twice)
    assert main(["evaluate", str(out)]) == 0
    assert "2 of 12 test clips do not count" in capsys.readouterr().out


def test_a_run_that_cannot_name_them_is_told(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, a = load_model(runs["a"]), tmp_path / "a"
    shutil.copytree(runs["a"], a)
    save_model(a, model.members, model.signs, {"copies_held_out": 3})
    given = ["ensemble", str(a), str(runs["c"]), "-o", str(tmp_path / "out")]
    assert main(given) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "3 test clips of a duplicate its training clips, but the run does not tell which" in told
    assert load_model(tmp_path / "out").about["copies_held_out"] == 3


def test_tables_hold_scores_differences_and_agreement(made: dict[str, Made]) -> None:
    out, text = made["softmax"].out, made["softmax"].text
    stored, rows = read_predictions(out / "predictions.parquet"), made["softmax"].rows
    ensembled, a, c = rows("comparison.csv")
    assert [row["name"] for row in (ensembled, a, c)] == list(stored)
    assert [row["model"] for row in (ensembled, a, c)] == ["ensemble", "soup", "soup"]
    for row in (ensembled, a, c):
        s = score(stored[row["name"]])
        assert f"{s.top1:.3f}" in text
        assert interval_said(s.low, s.high, len(set(stored[row["name"]].signers))) in text
        for name in ("top1", "balanced_accuracy", "macro_f1", "calibration_error", "low", "high"):
            np.testing.assert_equal(float(row[name] or "nan"), getattr(s, name))
    gain = float(ensembled["top1"]) - float(c["top1"])
    assert float(c["ensemble_gain"]) == pytest.approx(gain)
    assert (c["gain_low"], c["gain_high"]) == ("", "")  # of two signers
    assert ensembled["ensemble_gain"] == ""
    names = [("ensemble", "a"), ("ensemble", "c"), ("a", "c")]
    for (first, second), row in zip(names, rows("agreement.csv"), strict=True):
        pair = compare(stored[first], stored[second])
        assert row == {"first": first, "second": second} | {
            name: "" if np.isnan(value) else str(value) for name, value in asdict(pair).items()
        }
        assert f"{pair.same_answer:.3f}" in text


def test_of_three_signers_scores_and_gain_have_an_interval(
    tiny_packed: PackedSet, tmp_path: Path
) -> None:
    for seed, name in enumerate("ab"):
        make_run(tmp_path / name, tiny_packed, seed, [0, 1, 2])
    ensemble([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "comparison.csv").open(encoding="utf-8")))
    for row in rows:
        assert float(row["low"]) <= float(row["top1"]) <= float(row["high"])
    for row in rows[1:]:
        gain = float(rows[0]["top1"]) - float(row["top1"])
        assert float(row["ensemble_gain"]) == pytest.approx(gain)
        assert float(row["gain_low"]) <= gain <= float(row["gain_high"])


def test_output_and_file_say_what_is_averaged(made: dict[str, Made]) -> None:
    words = {"softmax": "mean of the probabilities", "logits": "mean logits"}
    for kind, said_so in words.items():
        assert said_so in made[kind].text
        about = made[kind].config["about"]["ensemble"]
        assert about["average"] == kind
        assert [(run["name"], run["model"]) for run in about["runs"]] == [
            ("a", "soup"),
            ("c", "soup"),
        ]
        assert {row["average"] for row in made[kind].rows("comparison.csv")} == {kind}


def test_folders_of_one_name_are_told_apart(
    runs: dict[str, Path], tiny_packed: PackedSet, tmp_path: Path
) -> None:
    for place in ("x", "y"):
        make_run(tmp_path / place / "ensemble", tiny_packed, len(place), [0])
    made = ensemble([tmp_path / "x/ensemble", tmp_path / "y/ensemble"], tmp_path / "out")
    assert list(made.predictions) == ["ensemble", "ensemble-2", "ensemble-3"]


def test_the_other_commands_take_an_ensemble(
    made: dict[str, Made],
    tmp_path: Path,
    tiny_packed: PackedSet,
    short_packed: PackedSet,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, clips = made["logits"].out, tmp_path / "clips"
    for number, sign in enumerate(SIGNS):
        (clips / sign).mkdir(parents=True)
        np.savez(clips / sign / "new1_1.npz", landmarks=moving_hand(number, 9, 0))
    clip = clips / "wave" / "new1_1.npz"
    assert main(["recognise", str(out), str(clip), "--json"]) == 0
    top = json.loads(capsys.readouterr().out)["top"][0]
    assert top["probability"] == pytest.approx(said(out, clip).max(), abs=1e-5)
    assert main(["evaluate", str(out), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"ensemble", "a", "c"}
    work = str(tmp_path / "packed")
    assert main(["evaluate", str(out), "--data", str(clips), "--work", work, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["clips"] == 3
    known = predict_known(load_model(out), tiny_packed, short_packed)
    row = known.names.index("line/s2_1")
    assert np.allclose(known.probabilities[row], said(out), atol=1e-5)
    with pytest.raises(SignletError, match="max_len 12, the model takes 6"):
        predict_known(load_model(out), tiny_packed)
