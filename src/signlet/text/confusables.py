"""Confusable names, which look alike and differ: names in, a form that is equal for them out."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks that show nothing, beside Unicode's format characters (Cf)."""
_DASHES = dict.fromkeys(map(ord, "-_\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fb\u00b7"), " ")
_QUOTES = dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02bc\u2032\u00b4`\u02b9\uff07"), "'")
_TWINS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04cf\u0501\u051b"
    "\u051d"
    "\u043a\u043c\u0442\u0432\u043d\u03bf\u03b1\u03c1\u03bd\u03b9\u03ba\u0131",
    "aeopcyxijsldqwkmtbhoapviki",
)
"""Letters of Cyrillic and Greek, and the dotless i, that look as Latin ones do."""
_ALIKE = _DASHES | _QUOTES | _TWINS | {0x640: None}
"""And the Arabic tatweel, which only makes a word longer."""


def looks(name: str) -> str:
    """Return the look of a name: equal for names that differ in capitals, spaces or unseen letters.

    Dashes, low lines and spaces count as the same, so do all apostrophes, and letters of other
    alphabets that look as Latin ones do.

    Unseen are zero-width and other format characters, variation selectors, and which of
    several Unicode forms of a letter is taken: composed or not, full width, ligature.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    shown = "".join(letter for letter in plain if not _unseen(letter))
    return " ".join(unicodedata.normalize("NFKC", shown).translate(_ALIKE).split())


def _unseen(letter: str) -> bool:
    selector = "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
    return selector or letter in _UNSEEN or unicodedata.category(letter) == "Cf"


def one_form(name: str) -> str:
    """A name as `signlet.text.names` writes it: NFC, no blanks around.

    To compare what older files hold. Nothing is refused.
    """
    return unicodedata.normalize("NFC", name).strip()


def numbers(signs: Sequence[str]) -> dict[str, int]:
    """The class of each sign, by the one form of its name."""
    return {one_form(sign): number for number, sign in enumerate(signs)}


def alike(names: Iterable[str]) -> list[str]:
    """Groups of names that look the same, in words: "'Hello' and 'hello'"."""
    same = defaultdict(list)
    for name in dict.fromkeys(names):
        same[looks(name)].append(name)
    return [" and ".join(shown(name) for name in group) for group in same.values() if group[1:]]


def shown(name: str) -> str:
    """A name in quotes, with escapes for all that is not seen in it."""
    text = "".join(f"\\u{ord(x):04x}" if _unseen(x) or _is_odd_space(x) else x for x in repr(name))
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFKC")}
    odd = forms != {name} or any(ord(x) > 127 and ord(x) in _ALIKE for x in name)
    return f"{text} ({ascii(name)[1:-1]})" if odd and name in text else text


def _is_odd_space(letter: str) -> bool:
    return letter.isspace() and letter != " "
