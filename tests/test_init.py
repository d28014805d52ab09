"""`--init`: an earlier training's weights are taken where they fit, and refused where not."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from signlet.calibration.leave_out_runs import run_recipe
from signlet.errors import SignletError
from signlet.evaluation.folds import signer_folds
from signlet.model.files import load_model, save_model
from signlet.pack import PackedSet, pack
from signlet.quality.data_warnings import init_warnings
from signlet.training import Recipe, train
from signlet.training.fold import FoldTraining
from signlet.training.init import Init, read_init
from signlet.training.progress import Silent
from signlet.training.recipes import load_recipe
from signlet.training.settings import PackingSettings
from signlet.training.task import Task
from signlet_testing.clips import Synthetic
from signlet_testing.recipes import SIZE, TINY, assert_same, weights

TINY = replace(TINY, optimiser=replace(TINY.optimiser, epochs=2))
OTHERS = Synthetic(signs=("wave", "nod", "line"), signers=3, takes=2)
"""Two of the earlier three signs, in another order, and a new one."""


@pytest.fixture(scope="module")
def before(tiny_packed: PackedSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a fold and a full fit, whose clips are packed in it."""
    run = tmp_path_factory.mktemp("before") / "run"
    train(TINY, tiny_packed, run, [0], full_fit=True)
    shutil.copytree(tiny_packed.path, run / "packed")
    return run


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    return pack(OTHERS, tmp_path_factory.mktemp("others") / "packed", 12, jobs=1)


def fold_training(packed: PackedSet, folder: Path, init: Init | None) -> FoldTraining:
    plan = signer_folds(packed.labels, packed.signers, 3)
    return FoldTraining(TINY, packed, plan.training(0), plan.held_out(0), folder, init=init)


def test_all_but_unknown_signs_comes_from_the_earlier_model(
    before: Path, others: PackedSet, tmp_path: Path
) -> None:
    task = fold_training(others, tmp_path, read_init(str(before), TINY)).task
    random = fold_training(others, tmp_path, None).task
    for name, part in (("student", "student"), ("teacher", "teacher"), ("distilled", "soup")):
        earlier = load_model(before / "full" / part)
        was, now = earlier.members[0].state_dict(), getattr(task, name).state_dict()
        for tensor in was.keys() - {"logits.weight", "logits.bias"}:
            assert torch.equal(was[tensor], now[tensor]), tensor
        for sign in ("wave", "line"):
            assert torch.equal(
                now["logits.weight"][others.signs.index(sign)],
                was["logits.weight"][earlier.signs.index(sign)],
            )
        fresh = getattr(random, name).state_dict()["logits.bias"][others.signs.index("nod")]
        assert now["logits.bias"][others.signs.index("nod")] == fresh


def test_a_resumed_training_ends_as_an_undisturbed_one_and_needs_the_same_start(
    before: Path, others: PackedSet, tmp_path: Path
) -> None:
    init = read_init(str(before), TINY)
    undisturbed = fold_training(others, tmp_path / "a", init)
    undisturbed.run(Silent(), save=False)
    first = fold_training(others, tmp_path / "b", init)
    first._run_epoch(Silent(), lambda: False)
    first.save()
    second = fold_training(others, tmp_path / "b", read_init(str(before), TINY))
    assert second.resume()
    second.run(Silent(), save=False)
    assert_same(weights(undisturbed), weights(second))
    other = read_init(str(before / "fold-0"), TINY)
    for start in (None, other):
        with pytest.raises(SignletError, match="starting weights"):
            fold_training(others, tmp_path / "b", start).resume()


def test_the_run_records_its_start_and_refuses_another(
    before: Path, others: PackedSet, tmp_path: Path
) -> None:
    run, recipe = tmp_path / "run", replace(TINY, num_folds=3)
    init = read_init(str(before), recipe)
    train(recipe, others, run, [0], init=init)
    about = json.loads((run / "config.json").read_text())["about"]["init"]
    assert about["model"] == str(before)
    assert about["sha256"] == init.digest
    assert about["signs_in_common"] == 2
    assert str(before) in (run / "config.yaml").read_text()
    with pytest.raises(SignletError, match=r"was started from .*random weights \(--init\)"):
        train(recipe, others, run, [0, 1], resume=True)
    moved = shutil.copytree(before, tmp_path / "moved")
    train(recipe, others, run, [0, 1], init=read_init(str(moved), recipe), resume=True)
    with pytest.raises(SignletError, match="--unknown"):
        run_recipe(run)


