"""Long work moves the bars that its caller gives it, to their end, and shows none by itself."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest

from signlet.pack import pack
from signlet.quality import data_quality
from signlet.running.bars import Bars, Step, bars_for
from signlet.text.bars import doing, on_console
from signlet.text.console import SafeConsole
from signlet_testing import PATIENCE
from signlet_testing.clips import Synthetic

Work = Callable[[Bars | bool, Path], object]
WORK: dict[str, Work] = {
    "packing": lambda bars, folder: pack(Synthetic(), folder, 12, jobs=1, progress=bars),
    "looking at clips": lambda bars, folder: data_quality(Synthetic(), jobs=1, progress=bars),
}


@pytest.mark.parametrize("what", WORK)
def test_a_bar_of_the_caller_is_moved_to_its_end(what: str, tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    moved: list[float] = []

    @contextmanager
    def bars(what: str, steps: int, done: int = 0) -> Iterator[Step]:
        told.append((what, steps))
        yield moved.append

    WORK[what](bars, tmp_path / "out")
    ((name, steps),) = told
    assert name == what
    assert sum(moved) == steps > 0


@pytest.mark.parametrize("what", WORK)
def test_without_a_terminal_nothing_is_printed(
    what: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    WORK[what](True, tmp_path / "out")
    assert capfd.readouterr() == ("", "")


def test_a_terminal_shows_a_bar_while_the_work_lasts() -> None:
    out = io.StringIO()
    with on_console(SafeConsole(file=out, force_terminal=True, width=80))("packing", 2, 1) as step:
        step(1)
    assert "packing" in out.getvalue()
    assert "2/2" in out.getvalue()


@pytest.mark.parametrize("shown", ["bar", "doing"])
def test_without_a_terminal_long_work_says_a_line_each_minute(
    shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signlet.text.bars.EVERY", 0.001)
    said = Queue[str]()
    console = SafeConsole(file=io.StringIO(), width=80)
    monkeypatch.setattr(console, "print", lambda text, **_: said.put(text))
    if shown == "doing":
        with doing(console, "writing"):
            assert said.get(timeout=PATIENCE) == said.get(timeout=PATIENCE) == "writing"
    else:
        with on_console(console)("packing", 2, 1) as step:
            assert said.get(timeout=PATIENCE) == "packing: 1 of 2"
            step(1)
            assert "packing: 2 of 2" in iter(lambda: said.get(timeout=PATIENCE), "")


def test_false_is_no_bar() -> None:
    with bars_for(False)("packing", 2) as step:
        step(1)
