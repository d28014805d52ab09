"""A made-up run folder and its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from signlet.clip import Clip
from signlet.evaluation.scores import Predictions, write_predictions
from signlet.landmarks import LEFT_HAND, NUM_RAW
from signlet.pack import PackedSet, pack
from signlet.report import write_report
from signlet.sources import ClipRef

NASTY = "<script>alert('a & b')</script>"
SIGNS = (NASTY, "$x_1$", "thank you")
VOID = {"meta", "input", "br", "link", "img", "path", "use", "image", "rect", "stop"}
COLUMNS = (
    "fold,epoch,seconds,clips_per_second,learning_rate,loss_student,loss_distilled,"
    "consistency_student,consistency_distilled,accuracy_student,accuracy_teacher,"
    "accuracy_distilled"
)


@dataclass(frozen=True)
class Made:
    """A source of 12 made clips; the last is a duplicate of the first under another signer."""

    name: str = "made"
    signs: tuple[str, ...] = SIGNS

    def refs(self) -> list[ClipRef]:
        numbers = range(12)
        return [ClipRef(f"c{i}", Path(f"{i}"), SIGNS[i % 3], f"s{i // 3}") for i in numbers]

    def read(self, ref: ClipRef) -> Clip:
        number = int(ref.path.name) % 11
        frames = np.random.default_rng(number).random((8, NUM_RAW, 3), np.float32)
        frames[:, LEFT_HAND] = np.nan
        return Clip(frames, ref.name, ref.sign, ref.signer, 25.0)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedSet:
    return pack(Made(), tmp_path_factory.mktemp("set") / "packed", 25, jobs=1)


def predicted(
    clips: int = 12, signs: tuple[str, ...] = SIGNS, seed: int = 0, signers: int = 4
) -> Predictions:
    rng = np.random.default_rng(seed)
    labels = np.arange(clips) % len(signs)
    logits = rng.normal(size=(clips, len(signs)))
    logits[np.arange(clips), labels] += 1.5
    odds = np.exp(logits)
    who = np.arange(clips) * signers // clips
    return Predictions(
        [f"c{i}" for i in range(clips)],
        [f"s{s}" for s in who],
        labels,
        (odds / odds.sum(1, keepdims=True)).astype(np.float32),
        who % 2,
        signs,
    )


def make_run(folder: Path, models: dict[str, Predictions], folds: tuple[int, ...] = (0, 1)) -> Path:
    folder.mkdir()
    write_predictions(folder / "predictions.parquet", models)
    rows = [
        f"{fold},{epoch},2,100,{epoch}e-4,{3 / epoch},{4 / epoch},,,{epoch / 10},0.5,{epoch / 20}"
        for fold in folds
        for epoch in (1, 2, 3)
    ]
    (folder / "metrics.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")
    (folder / "config.yaml").write_text("signlet: 9.8.7\nname: tiny\nsource: made\n")
    return folder


@dataclass
class Page(HTMLParser):
    """Elements, attributes and texts of a page; fails where tags are not closed in order."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.rows and self.open and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data.strip().replace("\N{NO-BREAK SPACE}", " ")

    def row(self, name: str) -> list[str]:
        found = [row for row in self.rows if row and row[0].startswith(name)]
        assert found, f"no row {name}"
        return found[0]


def parse(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


@pytest.fixture(scope="module")
def models() -> dict[str, Predictions]:
    names = ("student", "teacher", "distilled", "soup")
    return {name: predicted(seed=i) for i, name in enumerate(names)}


@pytest.fixture(scope="module")
def text(
    models: dict[str, Predictions], packed: PackedSet, tmp_path_factory: pytest.TempPathFactory
) -> str:
    run = make_run(tmp_path_factory.mktemp("runs") / "tiny", models)
    path = write_report(run, packed)
    assert path == run / "report.html"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return parse(text)
