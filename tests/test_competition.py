"""Real files of the competition: they pack whole, and the published recipes train on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from signlet.pack import pack
from signlet.sources import open_source
from signlet.training.fold import FoldTraining
from signlet.training.progress import Silent
from signlet.training.recipes import load_recipe


@pytest.mark.slow
@pytest.mark.parametrize("length", [25, 80])
def test_the_published_recipes_run_on_real_files(shared: Path, tmp_path: Path, length: int) -> None:
    packed = pack(open_source(shared / "data" / "aslsigns"), tmp_path / "packed", length, jobs=1)
    assert (len(packed.names), packed.skipped.num_rows) == (62, 0)
    recipe = load_recipe(f"asl-signs-{length}")
    recipe = replace(
        recipe, optimiser=replace(recipe.optimiser, epochs=1, batch_size=4, precision="fp32")
    )
    some = np.arange(8)
    training = FoldTraining(recipe, packed, some, some[:4], tmp_path)
    before = training.task.distilled.state_dict()["logits.weight"].clone()
    training.run(Silent(), save=False)
    after = training.task.distilled.state_dict()["logits.weight"]
    assert training.batches.steps == 2
    assert np.isfinite(training.metrics[0].loss_student)
    assert not torch.equal(before, after)
