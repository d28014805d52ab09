"""Which files below a root are clips, of which sign, by whom; and what is left aside.

Of a folder or an archive alike: only names are looked at here. A set is `<sign>/<file>`. Around
it may lie the folders of a published split, and one folder that holds everything; in it folders
of signers. What could be read in two ways is refused, with the remedy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from signlet.errors import SignletError
from signlet.sources.leftover import Tree, count_of, left_aside, listed, one_line
from signlet.sources.pattern import NamePattern
from signlet.sources.signers import PERSON, signers_of
from signlet.sources.told import Found, by_pattern, no_clips, told_signers
from signlet.splits import split_name

_HERE = PurePosixPath()
_CONTAINERS = frozenset(
    (
        *("clip", "clips", "video", "videos", "vid", "vids", "movie", "movies", "media"),
        *("recording", "recordings", "sample", "samples", "data", "dataset", "datasets"),
        *("landmark", "landmarks", "keypoints", "pose", "poses", "raw", "processed", "extracted"),
        *("sign", "signs", "gesture", "gestures", "words", "glosses", "file", "files"),
        *("export", "exports", "output", "out", "npz", "npy", "mp4", "parquet"),
    )
)
"""Names of folders that hold clips of any signs; as words they are hardly signs."""


@dataclass(frozen=True)
class _Branch:
    """A folder of folders of signs. clips: paths below it; called: begins their names."""

    below: PurePosixPath
    clips: tuple[PurePosixPath, ...]
    split: str | None = None
    called: PurePosixPath = _HERE


def arranged(
    tree: Tree, root: object, names: NamePattern | None = None, *, wrapped: bool = False
) -> tuple[list[Found], tuple[str, ...]]:
    """The clips of a tree, sorted by path, and notes on what is left aside or only supposed.

    root: for messages. names: how the files are named, None for `<sign>/<signer>_<anything>`.
    wrapped: whether a lone folder that holds folders only is the set itself, packed whole.
    Raises SignletError, one line, where there is no clip, or signs cannot be told.
    """
    if names is not None and (names.has("sign") or names.whole_path):
        return by_pattern(tree, root, names)
    branches = _branches(_Branch(_HERE, tuple(sorted(tree.clips))), root, wrapped)
    found = [one for branch in branches for one in _clips_of(branch, root)]
    if not found:
        raise SignletError(no_clips(tree, root))
    aside = left_aside(tree, [one.path for one in found], [branch.below for branch in branches])
    known, notes = _with_signers(found, names)
    return known, (*aside, *notes)


# --- folders around the signs ----------------------------------------------------------------


def _branches(at: _Branch, root: object, wrapped: bool) -> list[_Branch]:
    """The folders that hold folders of signs, through containers and splits."""
    tops = _tops(at)
    if tops and all(top.lower() in _CONTAINERS for top in tops):
        _refuse_flat(at, tops, root)
        if len(tops) > 1:
            raise SignletError(
                f"{root}: holds {listed(tops)}, which are no signs; give one of these folders"
            )
        return _branches(_inside(at, tops[0]), root, wrapped)
    splits = _splits(at, tops)
    if splits:
        _refuse_flat(at, splits, root)
        parts = [
            replace(_inside(at, top), split=split_name(top), called=PurePosixPath(top))
            for top in splits
        ]
        return [branch for part in parts for branch in _branches(part, root, False)]
    if wrapped and len(tops) == 1 and _lone_is_wrapper(at):
        return _branches(_inside(at, tops[0]), root, False)
    return [at]


def _splits(at: _Branch, tops: Sequence[str]) -> list[str]:
    """Folders of a published split: where all are such, or two of them are, and they alone hold
    folders."""
    named = [top for top in tops if split_name(top)] if at.split is None else []
    deep = {path.parts[0] for path in at.clips if len(path.parts) > 2}
    alone = len(named) > 1 and bool(deep) and deep <= set(named)
    return named if alone or len(named) == len(tops) else []


def _lone_is_wrapper(at: _Branch) -> bool:
    deep = all(len(path.parts) > 2 for path in at.clips if len(path.parts) > 1)
    return deep and not _personal({path.parts[1] for path in at.clips if len(path.parts) > 2})


def _tops(at: _Branch) -> list[str]:
    return sorted({path.parts[0] for path in at.clips if len(path.parts) > 1})


def _inside(at: _Branch, top: str) -> _Branch:
    inner = tuple(p.relative_to(top) for p in at.clips if len(p.parts) > 1 and p.parts[0] == top)
    return replace(at, below=at.below / top, clips=inner)


def _refuse_flat(at: _Branch, tops: Sequence[str], root: object) -> None:
    """Raise SignletError where the folders, which are no signs, hold clips only."""
    if any(len(path.parts) > 2 for path in at.clips):
        return
    count = sum(len(path.parts) == 2 for path in at.clips)
    which = listed((at.below / top).as_posix() for top in tops)
    raise SignletError(
        f"{root}: {which} {'is' if len(tops) == 1 else 'are'} taken for no sign, with "
        f"{count_of(count)} and no folder for each sign; move them into {one_line(tops[0])}/"
        "<sign>/, or tell where the sign stands: --names '{sign}_{any}' in the file's name, "
        "'{sign}/{any}' in the folder's"
    )


# --- one folder of folders of signs -------------------------------------------------------------


def _clips_of(branch: _Branch, root: object) -> list[Found]:
    """Clips in folders of signs, and in folders of signers in these."""
    flat = [path for path in branch.clips if len(path.parts) == 2]
    deep = [path for path in branch.clips if len(path.parts) == 3]
    _refuse_signers(branch, flat, root)
    if deep and not flat:
        return _whole_level(branch, deep, root)
    found = [_found(branch, path, path.parts[0], None) for path in flat]
    people: dict[str, set[str]] = defaultdict(set)
    for path in deep:
        people[path.parts[0]].add(path.parts[1])
    taken = [path for path in deep if _personal(people[path.parts[0]])]
    found += [_found(branch, path, path.parts[0], path.parts[1]) for path in taken]
    return sorted(found, key=lambda one: one.path)


def _refuse_signers(branch: _Branch, flat: Sequence[PurePosixPath], root: object) -> None:
    if flat and _personal(tops := {path.parts[0] for path in flat}):
        raise SignletError(
            f"{root}: its folders are called like signers ({listed(sorted(tops))}), not like "
            "signs; tell where the sign stands: --names '{signer}/{sign}_{any}'"
        )


def _whole_level(branch: _Branch, deep: Sequence[PurePosixPath], root: object) -> list[Found]:
    """All clips lie in folders of folders: one of the two levels is that of the signers."""
    first, second = ({path.parts[level] for path in deep} for level in (0, 1))
    if _personal(first) == _personal(second):
        raise SignletError(_either(branch, sorted(first), sorted(second), root))
    sign, signer = (0, 1) if _personal(second) else (1, 0)
    return [_found(branch, path, path.parts[sign], path.parts[signer]) for path in deep]


def _either(branch: _Branch, first: list[str], second: list[str], root: object) -> str:
    split = ""
    if any(split_name(name) for name in first):
        split = "; the folders of a split are called train, val and test"
    lone = f"if the inner ones are, give {root}/{branch.below / one_line(first[0])}; "
    return (
        f"{root}: holds folders ({listed(first)}) of folders ({listed(second)}), and either may be "
        f"the signs; {lone if len(first) == 1 else ''}tell it by --names "
        f"'{{sign}}/{{signer}}/{{any}}' or '{{signer}}/{{sign}}/{{any}}'{split}"
    )


def _personal(names: Iterable[str]) -> bool:
    return all(PERSON.fullmatch(name) for name in names)


def _found(branch: _Branch, path: PurePosixPath, sign: str, signer: str | None) -> Found:
    name = (branch.called / path).as_posix()
    return Found(branch.below / path, name, sign, signer, branch.split)


def signers_below(
    paths: Sequence[PurePosixPath], names: NamePattern | None = None
) -> tuple[list[str | None], str]:
    """Signers of files in folders of any layout, None where unknown, and a note or "".

    paths: below the root. names: how they are named; where None, as for `arranged`, except that
    a folder that is called like a signer is one at any depth.
    Raises SignletError where `names` tells no signer, or no file fits.
    """
    if names is not None and not names.has("signer"):
        raise SignletError(f"--names {names.text}: tells no {{signer}}")
    if names is not None:
        return told_signers(paths, names)
    people = [next(filter(PERSON.fullmatch, path.parent.parts), None) for path in paths]
    rest = [path for path, who in zip(paths, people, strict=True) if who is None]
    found, note = signers_of([(path.parent.name or None, path.name) for path in rest])
    others = iter(found)
    return [who if who is not None else next(others) for who in people], note


def _with_signers(
    found: Sequence[Found], names: NamePattern | None
) -> tuple[list[Found], list[str]]:
    """With the signers that the files' names tell, where no folder did; and notes."""
    rest = [one for one in found if one.signer is None]
    if names is None:
        people, note = signers_of([(one.sign, one.path.name) for one in rest])
    else:
        people, note = told_signers([one.path for one in rest], names)
    known = {one.path: who for one, who in zip(rest, people, strict=True)}
    folders = sorted({one.signer for one in found if one.signer is not None})
    by_folder = f"the folders {listed(folders)} are taken for signers" if folders else ""
    return (
        [one if one.signer else replace(one, signer=known[one.path]) for one in found],
        [said for said in (by_folder, note) if said],
    )
