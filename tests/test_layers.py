"""Imports between rooms run one way, few modules lie loose, and old import paths still work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from signlet.moved import MOVED

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "signlet"
LINT = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter's verdict on the package `folder`/src/signlet by `folder`/pyproject.toml."""
    return subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
    )


def test_imports_run_one_way() -> None:
    found = linted(ROOT)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("room", "line", "said"),
    [
        ("printable.py", "from signlet.errors import SignletError", "printable -> signlet.errors"),
        ("clip/span.py", "def f() -> None:\n    import signlet.sources", "clip.span -> signlet.so"),
        ("nowhere/thing.py", "", "nowhere"),
    ],
)
def test_an_import_against_the_direction_is_found(
    room: str, line: str, said: str, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    copied = tmp_path / "src" / "signlet"
    shutil.copytree(PACKAGE, copied, ignore=lambda _, names: [n for n in names if "node_" in n])
    wrong = copied / room
    wrong.parent.mkdir(exist_ok=True)
    wrong.parent.joinpath("__init__.py").touch()
    with wrong.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    found = linted(tmp_path)
    assert found.returncode == 1
    assert said in found.stdout


SHOWN = {"evaluation/show.py", "quality/show.py", "tune/show.py"}
"""Functions whose whole work is to print what their room has returned: some call them in Python."""


def test_only_commands_and_what_shows_results_print_on_a_console() -> None:
    importing = re.compile(r"^ *(?:from|import) (?:rich|signlet\.text\.(?:console|bars))\b", re.M)
    found = {
        module.relative_to(PACKAGE).as_posix()
        for module in PACKAGE.rglob("*.py")
        if importing.search(module.read_text(encoding="utf-8"))
    }
    rooms = {name for name in found if not name.startswith(("cli/", "text/"))}
    # Whoever asks `pack` for a bar by True gets one of a terminal.
    assert rooms == SHOWN | {"running/bars.py"}


def test_what_is_printed_is_no_part_of_the_work() -> None:
    importing = re.compile(r"^from signlet\.(?:evaluation|quality|tune)\.show import", re.M)
    for module in PACKAGE.rglob("*.py"):
        name = module.relative_to(PACKAGE).as_posix()
        if not name.startswith("cli/") and not name.endswith("__init__.py"):
            assert not importing.search(module.read_text(encoding="utf-8")), name


def test_at_most_eight_modules_lie_loose() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 8


def test_a_module_in_a_folder_that_moved_is_not_imported_twice() -> None:
    with pytest.warns(DeprecationWarning, match="sources.datasets.wlasl"):
        module = import_module("signlet.datasets.wlasl")
    assert module is import_module("signlet.sources.datasets.wlasl")


@pytest.mark.parametrize("old", MOVED)
def test_old_names_import_the_same_module_with_a_note(old: str) -> None:
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=MOVED[old]):
        module = import_module(old)
    assert module is import_module(MOVED[old])
    assert module.__spec__ is not None
    assert module.__spec__.name == MOVED[old]


@pytest.mark.parametrize("package", ["signlet", "signlet.export", "signlet.quality"])
def test_names_that_are_imported_late_are_there_and_are_listed(package: str) -> None:
    module = import_module(package)
    assert set(module.__all__) <= set(dir(module))
    assert all(hasattr(module, name) for name in module.__all__)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        module.nothing  # noqa: B018
