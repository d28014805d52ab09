"""signlet serve."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

import signlet
from signlet.cli.parsing import existing, make_plain_parser, parse
from signlet.errors import SignletError
from signlet.serve.limits import Limits
from signlet.starter import model_path

_EXAMPLES = """
  signlet serve model.onnx
  signlet serve model.onnx --port 9000 --max_batch 32
  signlet serve model.onnx --host 0.0.0.0 --token_file token.txt
  curl -F clip=@clip.npz http://127.0.0.1:8000/recognise
"""
TOKEN = "SIGNLET_TOKEN"
_BOUNDS: dict[str, tuple[type, str]] = {
    "max_bytes": (int, "bytes of a body"),
    "max_frames": (int, "frames of a clip"),
    "timeout": (float, "seconds from the first byte of a request to its answer"),
    "max_waiting": (int, "requests under way at once"),
    "max_batch": (int, "clips that the model takes at once; 1 switches batches off"),
}
_SHORTEST, _LONGEST = 16, 4096


def run(arguments: list[str]) -> None:
    """Parse, load, serve."""
    parsed = parse(_parser(), arguments)
    if not 0 <= parsed.port <= 65535:
        raise SignletError(f"--port {parsed.port}: give 0 (any free one) to 65535")
    limits = Limits(**{name: getattr(parsed, name) for name in _BOUNDS})
    token = read_token(parsed.token_file)
    path = existing(model_path(parsed.model), "model file or run folder")
    app, serve = _app(path, limits, token, parsed.threads)
    if token is None and not _is_local(parsed.host):
        print(
            f"signlet: whoever reaches {parsed.host} may use this service; "
            "--token_file asks for a token",
            file=sys.stderr,
        )
    serve(app, parsed.host, parsed.port, parsed.timeout, parsed.access_log, _announcer(path))


def _parser() -> Any:
    parser = make_plain_parser(
        "serve",
        "Serve one recogniser over HTTP: POST /recognise, GET /labels, /health, /metrics, /docs.\n"
        "It listens on this machine only, unless --host says otherwise.",
        _EXAMPLES,
    )
    default = Limits()
    add = parser.add_argument
    add("model", type=str, help="model file (.onnx, .tflite), run folder or name")
    add("--host", type=str, default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=int, default=8000, help="port (%(default)s); 0 takes a free one")
    for name, (kind, about) in _BOUNDS.items():
        text = f"{about} (%(default)s)"
        add(f"--{name}", type=kind, default=getattr(default, name), help=text)
    add("--threads", type=int, default=0, help="threads of the model; 0: as its runtime chooses")
    add("--token_file", type=str, help=f"file with the token; without it, {TOKEN} is looked at")
    add("--access_log", action="store_true", help="print a line for each request")
    return parser


def _app(path: Path, limits: Limits, token: str | None, threads: int) -> tuple[Any, Any]:
    try:
        from signlet.serve.app import make_app
        from signlet.serve.server import run as serve
    except ModuleNotFoundError as error:
        raise SignletError(
            f'{error.name} is not installed; this command needs: pip install "signlet[serve]"'
        ) from None
    return make_app(_load(path, threads), limits, token), serve


def _load(path: Path, threads: int) -> Any:
    if threads < 0:
        raise SignletError(f"--threads {threads}: give at least 1, or 0")
    return signlet.load(path, threads)


def read_token(file: str | None) -> str | None:
    """The token of `file`, else of the environment; None where there is neither.

    Raises SignletError where it is unreadable, short, or cannot stand in a header.
    """
    where = f"--token_file {file}" if file is not None else TOKEN
    try:
        given = os.environ.get(TOKEN) if file is None else Path(file).read_bytes()[: _LONGEST + 2]
        text = given.decode("ascii") if isinstance(given, bytes) else given
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not plain text"
        raise SignletError(f"{where}: cannot be read ({reason})") from None
    if text is None:
        return None
    token = text.strip()
    if not _SHORTEST <= len(token) <= _LONGEST or not token.isascii() or len(token.split()) != 1:
        raise SignletError(
            f"{where}: is no token; give one word of {_SHORTEST} characters or more, "
            "as openssl rand -hex 32 prints"
        )
    return token


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _announcer(path: Path) -> Any:
    def announce(address: str) -> None:
        print(f"serving {path} on {address}; more at {address}/docs; Ctrl-C stops it", flush=True)

    return announce
