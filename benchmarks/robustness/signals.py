"""Does every command that gets a signal end soon, say one line, and leave nothing behind?

Cost: about ten minutes on two quiet cores.
Page: docs/running.md
Results: signals.csv

    python -m benchmarks.robustness.signals [--videos DIR] [--work DIR] [--only pack train]

Each command is started in a session of its own on made clips and made-up work that lasts, and
gets a signal: at its start, while it imports, and in the middle of its work. Then it is
measured how long the process itself lives on, and how long any other process of its session
does (workers, programs that it started). The table holds the exit code, both times, what the
command printed on stderr after the signal, and what lies around afterwards: temporary folders
beside the output and in the system's own place for them. SIGKILL prints nothing, of course; its
left-overs are removed by the next run of the same command, which the last column counts.

DIR holds short videos of signing, .mp4; by default those of ../shared/data/videos.
The made clips and the run are kept in --work for the next time, if it is given.
A row of `signals.csv` for each command, moment and signal; about ten minutes on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.environment import SHARED, write_csv

VIDEOS = SHARED / "data" / "videos"
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL")
START = 0.25
"""Seconds from the start until a signal while a command imports."""
LONGEST = 60.0
"""Seconds that a command has to come to its work, or to end after a signal."""
SIZE = [
    *("--student.dense", "8", "--student.widths", "[16,16,16,16]", "--student.heads", "4"),
    *("--distilled.dense", "8", "--distilled.widths", "[16,16,16,16]", "--distilled.heads", "4"),
]
LONG = ["--optimiser.epochs", "2000", "--save_every", "5", *SIZE, "--device", "cpu"]


@dataclass(frozen=True)
class Case:
    """A command. out: where it writes. works: whether it is in the middle of its work."""

    name: str
    arguments: list[str]
    out: Path
    works: Callable[[int, Path, Path], bool]


def moving_hand(sign: int, signer: int, take: int) -> NDArray[np.float32]:
    """(T, 543, 3) of one made clip."""
    rng = np.random.default_rng([sign, signer, take])
    frames = np.repeat(rng.uniform(0.3, 0.7, (1, 543, 3)), 12, 0)
    frames[:, 522:] += np.linspace(0, 0.2, 12)[:, None, None]
    frames[:, 468:489] = np.nan
    return frames.astype(np.float32)


def write_clips(folder: Path, takes: int) -> Path:
    """3 signs by 4 signers, so many clips of each."""
    for number, sign in enumerate(("circle", "line", "wave")):
        (folder / sign).mkdir(parents=True)
        for place, signer in enumerate(("anna", "ben", "carl", "dora")):
            for take in range(takes):
                path = folder / sign / f"{signer}_{take}.npz"
                np.savez(path, landmarks=moving_hand(number, place, take))
    return folder


def cases(here: Path, run: Path, videos: Path) -> Iterator[Case]:
    """All commands but serve, whose signals its own tests send."""
    few, many, out = str(here / "few"), str(here / "many"), here / "out"

    def found(pattern: str) -> Callable[[int, Path, Path], bool]:
        return lambda session, place, said: any(out.glob(pattern))

    def says(text: str) -> Callable[[int, Path, Path], bool]:
        return lambda session, place, said: text in said.read_text("utf-8", "replace")

    def workers(session: int, place: Path, said: Path) -> bool:
        return len(others(session)) > 2

    def seconds(session: int, place: Path, said: Path) -> bool:
        time.sleep(3)
        return True

    o = ["-o", str(out / "it")]
    at_run = ["--run", str(out / "it")]
    yield Case("pack", [many, *o, "--jobs", "2"], out, workers)
    yield Case("extract", [str(videos), *o, "--jobs", "2"], out, workers)
    yield Case("train", ["--data", few, *at_run, *LONG], out, found("it/fold-0/checkpoint.pt"))
    yield Case("demo", [*at_run, *LONG], out, found("it/fold-0/checkpoint.pt"))
    study = ["--study", str(out / "it.db"), "--data", few]
    yield Case("tune", [*study, *LONG], out, found("it/work/*/checkpoint.pt"))
    yield Case("calibrate", [str(run), "--leave-out", "3"], run, says("Training 1"))
    yield Case("export", [str(run), *o], out, says("writing"))
    yield Case("convert", [many, str(out / "it"), "--flip-y"], out, found("it/*/*.npz"))
    taught = ["fingerspelling", many, "-o", str(out / "it.onnx")]
    yield Case("teach", taught, out, seconds)
    yield Case("inspect", [many], out, workers)
    yield Case("evaluate", [str(run), "--data", many], out, workers)
    yield Case("page", ["build", *o], out, says("copying"))
    clips = sorted(map(str, (here / "many").glob("*/*.npz")))
    yield Case("recognise", clips, out, seconds)
    live = [str(here / "stream.npz"), "--headless", "--save", str(out / "it.mp4")]
    yield Case("live", live, out, seconds)


def in_session(session: int) -> list[int]:
    """Processes of a session that run."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            text = Path("/proc", name, "stat").read_text("utf-8", "replace")
        except OSError:
            continue
        state, _, _, of = text.rpartition(")")[2].split()[:4]
        if int(of) == session and state not in "ZX":
            found.append(int(name))
    return found


