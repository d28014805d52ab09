"""Remarks on the clips of a command, each said once with what it concerns."""

from __future__ import annotations

from signlet.clip import Clip, advised
from signlet.meaning import for_some
from signlet.terminal import tell


class Remarked:
    """Clips are shown to it as they are read; `say` ends the command."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._seen = 0

    def see(self, name: str, clip: Clip) -> Clip:
        """Take note of a clip's remarks; gives the clip."""
        self._seen += 1
        for remark in clip.remarks:
            self._names.setdefault(remark, []).append(name)
        return clip

    def say(self) -> None:
        """A line for each remark, on stderr."""
        for remark, names in self._names.items():
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            said = advised(remark)
            if 1 < len(names) < self._seen:  # one command for them would change the others, too
                said = for_some(said)
            tell(f"{names[0]}{more}: {said}")
