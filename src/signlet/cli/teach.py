"""signlet teach."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from signlet.cli.bars import Bars
from signlet.cli.clip_remarks import ClipRemarks
from signlet.cli.loading import counting
from signlet.cli.parsing import add_names, make_plain_parser, parse
from signlet.cli.teach_summary import not_measured, summary
from signlet.clip import Clip
from signlet.errors import SignletError
from signlet.export.teachable import open_base
from signlet.files.atomic import require_writable
from signlet.files.missing_path import not_found_message
from signlet.meaning.clip_warnings import ClipSummary, SetSummary, listed, reading_warnings
from signlet.modelfile.rewrite import SUFFIXES
from signlet.modelfile.taught import Example
from signlet.pretrained import model_path
from signlet.printable import printable
from signlet.recognition.recogniser import Recogniser
from signlet.recognition.teaching import make
from signlet.recognition.teaching.examples import BadClips, Given
from signlet.running.lock import only_one_file
from signlet.sources import ClipRef, Source, open_source, with_videos
from signlet.text.names import new_sign_name, signer_name
from signlet.text.terminal import say, tell

_EXAMPLES = """
  signlet teach fingerspelling my_clips/ -o mine.onnx    a folder for each sign; one clip is enough
  signlet teach runs/mine clips.zip -o mine.onnx         recordings of the live page
  signlet teach model.onnx my_clips/ -o mine.onnx --keep-signs
  signlet teach mine.onnx more_clips/ --add              the old clips are not needed
  signlet teach mine.onnx --remove hello --remove thanks
  signlet recognise mine.onnx new_clip.mp4
"""


def run(arguments: list[str]) -> None:
    """Parse, teach, print, write."""
    parsed = parse(_parser(), arguments)
    out = _place(parsed)
    make.require_unprotected(out)
    require_writable(out)
    with only_one_file(
        out, "another command is writing this model; wait for it, or choose another -o"
    ):
        _teach(parsed, out)


def _teach(parsed: Any, out: Path) -> None:
    left_out = _LeftOut()
    with Bars() as bars:
        progress = make.Progress(tell, bars.begin, bars.step, left_out.tell)
        try:
            made = _made(parsed, progress)
        except BadClips as error:
            for problem in error.problems:
                tell(problem)
            raise SignletError("none of the clips can be taught, so nothing is written") from None
    if not made.changed:
        return
    made.recogniser.save(out)
    print(summary(made))
    say("")
    say(f"Written: {out}")
    say(not_measured(made))
    say(f"Try it with clips of them, too: signlet recognise {out} CLIP")
    if left_out.clips:
        tell(f"{left_out.remedy}:  signlet teach {quote(str(out))} CLIPS --add")


class _LeftOut:
    """Clips that cannot be taught."""

    clips = 0

    def tell(self, problems: Sequence[str]) -> None:
        """Name them."""
        self.clips += len(problems)
        for problem in problems:
            tell(problem)

    @property
    def remedy(self) -> str:
        if self.clips == 1:
            return "the clip named above was left out; record it again, then add it"
        return f"the {self.clips} clips named above were left out; record them again, then add them"


def _parser() -> Any:
    parser = make_plain_parser(
        "teach",
        "Teach new signs to a trained model with a few clips of each, in seconds, and write one\n"
        "model file.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("base", type=str, help="model file (.onnx, .tflite), run folder, or fingerspelling")
    add("clips", type=str, nargs="?", help="folder of signs, .zip of one, or table of clips")
    add_names(parser)
    add("-o", "--out", type=Path, help="model file to write (with --add, --remove: default BASE)")
    add(
        "--keep-signs", action="store_true", help="keep the base's own signs beside the taught ones"
    )
    add("--add", action="store_true", help="add to the signs that BASE was taught")
    about = "remove a taught sign (repeat for more)"
    add("--remove", action="append", default=[], metavar="SIGN", help=about)
    return parser


def _place(parsed: Any) -> Path:
    """Return the path to write. Raises SignletError if the arguments do not fit together."""
    changes = parsed.add or bool(parsed.remove)
    if parsed.remove and (parsed.add or parsed.clips):
        raise SignletError("--remove: takes signs away and needs no clips; add in another command")
    if not parsed.remove and parsed.clips is None:
        raise SignletError("name the clips to teach: a folder of signs, a .zip of one, or a table")
    if changes and parsed.keep_signs:
        raise SignletError(
            "--keep-signs: works only when a model is first taught; leave it out here"
        )
    base = model_path(parsed.base)
    if parsed.out is None and not changes:
        raise SignletError("-o is missing: name the model file to write, such as mine.onnx")
    out: Path = parsed.out or base
    suffix = base.suffix.lower()
    make.require_suffix(out, suffix if suffix in SUFFIXES else ".onnx")
    return out


def _made(parsed: Any, progress: make.Progress) -> make.Made:
    if parsed.remove:
        return make.removed_from(Recogniser.load(parsed.base), parsed.remove, progress)
    source, remarked = _source(parsed.clips, parsed.names), ClipRemarks()
    for note in source.notes:
        tell(note)
    seen: list[ClipSummary] = []
    given = _given(source, remarked, seen)
    if parsed.add:
        found = Recogniser.load(parsed.base)
        make.require_taught(found, "teach it first, without --add")
    else:
        found = _base(parsed.base)
    _extract(source)
    if parsed.add:
        made = make.added_to(found, given, progress)
    else:
        made = make.taught_to(found, given, parsed.keep_signs, progress)
    remarked.say()
    signs = make.require_taught(made.recogniser).signs
    usable = [clip for clip in seen if clip.hands]
    for note in reading_warnings(SetSummary(signs, usable, told=True)):
        tell(note)
    if lost := sorted({one.about.sign for one in given} - set(signs)):
        tell(f"no usable clip is left of {listed(lost)}, so the model does not know this sign")
    return made


def _base(name: str) -> Recogniser:
    if not (model_path(name) / "config.json").exists():
        return open_base(name)
    tell(f"{name}: is exported first, which takes about a minute")
    with counting("Exporting ..."):
        return open_base(name)


def _source(clips: str, names: str | None) -> Source:
    if clips != "fingerspelling" and not Path(clips).exists():
        raise SignletError(
            f"{not_found_message(clips)}; the second argument names the clips: a folder of "
            "signs, a .zip of one, or a table"
        )
    return open_source(clips, names=names)


def _given(source: Source, remarked: ClipRemarks, seen: list[ClipSummary]) -> list[Given]:
    """The clips to teach, each noted in `seen` when it is read."""

    def read(ref: ClipRef) -> Clip:
        clip = remarked.see(ref.name, source.read(ref))
        seen.append(ClipSummary.of(clip))
        return clip

    return [
        Given(
            lambda ref=ref: read(ref),  # type: ignore[misc]
            Example(new_sign_name(ref.sign), signer_name(ref.signer), printable(ref.name)),
            str(ref.path),
        )
        for ref in source.refs()
        if ref.sign is not None
    ]


def _extract(source: Source) -> None:
    """Landmarks of the source's videos into the cache, where reading finds them, with a bar."""
    if not with_videos(source):
        return
    try:
        import signlet.extract  # noqa: F401
        from signlet.cli.recordings import extract_first
        from signlet.text.console import SafeConsole
    except ModuleNotFoundError:
        return  # reading says what is missing
    extract_first(source, SafeConsole(stderr=True))
