"""Table and picture of `few_shot.py`, both out of its CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.teaching.few_shot_plan import FEW, LANGUAGES, ONE, OTHERS, REJECTION, SAME

BEGIN, END = "<!-- few_shot: begin -->", "<!-- few_shot: end -->"
SAW = {"saw_words": "*", "saw_signers": "†"}
COLOURS = ("#2f6f4f", "#3b5b92", "#7a4f9a", "#b3752c", "#b3452c")
GREYS = ("#70757d", "#a9adb3")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

_TOLD = {
    ("webcam", SAME): (1, 3),
    ("webcam", ONE): (1,),
    ("webcam", OTHERS): (1, 3, 10),
    ("webcam", FEW): (3,),
    ("webcam", REJECTION): (3,),
    ("words", SAME): (1, 2),
}
"""Numbers of clips or people, in the settings that the table tells of."""

Rows = Sequence[dict[str, str]]


def read_results(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- table ------------------------------------------------------------------------------------


def table(rows: Rows) -> str:
    """Markdown: a line for each question of `_TOLD`, a column for each method."""
    methods = list(dict.fromkeys(row["encoder"] for row in rows))
    asked = sorted({_question(row) for row in rows if _told(row)}, key=_order)
    lines = [f"| | {' | '.join(methods)} |", "|---" * (len(methods) + 1) + "|"]
    for data, setting, examples, measure in asked:
        wanted = {"data": data, "setting": setting, "examples": examples, "measure": measure}
        cells = [_cell(rows, wanted | {"encoder": method}) for method in methods]
        lines.append(f"| {_words(data, setting, int(examples), measure)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write_docs(rows: Rows, page: Path) -> None:
    """Put the table between the two marks of a page."""
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{page}: needs one line {BEGIN} and one line {END}")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{table(rows)}\n{END}{after}", encoding="utf-8")


def _told(row: dict[str, str]) -> bool:
    """Return True for rows that the page shows; the CSV has the rest."""
    counts = _TOLD.get((row["data"], row["setting"]), ())
    return int(row["examples"]) in counts and row["measure"] not in ("balanced", "auroc_own")


def _question(row: dict[str, str]) -> tuple[str, str, str, str]:
    return row["data"], row["setting"], row["examples"], row["measure"]


def _order(question: tuple[str, str, str, str]) -> tuple[int, ...]:
    data, setting, examples, measure = question
    settings = (SAME, ONE, OTHERS, LANGUAGES, FEW, REJECTION)
    measures = tuple(_MEASURES)
    places = ("webcam", "words", "letters").index(data), settings.index(setting)
    return (*places, int(examples), measures.index(measure))


def _cell(rows: Rows, wanted: dict[str, str]) -> str:
    found = [row for row in rows if all(row[name] == text for name, text in wanted.items())]
    if not found:
        return "-"
    row = found[0]
    if row["measure"] == "cpu_seconds":
        return f"{float(row['value']):.0f} s"
    saw = "".join(mark for name, mark in SAW.items() if row[name] == "yes")
    low, high = (f"{float(row[name]):.2f}" for name in ("low", "high"))
    return f"{float(row['value']):.3f}{saw} ({low} to {high})"


def _words(data: str, setting: str, count: int, measure: str) -> str:
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    clips = f"{number} clip{'s' * (count > 1)} of each sign"
    people = f"{number} other {'people' if count > 1 else 'person'} for each word"
    text = {
        SAME: f"own signs, {clips}",
        ONE: "one other person, all clips",
        OTHERS: people,
        LANGUAGES: f"letters of {number} other language{'s' * (count > 1)}",
        FEW: f"own signs of a few people, {clips}",
        REJECTION: f"none of the signs, {clips}",
    }[setting]
    return f"{data}: {text}{_MEASURES[measure]}"


_MEASURES = {
    "top1": "",
    "balanced": ", balanced",
    "cpu_seconds": ", seconds for one person",
    "auroc_pooled": ", AUROC",
    "auroc_own": ", AUROC of one's own clips",
    "known_refused": ", known ones refused",
    "unknown_accepted": ", unknown ones accepted",
}


# --- picture ----------------------------------------------------------------------------------


def draw(rows: Rows, folder: Path, name: str) -> None:
    """Write NAME.svg and NAME.png: accuracy against the number of examples, and of signers."""
    matplotlib.rcParams["svg.hashsalt"] = name
    panels = [
        ("webcam", SAME, "your own signs: clips of each sign"),
        ("webcam", OTHERS, "taught by others: people for each word"),
        ("words", SAME, "other words, your own: clips of each sign"),
        ("letters", LANGUAGES, "letters: other languages that were shown"),
    ]
    found = [p for p in panels if any((r["data"], r["setting"]) == p[:2] for r in rows)]
    figure, axes = plt.subplots(
        1, len(found), figsize=(3.3 * len(found), 3.4), sharey=True, squeeze=False
    )
    for place, (data, setting, title) in zip(axes[0], found, strict=True):
        own = [
            r for r in rows if (r["data"], r["setting"], r["measure"]) == (data, setting, "top1")
        ]
        _panel(place, own, _colours(rows))
        place.set_xlabel(title, size=8)
    axes[0][0].set_ylabel("right answers")
    axes[0][0].set_ylim(0, 1)
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", ncols=len(names), frameon=False, fontsize=8)
    figure.tight_layout(rect=(0, 0, 1, 0.92))
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    figure.savefig(folder / f"{name}.png", dpi=120)
    plt.close(figure)


def _colours(rows: Rows) -> dict[str, str]:
    """Greys for what is only compared with."""
    taught = list(dict.fromkeys(r["encoder"] for r in rows if r["measure"] == "known_refused"))
    others = [name for name in dict.fromkeys(r["encoder"] for r in rows) if name not in taught]
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(taught)}
    return colours | {name: GREYS[i % len(GREYS)] for i, name in enumerate(others)}


def _panel(axes: Axes, rows: Rows, colours: dict[str, str]) -> None:
    counts = sorted({int(row["examples"]) for row in rows})
    for number, (name, colour) in enumerate(colours.items()):
        own = sorted((r for r in rows if r["encoder"] == name), key=lambda r: int(r["examples"]))
        if not own:
            continue
        shift = 0.06 * (number - (len(colours) - 1) / 2)
        places = [counts.index(int(row["examples"])) + shift for row in own]
        values, low, high = ([float(r[column]) for r in own] for column in ("value", "low", "high"))
        below = [value - edge for value, edge in zip(values, low, strict=True)]
        above = [edge - value for value, edge in zip(values, high, strict=True)]
        axes.errorbar(
            places, values, [below, above], label=name, color=colour, marker="o", ms=4, capsize=2
        )
    axes.set_xticks(range(len(counts)), [str(count) for count in counts])
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e6e9", lw=0.6)
