"""Signals end a command, all that it started, and say one line; SIGKILL leaves no child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from benchmarks.robustness.signals import in_session
from signlet.cli import COMMANDS, main
from signlet.cli.resume_hints import KEPT
from signlet.running import signals
from signlet.running.children import descendants, end_children
from signlet_testing import PATIENCE
from signlet_testing.clips import moving_hand

pytestmark = pytest.mark.skipif(os.name != "posix", reason="other systems have no signals")
SAID = {
    signal.SIGINT: 130,
    signal.SIGTERM: 143,
    signal.SIGHUP: 129,
}
WITHIN = """
import ctypes, os, sys, time
import signlet.cli.models
from signlet.cli import main
def work(arguments):
    print("at work", flush=True)
    {work}
signlet.cli.models.run = work
sys.argv = ["signlet", "models"]
sys.exit(main())
"""


HANGS = (
    "[lock(mutex) for lock in [ctypes.CDLL(None).pthread_mutex_lock]"
    " for mutex in [ctypes.create_string_buffer(64)] for _ in range(2)]"
)
"""Waits for ever in a library, whatever signal comes."""


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Where a test fails, what it started ends as well."""
    yield
    while STARTED:
        process = STARTED.pop()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def started(*command: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, start_new_session=True, bufsize=1
    )
    STARTED.append(process)
    return process


def within(work: str) -> subprocess.Popen[str]:
    """A command whose work is this line; it has begun when this returns."""
    process = started(sys.executable, "-c", WITHIN.format(work=work))
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    return process


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many clips as two shards hold, so that workers share them."""
    folder = tmp_path_factory.mktemp("many") / "circle"
    folder.mkdir()
    np.savez(folder / "anna_0.npz", landmarks=moving_hand(0, 0, 0))
    for take in range(1, 1200):
        os.link(folder / "anna_0.npz", folder / f"anna_{take}.npz")
    return folder.parent


@pytest.fixture
def packing(many: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A pack in the middle of its work: its two workers run."""
    command = [sys.executable, "-m", "signlet", "pack", str(many), "-o", str(tmp_path / "out")]
    process = started(*command, "--jobs", "2")
    until(lambda: len(in_session(process.pid)) >= 5 or process.poll() is not None)
    assert process.poll() is None
    yield process
    process.kill()


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux tells")


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_workers_end_with_their_command_which_says_one_line(
    packing: subprocess.Popen[str], number: signal.Signals
) -> None:
    packing.send_signal(number)
    _, said = packing.communicate(timeout=PATIENCE)
    assert said == f"signlet: stopped; {KEPT['pack']}\n"
    assert packing.returncode == SAID[number]
    until(lambda: not in_session(packing.pid))


@needs_proc
def test_ctrl_c_reaches_the_workers_too_and_they_say_nothing(
    packing: subprocess.Popen[str],
) -> None:
    os.killpg(packing.pid, signal.SIGINT)  # as a terminal does
    _, said = packing.communicate(timeout=PATIENCE)
    assert said == f"signlet: stopped; {KEPT['pack']}\n"
    assert packing.returncode == 130
    until(lambda: not in_session(packing.pid))


@needs_proc
def test_workers_end_where_their_command_is_killed(packing: subprocess.Popen[str]) -> None:
    packing.kill()
    packing.wait(PATIENCE)
    until(lambda: not in_session(packing.pid))


@pytest.mark.parametrize("number", SAID)
def test_the_imports_of_a_command_end_in_one_line(number: signal.Signals) -> None:
    code = """
        import builtins, sys, time, signlet.cli
        def slow(name, *rest):
            print("importing", flush=True)
            time.sleep(1000)
        signlet.cli.importlib.import_module = slow
        sys.argv = ["signlet", "train"]
        sys.exit(signlet.cli.main())
    """
    process = started(sys.executable, "-c", textwrap.dedent(code))
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (SAID[number], f"signlet: stopped; {KEPT['train']}\n")


