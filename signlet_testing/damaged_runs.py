"""A small run that was trained once, and the check that a problem is one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from signlet.errors import SignletError
from signlet.pack import pack
from signlet.training import train
from signlet.training.settings import OptimiserSettings
from signlet_testing import recipes, sharing
from signlet_testing.clips import Synthetic

TINY = replace(recipes.TINY, optimiser=OptimiserSettings(epochs=2, batch_size=6))


def refused(act: Callable[[], object], *words: str) -> str:
    """One short line of ours, with these words in it."""
    with pytest.raises(SignletError) as caught:
        act()
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert 10 < len(message) < 1_700
    for word in words:
        assert word in message
    return message


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two folds with its packed clips, trained once for all workers."""

    def trained(run: Path) -> None:
        packed = pack(Synthetic(), run / "packed", 12, jobs=1)
        train(TINY, packed, run, [0, 1], device="cpu")

    return sharing.made_once(sharing.run_wide(tmp_path_factory) / "damaged" / "run", trained)


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


@pytest.fixture
def packed(whole: Path, tmp_path: Path) -> Path:
    """A copy of its packed clips to damage."""
    return Path(shutil.copytree(whole / "packed", tmp_path / "packed"))
