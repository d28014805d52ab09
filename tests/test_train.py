"""Training: it learns, it can be killed and resumed, its run folder is complete."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from rich.console import Console
from safetensors.torch import load_file

from signlet.augment import AugmentConfig
from signlet.errors import SignletError
from signlet.evaluation.folds import signer_folds
from signlet.evaluation.predictions import read_predictions
from signlet.model.files import load_model
from signlet.pack import PackedSet, pack
from signlet.training import train
from signlet.training.batches import Batches
from signlet.training.fold import CHECKPOINT
from signlet.training.progress import Silent
from signlet.training.settings import (
    LossSettings,
    MixupSettings,
    TeacherSettings,
)
from signlet_testing import PATIENCE, importable
from signlet_testing.clips import Synthetic
from signlet_testing.recipes import SIZE, TINY, assert_same, fold_training, weights

QUIET = Console(quiet=True)


def test_both_models_learn_to_tell_synthetic_signs(tmp_path: Path) -> None:
    packed = pack(Synthetic(signers=12, takes=3), tmp_path / "packed", 12, jobs=1)
    recipe = replace(
        TINY,
        optimiser=replace(TINY.optimiser, epochs=12, batch_size=9),
        augment=AugmentConfig(0, 0, 0, 60, 0, 0.2, 20, 0, 0.7, 1.3, 0, 0, 0),
        mixup=MixupSettings("none"),
        loss=LossSettings(smoothing=0.1, ousm=1),
    )
    training = fold_training(recipe, packed, tmp_path)
    training.run(Silent(), save=False)
    first, last = training.metrics[0], training.metrics[-1]
    assert last.loss_student < 0.75 * first.loss_student
    assert last.loss_distilled < 0.75 * first.loss_distilled


def test_a_run_folder_is_complete(tiny_packed: PackedSet, tmp_path: Path) -> None:
    run = tmp_path / "run"
    results = train(TINY, tiny_packed, run, [0, 2])
    settings = yaml.safe_load((run / "config.yaml").read_text())
    assert settings["optimiser"]["epochs"] == 4
    assert settings["student"]["widths"] == [16, 24, 24, 16]
    rows = (run / "metrics.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 * 4
    assert rows[0].startswith("fold,epoch,seconds,clips_per_second,learning_rate,loss_student")
    assert (run / "model.safetensors").exists()
    stored = read_predictions(run / "predictions.parquet")
    assert set(stored) == {"student", "teacher", "distilled", "soup"}
    assert stored["soup"].names == results["soup"].names
    assert not (run / "fold-0" / CHECKPOINT).exists()


def test_held_out_signers_are_in_no_training_batch(tiny_packed: PackedSet, tmp_path: Path) -> None:
    results = train(TINY, tiny_packed, tmp_path / "run", [0, 1, 2, 3])
    soup = results["soup"]
    assert sorted(soup.names) == sorted(tiny_packed.names)
    plan = signer_folds(tiny_packed.labels, tiny_packed.signers, 4)
    for fold in range(4):
        batches = Batches.of(tiny_packed, plan.training(fold), TINY)
        seen = {int(row) for epoch in range(4) for row in batches.order(epoch).flatten()}
        partners = set(batches.groups.rows.tolist())
        held_out = {soup.names[i] for i in np.flatnonzero(soup.folds == fold)}
        assert held_out
        assert not held_out & {tiny_packed.names[row] for row in seen | partners}


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_resume_ends_in_the_same_weights(tiny_packed: PackedSet, tmp_path: Path, stop: int) -> None:
    undisturbed = fold_training(TINY, tiny_packed, tmp_path / "a")
    undisturbed.run(Silent(), save=False)
    first = fold_training(TINY, tiny_packed, tmp_path / "b")
    while first.epoch < stop:
        first._run_epoch(Silent(), lambda: False)
    first.save()
    torch.rand(17)  # the state of torch's generator must not matter
    second = fold_training(TINY, tiny_packed, tmp_path / "b")
    assert second.resume()
    second.run(Silent(), save=False)
    assert_same(weights(undisturbed), weights(second))
    assert [m.loss_student for m in second.metrics] == [m.loss_student for m in undisturbed.metrics]


LONGER = replace(TINY, optimiser=replace(TINY.optimiser, epochs=12))
KILLED = """
import torch
from pathlib import Path
from test_train import LONGER
from signlet.pack import PackedSet
from signlet.training import train
torch.set_num_threads(1)
train(LONGER, PackedSet.open({packed!r}), Path({run!r}), [0], resume=True)
"""


def start(run: Path, packed: Path) -> subprocess.Popen[bytes]:
    code = KILLED.format(packed=str(packed), run=str(run))
    return subprocess.Popen([sys.executable, "-c", code], env=importable(Path(__file__).parent))


@pytest.fixture(scope="module")
def undisturbed(tiny_packed: PackedSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("undisturbed") / "whole"
    train(LONGER, tiny_packed, run, [0])
    return run


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_and_resume_equal_an_undisturbed_run_bit_for_bit(
    tiny_packed: PackedSet, undisturbed: Path, tmp_path: Path, kind: signal.Signals
) -> None:
    cut = tmp_path / "cut"
    process = start(cut, tiny_packed.path)
    checkpoint = cut / "fold-0" / CHECKPOINT
    deadline = time.monotonic() + PATIENCE
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(kind)
    assert process.wait(PATIENCE) != 0
    assert not (cut / "model.safetensors").exists()
    train(LONGER, tiny_packed, cut, [0], resume=True)
    for name in ("soup", "student", "teacher", "distilled"):
        files = [run / "fold-0" / name / "model.safetensors" for run in (undisturbed, cut)]
        assert_same(*(load_file(file) for file in files))
    assert_same(*(load_file(run / "model.safetensors") for run in (undisturbed, cut)))


def test_a_used_folder_is_refused_and_other_settings_are_named(
    tiny_packed: PackedSet, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    train(TINY, tiny_packed, run, [0])
    with pytest.raises(SignletError, match="--resume"):
        train(TINY, tiny_packed, run, [0])
    before = os.stat(run / "fold-0" / "soup" / "model.safetensors").st_mtime_ns
    train(TINY, tiny_packed, run, [0, 1], resume=True)
    assert os.stat(run / "fold-0" / "soup" / "model.safetensors").st_mtime_ns == before
    with pytest.raises(SignletError, match="started with seed 0, now it is 5"):
        train(replace(TINY, seed=5), tiny_packed, run, [0], resume=True)


def test_a_damaged_or_foreign_checkpoint_is_refused(tiny_packed: PackedSet, tmp_path: Path) -> None:
    training = fold_training(TINY, tiny_packed, tmp_path)
    training.save()
    other = fold_training(replace(TINY, seed=9), tiny_packed, tmp_path)
    with pytest.raises(SignletError, match="other settings"):
        other.resume()
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SignletError, match="damaged"):
        training.resume()
    torch.save(Path("a pickled object"), path)
    with pytest.raises(SignletError, match="damaged"):
        training.resume()


@pytest.mark.parametrize(
    "changes",
    [
        {"teacher": TeacherSettings(enabled=False)},
        {"mixup": MixupSettings("none")},
        {"mixup": MixupSettings("falling")},
        {"mixup": MixupSettings("rising", probability=0.9, end=0.01)},
        {"loss": LossSettings(smoothing=0, ousm=0)},
        {"optimiser": replace(TINY.optimiser, epochs=1, clip_norm=0, warm_up=0)},
        {"optimiser": replace(TINY.optimiser, epochs=1, precision="bf16")},
        {"optimiser": replace(TINY.optimiser, epochs=1, batch_size=500)},
        {"distilled": replace(SIZE, disentangled=False, centre_parts=False)},
        {"student": replace(SIZE, position_convolutions=False)},
        {"augment": AugmentConfig(0, 0, 0, 60, 0, 0.2, 20, 0, 0.7, 1.3, 0, 0, 0)},
    ],
    ids=str,
)
def test_every_piece_can_be_switched(
    tiny_packed: PackedSet, tmp_path: Path, changes: dict[str, object]
) -> None:
    recipe = replace(TINY, **{"optimiser": replace(TINY.optimiser, epochs=1), **changes})
    training = fold_training(recipe, tiny_packed, tmp_path)
    before = {k: v.clone() for k, v in training.task.distilled.state_dict().items()}
    training.run(Silent(), save=False)
    after = training.task.distilled.state_dict()
    assert all(bool(v.isfinite().all()) for v in after.values() if v.is_floating_point())
    assert not torch.equal(before["logits.weight"], after["logits.weight"])


def test_the_three_views_differ_and_mixup_is_shared(tiny_packed: PackedSet) -> None:
    plan = signer_folds(tiny_packed.labels, tiny_packed.signers, 4)
    recipe = replace(TINY, mixup=MixupSettings("falling", probability=0.999, end=0.9))
    batches = Batches.of(tiny_packed, plan.training(0), recipe)
    batch = batches.batch(batches.order(0)[0], 0, 0)
    student, teacher, distilled = batch.frames.chunk(3)
    assert not torch.equal(student, teacher)
    assert not torch.equal(student, distilled)
    assert batch.mixup is not None
    assert sorted(batch.mixup.order.tolist()) == list(range(6))
    again = batches.batch(batches.order(0)[0], 0, 0)
    assert torch.equal(batch.frames, again.frames)
    other = batches.batch(batches.order(0)[0], 1, 0)
    assert not torch.equal(batch.frames, other.frames)


def test_soup_is_the_mean_of_the_last_epochs_and_teacher_follows_the_student(
    tiny_packed: PackedSet, tmp_path: Path
) -> None:
    training = fold_training(TINY, tiny_packed, tmp_path)
    seen = []
    while training.epoch < 4:
        training._run_epoch(Silent(), lambda: False)
        seen.append({k: v.clone() for k, v in training.task.distilled.state_dict().items()})
    mean = (seen[2]["logits.weight"] + seen[3]["logits.weight"]) / 2
    assert torch.allclose(training.soup.module.state_dict()["logits.weight"], mean)
    student = training.task.student.state_dict()["logits.weight"]
    teacher = training.task.teacher.state_dict()["logits.weight"].clone()
    training.task.update_teacher(1000)
    moved = training.task.teacher.state_dict()["logits.weight"]
    assert torch.allclose(moved, 0.97 * teacher + 0.03 * student, atol=1e-6)


def test_labels_are_mixed_with_the_hidden_states(tiny_packed: PackedSet, tmp_path: Path) -> None:
    recipe = replace(TINY, mixup=MixupSettings("falling", probability=0.999, end=0.9))
    training = fold_training(recipe, tiny_packed, tmp_path)
    batch = training.batches.batch(training.batches.order(0)[0], 0, 0)
    assert batch.mixup is not None
    targets = training.task._targets(batch)
    assert torch.allclose(targets.sum(1), torch.ones(6))
    share, order = batch.mixup.share, batch.mixup.order
    for row in range(6):
        mine, theirs = batch.labels[row], batch.labels[order[row]]
        expected = torch.full((3,), 0.15)
        expected[mine] += share[row] * 0.55
        expected[theirs] += (1 - share[row]) * 0.55
        assert torch.allclose(targets[row], expected, atol=1e-6)


def test_an_unusable_device_is_named(tiny_packed: PackedSet, tmp_path: Path) -> None:
    with pytest.raises(SignletError, match="--device"):
        train(TINY, tiny_packed, tmp_path / "run", [0], device="cuda:77")


def test_a_full_disk_is_one_line_and_leaves_the_last_checkpoint(
    tiny_packed: PackedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = fold_training(TINY, tiny_packed, tmp_path)
    training.save()
    before = (tmp_path / CHECKPOINT).read_bytes()

    def full(_state: object, path: Path) -> None:
        Path(path).write_bytes(b"half")
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(SignletError, match="free space"):
        training.save()
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_clips_fetched_ahead_are_the_same(
    tiny_packed: PackedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a set that is too large for the device to train on."""
    batches = fold_training(TINY, tiny_packed, tmp_path).batches
    expected = list(batches.stream(0))
    monkeypatch.setattr(PackedSet, "device", torch.device("meta"))
    ahead = list(batches.stream(0))
    assert len(ahead) == len(expected) == batches.steps
    for one, other in zip(ahead, expected, strict=True):
        assert torch.equal(one.frames, other.frames)
        assert torch.equal(one.labels, other.labels)


