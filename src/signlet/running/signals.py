"""Signals: Ctrl-C, SIGTERM or SIGHUP in, a soon and clean end of the command with one line out.

The first one is raised in the main thread as `Ended`, so that files are closed and half of
them removed. A thread watches that this comes about: a call into a library that hangs never
lets the main thread see a signal.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from signlet.errors import Interrupted
from signlet.running import silence
from signlet.running.children import end_children

SIGNALS = tuple(getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n))
PATIENCE = 2.5
"""Seconds after a signal until children are ended, and the command with them."""
_SAVING = 30.0
"""Seconds that a training has to finish its step and to save its state."""
_GLANCE = 0.2
"""Seconds between two looks at whether a command that shall end has ended."""
_TWICE = 0.2
"""Seconds; programs that start others pass Ctrl-C on, so that one press comes as two signals."""
Said = Callable[[], str]


class Ended(KeyboardInterrupt):
    """A signal asks this command to end."""


class Ending:
    """The signals of one command. number: of the first that came; 0 for none."""

    def __init__(self, own_process: bool) -> None:
        self.number = 0
        self.importing = own_process
        """True while nothing has been begun, so that the process can end on the spot."""
        self.saved: Said = lambda: ""
        self.told = False
        """True once the last line has been printed."""
        self._deferred, self._heard = False, 0

    @property
    def code(self) -> int:
        """Exit code of a command that was ended: 128 and the signal's number."""
        return 128 + (self.number or signal.SIGINT)

    def line(self) -> str:
        """Return the line to print at the end."""
        return f"stopped; {self.saved()}".rstrip("; ")

    @contextmanager
    def deferred(self) -> Iterator[Callable[[], bool]]:
        """Signals interrupt nothing in here; gives what tells whether one came."""
        self._deferred = True
        try:
            yield lambda: bool(self.number)
        finally:
            self._deferred = False

    @contextmanager
    def cutting_short(self) -> Iterator[None]:
        """Turn errors in here after a signal into `Ended`, since the signal caused them."""
        try:
            yield
        except Interrupted:  # says what it saved
            raise
        except Exception:
            if not self.number:
                raise
            raise Ended from None

    # --- in the main thread -------------------------------------------------------------------

    def handle(self, number: int, _frame: object) -> None:
        """The handler of all the signals."""
        if self.number:
            return  # the other thread counts them
        self.number = number
        sys.unraisablehook = lambda _: None  # what is cut short complains to nobody
        threading.excepthook = lambda _: None
        if self.importing:
            self._end_now(number)
        if not self._deferred:
            raise Ended

    # --- in a thread of its own ---------------------------------------------------------------

    def watch(self, wakes: socket.socket) -> None:
        """Hear of signals as they arrive, until the other end is closed; see that they count."""
        since = 0.0
        with wakes:
            while True:
                wakes.settimeout(_GLANCE if since else None)
                try:
                    arrived = wakes.recv(64)
                except TimeoutError:
                    self._look(time.monotonic() - since)
                    continue
                if not arrived:
                    return
                for number in arrived:
                    since = self._count(number, since)

    def _count(self, number: int, since: float) -> float:
        """Return the time of the first signal, 0.0 for none; the second Ctrl-C ends the process."""
        if signal.getsignal(number) != self.handle:
            return since  # a server ends in its own way
        now = time.monotonic()
        if since and number == signal.SIGINT and now > since + _TWICE:
            self._end_now(self._heard)
        self._heard = self._heard or number
        return since or now

    def _look(self, late: float) -> None:
        """late: seconds since the first signal."""
        if late >= (_SAVING if self._deferred else PATIENCE):
            self._end_now(self._heard)
        if late >= PATIENCE or not self._deferred:
            end_children()

    def _end_now(self, number: int) -> None:
        """End the process from any thread, without leaving child processes."""
        self.number = self.number or number
        shown = ""
        with suppress(Exception):
            shown = self.line()
        terminal = silence.terminal()
        cursor = "\x1b[?25h" if os.isatty(terminal) else ""  # a progress bar hides it
        if not self.told:
            with suppress(OSError):
                os.write(terminal, f"{cursor}signlet: {shown or 'stopped'}\n".encode())
        with suppress(Exception):
            end_children()
        os._exit(128 + number)


_current: Ending | None = None


def current() -> Ending | None:
    """Return the `Ending` of the running command; None in a program that handles signals itself."""
    return _current


@contextmanager
def watched(own_process: bool) -> Iterator[Ending]:
    """Handle the signals of a command. Ignored ones stay ignored, as under nohup.

    own_process: whether the process is there for this command alone.
    """
    global _current
    ending = Ending(own_process)
    if threading.current_thread() is not threading.main_thread():
        yield ending
        return
    before = {n: signal.getsignal(n) for n in SIGNALS}
    mine = [n for n, how in before.items() if how not in (signal.SIG_IGN, None)]
    for number in mine:
        signal.signal(number, ending.handle)
    outer, _current = _current, ending
    hears, told = socket.socketpair()
    told.setblocking(False)
    hooks = sys.unraisablehook, threading.excepthook
    woken = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=ending.watch, args=(hears,), daemon=True, name="signals").start()
    try:
        yield ending
    finally:
        _unwatch(ending, {n: before[n] for n in mine}, woken)
        told.close()
        if ending.number and own_process:
            warnings.simplefilter("ignore")  # joblib's, of tasks that are thrown away at the end
        else:
            sys.unraisablehook, threading.excepthook = hooks
        _current = outer


def _unwatch(ending: Ending, before: dict[int, object], woken: int) -> None:
    with suppress(ValueError, OSError):
        signal.set_wakeup_fd(woken)
    for number, how in before.items():
        if signal.getsignal(number) == ending.handle:
            signal.signal(number, how)  # type: ignore[arg-type]
