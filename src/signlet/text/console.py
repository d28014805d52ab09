"""rich's console, that prints names as they are and loses nothing.

Not for a letter that the stream lacks, not for brackets that look like markup, and not for a
reader who has gone. What a name must not do to a terminal is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from signlet.printable import printable, printable_lines
from signlet.text.terminal import as_it_is, escaping, in_notebook, to_nowhere

_WIDEST = 200
"""Columns of a table in a file or a pipe."""


class SafeConsole(Console):
    """Like rich's console, but texts are not markup, and a closed pipe does not stop the work.

    What is written in colour is a `Text`, or is printed with a style.
    """

    def __init__(self, **how: Any) -> None:
        plain = {"force_terminal": False} if in_notebook() else {}
        super().__init__(**{"markup": False, "emoji": False, **plain, **how})

    @property
    def file(self) -> IO[str]:
        """The stream that it prints to."""
        return escaping(as_it_is(super().file))

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file

    def print(self, *objects: Any, soft_wrap: bool | None = None, **how: Any) -> None:
        """As rich's; a text that is not wrapped is one line, whatever the names in it hold.

        In a file or a pipe no cell of a table is cut, as there is no edge of a terminal.
        """
        if soft_wrap:
            objects = tuple(map(_one_line, objects))
        tables = [one for one in objects if isinstance(one, Table)]
        with self._wide_enough(tables):
            super().print(*objects, soft_wrap=soft_wrap, **how)

    @contextmanager
    def _wide_enough(self, tables: list[Table]) -> Iterator[None]:
        before = self._width
        if tables and not self.is_terminal and not in_notebook():
            wide = self.options.update(max_width=_WIDEST)
            self.width = max(self.width, *(self.measure(t, options=wide).maximum for t in tables))
        try:
            yield
        finally:
            self._width = before

    def render_str(self, text: str, **how: Any) -> Text:
        """A text to print."""
        return super().render_str(printable_lines(text), **how)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Segments to print; what moves the cursor is rich's own."""
        if isinstance(renderable, Text):
            renderable = _with(renderable, printable_lines(renderable.plain))
        for segment in super().render(renderable, options):
            text = segment.text
            yield segment if segment.control else Segment(printable_lines(text), segment.style)

    def on_broken_pipe(self) -> None:
        """Print nothing any more; rich would end the program, a training with it."""
        self.quiet = True
        to_nowhere()


def _one_line(text: Any) -> Any:
    """Line breaks that a name brought are escaped; those before a line are ours."""
    if isinstance(text, Text):
        return _with(text, _one_line(text.plain))
    if not isinstance(text, str):
        return text
    line = text.lstrip("\n")
    return text[: len(text) - len(line)] + printable(line)


def _with(text: Text, plain: str) -> Text:
    if plain == text.plain:
        return text
    copy = text.copy()
    copy.plain = plain
    return copy
