"""signlet recognise."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from signlet.cli.clip_remarks import ClipRemarks
from signlet.cli.parsing import make_plain_parser, parse
from signlet.clip import Clip, advised, require_landmarks
from signlet.errors import ClipWarning, SignletError
from signlet.files.atomic import require_writable
from signlet.files.missing_path import exists, not_found_message
from signlet.files.regular import blocked
from signlet.meaning import spoils_answers
from signlet.pretrained import STARTER, STARTER_SAYS
from signlet.recognition.recogniser import Prediction, Recogniser
from signlet.runtimes import is_model
from signlet.sources import LETTERS, is_set, names_clip, read_named
from signlet.sources.files import ENDINGS, SUFFIXES
from signlet.sources.unsupported import foreign, single_frames
from signlet.text.percent import percent
from signlet.text.terminal import print_json, say, tell
from signlet.video.file_type import what_else
from signlet.video.suffixes import is_video

_EXAMPLES = """
  signlet recognise clip.mp4                    with the model that comes with signlet
  signlet recognise clip.mp4 --overlay seen.mp4
  signlet recognise runs/demo clip.pose
  signlet recognise model.onnx clips/*.mp4 --top 3
  signlet recognise runs/demo fingerspelling:ase/R
  signlet recognise model.onnx clip.parquet --json
"""
_AT_ONCE = 64
_LONG = 6.0
"""Seconds; a longer recording hardly shows one sign."""


def run(arguments: list[str]) -> None:
    """Parse, recognise, print."""
    parsed = parse(_parser(), arguments)
    model, names = _split(parsed.clips)
    _check(parsed, names)
    if model is None:
        tell(STARTER_SAYS)
    recogniser = Recogniser.load(model or STARTER)
    _extract([Path(name) for name in names if is_video(name)])
    problems: list[str] = []
    remarked = ClipRemarks()
    for start in range(0, len(names), _AT_ONCE):
        clips = _readable(names[start : start + _AT_ONCE], problems)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ClipWarning)  # all is said below
            answers = recogniser.batch(clip for _, clip in clips)
        for (name, clip), said in zip(clips, answers, strict=True):
            if parsed.json:
                _show_json(name, clip, said, parsed.top)
            else:
                _show(name, clip, said, parsed.top)
            _finish(name, remarked.see(name, clip), said, parsed.overlay, model or STARTER)
    remarked.say()
    if problems:
        for problem in problems[:-1]:
            tell(problem)
        raise SignletError(problems[-1])


def _parser() -> Any:
    parser = make_plain_parser(
        "recognise",
        "Name the sign in clips: videos (.mp4, .mov, .webm and others), landmarks (.pose,\n"
        f".parquet with the competition's columns, .npz, .npy), or {LETTERS}NAME.",
        _EXAMPLES,
    )
    add = parser.add_argument
    about = f"clips to recognise, after a model file, run folder or name (default {STARTER})"
    add("clips", type=str, nargs="+", metavar="[model] clip", help=about)
    add("--top", type=int, default=5, help="how many signs to print")
    add("--json", action="store_true", help="print one JSON object per clip, with remarks")
    add("--overlay", type=Path, help="write the clip with skeleton and sign as .mp4")
    return parser


def _split(given: Sequence[str]) -> tuple[str | None, list[str]]:
    """The model, None if none was named, and the clips."""
    for name in map(Path, given):
        if name.is_dir() and (why := single_frames(name)):
            raise SignletError(why)
    first = Path(given[0])
    if names_clip(given[0]) and ":" in given[0]:
        return None, list(given)
    if given[0].startswith(LETTERS) or first.suffix.lower() in SUFFIXES or is_video(first):
        return None, list(given)
    if len(given) > 1:
        return given[0], list(given[1:])
    raise SignletError(_no_clip(given[0]))


def _no_clip(name: str) -> str:
    """Return why the only name given is not a clip."""
    first = Path(name)
    if is_model(name):
        return f"{name}: is a model; name a clip after it: signlet recognise {quote(name)} CLIP"
    if first.is_dir():
        return foreign(first, ENDINGS)
    if not exists(first):
        return not_found_message(first)
    if is_set(first) or blocked(first):
        return foreign(first, ENDINGS)
    if ";" in (what_else(first) or ""):  # with a remedy of its own
        return foreign(first, ENDINGS)
    return f"{name}: is neither a clip nor a model; the names of clips end in {ENDINGS}"


def _check(parsed: Any, names: Sequence[str]) -> None:
    if parsed.top < 1:
        raise SignletError(f"--top {parsed.top}: give at least 1")
    if parsed.overlay is None:
        return
    if len(names) > 1 or names[0].startswith(LETTERS):
        raise SignletError("--overlay: works with one file; give one clip")
    from signlet.live.record import check_name

    check_name(parsed.overlay)
    require_writable(parsed.overlay)


# --- clips --------------------------------------------------------------------------------


def _extract(videos: list[Path]) -> None:
    """Put the videos' landmarks into the cache, where `read_clip` finds them, with a bar."""
    if not videos:
        return
    try:
        from signlet.extract.many import extract_many
        from signlet.text.bars import on_console
        from signlet.text.console import SafeConsole
        from signlet.video import cache
    except ModuleNotFoundError:
        return  # read_clip says what is missing
    if cache.unwritable() is None:
        extract_many(videos, progress=on_console(SafeConsole(stderr=True)))


def _readable(names: list[str], problems: list[str]) -> list[tuple[str, Clip]]:
    """Name and clip of those that can be read; what is wrong with the rest goes to `problems`."""
    clips = []
    for name in names:
        try:
            clip = read_named(name)
            require_landmarks(clip.frames, name)
            clips.append((name, clip))
        except SignletError as error:
            problems.append(str(error))
    return clips


# --- answers ------------------------------------------------------------------------------


def _show_json(name: str, clip: Clip, said: Prediction, count: int) -> None:
    answer = {
        "clip": name,
        "sign": said.sign,
        "likeliest": said.likeliest,
        "confidence": round(said.confidence, 6),
        "none": round(said.none, 6),
        "top": [{"sign": sign, "probability": round(p, 6)} for sign, p in said.top(count)],
        "remarks": [*map(advised, clip.remarks), *_doubts(name, clip)],
    }
    print_json(json.dumps(answer, ensure_ascii=False))


def _show(name: str, clip: Clip, said: Prediction, count: int) -> None:
    """Print the answer beside the reasons not to trust it, without what stderr says of them."""
    say(name)
    faults = (one.partition("; ")[0] for one in filter(spoils_answers, clip.remarks))
    for reason in (*faults, *clip.unanswerable(), *_too_long(clip)):
        say(f"  do not trust this answer: {reason}")
    if said.sign is None:
        print(f"  none of the signs ({_why_none(said)}); the nearest:")
    best = said.top(count)
    width = max(len(sign) for sign, _ in best)
    for sign, probability in best:
        print(f"  {sign:<{width}}  {percent(probability, 1):>7}")


def _why_none(said: Prediction) -> str:
    """With as many digits as it takes to tell the confidence from the threshold."""
    if said.none > said.confidence:
        return f"{percent(said.none, 1)} sure of that"
    shares = [(percent(said.confidence, n), percent(said.threshold, n)) for n in (1, 2, 4, 6)]
    sure, limit = next((pair for pair in shares if pair[0] != pair[1]), shares[-1])
    return f"{sure} sure of {said.likeliest}, below the {limit} that it asks for"


def _doubts(name: str, clip: Clip) -> list[str]:
    """Return the reasons why a readable clip hardly shows one sign, with what to do."""
    live = f"to recognise several:  signlet live {quote(name)}"
    return [
        *map(advised, clip.unanswerable()),
        *(f"{reason}; {live}" for reason in _too_long(clip)),
    ]


def _too_long(clip: Clip) -> list[str]:
    seconds = len(clip.frames) / (clip.fps or math.inf)
    return [f"is {seconds:.0f} s long and was taken as one sign"] if seconds > _LONG else []


def _finish(name: str, clip: Clip, said: Prediction, overlay: Path | None, model: str) -> None:
    """Say what may be wrong with a clip, and write it as a video."""
    for doubt in _doubts(name, clip):
        tell(f"{name}: {doubt}")
    if overlay is not None:
        from signlet.live.overlay import write_overlay

        write_overlay(overlay, Path(name), clip, said, model)
        tell(f"{overlay}: written")
