"""rich's console, that loses nothing: not for a letter, and not for a reader who has gone."""

from __future__ import annotations

from typing import IO

from rich.console import Console

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

    def on_broken_pipe(self) -> None:
        """Print nothing any more; rich would end the program, a training with it."""
        self.quiet = True
        to_nowhere()
