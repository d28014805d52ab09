"""Own signs in two commands: few clips are trained on sensibly, and promise what they can."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.calibration.unknown import require_unknown
from signlet.cli import COMMANDS, main
from signlet.cli.parsing import given_flags
from signlet.errors import SignletError
from signlet.evaluation.predict import packed_for, require_known
from signlet.model.files import ModelFile
from signlet.pack import PackedSet, pack
from signlet.quality.data_warnings import NO_ESTIMATE, data_warnings
from signlet.recognition.recogniser import Recogniser
from signlet.sources import Source, files, open_source
from signlet.training.recipes import load_recipe
from signlet.training.settings import steps_and_batch_size
from signlet.training.train_plan import LARGE_SET, SMALL_SET, Requested, plan_training
from signlet_testing.clips import moving_hand
from signlet_testing.recipes import SMALL

pytestmark = pytest.mark.usefixtures("undrawn_curves")
GUIDE = Path(__file__).parents[1] / "docs" / "own_signs.md"
SIGNS = ("circle", "line", "wave")
RECIPE = load_recipe("small")


def record(folder: Path, signers: int = 2, takes: int = 3, signs: tuple[str, ...] = SIGNS) -> Path:
    """Clips of `signers` people, named as the guide says."""
    for number, sign in enumerate(signs):
        (folder / sign).mkdir(parents=True, exist_ok=True)
        for signer in range(signers):
            for take in range(takes):
                path = folder / sign / f"p{signer}_{take}.npz"
                np.savez_compressed(path, landmarks=moving_hand(number, signer, take))
    return folder


def packed(folder: Path, **kind: int) -> PackedSet:
    return pack(open_source(record(folder / "clips", **kind)), folder / "packed", 16, jobs=1)


def requested(*flags: str, folds: str | None = None, full_fit: bool = False) -> Requested:
    return Requested(folds, full_fit, given_flags(flags))


# --- epochs ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(clips=st.integers(1, 2000), batch=st.integers(1, 64), processes=st.sampled_from([1, 2, 4]))
def test_no_clip_of_a_small_set_waits_and_batches_are_as_even_as_can_be(
    clips: int, batch: int, processes: int
) -> None:
    batch *= processes
    steps, each = steps_and_batch_size(clips, batch, processes)
    assert each % processes == 0
    assert 1 <= each <= batch
    if clips < 4 * batch:
        assert clips <= steps * each < clips + steps * processes
    else:
        assert (steps, each) == (clips // batch, batch)
        assert clips - steps * each <= clips / 5


def test_a_set_of_the_published_size_has_the_steps_it_had() -> None:
    assert steps_and_batch_size(94_477, 256) == (369, 256)
    assert steps_and_batch_size(309, 32) == (9, 32)
    assert steps_and_batch_size(45, 32) == (2, 23)
    assert steps_and_batch_size(9, 32) == (1, 9)


def test_batches_of_several_groups_stay_whole_for_any_number_of_processes() -> None:
    assert {steps_and_batch_size(18, 8, processes, groups=2) for processes in (1, 2, 4)} == {(2, 8)}


# --- choices ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signers", "takes", "folds", "grouped"),
    [(5, 2, 4, True), (3, 3, 3, True), (2, 5, 2, True), (1, 4, 4, False), (1, 2, 2, False)],
)
def test_folds_follow_the_clips(
    tmp_path: Path, signers: int, takes: int, folds: int, grouped: bool
) -> None:
    clips = packed(tmp_path, signers=signers, takes=takes)
    plan = plan_training(RECIPE, clips, requested())
    assert plan.folds == list(range(folds))
    assert plan.recipe.num_folds == folds
    assert plan.full_fit
    assert any("Testing in " in note for note in plan.notes) == (folds < 4)
    assert (
        any("the score will say nothing about other people" in n for n in data_warnings(clips))
        != grouped
    )


def test_rounds_that_were_not_asked_for_are_not_announced(tmp_path: Path) -> None:
    clips = packed(tmp_path, signers=3, takes=3)
    asked = plan_training(RECIPE, clips, requested(folds="0"))
    assert "Testing in 1 of 3 rounds; each leaves out one of your 3 signers" in asked.notes
    untested = plan_training(RECIPE, clips, requested(folds="none", full_fit=True))
    assert not any("Testing in" in note for note in untested.notes)
    everything = plan_training(RECIPE, clips, requested())
    assert "Testing in 3 rounds: each of your 3 signers is left out once" in everything.notes


def test_one_clip_a_sign_is_trained_on_without_an_estimate(tmp_path: Path) -> None:
    clips = packed(tmp_path, signers=1, takes=1)
    plan = plan_training(RECIPE, clips, requested())
    assert (plan.folds, plan.full_fit) == ([], True)
    assert NO_ESTIMATE[1:] in plan.notes[0]


def test_flags_win(tmp_path: Path) -> None:
    clips = packed(tmp_path, signers=3, takes=2)
    one = plan_training(RECIPE, clips, requested("--folds", folds="1"))
    assert (one.folds, one.full_fit) == ([1], False)
    short = plan_training(RECIPE, clips, requested("--optimiser.epochs", "3"))
    assert short.recipe.optimiser.epochs == 60
    with pytest.raises(SignletError, match="3 signers are too few for 4 folds"):
        plan_training(RECIPE, clips, requested("--num-folds", "4"))
    with pytest.raises(SignletError, match=r"--folds 3: .* numbers from 0 to 2"):
        plan_training(RECIPE, clips, requested("--folds", folds="3"))
    soup = plan_training(RECIPE, clips, requested("--soup_epochs=10")).recipe.soup_epochs
    assert soup == RECIPE.soup_epochs < plan_training(RECIPE, clips, requested()).recipe.soup_epochs


def test_a_larger_set_holds_out_one_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = packed(tmp_path)
    monkeypatch.setattr("signlet.training.train_plan.SMALL_SET", len(clips) - 1)
    plan = plan_training(RECIPE, clips, requested())
    assert (plan.folds, plan.full_fit) == ([0], True)
    assert any("Trainings: 4. signlet first trains once to test" in note for note in plan.notes)
    assert any("3 times and averages the 3 models" in note for note in plan.notes)
    once = plan_training(replace(RECIPE, fits=1), clips, requested()).notes
    assert any("Trainings: 2. " in note for note in once)
    monkeypatch.setattr("signlet.training.train_plan.LARGE_SET", len(clips) - 1)
    plan = plan_training(RECIPE, clips, requested())
    assert (plan.folds, plan.full_fit) == ([0], False)
    assert plan_training(RECIPE, clips, requested("--full-fit", full_fit=True)).full_fit
    assert SMALL_SET >= 436 * 0.75  # the letters' size is small


def test_few_clips_are_passed_over_often_enough(tmp_path: Path) -> None:
    clips = packed(tmp_path, signers=1, takes=4)  # 9 of 12 are trained on, one step an epoch
    recipe = plan_training(RECIPE, clips, requested()).recipe
    assert recipe.optimiser.epochs >= RECIPE.optimiser.min_steps > RECIPE.optimiser.epochs
    times = recipe.optimiser.epochs / RECIPE.optimiser.epochs
    assert recipe.soup_epochs == times * RECIPE.soup_epochs
    assert recipe.validate_every == times * RECIPE.validate_every
    assert recipe.loss.ousm == 0
    assert plan_training(RECIPE, clips, requested("--loss.ousm", "3")).recipe.loss.ousm == 3
    few = replace(RECIPE, optimiser=replace(RECIPE.optimiser, epochs=10))
    (note,) = plan_training(few, clips, requested("--optimiser.epochs", "10")).notes[-1:]
    assert "10 are too few" in note
    never = replace(RECIPE, optimiser=replace(RECIPE.optimiser, min_steps=0))
    assert plan_training(never, clips, requested()).recipe.optimiser.epochs == 60


# --- notes -----------------------------------------------------------------------------------


def test_good_clips_give_no_notes(tmp_path: Path) -> None:
    assert data_warnings(packed(tmp_path, signers=2, takes=3)) == []


def test_what_is_wrong_with_the_clips_is_said(tmp_path: Path) -> None:
    folder = record(tmp_path / "clips", signers=2, takes=3, signs=("Hello", "hello ", "line"))
    (folder / "line" / "p0_0.npz").write_bytes((folder / "Hello" / "p1_1.npz").read_bytes())
    (folder / "line" / "p1_2.npz").write_bytes(b"no zip")
    (folder / "lost").mkdir()
    (folder / "lost" / "p0_0.npz").write_bytes(b"no zip")
    notes = data_warnings(pack(open_source(folder), tmp_path / "packed", 16, jobs=1))
    assert len(notes) == 4
    assert "2 clips cannot be used" in notes[0]
    assert "p1_2.npz" in notes[0]
    assert "'Hello' and 'hello'" in notes[1]
    assert "Hello/p1_1.npz = line/p0_0.npz" in notes[2]
    assert "no usable clip is left of lost" in notes[3]


def test_few_clips_and_signers_are_named(tmp_path: Path) -> None:
    notes = data_warnings(packed(tmp_path, signers=1, takes=4))
    few = "3 of 3 signs have fewer than 5 clips (circle 4, line 4, wave 4)"
    assert any(few in note for note in notes)
    assert any("only p0 signs here" in note for note in notes)


# --- the commands ----------------------------------------------------------------------------


def letters(folder: Path, signs: str = "ALW", takes: int = 4) -> Path:
    """A few real clips of each letter, as if one person had shown them all."""
    pytest.importorskip("spoken_to_signed", reason="the real letters (signlet[demo]) are not here")
    source = open_source("fingerspelling")
    for sign in signs:
        (folder / sign).mkdir(parents=True)
        for take, ref in enumerate([r for r in source.refs() if r.sign == sign][:takes]):
            frames = source.read(ref).frames
            np.savez_compressed(folder / sign / f"anna_{take}.npz", landmarks=frames)
    return folder


@pytest.mark.slow
def test_twelve_clips_of_one_person_are_learnt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the recipe as it is. Left out of every batch, the hardest quarter makes it 8."""
    clips, run = letters(tmp_path / "clips"), tmp_path / "run"
    given_ = ["--folds", "none", "--full-fit", "--fits", "1", "--jobs", "1"]
    assert main(["train", "--data", str(clips), "--run", str(run), *given_]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "only anna signs here" in said
    assert "trains 300 epochs instead of 60" in said
    assert "signlet learns from every clip" in said
    recogniser = Recogniser.load(run)
    right = [recogniser(path).sign == path.parent.name for path in sorted(clips.rglob("*.npz"))]
    assert sum(right) >= 10
    about = json.loads((run / "config.json").read_text())["about"]
    assert about["training_accuracy"] == pytest.approx(sum(right) / len(right), abs=0.1)


def test_the_default_estimates_then_trains_on_all_clips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips, run = record(tmp_path / "clips", signers=1, takes=2), tmp_path / "run"
    command = ["train", "--data", str(clips), "--run", str(run), "--jobs", "1", *SMALL]
    assert main(command) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "KNOWN signers" in said
    assert "left out, from people it also trains on" in said
    assert "This holds only for the people in the recordings" in said
    assert "unseen signers" not in said
    about = json.loads((run / "config.json").read_text())["about"]
    assert about["trained_on"] == "all clips"
    assert 0 <= about["training_accuracy"] <= 1
    assert about["scores_are_for"] == "known signers"
    assert (run / "full").is_dir()
    settings_ = yaml.safe_load((run / "config.yaml").read_text())
    assert settings_["num_folds"] == 2
    page = (run / "report.html").read_text()
    assert "This holds only for the people in the recordings" in page
    assert "clips of signers it was not trained on" not in page
    assert main([*command, "--resume"]) == 0
    assert "is finished already" in capsys.readouterr().out


def test_videos_are_extracted_first_and_lie_beside_landmarks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """MediaPipe itself has tests of its own; here a file ending in .mp4 holds landmarks."""
    extract = pytest.importorskip("signlet.extract")
    from signlet.extract.summary import Summary
    from signlet.sources.arrays import read_npz

    clips, asked_for = record(tmp_path / "clips", signers=2, takes=1), []

    def ensure(source: Source, jobs: int, progress: object) -> Summary:
        asked_for.extend(ref.name for ref in source.refs() if ref.path.suffix == ".mp4")
        return Summary(warnings={"dark": ["line/p1_0.mp4: more light"]})

    (clips / "line" / "p1_0.npz").rename(clips / "line" / "p1_0.mp4")
    monkeypatch.setattr(extract, "ensure_extracted", ensure)
    monkeypatch.setitem(files._READERS, ".mp4", read_npz)
    command = ["train", "--data", str(clips), "--run", str(tmp_path / "run"), "--jobs", "1"]
    assert main([*command, *SMALL, "--folds", "none", "--full-fit"]) == 0
    assert asked_for == ["line/p1_0.mp4"]
    said = " ".join(capsys.readouterr().out.split())
    assert "6 clips, 3 signs, 2 signers; 0 skipped" in said
    assert "signlet inspect" in said


@pytest.mark.parametrize(
    ("flags", "signs", "said"),
    [
        ("--folds none --full-fit", 1, "one sign only (circle); training needs at least two"),
        ("--num_folds 5", 3, "2 signers are too few for 5 folds; set num_folds to 2 or fewer"),
        ("--num_folds 50", 3, "6 clips, too few for 50 folds; set num_folds to 6 (--num_folds"),
        ("--num_folds 1", 3, "1 folds are too few; set num_folds to 2 or more"),
        ("--folds 3", 3, "--folds 3: give 'all', 'none' or numbers from 0 to 1"),
        ("--split val", 3, "the clips are in no published split"),
    ],
)
def test_what_the_list_of_clips_does_not_allow_is_refused_before_one_is_read(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flags: str,
    signs: int,
    said: str,
) -> None:
    clips = record(tmp_path / "clips", signs=SIGNS[:signs])
    monkeypatch.setattr("signlet.training.clips.pack", None)
    given_ = ["train", "--data", str(clips), "--run", str(tmp_path / "run"), "--jobs", "1"]
    assert main([*given_, *flags.split()]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert not told.out
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--num_folds 9", "too few for 9 folds"),
        ("--num_folds 2", "num_folds is 2; tuning needs 3"),
        ("--study tune", "give the study a file name such as"),
        ("--study afile/tune.db", "tune.db: cannot be written"),
    ],
)
def test_tune_refuses_it_before_one_is_read_too(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flags: str,
    said: str,
) -> None:
    pytest.importorskip("optuna", reason="tuning needs signlet[tune]")
    clips = record(tmp_path / "clips", signers=3)
    (tmp_path / "afile").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signlet.training.clips.pack", None)
    assert main(["tune", "--data", str(clips), *flags.split()]) == 2
    assert said in capsys.readouterr().err


