"""Clips that are to be taught: read, checked and embedded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from signlet.clip import Clip, warn_of
from signlet.errors import ClipError, SignletError
from signlet.modelfile.taught import Example
from signlet.printable import printable
from signlet.text.names import new_sign_name, signer_name

if TYPE_CHECKING:
    from signlet.recognition.recogniser import Recognisable

_AT_ONCE = 32
"""Clips that are in memory at a time."""
_SAME = 1e-6
"""Squared distance of embeddings below which two clips are one; rounding makes 1e-7."""

Embed = Callable[[Sequence[Clip]], NDArray[np.float32]]
"""Clips -> (B, D)."""


@dataclass(frozen=True)
class Given:
    """A clip to teach.

    read: raises SignletError if it cannot be read. path: what errors call it.
    """

    read: Callable[[], Clip]
    about: Example
    path: str


class BadClips(ClipError):  # noqa: N818
    """Clips that cannot be taught. problems: one line each; the message is the first."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = f" ({len(problems) - 1} more clips have problems)" if len(problems) > 1 else ""
        super().__init__(problems[0] + more)


def given_clips(
    clips: Sequence[Recognisable], signs: Sequence[str], signers: Sequence[str | None] | None
) -> list[Given]:
    """Pair up the arguments of `signlet.teach`. Raises SignletError if the lengths differ."""
    if isinstance(clips, str | Path) or isinstance(signs, str):
        raise SignletError("teach: give a list of clips and a list with the sign of each")
    who = [None] * len(clips) if signers is None else signers
    if not len(clips) == len(signs) == len(who):
        people = "" if signers is None else f" and {len(who)} signers"
        raise SignletError(
            f"teach: {len(clips)} clips, {len(signs)} signs{people} are given; give one sign, and "
            "one signer if any, for each clip"
        )
    return [
        _given(clip, number, new_sign_name(sign), signer_name(signer))
        for number, (clip, sign, signer) in enumerate(zip(clips, signs, who, strict=True), 1)
    ]


def _given(clip: Recognisable, number: int, sign: str, signer: str) -> Given:
    if isinstance(clip, Clip):
        name = clip.name
    else:
        name = Path(clip).name if isinstance(clip, str | Path) else f"clip {number}"
    path = str(clip) if isinstance(clip, str | Path) else name
    return Given(lambda: _read(clip, name), Example(sign, signer, printable(name)), path)


def _read(clip: Recognisable, name: str) -> Clip:
    if isinstance(clip, str | Path):
        from signlet.sources import read_named

        clip = read_named(clip)
        warn_of(clip.remarks)
        return clip
    return clip if isinstance(clip, Clip) else Clip.from_array(clip, name)


def embedded(
    given: Sequence[Given],
    embed: Embed,
    tick: Callable[[], None],
    leave_out: Callable[[Sequence[str]], None] | None = None,
) -> tuple[list[Example], NDArray[np.float32]]:
    """N examples and their embeddings (N, D). tick: called after each clip.

    leave_out: receives a line for each clip that cannot be read, or shows no hand; N is then
        smaller. Raises BadClips with these lines without it, or where no clip is left.
    """
    problems: list[str] = []
    examples, parts = [], []
    for start in range(0, len(given), _AT_ONCE):
        usable = list(_usable(given[start : start + _AT_ONCE], problems))
        if usable and (leave_out or not problems):
            examples += [one.about for one, _ in usable]
            parts.append(embed([clip for _, clip in usable]))
        for _ in given[start : start + _AT_ONCE]:
            tick()
    if problems and (leave_out is None or not parts):
        raise BadClips(problems)
    if problems and leave_out:
        leave_out(problems)
    return examples, np.concatenate(parts)


def _usable(given: Sequence[Given], problems: list[str]) -> Iterator[tuple[Given, Clip]]:
    for one in given:
        try:
            clip = one.read()
            if not clip.hand_frames().any():
                raise ClipError(
                    f"{one.path}: no hand was found in any frame, and signs are taught by "
                    "hands; record it again or leave it out"
                )
            yield one, clip
        except SignletError as error:
            problems.append(str(error))


def distinct(
    examples: Sequence[Example],
    embeddings: NDArray[np.float16],
    say: Callable[[str], None],
    held: int = 0,
) -> NDArray[np.int64]:
    """Rows without clips that were there before; the first of each stays.

    embeddings: (N, D) of the examples. say: receives a note on clips that are left out.
    held: number of examples, the first ones, that the model file has already.
    Raises SignletError if one clip is given for two signs.
    """
    twins = _twins(embeddings.astype(np.float64))
    for row, twin in twins.items():
        if examples[twin].sign != examples[row].sign:
            raise SignletError(_torn(examples[twin], examples[row], twin < held <= row))
    if twins:
        say(_alike(examples, twins, held))
    return np.array([row for row in range(len(examples)) if row not in twins], np.int64)


def _alike(examples: Sequence[Example], twins: Mapping[int, int], held: int) -> str:
    """Return the message on clips given twice. twins: row -> the first clip like it."""
    held_too = [row for row, twin in twins.items() if twin < held]
    again = [row for row, twin in twins.items() if twin >= held]
    told = []
    if held_too:
        lie = f" and {len(held_too) - 1} more lie" if len(held_too) > 1 else " lies"
        told.append(f"{_named(examples[held_too[0]])}{lie} in the model file already")
    if again:
        more = f", and {len(again) - 1} more repeat others" if len(again) > 1 else ""
        first = examples[twins[again[0]]].name
        told.append(f"{_named(examples[again[0]])} is {first}{more}")
    return f"{'; '.join(told)}; a clip counts once"


def _named(example: Example) -> str:
    return f"{example.name} ({example.sign})"


def _torn(first: Example, second: Example, first_is_held: bool) -> str:
    """Return the message on one clip given for two signs."""
    if first_is_held:
        return (
            f"{second.name} ({second.sign}): the model file was taught the same clip as "
            f"{first.sign} ({first.name}); leave it out, or take {first.sign} away first "
            f"(--remove) and teach it again without this clip"
        )
    return (
        f"{first.name} ({first.sign}) and {second.name} ({second.sign}) are the same clip; "
        "remove it from one of the signs"
    )


def _twins(rows: NDArray[np.float64]) -> dict[int, int]:
    """Rows that are the same as an earlier one, each with the first such."""
    squares = np.square(rows).sum(1)
    found = {}
    for row, one in enumerate(rows):
        apart = squares[:row] + squares[row] - 2 * (rows[:row] @ one)
        if (same := np.flatnonzero(apart < _SAME)).size:
            found[row] = int(same[0])
    return found
