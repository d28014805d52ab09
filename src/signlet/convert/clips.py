"""Read clips as what they mean, and write them so that everybody reads them so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signlet.clip import Clip, require_landmarks
from signlet.clip.points import Part
from signlet.convert.output_paths import claim, describe, places
from signlet.errors import ClipError, SignletError
from signlet.files.missing_path import exists
from signlet.landmarks import IRIS_FACE, RAW_PARTS
from signlet.meaning import Change, Fault, Look, Verdict, look_at, of_set, suspected
from signlet.meaning.change import NOTHING, together
from signlet.meaning.handedness import MOST_OF
from signlet.running.lock import only_one
from signlet.running.temporary import sweep_below
from signlet.sources import ClipRef, Source, read_clip, read_ref, write_clip
from signlet.sources.arrays import read_npy, read_npz
from signlet.sources.files import Reader

_BUSY = "another command is converting clips into this folder; wait for it, or choose another one"
Found = tuple[tuple[Fault, ...], Look]
"""The faults of a clip, and its handedness."""
_UNREAD = Look(float("nan"), float("nan"), float("nan"), placed=False)
_ALIKE = (
    *("order", "axes", "pixels", "span", "flip_x", "flip_y", "flip_z"),
    *("without_z", "swap_hands", "swap_pose", "mirror"),
)
_ARRAYS = {".npz": read_npz, ".npy": read_npy}


@dataclass
class Converted:
    """The result of converting a set.

    where: what to give to other commands. written: clips that were written; there: that had
    been. done: flags -> clips that were changed so. left: what still looks wrong, and in how
    many clips. bad: clips that cannot be read, a line each.
    """

    where: Path
    written: int = 0
    there: int = 0
    done: Counter[str] = field(default_factory=Counter)
    left: Counter[Fault] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list, repr=False)


def convert_set(
    source: Source,
    out: Path,
    change: Change | None,
    given: str,
    tick: Callable[[], None] = lambda: None,
) -> Converted:
    """Write every clip of a source to `<sign>/<signer>_<name>.npz` below `out`.

    change: what to do to each; None for what is found in each. given: what the user calls the
    source, for the record. tick: called after each clip, twice where each is looked at first.
    A conversion that was stopped goes on where it was. Sign, signer and split stay, in a
    `manifest.csv` where the names of files do not tell them; frame rates stay in the files.
    A clip that cannot be read is left out, and the result lists it.
    Raises SignletError if there are no clips, or `out` holds anything else.
    """
    refs = source.refs()
    if not refs:
        raise SignletError(f"{given}: contains no clips")
    with only_one(out, _BUSY):
        claim(out, {"from": given, "flags": "--auto" if change is None else change.flags()})
        return _convert(source, refs, out, change, tick)


def _convert(
    source: Source,
    refs: Sequence[ClipRef],
    out: Path,
    change: Change | None,
    tick: Callable[[], None],
) -> Converted:
    sweep_below(out, 1)
    result = Converted(out)
    changes = _found_in_set(source, refs, tick) if change is None else [change] * len(refs)
    kept = []
    for ref, path, one in zip(refs, places(refs), changes, strict=True):
        if _one(source, ref, out / path, one, result):
            kept.append((ref, path))
        tick()
    if kept:
        result.where = describe(out, [ref for ref, _ in kept], [path for _, path in kept])
    verdict = _verdict(result.found)
    for own, _ in result.found:
        result.left.update(verdict.faults(own))
    if verdict.together:
        result.left[verdict.together[0]] = len(kept)
    return result


def _found_in_set(
    source: Source, refs: Sequence[ClipRef], tick: Callable[[], None]
) -> list[Change]:
    """Find the change that corrects each clip: from the clip itself, or else from the whole set.

    Reads all clips once.
    """
    found = []
    for ref in refs:
        try:
            found.append(_look(source.read(ref)))
        except ClipError:  # told when it is to be written
            found.append(((), _UNREAD))
        tick()
    verdict = _verdict([one for one in found if one[1] is not _UNREAD])
    usual = _usual([_mends(verdict.faults(own)) for own, look in found if own or look.placed])
    return [
        usual if not own and not look.placed else _mends(verdict.faults(own)) for own, look in found
    ]


def _usual(told: Sequence[Change]) -> Change:
    """Return the change that corrects nearly all known clips; the rest gets it, too.

    Only what a program does to all clips alike.
    """
    counts = Counter(replace(NOTHING, **{of: getattr(one, of) for of in _ALIKE}) for one in told)
    change, count = (counts.most_common(1) or [(NOTHING, 0)])[0]
    return change if count >= MOST_OF * len(told) else NOTHING


def _verdict(found: Sequence[Found]) -> Verdict:
    return of_set([([fault.phrase for fault in own], look) for own, look in found])


def _one(source: Source, ref: ClipRef, out: Path, change: Change, result: Converted) -> bool:
    try:
        if out.exists():
            result.there += 1
            result.found.append(_look(read_clip(out)))
            return True
        clip = _changed(source, ref, change)
        require_landmarks(clip.frames, ref.name)
    except ClipError as error:
        result.bad.append(str(error))
        return False
    write_clip(clip, out)
    result.written += 1
    result.done[change.flags()] += 1
    result.found.append(_look(clip))
    return True


def _look(clip: Clip) -> Found:
    return suspected(clip.frames), look_at(clip.frames)


def _changed(source: Source, ref: ClipRef, change: Change) -> Clip:
    own = ref.path.suffix.lower() in _ARRAYS and exists(ref.path)  # in a .zip it is none
    if change.order and own:
        return _as(partial(read_ref, ref), ref.path, change)
    return _by(change, source.read(ref))


def found_in(clip: Clip) -> Change:
    """Return the change that corrects the faults of a clip."""
    return _mends(suspected(clip.frames))


def _mends(faults: Sequence[Fault]) -> Change:
    return together([fault.change for fault in faults if fault.change])


def _by(change: Change, clip: Clip) -> Clip:
    if change == NOTHING:
        return clip
    return _with(clip, change(clip.frames, clip.name))


def _with(clip: Clip, frames: NDArray[np.float32]) -> Clip:
    """The same recording, which lasts as long in fewer frames."""
    if clip.fps and len(frames) != len(clip.frames):
        clip = replace(clip, fps=clip.fps * len(frames) / len(clip.frames))
    return replace(clip, frames=frames)


def convert_file(path: Path, out: Path, change: Change | None) -> Converted:
    """Write one clip, `.npz` or `.parquet`; see `convert_set`.

    Raises SignletError if it cannot be read or written, or `out` is the file itself.
    """
    if out.exists() and out.resolve() == path.resolve():
        raise SignletError(f"{out}: is the clip itself; name another file to write")
    clip, did = read_as(path, change)
    require_landmarks(clip.frames, str(path))
    write_clip(clip, out)
    return Converted(out, 1, done=Counter([did.flags()]), left=Counter(suspected(clip.frames)))


def read_as(path: Path, change: Change | None) -> tuple[Clip, Change]:
    """A clip as what it means, and what was done for that. change: None for what is found.

    Raises ClipError as `read_clip`.
    """
    if change is None:
        change = found_in(read_clip(path))
    if change.order and path.suffix.lower() in _ARRAYS:
        return _as(partial(read_clip, path, None), path, change), change
    return _by(change, read_clip(path)), change


def _as(read: Callable[[Reader], Clip], path: Path, change: Change) -> Clip:
    """A clip of an array in another order, whose face may have 478 points.

    The order is needed while it is read: which points are the irises depends on it.
    """
    reader = _ARRAYS[path.suffix.lower()]
    faces = [rows.stop - rows.start for part, rows in RAW_PARTS.items() if part == "face"]
    try:
        clip = read(partial(reader, parts=_parts(change.order or (), faces[0])))
    except ClipError:
        clip = read(partial(reader, parts=_parts(change.order or (), IRIS_FACE)))
    rest = replace(change, order=None)
    return _with(clip, rest(clip.frames, clip.name))


def _parts(order: tuple[str, ...], face: int) -> tuple[Part, ...]:
    sizes = {part: rows.stop - rows.start for part, rows in RAW_PARTS.items()} | {"face": face}
    return tuple(Part(part, sizes[part]) for part in order)
