"""A made-up signer for the tests of `signlet live`, and a judge in a model's place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signlet.cli import live as command
from signlet.landmarks import RIGHT_HAND
from signlet.recognition.recogniser import Prediction

SIGNS = ("down", "up", "жест")
FPS = 25.0


def signer(frames: int) -> np.ndarray:
    """(frames, 543, 3): shoulders, hips and a face that stand still; no hand is found."""
    body = np.full((543, 3), np.nan, np.float32)
    body[:468] = np.random.default_rng(0).uniform((0.45, 0.2, 0), (0.55, 0.35, 0), (468, 3))
    body[489:522] = (0.5, 0.3, 0)
    body[489 + 11], body[489 + 12] = (0.6, 0.5, 0), (0.4, 0.5, 0)
    body[489 + 23], body[489 + 24] = (0.57, 0.9, 0), (0.43, 0.9, 0)
    return np.repeat(body[None], frames, 0)


def signing(frames: int, rise: float) -> np.ndarray:
    """The right hand moves in front of the chest; up for rise > 0."""
    clip = signer(frames)
    hand = np.random.default_rng(1).uniform(-0.04, 0.04, (21, 3))
    path = np.linspace(0, 1, frames)[:, None] * np.array([0.05, -rise, 0])
    clip[:, RIGHT_HAND] = (0.42, 0.5, 0) + hand + path[:, None]
    return clip


def stream(*rises: float) -> np.ndarray:
    """Signs of 1 s with rests of 1 s around them."""
    parts = [signer(25)]
    for rise in rises:
        parts += [signing(25, rise), signer(25)]
    return np.concatenate(parts)


class Judge:
    """Answers "up" or "down" by where the hand goes; stands in for a trained model."""

    signs = SIGNS
    max_frames = None

    def __call__(self, frames: np.ndarray) -> Prediction:
        hand = frames[:, RIGHT_HAND, 1].mean(1)
        hand = hand[np.isfinite(hand)]
        up = len(hand) > 0 and hand[-1] < hand[0]
        shares = np.array([0.1, 0.8, 0.1] if up else [0.7, 0.2, 0.1], np.float32)
        return Prediction(SIGNS, shares, threshold=0.75)


def saved(path: Path, frames: np.ndarray, fps: float | None = FPS) -> str:
    rate = {} if fps is None else {"fps": fps}
    np.savez(path, landmarks=frames, **rate)
    return str(path)


@pytest.fixture(autouse=True)
def without_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """`signlet live` with the judge for a model."""
    monkeypatch.setattr(command.Recogniser, "load", staticmethod(lambda model: Judge()))
