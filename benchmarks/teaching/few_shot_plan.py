"""The episodes of `few_shot.py`: clips to show and clips to test, the same for every method."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.teaching.few_shot_data import Clips, Integers, Texts

SAME, REJECTION = "same signer", "rejection"
ONE, OTHERS, LANGUAGES = "one signer for others", "other signers", "other languages"
FEW = "same signer, a few of them"
SCRATCH_EXAMPLES = 3
WORDS = 9
"""So many words, those that most people know, are tested across people."""
SIGNERS = (1, 3, 10)
ROOMY = 10
"""From so many signers a word on, two more have to know it, and one beside them."""


@dataclass(frozen=True)
class Episode:
    """Rows of clips. shown: the examples. tested: of the same signs. unknown: of other signs."""

    draw: int
    shown: Integers
    tested: Integers
    unknown: Integers = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True)
class Setting:
    """Episodes that make one figure. examples: clips, signers or languages for each sign."""

    name: str
    examples: int
    draws: int
    episodes: tuple[Episode, ...]


@dataclass(frozen=True)
class Plan:
    """examples: numbers of examples for a sign. scratch: signers whom a training is tried on."""

    examples: Sequence[int]
    draws: int
    seed: int
    scratch: int = 0


def settings(clips: Clips, plan: Plan) -> list[Setting]:
    """All that the data set can answer; what has no episodes is left out."""
    if clips.name == "letters":
        made = [_languages(clips, k, plan) for k in plan.examples]
        made.append(_letters_rejected(clips, max_examples(clips, plan, 3), plan))
    else:
        most = max_examples(clips, plan, 3)
        made = [_same(clips, k, max(most, k), plan) for k in plan.examples]
        made.append(_rejection(clips, most, plan))
    if clips.name == "webcam":
        made.append(_one_signer(clips))
        made += [_signers(clips, n, plan) for n in SIGNERS]
        made += [_few(clips, plan)] if plan.scratch else []
    return [setting for setting in made if setting.episodes]


def max_examples(clips: Clips, plan: Plan, most: int) -> int:
    """Up to `most` examples, fewer where nobody shows a sign so often and once more."""
    often = max((len(rows) for _, signs in _by_signer(clips) for rows in signs), default=0)
    return most if clips.name == "letters" else max(1, min(most, often - 1))


def _rng(plan: Plan, *what: object) -> np.random.Generator:
    return np.random.default_rng([plan.seed, zlib.crc32(repr(what).encode())])


def _by_signer(clips: Clips) -> list[tuple[str, list[Integers]]]:
    """Of each signer the rows of each sign."""
    found = []
    for signer in np.unique(clips.signers):
        rows = np.flatnonzero(clips.signers == signer)
        labels = clips.labels[rows]
        found.append((str(signer), [rows[labels == label] for label in np.unique(labels)]))
    return found


def _eligible(clips: Clips, more_than: int, signs: int) -> list[tuple[str, list[Integers]]]:
    """Signers with so many signs of more than so many clips, and these."""
    found = ((who, [r for r in signs if len(r) > more_than]) for who, signs in _by_signer(clips))
    return [(who, rows) for who, rows in found if len(rows) >= signs]


def _dealt(rng: np.random.Generator, signs: Sequence[Integers], k: int) -> list[list[Integers]]:
    """Each sign's rows, shuffled: k examples, and the rest."""
    return [np.split(rng.permutation(rows), [k]) for rows in signs]


# --- one's own signs --------------------------------------------------------------------------


def _same(clips: Clips, k: int, more_than: int, plan: Plan) -> Setting:
    rng = _rng(plan, SAME, k)
    episodes = [
        Episode(draw, *(np.concatenate(part) for part in zip(*_dealt(rng, signs, k), strict=True)))
        for _, signs in _eligible(clips, more_than, 2)
        for draw in range(plan.draws)
    ]
    return Setting(SAME, k, plan.draws, tuple(episodes))


def _few(clips: Clips, plan: Plan) -> Setting:
    """One draw for a few signers, for what takes long."""
    rng, k = _rng(plan, FEW), max_examples(clips, plan, SCRATCH_EXAMPLES)
    able = _eligible(clips, k, 2)
    drawn = rng.permutation(len(able))[: plan.scratch]
    dealt = [_dealt(rng, able[i][1], k) for i in drawn]
    parts = [[np.concatenate(part) for part in zip(*one, strict=True)] for one in dealt]
    return Setting(FEW, k, 1, tuple(Episode(0, *part) for part in parts))


