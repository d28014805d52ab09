"""The convolutional backbone: its size, what must never change an answer, training and export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import Tensor

from signlet.errors import SignletError
from signlet.export import export_ensemble
from signlet.export.cases import wandering
from signlet.export.frozen import FrozenModel
from signlet.landmarks import SELECTED_EDGES
from signlet.model import Mixup, ModelConfig, ModelSize, SignModel
from signlet.model.conv import along_time, inputs, num_inputs
from signlet.model.elementwise import DropPath, dropout_seed
from signlet.model.files import load_model, save_model
from signlet.model.motion import ENDS, STARTS, bone_directions, differences
from signlet.model.recogniser import LateDropout
from signlet.pack import PackedSet
from signlet.training import Recipe, train
from signlet.training.progress import Silent
from signlet.training.recipes import load_recipe
from signlet.training.settings import OptimiserSettings, PackingSettings
from signlet_testing.recipes import fold_training, weights

SIZE = ModelSize(
    backbone="conv", widths=(16, 24, 24, 32), heads=4, kernel=5, blocks=2, late_dropout=0.3
)
INPUTS = ({}, {"hand_shapes": True, "bones": True, "motion": True}, {"motion": True})
BACKBONES = ("conv", "deberta")
QUIET = Console(quiet=True)
TINY = Recipe(
    name="tiny",
    packing=PackingSettings(max_len=12),
    student=replace(SIZE, late_from=0.5),
    distilled=SIZE,
    optimiser=OptimiserSettings(epochs=4, batch_size=6, learning_rate=3e-3, weight_decay=0.01),
    soup_epochs=2,
)


def small(**changes: Any) -> SignModel:
    """A model with batch statistics and weights that are not those of a new one, in eval mode."""
    torch.manual_seed(0)
    model = SignModel(replace(SIZE, **changes).config(12, 5))
    for name, tensor in model.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            tensor.uniform_(-0.3, 0.3)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
    return model.eval()


def batch(lengths: tuple[int, ...], padded: int, padding: float = 0.0) -> tuple[Tensor, Tensor]:
    """Clips of given lengths; the same numbers whatever they are padded to and with."""
    frames = torch.full((len(lengths), padded, 100, 3), padding)
    for number, length in enumerate(lengths):
        generator = torch.Generator().manual_seed(number)
        frames[number, :length] = torch.randn(length, 100, 3, generator=generator)
    return frames, torch.arange(padded) < torch.tensor(lengths)[:, None]


# --- size -----------------------------------------------------------------------------------


def test_the_recipe_for_the_competition_has_the_winners_size() -> None:
    recipe = load_recipe("asl-signs-conv")
    model = SignModel(recipe.student.config(recipe.packing.max_len, 250))
    assert recipe.student.kernel == 17
    assert 1.75e6 < sum(p.numel() for p in model.parameters()) < 1.95e6


def test_the_small_recipe_differs_from_small_in_its_models_only() -> None:
    small, conv = load_recipe("small"), load_recipe("small-conv")
    assert conv.student.backbone == conv.distilled.backbone == "conv"
    like = replace(conv, name=small.name, student=small.student, distilled=small.distilled)
    assert like == small


@pytest.mark.parametrize("changes", INPUTS)
def test_inputs_have_as_many_numbers_as_the_stem_takes(changes: dict[str, Any]) -> None:
    size = replace(SIZE, **changes)
    assert inputs(torch.zeros(2, 3, 100, 3), size).shape == (2, 3, num_inputs(size))


@pytest.mark.parametrize(
    "changes",
    [
        {"backbone": "lstm"},
        {"kernel": 0},
        {"kernel": 10**9},
        {"blocks": 0},
        {"blocks": 10**9},
        {"late_dropout": 1.0},
        {"late_from": 1.5},
        {"late_from": float("nan")},
    ],
)
def test_sizes_that_cannot_be_built_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SignletError, match=next(iter(changes)).removeprefix("late_d")):
        replace(SIZE, **changes)


# --- what must never change an answer ---------------------------------------------------------


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("changes", INPUTS)
@pytest.mark.parametrize("padding", [0.0, 7.0])
def test_a_clip_scores_the_same_alone_padded_and_in_a_batch(
    changes: dict[str, Any], padding: float, backbone: str
) -> None:
    if backbone == "deberta" and padding:
        pytest.skip("its embedding reads padding as frames without a landmark")
    model, lengths = small(backbone=backbone, **changes), (12, 1, 5)
    with torch.inference_mode():
        together = model(*batch(lengths, 12, padding))
        for number, length in enumerate(lengths):
            frames, mask = batch(lengths, 12)
            alone = model(frames[number : number + 1, :length], mask[number : number + 1, :length])
            torch.testing.assert_close(together[number : number + 1], alone, rtol=0, atol=1e-5)


def test_padding_does_not_change_what_is_trained() -> None:
    def gradients(padded: int) -> list[Tensor]:
        model = small(layer_dropout=(0.0, 0.0, 0.0), encoder_dropout=0.0, late_dropout=0.0).train()
        model(*batch((5, 3, 1), padded)).square().sum().backward()
        return [p.grad for p in model.parameters() if p.grad is not None]

    for short, long in zip(gradients(5), gradients(12), strict=True):
        torch.testing.assert_close(short, long, rtol=1e-4, atol=1e-5)


def test_a_convolution_sees_no_later_frame() -> None:
    weight = torch.randn(3, 1, 5)
    hidden = torch.randn(1, 9, 3)
    later = hidden.clone()
    later[:, 6:] += 1
    one, other = along_time(hidden, weight), along_time(later, weight)
    torch.testing.assert_close(one[:, :6], other[:, :6])
    assert not torch.allclose(one[:, 6], other[:, 6])
    torch.testing.assert_close(one[0, 0], hidden[0, 0] * weight[:, 0, -1])


def test_mixup_is_that_of_the_frames_before_each_part() -> None:
    model = small()
    frames, mask = batch((6, 6), 6)
    plain = model.features(frames, mask)
    for layer in range(3):
        order, share = torch.tensor([1, 0]), torch.tensor([1.0, 0.0])
        mixup = Mixup(torch.full((2,), layer), order, share, (layer,))
        torch.testing.assert_close(model.features(frames, mask, mixup), plain[[0, 0]])


# --- inputs -------------------------------------------------------------------------------------


def test_differences_are_those_of_one_and_two_frames_before() -> None:
    frames = torch.randn(1, 5, 100, 3)
    moved = differences(frames)
    torch.testing.assert_close(moved[:, 1:, :, :3], frames[:, 1:] - frames[:, :-1])
    torch.testing.assert_close(moved[:, 2:, :, 3:], frames[:, 2:] - frames[:, :-2])
    assert moved[:, 0].abs().sum() == 0
    assert moved[:, 1, :, 3:].abs().sum() == 0


def test_what_was_not_found_has_not_moved_and_points_nowhere() -> None:
    frames = torch.randn(1, 5, 100, 3)
    frames[:, 2, 7] = 0
    moved = differences(frames)[0, :, 7]
    assert moved[2].abs().sum() == moved[3, :3].abs().sum() == moved[4, 3:].abs().sum() == 0
    touched = [i for i, bone in enumerate(zip(STARTS, ENDS, strict=True)) if 7 in bone]
    assert len(touched) == 2
    assert bone_directions(frames)[0, 2, touched].abs().sum() == 0


def test_each_point_of_a_hand_but_the_wrist_ends_one_bone_of_length_1() -> None:
    assert sorted(ENDS) == [point for point in range(42) if point not in (0, 21)]
    fingers = {tuple(sorted(map(int, edge))) for edge in SELECTED_EDGES["right_hand"]}
    bones = {tuple(sorted(bone)) for bone in zip(STARTS, ENDS, strict=True)}
    assert len(bones & fingers) == 18  # the palm is drawn around, not from the wrist
    lengths = bone_directions(torch.randn(2, 3, 100, 3)).norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths))


@pytest.mark.parametrize(
    ("changes", "numbers"), [({"motion": True}, 600), ({"bones": True}, 120), (INPUTS[1], 720)]
)
def test_motion_and_bones_are_a_part_of_their_own_of_the_other_backbone(
    changes: dict[str, Any], numbers: int
) -> None:
    assert small(backbone="deberta").encoder.moving is None
    model = small(backbone="deberta", **changes).train()
    model(*batch((5, 3, 1), 5)).square().sum().backward()
    gradient = model.encoder.moving.linear.weight.grad
    assert gradient.shape[1] == numbers
    assert gradient.abs().sum() > 0


# --- dropout ------------------------------------------------------------------------------------


def test_drop_path_leaves_out_whole_clips_and_keeps_the_mean() -> None:
    drop, ones = DropPath(0.25).train(), torch.ones(4_000, 2, 3)
    with dropout_seed(5):
        first = drop(ones)
    with dropout_seed(5):
        assert torch.equal(first, drop(ones))
    assert all(len(clip.unique()) == 1 for clip in first[:50])
    assert first.mean() == pytest.approx(1, abs=0.05)
    assert torch.equal(drop.eval()(ones), ones)


def test_late_dropout_sets_in_late() -> None:
    late, ones = LateDropout(0.5, 0.4).train(), torch.ones(64, 8)
    late.begin(0.39)
    assert torch.equal(late(ones), ones)
    late.begin(0.4)
    assert (late(ones) == 0).any()
    assert torch.equal(late.eval()(ones), ones)


# --- training, files, export ----------------------------------------------------------------------


def test_it_trains_and_its_run_folder_is_read_back(tiny_packed: PackedSet, tmp_path: Path) -> None:
    train(TINY, tiny_packed, tmp_path, [0])
    file = load_model(tmp_path)
    assert {member.config.backbone for member in file.members} == {"conv"}
    assert file.members[0].config.kernel == SIZE.kernel


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_resumed_training_ends_as_an_undisturbed_one(
    tiny_packed: PackedSet, tmp_path: Path, epoch: int
) -> None:
    """Late dropout sets in with the third epoch."""
    whole = fold_training(TINY, tiny_packed, tmp_path / "whole")
    whole.run(Silent())
    stopped = fold_training(TINY, tiny_packed, tmp_path / "stopped")
    for _ in range(epoch):
        stopped._run_epoch(Silent(), lambda: False)
    stopped.save()
    resumed = fold_training(TINY, tiny_packed, tmp_path / "stopped")
    assert resumed.resume()
    resumed.run(Silent())
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed)[name]), name


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("changes", INPUTS)
@pytest.mark.parametrize("length", [1, 2, 12])
def test_a_frozen_model_says_what_the_model_says(
    changes: dict[str, Any], length: int, backbone: str
) -> None:
    model = small(backbone=backbone, **changes)
    frames, mask = batch((length, 1, (length + 1) // 2), length)
    with torch.inference_mode():
        ours, theirs = FrozenModel(model)(frames, mask), model(frames, mask)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", BACKBONES)
def test_exported_files_say_what_the_run_says(tmp_path: Path, backbone: str) -> None:
    """`export_ensemble` refuses a file that does not; here it must not refuse."""
    model = small(backbone=backbone, hand_shapes=True, motion=True, bones=True, blocks=1)
    clips = {"real": wandering(30, np.random.default_rng(0))}
    done = export_ensemble(
        [model], tuple("abcde"), tmp_path, ["onnx", "litert"], precision="fp32", clips=clips
    )
    assert set(done.files) == {"onnx", "litert"}
    assert all(check.disagreements == 0 for check in done.checks.values())


def test_a_hostile_configuration_cannot_make_it_large(tmp_path: Path) -> None:
    save_model(tmp_path, [small()], tuple("abcde"), {})
    path = tmp_path / "config.json"
    for field, value in (("kernel", 10**7), ("blocks", 10**7), ("backbone", "os.system")):
        text = path.read_text()
        was = {"kernel": 5, "blocks": 2, "backbone": '"conv"'}[field]
        new = f'"{value}"' if isinstance(value, str) else value
        assert f'"{field}": {was}' in text
        path.write_text(text.replace(f'"{field}": {was}', f'"{field}": {new}'))
        with pytest.raises(SignletError):
            load_model(tmp_path)
        path.write_text(text)


def test_sizes_of_earlier_models_are_read_as_they_were() -> None:
    assert ModelConfig().backbone == "deberta"
    assert SignModel(ModelConfig()).conv is None
