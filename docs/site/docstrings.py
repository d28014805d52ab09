"""Docstrings of signlet as lists: its lines `name: what it is` become points of one."""

from __future__ import annotations

import re
from typing import Any

import griffe

ARGUMENT = re.compile(r"^(\*{0,2}\w+)(?:, (\w+))?: ", re.MULTILINE)
SENTENCE = re.compile(r"\n(?=(Returns|Raises|Gives|Yields)\b)")


class Points(griffe.Extension):
    """Puts every argument on its own line, and what is returned or raised into a paragraph."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring:
            text = ARGUMENT.sub(r"- **\1**: ", obj.docstring.value)
            text = re.sub(r"(?<!\n)\n(?=- \*\*)", "\n\n", text, count=1)
            obj.docstring.value = SENTENCE.sub("\n\n", text)
