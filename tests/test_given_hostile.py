"""Arrays that are none, lie about their size, or are larger than any clip: one line, at once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from signlet import Clip, ClipError
from signlet.clip import MAX_FRAMES
from signlet.clip.array_like import FRAME, plain

FRAMES = np.random.default_rng(0).random((3, 543, 3)).astype(np.float32)


class Refuses:
    def __array__(self, *args: Any, **options: Any) -> Any:
        raise RuntimeError("no\nway")


class Lies:
    shape = (10**30, 543, 3)

    def __array__(self, *args: Any, **options: Any) -> Any:
        return FRAMES


class Endless:
    def __len__(self) -> int:
        return 10**18

    def __getitem__(self, at: int) -> float:
        return 0.5


def in_itself() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


def wide(*shape: int) -> np.ndarray:
    return np.broadcast_to(np.float32(0.5), shape)


HUGE: dict[str, Callable[[], Any]] = {
    "view": lambda: wide(10**15, 543, 3),
    "view of a frame too many": lambda: wide(10**6, 543, 3),
    "view in a row": lambda: wide(10**12, 1662),
    "view in a list": lambda: [wide(10**12)],
    "view in lists": lambda: [[wide(10**12)]],
    "view for a number": lambda: [[[wide(10**10)]]],
    "views for frames": lambda: [wide(10**9, 3)] * 3,
    "masked view": lambda: np.ma.array(wide(10**6, 543, 3), mask=np.ma.nomask),
    "tensor": lambda: torch.zeros(1).expand(10**12, 543, 3),
    "tensor in a list": lambda: [torch.zeros(1).expand(10**12, 3)],
    "range": lambda: range(10**15),
    "range in a list": lambda: [range(10**12)],
    "range in lists": lambda: [[range(10**12)]],
    "range for a number": lambda: [[[range(10**11)]]],
    "nothing, very often": lambda: [None] * 10**6,
    "nothing, more often than a clip has frames": lambda: [None] * (MAX_FRAMES * 3 // 2),
    "claim of a shape": Lies,
    "claim of a length": Endless,
}
NONE: dict[str, Callable[[], Any]] = {
    "ragged frames": lambda: [FRAMES[0].tolist(), FRAMES[1][:5].tolist()],
    "ragged points": lambda: [[[0.5] * 3] * 542 + [[0.5] * 2]],
    "sparse": lambda: torch.tensor(FRAMES).to_sparse(),
    "meta": lambda: torch.zeros(3, 543, 3, device="meta"),
    "meta in a list": lambda: [torch.zeros(543, 3, device="meta")],
    "quantised": lambda: torch.quantize_per_tensor(torch.zeros(3, 543, 3), 0.1, 0, torch.qint8),
    "complex tensor": lambda: torch.zeros(3, 543, 3, dtype=torch.complex64),
    "complex": lambda: FRAMES.astype(complex),
    "complex in lists": lambda: [[[1j] * 3] * 543],
    "dates": lambda: np.zeros((3, 543, 3), "M8[s]"),
    "dates in lists": lambda: [[[np.datetime64("2020-01-01")] * 3] * 543],
    "durations": lambda: np.zeros((3, 543, 3), "m8[s]"),
    "columns": lambda: np.zeros((3, 543), [("x", "f4"), ("y", "f4"), ("z", "f4")]),
    "records": lambda: np.rec.array(np.zeros(3, [("x", "f4")])),
    "truth values": lambda: FRAMES > 0.5,
    "truth values in lists": lambda: [[[True] * 3] * 543],
    "truth among numbers": lambda: [[[0.5, 0.5, True]] * 543],
    "words": lambda: np.full((3, 543, 3), "0.5"),
    "words in lists": lambda: [[["0.5"] * 3] * 543],
    "bytes": lambda: np.full((3, 543, 3), b"0.5"),
    "a word": lambda: "landmarks.npy",
    "a path": lambda: Path("landmarks.npy"),
    "objects": lambda: np.array([object()] * 3),
    "nothing": lambda: None,
    "a number": lambda: 0.5,
    "a number of 400 digits": lambda: [[[10**400] * 3] * 543],
    "a dict": lambda: {"landmarks": FRAMES},
    "a set": lambda: {1.0, 2.0},
    "a class": lambda: Clip,
    "a generator": lambda: (frame for frame in FRAMES),
    "an iterator": lambda: iter(FRAMES),
    "a map": lambda: map(list, FRAMES),
    "infinity": lambda: np.full_like(FRAMES, np.inf),
    "infinity in float32": lambda: FRAMES.astype(np.float64) * 1e300,
    "no frames": lambda: FRAMES[:0],
    "an empty list": list,
    "empty lists": lambda: [[[]]],
    "a list in itself": in_itself,
    "one dimension more": lambda: FRAMES[None],
    "what refuses": Refuses,
    "a table": lambda: pa.table({"x": [0.5]}),
    "a column": lambda: pa.array([0.5, None]),
}


@pytest.mark.parametrize("what", HUGE | NONE)
def test_what_is_no_clip_is_one_line(what: str) -> None:
    given = (HUGE | NONE)[what]()
    with pytest.raises(ClipError) as caught:
        Clip.from_array(given, "mine")
    message = str(caught.value)
    assert message.startswith("mine: ")
    assert message.isprintable()
    assert len(message) < 400


@pytest.mark.parametrize("what", HUGE)
def test_what_is_too_large_is_refused_before_it_is_copied(what: str) -> None:
    given = HUGE[what]()
    tracemalloc.start()
    try:
        with pytest.raises(ClipError, match=rf"20,000 frames|1 to {MAX_FRAMES} are allowed"):
            plain(given, "mine")
        if "nothing" not in what:  # of a frame that are numbers, and few
            with pytest.raises(ClipError):
                plain(given, "mine", shapes=FRAME)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (FRAMES.astype(np.float64), "float64, not float32"),
        (FRAMES.astype(">f4"), "not float32"),
        (FRAMES.astype(np.int32), "int32, not float32"),
        (FRAMES.astype(object), "object, not float32"),
        (FRAMES[0], "shape"),
        (FRAMES[:, :, :2], "shape"),
        (FRAMES[:, :542], "shape"),
        (FRAMES[None], "shape"),
        (np.float32(1), "not a numpy array"),
        (FRAMES.tolist(), "are a list"),
        (torch.tensor(FRAMES), "are a Tensor"),
        (None, "are a NoneType"),
        (np.full_like(FRAMES, np.inf), "infinite"),
        (np.full_like(FRAMES, -np.inf), "infinite"),
        (np.ma.array(FRAMES), "masked"),
        (wide(MAX_FRAMES + 1, 543, 3), "frames; at most"),
        (wide(10**15, 543, 3), "frames; at most"),
    ],
)
def test_a_clip_made_by_hand_is_checked(frames: Any, words: str) -> None:
    with pytest.raises(ClipError, match=words) as caught:
        Clip(frames, "mine")
    assert str(caught.value).startswith("mine: landmarks ")
    assert str(caught.value).endswith("use Clip.from_array")


def test_a_memory_map_is_read_as_it_is(tmp_path: Path) -> None:
    mapped = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.float32, FRAMES.shape)
    mapped[:] = FRAMES
    assert np.array_equal(Clip.from_array(mapped).frames, FRAMES)
