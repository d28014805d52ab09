"""The docs are plain English, and the messages that they quote are signlet's own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from prose import findings, refused

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = ROOT / "src" / "signlet"
ROOMS = [p for p in sorted(SOURCES.iterdir()) if p.suffix == ".py" or (p / "__init__.py").is_file()]
SPOKEN = {SOURCES / "serve" / name for name in ("answers.py", "app.py")}
"""Their docstrings are printed: they are the texts of the service's OpenAPI description."""
CLAUSE = re.compile(r"(?:What|Whether|Which|Who|Whose|How|Where|When|Why|That|The one)\b")
"""Docstrings that begin so hide the verb: "Return ...", "True if ...", a noun say it at once."""
HELPS = sorted((ROOT / "src" / "signlet" / "cli" / "help").glob("*.txt"))
SEEN = [
    path
    for path in sorted(SOURCES.rglob("*"))
    if path.suffix in (".js", ".html")
    and "node_modules" not in path.parts
    and path.name != "licences.html"  # texts of others
]
SCRIPT_TEXT = re.compile(r'"[^"\n]*"|`[^`\n]*`')
TRANSLATED = (
    "It is tested on signers never seen.",
    "What looks wrong with a recording is said before the training.",
    "These clips are in the training data in the other guise.",
    "It measures from which confidence on a sign is to be believed.",
    "Browsers give the camera to https pages and to the own machine.",
    "The other folds had no say.",
    "Fold 3 had the first word on what was confirmed.",
    "A warm-up in a line, then down in a line.",
    "What is no such clip raises an error.",
    "Bad flags are told before the work.",
    "A clip has not 26 probabilities.",
    "This is a table that is none.",
    "Compared are the largest probability and the entropy.",
    "word " * 36 + "end.",
)
PLAIN = """
# What a heading may ask

Do you need torch? What is a clip? It is a video, a file or an array.

```python
print("what is no code")  # what is no prose
```

| column | code in a cell: `what is no such` |
|---|---|

- signlet warns if fewer than five clips of a sign are there (see [data](data.md)).
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_plain(page: Path) -> None:
    assert list(map(str, findings(page.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("page", HELPS, ids=lambda page: page.stem)
def test_a_help_has_no_translated_phrase(page: Path) -> None:
    assert list(map(str, refused(page.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "message",
    [
        "Folds: 2 instead of 4, as many as 32 clips of 2 known signer(s) allow",
        "the model has format 3, this signlet reads 2",
        "the clip has 9 frames, allowed are 1 to 5",
        "the share of its clips is 85%",
        ".0%",  # of a format: percent() writes it
    ],
)
def test_the_style_refuses_what_messages_once_said(message: str) -> None:
    assert refused(message)


@pytest.mark.parametrize("sentence", TRANSLATED)
def test_the_style_refuses_what_reads_translated(sentence: str) -> None:
    assert findings(sentence)


def test_the_style_leaves_headings_questions_and_code_alone() -> None:
    assert findings(PLAIN) == []


def docstrings(tree: ast.Module) -> Iterator[str]:
    """All docstrings, those behind constants and fields too."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.stem)
def test_a_docstring_begins_with_a_verb_or_a_noun(room: Path) -> None:
    files = [room] if room.is_file() else sorted(room.rglob("*.py"))
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in files if path not in SPOKEN)
    assert [text for tree in trees for text in docstrings(tree) if CLAUSE.match(text)] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.stem)
def test_no_text_of_the_sources_reads_translated(room: Path) -> None:
    files = [room] if room.is_file() else sorted(room.rglob("*.py"))
    nodes = (node for path in files for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert [str(one) for text in texts for one in refused(text)] == []


@pytest.mark.parametrize("page", SEEN, ids=lambda page: page.name)
def test_no_text_of_the_pages_reads_translated(page: Path) -> None:
    """The live page, the report: what is between tags, and the strings of scripts."""
    text = page.read_text(encoding="utf-8")
    spoken = SCRIPT_TEXT.findall(text) if page.suffix == ".js" else [re.sub("<[^>]*>", " ", text)]
    assert [str(one) for said in spoken for one in refused(said)] == []


def messages() -> str:
    """All text of the sources, with strings that Python joins joined."""
    files = sorted((ROOT / "src" / "signlet").rglob("*.py"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r'"\s*\n\s*f?"', "", text)


def test_the_messages_of_the_troubleshooting_page_exist() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    first = [row.split("|")[1] for row in page.splitlines() if row.startswith("| ")]
    quoted = [text for cell in first for text in re.findall(r"`([^`]+)`", cell)]
    assert len(quoted) > 15
    said = messages()
    assert [text for text in quoted if text not in said] == []
