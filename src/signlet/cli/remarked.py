"""Remarks on the clips of a command, each said once with what it concerns."""

from __future__ import annotations

import sys

from signlet.clip import Clip, advised


class Remarked:
    """Clips are shown to it as they are read; `say` ends the command."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def see(self, name: str, clip: Clip) -> Clip:
        """Take note of a clip's remarks; gives the clip."""
        for remark in clip.remarks:
            self._names.setdefault(remark, []).append(name)
        return clip

    def say(self) -> None:
        """A line for each remark, on stderr."""
        for remark, names in self._names.items():
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            print(f"signlet: {names[0]}{more}: {advised(remark)}", file=sys.stderr)
