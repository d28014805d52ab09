"""The report of a run: one HTML file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from signlet.evaluation.faulty import faulty_clips
from signlet.evaluation.verdict import counted
from signlet.files.atomic import write_text
from signlet.pack import PackedSet
from signlet.printable import printable_text
from signlet.report.content import content
from signlet.report.examples import ReportExample, choose_examples
from signlet.report.skeleton import SELECTED, Moving, SkeletonLayout, player_data, thinned
from signlet.runs.duplicates import run_duplicates
from signlet.runs.finished import read_run
from signlet.runs.folder import RunFolder
from signlet.text.percent import percent

_FLAG = re.compile(r"(--[a-z][\w-]*)")


def write_report(run: Path, packed: PackedSet | None) -> Path:
    """Write `report.html` into a run folder and return its path.

    run: the folder of a finished training; without tested clips the page says so.
    packed: the set that the run was trained on, to show skeletons of some of its clips and
        to look for duplicates across signers; without it the page shows none.
    Raises SignletError naming the file that is missing, broken or cannot be written.
    """
    data = read_run(run)
    examples: list[ReportExample] = []
    duplicates = recorded = None
    faulty = None if packed is None else faulty_clips(packed)
    if packed is not None and data.predictions:
        held_out, recorded = data.predictions[data.best], packed.clips_of_signs()
        duplicates = run_duplicates(RunFolder(run), held_out, packed)
        examples = choose_examples(counted(held_out, duplicates) or held_out, packed, faulty)
    moving = [example.moving for example in examples]
    values = {
        **content(data, examples, duplicates, recorded, faulty),
        # As it was typed, so as in the terminal; but a page may be sent on, and so names no folder
        # of a whole machine.
        "run_path": data.name if run.is_absolute() else str(run),
        "from_where": "that holds this run" if run.is_absolute() else "in which you trained",
    }
    page = render("report.html", moving, **values)
    write_text(path := RunFolder(run).report, page)
    return path


def render(
    template: str, clips: Sequence[Moving] = (), layout: SkeletonLayout = SELECTED, **values: Any
) -> str:
    """A page of this package with its style, its script and the skeletons it plays."""
    environment = Environment(
        loader=PackageLoader("signlet", "report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["flags"] = _unbroken_flags
    environment.filters["percent"] = lambda share, digits=0: _unbroken(percent(share, digits))
    clips = [thinned(clip) for clip in clips]
    page = environment.get_template(template).render(
        css=_source(environment, "base.css") + _source(environment, "report.css"),
        js=_source(environment, "report.js"),
        skeletons=Markup(player_data(clips, layout)) if clips else None,
        frames=[len(clip.points) for clip in clips],
        **values,
    )
    return printable_text(page)


def _unbroken_flags(text: str) -> Markup:
    """Escape a text for HTML; a flag or a percentage in it stays on one line."""
    return Markup(_FLAG.sub(r'<span class="flag">\1</span>', str(escape(_unbroken(text)))))


def _unbroken(text: str) -> str:
    """With no-break spaces before the percent signs."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _source(environment: Environment, name: str) -> Markup:
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, name)[0])