def test_little_is_loaded_before_a_signal_is_answered() -> None:
    code = "import sys, signlet.cli; print('numpy' in sys.modules or 'rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("presses", [1, 2])
def test_a_library_that_hangs_is_left(presses: int) -> None:
    """Its call never returns to Python, so no exception can be raised there."""
    process = within(HANGS)
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(2 * signals._TWICE)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (130, f"signlet: stopped; {KEPT['models']}\n")


@pytest.mark.parametrize("quiet", ["silent", "only_errors"])
def test_the_last_word_is_heard_although_a_library_is_silenced(quiet: str) -> None:
    silenced = f"from signlet.running.silence import {quiet}\nwith {quiet}():"
    hangs = f"{silenced} print(1, flush=True), {HANGS}"
    process = within(f"exec({hangs!r})")
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (130, f"signlet: stopped; {KEPT['models']}\n")


@pytest.mark.parametrize(
    "work",
    [
        "time.sleep(1000)",
        "exec('try:\\n time.sleep(1000)\\nexcept BaseException: raise ValueError(1)')",
        "exec('try:\\n time.sleep(1000)\\nfinally: 1 / 0')",
        "exec('while True:\\n try: time.sleep(1000)\\n except BaseException: pass')",
        "__import__('threading').Thread(target=time.sleep, args=(1000,)).start(); time.sleep(1000)",
    ],
    ids=["plain", "another error", "an error on the way", "swallowed", "a thread that stays"],
)
def test_whatever_the_work_makes_of_it(work: str) -> None:
    process = within(work)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (143, f"signlet: stopped; {KEPT['models']}\n")


def test_ignored_signals_stay_ignored() -> None:
    """As under nohup."""
    code = WITHIN.format(work="os.kill(os.getpid(), 1); print('still here')")
    code = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "at work\nstill here\n")


def test_one_press_that_comes_twice_is_one() -> None:
    found = signals.Ending(own_process=False)
    before = signal.signal(signal.SIGINT, found.handle)
    try:
        since = found._count(signal.SIGINT, 0.0)
        assert found._count(signal.SIGINT, since) == since  # a second one would end us
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_program_that_calls_main_keeps_its_own_handlers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = [signal.getsignal(number) for number in SAID]
    inside: list[object] = []

    def run(arguments: list[str]) -> None:
        inside.extend(signal.getsignal(number) for number in SAID)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("signlet.cli.models.run", run)
    assert main(["models"]) == 143
    assert not set(inside) & set(before)
    assert [signal.getsignal(number) for number in SAID] == before
    assert signals.current() is None


def test_every_command_says_what_is_kept() -> None:
    assert set(KEPT) == set(COMMANDS)


def test_a_deferred_signal_interrupts_nothing() -> None:
    with signals.watched(own_process=False) as found:
        with found.deferred() as asked:
            assert not asked()
            signal.raise_signal(signal.SIGTERM)
            assert asked()
        assert found.code == 143
        found.number = 0
        with pytest.raises(signals.Ended):
            signal.raise_signal(signal.SIGTERM)


# --- children -----------------------------------------------------------------------------


@needs_proc
def test_children_of_children_end_too_even_those_that_will_not() -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True);"
    stubborn += "time.sleep(1000)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {stubborn!r}])"
    child = started(sys.executable, "-c", code)
    assert child.stdout is not None
    child.stdout.readline()
    assert len(descendants(child.pid)) == 1
    end_children(child.pid)
    until(lambda: not descendants(child.pid))
    assert not descendants(child.pid)
    child.wait(PATIENCE)


@needs_proc
def test_a_program_that_was_asked_for_ends_with_the_one_that_asked() -> None:
    code = "from signlet.running.children import run_minded; run_minded(['sleep', '1000'])"
    asking = started(sys.executable, "-c", code)
    until(lambda: len(in_session(asking.pid)) == 3 or asking.poll() is not None)
    assert len(in_session(asking.pid)) == 3
    asking.kill()
    asking.wait(PATIENCE)
    until(lambda: not in_session(asking.pid))