def others(session: int) -> list[int]:
    """Processes of a session that run, its first one left out."""
    return [number for number in in_session(session) if number != session]


def temporaries(out: Path) -> set[str]:
    """Hidden files and folders below the output, and signlet's in the system's place."""
    hidden = {str(path) for path in out.rglob(".*") if path.name != ".lock"}
    return hidden | {str(path) for path in Path(os.environ["TMPDIR"]).glob("signlet-*")}


def begin(case: Case, here: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a command in a session of its own; the file that holds what it prints."""
    said = here / "said.txt"
    case.out.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "signlet", case.name, *case.arguments]
    with said.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True), said


def wait_for(true: Callable[[], bool], seconds: float = LONGEST) -> float:
    """Seconds until something is so; those given where it never is."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if true():
            return time.monotonic() - started
        time.sleep(0.02)
    return seconds


def measure(case: Case, moment: str, name: str, here: Path) -> dict[str, Any]:
    """One row."""
    before = temporaries(case.out)
    process, said = begin(case, here)
    if moment == "start":
        time.sleep(START)
    else:
        wait_for(lambda: process.poll() is not None or case.works(process.pid, case.out, said))
    size, ended = said.stat().st_size, process.poll() is not None
    process.send_signal(getattr(signal, name))
    own = wait_for(lambda: process.poll() is not None)
    children = own + wait_for(lambda: not others(process.pid))
    lines = said.read_bytes()[size:].decode("utf-8", "replace").splitlines()
    told = [line for line in lines if line.startswith("signlet: ")]
    left = temporaries(case.out) - before
    return {
        "command": case.name,
        "moment": moment,
        "signal": name,
        "ended_before": ended,
        "exit_code": process.returncode,
        "seconds_until_it_ended": round(own, 2),
        "seconds_until_all_ended": round(children, 2),
        "line": " | ".join(told).replace(str(here), "HERE"),
        "traceback": any("Traceback" in line for line in lines),
        "left_over": len(left),
        "left_after_next_run": next_run(case, left, here) if left else 0,
    }


def next_run(case: Case, left: set[str], here: Path) -> int:
    """Count the left-overs that remain once the same command works again."""
    process, said = begin(case, here)
    wait_for(lambda: process.poll() is not None or case.works(process.pid, case.out, said))
    wait_for(lambda: not left & temporaries(case.out), LONGEST / 3)
    process.send_signal(signal.SIGTERM)
    wait_for(lambda: process.poll() is not None)
    return len(left & temporaries(case.out))


def prepare(here: Path) -> Path:
    """Clips, landmarks as a stream, and a trained run, where they are not there yet."""
    if (here / "run" / "report.html").exists():
        return here / "run"
    write_clips(here / "few", 2)
    write_clips(here / "many", 300)
    stream = np.concatenate([moving_hand(0, 0, take) for take in range(800)])
    np.savez(here / "stream.npz", landmarks=stream, fps=25.0)
    run = here / "run"
    size = ["--optimiser.epochs", "20", "--soup_epochs", "1", "--fits", "1", *SIZE]
    command = ["train", "--data", str(here / "few"), "--run", str(run), *size, "--device", "cpu"]
    subprocess.run([sys.executable, "-m", "signlet", *command], check=True, capture_output=True)
    return run


def rows(only: Sequence[str], videos: Path, here: Path) -> Iterator[dict[str, Any]]:
    """All that is measured, printed as it comes."""
    run = prepare(here)
    os.environ |= {"SIGNLET_CACHE": str(here / "cache"), "TMPDIR": str(here / "temporary")}
    (here / "temporary").mkdir(exist_ok=True)
    for case in cases(here, run, videos):
        moments = [("work", name) for name in SIGNALS] + [("start", n) for n in SIGNALS[:1]]
        for moment, name in moments if not only or case.name in only else ():
            shutil.rmtree(here / "out", ignore_errors=True)
            shutil.rmtree(here / "cache", ignore_errors=True)
            row = measure(case, moment, name, here)
            print(*row.values(), sep="  ", flush=True)
            yield row


def main() -> None:
    """Measure, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=Path, default=VIDEOS)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(prefix="signlet-signals-") as here:
        for row in rows(given.only, given.videos, given.work or Path(here)):
            found.append(row)
            if not given.only:
                write_csv("signals", found)  # each row at once: it takes long


if __name__ == "__main__":
    main()
