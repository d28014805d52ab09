"""Child processes: none outlives the command that started it, whatever ends that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_GLANCE = 0.2
"""Seconds between two looks at whether the parent still lives."""
_PATIENCE = 0.5
"""Seconds that a child has to end by itself when it is asked to."""
FROM_TERMINAL = tuple(getattr(signal, n) for n in ("SIGINT", "SIGHUP") if hasattr(signal, n))
"""Signals that a terminal sends to the children, too."""
_TRACKERS = ("joblib.externals.loky.backend.resource_tracker", "multiprocessing.resource_tracker")
"""Their processes clean up after all the others and then end by themselves."""


def descendants(root: int | None = None) -> list[int]:
    """Children of a process (of this one), their children and so on, the nearest first.

    Empty where the system does not tell. Processes that have ended count no more.
    """
    below: dict[int, list[int]] = {}
    for child, parent in _parents().items():
        below.setdefault(parent, []).append(child)
    found, next_ones = [], below.get(os.getpid() if root is None else root, [])
    while next_ones:
        found += next_ones
        next_ones = [child for parent in next_ones for child in below.get(parent, [])]
    return found


def _parents() -> dict[int, int]:
    """The parent of every running process that this one may see."""
    proc = Path("/proc")
    if not (proc / "self" / "stat").exists():
        return _parents_by_ps()
    found = {}
    for name in filter(str.isdigit, os.listdir(proc)):
        with suppress(OSError, ValueError, IndexError):  # it has just ended
            # The name of the program stands in brackets and may hold anything.
            state, parent = (
                (proc / name / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            )
            if state not in "ZX":
                found[int(name)] = int(parent)
    return found


def _parents_by_ps() -> dict[int, int]:
    if os.name != "posix":
        return {}
    try:
        command = ["ps", "-A", "-o", "pid=,ppid=,stat="]
        done = subprocess.run(command, capture_output=True, text=True, timeout=2, check=False)
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = [line.split() for line in done.stdout.splitlines()]
    return {int(row[0]): int(row[1]) for row in rows if len(row) == 3 and row[2][0] != "Z"}


def end_children(root: int | None = None) -> None:
    """End all descendants of a process (of this one): asked first, then by force."""
    spared = _trackers()
    going = [pid for pid in descendants(root) if pid not in spared]
    _send(going, signal.SIGTERM)
    until = time.monotonic() + _PATIENCE
    while going and time.monotonic() < until:
        time.sleep(0.02)
        alive = _parents()
        going = [pid for pid in going if pid in alive]
    if os.name == "posix":
        _send(going, signal.SIGKILL)


def _send(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(OSError):  # gone already
            os.kill(pid, number)


def _trackers() -> set[int]:
    modules = filter(None, (sys.modules.get(name) for name in _TRACKERS))
    known = (getattr(module, "_resource_tracker", None) for module in modules)
    return {pid for one in known if (pid := getattr(one, "_pid", None))}


# --- in a child ---------------------------------------------------------------------------


def begin_child(parent: int) -> None:
    """For a process that is ended by its parent: it ends with it, too, even by SIGKILL.

    Ctrl-C on a terminal reaches the children as well; only the parent answers to it.
    """
    for number in FROM_TERMINAL:
        signal.signal(number, signal.SIG_IGN)
    if os.name == "posix":  # elsewhere the parent's number stays when it is gone
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_GLANCE)
    os._exit(1)


# --- other programs -----------------------------------------------------------------------


def run_minded(
    command: Sequence[str], *, cwd: Path | None = None, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """`subprocess.run` of another program that ends when this process ends, in whatever way.

    timeout: seconds. Raises OSError if it cannot be started, subprocess.TimeoutExpired.
    """
    minder = [sys.executable, "-m", "signlet.running.supervisor", str(os.getpid())]
    process = subprocess.Popen(
        [*minder, *command] if os.name == "posix" else command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    try:
        said, wrong = process.communicate(timeout=timeout)
    except BaseException:
        end_children(process.pid)
        process.kill()
        process.wait()
        raise
    return subprocess.CompletedProcess(command, process.returncode, said, wrong)
