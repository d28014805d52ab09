"""The check of a GPU, rehearsed on a CPU: every measurement runs, and says what it should."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.training_speed import gpu_check
from benchmarks.training_speed.gpu_launches import Launches, emulated, kernels
from benchmarks.training_speed.gpu_measures import BASE, TINY, Kept, repeated
from signlet.model import SignModel
from signlet.pack import PackedSet
from signlet.training.low_weights import LowWeights
from signlet.training.optimiser import clip
from signlet.training.recipes import load_recipe

CPU = torch.device("cpu")
MOST_LAUNCHES = 1_500
"""Of a step of three models."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    """Check -> what -> value, of everything in tiny."""
    given = ["--tiny", "--recipes", "asl-signs-25", "--batches", "8", "--device", "cpu"]
    given += ["--variants", "eager", "compiled"]
    work = tmp_path_factory.mktemp("gpu")
    parsed = gpu_check.parser().parse_args([*given, "--work", str(work), "--minutes", "30"])
    rows = gpu_check.run(gpu_check.plan_of(parsed), "", gpu_check.Console(quiet=True))
    checks: dict[str, dict[str, float]] = {}
    for row in rows:
        checks.setdefault(row.check, {})[row.what] = row.value
    return checks


@pytest.mark.slow
def test_every_measurement_runs(found: dict[str, dict[str, float]]) -> None:
    assert not [check for check, values in found.items() if {"failed", "left out"} & set(values)]
    kinds = {check.removeprefix("asl-signs-25 ").split()[0] for check in found}
    assert kinds == {"eager", "compiled", "agreement", "launches", "stages", "epoch", "resume"}


@pytest.mark.slow
def test_a_cpu_agrees_with_itself(found: dict[str, dict[str, float]]) -> None:
    agreement = found["asl-signs-25 agreement 8"]
    assert agreement["largest relative difference of 4 losses"] < 1e-6
    assert agreement["loss of the last step"] > 1
    assert found["asl-signs-25 resume"]["largest difference"] == 0


@pytest.mark.slow
def test_a_step_is_counted_and_timed(found: dict[str, dict[str, float]]) -> None:
    assert 500 < found["asl-signs-25 launches"]["launches"] < MOST_LAUNCHES
    speed = found["asl-signs-25 eager 8"]
    assert speed["speed"] == pytest.approx(8_000 / speed["step"])
    assert 0 < speed["share of the matrix rate"] < 1


def test_what_does_not_fit_in_the_time_is_named(tmp_path: Path) -> None:
    given = gpu_check.parser().parse_args(["--tiny", "--minutes", "0", "--work", str(tmp_path)])
    rows = gpu_check.run(gpu_check.plan_of(given), "", gpu_check.Console(quiet=True))
    assert {row.what for row in rows} == {"left out"}
    assert len(rows) == len(list(gpu_check.checks(gpu_check.plan_of(given))))


def test_a_measurement_that_fails_costs_no_other() -> None:
    def fails() -> list[gpu_check.Row]:
        raise RuntimeError("CUDA out of\nmemory")

    (row,) = gpu_check.tried("a speed", fails)
    assert (row.what, row.unit) == ("failed", "CUDA out of memory")


def test_a_recipe_that_is_none_is_refused_before_anything_is_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        gpu_check.main(["--tiny", "--recipes", "asl-signs-25", "nope", "--name", ""])
    assert ended.value.code == 2
    assert "nope: there is no such file or recipe" in capsys.readouterr().err


def test_the_full_set_repeats_clips_with_other_jitter(tiny_packed: PackedSet) -> None:
    clips = 2 * len(tiny_packed) + 3
    full = repeated(tiny_packed, clips, CPU)
    assert len(full) == len(full.labels) == clips
    rows = torch.tensor([1, 1 + len(tiny_packed)])
    frames, mask = full.batch(rows)
    assert torch.equal(mask[0], mask[1])
    apart = (frames[0] - frames[1]).nan_to_num().abs().max()
    assert 0 < apart < 0.1


def test_sizes_on_a_gpu_are_those_of_the_competition() -> None:
    given = gpu_check.parser().parse_args([])
    assert gpu_check.plan_of(given).clips == 94_477
    assert Kept(Path(), "asl-signs-80", 94_477, False, CPU).recipe.student.dense == 256
    assert BASE >= 1_000


def test_views_launch_nothing_and_reading_a_number_waits() -> None:
    numbers = torch.ones(4, 4)
    with Launches("cpu") as counted:
        float((numbers.t()[1:] + 1).sum())
    assert (counted.count, counted.waits.total()) == (3, 1)


def test_an_operation_on_lists_is_as_many_launches_as_it_needs() -> None:
    few, many, large = [torch.ones(4)] * 3, [torch.ones(4)] * 65, [torch.ones(1 << 18)]
    assert kernels("_foreach_lerp_", (few, few, 0.5)) == 1
    assert kernels("_foreach_lerp_", (many, many, 0.5)) == 2
    assert kernels("_foreach_mul_", (large * 81, 2.0)) == 2
    assert kernels("mul", (few[0], 2.0)) == 1


@pytest.mark.parametrize("name", ["asl-signs-25", "asl-signs-80"])
def test_a_step_of_a_published_recipe_is_few_launches_and_never_waits(
    name: str, tmp_path: Path
) -> None:
    """Three models of published depth; narrow, which changes nothing but the optimisers' share."""
    recipe = replace(load_recipe(name), student=TINY, distilled=TINY)
    counted = emulated(Kept(tmp_path, name, 0, True, CPU), recipe)
    assert counted.count < MOST_LAUNCHES, counted.of_stages()
    assert counted.waits.total() == 0, counted.waits
    assert all(count > 0 for count in counted.of_stages().values()), counted.of_stages()
    assert len(counted.of_stages()) == 6


@pytest.mark.parametrize("norm", [0.5, 20.0])
def test_clipping_scales_as_torchs_does(norm: float) -> None:
    one = torch.nn.Linear(3, 2)
    other = copy.deepcopy(one)
    for model in (one, other):
        for weight in model.parameters():
            weight.grad = torch.full_like(weight, norm)
    torch.nn.utils.clip_grad_norm_(one.parameters(), 10.0)
    clip(other, 10.0)
    torch.testing.assert_close(other.weight.grad, one.weight.grad)


def test_weights_that_become_bfloat16_at_once_change_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)  # the way of a GPU
    torch.manual_seed(0)
    one = SignModel(TINY.config(6, 5)).eval()
    other = copy.deepcopy(one)
    frames, mask = torch.randn(3, 6, 100, 3), torch.ones(3, 6, dtype=torch.bool)
    for model in (one, LowWeights(other)):
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(frames, mask)
        logits.float().square().sum().backward()
    for name, weight in one.named_parameters():
        gradient = other.get_parameter(name).grad
        torch.testing.assert_close(gradient, weight.grad, rtol=0.02, atol=0.02)
