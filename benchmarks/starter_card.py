"""The words of the starter model's card; starter_model.py fills in the figures."""

from __future__ import annotations

from typing import Any

from signlet.evaluate import by_signer
from signlet.predictions import Predictions

CARD = """# Fingerspelling: the starter model of signlet

Names the letter, A to Z, that a hand spells in a short clip. It is what `signlet live`,
`signlet recognise` and the live page use when no model is named: something to try at once, and
a measure of what little data gives. `python benchmarks/starter_model.py` makes this model, this
page and its figures.

## How good it is

Of the letters of a sign language that it was not trained on it reads **{without:.0%}** right
(mean of four folds without copies; 95 % interval over languages {low:.0%} to {high:.0%}). With
the copies that the lexicon holds it is {accuracy:.0%}: the lexicon lists the American clips a
second time as French ones, so a fold has seen them in training. Chance is 4 %. The model that
ships was trained on all clips, so nothing is left to measure it on.

{folds}

By language, without copies: {languages}. Languages differ in their letters: the same hand shape
is another letter elsewhere, and no model can know that of a language that it has not seen.

## Data and licence

{data}. The weights are under Apache-2.0.

Each language is signed by other people, and each letter is there once. Nobody knows how skin,
age, dress, light, left-handedness or disability move the errors: so few clips cannot tell.

## What it must not be used for

It is no interpreter and no judge of people. Do not use it for anything of weight (medical, legal,
school or official matters), to identify or grade a signer, or for words and sentences, which
it does not know. For a sign language's own alphabet record signers of that language and train
on them.

## When it answers none

Confidence is the largest probability with a temperature of {temperature:.3f}, fitted on the
folds' answers. Below a confidence of {threshold:g} the answer is "none".

Letters that were left out of a training are hardly told from known ones
(`docs/unknown_signs.md`): a threshold that
stops nineteen of twenty of them stops four of five known letters too. So this one is chosen by
its price: {kept:.0%} of the right answers pass. Of the answers that it stops {right_of_stopped:.0%}
are right. Of other letters {unknown_accepted:.0%} pass: do not take an answer as proof that a
letter of A to Z was shown.

{thresholds}

known: clips of unseen languages, without copies. unknown: what else lies in the lexicon (letters
of the Arabic, Cyrillic and Greek alphabets, digraphs, letters with marks), each read by a model
that has not seen its language. Some of these are made like a letter of A to Z, so not every one
that passes is a mistake.

{general}
"""


def by_language(distinct: Predictions) -> str:
    """Share read right of each language, the best first."""
    rows = sorted(by_signer(distinct).to_pylist(), key=lambda row: -row["top1"])
    return ", ".join(f"{row['signer']} {row['top1']:.2f}" for row in rows)


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown of rows."""

    def text(value: Any) -> str:
        if isinstance(value, bool):
            return "yes" if value else ""
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    head = " | ".join(name.replace("_", " ") for name in rows[0])
    lines = [f"| {' | '.join(text(v) for v in row.values())} |" for row in rows]
    return "\n".join([f"| {head} |", "|---" * len(rows[0]) + "|", *lines])
