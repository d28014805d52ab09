"""The entry point of the command `signlet`, `python -m signlet` and torchrun."""

import os
import signal
import sys
from types import FrameType


def main() -> int:
    """Run a command. Ctrl-C ends it with one line also while its code is being loaded."""
    # A thread that waits for the others soon sleeps. By default it keeps its core busy for long: on
    # a machine that does other work too, a training of two threads then takes up to twice as long.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # ignored ones stay so
        signal.signal(signal.SIGINT, _stopped)
    from signlet.cli import main as run  # which loads so much that it would be too late

    return run()


def _stopped(number: int, _frame: FrameType | None) -> None:
    os.write(2, b"signlet: stopped\n")
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
