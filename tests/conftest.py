"""What the tests share: few threads, and a tiny packed set of synthetic clips."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from signlet.clip import Clip
from signlet.errors import ClipError
from signlet.landmarks import LEFT_HAND, NUM_RAW, RIGHT_HAND
from signlet.pack import PackedSet, pack
from signlet.sources import ClipRef

torch.set_num_threads(1)

# A job in the background of a shell ignores these, and so would all that the tests start.
for _number, _usual in {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}.items():
    if hasattr(signal, _number) and signal.getsignal(getattr(signal, _number)) is signal.SIG_IGN:
        signal.signal(getattr(signal, _number), _usual)

SHARED = Path(__file__).parents[1].parent / "shared"


@dataclass(frozen=True)
class Synthetic:
    """Clips of made-up signs: the right hand moves along a direction of the sign's own.

    signers: how many; every signer shows every sign `takes` times.
    """

    signs: tuple[str, ...] = ("circle", "line", "wave")
    signers: int = 4
    takes: int = 2
    name: str = "synthetic"

    def refs(self) -> list[ClipRef]:
        return [
            ClipRef(f"{sign}/s{signer}_{take}", Path(f"{sign}-{signer}-{take}"), sign, f"s{signer}")
            for sign in self.signs
            for signer in range(self.signers)
            for take in range(self.takes)
        ]

    def read(self, ref: ClipRef) -> Clip:
        if ref.sign not in self.signs:
            raise ClipError(f"{ref.name}: no such clip")
        number = self.signs.index(ref.sign)
        _, signer, take = ref.path.name.split("-")
        return Clip.from_array(
            moving_hand(number, int(signer), int(take)), ref.name, ref.sign, ref.signer, 25.0
        )


def moving_hand(sign: int, signer: int, take: int) -> np.ndarray:
    """(T, 543, 3) of one synthetic clip; the left hand is never found."""
    rng = np.random.default_rng([signer, take])
    length = 8 + 2 * take + signer
    rest = np.random.default_rng(signer).uniform(0.3, 0.7, (NUM_RAW, 3))
    frames = np.repeat(rest[None], length, 0) + rng.normal(0, 0.002, (length, NUM_RAW, 3))
    angle = 2 * np.pi * sign / 3
    path = np.linspace(0, 0.3, length)[:, None] * [np.cos(angle), np.sin(angle), 0]
    frames[:, RIGHT_HAND] += path[:, None]
    frames[:, LEFT_HAND] = np.nan
    return frames.astype(np.float32)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: begun last, they would keep one worker busy and no other."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def tiny_packed(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    """24 clips of 3 signs by 4 signers, max_len 12."""
    return pack(Synthetic(), tmp_path_factory.mktemp("tiny") / "packed", 12, jobs=1)


@pytest.fixture(scope="session")
def teachable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny exported model with an embedding; see tests/teaching.py."""
    from teaching import tiny_card, write_onnx

    return write_onnx(tmp_path_factory.mktemp("teachable") / "base.onnx", tiny_card())


@pytest.fixture
def shared() -> Path:
    """The folder of reference data beside the project; the test is skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with reference data is not here")
    return SHARED