def test_mixup_and_hard_samples_stay_within_their_group(
    tiny_packed: PackedSet, tmp_path: Path
) -> None:
    mixup = MixupSettings("falling", probability=0.999)
    recipe = replace(TINY, optimiser=replace(TINY.optimiser, batch_size=9, group=3), mixup=mixup)
    batch = next(fold_training(recipe, tiny_packed, tmp_path).batches.stream(0))
    assert batch.mixup is not None
    groups = torch.arange(9) // 3
    assert torch.equal(groups[batch.mixup.order], groups)
    assert all(len(set(batch.mixup.layer[groups == g].tolist())) == 1 for g in range(3))
    assert not torch.equal(batch.mixup.order, torch.arange(9))


def test_the_epochs_figures_reach_a_tracker(tiny_packed: PackedSet, tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    train(TINY, tiny_packed, tmp_path / "run", [0, 1], track=["tensorboard"])
    seen: dict[str, list[int]] = {}
    for file in (tmp_path / "run").rglob("events.out.*"):
        events = reader.EventAccumulator(str(file)).Reload()
        for tag in events.Tags()["scalars"]:
            seen[tag] = [event.step for event in events.Scalars(tag)]
    epochs = list(range(1, TINY.optimiser.epochs + 1))
    assert seen["fold-0/loss_student"] == seen["fold-1/loss_student"] == epochs


def test_an_unknown_tracker_is_refused_before_anything_is_written(
    tiny_packed: PackedSet, tmp_path: Path
) -> None:
    with pytest.raises(SignletError, match="tensorboard"):
        train(TINY, tiny_packed, tmp_path / "run", [0], track=["nothing"])
    assert not (tmp_path / "run").exists()


def test_freed_memory_is_kept_without_new_pages() -> None:
    """In a process of its own, since it is for the whole process."""
    code = """
import platform, resource, sys
import torch
from signlet.training.memory import keep_freed_memory
if platform.libc_ver()[0] != "glibc":
    sys.exit()
assert keep_freed_memory()
def use():
    parts = [torch.ones(2**20) for _ in range(8)]  # 4 MB each, freed at the end
for _ in range(3):
    use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    use()
assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 2000
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_was_trained_stays_part_of_the_run(tiny_packed: PackedSet, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(TINY, tiny_packed, run, [0, 1], full_fit=True)
    before = (run / "model.safetensors").read_bytes(), (run / "config.json").read_bytes()
    results = train(TINY, tiny_packed, run, [0], resume=True)
    assert sorted(set(results["soup"].folds)) == [0, 1]
    assert before == ((run / "model.safetensors").read_bytes(), (run / "config.json").read_bytes())


def test_several_fits_are_averaged(tiny_packed: PackedSet, tmp_path: Path) -> None:
    """The first is the one that a single fit gives; the others begin with other weights."""
    once, run = tmp_path / "once", tmp_path / "run"
    train(TINY, tiny_packed, once, [], full_fit=True)
    with pytest.raises(SignletError, match="fits 1, now it is 2"):
        train(replace(TINY, fits=2), tiny_packed, once, [], full_fit=True, resume=True)
    train(replace(TINY, fits=2), tiny_packed, run, [0], full_fit=True)
    first, second = load_model(run).members
    (alone,) = load_model(once).members
    weights = [member.state_dict() for member in (first, second, alone)]
    assert all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert [path.name for path in sorted(run.glob("full*"))] == ["full", "full-2"]
    assert (run / "full-2" / "soup").is_dir()


@pytest.mark.parametrize("fits", [0, -1, 17])
def test_a_number_of_fits_that_makes_no_sense_is_refused(fits: int) -> None:
    with pytest.raises(SignletError, match=f"fits is {fits}"):
        replace(TINY, fits=fits)