def test_clips_of_other_signs_than_a_test_needs_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips, model = record(tmp_path / "clips"), cast(ModelFile, SimpleNamespace(signs=("hello",)))
    monkeypatch.setattr("signlet.evaluation.predict.pack", None)
    with pytest.raises(SignletError, match="no clip shows a sign that the model knows"):
        packed_for(model, clips, tmp_path, False, check=partial(require_known, model))
    model = cast(ModelFile, SimpleNamespace(signs=SIGNS))
    with pytest.raises(SignletError, match="knows the signs of all 18 clips"):
        packed_for(model, clips, tmp_path, False, check=partial(require_unknown, model))


def test_no_readable_clip_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for sign in ("a", "b"):
        (tmp_path / "clips" / sign).mkdir(parents=True)
        (tmp_path / "clips" / sign / "p_1.npz").write_bytes(b"no zip")
    given_ = ["train", "--data", str(tmp_path / "clips"), "--run", str(tmp_path / "run")]
    assert main([*given_, "--jobs", "1"]) == 2
    said = capsys.readouterr().err
    assert "not one of the 2 clips could be packed" in said
    assert said.count("\n") == 1


# --- the guide -------------------------------------------------------------------------------


def guide_commands() -> list[list[str]]:
    """The signlet commands of docs/own_signs.md but those that need a camera or npm."""
    text = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"(<!-- needs .*? -->\n)?```bash\n(.*?)```", text, re.DOTALL)
    lines = [line for needs, block in blocks if not needs for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("signlet ")]


