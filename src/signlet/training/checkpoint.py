"""State of an unfinished fold, so that a killed run ends as an undisturbed one.

Weights, optimisers, soup, place and metrics; no state of a random generator, since every
draw comes from (seed, epoch, step) or (seed, epoch, clip).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from signlet.errors import SignletError
from signlet.files.atomic import replacing
from signlet.files.regular import require_regular
from signlet.modelfile import checksum


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the state as a whole or not at all."""
    with replacing(path) as temporary:
        try:
            torch.save({**state, checksum.NAME: checksum.of(_parts(state))}, temporary)
        except RuntimeError:  # what torch makes of a full disk
            raise SignletError(f"{path}: cannot be written; free space on the disk") from None


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read tensors and plain values only; a file that would run code is refused.

    Raises SignletError if it is damaged, also where only a weight is another than was written.
    """
    require_regular(path, SignletError)
    try:
        with zipfile.ZipFile(path) as archive:  # torch itself does not look at the checksums
            damaged = archive.testzip()
        state = None if damaged else torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises nearly anything for a damaged file
        damaged, state = str(path), None
    if damaged:
        raise unusable(path, "is damaged")
    if not isinstance(state, dict) or "epoch" not in state:
        raise unusable(path, "is not a checkpoint")
    stated = state.pop(checksum.NAME, None)  # older checkpoints have none
    if stated is not None and stated != checksum.of(_parts(state)):
        # The archive's checksums hold each piece, not which piece belongs to which weight.
        raise unusable(path, "is damaged")
    return state


def _parts(value: Any) -> Iterator[bytes | memoryview]:
    """All bytes that decide what a state is, in its own order."""
    if isinstance(value, torch.Tensor):
        yield f"{value.dtype} {tuple(value.shape)}".encode()
        yield value.detach().cpu().reshape(-1).view(torch.uint8).numpy().data
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield f"{key!r}:".encode()
            yield from _parts(inner)
    elif isinstance(value, list | tuple):
        yield f"{len(value)}:".encode()
        for inner in value:
            yield from _parts(inner)
    else:
        yield f"{value!r};".encode()


def unusable(path: Path, problem: str) -> SignletError:
    """The error for a checkpoint that no training can go on from."""
    return SignletError(f"{path}: {problem}; delete it to start this fold again")
