"""The head that names signs by likeness: its logits, what it keeps, and training with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from signlet.errors import SignletError
from signlet.evaluation.folds import signer_folds
from signlet.evaluation.predict import embed, predict
from signlet.evaluation.predictions import read_predictions
from signlet.export.frozen import FrozenModel
from signlet.model import ModelConfig, SignModel, unit
from signlet.model.files import load_model, save_model
from signlet.model.head import SCALE, NearestHead
from signlet.pack import PackedSet
from signlet.training import Recipe, train
from signlet.training.fold import FoldTraining
from signlet.training.init import read_init
from signlet.training.progress import Silent
from signlet.training.recipes import load_recipe
from signlet.training.settings import HeadSettings
from signlet_testing.recipes import SIZE, TINY

NEAREST = replace(TINY, head=HeadSettings("nearest", 3))


def head(rows: list[list[float]], labels: list[int], prototypes: int, signs: int) -> NearestHead:
    made = NearestHead(len(rows[0]), signs, prototypes)
    made.fit(np.array(rows, np.float32), np.array(labels))
    return made


def test_logits_that_were_computed_by_hand() -> None:
    """Sign 0 to the right and up, sign 1 to the left: half the mean, half the nearest."""
    made = head([[1, 0], [0, 1], [-1, 0]], [0, 0, 1], prototypes=2, signs=2)
    half = 0.5**0.5
    logits = made(torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
    assert logits[0].tolist() == pytest.approx([SCALE * (half + 1) / 2, -SCALE], abs=1e-5)
    assert logits[1].tolist() == pytest.approx([SCALE * (-half + 0) / 2, 0], abs=1e-5)


def test_repeated_prototypes_and_the_order_of_clips_change_nothing() -> None:
    rows, labels = [[1, 0], [0.6, 0.8], [0, 1], [-1, 0]], [0, 0, 0, 1]
    queries = unit(torch.randn(9, 2, generator=torch.Generator().manual_seed(0)))
    few, many = head(rows, labels, 3, 2), head(rows, labels, 8, 2)
    torch.testing.assert_close(few(queries), many(queries))
    again = head(rows[::-1], labels[::-1], 3, 2)
    torch.testing.assert_close(few(queries), again(queries))


def test_of_many_clips_the_centres_are_kept_at_length_1_and_every_time_the_same() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 6)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    labels = np.arange(40) % 2
    one, other = (head(rows.tolist(), labels.tolist(), 4, 2) for _ in range(2))
    assert one.prototypes.shape == (2, 4, 6)
    torch.testing.assert_close(one.prototypes.norm(dim=2), torch.ones(2, 4))
    assert torch.equal(one.prototypes, other.prototypes)


def test_a_sign_without_a_clip_is_like_nothing() -> None:
    made = head([[1, 0]], [0], prototypes=2, signs=3)
    assert made(torch.tensor([[0.6, 0.8]]))[0, 1:].tolist() == [0, 0]


def fitted_model(seed: int = 0) -> SignModel:
    torch.manual_seed(seed)
    config = ModelConfig(
        dense=8, widths=(16, 24, 24, 16), heads=4, max_len=12, num_classes=3, prototypes=2
    )
    model = SignModel(config).eval()
    assert model.nearest is not None
    rows = unit(torch.randn(9, 16)).numpy()
    model.nearest.fit(rows, np.arange(9) % 3)
    return model


def test_the_frozen_model_says_the_same() -> None:
    model, frames = fitted_model(), torch.randn(4, 12, 100, 3)
    mask = torch.arange(12) < torch.tensor([[12], [7], [3], [1]])
    frames = frames * mask[:, :, None, None]
    with torch.inference_mode():
        torch.testing.assert_close(
            FrozenModel(model)(frames, mask), model(frames, mask), atol=1e-4, rtol=1e-4
        )


def test_a_model_file_keeps_the_head(tmp_path: Path) -> None:
    model = fitted_model()
    save_model(tmp_path, [model], ("a", "b", "c"), {})
    (again,) = load_model(tmp_path).members
    assert again.config.prototypes == 2
    assert again.nearest is not None
    assert model.nearest is not None
    assert torch.equal(again.nearest.prototypes, model.nearest.prototypes)


# --- training with it -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tiny_packed: PackedSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nearest") / "run"
    train(NEAREST, tiny_packed, folder, [0], full_fit=True)
    return folder


def test_all_models_of_a_run_have_the_head_and_the_scores_are_its(
    run: Path, tiny_packed: PackedSet
) -> None:
    held_out = signer_folds(tiny_packed.labels, tiny_packed.signers, 4).held_out(0)
    stored = read_predictions(run / "predictions.parquet")
    for name in ("student", "teacher", "distilled", "soup"):
        (model,) = load_model(run / "fold-0" / name).members
        assert model.config.prototypes == 3
        said = predict(model, tiny_packed, torch.from_numpy(held_out)).numpy()
        np.testing.assert_allclose(said, stored[name].probabilities, atol=1e-6)
    assert load_model(run).members[0].config.prototypes == 3


def test_it_is_fitted_on_the_clips_that_were_trained_on_only(
    run: Path, tiny_packed: PackedSet
) -> None:
    (model,) = load_model(run / "fold-0" / "soup").members
    rows = signer_folds(tiny_packed.labels, tiny_packed.signers, 4).training(0)
    embeddings = embed(model, tiny_packed, torch.from_numpy(rows)).numpy()
    again = NearestHead(SIZE.widths[3], 3, 3)
    again.fit(embeddings, np.asarray(tiny_packed.labels)[rows])
    assert model.nearest is not None
    torch.testing.assert_close(model.nearest.means, again.means, atol=1e-5, rtol=1e-5)


def test_a_resumed_training_has_the_same_head(tiny_packed: PackedSet, tmp_path: Path) -> None:
    plan = signer_folds(tiny_packed.labels, tiny_packed.signers, 4)

    def training(folder: Path) -> FoldTraining:
        return FoldTraining(NEAREST, tiny_packed, plan.training(0), plan.held_out(0), folder)

    undisturbed = training(tmp_path / "a")
    undisturbed.run(Silent(), save=False)
    stopped = training(tmp_path / "b")
    while stopped.epoch < 2:
        stopped._run_epoch(Silent(), lambda: False)
    stopped.save()
    resumed = training(tmp_path / "b")
    assert resumed.resume()
    resumed.run(Silent(), save=False)
    one, other = undisturbed.soup_with_head().nearest, resumed.soup_with_head().nearest
    assert one is not None
    assert other is not None
    assert torch.equal(one.prototypes, other.prototypes)


def test_a_later_training_may_start_from_it(run: Path, tiny_packed: PackedSet) -> None:
    for recipe in (NEAREST, TINY):
        init = read_init(str(run), recipe)
        assert {model.config.prototypes for model in init.models.values()} == {3}
        plan = signer_folds(tiny_packed.labels, tiny_packed.signers, 4)
        rows = plan.training(1)
        task = FoldTraining(
            recipe, tiny_packed, rows, plan.held_out(1), run / "unused", init=init
        ).task
        earlier = init.models["student"].state_dict()["layers.0.out.weight"]
        assert torch.equal(task.student.state_dict()["layers.0.out.weight"], earlier)


def test_the_recipes_for_small_sets_have_it_and_the_published_ones_do_not() -> None:
    kinds = {name: load_recipe(name).head.kind for name in ("small", "demo", "asl-signs-25")}
    assert kinds == {"small": "nearest", "demo": "nearest", "asl-signs-25": "linear"}
    with pytest.raises(SignletError, match=r"head.prototypes is 0; it must be above 0"):
        Recipe(head=HeadSettings("nearest", 0))
