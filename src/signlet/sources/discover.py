"""Discover clips: the file names below a root in, clips with sign, signer and split out.

Of a folder or an archive alike: only names are looked at here. A set is `<sign>/<file>`. Around
it may be the folders of a published split, and one folder that holds everything; in it folders
of signers or of a split. What could be read in two ways is refused, with the remedy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from signlet.errors import SignletError
from signlet.sources.branch import Branch
from signlet.sources.containers import is_container
from signlet.sources.named_clips import (
    NamedClip,
    by_pattern,
    no_clips,
    told_signers,
    with_sign_names,
)
from signlet.sources.pattern import NamePattern
from signlet.sources.pattern_hints import in_file_names, options
from signlet.sources.signers import PERSON, signers_of
from signlet.sources.splits import split_name
from signlet.sources.unused_files import Tree, count_of, left_aside, listed, one_line


def arranged(
    tree: Tree, root: object, names: NamePattern | None = None, *, wrapped: bool = False
) -> tuple[list[NamedClip], tuple[str, ...]]:
    """The clips of a tree, sorted by path, and notes on files skipped and on guesses.

    root: for messages. names: how the files are named, None for `<sign>/<signer>_<anything>`.
    wrapped: whether a lone folder that holds folders only is the set itself, packed whole.
    Raises SignletError, one line, if there is no clip, or if the signs are unclear.
    """
    if names is not None and (names.has("sign") or names.whole_path):
        return by_pattern(tree, root, names)
    branches = _branches(Branch(PurePosixPath(), tuple(sorted(tree.clips))), root, wrapped)
    found = [one for branch in branches for one in _clips_of(branch, root)]
    if not found:
        raise SignletError(no_clips(tree, root))
    found = with_sign_names(found)
    aside = left_aside(tree, [one.path for one in found], [branch.below for branch in branches])
    known, notes = _with_signers(found, names)
    split = _inner_note(branches)
    return known, (*aside, *[split] * bool(split), *notes)


# --- folders around the signs ----------------------------------------------------------------


def _branches(at: Branch, root: object, wrapped: bool) -> list[Branch]:
    """The folders that hold folders of signs, through containers and splits."""
    tops = _tops(at)
    if tops and all(map(is_container, tops)):
        _refuse_flat(at, tops, root)
        if len(tops) > 1:
            _refuse_several(at, tops, root)
        return _branches(_inside(at, tops[0]), root, wrapped)
    splits = _splits(at, tops, root)
    if splits:
        _refuse_flat(at, splits, root)
        parts = [
            replace(_inside(at, top), split=split_name(top), called=PurePosixPath(top))
            for top in splits
        ]
        return [branch for part in parts for branch in _branches(part, root, False)]
    if wrapped and len(tops) == 1 and _lone_is_wrapper(at, tops[0]):
        return _branches(_inside(at, tops[0]), root, False)
    return [at]


def _refuse_several(at: Branch, tops: Sequence[str], root: object) -> None:
    told = at.offered("{any}/{sign}/{signer}_{any}", "{any}/{sign}/{any}")
    how = f", or, if all are one set, say where the sign is in the path: {told}" if told else ""
    raise SignletError(
        f"{root}: holds {listed(tops)}, which are not signs; give one of these folders{how}; "
        "call the folders of a split train, val and test"
    )


def _splits(at: Branch, tops: Sequence[str], root: object) -> list[str]:
    """Folders of a published split, where all are such.

    Raises SignletError if others that hold clips are beside folders that must be a split's.
    """
    named = [top for top in tops if split_name(top)] if at.split is None else []
    if not named or len(named) == len(tops):
        return named
    if not any(_holds_signs(at, top, alone=len(named) == 1) for top in named):
        return []
    strays = [top for top in tops if top not in named]
    count = count_of(sum(len(p.parts) > 1 and p.parts[0] in strays for p in at.clips))
    raise SignletError(
        f"{root}: holds the folders of a split ({listed(named)}), and beside them others with "
        f"{count} ({listed(strays)}), which are in no split; move these into "
        f"{one_line(named[0])}/<sign>/ or another part of it, or out of {root} (call the "
        "folders of a split train, val and test)"
    )


def _holds_signs(at: Branch, top: str, *, alone: bool) -> bool:
    """Return True if a folder holds folders other than those of signers.

    alone: whether it is the only one called like a split, which with clips right in it is a sign.
    """
    clips = [path for path in at.clips if path.parts[0] == top]
    deep = [path for path in clips if len(path.parts) > 2]
    if not deep or (alone and any(len(path.parts) == 2 for path in clips)):
        return False
    return not (_personal(p.parts[1] for p in deep) and all(len(p.parts) == 3 for p in deep))


def _lone_is_wrapper(at: Branch, top: str) -> bool:
    """Return True if a lone folder is not a sign, split or signer."""
    clips = [path for path in at.clips if len(path.parts) > 1]
    inner = {path.parts[1] for path in clips if len(path.parts) > 2}
    if PERSON.fullmatch(top) or any(len(path.parts) == 2 for path in clips) or _personal(inner):
        return False
    return any(len(path.parts) > 3 for path in clips) or not all(map(split_name, inner))


def _tops(at: Branch) -> list[str]:
    return sorted({path.parts[0] for path in at.clips if len(path.parts) > 1})


def _inside(at: Branch, top: str) -> Branch:
    inner = tuple(p.relative_to(top) for p in at.clips if len(p.parts) > 1 and p.parts[0] == top)
    return replace(at, below=at.below / top, clips=inner)


def _refuse_flat(at: Branch, tops: Sequence[str], root: object) -> None:
    """Raise SignletError if the folders, which are not signs, hold clips only."""
    if any(len(path.parts) > 2 for path in at.clips):
        return
    count = sum(len(path.parts) == 2 for path in at.clips)
    which = listed((at.below / top).as_posix() for top in tops)
    named = in_file_names([path for path in at.clips if len(path.parts) == 2])
    told = [f"{options(named)} in the file's name"] if named else []
    folder = "" if any(map(split_name, tops)) else at.offered("{sign}/{any}")
    told += [f"{folder} in the folder's"] if folder else []
    raise SignletError(
        f"{root}: {count_of(count)} directly in {which}, which signlet does not take for "
        f"{'a sign' if len(tops) == 1 else 'signs'}; move them into {one_line(tops[0])}/<sign>/"
        f"{', or say where the sign is in the path: ' * bool(told)}{', or '.join(told)}"
    )


# --- one folder of folders of signs -------------------------------------------------------------


def _clips_of(branch: Branch, root: object) -> list[NamedClip]:
    """Clips in folders of signs, and in folders of signers or of a split in these."""
    level = _split_level(branch)
    if level is not None:
        return _around_splits(branch, level, root)
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


def _split_level(branch: Branch) -> int | None:
    """The level below the first on which every folder is called like a split's; None for none."""
    if branch.split is not None:
        return None
    for level in (1, 2):
        names = {path.parts[level] for path in branch.clips if len(path.parts) > level + 1}
        if names and all(map(split_name, names)):
            return level
    return None


