"""Random numbers without a state: each depends on (seed, epoch, clip, view, name) and nothing else.

A run that was killed and resumed draws the same numbers as an undisturbed one, in any batch,
in any order and on any device. Integers are mixed with splitmix64's finaliser (Steele, Lea
and Flood 2014, with the constants of Stafford's "Mix 13"), a bijection of 64 bits in which
every input bit reaches every output bit.
"""

from __future__ import annotations

import copy
import hashlib
import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

_BITS = 64
_STEP = 0x9E3779B97F4A7C15
"""2**64 / golden ratio: keeps neighbouring counters far apart before they are mixed."""
_ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = 31


class Draws:
    """The random numbers of one batch; asking for the same name again gives the same numbers.

    seed: of the run. epoch: from 0.
    clips: (B,) int64, which clip each sample is (its row in the packed set).
    views: (B,) int64 or one number, which independent view of the clip each sample is.
    Everything is drawn on the device of `clips`.
    """

    def __init__(self, seed: int, epoch: int, clips: Tensor, views: Tensor | int) -> None:
        self.clips = clips
        run = int(_mix(_mix(torch.tensor(_signed(seed))) + _signed(epoch * _STEP)))
        view = views * _signed(_STEP) if isinstance(views, Tensor) else _signed(views * _STEP)
        self._state = _mix(_mix(clips * _signed(_STEP) + run) + view)

    def to(self, device: torch.device) -> Draws:
        """The same numbers, drawn on another device."""
        there = copy.copy(self)
        there.clips = self.clips.to(device, non_blocking=True)
        there._state = self._state.to(device, non_blocking=True)
        return there

    def uniform(
        self, name: str, low: float = 0.0, high: float = 1.0, shape: tuple[int, ...] = ()
    ) -> Tensor:
        """(B, *shape) float32, evenly distributed over low <= number < high."""
        numbers = _shares(self._bits(name, shape)) * (high - low) + low
        below = float(np.nextafter(np.float32(high), np.float32(low)))
        return numbers.clamp(max=below) if high > low else numbers

    def uniforms(self, *names: str) -> dict[str, Tensor]:
        """The same numbers as `uniform(name)` for each name, (B,) each, all in one go."""
        keys = _keys(names, self.clips.device)
        return dict(zip(names, _shares(_mix(self._state + keys)), strict=True))

    def chance(self, name: str, probability: float) -> Tensor:
        """(B,) bool, True with this probability (never with 0, always with 1)."""
        return self.uniform(name) < probability

    def integers(self, name: str, high: int | Tensor) -> Tensor:
        """(B,) int64, evenly distributed over 0 <= number < high.

        high: one number or (B,) int64; at least 1 and below 2**31.
        """
        return (_top_bits(self._bits(name), 31) * high) >> 31

    def _bits(self, name: str, shape: tuple[int, ...] = ()) -> Tensor:
        """(B, *shape) int64 of 64 random bits each."""
        state = self._state + _key(name)
        if shape:
            count = torch.arange(math.prod(shape), device=state.device) * _signed(_STEP)
            state = (state[:, None] + count).view(-1, *shape)
        return _mix(state)


def _mix(state: Tensor) -> Tensor:
    """int64 of any shape -> as many well mixed int64; products wrap around."""
    for shift, factor in _ROUNDS:
        state = (state ^ _shifted(state, shift)) * _signed(factor)
    return state ^ _shifted(state, _LAST_SHIFT)


def _shifted(state: Tensor, shift: int) -> Tensor:
    """Shift to the right as if unsigned: torch repeats the sign bit, so cut it off."""
    return (state >> shift) & ((1 << (_BITS - shift)) - 1)


def _top_bits(state: Tensor, count: int) -> Tensor:
    return _shifted(state, _BITS - count)


def _shares(state: Tensor) -> Tensor:
    """Random bits, int64 -> float32 of the same shape, 0 <= share < 1, in steps of 2**-24."""
    return _top_bits(state, 24).to(torch.float32) * 2.0**-24


def _signed(number: int) -> int:
    """The int64 with the same lower 64 bits."""
    number &= (1 << _BITS) - 1
    return number - (1 << _BITS) if number >> (_BITS - 1) else number


@cache
def _key(name: str) -> int:
    """A fixed 64-bit number for a name; Python's own hash differs from run to run."""
    return _signed(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()))


@cache
def _keys(names: tuple[str, ...], device: torch.device) -> Tensor:
    """(names, 1) int64; kept, so that nothing is copied to the device for every batch."""
    return torch.tensor([[_key(name)] for name in names], device=device)
