"""Signs left out of training, clips from elsewhere, and the command `signlet calibrate`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from signlet.calibration import leave_out, read_calibration
from signlet.calibration.leave_out import LeaveOut, averaged, sign_groups, without
from signlet.calibration.run import UnknownClips, calibrate_run
from signlet.calibration.unknown import predict_unknown
from signlet.cli import main
from signlet.cli.calibrate import run as command
from signlet.errors import SignletError
from signlet.evaluation.folds import signer_folds
from signlet.evaluation.predict import packed_for, predict
from signlet.evaluation.predictions import read_predictions
from signlet.model.files import load_model, save_model
from signlet.modelfile.averaging import Average
from signlet.pack import PackedSet, pack
from signlet.training import Interrupted
from signlet.training.ensemble import ensemble
from signlet_testing.clips import Synthetic, moving_hand
from signlet_testing.ensembles import make_run, network
from signlet_testing.recipes import TINY

# --- signs left out of training -----------------------------------------------------------


@pytest.mark.parametrize(("signs", "groups"), [(3, 3), (26, 4), (26, 13), (5, 2), (250, 4)])
def test_every_sign_is_left_out_once(signs: int, groups: int) -> None:
    parts = sign_groups(signs, groups)
    assert sorted(np.concatenate(parts).tolist()) == list(range(signs))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert [p.tolist() for p in parts] == [p.tolist() for p in sign_groups(signs, groups)]


@pytest.mark.parametrize(("signs", "groups"), [(26, 1), (26, 0), (26, 27), (3, 2), (26, -1)])
def test_groups_that_leave_nothing_to_train_on_are_refused(signs: int, groups: int) -> None:
    with pytest.raises(SignletError, match=r"give (3|a number from 2 to 26) for your \d+ signs"):
        sign_groups(signs, groups)


def test_a_set_without_some_signs_has_the_others_in_order(tiny_packed: PackedSet) -> None:
    less = without(tiny_packed, np.array([1]))
    assert less.signs == ("circle", "wave")
    for name, label in zip(less.names, less.labels, strict=True):
        sign = name.split("/")[0]
        assert label == (-1 if sign == "line" else less.signs.index(sign))
    assert tiny_packed.signs == ("circle", "line", "wave")


def tiny_leave_out(packed: PackedSet, work: Path) -> LeaveOut:
    return LeaveOut(TINY, packed, (0, 2), 3, work, "cpu")


def no_training(monkeypatch: pytest.MonkeyPatch, seen: list[set[str]]) -> None:
    """Instead of a training: an untrained network, and the names of what it would train on."""

    def fit(
        recipe: object, packed: PackedSet, rows: np.ndarray, *_: object, **__: object
    ) -> object:
        assert (packed.labels[rows] >= 0).all()
        seen.append({packed.names[row] for row in rows})
        model = network(len(seen), signs=len(packed.signs))
        with torch.no_grad():
            model.logits.weight.div_(10)  # or float32 takes its answers for certain
        return model

    monkeypatch.setattr(leave_out, "fit", fit)


def test_unknown_clips_are_of_signs_and_signers_that_were_not_trained_on(
    tiny_packed: PackedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    no_training(monkeypatch, seen)
    answers = tiny_leave_out(tiny_packed, tmp_path).run()
    times_unknown: dict[str, int] = {}
    for part, trained in zip(answers, seen, strict=True):
        trained_signs = {name.split("/")[0] for name in trained}
        trained_signers = {name.split("/")[1][:2] for name in trained}
        assert set(part.signs) == trained_signs
        for name, label, signer in zip(part.names, part.labels, part.signers, strict=True):
            sign = name.split("/")[0]
            assert (label < 0) == (sign not in trained_signs)
            assert label < 0 or part.signs[label] == sign
            assert signer not in trained_signers
            times_unknown[name] = times_unknown.get(name, 0) + int(label < 0)
    plan = signer_folds(tiny_packed.labels, tiny_packed.signers, 4)
    held_out = [tiny_packed.names[i] for i in (*plan.held_out(0), *plan.held_out(2))]
    assert times_unknown == dict.fromkeys(held_out, 1)


def test_what_is_trained_is_not_trained_again(
    tiny_packed: PackedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    no_training(monkeypatch, seen)
    work = tiny_leave_out(tiny_packed, tmp_path)
    assert len(work.todo()) == 6
    first = work.run()
    (work.folder(2, 1) / "predictions.parquet").unlink()
    assert work.todo() == [(2, 1)]
    again = work.run()
    assert len(seen) == 7
    for one, other in zip(first[:4], again[:4], strict=True):
        assert np.array_equal(one.probabilities, other.probabilities)


def test_a_folder_of_another_recipe_is_refused(
    tiny_packed: PackedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_training(monkeypatch, [])
    tiny_leave_out(tiny_packed, tmp_path).run()
    other = replace(tiny_leave_out(tiny_packed, tmp_path), recipe=replace(TINY, seed=1))
    with pytest.raises(SignletError, match="with another recipe or other clips"):
        other.run()
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(SignletError, match=str(tmp_path)):
        tiny_leave_out(tiny_packed, tmp_path).run()


def test_an_ensemble_is_averaged_training_by_training(
    tiny_packed: PackedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_training(monkeypatch, [])
    runs = [tiny_leave_out(tiny_packed, tmp_path / name).run() for name in "ab"]
    for one, other, mean in zip(*runs, averaged(runs, "softmax"), strict=True):
        assert np.allclose(mean.probabilities, (one.probabilities + other.probabilities) / 2)
        assert np.array_equal(mean.labels, one.labels)


@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on(
    tiny_packed: PackedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real trainings, of two epochs; one is stopped in its first, and ends as if it were not."""
    quick = replace(TINY, optimiser=replace(TINY.optimiser, epochs=2), soup_epochs=1)
    undisturbed = LeaveOut(quick, tiny_packed, (0,), 3, tmp_path / "a", "cpu")
    stopped = replace(undisturbed, work=tmp_path / "b")
    expected = undisturbed.run()
    with monkeypatch.context() as patched:
        patched.setattr("signlet.training.fold.stop_on_interrupt", _stopped_at_once)
        with pytest.raises(Interrupted):
            stopped.run()
    for one, other in zip(expected, stopped.run(), strict=True):
        assert np.array_equal(one.probabilities, other.probabilities)


