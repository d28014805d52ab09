"""The words of the starter model's card; starter_model.py fills in the figures."""

from __future__ import annotations

from typing import Any

from benchmarks.environment import RESULTS
from signlet.evaluation.predictions import Predictions
from signlet.evaluation.scores import by_signer
from signlet.modelfile.taught_fit import Expected

LEXICON = (
    "fingerspelling lexicon of the package spoken-to-signed 0.4.0 (MIT): 600 clips of letters in "
    "20 sign languages, 436 of them of the letters A to Z, one recording of each letter in 17 "
    "languages, six of them missing"
)
FREE_WORDS = (
    "; and 363 clips of 64 words, letters and digits, recorded by people with their own webcams "
    "and taken from repositories under MIT, Apache-2.0 or CC0"
)
HELD_BACK = """ Free clips of letters and digits are
left out there too, because nobody wrote down their language; what ships has learned from them."""
LICENCES = """The free clips come from repositories under MIT,
Apache-2.0 or CC0; which is under which was not kept."""
FEW_SHOT = "starter"
"""The name under which few_shot.py measured this model."""
PRINTED = (
    "`python -m benchmarks.teaching.few_shot` prints this; values are means with 95 % intervals."
)
NOT_MEASURED = "`python -m benchmarks.teaching.few_shot` measures it; it has not been measured yet."
COMPARED = "landmarks"
"""Begins the names of what it is compared with."""

CARD = """# Fingerspelling: the starter model of signlet

Made to be taught: show it a few clips of a sign, and `signlet teach` or the live page tell this
sign from others. Untaught it names the letter, A to Z, that a hand spells in a short clip. It is
what `signlet live`, `signlet recognise` and the live page use when no model is named.
`python -m benchmarks.starter.starter_model` makes this model, this page and its figures.

## How good it is

Of the letters of a sign language that it was not trained on it reads **{percent(without)}** right
(mean of four folds without copies; 95 % interval over languages {percent(low)} to
{percent(high)}). With the copies that the lexicon holds it is {percent(accuracy)}: the lexicon
lists the American clips a
second time as French ones, so a fold has seen them in training. Chance is 4 %. The model that
ships was trained on all clips, so nothing is left to measure it on.

{folds}

By language, without copies: {languages}. Languages differ in their letters: the same hand shape
is another letter elsewhere, and no model can know that of a language that it has not seen.

A fold is trained for {fold_steps} steps, without any clip of its languages, of whatever alphabet,
and its made-up signs are made without their hands.{held_back}

## How well signs are taught

{few_shot}

{teaching}

## What it learned from

{data}. The weights are under Apache-2.0.

Each of {steps} steps also looked at {made_signs} made-up signs with {made_clips} clips each: hands
out of these clips on drawn ways, with heads and shoulders out of them and drawn arms. They mean
nothing in any language. The encoder learned to put clips of one sign, made up or real, near each
other (supervised contrastive loss, Khosla et al. 2020, arXiv:2004.11362); the letters are named
by their likeness to the lexicon's.

![Made-up signs, two clips of each](../../../docs/pictures/made_signs.png)

## Data and licence

The lexicon is under MIT. {licences} No clip is in this file, only what was learned from them,
and of each letter examples as rows of numbers.

In the lexicon each language is signed by other people, and each letter is there once. Nobody
knows how skin, age, dress, light, left-handedness or disability move the errors: so few clips
cannot tell.

## What it must not be used for

It is no interpreter and no judge of people. Do not use it for anything of weight (medical, legal,
school or official matters), to identify or grade a signer, or for sentences. It knows no word
until it is taught; test it then with the people who will sign. For a sign language's own alphabet
teach it that alphabet, or record signers of that language and train on them.

## When it answers none

Confidence is the largest probability with a temperature of {temperature:.3f}, fitted on the
folds' answers. Below a confidence of {threshold:g} the answer is "none".

Letters that were left out of a training are hardly told from known ones
(`docs/unknown_signs.md`): a threshold that
stops nineteen of twenty of them stops four of five known letters too. So this one is chosen by
its price: {percent(kept)} of the right answers pass. Of the answers that it stops
{percent(right_of_stopped)} are right. Of other letters {percent(unknown_accepted)} pass: do not
take an answer as proof that a
letter of A to Z was shown.

{thresholds}

known: clips of unseen languages, without copies. unknown: what else lies in the lexicon (letters
of the Arabic, Cyrillic and Greek alphabets, digraphs, letters with marks), each read by a model
that has not seen its language. Some of these are made like a letter of A to Z, so not every one
that passes is a mistake.

{general}
"""


def data_text(with_words: bool) -> str:
    """Return the training data, in a line."""
    return LEXICON + FREE_WORDS * with_words


def of_words(with_words: bool) -> dict[str, str]:
    """Return the card's texts on the free words, by placeholder."""
    if not with_words:
        return {"held_back": "", "licences": "The free words were not at hand: nothing is of them."}
    return {"held_back": HELD_BACK, "licences": LICENCES}


def few_shot() -> str:
    """The table of few_shot.py for this model, where it has been measured."""
    path = RESULTS / "few_shot.csv"
    if not path.exists():
        return NOT_MEASURED
    from benchmarks.teaching import few_shot_report

    rows = few_shot_report.read_results(path)
    if not any(row["encoder"] == FEW_SHOT for row in rows):
        return NOT_MEASURED
    known = dict.fromkeys(row["encoder"] for row in rows)
    shown = [name for name in known if name == FEW_SHOT or name.startswith(COMPARED)]
    chosen = [row for row in rows if row["encoder"] in shown]
    return f"""{PRINTED}

{few_shot_report.table(chosen).strip()}"""


def teaching(measured: tuple[Expected, int] | None) -> str:
    """Return the card's text on likenesses before an example is seen."""
    if measured is None:
        return "What to expect of likenesses was not measured; the usual numbers are taken."
    numbers, people = measured
    return (
        f"Before an example is seen, a clip of a taught sign is expected at a likeness of\n"
        f"{numbers.known:.2f} and one of another sign at {numbers.unknown:.2f}, with a deviation "
        f"of {numbers.spread:.2f} (and a softmax of\nscale {numbers.scale:.1f}): means of {people} "
        "people from whom nothing was learned, each with up to three\nclips of their own signs."
    )


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
