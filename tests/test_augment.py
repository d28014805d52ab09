"""Augmentations draw their own random numbers, and keep their promises all together."""

from __future__ import annotations

import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from signlet.augment import AugmentConfig, Draws, augment
from signlet.augment import apply as apply_module
from signlet.augment import where as where_module
from signlet_testing.augmenting import (
    LEFT,
    NAN,
    NOTHING,
    STEPS,
    changed,
    clips,
    draws,
    only,
    run,
    same,
    within,
)

EVERYTHING = AugmentConfig(**dict.fromkeys(STEPS, 0.7))


# --- random numbers ---------------------------------------------------------------------


def _splitmix(state: int) -> int:
    """The published finaliser on Python's own integers."""
    full = (1 << 64) - 1
    state &= full
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & full
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & full
    return state ^ (state >> 31)


def test_draws_are_splitmix_of_seed_epoch_clip_view_and_name() -> None:
    """Written once more, so that a run resumed with a later version draws the same numbers."""
    step = 0x9E3779B97F4A7C15
    key = int.from_bytes(hashlib.blake2b(b"angle", digest_size=8).digest())
    got = Draws(-7, 3, torch.tensor([0, 5, 2**40]), torch.tensor([0, 1, 2])).uniform("angle")
    for clip, view, number in zip([0, 5, 2**40], [0, 1, 2], got.tolist(), strict=True):
        run_state = _splitmix(_splitmix(-7) + 3 * step)
        state = _splitmix(_splitmix(clip * step + run_state) + view * step)
        assert number == (_splitmix(state + key) >> 40) / 2**24


def test_uniform_is_uniform() -> None:
    numbers = Draws(0, 0, torch.arange(100_000), 0).uniform("x")
    assert within(numbers, 0, 1 - 2**-24)
    assert numbers.mean().item() == pytest.approx(0.5, abs=4 * (1 / 12 / 100_000) ** 0.5)
    assert numbers.var().item() == pytest.approx(1 / 12, rel=0.01)
    counts = torch.histc(numbers, 100, 0, 1)
    chi_square = ((counts - 1000) ** 2 / 1000).sum().item()
    assert 50 < chi_square < 160  # 99 degrees of freedom: outside in one of 10,000 cases


def _x(seed: int = 3, epoch: int = 4, first: int = 0, view: int = 0, name: str = "x") -> Tensor:
    return Draws(seed, epoch, torch.arange(first, first + 50_000), view).uniform(name)


@pytest.mark.parametrize(
    "other",
    [
        *({"view": 1}, {"epoch": 5}, {"seed": 4}, {"seed": 4, "epoch": 3}),
        *({"name": "y"}, {"first": 1}),
    ],
    ids=str,
)
def test_draws_are_independent_of_those_with(other: dict[str, int]) -> None:
    _assert_independent(_x(), _x(**other))


def test_elements_of_one_draw_are_independent() -> None:
    numbers = Draws(3, 4, torch.arange(50_000), 0).uniform("x", shape=(2,))
    _assert_independent(numbers[:, 0], numbers[:, 1])


def _assert_independent(a: Tensor, b: Tensor) -> None:
    assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1].item()) < 4 / len(a) ** 0.5
    cells = torch.bincount((a * 4).long() * 4 + (b * 4).long(), minlength=16)
    expected = len(a) / 16
    assert ((cells - expected) ** 2 / expected).sum() < 45  # 15 degrees of freedom


def test_draws_never_collide() -> None:
    rows = torch.arange(5_000)
    bits = [
        Draws(seed, epoch, rows, view)._bits(name)
        for seed in (0, 1)
        for epoch in range(5)
        for view in range(3)
        for name in ("flip", "angle")
    ]
    every = torch.cat(bits)
    assert len(every.unique()) == len(every)


