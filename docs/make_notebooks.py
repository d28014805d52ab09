"""Run the notebooks of the docs anew, and keep what they print and draw.

python -m docs.make_notebooks                     all of them: ten minutes on one core
python -m docs.make_notebooks teach_and_stream    one of them: seconds
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from signlet_testing.notebooks import executed, notebooks

_KEPT = {"tags", "kernelspec"}
"""Of the metadata: what a run writes there besides changes each time."""


def tidied(notebook: NotebookNode) -> NotebookNode:
    """The notebook without times and versions."""
    for part in (notebook, *notebook.cells):
        part.metadata = {name: part.metadata[name] for name in _KEPT & part.metadata.keys()}
    for output in (o for cell in notebook.cells for o in cell.get("outputs", ())):
        if "text" in output:  # tables are filled up with blanks
            output.text = "\n".join(line.rstrip() for line in output.text.split("\n"))
    return notebook


def main(names: list[str]) -> None:
    """Run those that are named, or all."""
    for path in notebooks():
        if not names or path.stem in names:
            with tempfile.TemporaryDirectory() as folder:
                nbformat.write(tidied(executed(path, Path(folder))), path)
            print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
