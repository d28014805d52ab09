"""What the tests share: few threads, and a tiny packed set of synthetic clips."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from signlet.pack import PackedSet, pack
from signlet_testing import SHARED, sharing
from signlet_testing.clips import Synthetic

torch.set_num_threads(1)
# Tracing a model makes millions of objects, few of them garbage: looking for it less often saves a
# twentieth of all tests' time.
gc.set_threshold(100_000, 20, 100)
# What tests start as processes has one thread as well: several test workers share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A job in the background of a shell ignores these, and so would all that the tests start.
for _number, _usual in {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}.items():
    if hasattr(signal, _number) and signal.getsignal(getattr(signal, _number)) is signal.SIG_IGN:
        signal.signal(getattr(signal, _number), _usual)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: begun last, they would keep one worker busy and no other."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """What collecting made stays to the end: each later look for garbage need not go over it."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def conversions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Equal models are traced once for all workers."""
    with sharing.conversions_once(sharing.run_wide(tmp_path_factory) / "conversions"):
        yield


@pytest.fixture(scope="session")
def tiny_packed(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    """24 clips of 3 signs by 4 signers, max_len 12."""
    return pack(Synthetic(), tmp_path_factory.mktemp("tiny") / "packed", 12, jobs=1)


@pytest.fixture(scope="session")
def teachable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny exported model with an embedding; see signlet_testing/teaching.py."""
    from signlet_testing.teaching import tiny_card, write_onnx

    return write_onnx(tmp_path_factory.mktemp("teachable") / "base.onnx", tiny_card())


@pytest.fixture(scope="module")
def undrawn_curves() -> Iterator[None]:
    """Reports without learning curves, whose drawing takes a third of a tiny training.

    For tests that look at what else a training leaves; test_report_figures.py looks at the curves.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signlet.report.content.learning_curves", lambda *_: [])
        yield


@pytest.fixture
def shared() -> Path:
    """The folder of reference data beside the project; the test is skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with reference data is not here")
    return SHARED
