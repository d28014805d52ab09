"""signlet convert."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote
from typing import Any

from signlet.cli.bars import Bars
from signlet.cli.parsing import add_columns, add_names, make_plain_parser, parse
from signlet.convert import Converted, convert_file, convert_set
from signlet.errors import SignletError
from signlet.landmarks import RAW_PARTS
from signlet.meaning import Change
from signlet.sources import open_source
from signlet.sources.files import SUFFIXES
from signlet.text.terminal import say, tell
from signlet.video.suffixes import is_video

_EXAMPLES = """
  signlet convert my_clips/ repaired/ --swap-hands        every clip of a set, any that train takes
  signlet convert my_clips/ repaired/ --order pose,face,left_hand,right_hand
  signlet convert my_clips/ repaired/ --flip-y --pixels 640x480
  signlet convert my_clips/ repaired/ --auto              each clip by what is found in it
  signlet convert clip.npy clip.npz --axes zxy          one clip
"""
_SWITCHES = {
    "swap_hands": "left and right hand are swapped",
    "flip_y": "y runs upwards",
    "flip_x": "x runs to the left: write 1 - x, without swapping left and right",
    "flip_z": "z has the opposite sign",
    "mirror": "the picture is mirrored: reverse x, and swap left and right",
    "swap_pose": "left and right of the pose are swapped",
    "without_z": "the third coordinate is not z: replace it with 0",
    "zeros_missing": "points at x = 0, y = 0 mean not found",
    "sort_frames": "frames are sorted as text: 0, 1, 10, 11, 2",
    "one_hand": "both hands have the same points: remove the one away from its wrist",
    "filled_missing": "remove filled-in hands: exactly still, or moving on a straight line "
    "while the rest does not",
    "drop_repeats": "drop frames that repeat the one before",
}


def run(arguments: list[str]) -> None:
    """Parse, convert, print; SignletError if a clip could not be read."""
    parsed = parse(_parser(), arguments)
    change = _change(parsed)
    given, out = str(parsed.given), Path(parsed.out)
    path = Path(given)
    told = (parsed.columns, parsed.names) != (None, None)
    if not told and path.is_file() and (path.suffix.lower() in SUFFIXES or is_video(path)):
        _print_file(convert_file(path, out, change))
        return
    _refuse_packed(path)
    source = open_source(given, parsed.columns, parsed.names)
    _refuse_own(path, out)
    with Bars() as bars:
        bars.begin("converting", len(source.refs()) * (2 if change is None else 1))
        result = convert_set(source, out, change, given, bars.step)
    _print_set(result)
    _report_bad(result)


def _parser() -> Any:
    parser = make_plain_parser(
        "convert",
        "Repair clips whose arrays have the right shape but another meaning, such as left and\n"
        "right hand swapped; signlet inspect shows what looks wrong. A set becomes a folder\n"
        "<sign>/<signer>_<name>.npz; files that exist are not written again. Several flags apply\n"
        "in the order below.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("given", metavar="IN", help="clips as for signlet train, or one clip")
    add("out", metavar="OUT", help="folder to write, or for one clip a .npz or .parquet file")
    add("--auto", action="store_true", help="repair each clip by its own faults")
    add_columns(parser)
    add_names(parser)
    about = f"order of the parts in your arrays: {', '.join(RAW_PARTS)}, each once"
    add("--order", metavar="A,B,C,D", help=about)
    add(
        "--axes",
        default="xyz",
        metavar="XYZ",
        help="order of the coordinates in the arrays: zxy, yxz ...",
    )
    about = "x and y count the pixels of a picture of this size"
    add("--pixels", metavar="WIDTHxHEIGHT", help=about)
    about = "x and y are LOW at the left and at the top, HIGH at the right and at the bottom: -1,1"
    add("--span", metavar="=LOW,HIGH", help=about)
    for name, about in _SWITCHES.items():
        add(f"--{name.replace('_', '-')}", action="store_true", help=about)
    return parser


def _change(parsed: Any) -> Change | None:
    """None for --auto. Raises SignletError if a flag says what cannot be."""
    change = Change(
        order=tuple(parsed.order.replace(" ", "").split(",")) if parsed.order else None,
        axes=parsed.axes.replace(",", "").lower(),
        pixels=_pixels(parsed.pixels) if parsed.pixels else None,
        span=_span(parsed.span) if parsed.span else None,
        **{name: getattr(parsed, name) for name in _SWITCHES},
    )
    if not parsed.auto:
        return change
    if change.flags():
        raise SignletError(f"--auto: chooses the repairs itself; leave out {change.flags()}")
    return None


def _pixels(text: str) -> tuple[float, float]:
    found = re.fullmatch(r"(\d+)[xX*,](\d+)", text)
    if not found:
        raise SignletError(f"--pixels {text}: give width and height of the picture: 640x480")
    return float(found[1]), float(found[2])


def _span(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise SignletError(f"--span {text}: give two numbers: --span=-1,1") from None
    return low, high


def _refuse_packed(path: Path) -> None:
    """It keeps no landmarks as they were."""
    try:
        from signlet.pack.layout import HEADER
    except ModuleNotFoundError:  # of the core install, which reads none
        return
    if (path / HEADER).exists():
        raise SignletError(
            f"{path}: is a packed set, which cannot be converted; convert the original clips, "
            "and pack the result"
        )


def _refuse_own(given: Path, out: Path) -> None:
    """If they were written among the clips, each clip would be in the set twice."""
    if not given.is_dir():
        return
    inside, own = out.resolve(), given.resolve()
    if inside == own or own in inside.parents:
        raise SignletError(f"{out}: is inside the folder of the clips; choose a folder outside it")


# --- what is printed ----------------------------------------------------------------------


def _print_file(result: Converted) -> None:
    did = next(iter(result.done)) or "nothing was changed"
    say(f"{result.where}: written ({did})")
    _print_left(result, "")


def _print_set(result: Converted) -> None:
    there = f", {result.there} existed already" if result.there else ""
    say(f"{result.where}: {_clips(result.written)} written{there}")
    for flags, count in result.done.most_common():
        print(f"  {_clips(count)}: {flags or 'nothing was changed'}")
    _print_left(result, " in {count}")
    if result.written or result.there:
        say(f"Next: signlet inspect {quote(str(result.where))}")


def _print_left(result: Converted, where: str) -> None:
    for fault, count in result.left.most_common():
        say(f"Still suspicious{where.format(count=_clips(count))}: {fault.phrase}")


def _clips(count: int) -> str:
    return f"{count:,} clip{'' if count == 1 else 's'}"


def _report_bad(result: Converted) -> None:
    if not result.bad:
        return
    for line in result.bad:
        tell(line)
    raise SignletError(f"{_clips(len(result.bad))} could not be read and {_are(result)} left out")


def _are(result: Converted) -> str:
    return "is" if len(result.bad) == 1 else "are"
