"""The notebooks of the docs: run them, with other values of their parameters where asked."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from signlet_testing import ROOT

FOLDER = ROOT / "docs" / "notebooks"
SECONDS = 1800
"""For one cell, on a busy machine."""


def notebooks() -> list[Path]:
    """All of them."""
    return sorted(FOLDER.glob("*.ipynb"))


def executed(path: Path, where: Path, **parameters: Any) -> NotebookNode:
    """Run a notebook in a folder; return it with its outputs.

    parameters: values that replace those of the cell tagged `parameters`, as papermill does it.
    Raises nbclient's CellExecutionError where a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    if parameters:
        _replace(notebook, parameters)
    place = {"metadata": {"path": where}}
    client = NotebookClient(notebook, timeout=SECONDS, resources=place, coalesce_streams=True)
    return client.execute(env=_environment(where))


def _replace(notebook: NotebookNode, parameters: dict[str, Any]) -> None:
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    place = next(i for i, own in enumerate(tags) if "parameters" in own)
    known = notebook.cells[place].source
    assert [name for name in parameters if f"{name} = " not in known] == []
    lines = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(lines))


def _environment(where: Path) -> dict[str, str]:
    """Of the kernel: the commands beside this Python are found, and one thread is enough."""
    found = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {
        **os.environ,
        "PATH": os.pathsep.join(found),
        "OMP_NUM_THREADS": "1",
        "IPYTHONDIR": str(where),
    }
