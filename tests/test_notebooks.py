"""The notebooks of the docs run, and what they show was printed by such a run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ipykernel", reason="notebooks need signlet[test]")
pytest.importorskip("nbclient", reason="notebooks need signlet[test]")

import nbformat

from prose import findings
from signlet_testing.notebooks import FOLDER, executed, notebooks

LARGEST = 300_000
"""Bytes of a notebook; GitHub shows larger ones slowly."""
MACHINE = re.compile(
    r"(?:^|[\s'\"(=])/(?:home|root|tmp|work|opt|usr|var|private|Users)/|[A-Z]:\\\\"
)
"""A path that holds on one machine only."""
TINY = """
name: small
student: {dense: 8, widths: [16, 16, 16, 16], heads: 4}
distilled: {dense: 8, widths: [16, 16, 16, 16], heads: 4}
soup_epochs: 1
"""

each = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def printed(notebook: Any) -> str:
    return "".join(output.get("text", "") for output in outputs(notebook))


@each
def test_what_a_notebook_shows_has_no_error_and_names_no_machine(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert [
        o for o in outputs(notebook) if o.output_type == "error" or o.get("name") == "stderr"
    ] == []
    assert printed(notebook)
    assert MACHINE.search(path.read_text(encoding="utf-8")) is None
    assert path.stat().st_size < LARGEST


@each
def test_the_words_of_a_notebook_are_plain_and_its_links_lead_somewhere(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    words = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert list(map(str, findings(words))) == []
    targets = re.findall(r"\]\(([^)#]+)", words)
    assert [target for target in targets if not (path.parent / target).is_file()] == []


@pytest.mark.slow
def test_from_videos_to_a_phone_file(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    done = executed(FOLDER / "phone_file.ipynb", tmp_path, RECIPE="tiny.yaml", EPOCHS=1)
    said = printed(done)
    assert "Guessing would get 4 %" in said or "guessing would get 4 %" in said
    assert re.search(r"\w+/\w shows \w: \w \d+ %, then \w \w\n", said)
    assert re.search(r"model\.onnx: [\d.]+ MB, [\d.]+ ms for a clip", said)
    assert "\x1b" not in said, "a bar that needs a terminal"
    assert (tmp_path / "runs" / "notebook" / "report.html").is_file()


def test_teach_and_stream(tmp_path: Path) -> None:
    pytest.importorskip("spoken_to_signed")
    done = executed(FOLDER / "teach_and_stream.ipynb", tmp_path)
    again = nbformat.read(FOLDER / "teach_and_stream.ipynb", as_version=4)
    assert printed(done) == printed(again), "python -m docs.make_notebooks teach_and_stream"
    assert any("image/png" in output.get("data", {}) for output in outputs(done))
