"""Videos and a stand-in extractor for `signlet extract`."""

from __future__ import annotations

from pathlib import Path

import pytest

from signlet.cli import main
from signlet_testing.videos import quarters, write_video


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two signs by two signers, each video of another length."""
    root = tmp_path / "videos"
    for number, name in enumerate(("hello/anna_1", "hello/bob_1", "thanks/anna_1")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_video(root / f"{name}.mp4", [quarters()] * (3 + number))
    return root


def extract(*arguments: str | Path) -> int:
    return main(["extract", *map(str, arguments), "--jobs", "1"])
