"""signlet page."""

from __future__ import annotations

from pathlib import Path

from signlet.cli.parsing import make_plain_parser, parse
from signlet.errors import SignletError
from signlet.pretrained import STARTER
from signlet.text.terminal import say, tell

_EXAMPLES = """
  signlet page build -o site/
  signlet page build -o site/ --model exported/model.onnx
  python -m http.server --directory site 8000
"""


def run(arguments: list[str]) -> None:
    """Parse, build, print."""
    parser = make_plain_parser(
        "page",
        "Build the live page: static files for any web server. Camera or video in, signs out, all "
        "in\nthe visitor's browser. The first build needs npm, which fetches two libraries.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("action", type=str, help="build")
    add(
        "-o",
        "--output",
        type=Path,
        required=True,
        help="folder for the page: new, or an earlier build",
    )
    add("--model", type=str, default=STARTER, help="exported .onnx (%(default)s, letters A to Z)")
    parsed = parse(parser, arguments)
    if parsed.action != "build":
        raise SignletError(f"signlet page {parsed.action}: the only action is signlet page build")
    _build(parsed.output, parsed.model)


def _build(out: Path, model: str) -> None:
    from signlet.web.build import build_site

    site, size = build_site(out, model, lambda text: tell(f"{text} ..."))
    say(f"{site}: built, {size / 1e6:.1f} MB, with {model}")
    say(f"look at it with: python -m http.server --bind 127.0.0.1 --directory {site} 8000")