@pytest.mark.slow
def test_the_commands_of_the_guide_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxscript", reason="exporting needs signlet[export]")
    monkeypatch.chdir(tmp_path)
    record(tmp_path / "my_videos", signers=2, takes=2, signs=("hello", "thanks"))
    np.savez(tmp_path / "new_clip.npz", landmarks=moving_hand(1, 7, 0))
    commands = guide_commands()
    assert {c[0] for c in commands} == {"inspect", "train", "recognise", "export"}
    for command in commands:
        extra = {"train": ["--jobs", "1", *SMALL], "export": ["--to", "onnx"]}.get(command[0], [])
        assert main([*command, *extra]) == 0, command
    said = " ".join(capsys.readouterr().out.split())
    assert "Testing in 2 rounds: each of your 2 signers is left out once" in said
    assert "runs/mine was trained with 8 of these 8 clips" in said
    assert "| Started from" not in (tmp_path / "runs/mine/export/model-card.md").read_text()


def test_every_command_and_flag_of_the_guide_exists(capsys: pytest.CaptureFixture[str]) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    code = " ".join(re.findall(r"```bash\n.*?```|`[^`\n]+`", text, re.DOTALL))
    assert set(re.findall(r"signlet ([a-z]+)", code)) <= set(COMMANDS)
    with pytest.raises(SystemExit):
        main(["train", "--help", "all"])
    help_ = capsys.readouterr().out
    for flag in ("--folds", "--full-fit", "--num_folds", "--optimiser.epochs", "--init"):
        assert flag in text
        assert flag in help_
    assert f"up to {SMALL_SET} clips" in text
    assert f"up to {LARGE_SET:,} clips" in text
    assert f"there are {RECIPE.optimiser.min_steps} steps" in text


def test_the_model_of_one_fold_says_that_it_has_not_seen_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips, run = record(tmp_path / "clips", signers=2, takes=2), tmp_path / "run"
    command = ["train", "--data", str(clips), "--run", str(run), "--jobs", "1", *SMALL]
    assert main([*command, "--folds", "0"]) == 0
    assert "was trained on 6 of 12 clips" in " ".join(capsys.readouterr().out.split())
    assert main([*command, "--folds", "0", "--full-fit", "--resume"]) == 0
    assert "was trained on" not in capsys.readouterr().out
