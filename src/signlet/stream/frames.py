"""The frames of the sign that is being made, in bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class FrameBuffer:
    """Frames with their times, at most `capacity`; when full, every second one is dropped.

    From then on only every second frame is taken, so that those kept stay evenly spaced.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: list[tuple[float, NDArray[np.float32]]] = []
        self._stride = 1
        self._skipped = 0

    def __len__(self) -> int:
        return len(self._items)

    def clear(self) -> None:
        """Forget all frames."""
        self._items, self._stride, self._skipped = [], 1, 0

    def add(self, time: float, frame: NDArray[np.float32]) -> None:
        """Keep a copy of frame (543, 3), unless it is one of those thinned out."""
        self._skipped += 1
        if self._skipped < self._stride:
            return
        self._skipped = 0
        if len(self._items) == self._capacity:
            self._items, self._stride = self._items[::2], 2 * self._stride
        self._items.append((time, frame.copy()))

    def drop(self, before: float) -> None:
        """Forget the frames before a time."""
        self._items = [item for item in self._items if item[0] >= before]

    def take(self, until: float) -> NDArray[np.float32]:
        """Remove the frames up to a time and return them, (T, 543, 3); T may be 0."""
        taken = [frame for time, frame in self._items if time <= until]
        rest = self._items[len(taken) :]
        self.clear()
        self._items = rest
        return np.array(taken, np.float32).reshape(-1, 543, 3)
