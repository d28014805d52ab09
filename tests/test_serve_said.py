"""What `signlet serve` says: its log, its refusals of flags, its last line."""

from __future__ import annotations

import re
import shlex
import signal
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("httpx")

import httpx

from signlet import Clip, ClipWarning, SignletError
from signlet.cli.serve import run
from signlet.landmarks import LEFT_HAND, RIGHT_HAND
from signlet.serve.limits import Limits
from signlet_testing import PATIENCE
from signlet_testing.serving import BINARY, as_npy, clip
from test_serve_process import process

WARNING = f"""
import json, sys, warnings
import numpy as np
from signlet_testing import serving
from signlet import ClipWarning
class Loud(serving.Standin):
    def batch(self, clips):
        warnings.warn("left and right hand are swapped", ClipWarning, stacklevel=1)
        warnings.warn("a library\\nhas \\x1b[2J more to say", RuntimeWarning, stacklevel=1)
        np.array(1.0) / np.array([0.0] * len(clips))
        return super().batch(clips)
from signlet.serve.app import make_app
from signlet.serve.limits import Limits
from signlet.serve.server import run
app = make_app(Loud(), Limits(decoders=1))
run(app, "127.0.0.1", 0, 20, {True}, lambda address: print(address, flush=True))
"""


def sent(address: str, frames: Any) -> Any:
    headers = {"content-type": BINARY}
    return httpx.post(
        f"{address}/recognise", content=as_npy(frames), headers=headers, timeout=PATIENCE
    )


def exchanged() -> Any:
    frames = clip(9).copy()
    frames[:, [*range(LEFT_HAND.start, LEFT_HAND.stop)]] = clip(9)[
        :, [*range(RIGHT_HAND.start, RIGHT_HAND.stop)]
    ]
    return frames


def test_the_log_holds_plain_lines_with_their_time_and_nothing_of_clips() -> None:
    with process("-c", WARNING) as (server, address):
        for frames in (clip(9), exchanged(), np.nan_to_num(clip(5)) * 1e30):
            assert sent(address, frames).status_code == 200
        server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0
    asked = [line for line in out.splitlines() if "/recognise" in line]
    assert len(asked) == 3
    for line in asked:
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} INFO: .* 200", line), line
    assert "exchanged" not in out + err
    assert not re.search(r"\.py|Warning|warnings\.warn|\x1b", out + err)
    said = [line for line in err.splitlines() if line.startswith("signlet: ")]
    assert "signlet: divide by zero encountered in divide" in said
    assert [line for line in said if "a library has " in line and line.isprintable()]
    assert said[-1] == "signlet: stopped"


def test_the_library_still_warns() -> None:
    """Only a process of the service's own is silent."""
    with pytest.raises(SignletError, match="max_batch 0: give at least 1"):
        Limits(max_batch=0)
    zeros = clip(9).copy()
    zeros[0, LEFT_HAND] = 0
    with pytest.warns(ClipWarning, match="treated as not found"):
        Clip.from_array(zeros)


@pytest.mark.parametrize(
    ("number", "code", "ignored"),
    [("INT", 130, True), ("INT", 130, False), ("TERM", 0, True), ("TERM", 0, False)],
)
def test_it_ends_with_one_line_also_in_the_background_of_a_script(
    number: str, code: int, ignored: bool
) -> None:
    """A shell without job control has SIGINT ignored in what it starts with &."""
    command = ("-m", "signlet", "serve", "--port", "0", "--max_connections", "9")
    python = shlex.join([sys.executable, *command])
    script = f"trap '' INT; exec {python}" if ignored else f"exec {python}"
    launch = f"import os; os.execvp('sh', ['sh', '-c', {script!r}])"
    with process("-c", launch) as (server, address):
        assert httpx.get(f"{address}/health", timeout=PATIENCE).status_code == 200
        server.send_signal(getattr(signal, f"SIG{number}"))
        _, err = server.communicate(timeout=PATIENCE)
    assert server.returncode == code
    first, *_, last = err.splitlines()
    assert "no model was named, so signlet uses its starter model fingerspelling" in first
    assert last == "signlet: stopped"
    assert err.count("stopped") == 1


REFUSED = [
    ("--timeout 0", "--timeout 0: give more than 0, at most 3600 seconds"),
    ("--timeout -1", "--timeout -1: give more than 0, at most 3600 seconds"),
    ("--timeout nan", "--timeout nan: give more than 0, at most 3600 seconds"),
    ("--timeout inf", "--timeout inf: give more than 0, at most 3600 seconds"),
    ("--max_batch 0", "--max_batch 0: give at least 1"),
    ("--max-waiting -3", "--max_waiting -3: give at least 1"),
    ("--max_bytes 0", "--max_bytes 0: give at least 1"),
    ("--max_bytes 99999999999", "--max_bytes 99999999999: give at most 1073741824, because bod"),
    ("--max_frames 0", "--max_frames 0: give at least 1"),
    ("--max_frames 20001", "--max_frames 20001: give at most 20000, because no clip has more"),
    ("--max_connections 1", "--max_connections 1: give at least 2, so that one can be closed"),
    (
        "--max_held 1",
        "--max_held 1: give at least 16777216, so that one body of --max_bytes 16777216 fits",
    ),
    (
        "--max_held 9 --max_bytes 8 --max_frames 2",
        "--max_held 9: give at least 13032, so that one clip of --max_frames 2 fits",
    ),
    ("--threads -1", "--threads -1: give 1 to 1024, or 0 (the runtime chooses)"),
    ("--threads 99999999", "--threads 99999999: give 1 to 1024"),
    ("--port 65536", "--port 65536: give 0 (any free one) to 65535"),
    ("--host no.such.host.invalid", "--host no.such.host.invalid --port 8000: cannot be opened"),
]


@pytest.mark.parametrize(("flags", "said"), REFUSED, ids=[flags for flags, _ in REFUSED])
def test_a_flag_is_refused_by_its_name_with_what_it_may_be(flags: str, said: str) -> None:
    with pytest.raises(SignletError) as caught:
        run(["fingerspelling", *flags.split()])
    assert str(caught.value).startswith(said)