def _around_splits(branch: Branch, level: int, root: object) -> list[NamedClip]:
    """Clips of folders that contain the folders of a split: read as if these were not there."""
    inside: dict[str, list[PurePosixPath]] = defaultdict(list)
    rest = []
    for path in branch.clips:
        if len(path.parts) > level + 1:
            parts = path.parts
            inside[parts[level]].append(PurePosixPath(*parts[:level], *parts[level + 1 :]))
        else:
            rest.append(path)
    found = _clips_of(replace(branch, clips=tuple(rest)), root) if rest else []
    for name, clips in sorted(inside.items()):
        part = replace(branch, clips=tuple(clips), split=split_name(name), inner=(level, name))
        found += _clips_of(part, root)
    return sorted(found, key=lambda one: one.path)


def _inner_note(branches: Sequence[Branch]) -> str:
    """On folders of a split that are in those of the signs."""
    names, without = set(), 0
    for branch in branches:
        level = _split_level(branch)
        if level is not None:
            inner = [path for path in branch.clips if len(path.parts) > level + 1]
            names |= {path.parts[level] for path in inner}
            without += len(branch.clips) - len(inner)
    lie = "is" if without == 1 else "are"
    rest = f"; {count_of(without)} {lie} in none of them" if without else ""
    return f"the folders {listed(sorted(names))} are taken as a split{rest}" if names else ""


