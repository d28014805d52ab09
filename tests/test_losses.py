"""The losses and schedules compute what their descriptions say."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from signlet.errors import SignletError
from signlet.model import SignModel
from signlet.training.losses import consistency, soft_targets, without_hardest
from signlet.training.optimiser import split_parameters
from signlet.training.schedule import (
    consistency_factor,
    ema_decay,
    learning_rate_factor,
    mixup_probability,
)
from signlet.training.settings import LossSettings, MixupSettings, OptimiserSettings, Recipe


def test_smoothing_is_spread_over_the_other_signs() -> None:
    targets = soft_targets(torch.tensor([2, 0]), 250, 0.3)
    assert targets[0, 2] == pytest.approx(0.7)
    assert targets[0, 0] == pytest.approx(0.3 / 249)
    assert torch.allclose(targets.sum(1), torch.ones(2))


def test_cross_entropy_without_smoothing_is_torchs() -> None:
    logits, labels = torch.randn(5, 7), torch.tensor([0, 3, 6, 1, 1])
    ours = F.cross_entropy(logits, soft_targets(labels, 7, 0.0), reduction="none")
    assert torch.allclose(ours, F.cross_entropy(logits, labels, reduction="none"))


def test_the_three_hardest_samples_are_left_out() -> None:
    losses = torch.arange(32.0)
    assert without_hardest(losses, 3, 32) == torch.arange(29.0).mean()
    assert without_hardest(losses, 0, 32) == losses.mean()


@given(st.integers(1, 20), st.integers(0, 40))
def test_a_small_batch_always_teaches(size: int, ousm: int) -> None:
    losses = torch.arange(float(size), requires_grad=True)
    without_hardest(losses, ousm, len(losses)).backward()
    assert losses.grad is not None
    assert int((losses.grad > 0).sum()) >= math.ceil(0.75 * size)


def test_consistency_is_summed_over_signs_and_averaged_over_clips() -> None:
    sure, other = torch.tensor([[50.0, 0.0]]), torch.tensor([[0.0, 50.0]])
    assert consistency(sure, other) == pytest.approx(2.0)
    assert consistency(torch.cat([sure, sure]), torch.cat([other, sure])) == pytest.approx(1.0)


def test_learning_rate_rises_for_a_quarter_and_falls_to_nothing() -> None:
    factors = [learning_rate_factor(step, 100, 0.25) for step in range(100)]
    assert np.argmax(factors) == 24
    assert factors[24] == 1.0
    assert factors[0] == pytest.approx(1 / 25)
    assert 0 < factors[-1] < 0.02
    assert np.all(np.diff(factors[:25]) > 0)
    assert np.all(np.diff(factors[25:]) < 0)
    assert learning_rate_factor(0, 10, 0.0) == 1.0


def test_consistency_ramp() -> None:
    assert consistency_factor(0, 100, 0.25) == pytest.approx(math.exp(-5))
    assert consistency_factor(25, 100, 0.25) == 1.0
    assert consistency_factor(99, 100, 0.25) == 1.0
    assert consistency_factor(0, 100, 0.0) == 1.0


def test_both_mixup_schedules() -> None:
    rising, falling = MixupSettings("rising"), MixupSettings("falling")
    assert mixup_probability(0, 100, rising) == 0
    assert mixup_probability(90, 100, rising) == pytest.approx(0.5)
    assert mixup_probability(0, 100, falling) == 0.5
    assert mixup_probability(90, 100, falling) == pytest.approx(0)
    assert mixup_probability(99, 100, falling) == 0
    assert mixup_probability(50, 100, MixupSettings("none")) == 0


def test_the_teacher_starts_as_a_plain_average() -> None:
    values, average = [3.0, 5.0, 10.0], 0.0
    for step, value in enumerate(values):
        decay = ema_decay(step, 0.97)
        average = decay * average + (1 - decay) * value
    assert average == pytest.approx(6.0)
    assert ema_decay(1000, 0.97) == 0.97


def test_no_weight_decay_on_biases_and_norms() -> None:
    model = SignModel(Recipe().student.config(8, 3))
    decayed, plain = split_parameters(model)
    names = {id(p): n for n, p in model.named_parameters()}
    assert {names[id(p)] for p in plain} == {
        n for n in names.values() if n.endswith("bias") or "norm" in n
    }
    assert len(decayed) + len(plain) == len(names)


@pytest.mark.parametrize(
    ("kind", "values", "named"),
    [
        (OptimiserSettings, {"epochs": 0}, "optimiser.epochs"),
        (OptimiserSettings, {"learning_rate": float("nan")}, "optimiser.learning_rate"),
        (LossSettings, {"smoothing": 1.0}, "loss.smoothing"),
        (MixupSettings, {"alpha": 0.0}, "mixup.alpha"),
    ],
)
def test_impossible_settings_are_named(kind: type, values: dict[str, float], named: str) -> None:
    field = {OptimiserSettings: "optimiser", LossSettings: "loss", MixupSettings: "mixup"}[kind]
    with pytest.raises(SignletError, match=named):
        Recipe(**{field: kind(**values)})
