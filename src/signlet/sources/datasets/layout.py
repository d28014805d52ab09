"""The protocol of a published set's layout: its folder in, a `Source` of its clips out.

A layout is one small file with three functions: `known_by` tells whether a folder is this set,
`clips` lists its clips, `read` reads one clip (mostly `read_ref`). See docs/datasets.md.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from signlet.clip import Clip
from signlet.clip.span import Span
from signlet.errors import SignletError
from signlet.files.missing_path import exists, not_found_message
from signlet.sources.files import SUFFIXES
from signlet.sources.source import ClipRef, read_ref
from signlet.sources.splits import SPLITS, split_name
from signlet.text.names import sign_name, signer_name


@dataclass
class Listing:
    """Clips of a set, and what was left out of it or is not known of it, counted.

    refs: the clips that can be used, in the set's order.
    """

    refs: list[ClipRef] = field(default_factory=list)
    _seen: int = 0
    _names: set[str] = field(default_factory=set)
    _left_out: dict[str, list[str]] = field(default_factory=dict)
    _doubts: dict[str, list[str]] = field(default_factory=dict)
    _said: list[str] = field(default_factory=list)

    def add(
        self,
        name: str,
        path: Path | None,
        sign: str,
        signer: str | None,
        *,
        span: Span | None = None,
        split: str | None = None,
    ) -> None:
        """A clip of the set; it is left out, and counted, where its file is missing.

        name: unique in the set. path: None if the file is not there.
        signer: None or "" if unknown. split: as the set spells it, None if it has none.
        """
        if path is None:
            self.leave_out("the file is missing", name)
            return
        if name in self._names:
            self.leave_out("a clip of that name is listed already", name)
            return
        try:
            sign, signer = sign_name(sign), signer_name(signer)
        except SignletError as error:
            self.leave_out("the name of the sign or signer cannot be used", f"{name}: {error}")
            return
        if not signer:
            self.doubt("without a signer", name)
        if split is not None and split_name(split) is None:
            self.doubt(f"in a split other than {', '.join(SPLITS)}", f"{name}: {split!r}")
        self._seen += 1
        self._names.add(name)
        known = split_name(split) if split else None
        self.refs.append(ClipRef(name, path, sign, signer or None, span, known))

    def leave_out(self, why: str, which: str) -> None:
        """Count a clip that cannot be used. why: the reason, the same for all such clips."""
        self._seen += 1
        self._left_out.setdefault(why, []).append(which)

    def doubt(self, what: str, which: str) -> None:
        """Count a clip with missing facts. what: "without a signer"."""
        self._doubts.setdefault(what, []).append(which)

    def say(self, note: str) -> None:
        """Add another note; "" adds none."""
        self._said += [note] * bool(note)

    def notes(self) -> list[str]:
        """Return notes for the user: sentences without a full stop, one for each kind."""
        left_out = {f"left out: {why}": which for why, which in self._left_out.items()}
        found = {**left_out, **self._doubts}
        return [*(self._note(what, which) for what, which in found.items()), *self._said]

    def _note(self, what: str, which: list[str]) -> str:
        verb = "is" if len(which) == 1 else "are"
        return f"{len(which):,} of {self._seen:,} clips {verb} {what} (the first is {which[0]})"

    def checked(self, where: Path) -> Listing:
        """The listing. Raises SignletError if no clip is left."""
        if not self.refs:
            why = "; ".join(self.notes()) or "its files are not arranged as docs/datasets.md shows"
            raise SignletError(f"{where}: holds no clip that can be used; {why}")
        return self


@dataclass(frozen=True)
class Layout:
    """The layout of one published set on disk.

    name: of the set, before the colon in `--data name:PATH`.
    known_by: what in a folder shows that it holds this set and nothing else, in words ("its
        WLASL_v0.3.json"); None if nothing does.
    clips: lists them. Raises SignletError if it is not this set, or its tables are damaged.
    read: one of its clips. Raises ClipError.
    """

    name: str
    known_by: Callable[[Path], str | None]
    clips: Callable[[Path], Listing]
    read: Callable[[ClipRef], Clip] = read_ref


@dataclass(frozen=True)
class Published:
    """A published set as a source.

    recognised: by what it was known, where the user did not name the layout; "" if he did.
    """

    layout: Layout
    root: Path
    signs: tuple[str, ...]
    recognised: str = ""

    @classmethod
    def open(cls, layout: Layout, root: Path, recognised: str = "") -> Published:
        """List the clips. Raises SignletError."""
        if not exists(root):
            raise SignletError(not_found_message(root))
        listing = layout.clips(root).checked(root)
        signs = tuple(sorted({ref.sign or "" for ref in listing.refs}))
        opened = cls(layout, root, signs, recognised)
        opened.__dict__["_listing"] = listing  # which may take long: not made a second time
        return opened

    @property
    def name(self) -> str:
        """Of the set."""
        return self.layout.name

    @cached_property
    def _listing(self) -> Listing:
        return self.layout.clips(self.root).checked(self.root)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes: how the set was recognised, which clips were left out, and what is unknown."""
        said = (
            f"{self.root} is read as {self.name} because of {self.recognised}; if it is a "
            f"folder of your own, give folder:{self.root}"
        )
        return tuple(([said] if self.recognised else []) + self._listing.notes())

    def refs(self) -> list[ClipRef]:
        """All clips that can be used."""
        return list(self._listing.refs)

    def read(self, ref: ClipRef) -> Clip:
        """Read one clip. Raises ClipError."""
        return self.layout.read(ref)

    def __reduce__(self) -> tuple[Any, ...]:
        # The listing, which may be long, is not sent to worker processes: they are given refs.
        return type(self), (self.layout, self.root, self.signs, self.recognised)


def clip_files(*folders: Path) -> dict[str, Path]:
    """Videos and landmark files right in the folders, by name without the ending.

    Of several files of one name the landmarks are taken, which need not be extracted any more,
    and then the one of the first folder. Folders that are not there hold nothing.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        if folder.is_dir():
            for name in sorted(os.listdir(folder)):
                path = folder / name
                if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                    first = found.setdefault(path.stem, path)
                    if _order(path) < _order(first):
                        found[path.stem] = path
    return found


def _order(path: Path) -> int:
    """Place among the endings that are read: landmarks before videos."""
    return SUFFIXES.index(path.suffix.lower())


def person(number: Any) -> str:
    """Name of a signer of that number; "" for None and -1, as some sets write "unknown"."""
    return "" if number in (None, -1) else str(number)


def distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Names of classes by number; one that several classes have gets the number behind it."""
    counts = Counter(names.values())
    return {n: f"{name} ({n})" if counts[name] > 1 else name for n, name in names.items()}


def subfolders(root: Path) -> list[Path]:
    """Folders in a folder, sorted, without hidden ones; none where it cannot be listed."""
    try:
        with os.scandir(root) as inside:  # quicker than asking of each path what it is
            names = [e.name for e in inside if e.is_dir() and not e.name.startswith(".")]
    except OSError:
        return []
    return [root / name for name in sorted(names)]
