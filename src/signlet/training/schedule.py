"""Schedules of a training as plain functions: epoch or progress in, a factor or probability out."""

from __future__ import annotations

import math

from signlet.training.settings import MixupSettings


def learning_rate_factor(step: int, steps: int, warm_up: float) -> float:
    """Share of the largest learning rate at step 0 .. steps - 1: linear warm-up, linear decay."""
    rising = max(1, round(warm_up * steps)) if warm_up > 0 else 0
    if step < rising:
        return (step + 1) / rising
    return (steps - step) / max(1, steps - rising)


def consistency_factor(step: int, steps: int, ramp: float) -> float:
    """Sigmoid ramp exp(-5 (1 - t)^2) over the first share of the steps (Tarvainen and Valpola
    2017, arXiv:1703.01780), then 1."""
    t = min(1.0, step / (ramp * steps)) if ramp > 0 else 1.0
    return math.exp(-5.0 * (1.0 - t) ** 2)


def mixup_probability(epoch: int, epochs: int, mixup: MixupSettings) -> float:
    """Probability of mixing a batch in epoch 0 .. epochs - 1, within 0 .. 1."""
    if mixup.schedule == "none":
        return 0.0
    progress = epoch / (mixup.end * epochs)
    share = progress if mixup.schedule == "rising" else 1 - progress
    return min(1.0, max(0.0, mixup.probability * share))


def ema_decay(step: int, decay: float) -> float:
    """Decay of the moving average after `step` updates (from 0): first a plain average."""
    return min(1 - 1 / (step + 1), decay)
