"""The process that reads clips out of bodies: `python -m signlet.serve.child`.

Bodies come from strangers and go through format libraries in C++. Here a body that crashes
one, eats memory or takes for ever costs this process only; `decoders` starts another.

Talks over its standard input and output. A question is QUESTION, the content type and the
body; an answer is ANSWER and either remarks and raw float32 landmarks (status 200), or one line
of text and nothing.
Ends when its input does. Its folder for temporary files is its own (`decoders` removes it).
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import shutil
import signal
import struct
import sys
import tempfile
import warnings
from pathlib import Path
from typing import BinaryIO

from signlet.serve.rejection import Rejection

QUESTION, ANSWER = struct.Struct(">II"), struct.Struct(">HII")
"""Lengths of content type and body; status, and lengths of text and landmarks."""
LINES = "\n"
"""Between the remarks."""
READY = b"R"
SCRATCH = "signlet-decoder-"
"""The prefix of its folder for temporary files."""


def main() -> None:
    """Serve until the input ends. Arguments: most frames of a clip, most bytes of memory."""
    max_frames, memory = int(sys.argv[1]), int(sys.argv[2])
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)  # the service tells when to end, by closing the pipe
    warnings.simplefilter("ignore")  # remarks are in the answer; more is for nobody
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is not an answer
    for pipe in (sys.stdin.fileno(), answers.fileno()):
        _widen(pipe)
    _load_libraries()
    _warm_up()
    limit_memory(memory)
    _offer_to_the_killer()
    # A body becomes a million lists without cycles; looking for some takes a third of the time.
    # What libraries leave in cycles goes after each answer instead, which takes 0.03 ms.
    gc.freeze()
    gc.disable()
    with contextlib.suppress(BrokenPipeError):  # the service was killed
        answers.write(READY)
        answers.flush()
        answer_all(sys.stdin.buffer, answers, max_frames)
    _leave_nothing()
    os._exit(0)  # nobody reads the rest


def _leave_nothing() -> None:
    """Remove this process's folder for temporary files, where the service cannot any more."""
    folder = Path(tempfile.gettempdir())
    if folder.name.startswith(SCRATCH):
        shutil.rmtree(folder, ignore_errors=True)


def _load_libraries() -> None:
    """Before memory is limited, so that the limit is for the body alone."""
    import signlet.serve.decode

    with contextlib.suppress(ModuleNotFoundError):
        import signlet.sources.parquet  # noqa: F401


def _warm_up() -> None:
    """Read a clip in each format, so that what libraries make for the first one is there."""
    import numpy as np

    from signlet.landmarks import NUM_RAW

    clip = np.linspace(0.1, 0.9, 3 * NUM_RAW, dtype=np.float32).reshape(1, NUM_RAW, 3)
    npy, npz = io.BytesIO(), io.BytesIO()
    np.save(npy, clip)
    np.savez(npz, landmarks=clip)
    form = b'--b\r\nContent-Disposition: form-data; name="clip"; filename="c"\r\n\r\n'
    for body, kind in (
        (npy.getvalue(), "application/octet-stream"),
        (json.dumps({"landmarks": clip.tolist()}).encode(), "application/json"),
        (form + npz.getvalue() + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"),
    ):
        _decoded(body, kind, 1)


def _widen(pipe: int) -> None:
    """Room for a whole clip where Linux gives it, so that both ends wait less for each other."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def limit_memory(extra: int) -> None:
    """Let this process take `extra` bytes more than now, where the system can bound it."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + extra
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        return


def _offer_to_the_killer() -> None:
    """Ask Linux to end this process before the service if the machine runs out of memory."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def answer_all(questions: BinaryIO, answers: BinaryIO, max_frames: int) -> None:
    """Answer until there are no more questions; keep nothing from one to the next."""
    while _answer(questions, answers, max_frames):
        gc.collect()


def _answer(questions: BinaryIO, answers: BinaryIO, max_frames: int) -> bool:
    """Answer one question; False if there is none any more."""
    head = questions.read(QUESTION.size)
    if len(head) < QUESTION.size:
        return False
    kind, length = QUESTION.unpack(head)
    content_type = questions.read(kind).decode("latin-1")
    status, text, landmarks = _decoded(questions.read(length), content_type, max_frames)
    answers.write(ANSWER.pack(status, len(text), len(landmarks)))
    answers.write(text)
    answers.write(landmarks)
    answers.flush()
    return True


def _decoded(body: bytes, content_type: str, max_frames: int) -> tuple[int, bytes, bytes]:
    from signlet.serve.decode import decode, too_big

    try:
        clip = decode(body, content_type, max_frames)
        remarks = (*clip.remarks, *clip.unanswerable())
        return 200, LINES.join(remarks).encode("utf-8", "replace"), clip.frames.tobytes()
    except Rejection as refused:
        return refused.status, refused.detail.encode("utf-8", "replace"), b""
    except MemoryError:
        return 413, too_big().detail.encode(), b""
    except Exception as error:  # whatever a format library makes of a hostile body
        reason = f"body: cannot be read ({type(error).__name__}); write it again"
        return 422, reason.encode(), b""


if __name__ == "__main__":
    main()
