"""signlet serve."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import signlet
from signlet.cli.parsing import existing, make_plain_parser, parse
from signlet.errors import SignletError
from signlet.files.regular import blocked
from signlet.pretrained import STARTER, STARTER_SAYS, model_path, named
from signlet.running.temporary import scratch
from signlet.serve.hosts import is_loopback
from signlet.serve.limits import Limits
from signlet.text.install import needs
from signlet.text.terminal import say, tell
from signlet.web.build import build_site

_EXAMPLES = """
  signlet serve fingerspelling
  signlet serve model.onnx
  signlet serve --page
  signlet serve model.onnx --page --port 9000 --max_batch 32
  signlet serve model.onnx --host 0.0.0.0 --token_file token.txt
  signlet serve model.onnx --allow_host signs.example.org
  curl -F clip=@clip.npz http://127.0.0.1:8000/recognise
"""
TOKEN = "SIGNLET_TOKEN"
_BOUNDS: dict[str, tuple[type, str]] = {
    "max_bytes": (int, "most bytes of a body"),
    "max_frames": (int, "most frames of a clip"),
    "max_held": (int, "most bytes of bodies and clips in memory, over all requests"),
    "timeout": (float, "seconds from the first byte of a request to its answer"),
    "max_waiting": (int, "most requests that wait for an answer, once their body has arrived"),
    "max_connections": (int, "most open connections; silent ones are closed for new ones"),
    "max_batch": (int, "most clips that the model recognises at once; 1 turns batching off"),
}
_MODEL = f"model file (.onnx, .tflite), run folder or name (default {STARTER})"
_ALLOW_HOST = (
    "allowed host names besides localhost, such as that of a proxy in front; needed if the "
    "service listens on this machine only"
)
_SHORTEST, _LONGEST = 16, 4096
_MOST_THREADS = 1024


def run(arguments: list[str]) -> None:
    """Parse, load, serve."""
    parsed = parse(_parser(), arguments)
    if not 0 <= parsed.port <= 65535:
        raise SignletError(f"--port {parsed.port}: give 0 (any free one) to 65535")
    if not 0 <= parsed.threads <= _MOST_THREADS:
        raise SignletError(
            f"--threads {parsed.threads}: give 1 to {_MOST_THREADS}, or 0 (the runtime chooses)"
        )
    limits = _limits(parsed)
    token = read_token(parsed.token_file)
    path = _model(parsed.model, parsed.page, token)
    make_app, serve = _service()  # a page that nobody can serve is not built
    with _site(path, parsed.page) as site:
        hosts = _hosts(parsed.host, parsed.allow_host)
        app = make_app(_load(path, parsed.threads), limits, token, site, hosts)
        _warn(parsed.host, token, site)
        announce = _announcer(path, site)
        serve(app, parsed.host, parsed.port, parsed.timeout, parsed.access_log, announce)


def _limits(parsed: Any) -> Limits:
    try:
        return Limits(**{name: getattr(parsed, name) for name in _BOUNDS})
    except SignletError as error:  # begins with the limit's name; others in it are flags, too
        said = re.sub(rf"\b({'|'.join(_BOUNDS)})\b", r"--\1", str(error))
        raise SignletError(said) from None


def _model(given: str | None, page: bool, token: str | None) -> Path:
    if page and token is not None:
        raise SignletError(
            "--page: the page cannot send a token; serve it without one, or build it with "
            "signlet page build and let your web server ask for a password"
        )
    if given is None:
        tell(STARTER_SAYS)
    path = model_path(STARTER if given is None else given)
    return existing(path, "model file or run folder")


@contextmanager
def _site(model: Path, page: bool) -> Iterator[Path | None]:
    if not page:
        yield None
        return
    with scratch("page") as folder:
        site = folder / "site"
        build_site(site, model, lambda text: tell(f"{text} ..."))
        yield site


def _warn(host: str, token: str | None, site: Path | None) -> None:
    if is_loopback(host):
        return
    if token is None:
        tell(f"anybody who can reach {host} can use this service; --token_file requires a token")
    if site is not None:
        tell(
            "on other machines, browsers allow the camera only over https; put an https server "
            "in front of this one"
        )


def _parser() -> Any:
    parser = make_plain_parser(
        "serve",
        "Serve one recogniser over HTTP: POST /recognise, GET /labels, /health, /metrics, /docs.\n"
        "Only this machine can connect, unless you give --host.",
        _EXAMPLES,
    )
    default = Limits()
    add = parser.add_argument
    add("model", nargs="?", type=str, help=_MODEL)
    add(
        "--page",
        action="store_true",
        help="also serve the live page at / (needs a model.onnx, or no model)",
    )
    add("--host", type=str, default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--allow_host", type=str, nargs="+", default=[], help=_ALLOW_HOST)
    add("--port", type=int, default=8000, help="port (%(default)s); 0: any free port")
    for name, (kind, about) in _BOUNDS.items():
        text = f"{about} (%(default)s)"
        add(f"--{name}", type=kind, default=getattr(default, name), help=text)
    add("--threads", type=int, default=0, help="threads of the model; 0: the runtime chooses")
    add(
        "--token_file",
        type=str,
        help=f"file with the token (default: the environment variable {TOKEN})",
    )
    add("--access_log", action="store_true", help="print a line with the time for each request")
    return parser


def _service() -> tuple[Any, Any]:
    try:
        from signlet.serve.app import make_app
        from signlet.serve.server import run as serve
    except ModuleNotFoundError as error:
        raise SignletError(needs("signlet serve", "serve", error)) from None
    return make_app, serve


def _load(path: Path, threads: int) -> Any:
    return signlet.load(path, threads)


def read_token(file: str | None) -> str | None:
    """The token of `file`, else of the environment; None if there is neither.

    Raises SignletError if it is unreadable, short, or cannot stand in a header.
    """
    where = f"--token_file {file}" if file is not None else TOKEN
    try:
        given = os.environ.get(TOKEN) if file is None else _content(file)
        text = given.decode("ascii") if isinstance(given, bytes) else given
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not plain text"
        raise SignletError(f"{where}: cannot be read ({reason})") from None
    if text is None:
        return None
    token = text.strip()
    if not _SHORTEST <= len(token) <= _LONGEST or not token.isascii() or len(token.split()) != 1:
        raise SignletError(
            f"{where}: is not a token; give one word of at least {_SHORTEST} characters, such "
            "as the output of openssl rand -hex 32"
        )
    return token


def _content(file: str) -> bytes:
    """Read the beginning of a file. Raises OSError, or SignletError for a pipe."""
    if why := blocked(Path(file)):
        raise SignletError(f"--token_file {why}, or set {TOKEN}")
    with Path(file).open("rb") as opened:
        return opened.read(_LONGEST + 2)


def _hosts(host: str, allowed: list[str]) -> list[str] | None:
    """Host names that the service answers; None: any, as for other machines its names are not
    known."""
    for name in allowed:
        if not re.fullmatch(r"[\w.-]{1,253}|[\da-f:]+:[\da-f:]*:[\da-f:.]*", name):
            raise SignletError(f"--allow_host {name}: give a name without http:// and port")
    return [host, *allowed] if allowed or is_loopback(host) else None


def _announcer(path: Path, site: Path | None) -> Any:
    def announce(address: str) -> None:
        if site is not None:
            say(f"the live page: {address}/")
        say(f"serving {named(path)} on {address}; more at {address}/docs; Ctrl-C stops it")

    return announce