def test_draws_do_not_depend_on_the_batch() -> None:
    order = torch.randperm(50, generator=torch.Generator().manual_seed(0))
    whole, shuffled = Draws(1, 2, torch.arange(50), 1), Draws(1, 2, order, torch.tensor(1))
    assert torch.equal(whole.uniform("x", shape=(2, 3))[order], shuffled.uniform("x", shape=(2, 3)))
    assert torch.equal(
        whole.integers("x", 9)[order[:7]], Draws(1, 2, order[:7], 1).integers("x", 9)
    )
    assert torch.equal(whole.uniforms("a", "b")["b"], whole.uniform("b"))


def test_uniform_never_returns_its_upper_end() -> None:
    high = 1 + 2**-22
    numbers = Draws(0, 0, torch.arange(1000), 0).uniform("x", 1.0, high)
    assert numbers.unique().tolist() == [1.0, 1 + 2**-23]


@given(high=st.integers(1, 2**31 - 1), seed=st.integers(-(2**63), 2**64))
@settings(max_examples=50, deadline=None)
def test_integers_stay_below(high: int, seed: int) -> None:
    numbers = Draws(seed, 0, torch.arange(100), 0).integers("x", high)
    assert within(numbers, 0, high - 1)


def test_integers_are_even_and_take_a_bound_for_each_sample() -> None:
    high = torch.arange(70_000) % 7 + 1
    numbers = Draws(0, 0, torch.arange(70_000), 0).integers("x", high)
    counts = torch.bincount(numbers[high == 7], minlength=7)
    assert within(counts, 1250, 1610)  # 1429, standard deviation 35
    assert (numbers < high).all()


def test_chance_never_and_always() -> None:
    numbers = draws(10_000)
    assert not numbers.chance("x", 0.0).any()
    assert numbers.chance("x", 1.0).all()
    assert numbers.chance("x", 0.25).float().mean().item() == pytest.approx(0.25, abs=0.02)


# --- all augmentations together ---------------------------------------------------------


def test_probability_zero_changes_nothing() -> None:
    frames, mask = clips(40, 25)
    after, kept = run(NOTHING, frames, mask)
    assert same(frames, after)
    assert torch.equal(mask, kept)


def test_input_is_not_changed() -> None:
    frames, mask = clips(40, 25)
    before, mask_before = frames.clone(), mask.clone()
    run(EVERYTHING, frames, mask)
    assert same(before, frames)
    assert torch.equal(mask_before, mask)


def test_padding_changes_no_real_frame() -> None:
    frames, mask = clips(60, 25)
    longer = torch.cat([frames, torch.full((60, 15, 100, 3), NAN)], 1)
    longer_mask = torch.cat([mask, torch.zeros(60, 15, dtype=torch.bool)], 1)
    short, kept = run(EVERYTHING, frames, mask)
    padded, padded_kept = run(EVERYTHING, longer, longer_mask)
    assert same(short, padded[:, :25])
    assert torch.equal(kept, padded_kept[:, :25])
    assert torch.isnan(padded[:, 25:]).all()
    assert not padded_kept[:, 25:].any()


def test_padding_stays_missing_and_real_frames_stay_first() -> None:
    frames, mask = clips(60, 30)
    after, kept = run(EVERYTHING, frames, mask)
    assert torch.isnan(after[~kept]).all()
    assert (kept.sum(1) >= 1).all()
    assert torch.equal(kept, torch.arange(30) < kept.sum(1, keepdim=True))


