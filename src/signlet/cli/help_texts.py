"""The commands' helps as files, so that `--help` works where a command's extra is not installed.

The files hold all flags, as `--help all` prints them. `--help` prints a screen of them.

After a flag was changed: python -m signlet.cli.help_texts
"""

from __future__ import annotations

import io
import os
import re
from contextlib import redirect_stdout
from importlib.resources import files
from pathlib import Path
from textwrap import wrap

from signlet.cli import COMMANDS, main
from signlet.files.atomic import write_text

_FOLDER = "help"
_WIDTH = "80"
_SCREEN = 40
"""Lines of a help that fits a screen."""
_COLUMN = 24
"""Column in which the texts of the flags begin."""
_EXAMPLES = 4
_FLAGS = ("positional arguments:", "options:")
_LEFT_OUT = ("--print_config",)


def kept(command: str) -> str:
    """The help of a command as it was written down."""
    return files("signlet.cli").joinpath(_FOLDER, f"{command}.txt").read_text(encoding="utf-8")


def short(command: str) -> str:
    """A screen of the help: the first examples, the flags without a recipe's, a clause of each."""
    text = kept(command)
    if len(text.splitlines()) <= _SCREEN:
        return text
    blocks = text.rstrip().split("\n\n")
    start = blocks.index("examples:")
    flags = [block.splitlines() for block in blocks if block.startswith(_FLAGS)]
    about = wrap(" ".join(" ".join(blocks[1:start]).split()), int(_WIDTH))
    lines = [blocks[0], "", *about, "", "examples:"]
    lines += [_narrow(line) for line in blocks[start + 1].splitlines()[:_EXAMPLES]]
    recipe = " and the settings of a recipe" if blocks[-1].splitlines()[0] not in _FLAGS else ""
    end = f"All flags in full{recipe}: signlet {command} --help all"
    for most in (9, 1):  # lines of each flag
        shown = [part for head, *rest in flags for part in ("", head, *_clauses(rest, most))]
        if len(lines) + len(shown) + 2 <= _SCREEN:
            break
    return "\n".join([*lines, *shown, "", end, ""])


def _narrow(example: str) -> str:
    """An example and its remark, close together where they are too wide."""
    return example if len(example) <= int(_WIDTH) else "  " + re.sub(" {2,}", "  ", example[2:])


def _clauses(entries: list[str], most: int) -> list[str]:
    """The flags of a block, each with its text up to the first stop or semicolon."""
    flags: list[list[str]] = []
    for line in entries:
        if line[:3].strip():
            flags.append([line])
        else:
            flags[-1].append(line)
    kept_ = [flag for flag in flags if not flag[0].strip().startswith(_LEFT_OUT)]
    return [line for flag in kept_ for line in _clause(flag, most)]


def _clause(flag: list[str], most: int) -> list[str]:
    name = flag[0] if flag[0][_COLUMN - 2 : _COLUMN].strip() else flag[0][:_COLUMN]
    text = " ".join(" ".join([flag[0][len(name) :], *flag[1:]]).split())
    for stop in ("; ", ". "):
        text = text.partition(stop)[0]
    texts = wrap(
        text, int(_WIDTH) - _COLUMN, max_lines=most, placeholder=" ...", break_on_hyphens=False
    )
    indented = [" " * _COLUMN + line for line in texts]
    if len(name.rstrip()) > _COLUMN - 2:
        return [name, *indented]
    return [name + (texts[0] if texts else ""), *indented[1:]]


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
