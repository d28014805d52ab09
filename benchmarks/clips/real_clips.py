"""Real clips to learn an encoder from: the lexicon of letters, and words of many people.

The words lie in a folder beside the repository that is no part of it; without it the lexicon
is all there is. Only the groups that `free-groups.txt` names may go into a model that is given
away; the others serve to choose and to measure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.environment import SHARED
from signlet.landmarks import MEANS, SINGLE
from signlet.preprocess import Preprocess
from signlet.sources import ClipRef, Fingerspelling, open_source, read_ref
from signlet.sources.tables import read_rows

WORDS = SHARED / "data" / "words"
FREE = "free-groups.txt"
MAX_LEN = 16
"""Frames of a clip after preprocessing, as in the recipe `demo`."""
IDLE = "_none"
"""Clips of people who sign nothing."""
_WEBCAM = "w"
"""Begins the names of groups that are signers of the set `webcam` too, which is for tests."""
_CHOOSING = 4
"""Each fourth of the groups that are not free is never learned from, but chosen and measured by."""


@dataclass(frozen=True, eq=False)
class RealClip:
    """A clip of a person.

    sign: its class, ("lexicon", gloss) or the word. signer: a language of the lexicon or a
    group of the words. points: (T, 100, 3), the chosen landmarks as they were found, NaN where
    they were not. frames: (16, 100, 3) and mask (16,): the model's input, NaN where not found.
    """

    sign: tuple[str, ...]
    signer: str
    points: NDArray[np.float32] = field(repr=False)
    frames: Tensor = field(repr=False)
    mask: Tensor = field(repr=False)


def lexicon(without: Iterable[str] = ()) -> list[RealClip]:
    """Every file of the lexicon once: letters of all alphabets, also doubled ones and digraphs.

    without: sign languages to leave out. A letter is one sign in all languages: most are made
    alike, and nothing else in the lexicon shows what people do differently. The American letters
    that it lists as French ones too count once.
    """
    root = Fingerspelling.open().root
    left_out, files, clips = set(without), set(), []
    for row in read_rows(root / "index.csv", ("path", "signed_language", "glosses")):
        language, gloss = row["signed_language"], row["glosses"].upper()
        if language not in left_out and row["path"] not in files:
            files.add(row["path"])
            ref = ClipRef(f"{language}/{gloss}", root / row["path"], None, language)
            clips.append(_read(("lexicon", gloss), ref))
    return clips


def languages() -> list[str]:
    """All sign languages of the lexicon, sorted; three have no letter of A to Z."""
    index = Fingerspelling.open().root / "index.csv"
    return sorted({row["signed_language"] for row in read_rows(index, ("signed_language",))})


def words(folder: Path, groups: Iterable[str]) -> list[RealClip]:
    """All clips of some groups of the words."""
    wanted = set(groups)
    refs = [ref for ref in open_source(folder).refs() if ref.signer in wanted]
    return [_read((ref.sign or "",), ref) for ref in refs]


def is_spelled(clip: RealClip) -> bool:
    """Return True if a clip of the words shows one letter or digit."""
    return len(clip.sign) == 1 and len(clip.sign[0]) == 1


def free_groups(folder: Path) -> set[str]:
    """Groups whose clips may be learned from and given away; empty where there is no folder."""
    path = folder / FREE
    return set(path.read_text(encoding="utf-8").split()) if path.exists() else set()


def other_groups(folder: Path) -> list[str]:
    """Groups that are neither free nor signers of the set `webcam`, sorted."""
    signers = {ref.signer or "" for ref in open_source(folder).refs()} - free_groups(folder)
    return sorted(signer for signer in signers if signer and not signer.startswith(_WEBCAM))


def groups_to_learn(folder: Path) -> set[str]:
    """The free groups and three in four of the others."""
    others = other_groups(folder)
    return free_groups(folder) | (set(others) - set(others[::_CHOOSING]))


def _read(sign: tuple[str, ...], ref: ClipRef) -> RealClip:
    raw = read_ref(ref).frames
    frames, mask = Preprocess(MAX_LEN).normalise(torch.from_numpy(raw.copy()))
    return RealClip(sign, ref.signer or "", chosen_points(raw), frames, mask)


def chosen_points(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, 543, 3) -> (T, 100, 3): the points that the model sees, as they are."""
    means = [raw[:, list(group)].mean(1, keepdims=True) for group in MEANS.values()]
    return np.concatenate([raw[:, list(SINGLE)], *means], axis=1)
