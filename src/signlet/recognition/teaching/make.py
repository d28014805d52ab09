"""Teach a model, add to what it was taught, take signs away, write it to a file."""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from signlet.errors import SignletError
from signlet.files.atomic import replacing
from signlet.modelfile.rewrite import with_entries
from signlet.modelfile.taught import Example, Taught, own_prototypes
from signlet.modelfile.taught_fit import Expected
from signlet.modelfile.taught_head import Numbers
from signlet.pretrained import named
from signlet.recognition.teaching.estimate import Estimate, estimate, steps
from signlet.recognition.teaching.examples import Given, distinct, embedded
from signlet.text.confusables import one_form
from signlet.text.names import sign_name
from signlet.version import __version__

if TYPE_CHECKING:
    from signlet.recognition.recogniser import Recogniser

FEW_SIGNS = 10
"""A base that was trained on fewer, and from random weights, has learnt too little to tell others
apart."""
ABOUT = "taught"
"""Entry of a model's `about` that says what was taught."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Progress:
    """say: receives notes for the user. begin: how many steps of what come. step: one.

    leave_out: receives a line for each clip that cannot be taught, which is then left out; None
    to raise an error instead.
    """

    say: Say = lambda text: warnings.warn(text, stacklevel=2)
    begin: Callable[[str, int], None] = lambda what, count: None
    step: Callable[[], None] = lambda: None
    leave_out: Callable[[Sequence[str]], None] | None = None


@dataclass(frozen=True)
class Made:
    """A taught recogniser, and how well it reads what it has not seen.

    changed: whether it was taught anything that it did not know.
    """

    recogniser: Recogniser
    estimate: Estimate
    changed: bool = True


def note_of_base(base: Recogniser) -> str:
    """Return a note on a base model before it is taught; "" for none."""
    if len(base.signs) >= FEW_SIGNS or "init" in base.about:
        return ""
    return (
        f"{_named(base)}: knows only {len(base.signs)} signs, too few to tell other signs apart "
        "well; teach fingerspelling instead, or train it with --init fingerspelling"
    )


def taught_to(
    base: Recogniser, given: Sequence[Given], keep_signs: bool, progress: Progress
) -> Made:
    """See `signlet.teach`. base: an exported file; see `signlet.export.teachable.open_base`."""
    own = _own(base) if keep_signs else {}
    if keep_signs and not own:
        raise SignletError(
            f"{_named(base)}: its own signs cannot be kept, because it has no prototypes of them; "
            "train it with --head.kind nearest and export it, or leave out --keep-signs"
        )
    examples, rows = _embedded(base, given, progress)
    made = _made(base, own, examples, rows, progress)
    if note := note_of_base(base):
        progress.say(note)
    return made


def added_to(found: Recogniser, given: Sequence[Given], progress: Progress) -> Made:
    """More examples, of taught or of new signs. found: was taught, else SignletError."""
    taught = require_taught(found, "teach it first")
    more, rows = _embedded(found, given, progress)
    rows = np.concatenate([taught.embeddings, rows.astype(np.float16)])
    both = [*taught.examples, *more]
    made = _made(found, _kept(found, taught), both, rows, progress, len(taught.examples))
    if len(require_taught(made.recogniser).examples) == len(taught.examples):
        progress.say("all of these clips were taught before; nothing changes")
        return replace(made, changed=False)
    return made


def removed_from(found: Recogniser, signs: Sequence[str], progress: Progress) -> Made:
    """Without some signs. Raises SignletError if one is not known, or none would be left."""
    taught = require_taught(found, "it has no taught sign to remove")
    gone = {sign_name(sign) for sign in signs}
    if unknown := sorted(gone - set(taught.signs)):
        raise SignletError(
            f"{_named(found)}: has no sign {unknown[0]!r}; its signs are {', '.join(taught.signs)}"
        )
    stay = [row for row, example in enumerate(taught.examples) if example.sign not in gone]
    if not stay:
        raise SignletError(
            f"{_named(found)}: no taught sign would be left; teach another one first (--add)"
        )
    kept = {s: row for s, row in _kept(found, taught).items() if s not in gone}
    examples = [taught.examples[row] for row in stay]
    return _made(found, kept, examples, taught.embeddings[stay], progress)


def save(found: Recogniser, path: str | Path) -> None:
    """Write a taught recogniser as one model file: the base's bytes with another card.

    path: of the same kind as the base, `.onnx` or `.tflite`.
    Raises SignletError for another kind, or where it cannot be written, as a file that is
    write-protected; nothing is then left.
    """
    taught, out = require_taught(found), Path(path)
    file = found.file
    if file is None:
        raise SignletError("the model was not loaded from a file, and cannot be written to one")
    require_suffix(out, file.suffix)
    require_unprotected(out)
    entries = {"taught": taught.as_json(), "about": found.about}
    content = with_entries(file.read(), file.suffix, entries, named(file.path))
    with replacing(out) as temporary:
        temporary.write_bytes(content)


def require_suffix(out: Path, suffix: str) -> None:
    """Raise SignletError if a taught file would be of another kind than its base."""
    if out.suffix.lower() != suffix:
        raise SignletError(f"{out}: the model is a {suffix} file; name one that ends so")


def require_unprotected(out: Path) -> None:
    """Raise SignletError if a file is there that may not be written to, even for root."""
    if not out.is_file():
        return
    if not (out.stat().st_mode & stat.S_IWUSR and os.access(out, os.W_OK)):
        raise SignletError(f"{out}: is write-protected; write to another file (-o)")


# --- steps ------------------------------------------------------------------------------------


def _embedded(
    base: Recogniser, given: Sequence[Given], progress: Progress
) -> tuple[list[Example], NDArray[np.float32]]:
    if not given:
        raise SignletError("there is no example to teach; give at least one clip of a sign")
    progress.begin("looking at the clips", len(given))
    return embedded(given, base.embed_batch, progress.step, progress.leave_out)


def _made(
    base: Recogniser,
    kept: dict[str, Numbers],
    examples: Sequence[Example],
    rows: NDArray[np.floating[Any]],
    progress: Progress,
    held: int = 0,
) -> Made:
    """Teach; what was taught before counts no more. held: examples that the file held before."""
    stay = distinct(examples, rows.astype(np.float16), progress.say, held)
    shown = [examples[row] for row in stay]
    kept = _replaced(kept, {example.sign for example in shown}, progress.say)
    expected = _expected(base)
    taught = Taught.of(kept, shown, rows[stay], expected)
    if len(taught.signs) == 1:
        progress.say(
            f"Only one sign, {taught.signs[0]}: signlet tells it from everything else by a "
            "default limit. Teach a second sign, so that signlet can measure a better one."
        )
    signers = [example.signer for example in shown]
    progress.begin("testing on the clips left out", steps(taught.numbered(), signers))
    measured = estimate(taught.numbered(), signers, expected, progress.step)
    return Made(base.taught_as(taught, _about(base, taught, measured)), measured)


def _replaced(kept: dict[str, Numbers], taught: set[str], say: Say) -> dict[str, Numbers]:
    again = {sign for sign in kept if one_form(sign) in taught}
    for sign in sorted(again):
        say(f"{sign}: is also a sign of the base model; the taught sign replaces it")
    return {sign: row for sign, row in kept.items() if sign not in again}


def _about(base: Recogniser, taught: Taught, measured: Estimate) -> dict[str, Any]:
    before = base.about.get(ABOUT)
    made_of = before.get("base") if isinstance(before, dict) else None
    facts = {
        "base": made_of or _name(base),
        "signs": len(taught.signs) - taught.kept,
        "kept_signs": taught.kept,
        "examples": len(taught.examples),
        "signers": taught.people(),
        "estimate": measured.as_json(),
        "signlet": __version__,
    }
    return {**base.about, ABOUT: facts}


# --- what is known of a model -----------------------------------------------------------------


def _name(found: Recogniser) -> str:
    """The model's file without the way to it."""
    return "the model" if found.file is None else found.file.path.name


def _named(found: Recogniser) -> str:
    """The model as the user names it, for errors."""
    return "the model" if found.file is None else named(found.file.path)


def require_taught(found: Recogniser, so: str = "teach it signs first") -> Taught:
    """Return the taught signs of a model. Raises SignletError, ending with `so`, if it has none."""
    if found.taught is None:
        raise SignletError(f"{_named(found)}: was not taught; {so}")
    return found.taught


def _expected(found: Recogniser) -> Expected:
    return (found.card.teaching if found.card else None) or Expected()


def _own(found: Recogniser) -> dict[str, Numbers]:
    """Prototypes of the base model's own signs, empty if they are unknown."""
    return own_prototypes(found.card.signs, found.card.prototypes) if found.card else {}


def _kept(found: Recogniser, taught: Taught) -> dict[str, Numbers]:
    own = _own(found)
    return {sign: own[sign] for sign in taught.signs[: taught.kept]}