def test_clips_that_the_earlier_model_knows_are_counted(
    before: Path, tiny_packed: PackedSet, others: PackedSet, tmp_path: Path
) -> None:
    init = read_init(str(before), TINY)
    assert "was trained with 24 of these 24 clips" in init_warnings(init, tiny_packed)[0]
    renamed = Synthetic(("bow", "line", "wave"))  # "bow" is "circle" under another name
    packed = pack(renamed, tmp_path / "renamed", 12, jobs=1)
    assert init.clips_in(packed) == 24
    assert replace(init, contents=frozenset()).clips_in(packed) == 16
    assert init_warnings(None, packed) == []
    only_new = Init("x", "", (), {}, frozenset(), frozenset(), frozenset({"s0", "s9"}))
    assert "signers of the same name (s0)" in init_warnings(only_new, others)[0]
    assert init_warnings(replace(only_new, signers=frozenset()), others) == []


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        (replace(TINY, packing=PackingSettings(max_len=16)), "give --packing.max_len '12'"),
        (
            replace(TINY, student=replace(SIZE, widths=(16, 24, 24, 24))),
            r"give --student.widths '\[16, 24, 24, 16\]'",
        ),
        (replace(TINY, distilled=replace(SIZE, dense=16)), "give --distilled.dense '8'"),
        (replace(TINY, student=replace(SIZE, hand_shapes=True)), "--student.hand_shapes 'false'"),
    ],
    ids=["max_len", "widths", "dense", "hand_shapes"],
)
def test_models_of_another_size_are_refused_with_the_flag(
    before: Path, recipe: Recipe, says: str
) -> None:
    with pytest.raises(SignletError, match=says) as caught:
        read_init(str(before), recipe)
    assert "\n" not in str(caught.value)


def test_other_dropout_is_no_other_size(before: Path) -> None:
    assert read_init(str(before), replace(TINY, student=replace(SIZE, part_dropout=0.2)))


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (
            "fingerspeling",
            r"no such run folder; did you mean fingerspelling\?; name one that signlet train wrote",
        ),
        ("model.onnx", "an exported model cannot be trained on; .* or fingerspelling"),
        ("no/where", "no such run folder"),
        (".", "has no config.json"),
    ],
)
def test_what_is_no_run_folder_is_refused(
    where: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SignletError, match=says):
        read_init(where, TINY)


def test_a_single_model_starts_all_three_and_an_average_none(
    before: Path, others: PackedSet, tmp_path: Path
) -> None:
    soup = load_model(before)
    save_model(tmp_path / "one", soup.members, soup.signs, {})
    init = read_init(str(tmp_path / "one" / "model.safetensors"), TINY)
    task = fold_training(others, tmp_path, init).task
    pairs = zip(task.student.encoder.parameters(), task.distilled.encoder.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    twice = [soup.members[0], copy.deepcopy(soup.members[0])]
    save_model(tmp_path / "two", twice, soup.signs, {})
    with pytest.raises(SignletError, match="average of 2 models"):
        read_init(str(tmp_path / "two"), TINY)


def test_the_model_that_comes_with_signlet_can_be_trained_on() -> None:
    recipe = load_recipe("small")
    init = read_init("fingerspelling", recipe)
    assert len(init.signs) == 26
    assert "gsg/R" in init.clips
    task = Task(recipe, 3)
    init.start(task, ("hello", "A", "thanks"))
    weights = init.models["student"].state_dict()["encoder.join.linear.weight"]
    assert torch.equal(task.student.state_dict()["encoder.join.linear.weight"], weights)
    assert weights.dtype == torch.float32


@pytest.fixture
def run(before: Path, tmp_path: Path) -> Path:
    """A copy of the earlier run, to be damaged."""
    return Path(shutil.copytree(before, tmp_path / "run"))


def flip(file: Path) -> None:
    """Another bit, which no library notices."""
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def other_signs(file: Path) -> None:
    """A model that is whole, of another run."""
    model = load_model(file)
    save_model(file.parent, model.members, tuple(f"{sign}2" for sign in model.signs), {})


@pytest.mark.parametrize("damage", [Path.unlink, flip, cut, other_signs])
@pytest.mark.parametrize("part", ["", "full/student", "full/teacher", "full/soup"])
@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_run_that_is_not_whole_is_refused(
    damage: Callable[[Path], None], part: str, name: str, run: Path
) -> None:
    damage(run / part / name)
    with pytest.raises(SignletError) as caught:
        read_init(str(run), TINY)
    assert str(run / part) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_full_fit_without_its_soup_is_not_passed_over(run: Path) -> None:
    shutil.rmtree(run / "full" / "soup")
    with pytest.raises(SignletError, match="full/soup: has no"):
        read_init(str(run), TINY)


def test_what_is_not_taken_need_not_be_there(run: Path) -> None:
    """A training by its own name stands for itself, and so do the other folds."""
    digests = {read_init(str(run / name), TINY).digest for name in ("fold-0", "full")}
    shutil.rmtree(run / "fold-0")
    assert read_init(str(run), TINY).digest in digests
    (run / "model.safetensors").unlink()
    assert read_init(str(run / "full"), TINY).digest in digests
