"""signlet inspect."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from signlet.cli.parsing import add_columns, add_names, make_parser, parse
from signlet.cli.recordings import extract_first
from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.evaluation.predict import is_packed
from signlet.pack import PackedSet
from signlet.quality import (
    clip_quality,
    data_quality,
    draw_animation,
    draw_strip,
    print_clip,
    print_quality,
    quality_json,
    write_quality,
)
from signlet.quality.clip import USUAL_LEN
from signlet.running.bars import no_bars
from signlet.sources import (
    LETTERS,
    Source,
    find,
    names_clip,
    open_source,
    read_named,
    with_videos,
)
from signlet.text.bars import on_console
from signlet.text.console import SafeConsole
from signlet.text.terminal import print_json

_EXAMPLES = """
  signlet inspect fingerspelling                     signs, signers, lengths, suspicious clips
  signlet inspect packed/mine --page quality.html
  signlet inspect clip.pose --strip clip.png --animation clip.html
  signlet inspect fingerspelling:ase/R --animation r.gif
"""


def run(arguments: list[str]) -> None:
    """Parse; look at a data set, or at one clip."""
    parser = make_parser(
        "inspect",
        "Check a data set (folder, .zip, CSV, fingerspelling, packed set) or one clip, and draw\n"
        "pictures of a clip.",
        _EXAMPLES,
    )
    parser.add_argument("what", type=str, help=f"data set, clip, or {LETTERS}NAME")
    add_columns(parser)
    add_names(parser)
    parser.add_argument("--clip", type=str | None, help="one clip of the data set, by name")
    parser.add_argument(
        "--max_len",
        type=int,
        default=USUAL_LEN,
        help="one clip: most frames that your model takes (packing.max_len of its recipe)",
    )
    parser.add_argument("--strip", type=str | None, help="write a picture strip: .png or .svg")
    parser.add_argument("--frames", type=int, default=8, help="frames of the picture strip")
    parser.add_argument("--animation", type=str | None, help="write an animation: .html or .gif")
    parser.add_argument("--page", type=str | None, help="write a data set's quality as .html")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parsed = parse(parser, arguments)
    what = _open(parsed.what, parsed.columns, parsed.names)
    if parsed.clip is not None:
        if isinstance(what, Clip | PackedSet):
            raise SignletError(
                f"--clip {parsed.clip}: works only with a set of clips, not with {parsed.what}"
            )
        what = what.read(find(what, parsed.clip))
    console = SafeConsole()
    if isinstance(what, Clip):
        _inspect_clip(what, parsed.max_len, parsed.json, console)
        if parsed.strip:
            written = draw_strip(what, Path(parsed.strip), parsed.frames)
            console.print(f"wrote {written}", soft_wrap=True)
        if parsed.animation:
            written = draw_animation(what, Path(parsed.animation))
            console.print(f"wrote {written}", soft_wrap=True)
    elif parsed.strip or parsed.animation:
        raise SignletError("--strip and --animation draw one clip; name it with --clip")
    else:
        _inspect_set(what, parsed.page, parsed.json, console)


def _open(what: str, columns: str | None, names: str | None) -> Clip | PackedSet | Source:
    path = Path(what)
    if is_packed(path, columns, names):
        return PackedSet.open(path)
    if columns is None and names_clip(what):
        return read_named(what)
    return open_source(what, columns, names)


def _inspect_clip(clip: Clip, max_len: int, as_json: bool, console: Console) -> None:
    quality = clip_quality(clip, max_len)
    if as_json:
        print_json(quality_json(quality))
    else:
        print_clip(quality, console)


def _inspect_set(what: Source | PackedSet, page: str | None, as_json: bool, out: Console) -> None:
    if not isinstance(what, PackedSet) and with_videos(what):
        # As train does: in several processes, and with what is wrong with the recordings.
        extract_first(what, SafeConsole(stderr=True) if as_json else out)
    quality = data_quality(what, progress=no_bars if as_json else on_console(out))
    if as_json:
        print_json(quality_json(quality))
    else:
        print_quality(quality, out)
    if page:
        write_quality(quality, Path(page))
        if not as_json:
            out.print(f"wrote {page}", soft_wrap=True)
