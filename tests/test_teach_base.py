"""A base whose head knows its signs: an export has their prototypes, and they can be kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import signlet
from signlet.cli import main
from signlet.errors import SignletError
from signlet.export import bundle, export_ensemble
from signlet.export.bundle import _prototypes
from signlet.model import SignModel
from signlet.model.files import save_model
from signlet.modelfile.card import Card
from signlet.modelfile.taught_head import unit
from signlet_testing.clips import moving_hand
from signlet_testing.teaching import MAX_LEN, OWN, SIZE, WIDTH

LABELS = np.arange(30) % len(OWN)


def embeddings(seed: int) -> NDArray[np.float32]:
    """(30, 16) of length 1, random."""
    return unit(np.random.default_rng(seed).normal(size=(30, WIDTH))).astype(np.float32)


def fitted(seed: int, labels: NDArray[np.int64] = LABELS) -> SignModel:
    """A tiny model that names signs by likeness to random embeddings."""
    torch.manual_seed(seed)
    model = SignModel(replace(SIZE.config(MAX_LEN, len(OWN)), prototypes=3)).eval()
    assert model.nearest is not None
    model.nearest.fit(embeddings(seed), labels)
    return model


def means(seed: int) -> NDArray[np.float64]:
    """(3, 16) of length 1."""
    return unit(np.stack([embeddings(seed)[sign == LABELS].mean(0) for sign in range(len(OWN))]))


def test_prototypes_are_the_means_of_all_members() -> None:
    found = _prototypes([fitted(0), fitted(1)])
    assert found is not None
    assert found.dtype == np.float16
    wanted = np.concatenate([means(0), means(1)], axis=1) / np.sqrt(2)
    assert found == pytest.approx(wanted, abs=1e-3)


def test_there_are_none_where_a_member_or_a_sign_has_none() -> None:
    linear = SignModel(SIZE.config(MAX_LEN, len(OWN)))
    assert _prototypes([linear]) is None
    assert _prototypes([fitted(0), linear]) is None
    without_last = fitted(0, np.minimum(LABELS, 1))
    assert _prototypes([without_last]) is None
    assert _prototypes([without_last, fitted(1)]) is not None


@pytest.mark.slow
def test_the_signs_of_a_run_folder_stay(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    run, out = tmp_path / "run", tmp_path / "both.onnx"
    save_model(run, [fitted(0)], OWN, {"recipe": "tiny"})
    for signer in (0, 1):
        path = tmp_path / "clips" / "hello" / f"p{signer}_1.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, landmarks=moving_hand(0, signer, 1), fps=25.0)
    arguments = ["teach", str(run), str(tmp_path / "clips"), "-o", str(out), "--keep-signs"]
    assert main(arguments) == 0
    found = signlet.load(out)
    assert found.signs == (*OWN, "hello")
    assert found.taught is not None
    assert found.taught.head.prototypes[:3] == pytest.approx(means(0), abs=1e-3)
    assert found(moving_hand(0, 0, 1)).likeliest == "hello"


@pytest.mark.parametrize("embedding", [True, False])
def test_prototypes_go_with_the_embedding(
    embedding: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(format: str, path: Path, models: Any, average: Any, card: Card) -> None:
        assert (card.embedding is not None) == (card.prototypes is not None) == embedding
        raise SignletError("enough")

    monkeypatch.setattr(bundle, "_write", write)
    with pytest.raises(SignletError, match="enough"):
        export_ensemble([fitted(0)], OWN, tmp_path, embedding=embedding)
