"""The commands' helps as files, so that `--help` works where a command's extra is not installed.

After a flag was changed: python -m signlet.cli.help_texts
"""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout
from importlib.resources import files
from pathlib import Path

from signlet.cli import COMMANDS, main
from signlet.files.atomic import write_text

_FOLDER = "help"
_WIDTH = "80"


def kept(command: str) -> str:
    """The help of a command as it was written down."""
    return files("signlet.cli").joinpath(_FOLDER, f"{command}.txt").read_text(encoding="utf-8")


def printed(command: str) -> str:
    """Return the help as the command itself prints it. Raises SystemExit without its extra."""
    out, before = io.StringIO(), os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _WIDTH
    try:
        with redirect_stdout(out):
            code: object = main([command, "--help", "--help"])  # once: what was written down
    except SystemExit as end:
        code = end.code
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    if code:
        raise SystemExit(f"{command}: its extra is not installed")
    return out.getvalue()


def write_all() -> None:
    """Write the helps of all commands beside this file."""
    for command in COMMANDS:
        write_text(Path(__file__).parent / _FOLDER / f"{command}.txt", printed(command))


if __name__ == "__main__":
    write_all()
