"""The list of a source's clips, before one is read: what a training can be planned with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from signlet.sources import Source


class Clips(Protocol):
    """Signs and signers of N clips: a `ListedClips`, or a `PackedSet`."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) class of each clip, -1 if its sign is unknown."""

    @property
    def signers(self) -> Sequence[str]:
        """N names, "" if unknown."""

    @property
    def splits(self) -> Sequence[str]:
        """N of "train", "val" and "test", "" if a clip is in none."""

    @property
    def signs(self) -> tuple[str, ...]:
        """K glosses; the index is the class."""

    def __len__(self) -> int:
        """N."""


@dataclass(frozen=True)
class ListedClips:
    """The clips that a source lists; see `Clips`. Some of them may turn out to be unreadable.

    What is impossible with all of them is impossible with fewer, too.
    """

    labels: NDArray[np.int64]
    signers: list[str]
    splits: list[str]
    signs: tuple[str, ...]

    @classmethod
    def of(cls, source: Source) -> ListedClips:
        """Raises SignletError if the source has no clips."""
        refs, number = source.refs(), {sign: i for i, sign in enumerate(source.signs)}
        return cls(
            np.array([number.get(ref.sign or "", -1) for ref in refs], dtype=np.int64),
            [ref.signer or "" for ref in refs],
            [ref.split or "" for ref in refs],
            tuple(source.signs),
        )

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.labels)
