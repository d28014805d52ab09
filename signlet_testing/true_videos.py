"""Videos of which something false could be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from signlet.video.frames import Pictures
from signlet.video.quality import video_quality, warnings_of
from signlet.video.single import HOLISTIC, find
from signlet_testing.odd_videos import (
    KINDS,
    noise,
    number_of,
    write,
)


def shown(path: Path) -> tuple[list[int], list[float], tuple[str, ...]]:
    """Numbers in the pictures, their times, and what is said of the file."""
    pictures = Pictures(path)
    frames = [(number_of(frame.image), frame.time) for frame in pictures]
    return [number for number, _ in frames], [time for _, time in frames], pictures.remarks()


def said(path: Path) -> list[str]:
    """Kinds of what is said of the file itself, once it is extracted."""
    of_people = {"nobody", "no hands", "few hands", "tiny signer", "low light", "turned"}
    quality = video_quality(find(path, HOLISTIC).extraction)
    return [kind for kind, _ in warnings_of(quality) if kind not in of_people]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A second of each kind."""
    folder = tmp_path_factory.mktemp("whole")
    made = {kind: write(folder / f"a{kind}", 25, kind, picture=noise) for kind in KINDS}
    return {kind: path.read_bytes() for kind, path in made.items()}
