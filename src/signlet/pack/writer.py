"""Pack a source: in parallel, resumable, complete or not there at all."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

from joblib import effective_n_jobs

from signlet import landmarks
from signlet.errors import SignletError
from signlet.modelfile import MAX_SIZE
from signlet.pack import layout
from signlet.pack.cluster import write_on_cluster
from signlet.pack.layout import Settings
from signlet.pack.merge import merge
from signlet.pack.reader import PackedSet
from signlet.pack.resume import prepare
from signlet.pack.shard import Shard, write_shard
from signlet.running.bars import Bars, Step, bars_for
from signlet.running.lock import only_one
from signlet.running.workers import delayed_here, in_processes
from signlet.sources import ClipRef, Source
from signlet.text.names import sign_name, signer_name

SHARD_CLIPS = 256
"""Clips in a shard: what a kill loses at most per job, half a second's work. Fixed, so that any
number of jobs can resume what any other number left behind."""
BACKENDS = ("local", "ray")
_BUSY = "another command is packing clips into this folder; wait for it, or choose another folder"

Work = tuple[Shard, list[ClipRef]]
"""A shard and the clips that belong into it."""


def pack(
    source: Source,
    out: str | Path,
    max_len: int,
    *,
    jobs: int = -1,
    dtype: str = "float32",
    progress: Bars | bool = False,
    backend: str = "local",
    address: str | None = None,
) -> PackedSet:
    """Read and preprocess all clips of a source into the directory `out`.

    max_len: most frames a clip keeps, see `Preprocess`.
    jobs: worker processes, -1 for one per core (ray: per free CPU of the cluster).
    dtype: of the stored frames, "float32" or "float16" (half the size, errors up to 1e-3).
    progress: True shows a bar where the output is a terminal; or `signlet.running.bars.Bars`.
    backend: "local" for processes of this machine, "ray" for those of an existing Ray cluster
        whose nodes all see the clips and `out` under the same names.
    address: of the Ray cluster; None for the one in RAY_ADDRESS or on this machine.
    The result is the same bit for bit with any backend and any number of jobs.
    An interrupted pack goes on where it stopped when it is called again; a complete one of
    the same clips and settings is opened at once. A clip that cannot be read or holds no
    landmark is left out and listed with its reason in `skipped.parquet`.
    Raises SignletError for unusable settings, a directory that holds anything else, a place
    that cannot be written to, a cluster that cannot be used, or where not one clip could be
    packed.
    """
    out = Path(out)
    _check_backend(backend, address)
    refs = source.refs()
    settings = _settings(source, refs, max_len, jobs, dtype)
    if (out / layout.HEADER).exists():
        return _complete(out, settings)
    with only_one(out, _BUSY):
        if (out / layout.HEADER).exists():  # the other one was at its end
            return _complete(out, settings)
        prepare(out, settings)
        shards = _shards(refs, out / layout.SHARDS)
        _write_shards(source, shards, settings, jobs, bars_for(progress), backend, address)
        merge([shard for shard, _ in shards], out, settings)
        shutil.rmtree(out / layout.SHARDS, ignore_errors=True)
    return PackedSet.open(out)


def _settings(source: Source, refs: list[ClipRef], max_len: int, jobs: int, dtype: str) -> Settings:
    if not 2 <= max_len <= MAX_SIZE:
        raise SignletError(f"max_len is {max_len}; give 2 or more frames, at most {MAX_SIZE:,}")
    if jobs == 0 or jobs < -1:
        raise SignletError(f"jobs is {jobs}; give 1 or more, or -1 for one per core")
    if dtype not in layout.DTYPES:
        raise SignletError(f"dtype is {dtype}; choose {' or '.join(layout.DTYPES)}")
    if not refs:
        raise SignletError(f"{source.name}: contains no clips, so there is nothing to pack")
    for signer in {ref.signer for ref in refs}:
        signer_name(signer, source.name)
    for sign in source.signs:
        sign_name(sign, source.name)
    for what, names in (("sign", source.signs), ("clip", [ref.name for ref in refs])):
        if len(set(names)) < len(names):
            twice = next(name for name, count in Counter(names).items() if count > 1)
            raise SignletError(f"{source.name}: lists the {what} {twice!r} twice; give it once")
    unknown = {ref.sign for ref in refs if ref.sign is not None} - set(source.signs)
    if unknown:
        raise SignletError(f"{source.name}: does not list the sign {min(unknown)!r} of its clips")
    return Settings(
        format_version=layout.FORMAT_VERSION,
        schema=landmarks.SCHEMA,
        source=source.name,
        signs=tuple(source.signs),
        max_len=max_len,
        dtype=dtype,
        fingerprint=layout.fingerprint(refs),
    )


def _complete(out: Path, settings: Settings) -> PackedSet:
    """The pack that is there, where it is the one that was asked for."""
    packed = PackedSet.open(out)
    difference = packed.header.settings.difference(settings)
    if difference:
        raise SignletError(
            f"{out}: already contains a packed set of {difference}; "
            "choose another directory or delete this one"
        )
    shutil.rmtree(out / layout.SHARDS, ignore_errors=True)
    return packed


def _shards(refs: list[ClipRef], folder: Path) -> list[Work]:
    starts = range(0, len(refs), SHARD_CLIPS)
    return [
        (Shard(folder, number), refs[start : start + SHARD_CLIPS])
        for number, start in enumerate(starts)
    ]


def _check_backend(backend: str, address: str | None) -> None:
    if backend not in BACKENDS:
        raise SignletError(f"backend is {backend}; choose {' or '.join(BACKENDS)}")
    if address is not None and backend != "ray":
        raise SignletError(f"--address {address}: works only with a cluster; add --backend ray")


def _write_shards(
    source: Source,
    shards: list[Work],
    settings: Settings,
    jobs: int,
    progress: Bars,
    backend: str,
    address: str | None,
) -> None:
    """Write those that are not finished."""
    to_do = [(shard, refs) for shard, refs in shards if not shard.table.exists()]
    clips = sum(len(refs) for _, refs in shards)
    left = sum(len(refs) for _, refs in to_do)
    with progress("packing", clips, clips - left) as advance:
        if to_do and backend == "ray":
            write_on_cluster(source, to_do, settings, jobs, address, advance)
        elif to_do:
            _write_here(source, to_do, settings, jobs, advance)


def _write_here(
    source: Source,
    work: list[Work],
    settings: Settings,
    jobs: int,
    advance: Step,
) -> None:
    task = delayed_here(write_shard)
    calls = (task(source, refs, shard, settings.max_len, settings.dtype) for shard, refs in work)
    workers = min(effective_n_jobs(jobs), len(work))
    for done in in_processes(calls, workers, "finished clips are kept"):
        advance(done)
