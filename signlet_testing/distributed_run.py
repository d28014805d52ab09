"""What the tests of several processes start with torchrun: train a tiny recipe, or check the parts.

Arguments: folder of a packed set, run folder, settings as JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from signlet.model import ModelSize
from signlet.pack import PackedSet
from signlet.training import Recipe, start_processes, train
from signlet.training.fold import FoldTraining
from signlet.training.settings import MixupSettings, OptimiserSettings, PackingSettings

STILL = ModelSize(
    dense=8,
    widths=(16, 24, 24, 16),
    heads=4,
    encoder_dropout=0,
    part_dropout=0,
    layer_dropout=(0, 0, 0),
)
TINY = Recipe(
    name="tiny",
    packing=PackingSettings(max_len=12),
    student=STILL,
    distilled=STILL,
    optimiser=OptimiserSettings(epochs=4, batch_size=8, group=4, learning_rate=3e-3),
    mixup=MixupSettings("falling", probability=0.9),
    soup_epochs=2,
)
"""No dropout: its draws are another stream in each process."""


class Exact(PackedSet):
    """Batches in double precision.

    Biases before a batch norm have no gradient but rounding errors, which AdamW blows up to
    full steps; in double precision they stay nothing, so that what is compared is the rest.
    """

    def batch(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        frames, mask = super().batch(rows)
        return frames.double(), mask


class Watched(FoldTraining):
    """Leaves the state of every process behind."""

    def save(self) -> None:
        super().save()
        state = {name: x.clone() for name, x in self.task.state_dict().items()}
        torch.save(state, self.folder / f"state-{self.processes.rank}.pt")


def main(packed: str, run: str, settings: str) -> None:
    options = json.loads(settings)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    processes = start_processes("cpu")
    epochs = options.get("epochs", TINY.optimiser.epochs)
    recipe = replace(TINY, optimiser=replace(TINY.optimiser, epochs=epochs))
    if options.get("watch"):
        import signlet.training.run as module

        module.FoldTraining = Watched
    train(
        recipe,
        Exact.open(packed),
        Path(run),
        options.get("folds", [0]),
        full_fit=options.get("full_fit", False),
        resume=True,
        processes=processes,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