def _rejection(clips: Clips, k: int, plan: Plan) -> Setting:
    """Each sign left out in turn, and all of its clips are unknown."""
    rng, episodes = _rng(plan, REJECTION), []
    for _, signs in _eligible(clips, k, 3):
        for draw in range(plan.draws):
            dealt = _dealt(rng, signs, k)
            for out, unknown in enumerate(signs):
                rest = [one for number, one in enumerate(dealt) if number != out]
                shown, tested = (np.concatenate(part) for part in zip(*rest, strict=True))
                episodes.append(Episode(draw, shown, tested, unknown))
    return Setting(REJECTION, k, plan.draws, tuple(episodes))


# --- signs that others have taught ------------------------------------------------------------


def _widespread(clips: Clips) -> Integers:
    """The words that most signers know."""
    count = len(clips.signs)
    known = [len(set(clips.signers[clips.labels == label])) for label in range(count)]
    return np.argsort(-np.array(known), kind="stable")[:WORDS]


def _one_signer(clips: Clips) -> Setting:
    """Each signer who knows all the words, with all clips of them."""
    words = _widespread(clips)
    among = np.isin(clips.labels, words)
    episodes: list[Episode] = []
    for signer in np.unique(clips.signers):
        own = among & (clips.signers == signer)
        if len(set(clips.labels[own])) == len(words):
            rest = np.flatnonzero(among & ~own)
            episodes.append(Episode(len(episodes), np.flatnonzero(own), rest))
    return Setting(ONE, 1, len(episodes), tuple(episodes))


def _signers(clips: Clips, n: int, plan: Plan) -> Setting:
    """n signers for each word; those who were drawn for none are tested."""
    rng = _rng(plan, OTHERS, n)
    least = n + 3 if n >= ROOMY else n + 1
    know = {int(w): np.unique(clips.signers[clips.labels == w]) for w in _widespread(clips)}
    know = {word: signers for word, signers in know.items() if len(signers) >= least}
    among, episodes = np.isin(clips.labels, list(know)), []
    for draw in range(plan.draws if know else 0):
        drawn = {word: rng.choice(signers, n, replace=False) for word, signers in know.items()}
        shown = np.concatenate([_rows(clips, word, signers) for word, signers in drawn.items()])
        teachers = np.concatenate(list(drawn.values()))
        tested = np.flatnonzero(among & ~np.isin(clips.signers, teachers))
        if len(tested):
            episodes.append(Episode(draw, shown, tested))
    return Setting(OTHERS, n, plan.draws, tuple(episodes))


def _rows(clips: Clips, word: int, signers: Texts) -> Integers:
    return np.flatnonzero((clips.labels == word) & np.isin(clips.signers, signers))


def _drawn_languages(clips: Clips, k: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """All letters of k languages, and those letters of the other ones."""
    everyone = np.unique(clips.signers)
    mine = np.isin(clips.signers, rng.choice(everyone, k, replace=False))
    tested = ~mine & np.isin(clips.labels, clips.labels[mine])
    return np.flatnonzero(mine), np.flatnonzero(tested)


def _languages(clips: Clips, k: int, plan: Plan) -> Setting:
    rng, episodes = _rng(plan, LANGUAGES, k), []
    for draw in range(plan.draws if k < len(np.unique(clips.signers)) else 0):
        episodes.append(Episode(draw, *_drawn_languages(clips, k, rng)))
    return Setting(LANGUAGES, k, plan.draws, tuple(episodes))


def _letters_rejected(clips: Clips, k: int, plan: Plan) -> Setting:
    rng, episodes = _rng(plan, REJECTION), []
    for draw in range(plan.draws if k < len(np.unique(clips.signers)) else 0):
        shown, tested = _drawn_languages(clips, k, rng)
        for out in np.unique(clips.labels[shown]):
            known, asked = clips.labels[shown] != out, clips.labels[tested] != out
            episodes.append(Episode(draw, shown[known], tested[asked], tested[~asked]))
    return Setting(REJECTION, k, plan.draws, tuple(episodes))