def _refuse_signers(branch: Branch, flat: Sequence[PurePosixPath], root: object) -> None:
    if flat and _personal(tops := {path.parts[0] for path in flat}):
        told = branch.offered("{signer}/{sign}_{any}") or branch.offered("{signer}/{sign}")
        how = (
            (f"; say where the sign is in the path:  {told}")
            if told
            else "; name them after the signs"
        )
        raise SignletError(
            f"{root}: its folders are named like signers ({listed(sorted(tops))}), not like "
            f"signs{how}"
        )


def _whole_level(branch: Branch, deep: Sequence[PurePosixPath], root: object) -> list[NamedClip]:
    """All clips are in folders of folders: one of the two levels is that of the signers."""
    first, second = ({path.parts[level] for path in deep} for level in (0, 1))
    if _personal(first) == _personal(second):
        raise SignletError(_either(branch, sorted(first), sorted(second), root))
    sign, signer = (0, 1) if _personal(second) else (1, 0)
    return [_found(branch, path, path.parts[sign], path.parts[signer]) for path in deep]


def _either(branch: Branch, first: list[str], second: list[str], root: object) -> str:
    split = ""
    if any(split_name(name) for name in first):
        split = "; call the folders of a split train, val and test"
    lone = f"if the inner ones are, give {root}/{branch.below / one_line(first[0])}; "
    both = ("{sign}/{signer}/{any}", "{signer}/{sign}/{any}")
    told = "" if any(map(split_name, first)) else branch.offered(*both)
    return (
        f"{root}: holds folders ({listed(first)}) that contain folders ({listed(second)}), and "
        f"either may be the signs; {lone if len(first) == 1 else ''}"
        f"{f'tell it by {told}' if told else 'name those of signers signer1, signer2'}{split}"
    )


def _personal(names: Iterable[str]) -> bool:
    return all(PERSON.fullmatch(name) for name in names)


def _found(branch: Branch, path: PurePosixPath, sign: str, signer: str | None) -> NamedClip:
    whole = branch.whole(path)
    name = (branch.called / whole).as_posix()
    return NamedClip(branch.below / whole, name, sign, signer, branch.split)


def signers_below(
    paths: Sequence[PurePosixPath], names: NamePattern | None = None
) -> tuple[list[str | None], str]:
    """Signers of files in folders of any layout, None if unknown, and a note or "".

    paths: below the root. names: how they are named; where None, as for `arranged`, except that
    a folder that is called like a signer is one at any depth.
    Raises SignletError if `names` has no {signer}, or no file fits.
    """
    if names is not None and not names.has("signer"):
        raise SignletError(f"--names {names.text}: has no {{signer}}")
    if names is not None:
        return told_signers(paths, names)
    people = [next(filter(PERSON.fullmatch, path.parent.parts), None) for path in paths]
    rest = [path for path, who in zip(paths, people, strict=True) if who is None]
    found, note = signers_of(
        [(path.parent.name or None, path.name) for path in rest], len(paths) - len(rest)
    )
    others = iter(found)
    return [who if who is not None else next(others) for who in people], note


def _with_signers(
    found: Sequence[NamedClip], names: NamePattern | None
) -> tuple[list[NamedClip], list[str]]:
    """With the signers that the files' names tell, where no folder did; and notes."""
    rest = [one for one in found if one.signer is None]
    if names is None:
        people, note = signers_of(
            [(one.sign, one.path.name) for one in rest], len(found) - len(rest)
        )
    else:
        people, note = told_signers([one.path for one in rest], names)
    known = {one.path: who for one, who in zip(rest, people, strict=True)}
    folders = sorted({one.signer for one in found if one.signer is not None})
    by_folder = f"the folders {listed(folders)} are taken as signers" if folders else ""
    return (
        [one if one.signer else replace(one, signer=known[one.path]) for one in found],
        [said for said in (by_folder, note) if said],
    )
