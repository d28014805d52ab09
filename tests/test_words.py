"""The docs are plain English, and the messages that they quote are signlet's own."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


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
