"""The summary of `signlet teach`: a taught model in, plain text out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from signlet.modelfile.taught import Example, Taught
from signlet.modelfile.taught_fit import Similarities
from signlet.printable import printable
from signlet.recognition.teaching.estimate import Estimate, Tally, tested_signers
from signlet.recognition.teaching.make import Made, require_taught
from signlet.text.percent import percent

_LISTED = 10
"""Clips that look like another sign are listed up to this many."""
_FEW = 5
"""Fewer signers than this say little about other people."""


def summary(made: Made) -> str:
    """Lines about a taught model: signs, examples, what looks wrong, and what was measured."""
    taught = require_taught(made.recogniser)
    parts = [
        _signs(taught),
        _advice(taught),
        _estimate(made.estimate, taught),
        _none(made.estimate),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _signs(taught: Taught) -> list[str]:
    counts = taught.counts()
    width = max(len(printable(sign)) for sign in counts)
    clips, signs = len(taught.examples), len(counts)
    lines = [f"Taught: {_many(signs, 'sign')} from {_many(clips, 'clip')}, by {_by(taught)}."]
    lines += [f"  {printable(sign):<{width}}  {_many(n, 'clip')}" for sign, n in counts.items()]
    if taught.kept:
        lines.append(f"Kept: {_many(taught.kept, 'sign')} of the base model.")
    return [*lines, *_unnamed(taught)]


def _by(taught: Taught) -> str:
    people = taught.people()
    who = [_many(people, "signer")] if people else []
    return " and ".join([*who, *(["unknown people"] if _nameless(taught) else [])])


def _unnamed(taught: Taught) -> Iterator[str]:
    """Yield advice on naming clips whose signer is unknown."""
    nameless = _nameless(taught)
    if not nameless:
        return
    verb = "names" if len(nameless) == 1 else "name"
    them = "it" if len(nameless) == 1 else "them"
    yield (
        f"{_many(len(nameless), 'clip')} {verb} no signer; name {them} "
        f"anna_1{printable(Path(nameless[0].name).suffix)} (signer, underscore, number) to get "
        "the "
        "estimate for new people."
    )


def _nameless(taught: Taught) -> list[Example]:
    return [example for example in taught.examples if not example.signer]


# --- advice -----------------------------------------------------------------------------------


def _advice(taught: Taught) -> list[str]:
    alike = Similarities.of(taught.numbered()).looks_like(taught.head.threshold)
    found = [
        f"  {_clip(example)} looks like {printable(taught.signs[sign])}"
        for example, sign in zip(taught.examples, alike, strict=True)
        if sign >= 0
    ]
    if not found:
        return []
    lines = ["Look at these clips: is the sign right, are the hands in the picture?", *found]
    if len(found) > _LISTED:
        return [*lines[: _LISTED + 1], f"  and {len(found) - _LISTED} more"]
    return lines


def _clip(example: Example) -> str:
    name = printable(example.name)
    known = name.startswith(f"{example.sign}/")  # as a folder of signs names its clips
    return name if known else f"{name} ({printable(example.sign)})"


# --- the estimate -----------------------------------------------------------------------------


def _estimate(measured: Estimate, taught: Taught) -> list[str]:
    nothing = "signlet could not test how well it tells the signs apart"
    if len(taught.signs) == 1:
        return [f"{nothing}: there is only one sign."]
    if measured.clips is None and measured.signers is None:
        return [f"{nothing}: no sign has a second clip to test with. Record one more."]
    return [*_of_clips(measured), *_of_signers(measured, taught)]


def _of_clips(measured: Estimate) -> Iterator[str]:
    if measured.clips is None:
        return
    yield f"Tested by leaving out each clip in turn: {_read(measured.clips)}"
    yield "  This holds for the people in the clips. Expect less for other people."


def _of_signers(measured: Estimate, taught: Taught) -> Iterator[str]:
    if measured.signers is None:
        yield f"For new people the score is unknown: {_why(taught)}."
        return
    who = [example.signer for example in taught.examples]
    people = tested_signers(taught.numbered(), who)
    left_out = f"each of {_many(people, 'signer')}"
    yield f"Tested by leaving out {left_out} in turn: {_read(measured.signers)}"
    if alone := len(who) - who.count("") - measured.signers.clips:
        yield f"  {_many(alone, 'clip')} could not be tested, because nobody else shows their sign."
    if people < _FEW:
        yield (
            f"  {people} people are too few to say what to expect of others: their figure may "
            "well be 20 points lower."
        )
    else:
        yield "  Expect about this for people who are not in the clips."


def _why(taught: Taught) -> str:
    """Return why the model cannot be tested on new people."""
    people = taught.people()
    if people == 0:
        return "the clips do not name their signers"
    if people == 1:
        return "only one signer is named" if _nameless(taught) else "all clips are of one signer"
    return "no two signers show the same sign"


def _read(tally: Tally) -> str:
    return (
        f"{tally.right} of {tally.clips} correct ({_share(tally.right, tally.clips)}), "
        f"{tally.none} answered with none, {tally.wrong} taken for another sign."
    )


def _none(measured: Estimate) -> list[str]:
    lines = ["None of these signs:"]
    if tally := measured.clips:
        lines.append(
            f"  Of the clips of taught signs, {tally.none} of {tally.clips} would be refused "
            f"({_share(tally.none, tally.clips)})."
        )
    if tally := measured.left_out:
        accepted = tally.clips - tally.none
        lines.append(
            "  Each of your signs was left out in turn. The model then still gave that sign's "
            f"clips a name in {accepted} of {_many(tally.clips, 'case')} "
            f"({_share(accepted, tally.clips)})."
        )
    return lines if len(lines) > 1 else []


def not_measured(made: Made) -> str:
    """One sentence on what no clip here can tell of a taught model."""
    others = "signs that you did not teach, above all those that look like one of yours"
    if made.estimate.signers is None:
        others += "; people who are not in the clips"
    return f"Not measured: {others}."


def _share(part: int, whole: int) -> str:
    return percent(part / whole)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
