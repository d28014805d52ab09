"""Signers from file names, `<signer>_<anything>`: names in, a signer or None for each out.

Phones, cameras and people also write other things before the first underscore: a date, a
counter, the sign. Taken for persons, these make an estimate "for unseen signers" of clips whose
signers were seen. So a signer is unknown unless the name can be one, and a note says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from signlet.sources.pattern import NamePattern
from signlet.sources.splits import split_name
from signlet.sources.unused_files import one_line

_REMEDY = "name files <signer>_<number>, or list them in a table (path,sign,signer)"
_OFFERED = ("{any}_{signer}_{n}", "{any}_{signer}_{any}", "{any}_{signer}")
"""Patterns to offer where all names of unknown signers fit, and tell persons so."""
PERSON = re.compile(
    r"""(?:signer|person|people|user|subject|subj|sub|participant|performer|actor|informant
    |speaker|volunteer|student|teacher|proband|teilnehmer|gebärder|sujet|sujeto|persona)s?
    (?:[-_\s.]*\d+[a-z]?|(?-i:[A-Z])|[-_\s.]+\S.*)""",
    re.IGNORECASE | re.VERBOSE,
)
"""A name that says that it is a person's: signer03, user_ann, Person B."""
_ANYBODY = re.compile(
    r"""(?:signer|person|people|user|subject|subj|participant|performer|actor|informant|speaker
    |volunteer|proband|teilnehmer|gebärder|sujet|sujeto|persona|unknown|nobody|none|null|nan
    |anonymous|anon|unbekannt)s?""",
    re.IGNORECASE | re.VERBOSE,
)
"""No name of anybody."""
_RECORDING = re.compile(
    r"""(?<![^\W_])(?: img | mvimg | image | foto | photo | pic | pict | picture | vid | videos?
    | mov | movie | mvi | film | pxl | dsc[fn]? | dji | mah | mvc | gopr | gopro | g[hpx](?=\d{3})
    | cam | camera | kamera | webcam | bandicam | dashcam | phone | handy | iphone | ipad | tablet
    | screen | screenshot | screencast | screencapture | screen-?record(?:ing|er)? | recorder
    | rec | record | recorded | recording | capture | captura | clips? | snap | snapchat | whatsapp
    | telegram | signal | tiktok | instagram | facebook | fb_(?:img|vid) | youtube | zoom | obs
    | vlc | vlcsnap | inshot | capcut | ezgif | mmexport | rpreplay | burst | untitled | unbenannt
    | win(?=[-_\s]?\d{6}) | aufnahme | bildschirmaufnahme | aufzeichnung | enregistrement
    | grabaci[oó]n | registrazione | gravaç[aã]o | gravacao | filmato | filmagem | kayıt | vidéos?
    | v[ií]deos | видео | запись | 视频 | 微信视频 | 錄影 | 录像 | 動画 | ビデオ
    | 동영상 | فيديو | تسجيل
    | वीडियो | imgp | cimg | hpim | m4h | 1\d\d(?-i:[A-Z_]{5}) | kazam | ssstik(?:\.io)? | y2mate
    | videoplayback | lv(?=_0_\d) | vn(?=_\d{6}) | x-?recorder | mobizen | neues\s+video
    | my[-_\s]+(?:video|clip|movie|recording|sign)s? | (?-i:SAM)(?=_\d{4}(?!\d))
    | received | download(?:ed)? | copy\s+of | kopie\s+von
    )(?![^\W\d_])""",
    re.IGNORECASE | re.VERBOSE,
)
"""File names that cameras, phones and programs give to a recording."""
_COUNTER = re.compile(
    r"""10\d_\d{4}(?!\d) | [A-Z]\d{3}_C\d{3} | (?:IMGP|CIMG|HPIM|PICT|MAH|M4H|KIF|FILE|DSC)\d+
    | [CSMP]\d{4,8}(?=[_.]) | v\d+(?=_)
    | (?:\d{3,4}p | \d{3,4}x\d{3,4} | \d{2,3}\s?fps)(?=[_.])
    | (?:trim\.)?(?=[0-9A-Fa-f]*\d)(?=[0-9A-Fa-f]*[A-Fa-f])[0-9A-Fa-f]{12,}(?=[_.])
    | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}""",
    re.VERBOSE,
)
"""Counters of cameras (100_1234, A001_C002, C0010), versions, sizes, rates, identifiers."""
_PLAIN = re.compile(
    r"""(?: trim | trimmed | cut | sequence | seq | takes? | sample | file | frame | test | output
    | export | scene | segment | track | part | item | session | sess | trial | attempt | try
    | rep | repetition | copy | kopie | final | good | bad | left | right
    | signs? | gestures? | gloss | word | wort | gebärde | instance | example | data | landmarks?
    | front | side | back | top | view | angle | rgb | depth | colou?r | slow | fast | normal
    | mirrored | flip | flipped | rotated | augmented | new | old | tmp | temp | label | class
    | pose | poses | keypoints | skeleton | (?:left|right|both)[-_\s]?hands? | hands? | version
    | cam(?:era)?[-_\s]?[a-d] | (?:mon|tues|wednes|thurs|fri|satur|sun)day | asl | bsl | dgs | lsf
    | libras | auslan | nzsl | ngt | csl | jsl | ksl
    | correct | wrong | original | no | nr | num | number )[-.\s]*\d*""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words that people use as file names, alone or with a number."""
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(
    rf"""(?:19|20)\d\d[-._\s]?(?:0[1-9]|1[0-2])[-._\s]?(?:0[1-9]|[12]\d|3[01])(?!\d{{1,3}}(?!\d))
    | (?<!\d)(?:0?[1-9]|[12]\d|3[01])[-._\s](?:0?[1-9]|1[0-2])[-._\s](?:19|20)\d\d(?!\d)
    | (?<!\d)(?:0?[1-9]|1[0-2])[-._\s](?:0?[1-9]|[12]\d|3[01])[-._\s](?:19|20)\d\d(?!\d)
    | (?<!\d)(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d(?!\d)
    | (?<!\d)\d{{1,2}}[-.\s]?{_MONTH}[-.\s\d_] | \b{_MONTH}[-.\s]?\d{{1,2}}[-.\s,]+(?:19|20)\d\d
    | (?<!\d)\d\d[-_.]\d\d[-_.]\d\d(?!\d) | (?<![\d-])\d{{1,2}}([-.])\d{{1,2}}\1\d\d(?!\d)""",
    re.IGNORECASE | re.VERBOSE,
)
_ONLY_DATE_OR_TIME = re.compile(
    r"""(?:19|20)\d\d(?:[-.\s]\d\d)? | \d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])
    | 1[0-9]{9}(?:\d{3})? | \d{14} | \d{1,2}[-.:h\s]\d{2}(?:[-.:m\s]\d{2})?s?""",
    re.IGNORECASE | re.VERBOSE,
)
"""A year, a day as YYMMDD, seconds since 1970, a moment, a time."""
_MANY, _FEW = 10, 6
"""From this many clips on, it is no coincidence that each has a signer of its own; numbered,
fewer."""
_MOSTLY = 0.9

Clip = tuple[str | None, str]
"""Sign, None if unknown, and name of the file."""


def signers_of(clips: Sequence[Clip], others: int = 0) -> tuple[list[str | None], str]:
    """Signers of a whole set by the names of its files, None if unknown, and a note.

    A signer is what stands before the first underscore, unless that is a date or a time, a
    camera's or a recording's name, a split, the sign, a running number, or something that tells
    every clip, or every sign, from all others.
    others: clips of the set whose signers are known otherwise; they count in the note.
    The note says how many clips have no known signer, why, and the remedy; "" if no
    name has anything before an underscore that is not a person.
    """
    why = _reasons(clips)
    signers = [None if row in why else signer_of(name) for row, (_, name) in enumerate(clips)]
    unknown = [row for row, signer in enumerate(signers) if signer is None]
    return signers, _note(clips, why, unknown, len(clips) + others) if why else ""


def _reasons(clips: Sequence[Clip]) -> dict[int, str]:
    """Return the reason why the word before the underscore is not a person, by the clip's row."""
    found = [signer_of(name) for _, name in clips]
    why: dict[int, str] = {}
    for rule in _RULES:
        rows = [row for row, signer in enumerate(found) if signer and row not in why]
        for row, reason in rule([(found[row] or "", *clips[row]) for row in rows]).items():
            why[rows[row]] = reason
    return why


def signer_of(file_name: str) -> str | None:
    """Return the text before the first underscore of a file's name, else None."""
    signer, underscore, _ = file_name.partition("_")
    return signer.strip() or None if underscore else None


def _note(clips: Sequence[Clip], why: dict[int, str], unknown: Sequence[int], total: int) -> str:
    examples: dict[str, str] = {}
    for row, reason in why.items():
        examples.setdefault(reason, clips[row][1])
    shown = " or ".join(f"{reason} ({one_line(name)})" for reason, name in examples.items())
    bare = [clips[row][1] for row in unknown if row not in why]
    also = f", or have nothing before a _ ({one_line(bare[0])})" if bare else ""
    pattern = _offered([clips[row] for row in unknown])
    how = f", or describe their names: --names '{pattern}'" if pattern else ""
    return (
        f"the signer of {len(unknown)} of {total} clips is unknown: their names begin with "
        f"{shown}, not with a person{also}; {_REMEDY}{how}"
    )


def _offered(clips: Sequence[Clip]) -> str:
    """A pattern that finds a person in every name; "" for none."""
    for text in _OFFERED:
        pattern = NamePattern(text)
        told = [(pattern.match(PurePosixPath(name)) or {}).get("signer", "") for _, name in clips]
        again = [(sign, f"{who}_1") for (sign, _), who in zip(clips, told, strict=True)]
        if all(any(map(str.isalpha, who)) for who in told) and not _reasons(again):
            return text
    return ""


# --- rules: (signer, sign, file name) of every clip -> why the signer is none, by its row ------
Row = tuple[str, str | None, str]
Rule = Callable[[Sequence[Row]], dict[int, str]]


def _recordings(rows: Sequence[Row]) -> dict[int, str]:
    found = {}
    for number, (signer, _, name) in enumerate(rows):
        recorded = _RECORDING.match(name) or _RECORDING.search(signer) or _COUNTER.match(name)
        if recorded or _PLAIN.fullmatch(signer):
            found[number] = "the name of a recording"
    return found


def _nobody(rows: Sequence[Row]) -> dict[int, str]:
    """Words for a person without a name or number, which may stand behind: subj_01_2.mp4."""
    found = [n for n, (signer, _, _) in enumerate(rows) if _ANYBODY.fullmatch(signer)]
    return dict.fromkeys(found, "a word for any person")


def _dates(rows: Sequence[Row]) -> dict[int, str]:
    found = {}
    for number, (signer, _, name) in enumerate(rows):
        begins = _DATE.match(PurePosixPath(name).stem)
        if begins or _DATE.search(signer) or _ONLY_DATE_OR_TIME.fullmatch(signer):
            found[number] = "a date or a time"
    return found


def _splits(rows: Sequence[Row]) -> dict[int, str]:
    found = [n for n, (signer, _, _) in enumerate(rows) if split_name(_word(signer))]
    return dict.fromkeys(found, "the name of a split")


def _signs(rows: Sequence[Row]) -> dict[int, str]:
    """Names that begin with the sign, unless clips of other signs begin with that as well."""
    own, other = Counter[str](), Counter[str]()
    for signer, sign, name in rows:
        (own if _begins_with_sign(signer, sign, name) else other)[_word(signer)] += 1
    words = {word for word, count in own.items() if count > other[word]}
    return {n: "the sign" for n, (signer, _, _) in enumerate(rows) if _word(signer) in words}


def _begins_with_sign(signer: str, sign: str | None, name: str) -> bool:
    word, whole = _word(signer), _letters(sign or "")
    if not (word and whole):
        return False
    if word == whole or _letters(signer) == whole:
        return True
    return whole.startswith(word) and _letters(name).startswith(whole)


def _numbers(rows: Sequence[Row]) -> dict[int, str]:
    """Running numbers. Numbers of persons come again and again, also with one sign."""
    numbered = {n: signer for n, (signer, _, _) in enumerate(rows) if signer.isdecimal()}
    takes = Counter((rows[n][1], int(signer)) for n, signer in numbered.items())
    repeated = sum(count for count in takes.values() if count > 1)
    if repeated * 2 >= len(numbered):
        return {}
    return dict.fromkeys(numbered, "a running number")


def _one_each(rows: Sequence[Row]) -> dict[int, str]:
    """Find words that differ in nearly every clip: a counter, a time or an identifier."""
    kinds = defaultdict(list)
    for number, (signer, _, _) in enumerate(rows):
        if not PERSON.fullmatch(signer):
            kinds[re.sub(r"\d+", "0", signer)].append(number)
    groups = [numbers for kind, numbers in kinds.items() if "0" in kind and len(numbers) >= _FEW]
    if len(rows) >= _MANY:
        groups.append([number for numbers in kinds.values() for number in numbers])
    found: dict[int, str] = {}
    for numbers in groups:
        if len({rows[number][0] for number in numbers}) >= _MOSTLY * len(numbers):
            found |= dict.fromkeys(numbers, "something else for every clip")
    return found


def _sign_labels(rows: Sequence[Row]) -> dict[int, str]:
    """Find words that stand for one sign each: its number or an abbreviation."""
    labels = defaultdict(set)
    for signer, sign, _ in rows:
        labels[sign].add(signer)
    people = {signer for found in labels.values() for signer in found}
    if len(labels) < 3 or len(people) != len(labels) or any(len(x) != 1 for x in labels.values()):
        return {}
    if any(PERSON.fullmatch(signer) for signer in people):
        return {}
    return dict.fromkeys(range(len(rows)), "something else for every sign")


_RULES: Iterable[Rule] = (
    _splits,
    _nobody,
    _recordings,
    _dates,
    _signs,
    _numbers,
    _one_each,
    _sign_labels,
)


def _letters(text: str) -> str:
    """Letters and digits only, without capitals."""
    plain = unicodedata.normalize("NFC", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def _word(signer: str) -> str:
    """Without the number at its end: "hello2" -> "hello"."""
    letters = _letters(signer)
    return letters.rstrip("0123456789") or letters
