"""A source of clips to pack, and what was packed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from signlet.clip import Clip
from signlet.errors import ClipError
from signlet.landmarks import LEFT_HAND, NUM_RAW, POSE
from signlet.pack import PackedSet, pack, writer
from signlet.sources import ClipRef

CLIPS = 11


@dataclass(frozen=True)
class Made:
    """A source of made clips. bad: clips that cannot be read; stop: where Ctrl-C comes."""

    log: Path
    clips: int = CLIPS
    bad: tuple[int, ...] = ()
    stop: int | None = None
    name: str = "made"
    signs: tuple[str, ...] = ("yes", "no")

    def refs(self) -> list[ClipRef]:
        return [self._ref(number) for number in range(self.clips)]

    def _ref(self, number: int) -> ClipRef:
        sign = None if number == 2 else self.signs[number % 2]
        return ClipRef(f"clip{number}", Path(f"{number}.npz"), sign, f"s{number % 3}")

    def read(self, ref: ClipRef) -> Clip:
        number = int(ref.path.stem)
        if number == self.stop:
            raise KeyboardInterrupt
        with self.log.open("a") as log:
            log.write(f"{number}\n")
        if number in self.bad:
            raise ClipError(f"{ref.path}: is damaged; copy it again")
        fps = 25.0 if number % 2 else None
        return Clip(made_frames(number), ref.name, ref.sign, ref.signer, fps)

    def were_read(self) -> list[int]:
        return [int(line) for line in self.log.read_text().split()] if self.log.exists() else []


def made_frames(number: int) -> np.ndarray:
    rng = np.random.default_rng(number)
    frames = rng.random((5 + 9 * number, NUM_RAW, 3), np.float32)
    frames[number:, LEFT_HAND] = np.nan
    if number == 5:
        frames[:, POSE.start :] = np.nan
    return frames


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setattr(writer, "SHARD_CLIPS", 3)
    return Made(tmp_path / "log")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    place = tmp_path_factory.mktemp("packed")
    return pack(Made(place / "log"), place / "out", 25, jobs=1)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
