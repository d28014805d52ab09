"""Ensembles: exactly the average of the runs, scored out of fold, whole or absent."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import signlet
from signlet import SignletError
from signlet.cli import main
from signlet.evaluation.compare import align, compare
from signlet.evaluation.folds import signer_folds
from signlet.evaluation.predict import predict, predict_known
from signlet.evaluation.predictions import Predictions, read_predictions, write_predictions
from signlet.evaluation.scores import interval_said, score, signer_interval
from signlet.model import ModelConfig, SignModel
from signlet.model.files import CONFIG, WEIGHTS, load_model, save_model
from signlet.modelfile.averaging import Average, mean_probabilities
from signlet.pack import PackedSet, pack
from signlet.preprocess import Preprocess
from signlet.training import ensemble as module
from signlet.training.ensemble import ensemble
from signlet_testing.clips import Synthetic, moving_hand

SIGNS = ("circle", "line", "wave")
CLIP = moving_hand(1, 2, 1)


@pytest.fixture(scope="module")
def short_packed(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    """The clips of tiny_packed with max_len 6, so that every clip is thinned out."""
    return pack(Synthetic(), tmp_path_factory.mktemp("short") / "packed", 6, jobs=1)


def network(seed: int, max_len: int = 12, signs: int = 3) -> SignModel:
    torch.manual_seed(seed)
    config = ModelConfig(
        dense=8, widths=(16, 16, 16, 16), heads=4, max_len=max_len, num_classes=signs
    )
    model = SignModel(config).eval()
    with torch.no_grad():  # untrained answers hardly differ; these do
        model.logits.weight.mul_(40)
    return model


def make_run(folder: Path, packed: PackedSet, seed: int, folds: Sequence[int]) -> Path:
    """A finished run of untrained models, with the files that a training writes."""
    plan, members, students, parts = signer_folds(packed.labels, packed.signers, 4), [], [], []
    for fold in folds:
        soup, student = (network(1000 * seed + 10 * fold + i, packed.max_len) for i in (0, 1))
        rows = plan.held_out(fold)
        save_model(folder / f"fold-{fold}" / "student", [student], packed.signs, {})
        members.append(soup)
        students.append(student)
        parts.append((rows, fold, soup, student))
    stored = {"student": joined(packed, parts, 3), "soup": joined(packed, parts, 2)}
    write_predictions(folder / "predictions.parquet", stored)
    save_model(folder, members, packed.signs, {"recipe": "tiny", "source": "synthetic"})
    return folder


def joined(packed: PackedSet, parts: list, column: int) -> Predictions:
    rows = np.concatenate([part[0] for part in parts])
    answers = [predict(part[column], packed, torch.from_numpy(part[0])) for part in parts]
    return Predictions(
        [packed.names[i] for i in rows],
        [packed.signers[i] for i in rows],
        np.asarray(packed.labels)[rows],
        torch.cat(answers).numpy(),
        np.concatenate([np.full(len(part[0]), part[1]) for part in parts]),
        packed.signs,
    )


@pytest.fixture(scope="module")
def runs(
    tiny_packed: PackedSet, short_packed: PackedSet, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """a: two folds of 12 frames; b: one fold of 6 frames; c: two folds of 6 frames."""
    folder = tmp_path_factory.mktemp("runs")
    return {
        "a": make_run(folder / "a", tiny_packed, 1, [0, 1]),
        "b": make_run(folder / "b", short_packed, 2, [1]),
        "c": make_run(folder / "c", short_packed, 3, [0, 1]),
    }


@dataclass(frozen=True)
class Made:
    """What the command wrote and printed."""

    out: Path
    text: str

    @property
    def config(self) -> dict:
        return json.loads((self.out / CONFIG).read_text())

    def rows(self, table: str) -> list[dict[str, str]]:
        return list(csv.DictReader((self.out / table).open(encoding="utf-8")))


@pytest.fixture(scope="module")
def made(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """Runs a and c by the command: softmax, which is the default, and logits."""
    folder, found = tmp_path_factory.mktemp("made"), {}
    for kind, flags in {"softmax": [], "logits": ["--average", "logits"]}.items():
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            given = [str(runs["a"]), str(runs["c"]), "-o", str(folder / kind)]
            assert main(["ensemble", *given, *flags]) == 0
        found[kind] = Made(folder / kind, said.getvalue())
    return found


def changed(run: Path, to: Path, change: object) -> Path:
    """A copy of a run with `change` done to the predictions of its soup."""
    model = load_model(run)
    save_model(to, model.members, model.signs, {})
    soup = read_predictions(run / "predictions.parquet")["soup"]
    write_predictions(to / "predictions.parquet", {"soup": change(soup)})
    return to


def said(folder: Path, clip: object = CLIP) -> np.ndarray:
    return signlet.load(folder)(clip).probabilities


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


# --- what is refused ----------------------------------------------------------------------


def refusal(runs: Sequence[Path], out: Path, **options: str) -> str:
    """The message with which an ensemble is refused; nothing may have been written."""
    before = sorted(out.parent.rglob("*"))
    with pytest.raises(SignletError) as error:
        ensemble(runs, out, **options)
    assert sorted(out.parent.rglob("*")) == before
    assert "\n" not in str(error.value)
    return str(error.value)


def test_other_signs_or_another_order_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    model, signs = load_model(runs["b"]), ("line", "circle", "wave")
    other = changed(runs["b"], tmp_path / "order", lambda soup: replace(soup, signs=signs))
    assert "know different signs" in refusal([other, runs["c"]], tmp_path / "out")
    save_model(other, model.members, signs, {})
    says = refusal([runs["c"], other], tmp_path / "out")
    assert "sign 0 is 'circle' in c and 'line' in order" in says
    c = read_predictions(runs["c"] / "predictions.parquet")["soup"]
    two = np.tile(np.float32([0.5, 0.5]), (12, 1))
    fewer = replace(c, signs=SIGNS[:2], probabilities=two, labels=c.labels % 2)
    with pytest.raises(SignletError, match="c knows 3 signs, two 2"):
        align({"c": c, "two": fewer})


def test_another_landmark_layout_is_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    other = changed(runs["b"], tmp_path / "other", lambda soup: soup)
    config = json.loads((other / CONFIG).read_text())
    (other / CONFIG).write_text(json.dumps(config | {"landmarks": "openpose"}))
    assert "openpose" in refusal([runs["c"], other], tmp_path / "out")


@pytest.mark.parametrize("change", ["labels", "signers", "names"])
def test_runs_that_disagree_on_the_clips_are_refused(runs: dict[str, Path], change: str) -> None:
    c = read_predictions(runs["c"] / "predictions.parquet")["soup"]
    other = {
        "labels": replace(c, labels=(c.labels + 1) % 3),
        "signers": replace(c, signers=["x"] * 12),
        "names": replace(c, names=[f"other {name}" for name in c.names]),
    }
    words = {"names": "a and b have no held-out clip in common"}
    with pytest.raises(SignletError) as error:
        align({"a": c, "b": other[change]})
    expected = words.get(change, "a and b disagree on sign or signer of 12 clips, such as circle/")
    assert expected in str(error.value)


def test_unusable_calls_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    a, c, out = runs["a"], runs["b"], tmp_path / "out"
    assert "at least two" in refusal([a], out)
    assert "twice" in refusal([a, c, a.parent / "b" / ".." / "a"], out)
    assert "no such run folder" in refusal([a, tmp_path / "nowhere"], out)
    assert "give one of" in refusal([a, c], out, kind="median")
    assert "give one of" in refusal([a, c], out, which="best")
    says = refusal([a, c], out, which="teacher")
    assert "no predictions of teacher, only of student, soup" in says


def test_missing_and_damaged_files_are_named(runs: dict[str, Path], tmp_path: Path) -> None:
    for name in ("predictions.parquet", CONFIG, WEIGHTS):
        run = changed(runs["b"], tmp_path / name.split(".")[0], lambda soup: soup)
        (run / name).write_bytes(b"damaged")
        says = refusal([run, runs["c"]], tmp_path / "out")
        assert str(run) in says
        (run / name).unlink()
        assert name in refusal([run, runs["c"]], tmp_path / "out")
    run = make_copy_without_student(runs["b"], tmp_path / "student")
    assert "fold-1" in refusal([runs["c"], run], tmp_path / "out", which="student")


def make_copy_without_student(run: Path, to: Path) -> Path:
    model = load_model(run)
    save_model(to, model.members, model.signs, {})
    write_predictions(to / "predictions.parquet", read_predictions(run / "predictions.parquet"))
    return to


def test_too_many_members_are_refused(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", 3)
    assert "4 models" in refusal([runs["a"], runs["c"]], tmp_path / "out")


def test_the_command_fails_in_one_line(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ensemble", str(runs["a"]), "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == (
        "signlet: an ensemble needs at least two runs; name another run folder\n"
    )


# --- whole or not at all ------------------------------------------------------------------


def test_an_empty_folder_is_used_and_another_refused(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ensemble([runs["a"], runs["c"]], out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert sorted(path.name for path in out.iterdir()) == [
        *("agreement.csv", "comparison.csv", "config.json"),
        *("model.safetensors", "predictions.parquet"),
    ]
    assert "is there already" in refusal([runs["a"], runs["c"]], out)
    (tmp_path / "file").write_text("")
    assert "is there already" in refusal([runs["a"], runs["c"]], tmp_path / "file")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert "current directory" in refusal([runs["a"], runs["c"]], Path("."))


@pytest.mark.parametrize("step", ["save_model", "write_predictions", "_write_csv"])
def test_a_failed_write_leaves_nothing(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, step, full_disk)
    says = refusal([runs["a"], runs["c"]], tmp_path / "out")
    assert "No space left" in says
    assert str(tmp_path / "out") in says


def test_a_place_that_cannot_be_written_is_named(runs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SignletError, match="file/out: cannot be written"):
        ensemble([runs["a"], runs["c"]], tmp_path / "file" / "out")


# --- averaging ----------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), models=st.integers(1, 4), scale=st.sampled_from([1, 300]))
def test_averages_are_probabilities_even_of_saturated_models(
    seed: int, models: int, scale: float
) -> None:
    logits = torch.from_numpy(np.random.default_rng(seed).normal(0, scale, (models, 5, 4)))
    parts = list(logits.float().softmax(-1).numpy())
    for kind in ("softmax", "logits"):
        mean = mean_probabilities(parts, kind)
        assert np.isfinite(mean).all()
        assert np.allclose(mean.sum(1), 1, atol=1e-6)
    if models == 1:
        assert np.allclose(mean, parts[0], atol=1e-6)


def test_logits_let_a_run_veto_and_softmax_does_not() -> None:
    sure, against = np.float32([[0.9, 0.05, 0.05]]), np.float32([[1e-6, 0.5, 0.5]])
    assert mean_probabilities([sure, against], "softmax")[0, 0] == pytest.approx(0.45, abs=1e-3)
    assert mean_probabilities([sure, against], "logits")[0, 0] < 0.01


TREE = Average("logits", (Average("softmax", (0, 1, 2)), Average("softmax", (3,)), 4))


def test_an_average_is_read_as_it_was_written() -> None:
    assert Average.read(json.loads(json.dumps(TREE.as_json())), 5) == TREE
    assert TREE.shares() == pytest.approx({0: 1 / 9, 1: 1 / 9, 2: 1 / 9, 3: 1 / 3, 4: 1 / 3})


def nested(depth: int) -> object:
    return {"kind": "softmax", "parts": [nested(depth - 1)]} if depth else 0


@pytest.mark.parametrize(
    "average",
    [
        None,
        7,
        [],
        {"kind": "median", "parts": [0, 1]},
        {"kind": ["softmax"], "parts": [0, 1]},
        {"kind": "softmax"},
        {"kind": "softmax", "parts": []},
        {"kind": "softmax", "parts": [0]},
        {"kind": "softmax", "parts": [0, 0, 1]},
        {"kind": "softmax", "parts": [0, 2]},
        {"kind": "softmax", "parts": [False, True]},
        {"kind": "softmax", "parts": [0, "1"]},
        {"kind": "softmax", "parts": [1, nested(12)]},
    ],
)
def test_averages_that_do_not_fit_are_refused(tmp_path: Path, average: object) -> None:
    save_model(tmp_path, [network(0), network(1)], SIGNS, {}, Average("logits", (0, 1)))
    config = json.loads((tmp_path / CONFIG).read_text())
    (tmp_path / CONFIG).write_text(json.dumps(config | {"average": average}))
    with pytest.raises(SignletError, match=r"average .*; copy the file again"):
        load_model(tmp_path)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    save_model(tmp_path, [network(0), network(1)], SIGNS, {}, Average("logits", (0, 1)))
    config = json.loads((tmp_path / CONFIG).read_text())
    config["members"][0]["weight"] = 0.9
    (tmp_path / CONFIG).write_text(json.dumps(config))
    with pytest.raises(SignletError, match="contradict the average"):
        load_model(tmp_path)


def test_only_a_file_that_needs_it_has_the_newer_format(
    runs: dict[str, Path], made: dict[str, Made]
) -> None:
    assert json.loads((runs["a"] / CONFIG).read_text())["format"] == 1
    assert made["softmax"].config["format"] == 2


# --- two models on the same clips ---------------------------------------------------------


def answers(read: Sequence[int], labels: Sequence[int], signers: Sequence[str]) -> Predictions:
    """Predictions of two signs whose first answer is `read`."""
    p = np.where(np.array(read)[:, None] == np.arange(2), 0.75, 0.25).astype(np.float32)
    names = [str(i) for i in range(len(read))]
    folds = np.zeros(len(read), np.int64)
    return Predictions(names, list(signers), np.array(labels), p, folds, ("yes", "no"))


def test_a_small_comparison_is_as_computed_by_hand() -> None:
    labels = [0, 0, 0, 0, 0, -1]
    one = answers([0, 0, 0, 1, 1, 0], labels, "xxyyyx")
    other = answers([0, 1, 1, 0, 1, 1], labels, "xxyyyx")
    pair = compare(one, other)
    assert pair.difference == pytest.approx(1 / 5)
    assert pair.same_answer == pytest.approx(2 / 5)
    assert pair.only_first == pytest.approx(2 / 5)
    assert pair.only_second == pytest.approx(1 / 5)
    back = compare(other, one)
    assert (back.only_first, back.only_second) == (pair.only_second, pair.only_first)
    assert back.difference == -pair.difference


def test_what_makes_a_signer_hard_for_both_is_not_in_the_interval() -> None:
    # Signers differ from 0 to 1 in accuracy; one model reads one clip in ten more of each.
    signers = [f"s{s}" for s in range(9) for _ in range(10)]
    labels = [0] * 90
    lesser = [int(clip >= s) for s in range(9) for clip in range(10)]
    better = [int(clip >= s + 1) for s in range(9) for clip in range(10)]
    pair = compare(answers(better, labels, signers), answers(lesser, labels, signers))
    assert (pair.low, pair.high) == pytest.approx((0.1, 0.1))
    own = score(answers(better, labels, signers))
    assert own.high - own.low > 0.3


def test_the_interval_of_a_difference_covers_the_true_one() -> None:
    # Each signer has a gain of its own, 0.1 on average.
    rng, trials, covered = np.random.default_rng(3), 300, 0
    for _ in range(trials):
        clips = rng.integers(15, 35, 17)
        base = np.repeat(rng.uniform(0.3, 0.7, 17), clips)
        gain = np.repeat(rng.normal(0.1, 0.08, 17), clips)
        who = np.repeat(np.arange(17), clips).astype(str).tolist()
        draw = rng.random(len(who))  # hard clips are hard for both
        difference = (draw < base + gain).astype(float) - (draw < base)
        low, high = signer_interval(difference, who)
        covered += low <= 0.1 <= high
    assert 0.90 <= covered / trials <= 0.98


def test_one_signer_has_no_interval_of_a_difference() -> None:
    pair = compare(answers([0, 1], [0, 0], "xx"), answers([0, 0], [0, 0], "xx"))
    assert math.isnan(pair.low)
    assert math.isnan(pair.high)


def test_unlike_clips_are_not_compared() -> None:
    one = answers([0, 1], [0, 0], "xy")
    with pytest.raises(SignletError, match="same clips"):
        compare(one, one.select([1, 0]))
    with pytest.raises(SignletError, match="known sign"):
        compare(*[answers([0], [-1], "x")] * 2)


def test_aligned_predictions_are_in_the_order_of_the_first() -> None:
    one, other = answers([0, 1, 1], [0, 1, 0], "xyx"), answers([0, 0, 1], [0, 1, 0], "xyx")
    aligned = align({"a": one.select([2, 0]), "b": other})
    assert aligned["a"].names == aligned["b"].names == ["2", "0"]
    assert aligned["b"].probabilities.argmax(1).tolist() == [1, 0]
