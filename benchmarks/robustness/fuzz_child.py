"""The process that reads fuzzed inputs of one kind.

    python -m benchmarks.robustness.fuzz_child KIND BASE CRASHES

A line with a seed comes in, a line of JSON goes out: the outcome, why, and the most memory that
the process has had. What a library prints is thrown away; what a crash or a hang was at work on
is written to the file of the third argument.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import resource
import sys
import tempfile
import traceback
import warnings
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock

from benchmarks.robustness.fuzz_kinds import CLIPS, Kind
from benchmarks.robustness.fuzz_models import MODELS
from benchmarks.robustness.fuzz_runs import RUNS
from benchmarks.robustness.fuzz_sets import SETS
from benchmarks.robustness.fuzz_talk import TALK
from signlet.errors import SignletError
from signlet.serve.child import limit_memory
from signlet.serve.rejection import Rejection

KINDS: dict[str, type[Kind]] = CLIPS | SETS | RUNS | MODELS | TALK
MEMORY = 2 << 30
"""Bytes that an input may cost."""
_LONGEST = 2_000
"""Characters of an error in one line."""


@dataclass(frozen=True)
class Tried:
    """The result of an input: "sane", "clean", "traceback" or "wrong", and why."""

    outcome: str
    why: str = ""


def folder_of(base: Path, name: str) -> Path:
    """Return the folder of a kind's whole inputs under `base`."""
    return base / name.replace(" ", "-").replace(".", "")


def opened(name: str, base: Path) -> Kind:
    """A kind with its whole inputs, which are made where they are missing."""
    folder = folder_of(base, name)
    base.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            unfinished = Path(tempfile.mkdtemp(dir=base))
            KINDS[name].prepare(unfinished)
            unfinished.rename(folder)
    return KINDS[name](folder)


def tried(kind: Kind, name: str, seed: int, folder: Path) -> Tried:
    """Make the input of a seed in an empty folder, and read it."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), seed])
    before = os.getcwd()
    try:
        given = kind.damaged(folder, rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            why = kind.read(given)
    except (SignletError, Rejection) as error:
        said = str(error)
        right = 0 < len(said) <= _LONGEST and len(said.splitlines()) == 1
        return Tried("clean", said) if right else Tried("wrong", f"no single line: {said[:500]!r}")
    except (Exception, SystemExit):
        return Tried("traceback", traceback.format_exc()[-6_000:])
    finally:
        os.chdir(before)
    return Tried("wrong", why) if why else Tried("sane")


def serve(name: str, base: Path, log: Path) -> None:
    """Answer seeds until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    crashes = log.open("w")
    faulthandler.enable(crashes)
    kind = opened(name, base)
    for seed in (0, 1, 2):  # libraries are loaded before memory is limited and measured
        with tempfile.TemporaryDirectory() as folder, contextlib.suppress(Exception):
            tried(kind, name, seed, Path(folder))
    limit_memory(MEMORY)
    gc.freeze()
    print(_peak(), file=answers, flush=True)
    for line in sys.stdin:
        faulthandler.dump_traceback_later(9, file=crashes)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            found = tried(kind, name, int(line), Path(folder))
        faulthandler.cancel_dump_traceback_later()
        gc.collect()  # what is left in cycles, such as a decoder's threads, counts as memory
        print(json.dumps(asdict(found) | {"peak_mb": _peak()}), file=answers, flush=True)


def _peak() -> int:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
