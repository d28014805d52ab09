"""Runs another program and ends it when the process that asked for it is gone.

python -m signlet.running.supervisor PARENT PROGRAM [ARGUMENT ...]
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from signlet.running.children import _GLANCE, end_children


def main(parent: int, command: list[str]) -> int:
    """The program's exit code; 1 where the parent, by its number, has ended before it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    process = subprocess.Popen(command)
    try:
        while os.getppid() == parent:
            try:
                return process.wait(_GLANCE)
            except subprocess.TimeoutExpired:
                continue
        return 1
    except KeyboardInterrupt:
        return 1
    finally:
        if process.poll() is None:
            end_children()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
