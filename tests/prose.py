"""A small style of plain English for the docs: what a sentence must not be, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 35
"""Words of a sentence. Longer ones have to be read twice."""

BANNED = {
    r"signers? never seen": "people it has never seen",
    r"\bguises?\b": "under another language, under another name",
    r"\bmakes? do with\b": "skips, uses only",
    r"\b(?:had|have|has) (?:a|no|the same|the first) (?:say|word)\b": "was (not) used for tuning",
    r"\bsays? loudly\b": "warns",
    r"\b(?:is|are) told\b": "signlet prints, signlet rejects",
    r"\b(?:is|are|was|were) said\b": "signlet says, signlet reports",
    r"\btell(?:s|ing)? (?:no|neither|none)\b": "does not contain",
    r"\bthe own\b": "its own, localhost",
    r"\bone's own\b": "your own",
    r"\b(?:has|have) not (?:a|an|the|its|\d+|\w+ of)\b": "does not have",
    r"\bto be believed\b": "to be trusted",
    r"\bthat is none\b(?! of)": "say what it is: corrupt, missing, empty",
    r"(?<!there )\b(?:is|are) no such\b": "invalid",
    r"\bwhat (?:is|are) (?:no|not|left|there)\b": "name the thing",
    r"\bin a line\b": "linear",
    r"\bas good as (?:equal|none|nothing)\b": "practically equal",
    r"\bnobody (?:knows|can tell)\b": "it is unknown",
    r"\bfrom which \w+ on\b": "above which",
    r"\bas (?:it|they) lies?\b": "as it is",
    r"\bnamed for what\b": "say what it is",
    r"\bso (?:many|few) \w+ that\b": "say the number or the rule",
    r"\bby whom\b": "name the actor",
    r"\bevery ?body is read\b": "signlet tests each person",
    r"\bwhat becomes of\b": "the result of",
    r"\bwhatever it is\b": "say what",
    r"\bto one's\b": "to your",
    r"\bheads? of its\b": "name the thing",
    r"\d%": "a space before the sign: 85 %",
    r"\bof the latter\b|\bthe former\b": "repeat the noun",
}
"""Patterns that read like a translation, with what to write instead."""

FORMER = {
    r"\bas many as\b.*\ballow": "say the number and the reason",
    r"\bdecides otherwise\b": "changes this",
    r"\bread right\b": "named correctly",
    r"\bread (?:worse|badly)\b": "do worse; recognised less well",
    r"\btold apart\b": "distinguished; name the signers",
    r"\bnobody can\b": "it is unknown",
    r"\b(?:is|are|was|were) there already\b": "exists already",
    r"\bthere twice\b": "appears twice",
    r"\bleft aside\b": "skipped",
    r"\bno whole\b": "not a complete, incomplete",
    r"\bthis signlet (?:has|reads|uses)\b": "this version of signlet",
    r"\b(?:allowed|needed) are\b": "at most ... are allowed; it needs",
    r"\b(?:is|are) mended\b": "repaired",
    r"\banew\b": "again",
    r"\bsee to it\b": "make sure",
    r"\bthe same say\b": "equal weight",
    r"\bin vain\b": "without success",
    r"\bare exchanged\b": "are swapped",
    r"\bbeyond all measure\b": "too large",
    r"\bfrom which on\b": "from which",
    r"\bmade clips\b": "synthetic clips",
    r"\b(?:is|are) assumed\b": "signlet assumes",
}
"""What messages and docstrings of this project used to say, and must not say again."""

OPENERS = re.compile(
    r"(?:What|Whatever|Whether|Whoever|Which)\b[^?]*[.;]$"
    r"|(?:Compared|Drawn|Kept|Left|Measured|Printed|Said|Shown|Taken|Tested|Told|Trained|Written)"
    r" (?:is|are|was|were)\b"
)
"""Sentences that begin with a clause or a participle, and name the actor late or never."""


@dataclass(frozen=True)
class Finding:
    """One thing to mend: where it is, and what to do."""

    sentence: str
    advice: str

    def __str__(self) -> str:
        return f"{self.advice}: {self.sentence}"


def sentences(markdown: str) -> Iterator[str]:
    """The prose of a page, a sentence at a time: no code, table cells and list items apart."""
    text = re.sub(r"^---\n.*?^---\n|^```.*?^```|<!--.*?-->", "\n\n", markdown, flags=re.M | re.S)
    text = re.sub(r"`+[^`]+`+", "CODE", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\|(.*)\|$", lambda row: row[1].replace("|", "\n\n") + "\n", text, flags=re.M)
    text = re.sub(r"^ *(?:[-*]|\d+\.|#+|>) +", "\n\n", text, flags=re.M)
    for block in re.split(r"\n\s*\n", text):
        words = " ".join(re.sub(r"[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}", "", block).split())
        yield from filter(
            None, re.split(r"(?<=[.?!])\)? +(?=[\"(]?(?:[A-Z]|signlet ))|(?<=[:;]) +", words)
        )


def refused(text: str) -> list[Finding]:
    """Every refused phrase in a message, a help text or a docstring."""
    words = " ".join(text.split())
    return [
        Finding(words[max(found.start() - 40, 0) : found.end() + 40], f"write: {better}")
        for wrong, better in (BANNED | FORMER).items()
        if (found := re.search(wrong, words, re.IGNORECASE))
    ]


def findings(markdown: str) -> list[Finding]:
    """Everything in a page that the style refuses."""
    found = []
    for sentence in sentences(markdown):
        if len(sentence.split()) > LONGEST:
            found.append(Finding(sentence, f"more than {LONGEST} words"))
        if OPENERS.match(sentence):
            found.append(Finding(sentence, "begin with the actor"))
        found += [
            Finding(sentence, f"write: {better}")
            for wrong, better in BANNED.items()
            if re.search(wrong, sentence, re.I)
        ]
    return found
