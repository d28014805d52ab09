"""Checkpoints that are damaged, or of another training, are not gone on from."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from signlet.evaluation.folds import signer_folds
from signlet.pack import PackedSet
from signlet.training.checkpoint import load_checkpoint
from signlet.training.fold import CHECKPOINT, FoldTraining
from signlet.training.progress import Silent
from signlet_testing.damaged_runs import TINY, packed, refused, run, whole

__all__ = ["packed", "run", "whole"]


# --- checkpoints ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fold after its first epoch."""
    training = fold_training(whole, tmp_path_factory.mktemp("fold"))
    training._run_epoch(Silent(), lambda: False)
    training.save()
    return training.folder / CHECKPOINT


def fold_training(run: Path, folder: Path) -> FoldTraining:
    packed = PackedSet.open(run / "packed")
    plan = signer_folds(packed.labels, packed.signers, 4)
    return FoldTraining(TINY, packed, plan.training(0), plan.held_out(0), folder)


JUNK = {
    "nothing": b"",
    "text": b"junk",
    "zeros": bytes(1_000),
    "a zip of nothing": b"PK\x05\x06" + bytes(18),
    "a pickle": b"\x80\x02c__builtin__\neval\n.",
}


@pytest.mark.parametrize("name", JUNK)
def test_a_checkpoint_of_junk(name: str, whole: Path, tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(JUNK[name])
    refused(lambda: fold_training(whole, tmp_path).resume(), CHECKPOINT, "start this fold again")


def test_a_checkpoint_with_one_other_weight_is_not_gone_on_from(
    stopped: Path, tmp_path: Path
) -> None:
    """torch would load it: it does not look at the archive's checksums."""
    content = bytearray(stopped.read_bytes())
    with zipfile.ZipFile(stopped) as archive:
        tensors = [entry for entry in archive.infolist() if "/data/" in entry.filename]
    largest = max(tensors, key=lambda entry: entry.file_size)
    content[largest.header_offset + 200] ^= 0x40
    (tmp_path / CHECKPOINT).write_bytes(content)
    torch.load(tmp_path / CHECKPOINT, weights_only=True)
    refused(lambda: load_checkpoint(tmp_path / CHECKPOINT), "is damaged")


def test_a_checkpoint_whose_weights_changed_places_is_not_gone_on_from(
    stopped: Path, tmp_path: Path
) -> None:
    """Each piece of the archive is whole, and torch asks no more."""
    path = tmp_path / CHECKPOINT
    with zipfile.ZipFile(stopped) as archive, zipfile.ZipFile(path, "w") as changed:
        pieces = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        a, b = two_weights(pieces)
        for name, content in (pieces | {a: pieces[b], b: pieces[a]}).items():
            changed.writestr(name, content)
    torch.load(path, weights_only=True)
    refused(lambda: load_checkpoint(path), "is damaged")


def two_weights(pieces: dict[str, bytes]) -> tuple[str, str]:
    """Pieces of one size that hold other bytes."""
    by_size: dict[int, str] = {}
    for name, content in pieces.items():
        other = by_size.setdefault(len(content), name)
        if "/data/" in name and pieces[other] != content:
            return other, name
    raise AssertionError("the checkpoint has no two weights of one size")


def test_a_checkpoint_without_a_checksum_is_gone_on_from(stopped: Path, tmp_path: Path) -> None:
    """As an older signlet wrote them."""
    state = load_checkpoint(stopped)
    torch.save(state, tmp_path / CHECKPOINT)
    assert load_checkpoint(tmp_path / CHECKPOINT).keys() == state.keys()


CHANGES: dict[str, dict[str, Any]] = {
    "no weights": {"task": {}},
    "weights of nothing": {"task": 3},
    "no optimisers": {"optimisers": {}},
    "an epoch of text": {"epoch": "one"},
    "an epoch beyond the last": {"epoch": 99},
    "a negative epoch": {"epoch": -1},
    "a step beyond the last": {"step": 10**9},
    "figures of too many epochs": {"metrics": []},
    "figures of nothing": {"metrics": [{"a": 1}]},
    "sums of nothing": {"sums": [1]},
    "no soup": {"soup": {}},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_checkpoint_that_does_not_fit(
    name: str, stopped: Path, whole: Path, tmp_path: Path
) -> None:
    torch.save({**load_checkpoint(stopped), **CHANGES[name]}, tmp_path / CHECKPOINT)
    refused(lambda: fold_training(whole, tmp_path).resume(), CHECKPOINT, "start this fold again")
