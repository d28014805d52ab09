"""A folder of videos to a folder of landmarks, laid out alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from signlet.errors import ClipError, SignletError
from signlet.extract.files import FORMATS
from signlet.extract.many import Outcome, extract_many
from signlet.extract.record import Record, Row, require_own
from signlet.extract.summary import Summary, kinds_of, summarise
from signlet.files.missing_path import exists, not_found_message
from signlet.files.regular import require_regular
from signlet.printable import printable
from signlet.running.bars import Bars
from signlet.running.lock import only_one
from signlet.running.temporary import sweep
from signlet.sources.discover import signers_below
from signlet.sources.pattern import NamePattern
from signlet.sources.unused_files import count_of, listed, unread_folders
from signlet.sources.walk import tree_of
from signlet.text.names import file_name
from signlet.video import cache
from signlet.video.extractors import Choice, identity
from signlet.video.file_type import what_else
from signlet.video.single import HOLISTIC
from signlet.video.suffixes import SOME_SUFFIXES, is_video

_BUSY = "another command is extracting into this folder; wait for it, or choose another --out"


@dataclass(frozen=True)
class VideoTask:
    """A video and the file to write. name: of the video, relative to the folder given."""

    name: str
    video: Path
    out: Path
    signer: str = ""


def extract_folder(
    videos: Path,
    out: Path,
    file_format: str = FORMATS[0],
    *,
    jobs: int = -1,
    choice: Choice = HOLISTIC,
    progress: Bars | bool = False,
    names: NamePattern | None = None,
) -> Summary:
    """Extract a video, or all videos below a folder, into files below `out`.

    What was written before from the same content with the same extractor is left as it is.
    `quality.csv` in `out` holds a row for every video. progress: as in `extract_many`.
    names: how the videos are named.
    Raises SignletError if there is no video, two would be written to one file, or `out`
    cannot be written to, or holds what extract did not write; a video that cannot be read is in
    the summary instead.
    """
    tasks = plan(videos, out, file_format, names)
    require_own(out)
    with only_one(out, _BUSY):
        return _extract(tasks, out, jobs, choice, progress)


def _extract(
    tasks: Sequence[VideoTask], out: Path, jobs: int, choice: Choice, progress: Bars | bool
) -> Summary:
    for folder in {task.out.parent for task in tasks}:
        sweep(folder)
    record, known = Record(out), identity(choice)
    keys = {task.video: _key(task.video, known) for task in tasks}
    to_do = [task for task in tasks if not _is_done(task, keys[task.video], record)]
    by_video = {task.video: task for task in to_do}

    def done(outcome: Outcome) -> None:
        task = by_video[outcome.path]
        record.add(_row(task, keys[task.video], out, outcome))

    with record.begun():
        outcomes = extract_many(
            [task.video for task in to_do],
            jobs,
            progress,
            choice=choice,
            outs=[task.out for task in to_do],
            done=done,
        )
        rows = [replace(record.rows[task.name], signer=task.signer) for task in tasks]
        summary = summarise(rows)
        record.rows |= {row.video: row for row in summary.rows}
        record.write()
    problems = [one.problem for one in outcomes if one.problem]
    return replace(
        summary, skipped=len(tasks) - len(to_do), problem=problems[0] if problems else None
    )


def left_notes(videos: Path, names: NamePattern | None = None) -> list[str]:
    """Return notes on folders without a video, other files, and videos of unknown signers.

    Raises SignletError.
    """
    if not videos.is_dir():
        return []
    tree = tree_of(videos)
    films = [path for path in tree.clips if is_video(videos / path)]
    known = set(films)
    rest = [*tree.others, *(path for path in tree.clips if path not in known)]
    around = sorted({path.parent.parent for path in films})
    notes = [unread_folders(replace(tree, clips=films, others=rest), films, around)]
    if rest:
        shown = listed(sorted(path.as_posix() for path in rest))
        notes.append(f"{count_of(len(rest), 'file')} skipped (not videos): {shown}")
    return [note for note in (*notes, signers_below(films, names)[1]) if note]


def plan(
    videos: Path, out: Path, file_format: str, names: NamePattern | None = None
) -> list[VideoTask]:
    """List the videos to extract, sorted. Raises SignletError."""
    if file_format not in FORMATS:
        raise SignletError(f"--format {file_format}: choose {', '.join(FORMATS)}")
    if videos.is_dir() and videos.resolve() == out.resolve():
        raise SignletError(
            f"--out {out}: is the folder of the videos, so every clip would be in it twice; "
            "choose another"
        )
    root = videos if videos.is_dir() else videos.parent
    below = [PurePosixPath(video.relative_to(root).as_posix()) for video in _videos(videos)]
    tasks = []
    for name, signer in zip(below, signers_below(below, names)[0], strict=True):
        written = out / _written(name, file_format)
        tasks.append(VideoTask(printable(name.as_posix()), root / name, written, signer or ""))
    _refuse_two_in_one(tasks)
    return tasks


def _written(video: PurePosixPath, file_format: str) -> PurePosixPath:
    """Return the path of a video's landmarks; names that tables or systems refuse are corrected."""
    parts = [*video.parent.parts, video.stem]
    safe = [part if _is_plain(part) else file_name(part) for part in parts]
    return PurePosixPath(*safe[:-1], f"{safe[-1]}.{file_format}")


def _is_plain(name: str) -> bool:
    return printable(name) == name and len(name.encode()) <= 230


def _videos(where: Path) -> list[Path]:
    if where.is_dir():
        paths = (where / path for path in tree_of(where).clips)
        found = sorted(path for path in paths if is_video(path))
        if not found:
            raise SignletError(f"{where}: contains no video; signlet reads {SOME_SUFFIXES}")
        return found
    if not exists(where):
        raise SignletError(not_found_message(where, "video or folder"))
    require_regular(where, SignletError)
    if not is_video(where):
        what = what_else(where) or "not a video that signlet knows"
        read = "" if ";" in what else f"; signlet reads {SOME_SUFFIXES}"
        raise SignletError(f"{where}: is {what}{read}")
    return [where]


def _refuse_two_in_one(tasks: Sequence[VideoTask]) -> None:
    first: dict[Path, VideoTask] = {}
    for task in tasks:
        other = first.setdefault(task.out, task)
        if other is not task:
            raise SignletError(
                f"{other.name} and {task.name} would both be written to {task.out}; rename one"
            )


def _key(video: Path, known: str) -> str:
    try:
        return cache.content_key(video, known)
    except ClipError:
        return ""  # the reason is reported when it is extracted


def _is_done(task: VideoTask, key: str, record: Record) -> bool:
    row = record.rows.get(task.name)
    if row is None or not row.file or row.key != key:
        return False
    return task.out == record.path.parent / row.file and task.out.is_file()


def _row(task: VideoTask, key: str, out: Path, outcome: Outcome) -> Row:
    return Row(
        video=task.name,
        signer=task.signer,
        file=task.out.relative_to(out).as_posix() if outcome.quality else "",
        key=key,
        quality=outcome.quality,
        error=outcome.error or "",
        warnings=kinds_of(outcome.quality),
    )
