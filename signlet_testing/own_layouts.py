"""Folders and archives of own clips in any layout, and what is said of them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.sources import Source, open_source, write_clip
from signlet_testing.clips import moving_hand

Made = Callable[..., Path]


@pytest.fixture(params=["folder", "zip"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    """Makes a folder or an archive of empty files; a name that ends in / is an empty folder."""

    def make(*names: str) -> Path:
        if request.param == "folder":
            return folder(tmp_path / "set", *names)
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            for name in names:
                archive.writestr(name, b"")
        return tmp_path / "set.zip"

    return make


def folder(root: Path, *names: str) -> Path:
    root.mkdir(exist_ok=True)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        elif path.suffix == ".npz":
            write_clip(Clip(np.ones((2, 543, 3), np.float32)), path)
        else:
            path.write_bytes(b"")
    return root


def told(source: Source) -> list[tuple[str, str | None, str | None, str | None]]:
    refs = source.refs()
    assert len({ref.name for ref in refs}) == len(refs)
    assert {ref.sign for ref in refs} == set(source.signs)
    return [(ref.name, ref.sign, ref.signer, ref.split) for ref in refs]


def notes(source: Source) -> str:
    assert all("\n" not in note and not note.endswith(".") for note in source.notes)
    return "; ".join(source.notes)


def refused(where: Path, *words: str, names: str | None = None) -> None:
    with pytest.raises(SignletError) as caught:
        open_source(where, names=names).refs()
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


KEPT = ("no/ann_1.npz", "no/bob_1.npz")


def words(root: Path, names: Callable[[str, int, int], str]) -> Path:
    for number, sign in enumerate(("hello", "yes")):
        for who in range(2):
            for take in range(2):
                path = root / names(sign, who, take)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_clip(Clip(moving_hand(number, who, take), fps=25.0), path)
    return root
