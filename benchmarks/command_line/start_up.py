"""What does a help or a named clip cost, and is a command ever silent for long?

Cost: about three minutes on one core.
Page: docs/running.md
Results: start_up.csv
Short: --repetitions 1 --few

    python -m benchmarks.command_line.start_up [--repetitions 5] [--few]

Three kinds of rows, each the median of the repetitions:

- a help: the processor time (user and system) of `signlet COMMAND --help`
- a named clip: the processor time of `signlet recognise`
- work on small real data, on a terminal of its own: the seconds until the first output, and the
  longest time without any, the end of the program included. Both are waiting time, which grows
  where others use the machine. So the goal is on `processor_in_silence_s`, the most processor
  time that the command takes between two outputs.

`goal_s` is the bound that we set ourselves. The data are letters of the fingerspelling lexicon; the
run is a tiny model, trained for one epoch. `--few` leaves out most rows. Linux and macOS only.
"""

from __future__ import annotations

import argparse
import os
import pty
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import psutil

from benchmarks.environment import write_csv
from benchmarks.teaching.teach_speed import write_clips
from signlet.cli import COMMANDS
from signlet_testing.recipes import SMALL

HELP, NAMED, SILENT = 0.5, 2.5, 2.0
"""Goals in seconds: processor time of a help and of a named clip; the longest silence."""
CLIPS = 60
CLIP = "fingerspelling:gsg/R"


@dataclass(frozen=True)
class Ran:
    """A command that has ended, in seconds.

    processor: time of it in all. first: waited for the first output. silence: the longest wait
    between outputs. worked: the most processor time between outputs.
    """

    processor: float
    first: float
    silence: float
    worked: float


def ran(arguments: Sequence[str], folder: Path) -> Ran:
    """Run signlet on a terminal of its own, which nobody looks at.

    Raises RuntimeError with its output where it fails.
    """
    start = time.monotonic()
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover
        os.chdir(folder)
        seen = {**os.environ, "TERM": "xterm-256color"}
        os.execve(sys.executable, [sys.executable, "-m", "signlet", *arguments], seen)
    said, times, taken, clock = bytearray(), [start], [0.0], psutil.Process(child)
    while part := _read(terminal):
        said += part
        times.append(time.monotonic())
        taken.append(sum(clock.cpu_times()[:2]))
    _, status, used = os.wait4(child, 0)
    os.close(terminal)
    times.append(time.monotonic())
    taken.append(used.ru_utime + used.ru_stime)
    if status:
        raise RuntimeError(f"signlet {' '.join(arguments)}: {said.decode(errors='replace')}")
    silence, worked = (max(b - a for a, b in pairwise(row)) for row in (times, taken))
    return Ran(taken[-1], times[1] - start, silence, worked)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so where the other end was closed
        return b""


def work() -> dict[str, Callable[[int], list[str]]]:
    """Commands on small data, by name: number of the repetition in, arguments out."""
    clips, run = "clips", "run0"
    return {
        "inspect": lambda _: ["inspect", clips],
        "train": lambda n: ["train", "--data", clips, "--run", f"run{n}", "--folds", "0", *SMALL],
        "export": lambda n: ["export", run, "--to", "onnx", "-o", f"export{n}", "--clips", clips],
        "evaluate": lambda _: ["evaluate", run, "--data", clips],
        "calibrate": lambda _: ["calibrate", run],
        "teach": lambda n: ["teach", "fingerspelling", clips, "-o", f"mine{n}.onnx"],
        "ensemble": lambda n: ["ensemble", run, "run1", "-o", f"ensemble{n}"],
        "tune": lambda n: [
            *("tune", "--data", f"{run}/packed", "--study", f"tune{n}.db", "--trials", "2"),
            *SMALL,
        ],
    }


def helps() -> dict[str, list[str]]:
    """Arguments of every help, by name."""
    own = {f"{name} --help": [name, "--help"] for name in COMMANDS}
    return {"--help": ["--help"], **own, "train --help all": ["train", "--help", "all"]}


def row(name: str, goal: float, repetitions: Sequence[Ran], working: bool) -> dict[str, object]:
    """The medians of one command."""
    each = [(one.processor, one.first, one.silence, one.worked) for one in repetitions]
    processor, first, silence, worked = (
        round(median(seconds), 2) for seconds in zip(*each, strict=True)
    )
    return {
        "command": f"signlet {name}",
        "processor_s": processor,
        "first_output_s": first if working else "",
        "longest_silence_s": silence if working else "",
        "processor_in_silence_s": worked if working else "",
        "goal_s": goal,
        "reached": "yes" if (worked if working else processor) <= goal else "no",
        "repetitions": len(repetitions),
    }


def measure(folder: Path, repetitions: int, few: bool) -> list[dict[str, object]]:
    """All rows. The data and the first two runs are made on the way."""
    write_clips(folder / "clips", CLIPS)
    every, rows = range(repetitions), []
    for name, arguments in list(helps().items())[: 2 if few else None]:
        rows.append(row(name, HELP, [ran(arguments, folder) for _ in every], False))
        print(rows[-1])
    for name, make in list(work().items())[: 3 if few else None]:
        many = [
            ran(make(n), folder) for n in (range(max(2, repetitions)) if name == "train" else every)
        ]
        rows.append(row(name, SILENT, many, True))
        print(rows[-1])
    named = {
        "recognise RUN CLIP": "run0",
        "recognise model.onnx CLIP": "export0/model.onnx",
        "recognise fingerspelling CLIP": "fingerspelling",
    }
    for name, model in named.items():
        many = [ran(["recognise", model, CLIP], folder) for _ in every]
        rows.append(row(name, NAMED, many, False))
        print(rows[-1])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--few", action="store_true", help="a few rows, to try it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = measure(Path(scratch), arguments.repetitions, arguments.few)
    print("written to", write_csv("start_up", rows))


if __name__ == "__main__":
    main()
