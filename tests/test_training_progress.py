"""What a training says on a console, by a clock that the tests move."""

from __future__ import annotations

import io
import subprocess
import sys
from threading import Event

import numpy as np
import pytest

from signlet_testing import PATIENCE

pytest.importorskip("torch", reason="training needs signlet[train]")

from signlet.cli import loading
from signlet.cli.training_progress import Clock, shown
from signlet.runs.metrics import EpochMetrics
from signlet.text.console import SafeConsole
from signlet.training.progress import Bar
from signlet.training.turns import Turn

EPOCHS, STEPS = 3, 10


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def trained(seconds_a_step: float, turn: Turn, terminal: bool = False) -> str:
    """What is printed of a training whose steps take so long; epoch 2 is looked at."""
    out, time = io.StringIO(), Time()
    console = SafeConsole(file=out, width=100, force_terminal=terminal)
    with shown(Bar(turn, EPOCHS, STEPS, done=0), console, Clock(time)) as display:
        for epoch in range(EPOCHS):
            for step in range(STEPS):
                time.now += seconds_a_step
                display.advance(epoch, step, 20.0)
            right = 0.614 if epoch == 1 else np.nan
            display.epoch_ended(
                EpochMetrics(
                    epoch + 1,
                    1.0,
                    1.0,
                    0.1,
                    loss_distilled=1.5 - epoch / 10,
                    accuracy_distilled=right,
                )
            )
    return out.getvalue()


def test_without_a_terminal_a_line_a_minute_and_one_at_the_end() -> None:
    lines = trained(20, Turn(1, 3, later=60)).splitlines()
    assert len(lines) == 10 + 1
    assert lines[0] == "Training 1 of 3: epoch 1 of 3; 29 min left in all"
    assert lines[-1] == ("Training 1 of 3: done in 10 min")


def test_a_short_training_says_only_how_it_ended() -> None:
    (line,) = trained(0.1, Turn()).splitlines()
    assert line == "Training: done in 3 s"


def test_the_time_left_is_of_the_whole_command() -> None:
    alone, three = (trained(60, Turn(1, 3, later)).splitlines()[0] for later in (0, 300))
    assert alone.endswith("; 29 min left in all")
    assert three.endswith("; 5.5 h left in all")


def test_a_terminal_shows_the_numbers_in_words_below_the_bar() -> None:
    shown_there = trained(5, Turn(2, 3, later=30), terminal=True)
    assert "Training 2 of 3" in shown_there
    assert "epoch 3 of 3, 61 % right on test clips, loss 1.40, 20 clips/s" in shown_there


@pytest.mark.parametrize(("stays", "end"), [(True, "\n"), (False, " \r")])
def test_a_terminal_counts_the_seconds_of_loading(
    stays: bool, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_TICK", 0.001)
    counted, screen = Event(), io.StringIO()

    def write(text: str) -> None:
        io.StringIO.write(screen, text)
        if text.endswith(" 2 s"):
            counted.set()

    monkeypatch.setattr(screen, "write", write)
    with loading._counting(screen, "Loading PyTorch ...", stays):
        assert counted.wait(PATIENCE)
    said = screen.getvalue()
    assert said.startswith("Loading PyTorch ...\rLoading PyTorch ... 1 s\rLoading PyTorch ... 2 s")
    assert said.endswith(end)


def test_train_says_a_line_before_torch_is_imported() -> None:
    code = (
        "import sys\n"
        "import signlet.cli.loading\n"
        "with signlet.cli.loading.saying_loading('train'):\n"
        "    assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "Loading PyTorch ...\n"), done.stderr