class _stopped_at_once:  # noqa: N801
    def __enter__(self) -> object:
        return lambda: True

    def __exit__(self, *_: object) -> None:
        return None


# --- clips from elsewhere, and the command ------------------------------------------------


@pytest.fixture(scope="module")
def run(tiny_packed: PackedSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run") / "mine", tiny_packed, 1, [0, 1])


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clips of the sign jump, and one of wave, which the run knows."""
    folder = tmp_path_factory.mktemp("clips") / "clips"
    for sign, signer in [("jump", 5), ("jump", 6), ("jump", 7), ("jump", 8), ("wave", 9)]:
        (folder / sign).mkdir(parents=True, exist_ok=True)
        clip = moving_hand(1, signer, 0)
        np.savez(folder / sign / f"p{signer}_1.npz", landmarks=clip)
    return folder


def test_only_clips_of_unknown_signs_are_taken_with_the_run_s_own_answers(
    run: Path, elsewhere: Path, tmp_path: Path
) -> None:
    model = load_model(run)
    packed = packed_for(model, elsewhere, tmp_path, progress=False)
    answers = predict_unknown(model, *packed)
    assert sorted(answers.signers) == ["p5", "p6", "p7", "p8"]
    assert (answers.labels == -1).all()
    rows = torch.tensor([packed[0].names.index(name) for name in answers.names])
    members = [predict(member, packed[0], rows).numpy() for member in model.members]
    assert np.allclose(answers.probabilities, np.mean(members, axis=0), atol=1e-6)


def test_sets_that_cannot_be_used_are_refused(
    run: Path, tiny_packed: PackedSet, tmp_path: Path
) -> None:
    model = load_model(run)
    with pytest.raises(SignletError, match="knows the signs of all 24 clips"):
        predict_unknown(model, tiny_packed)
    short = pack(Synthetic(), tmp_path / "short", 6, jobs=1)
    with pytest.raises(SignletError, match="max_len 6, the model takes 12"):
        predict_unknown(model, short)


def test_the_command_writes_numbers_and_a_picture(
    run: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(run), "--unknown", str(elsewhere), "--false-accepts", "0.25"]
    command(arguments)
    said = capsys.readouterr().out
    calibration = read_calibration(run)
    assert calibration is not None
    assert (calibration.known, calibration.unknown) == (12, 4)
    assert "Clips of signs that the model does not know: 4; 1 left out, because the model" in said
    assert f"{calibration.threshold:.3f}" in said
    plain, _, tables = said.partition("For experts")
    assert 'the model answers "none" when it is less than' in plain
    assert " of 12 (" in plain
    assert " a sign by mistake." in plain
    assert f"then they answer none too:  signlet export {run}\n" in plain
    assert "for about 1 in 5 further clips of other signs" in plain
    assert not any(word in plain for word in ("temperature", "threshold", "AUROC", "fold"))
    assert "AUROC" in tables
    first = (run / "calibration.json").read_bytes(), (run / "calibration.svg").read_bytes()
    assert ElementTree.fromstring(first[1]).tag.endswith("svg")
    command([*arguments, "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(first[0], parse_constant=lambda name: pytest.fail(name))
    assert (run / "calibration.svg").read_bytes() == first[1]


def test_the_command_trains_without_signs_and_takes_an_ensemble(
    tiny_packed: PackedSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: list[set[str]] = []
    no_training(monkeypatch, seen)
    runs = [_trained(tmp_path / name, tiny_packed, seed) for seed, name in enumerate("ab")]
    data = str(tiny_packed.path)
    command([str(runs[0]), "--data", data, "--leave-out", "3"])
    assert "6 trainings without some of the signs; about 1 min," in capsys.readouterr().out
    ensemble(runs, tmp_path / "both")
    both = [str(tmp_path / "both"), "--leave-out", "3", "--data", data, data]
    with pytest.raises(SignletError, match="is an ensemble; give --unknown CLIPS, or the folders"):
        command(both)
    command([*both, "--runs", *map(str, runs)])
    assert len(seen) == 12  # the first run's six were there
    for folder in (runs[0], tmp_path / "both"):
        calibration = read_calibration(folder)
        assert calibration is not None
        assert (calibration.known, calibration.unknown) == (12, 12)


def _trained(folder: Path, packed: PackedSet, seed: int) -> Path:
    """A run of untrained networks with the settings that a training writes."""
    from signlet.training.gather import open_run

    open_run(folder, TINY, packed)
    return make_run(folder, packed, seed, [0, 1])


def test_unusable_calls_are_refused_in_one_line(
    run: Path, tiny_packed: PackedSet, elsewhere: Path, tmp_path: Path
) -> None:
    unknown = ["--unknown", str(elsewhere)]
    bare = tmp_path / "bare"
    save_model(bare, [network(1)], tiny_packed.signs, {})
    for arguments, says in {
        (str(tmp_path / "nowhere"), *unknown): "no such run folder",
        (str(bare), *unknown): "has no predictions.parquet",
        (str(run / "config.json"), *unknown): "calibrate its run folder, then export again",
        (str(run), *unknown, "--false-accepts", "1.5"): "above 0 and below 1",
        (str(run), *unknown, "--folds", "0"): "cannot be used with --unknown",
        (str(run), "--unknown", str(tmp_path / "nothing")): "there is no such file or folder",
        (str(run),): "config.yaml: no such file",
        (str(run), "--runs", str(run)): "is not an ensemble",
    }.items():
        with pytest.raises(SignletError) as error:
            command(list(arguments))
        assert says in str(error.value)
        assert "\n" not in str(error.value)


def test_other_clips_than_the_run_s_are_refused(tiny_packed: PackedSet, tmp_path: Path) -> None:
    folder = _trained(tmp_path / "run", tiny_packed, 0)
    other = pack(Synthetic(signs=("circle", "line", "jump")), tmp_path / "other", 12, jobs=1)
    with pytest.raises(SignletError, match="not the clips that"):
        command([str(folder), "--data", str(other.path)])
    with pytest.raises(SignletError, match="use --data"):
        command([str(folder)])
    (folder / "config.yaml").write_text("name: [")
    with pytest.raises(SignletError, match=r"config\.yaml: is not YAML"):
        command([str(folder), "--data", str(tiny_packed.path)])


def test_more_groups_than_signs_are_refused_before_a_clip_is_read(
    tiny_packed: PackedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _trained(tmp_path / "run", tiny_packed, 0)
    for sign in ("circle", "line", "wave"):
        (tmp_path / "clips" / sign).mkdir(parents=True)
        (tmp_path / "clips" / sign / "anna_1.npz").write_bytes(b"not read")
    monkeypatch.setattr("signlet.training.clips.pack", None)
    with pytest.raises(SignletError, match="--leave-out 9"):
        command([str(folder), "--data", str(tmp_path / "clips"), "--leave-out", "9"])


def test_what_fails_leaves_no_file(run: Path, elsewhere: Path, tmp_path: Path) -> None:
    stored = read_predictions(run / "predictions.parquet")
    assert set(stored) == {"student", "soup"}
    before = sorted(run.iterdir())
    with pytest.raises(SignletError):
        command([str(run), "--unknown", str(elsewhere / "nothing")])
    assert sorted(run.iterdir()) == before


def test_a_run_is_calibrated_from_python_without_a_word(
    run: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = calibrate_run(run, UnknownClips(str(elsewhere)), 0.25)
    assert read_calibration(run) == made.calibration
    assert (made.report.known, made.report.unknown) == (12, 4)
    assert capsys.readouterr() == ("", "")
    assert main(["evaluate", str(run)]) == 0
    named = round(12 * made.report.accepted.share)
    right = round(named * made.report.accepted_accuracy.share) if named else 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"calibrated: {12 - named} of these 12 clips get none" in said
    assert f"; of the other {named}, {right} are right." in said or not named


def test_a_model_of_several_trainings_may_refuse_more_than_was_counted(
    run: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = load_model(run)
    made = calibrate_run(run, UnknownClips(str(elsewhere)), 0.25)
    (note,) = (note for note in made.report.notes if "averages" in note)
    assert f"averages {len(both.members)} trainings" in note
    assert "more clips may get none than counted here" in note
    one = replace(both, members=both.members[:1], average=Average.plain(1))
    monkeypatch.setattr("signlet.calibration.run.load_model", lambda folder: one)
    alone = calibrate_run(run, UnknownClips(str(elsewhere)), 0.25)
    assert not any("averages" in note for note in alone.report.notes)