@pytest.mark.parametrize("frames_at_once", [1, 60, 10**9])
def test_a_sample_does_not_depend_on_its_batch(
    frames_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, mask = clips(50, 25)
    other, other_mask = clips(50, 25, seed=1)
    whole = augment(frames, mask, EVERYTHING, draws(50), early=True, same_class=(other, other_mask))
    monkeypatch.setattr(apply_module, "_CPU_FRAMES", frames_at_once)
    some = torch.randperm(50, generator=torch.Generator().manual_seed(0))[:17]
    same_class = (other[some], other_mask[some])
    alone = augment(
        frames[some],
        mask[some],
        EVERYTHING,
        Draws(1, 0, some, 0),
        early=True,
        same_class=same_class,
    )
    assert same(whole[0][some], alone[0])
    assert torch.equal(whole[1][some], alone[1])


def test_the_same_key_gives_the_same_clip_and_another_key_another() -> None:
    frames, mask = clips(30, 25)
    first, _ = run(EVERYTHING, frames, mask, view=0)
    assert same(first, run(EVERYTHING, frames, mask, view=0)[0])
    for other in ({"view": 1}, {"epoch": 1}, {"seed": 2}):
        assert changed(first, run(EVERYTHING, frames, mask, **other)[0]).sum() > 25


def test_views_may_differ_within_a_batch() -> None:
    frames, mask = clips(10, 25)
    rows, views = torch.arange(10).repeat(3), torch.arange(3).repeat_interleave(10)
    both = augment(
        frames.repeat(3, 1, 1, 1),
        mask.repeat(3, 1),
        EVERYTHING,
        Draws(1, 0, rows, views),
        early=False,
    )
    for view in range(3):
        alone = augment(frames, mask, EVERYTHING, draws(10, view=view), early=False)
        assert same(both[0][view * 10 : view * 10 + 10], alone[0])


@pytest.mark.parametrize("step", ["interpolate", "flip", "rotate", "resize"])
def test_a_step_happens_as_often_as_it_should(step: str) -> None:
    frames, mask = clips(2_000, 3, full=True)
    frames[:, :, LEFT] = NAN
    frames[:, 0, LEFT], frames[:, 2, LEFT] = 1.0, 2.0
    after, _ = run(only(**{step: 0.3}), frames, mask)
    assert changed(frames, after).float().mean().item() == pytest.approx(0.3, abs=0.045)


def test_a_device_that_cannot_count_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    frames, mask = clips(40, 25)
    expected = run(EVERYTHING, frames, mask)
    for module in (where_module, apply_module):
        monkeypatch.setattr(module, "on_cpu", lambda _: False)
    got = run(EVERYTHING, frames, mask)
    assert same(expected[0], got[0])
    assert torch.equal(expected[1], got[1])


def test_no_step_waits_for_a_device() -> None:
    """Tensors without values raise as soon as somebody asks for one."""
    frames, mask = torch.empty(4, 25, 100, 3, device="meta"), torch.ones(4, 25, device="meta") > 0
    keys = Draws(
        0, 0, torch.arange(4, device="meta"), torch.zeros(4, dtype=torch.int64, device="meta")
    )
    after, kept = augment(frames, mask, EVERYTHING, keys, early=True, same_class=(frames, mask))
    assert after.shape == frames.shape
    assert kept.shape == mask.shape
    assert after.device.type == "meta"


def test_all_steps_at_once_are_the_steps_one_after_another() -> None:
    frames, mask = clips(30, 25)
    same_class = clips(30, 25, seed=1)
    order = ("face_cutmix", "fill_hand", "interpolate", "crop", "flip", "rotate", "resize")
    at_once = only(**dict.fromkeys(order, 1.0))
    together, kept = augment(frames, mask, at_once, draws(30), early=True, same_class=same_class)
    for step in order:
        alone = only(**{step: 1.0})
        frames, mask = augment(frames, mask, alone, draws(30), early=True, same_class=same_class)
    assert torch.equal(kept, mask)
    torch.testing.assert_close(together, frames, equal_nan=True)


def test_landmarks_without_z_keep_x_and_y() -> None:
    frames, mask = clips(40, 25)
    frames[..., 2] = NAN
    after, _ = run(only(flip=1, rotate=1, resize=1, face_cutmix=1), frames, mask)
    assert torch.equal(torch.isnan(after[..., 0]).sum(), torch.isnan(frames[..., 0]).sum())
    assert torch.isnan(after[..., 2]).all()
    assert not torch.isinf(after).any()
