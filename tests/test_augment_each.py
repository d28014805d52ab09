"""Each augmentation does what its settings say, and no more."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from signlet.augment import AugmentConfig, Draws, SignGroups, augment, draw_same_class
from signlet.augment.plan import draw_plan
from signlet.errors import SignletError
from signlet.landmarks import HEAD, MIRROR_SELECTED
from signlet_testing.augmenting import (
    LEFT,
    NAN,
    RIGHT,
    changed,
    clips,
    draws,
    only,
    run,
    same,
    within,
)

HEAD_POINTS = torch.as_tensor(HEAD)
BODY_POINTS = torch.tensor([i for i in range(100) if i not in HEAD])


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
