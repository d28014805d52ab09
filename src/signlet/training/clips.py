"""The clips that a training takes: packed already, or packed into its run folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from signlet.errors import SignletError
from signlet.evaluation.predict import is_packed
from signlet.pack import PackedSet, pack
from signlet.runs.folder import RunFolder
from signlet.sources import Source, open_source, with_videos
from signlet.training.gather import refuse_other_clips, refuse_other_source
from signlet.training.listed import ListedClips
from signlet.training.progress import Events
from signlet.training.settings import Recipe

Data = str | Path | Source | PackedSet
"""Clips: where they or a packed set are, as `open_source` takes it, or one that is open."""


def packed_clips(
    data: Data | None,
    recipe: Recipe,
    run: Path,
    jobs: int = -1,
    events: Events | None = None,
    columns: str | None = None,
    names: str | None = None,
    check: Callable[[ListedClips], object] | None = None,
) -> PackedSet:
    """A packed set as it is, or the clips of a source packed into the run folder.

    data: None for the recipe's own. jobs: processes, -1 for one per core.
    columns, names: as in `open_source`. check: raises SignletError, before a clip is read, if a
        source's list of clips does not allow what they are for.
    Raises SignletError if there are no clips, they are packed for another length, or the run
    is of others.
    """
    data = data or recipe.packing.default_source
    if not data:
        raise SignletError("--data is missing: name a directory of clips or a packed data set")
    if isinstance(data, str | Path) and is_packed(data, columns, names):
        data = PackedSet.open(data)
    if isinstance(data, PackedSet):
        return _of_length(data, recipe.packing.max_len)
    source = open_source(data, columns, names) if isinstance(data, str | Path) else data
    where = source.name if source is data else str(data)
    refuse_other_source(RunFolder(run), source)
    if check is not None:
        check(ListedClips.of(source))
    return _packed(source, where, recipe, RunFolder(run), jobs, events or Events())


def _of_length(packed: PackedSet, max_len: int) -> PackedSet:
    if packed.max_len != max_len:
        raise SignletError(
            f"{packed.path}: packed with max_len {packed.max_len}, the recipe has "
            f"{max_len}; pack again or set --packing.max_len {packed.max_len}"
        )
    return packed


def _packed(
    source: Source, where: str, recipe: Recipe, run: RunFolder, jobs: int, events: Events
) -> PackedSet:
    for note in source.notes:
        events.note(f"{note}.")
    if with_videos(source):
        events.extract(source, where, jobs)
    events.line(f"Packing the clips of {where} ...")
    there = run.has_packed
    length, dtype = recipe.packing.max_len, recipe.packing.dtype
    packed = pack(source, run.packed, length, jobs=jobs, dtype=dtype, progress=events.bar)
    try:
        refuse_other_clips(run, packed)
    except SignletError:
        if not there:  # the run would be taken for one of these clips
            shutil.rmtree(packed.path, ignore_errors=True)
        raise
    known = sorted(set(packed.signers) - {""})
    events.line(
        f"{len(packed.names):,} clips, {len(packed.signs)} signs, {len(known)} signers; "
        f"{packed.skipped.num_rows} skipped."
    )
    return packed
