"""Claims about the augmentations, each on small synthetic clips."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from signlet.augment import AugmentConfig, Draws, SignGroups, augment, draw_same_class
from signlet.augment import apply as apply_module
from signlet.augment import where as where_module
from signlet.augment.plan import draw_plan
from signlet.errors import SignletError
from signlet.landmarks import HEAD, MIRROR_SELECTED, PARTS

NAN = float("nan")
STEPS = ("interpolate", "flip", "rotate", "crop", "resize", "distort", "fill_hand", "face_cutmix")
NOTHING = AugmentConfig(**dict.fromkeys(STEPS, 0.0))
EVERYTHING = AugmentConfig(**dict.fromkeys(STEPS, 0.7))
LEFT, RIGHT = (torch.as_tensor(PARTS[part]) for part in ("left_hand", "right_hand"))
HEAD_POINTS = torch.as_tensor(HEAD)
BODY_POINTS = torch.tensor([i for i in range(100) if i not in HEAD])


def only(**probabilities: float) -> AugmentConfig:
    return dataclasses.replace(NOTHING, **probabilities)


def clips(batch: int, slots: int, seed: int = 0, full: bool = False) -> tuple[Tensor, Tensor]:
    """Random clips with hands that come and go; shorter ones are padded unless `full`."""
    random = torch.Generator().manual_seed(seed)
    frames = torch.randn(batch, slots, 100, 3, generator=random)
    for hand in (LEFT, RIGHT):
        lost = torch.rand(batch, slots, generator=random) < 0.4
        never = torch.rand(batch, generator=random) < 0.3
        for point in hand.tolist():
            frames[:, :, point][lost | never[:, None]] = NAN
    lengths = torch.randint(1, slots + 1, (batch,), generator=random)
    mask = torch.arange(slots) < (torch.full_like(lengths, slots) if full else lengths)[:, None]
    return torch.where(mask[..., None, None], frames, NAN), mask


def draws(batch: int, seed: int = 1, epoch: int = 0, view: int = 0) -> Draws:
    return Draws(seed, epoch, torch.arange(batch), view)


def run(
    config: AugmentConfig, frames: Tensor, mask: Tensor, early: bool = True, **which: int
) -> tuple[Tensor, Tensor]:
    same_class = (frames.roll(1, 0), mask.roll(1, 0))
    return augment(
        frames, mask, config, draws(len(frames), **which), early=early, same_class=same_class
    )


def same(a: Tensor, b: Tensor) -> bool:
    return torch.equal(torch.isnan(a), torch.isnan(b)) and torch.equal(
        a.nan_to_num(), b.nan_to_num()
    )


def changed(before: Tensor, after: Tensor) -> Tensor:
    """(B,) bool: samples that are not what they were."""
    return torch.tensor([not same(a, b) for a, b in zip(before, after, strict=True)])


def within(values: Tensor, low: float, high: float) -> bool:
    return bool(((values >= low) & (values <= high)).all())


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


# --- each augmentation ------------------------------------------------------------------


def test_flip_negates_x_and_exchanges_left_and_right() -> None:
    frames, mask = clips(20, 25)
    after, _ = run(only(flip=1.0), frames, mask)
    expected = frames[:, :, torch.as_tensor(MIRROR_SELECTED)] * torch.tensor([-1.0, 1.0, 1.0])
    assert same(expected, after)
    assert same(after[:, :, RIGHT, 1], frames[:, :, LEFT, 1])


def test_flip_twice_is_the_clip_itself() -> None:
    frames, mask = clips(20, 25)
    assert same(frames, run(only(flip=1.0), *run(only(flip=1.0), frames, mask))[0])


def test_rotation_keeps_distances_z_and_what_is_missing() -> None:
    frames, mask = clips(40, 25)
    after, _ = run(only(rotate=1.0), frames, mask)
    assert torch.equal(torch.isnan(frames), torch.isnan(after))
    assert same(frames[..., 2], after[..., 2])
    before, after = frames[mask][:, BODY_POINTS, :2], after[mask][:, BODY_POINTS, :2]
    lengths = ((a[:, :-1] - a[:, 1:]).norm(dim=2).nan_to_num() for a in (before, after))
    torch.testing.assert_close(*lengths, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(*(a.norm(dim=2).nan_to_num() for a in (before, after)))


def test_rotation_stays_within_its_limit_and_uses_all_of_it() -> None:
    frames, mask = torch.zeros(3_000, 1, 100, 3), torch.ones(3_000, 1, dtype=torch.bool)
    frames[..., 0] = 1.0
    after, _ = run(only(rotate=1.0), frames, mask)
    degrees = torch.rad2deg(torch.atan2(after[:, 0, 0, 1], after[:, 0, 0, 0]))
    assert within(degrees, -60.0001, 60.0001)
    assert degrees.min() < -59
    assert degrees.max() > 59
    assert degrees.std().item() == pytest.approx(120 / 12**0.5, rel=0.05)


def test_crop_takes_at_most_a_fifth_off_one_end() -> None:
    lengths = torch.tensor([1, 10, 19, 20, 21, 39, 40, 40]).repeat(50)
    frames = torch.arange(40.0)[:, None, None].expand(400, 40, 100, 3)
    mask = torch.arange(40) < lengths[:, None]
    frames = torch.where(mask[..., None, None], frames, NAN)
    after, kept = run(only(crop=1.0), frames, mask)
    length, first, last = kept.sum(1), after[:, 0, 0, 0], after[..., 0, 0].nan_to_num(-1).amax(1)
    assert torch.equal(last - first + 1, length.float())
    cut_start, cut_end = first, lengths - 1 - last
    assert ((cut_start == 0) | (cut_end == 0)).all()
    assert (lengths - length <= lengths * 0.2).all()
    assert torch.equal(lengths[lengths < 20], length[lengths < 20])
    assert (length[lengths == 20] < 20).any()
    longest = lengths == 40
    assert set((lengths - length)[longest].tolist()) == set(range(9))
    assert cut_start[longest].any()
    assert cut_end[longest].any()
    steps = after[:, 1:, 0, 0] - after[:, :-1, 0, 0]
    assert (steps[kept[:, 1:]] == 1).all()


def test_every_number_of_cropped_frames_is_equally_likely() -> None:
    mask = torch.ones(9_000, 40, dtype=torch.bool)
    plan = draw_plan(mask, only(crop=1.0), draws(9_000), early=False)
    counts = torch.bincount(40 - plan.kept.sum(1), minlength=9)
    assert len(counts) == 9
    assert within(counts, 880, 1120)  # 1000, standard deviation 30
    assert (plan.first > 0).float().mean().item() == pytest.approx(8 / 9 / 2, abs=0.02)


def _ratios(config: AugmentConfig) -> Tensor:
    frames, mask = clips(2_000, 2, full=True)
    after, _ = run(config, frames, mask)
    assert torch.equal(torch.isnan(frames), torch.isnan(after))
    ratios = after[:, :, HEAD_POINTS] / frames[:, :, HEAD_POINTS]
    torch.testing.assert_close(ratios, ratios[:, :1, :1].expand_as(ratios))
    return ratios[:, 0, 0]


def test_resize_without_distortion_keeps_the_shape() -> None:
    ratios = _ratios(only(resize=1.0))
    torch.testing.assert_close(ratios[:, 0], ratios[:, 1])
    torch.testing.assert_close(ratios[:, 0], ratios[:, 2])
    assert within(ratios, 0.7 - 1e-5, 1.3 + 1e-5)
    assert ratios.min() < 0.705
    assert ratios.max() > 1.295


def test_distortion_has_a_factor_for_each_coordinate() -> None:
    ratios = _ratios(only(resize=1.0, distort=1.0))
    assert within(ratios, 0.7 - 1e-5, 1.3 + 1e-5)
    assert torch.corrcoef(ratios.T).triu(1).abs().max() < 0.1
    equal = (_ratios(only(resize=1.0, distort=0.5)).std(1) < 1e-5).float().mean()
    assert equal.item() == pytest.approx(0.5, abs=0.05)


def test_interpolation_is_numpys_between_the_first_and_the_last_found() -> None:
    frames, mask = clips(6, 25, full=True)
    lost = torch.rand(6, 25, 100, generator=torch.Generator().manual_seed(5)) < 0.5
    lost[-1, -1, -1] = False  # the very last point of the batch must not leak elsewhere
    frames[lost] = NAN
    after, _ = run(only(interpolate=1.0), frames, mask)
    slots = np.arange(25)
    for clip, point, axis in np.ndindex(6, 100, 3):
        values = frames[clip, :, point, axis].numpy()
        found = ~np.isnan(values)
        expected = values.copy()
        if found.any():
            expected = np.interp(slots, slots[found], values[found], NAN, NAN)
        np.testing.assert_allclose(after[clip, :, point, axis], expected, atol=1e-6)
    assert torch.equal(after[~torch.isnan(frames)], frames[~torch.isnan(frames)])


def test_interpolation_leaves_a_hand_that_is_never_found() -> None:
    frames, mask = clips(5, 25)
    frames[:, :, LEFT] = NAN
    after, _ = run(only(interpolate=1.0), frames, mask)
    assert torch.isnan(after[:, :, LEFT]).all()


@pytest.mark.parametrize(("missing", "other"), [(LEFT, RIGHT), (RIGHT, LEFT)])
def test_a_hand_never_found_becomes_the_mirrored_other_hand(missing: Tensor, other: Tensor) -> None:
    frames, mask = clips(10, 25)
    frames[:, :, missing] = NAN
    after, _ = run(only(fill_hand=1.0), frames, mask)
    assert same(after[:, :, missing], frames[:, :, other] * torch.tensor([-1.0, 1.0, 1.0]))
    rest = torch.tensor([i for i in range(100) if i not in missing])
    assert same(after[:, :, rest], frames[:, :, rest])


def test_a_hand_found_now_and_then_is_not_filled() -> None:
    frames, mask = clips(10, 25, full=True)
    frames[:, :, LEFT], frames[:, :, RIGHT] = NAN, 1.0
    frames[:, 24, LEFT] = 2.0
    assert same(frames, run(only(fill_hand=1.0), frames, mask)[0])


def test_two_missing_hands_stay_missing() -> None:
    frames, mask = clips(10, 25)
    frames[:, :, LEFT], frames[:, :, RIGHT] = NAN, NAN
    assert same(frames, run(only(fill_hand=1.0), frames, mask)[0])


def _box(frames: Tensor) -> tuple[Tensor, Tensor]:
    head = frames[:, :, HEAD_POINTS].flatten(1, 2)
    return head.nan_to_num(torch.inf).amin(1), head.nan_to_num(-torch.inf).amax(1)


def test_cutmix_puts_the_other_head_into_the_old_box() -> None:
    frames, mask = clips(30, 25)
    other, other_mask = clips(30, 40, seed=3)
    other = other * 3 + 5
    after, kept = augment(
        frames, mask, only(face_cutmix=1.0), draws(30), early=True, same_class=(other, other_mask)
    )
    assert torch.equal(kept, mask)
    assert same(after[:, :, BODY_POINTS], frames[:, :, BODY_POINTS])
    for before, now in zip(_box(frames), _box(after), strict=True):
        torch.testing.assert_close(before, now, atol=1e-5, rtol=1e-5)
    assert changed(frames, after)[mask.sum(1) > 1].all()


def test_cutmix_resamples_to_the_clips_length() -> None:
    """A head that moves evenly still does, from its first frame to its last."""
    frames, mask = clips(3, 25, full=True)
    other, other_mask = torch.full((3, 40, 100, 3), NAN), torch.zeros(3, 40, dtype=torch.bool)
    shape = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    for clip, length in enumerate((40, 7, 25)):
        time = torch.arange(length) / (length - 1)
        other[clip, :length] = shape + time[:, None, None] * 2
        other_mask[clip, :length] = True
    after, _ = augment(
        frames, mask, only(face_cutmix=1.0), draws(3), early=True, same_class=(other, other_mask)
    )
    head = after[:, :, HEAD_POINTS]
    steps = head[:, 1:] - head[:, :-1]
    torch.testing.assert_close(steps, steps.mean((1, 2), keepdim=True).expand_as(steps))
    spread = (_box(frames)[1] - _box(frames)[0])[:, None, None]
    moved = shape[HEAD_POINTS].amax(0) - shape[HEAD_POINTS].amin(0) + 2
    expected = 2 / moved * spread
    torch.testing.assert_close(head[:, -1:] - head[:, :1], expected.expand(3, 1, len(HEAD), 3))


def test_cutmix_invents_no_head_where_the_other_is_lost() -> None:
    frames, mask = clips(1, 5, full=True)
    other, other_mask = clips(1, 4, full=True, seed=1)
    other[:, 1] = NAN
    after, _ = augment(
        frames, mask, only(face_cutmix=1.0), draws(1), early=True, same_class=(other, other_mask)
    )
    # Times in the other clip: 0, 0.75, 1.5, 2.25, 3; its frame 1 is lost.
    lost = torch.isnan(after[0, :, HEAD_POINTS, 0]).all(1)
    assert lost.tolist() == [False, True, True, False, False]


@pytest.mark.parametrize("who", ["own", "other"])
def test_cutmix_needs_two_heads(who: str) -> None:
    frames, mask = clips(6, 25)
    other, other_mask = clips(6, 25, seed=1)
    (frames if who == "own" else other)[:, :, HEAD_POINTS] = NAN
    after, _ = augment(
        frames, mask, only(face_cutmix=1.0), draws(6), early=True, same_class=(other, other_mask)
    )
    assert same(frames, after)


def test_heads_and_hands_are_left_alone_later_and_without_another_clip() -> None:
    frames, mask = clips(20, 25)
    both = only(fill_hand=1.0, face_cutmix=1.0)
    assert same(frames, run(both, frames, mask, early=False)[0])
    alone, _ = augment(frames, mask, only(face_cutmix=1.0), draws(20), early=True)
    assert same(frames, alone)


# --- same class -----------------------------------------------------------------------

LABELS = torch.tensor([0, 1, 0, 2, 0, 1, -1, 3, 0])
TRAINING = torch.tensor([0, 1, 2, 3, 5, 6, 8])
"""Sign 0: rows 0 2 8 (row 4 is held out), sign 1: rows 1 5, sign 2: row 3, sign 3: none."""


def _drawn(rows: Tensor, epoch: int = 0) -> Tensor:
    groups = SignGroups.of(TRAINING, LABELS)
    return draw_same_class(LABELS[rows], Draws(0, epoch, rows, 0), groups)


def test_clips_of_the_same_class_are_all_other_training_clips_of_the_sign() -> None:
    rows = torch.arange(9)
    seen = [
        set(column) for column in zip(*(_drawn(rows, e).tolist() for e in range(60)), strict=True)
    ]
    assert seen == [{2, 8}, {5}, {0, 8}, {3}, {0, 2, 8}, {1}, {6}, {7}, {0, 2}]


def test_clips_of_the_same_class_are_drawn_evenly() -> None:
    rows = torch.zeros(9, dtype=torch.int64) + 4
    groups = SignGroups.of(TRAINING, LABELS)
    views = torch.arange(9_000)
    drawn = draw_same_class(
        LABELS[rows].repeat(1000), Draws(0, 0, rows.repeat(1000), views), groups
    )
    counts = torch.bincount(drawn, minlength=9)[[0, 2, 8]]
    assert within(counts, 2800, 3200)  # 3000, standard deviation 45


def test_clips_of_the_same_class_do_not_depend_on_the_batch() -> None:
    assert torch.equal(_drawn(torch.arange(9))[[5, 0]], _drawn(torch.tensor([5, 0])))


def test_groups_without_a_known_sign_are_refused() -> None:
    with pytest.raises(SignletError, match="known sign"):
        SignGroups.of(torch.tensor([6]), LABELS)


# --- settings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("flip", 1.5), ("crop", -0.1), ("rotate", NAN), ("crop_share", 1.0)),
        *(("max_degrees", 400.0), ("resize_low", 0.0), ("resize_low", 2.0)),
        ("resize_high", float("inf")),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: float) -> None:
    with pytest.raises(SignletError, match=rf"augment\..*{name}"):
        AugmentConfig(**{name: value})


def test_early_is_the_first_half() -> None:
    config = AugmentConfig()
    assert [config.is_early(epoch, 5) for epoch in range(5)] == [True, True, True, False, False]
    assert not AugmentConfig(early_share=0.0).is_early(0, 5)
