"""State of an unfinished fold, so that a killed run ends as an undisturbed one.

Weights, optimisers, soup, place and metrics; no state of a random generator, since every
draw comes from (seed, epoch, step) or (seed, epoch, clip).
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from signlet.atomic import replacing
from signlet.errors import SignletError


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the state as a whole or not at all."""
    with replacing(path) as temporary:
        try:
            torch.save(state, temporary)
        except RuntimeError:  # what torch makes of a full disk
            raise SignletError(f"{path}: cannot be written; free space on the disk") from None


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read tensors and plain values only; a file that would run code is refused."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError):
        raise SignletError(f"{path}: is damaged; delete it to start this fold again") from None
    if not isinstance(state, dict) or "epoch" not in state:
        raise SignletError(f"{path}: is no checkpoint; delete it to start this fold again")
    return state
