"""What `signlet teach` prints of a taught model, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from signlet.live.lines import plain
from signlet.teaching.estimate import Estimate, Tally
from signlet.teaching.fit import Similarities
from signlet.teaching.make import Made, require_taught
from signlet.teaching.taught import Example, Taught

_LISTED = 10
"""Clips that look like another sign are listed up to this many."""


def said(made: Made) -> str:
    """Lines about a taught model: signs, examples, what looks wrong, and the estimate."""
    taught = require_taught(made.recogniser)
    parts = [
        _signs(taught),
        _advice(taught),
        _estimate(made.estimate, len(taught.signs)),
        _none(made.estimate),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _signs(taught: Taught) -> list[str]:
    counts = taught.counts()
    width = max(len(plain(sign)) for sign in counts)
    clips, signs = len(taught.examples), len(counts)
    people = taught.people()
    by = f", by {_many(people, 'signer')}" if people else ", signers not named"
    lines = [f"Taught: {_many(signs, 'sign')} from {_many(clips, 'clip')}{by}."]
    lines += [f"  {plain(sign):<{width}}  {_many(n, 'clip')}" for sign, n in counts.items()]
    if taught.kept:
        lines.append(f"Kept: {_many(taught.kept, 'sign')} of the base model.")
    return lines


# --- advice -----------------------------------------------------------------------------------


def _advice(taught: Taught) -> list[str]:
    alike = Similarities.of(taught.numbered()).looks_like(taught.head.threshold)
    found = [
        f"  {_clip(example)} looks like {plain(taught.signs[sign])}"
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
    name = plain(example.name)
    known = name.startswith(f"{example.sign}/")  # as a folder of signs names its clips
    return name if known else f"{name} ({plain(example.sign)})"


# --- the estimate -----------------------------------------------------------------------------


def _estimate(measured: Estimate, signs: int) -> list[str]:
    if measured.clips is None and measured.signers is None:
        return ["There is no estimate: no sign has a second clip to test with. Record one more."]
    if signs == 1:
        return ["There is no estimate of telling signs apart: there is only one."]
    return [*_of_clips(measured), *_of_signers(measured)]


def _of_clips(measured: Estimate) -> Iterator[str]:
    if measured.clips is None:
        return
    yield f"Each clip left out in turn: {_read(measured.clips)}"
    yield "  This is for the people in the clips. Other people will be read worse."


def _of_signers(measured: Estimate) -> Iterator[str]:
    if measured.signers is None:
        why = "no two signers show the same sign" if measured.people > 1 else _lone(measured.people)
        yield f"Of new people nothing can be said: {why}."
        return
    people = _many(measured.people, "signer")
    yield f"Each of {people} left out in turn: {_read(measured.signers)}"
    rough = " With so few signers it is rough." if measured.people < 5 else ""
    yield f"  This is what to expect of people who are not in the clips.{rough}"


def _lone(people: int) -> str:
    return "all clips are of one signer" if people else "the clips do not say who signs"


def _read(tally: Tally) -> str:
    return (
        f"{tally.right} of {tally.clips} right ({_share(tally.right, tally.clips)}), "
        f"{tally.none} answered none, {tally.wrong} read as another sign."
    )


def _none(measured: Estimate) -> list[str]:
    lines = ["None of these signs:"]
    if tally := measured.clips:
        share = _share(tally.none, tally.clips)
        lines.append(f"  {share} of the clips of taught signs would be refused ({_of_all(tally)}).")
    if tally := measured.left_out:
        accepted = tally.clips - tally.none
        share = _share(accepted, tally.clips)
        lines.append(
            f"  {share} of the clips of a sign that was not taught would be accepted "
            f"({accepted} of {tally.clips}, each sign left out in turn)."
        )
    return lines if len(lines) > 1 else []


def _of_all(tally: Tally) -> str:
    return f"{tally.none} of {tally.clips}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}".replace("%", " %")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
