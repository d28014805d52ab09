"""A process that reads fuzzed inputs, seen from outside: asked, watched, and ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT
from benchmarks.robustness.fuzz_child import Tried

COMPUTING, WAITING, STARTING = 10.0, 60.0, 600.0
"""Seconds that an input may compute or wait for something, and that a child may take to start."""
_PAUSE = 0.2


class Child:
    """A process that reads inputs of one kind; see fuzz_child.py.

    command: what it is, but for its last argument, the file for what a crash was at work on.
    """

    def __init__(self, command: list[str]) -> None:
        handle, log = tempfile.mkstemp(suffix=".log")
        os.close(handle)
        self.log = Path(log)
        quiet = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [*command, log],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | quiet | {"MALLOC_ARENA_MAX": "2"},
            start_new_session=True,
        )
        self._rest = b""
        line = self._line(time.monotonic() + STARTING, STARTING)
        if not line:
            said = self.said()
            self.end()
            raise RuntimeError(f"a child does not start: {' '.join(command)}\n{said}")
        self.own_mb = int(line)

    def ask(self, seed: int) -> tuple[Tried, int]:
        """Return the result of an input, and the memory in MB; after a crash the child is gone."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{seed}\n".encode())
            self._process.stdin.flush()
        line = self._line(time.monotonic() + WAITING, COMPUTING)
        if line is None:
            return Tried("hang", self.said()), 0
        if not line:
            code = self._process.wait()
            return Tried("crash", f"ended with {code}\n{self.said()}"), 0
        found: dict[str, Any] = json.loads(line)
        return Tried(found["outcome"], found["why"]), found["peak_mb"] - self.own_mb

    def said(self) -> str:
        """Return the end of the child's log."""
        return self.log.read_text(errors="replace")[-4_000:]

    def end(self) -> None:
        """Kill it and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait()
        self.log.unlink(missing_ok=True)

    def _line(self, deadline: float, seconds: float) -> bytes | None:
        """The next line; b"" where the process has ended, None where it takes too long."""
        assert self._process.stdout
        pipe, spent = self._process.stdout.fileno(), self._computed()
        while b"\n" not in self._rest:
            if select.select([pipe], [], [], _PAUSE)[0]:
                content = os.read(pipe, 1 << 16)
                if not content:
                    return b""
                self._rest += content
            elif time.monotonic() > deadline or self._computed() - spent > seconds:
                return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _computed(self) -> float:
        """Seconds of the processor that it has used."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
