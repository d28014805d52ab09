"""Plain sentences on what a calibration changes for its user: a `Calibrated` in, text out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from signlet.calibration.measure import Calibrated, Report
from signlet.calibration.threshold import choose_threshold, may_pass, promised
from signlet.modelfile.calibration import CALIBRATION
from signlet.text.percent import percent

_USELESS = 0.1
"""Share of known clips that pass the threshold; a calibration below it is useless."""
_MOST = 0.5
"""The largest share of mistakes that is proposed."""
_QUARTER = 0.25
EXPORTED = "export"
"""Folder in a run to which `signlet export` writes."""


def in_words(made: Calibrated) -> Iterator[str]:
    """Yield sentences on what the model answers from now on, and how often that is right."""
    report, limit = made.report, made.calibration.threshold
    named = _count(report.accepted.share, report.known)
    expected = promised(report.unknown, made.calibration.false_accepts)
    mistaken = _count(report.false_accepts.share, report.unknown)
    yield (
        f'From now on the model answers "none" when it is less than {_below_1(limit)} sure. Until '
        "now it always named a sign."
    )
    yield "This is what it did with clips that it was not trained on:"
    yield (
        f"  Clips of signs that it knows: {_of(report.known - named, report.known)} now get none. "
        f"{named:,} still {_get(named)} a sign{_right(report, named)}. Until now all got a sign, "
        f"and {_count(report.accuracy, report.known):,} were right."
    )
    yield (
        f"  Clips of other signs: {_of(report.unknown - mistaken, report.unknown)} get none. "
        f"{mistaken:,} {_get(mistaken)} a sign by mistake."
    )
    yield (
        f"Expect a sign by mistake for about {_of_others(expected)} further clips of other signs, "
        f"if they are like these{_of_new_people(report, expected)}."
    )


def _of_new_people(report: Report, expected: float) -> str:
    """The share that passes a threshold chosen on other people, where it is larger."""
    share = report.false_accepts_elsewhere
    return f"; if other people sign, for {percent(share)}" if share > expected else ""


def _of_others(share: float) -> str:
    """As 1 in 13 or 4 in 10, never less than the share."""
    if share <= _QUARTER:
        return f"1 in {int(1 / share + 1e-9)}"
    return f"{math.ceil(10 * share - 1e-9)} in 10"


def _below_1(limit: float) -> str:
    """In percent, with as many digits as it takes not to be 100."""
    digits = (n for n in (1, 2, 4) if round(100 * limit, n) < 100)
    return percent(limit, next(digits, 6))


def _get(clips: int) -> str:
    return "gets" if clips == 1 else "get"


def _count(share: float, clips: int) -> int:
    return round(share * clips)


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({percent(part / whole)})"


def _right(report: Report, named: int) -> str:
    return f", {_count(report.accepted_accuracy.share, named):,} of them right" if named else ""


def useless(made: Calibrated) -> str:
    """Return the warning that hardly any clip still gets a sign; "" where that is not so."""
    if made.report.accepted.share >= _USELESS:
        return ""
    return (
        f"{percent(1 - made.report.accepted.share)} of the clips of known signs would get none, "
        "because this model cannot tell known signs from unknown ones."
    )


def next_steps(made: Calibrated, folder: Path) -> Iterator[str]:
    """Yield what to do now, a line each."""
    run = quote(str(folder))
    old = f"; the files in {folder / EXPORTED} are from before" * (folder / EXPORTED).is_dir()
    if useless(made):
        yield f"Delete {folder / CALIBRATION}: without it, the model names signs as before."
        yield "Train on more clips, of more people, then calibrate again."
        return
    yield f"Try it:  signlet recognise {run} CLIP"
    yield (
        "Export the files for phone and web again, because only then they answer none too:  "
        f"signlet export {run}{old}"
    )
    yield from _more_mistakes(made)
    yield f"To undo it, delete {folder / CALIBRATION} and export again."


def _more_mistakes(made: Calibrated) -> Iterator[str]:
    """Yield the smallest allowance that gives more clips a sign; nothing where none does."""
    known, unknown, wish = made.known, made.unknown, made.calibration.false_accepts
    named = int((known >= made.calibration.threshold).sum())
    for share in _larger(wish, len(unknown)):
        more = int((known >= choose_threshold(unknown, share)).sum())
        if more > named:
            yield (
                f"Too many answers of none? Allow more mistakes:  --false-accepts {share:g}  (it "
                f"was {wish:g}): {more:,} instead of {named:,} of these {len(known):,} clips then "
                f"get a sign, and by mistake {_of_others(promised(len(unknown), share))} of other "
                "signs."
            )
            return


def _larger(wish: float, clips: int) -> Iterator[float]:
    """Yield twice the wish, then every share up to 0.5 that lets one more of the clips pass."""
    double = min(2 * wish, _MOST)
    if double > wish:
        yield double
    for passing in range(may_pass(clips, double) + 1, clips):
        share = _rounded_up((passing + 1) / (clips + 1))
        if share > _MOST:
            return
        yield share


def _rounded_up(share: float) -> float:
    """To two digits that are not 0: 2 / 13 is 0.16."""
    digits = 1 - math.floor(math.log10(share))
    return round(math.ceil(share * 10**digits - 1e-9) / 10**digits, digits)
