"""Clips named by the user's pattern `--names`: file names in, sign, signer and split out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from signlet.errors import SignletError
from signlet.sources.files import ENDINGS
from signlet.sources.pattern import NamePattern
from signlet.sources.pattern_hints import below, fitting, in_file_names, options
from signlet.sources.sign_names import SignNames
from signlet.sources.splits import split_name
from signlet.sources.unused_files import Tree, count_of, left_aside, listed, one_line, some_pipes


@dataclass(frozen=True)
class NamedClip:
    """A clip's file. path: below the root. name: unique. signer: None if unknown."""

    path: PurePosixPath
    name: str
    sign: str
    signer: str | None
    split: str | None = None


def with_sign_names(found: Sequence[NamedClip]) -> list[NamedClip]:
    """With the signs' names in their one form. Raises SignletError, which names all that are
    not."""
    names = SignNames()
    named = [names.of(one.sign, str(one.path)) for one in found]
    names.refuse()
    return [
        one if one.sign == name else replace(one, sign=name)
        for one, name in zip(found, named, strict=True)
    ]


def by_pattern(
    tree: Tree, root: object, names: NamePattern
) -> tuple[list[NamedClip], tuple[str, ...]]:
    """Clips at any depth, sign and signer by a pattern, and notes on files skipped.

    Raises SignletError if no clip fits.
    """
    if not names.has("sign"):
        raise SignletError(f"--names {names.text}: has a slash, but no {{sign}}; add it")
    if not tree.clips:
        raise SignletError(no_clips(tree, root))
    paths = sorted(tree.clips)
    tops = {path.parts[0] for path in paths}
    splits = all(split_name(top) for top in tops) and all(len(path.parts) > 1 for path in paths)
    found, misfits = [], []
    for path in paths:
        value = names.match(path)
        if value is None:
            misfits.append(path)
            continue
        split = value.get("split") or (split_name(path.parts[0]) if splits else None)
        found.append(NamedClip(path, path.as_posix(), value["sign"], value.get("signer"), split))
    if not found:
        raise SignletError(_none_fits(paths, names, f"{root}: "))
    found = with_sign_names(found)
    if not names.has("split"):
        _refuse_splits(found, names, root)
    notes = left_aside(tree, paths, [PurePosixPath()])
    if misfits:
        notes.append(
            f"{len(misfits)} of {count_of(len(paths))} skipped, because their names do not "
            f"match --names {names.text}: {listed(path.as_posix() for path in misfits)}"
        )
    return found, tuple(notes)


def _refuse_splits(found: Sequence[NamedClip], names: NamePattern, root: object) -> None:
    """Raise SignletError if the folders of a split, which hold folders, would be signs."""
    inner = [one for one in found if len(one.path.parts) > 2 and one.path.parts[0] == one.sign]
    wrong = sorted({one.sign for one in inner if split_name(one.sign)})
    if wrong:
        raise SignletError(
            f"{root}: --names {names.text} takes {listed(wrong)} for signs; if these are the "
            "folders of a split, write {split} instead"
        )


def told_signers(
    paths: Sequence[PurePosixPath], names: NamePattern
) -> tuple[list[str | None], str]:
    """Signers as a pattern tells them, None for names that do not fit, and a note on these.

    Raises SignletError if none fits.
    """
    values = [names.match(path) for path in paths]
    misfits = [path for path, value in zip(paths, values, strict=True) if value is None]
    if paths and len(misfits) == len(paths):
        raise SignletError(_none_fits(paths, names))
    note = ""
    if misfits:
        note = (
            f"the signer of {len(misfits)} of {count_of(len(paths))} is unknown: the names do "
            f"not match --names {names.text}: {listed(path.as_posix() for path in misfits)}"
        )
    return [None if value is None else value.get("signer") for value in values], note


def _none_fits(paths: Sequence[PurePosixPath], names: NamePattern, before: str = "") -> str:
    what = "path" if names.whole_path else "name"
    shown = paths[0].with_suffix("").as_posix() if names.whole_path else paths[0].stem
    return (
        f"{before}none of {count_of(len(paths))} matches --names {names.text}; a {what} looks "
        f"like {one_line(shown)}"
    )


def no_clips(tree: Tree, root: object) -> str:
    """Return why a folder or archive is not a set of clips, and where its clips are."""
    loose = [path for path in tree.clips if len(path.parts) == 1]
    expected = f"expected <sign>/<signer>_<anything> ending in {ENDINGS}"
    if loose:
        named = in_file_names(loose)
        told = f"; if the file names contain the sign: {options(named)}" if named else ""
        count = count_of(len(loose))
        return f"{root}: contains {count}, but no folder for each sign; {expected}{told}"
    if tree.clips:
        first, count = min(tree.clips), count_of(len(tree.clips))
        above = below(PurePosixPath(*first.parts[:-2]), "")
        fits = fitting(
            tree.clips, [f"{above}{{sign}}/{last}" for last in ("{signer}_{any}", "{any}")]
        )
        told = f", or name the layout: {options(fits[:1])}" if fits else ""
        return (
            f"{root}: contains no clips in folders of signs, but {count} deeper, such "
            f"as {one_line(first.as_posix())}; give the folder that contains the folders of "
            f"signs{told}"
        )
    endings = Counter(path.suffix.lower() or "no ending" for path in tree.others)
    found = f"; its files end in {listed(endings)}" if endings else ""
    if tree.pipes:
        found += f"; {some_pipes(tree.pipes)}"
    return f"{root}: contains no clips; {expected}{found}"
