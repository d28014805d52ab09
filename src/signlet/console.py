"""rich's console, that loses nothing: not for a letter, and not for a reader who has gone."""

from __future__ import annotations

from typing import IO, Any

from rich.console import Console
from rich.errors import MarkupError
from rich.text import Text

from signlet.terminal import escaping, to_nowhere


class SafeConsole(Console):
    """As rich's, but what its stream cannot write is escaped, and a closed pipe stops no work."""

    @property
    def file(self) -> IO[str]:
        """Where it prints."""
        return escaping(super().file)

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file

    def render_str(self, text: str, *, markup: bool | None = None, **how: Any) -> Text:
        """A text to print; one that only looks like markup, as a path "[/a]", is printed as is."""
        try:
            return super().render_str(text, markup=markup, **how)
        except MarkupError:
            return super().render_str(text, markup=False, **how)

    def on_broken_pipe(self) -> None:
        """Print nothing any more; rich would end the program, a training with it."""
        self.quiet = True
        to_nowhere()
