"""Unread columns of a table: headings in, a note on those that may matter out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from signlet.sources.tables import plain
from signlet.sources.unused_files import one_line

_OTHERS = {
    "path": "file filename filepath fileid video videopath videofile videofilename videoname "
    "videoid clip clippath clipname clipid landmarks npz datei dateiname pfad fichier archivo uri",
    "sign": "label labelname gloss glosses word class classname text meaning target signname wort "
    "gebärde zeichen glosse mot signe palabra seña",
    "signer": "participant participantid user userid person personid subject subjectid signerid "
    "signername performer performerid actor actorid speaker informant teilnehmer gebärder",
    "split": "set subset partition phase splits",
    "start": "begin from starttime starttimes starts startsec startseconds startms starttimems "
    "onset beginn beginning tstart begintime begins beginsec beginms began in inpoint anfang "
    "début debut inicio",
    "end": "stop to until endtime endtimes ends endsec endseconds endms endtimems ende tend "
    "stoptime stops stopsec stopms ending finish finished finishtime finishes finishsec finishms "
    "out outpoint fin till",
    "start_frame": "framestart startframe startframes beginframe firstframe framebegin",
    "end_frame": "frameend endframe endframes stopframe finishframe lastframe framestop "
    "framefinish",
}
"""Ours -> what others call it, without capitals, spaces and signs."""
_DURATION = frozenset(("duration", "dur", "durationms", "length", "dauer", "durée", "duración"))
_MILLI = re.compile(r"(?:[\W_]ms\W*|(?:timems|startms|endms|millis\w*)\W*)$", re.IGNORECASE)
_TIMES = ("start", "end", "start_frame", "end_frame")
_FIRST = ("path", "sign")
_KEYS = {other: key for key, others in _OTHERS.items() for other in others.split()}


def likely(headings: Iterable[str], told: Mapping[str, str]) -> dict[str, str]:
    """Our name -> the first heading that may mean it, for each name that is neither given nor
    there.

    headings: of the table. told: ours -> heading that is read. Of times, those in seconds are
    taken, unless frames are read.
    """
    headings = list(headings)
    found = _likely(headings, told)
    there = {plain(heading) for heading in headings}
    read = {key for key in _TIMES if plain(told.get(key, "")) in there}
    seconds = read.isdisjoint(_TIMES[2:]) and not {*read, *found}.isdisjoint(_TIMES[:2])
    left_out = _TIMES[2:] if seconds else _TIMES[:2] if read.intersection(_TIMES[2:]) else ()
    return {key: heading for key, heading in found.items() if key not in left_out}


def _likely(headings: Sequence[str], told: Mapping[str, str]) -> dict[str, str]:
    there = {plain(heading) for heading in headings}
    known = {key for key, heading in told.items() if plain(heading) in there}
    read = {plain(heading) for heading in told.values()}
    found: dict[str, str] = {}
    for heading in headings:
        key = _KEYS.get(_bare(heading))
        if key is not None and key not in known and plain(heading) not in read:
            found.setdefault(key, heading)
    return found


def half_a_time(headings: Iterable[str], told: Mapping[str, str]) -> str:
    """A heading that may be the other end of a stretch; "" for none."""
    headings = list(headings)
    there = {plain(heading) for heading in headings}
    read = [key for key in _TIMES if key in told and plain(told[key]) in there]
    if len(read) != 1:
        return ""
    other = _likely(headings, told)
    ends = [other[key] for key in _TIMES if key in other]
    return next(iter([*ends, *(one for one in headings if _bare(one) in _DURATION)]), "")


def unread_note(headings: Iterable[str], told: Mapping[str, str]) -> str:
    """Return a note on columns that may tell more about the clips; "" for none."""
    headings = list(headings)
    found = likely(headings, told)
    found = {key: name for key, name in found.items() if key not in _FIRST}
    if not found:
        return _rate_note(headings, told)
    shown = ", ".join(found.values())
    one = len(found) == 1
    unit = " (in seconds)" if {"start", "end"}.intersection(found) else ""
    return (
        f"the column{'s'[: one ^ 1]} {shown} {'is' if one else 'are'} not read; if "
        f"{'it gives' if one else 'they give'} the {', '.join(found)}{unit}, name "
        f"{'it' if one else 'them'}: --columns {columns(also(found, told))}"
    )


def also(found: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """Return the values for `--columns` that add `found` to the columns given already."""
    return {key: name for key, name in told.items() if key != name} | dict(found)


def stretches_remedy(headings: Iterable[str], told: Mapping[str, str]) -> str:
    """Return the remedy for a table that lists one recording several times."""
    found = {key: name for key, name in likely(headings, told).items() if key not in _FIRST}
    times = "start and end (seconds), or start_frame and end_frame"
    if found.keys().isdisjoint(_TIMES):
        return (
            "remove one of the rows; if they are several clips of one recording, add the "
            f"columns {times}"
        )
    if milli := in_milliseconds(found):
        how = f"{one_line(milli)} is in milliseconds: divide by 1,000 and call the columns {times}"
    else:
        how = f"say which columns: --columns {columns(also(found, told))}"
    return f"several clips of one recording need start and end; {how}"


def _rate_note(headings: Iterable[str], told: Mapping[str, str]) -> str:
    """Frames of a table may be counted at another rate than the file's."""
    there = {plain(heading) for heading in headings}
    framed = any(plain(told.get(key, "")) in there for key in _TIMES[2:])
    rate = next((one for one in headings if _bare(one) in ("fps", "framerate")), None)
    if rate is None or not framed:
        return ""
    return (
        f"the column {rate} is not read: start_frame and end_frame count the frames of the "
        "file; if they were counted at another rate, write start and end in seconds"
    )


def in_milliseconds(told: Mapping[str, str]) -> str:
    """A heading that says that its times are not seconds; "" for none."""
    times = (told.get(key, "") for key in ("start", "end"))
    return next((one for one in times if _MILLI.search(one.strip())), "")


def columns(pairs: Mapping[str, str]) -> str:
    """The value of `--columns` as it is typed: 'path=Video file,sign=Gloss'."""
    text = ",".join(
        f'"{key}={name}"' if "," in name else f"{key}={name}" for key, name in pairs.items()
    )
    return f"'{text}'" if re.search(r"[^\w=,.-]", text) else text


def _bare(heading: str) -> str:
    return "".join(letter for letter in heading.casefold() if letter.isalnum())
