"""Ctrl-C before anything is loaded, and a standard output that cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EARLY = """
import os, signal, sys
class Loading:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Loading())
signal.signal(signal.SIGINT, signal.{how})
from signlet.__main__ import main
sys.argv = ["signlet", "--version"]
sys.exit(main())
"""


WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
WAITS = "from signlet.__main__ import main; import sys; sys.argv[1:] = ['--version']; main()"


def python(*arguments: str, out: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], stdout=out, stderr=subprocess.PIPE, text=True, check=False
    )


@pytest.mark.parametrize(
    "name",
    ["signlet.cli", "signlet.cli.resume_hints", "signlet.modelfile", "signlet.text.terminal"],
)
def test_ctrl_c_while_the_command_is_loaded(name: str) -> None:
    ended = python("-c", EARLY.format(name=name, how="default_int_handler"))
    assert (ended.returncode, ended.stderr) == (130, "signlet: stopped\n")


def test_an_ignored_ctrl_c_stays_ignored() -> None:
    ended = python("-c", EARLY.format(name="signlet.cli", how="SIG_IGN"))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_command_starts_where_ctrl_c_is_minded() -> None:
    about = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    assert about["project"]["scripts"]["signlet"] == "signlet.__main__:main"


@pytest.mark.skipif(sys.platform != "linux", reason="only libgomp prints how its threads wait")
@pytest.mark.parametrize(("given", "used"), [({}, "10000"), ({"GOMP_SPINCOUNT": "77"}, "77")])
def test_threads_that_wait_soon_sleep_unless_somebody_says_otherwise(
    given: dict[str, str], used: str
) -> None:
    env = {name: text for name, text in os.environ.items() if name not in WAITING}
    env |= given | {"OMP_DISPLAY_ENV": "VERBOSE"}
    code = f"{WAITS}; import torch"
    ended = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    said = [line for line in ended.stderr.splitlines() if "GOMP_SPINCOUNT" in line]
    assert said
    assert all(used in line for line in said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "--version",
        "train --help",
        "serve --help",
        "recognise --help",
        "recognise fingerspelling:gsg/R",
        "recognise fingerspelling:gsg/R --json",
    ],
)
def test_a_full_standard_output_is_named(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = python("-m", "signlet", *command.split(), out=full.fileno())
    assert ended.returncode == 2
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("signlet: standard output: cannot be written (No space left on device)")
    assert "Traceback" not in ended.stderr
    assert "ignored" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_standard_error_costs_no_result() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "signlet", "recognise", "fingerspelling:gsg/R"],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=False,
        )
    assert ended.returncode == 0
    assert "R" in ended.stdout
