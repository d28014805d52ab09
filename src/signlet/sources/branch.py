"""A place in a set that contains the folders of the signs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from signlet.sources.pattern_hints import below, fitting, options

_HERE = PurePosixPath()


@dataclass(frozen=True)
class Branch:
    """A folder of folders of signs.

    clips: paths below it. called: begins their names. inner: place in the clips' paths, and name,
    of a folder of a split that was taken out of these.
    """

    below: PurePosixPath
    clips: tuple[PurePosixPath, ...]
    split: str | None = None
    called: PurePosixPath = _HERE
    inner: tuple[int, str] | None = None

    def whole(self, path: PurePosixPath) -> PurePosixPath:
        """A path of `clips` with the folder of the split that was taken out of it."""
        if self.inner is None:
            return path
        level, name = self.inner
        return PurePosixPath(*path.parts[:level], name, *path.parts[level:])

    def offered(self, *patterns: str) -> str:
        """The patterns of paths that match its clips, to suggest; "" for none."""
        whole = [below(self.below, self._with_split(text)) for text in patterns]
        return options(fitting([self.below / self.whole(path) for path in self.clips], whole))

    def _with_split(self, pattern: str) -> str:
        parts = pattern.split("/")
        level = len(parts) if self.inner is None else self.inner[0]
        return "/".join([*parts[:level], *["{split}"] * (self.inner is not None), *parts[level:]])
