"""Remarks on the clips of a command, each said once with what it concerns."""

from __future__ import annotations

from signlet.clip import Clip, advised
from signlet.meaning import for_some, of_set
from signlet.text.terminal import tell


class ClipRemarks:
    """Clips are shown to it as they are read; `say` ends the command."""

    def __init__(self) -> None:
        self._seen: list[tuple[str, tuple[str, ...]]] = []

    def see(self, name: str, clip: Clip) -> Clip:
        """Take note of a clip's remarks; gives the clip."""
        self._seen.append((name, clip.remarks))
        return clip

    def say(self) -> None:
        """A line for each remark, on stderr."""
        verdict = of_set([(remarks, None) for _, remarks in self._seen])
        concerned: dict[str, list[str]] = {}
        for name, remarks in self._seen:
            for remark in verdict.remarks(remarks):
                concerned.setdefault(remark, []).append(name)
        for remark, names in concerned.items():
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            said = advised(remark)
            one_for_all = len(names) in (1, len(self._seen)) or verdict.is_of_all(remark)
            tell(f"{names[0]}{more}: {said if one_for_all else for_some(said)}")
