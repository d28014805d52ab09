"""The code in the pages about exported models runs, and says what signlet says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import signlet
from signlet.export import onnx as onnx_export
from signlet.export.cases import wandering
from signlet.landmarks import RAW_PARTS
from signlet.model import SignModel
from signlet.model.files import save_model
from signlet_testing import browsing
from signlet_testing.teaching import WIDTH, tiny_card, tiny_model

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[1] / "docs"
SIGNS = ("alpha", "beta", "gamma")
CARD = replace(tiny_card(), signs=SIGNS)
CLIP = wandering(50, np.random.default_rng(0))
CLIP[:, 468:489] = np.nan


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def run(page: str, tflite: bool = False) -> dict[str, Any]:
    """Run a page's Python in order; without `tflite` what reads model.tflite is left out.

    Returns the names that it made.
    """
    names: dict[str, Any] = {}
    for code in blocks(page, "python"):
        if tflite or '"model.tflite"' not in code:
            exec(compile(code, page, "exec"), names)
    return names


@pytest.fixture(scope="module")
def model() -> SignModel:
    return tiny_model()


@pytest.fixture(scope="module")
def folder(model: SignModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the pages name."""
    folder = tmp_path_factory.mktemp("docs")
    onnx_export.write(folder / "model.onnx", [model], CARD.average, CARD)
    save_model(folder / "runs" / "mine", [model], SIGNS, {"recipe": "tiny"})
    np.savez(folder / "clip.npz", landmarks=CLIP)
    write_competition(folder / "asl-signs")
    return folder


@pytest.fixture(scope="module")
def with_tflite(folder: Path, model: SignModel) -> Path:
    pytest.importorskip("litert_torch")
    litert = pytest.importorskip("signlet.export.litert")
    litert.write(folder / "model.tflite", [model], CARD.average, CARD)
    return folder


def write_competition(root: Path) -> None:
    """One clip of the competition's directory."""
    path = Path("train_landmark_files/26734/1000035562.parquet")
    (root / path).parent.mkdir(parents=True)
    rows = [(kind, i) for kind, part in RAW_PARTS.items() for i in range(part.stop - part.start)]
    kinds, numbers = zip(*(rows * len(CLIP)), strict=True)
    frames = np.repeat(np.arange(len(CLIP)), len(rows))
    columns = {"frame": frames, "type": kinds, "landmark_index": numbers}
    for axis, name in enumerate("xyz"):
        columns[name] = pa.array(CLIP[..., axis].ravel().astype(float), from_pandas=True)
    pq.write_table(pa.table(columns), root / path)
    line = f"{path},26734,1000035562,beta\n"
    (root / "train.csv").write_text("path,participant_id,sequence_id,sign\n" + line)
    numbered = {sign: number for number, sign in enumerate(SIGNS)}
    (root / "sign_to_prediction_index_map.json").write_text(json.dumps(numbered))


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


# --- Python -------------------------------------------------------------------------------


def test_python_page(here: Path) -> None:
    names = run("python.md")
    recogniser = signlet.load(here / "model.onnx")
    assert names["outputs"].shape == (2, len(SIGNS))
    answer = recogniser(CLIP[:20])
    np.testing.assert_allclose(names["probabilities"], answer.probabilities, atol=1e-5)
    assert names["none"] == (answer.sign is None)
    assert names["vectors"].shape == (3, WIDTH)
    assert names["cosine"] == pytest.approx(recogniser.embed(CLIP) @ recogniser.embed(CLIP[:30]))


def test_training_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a tiny recipe of the name, and nine clips of three signs by three people."""
    size = "{dense: 8, widths: [16, 16, 16, 16], heads: 4}"
    tiny = f"name: small\nstudent: {size}\ndistilled: {size}\noptimiser: {{epochs: 1}}\n"
    (tmp_path / "small.yaml").write_text(tiny + "soup_epochs: 1\n")
    monkeypatch.setattr("signlet.training.recipes._RECIPES", tmp_path)
    for number, sign in enumerate(SIGNS):
        (tmp_path / "my_clips" / sign).mkdir(parents=True)
        for who, signer in enumerate(("ada", "ben", "eve")):
            clip = wandering(9, np.random.default_rng(10 * number + who))
            np.savez(tmp_path / "my_clips" / sign / f"{signer}_1.npz", landmarks=clip)
    monkeypatch.chdir(tmp_path)
    names = run("training.md")
    assert names["recogniser"].signs == SIGNS
    assert len(names["again"].held_out["soup"].names) == 3
    said = capsys.readouterr().out
    for words in ("student", "teacher", "distilled", "soup", "Note: Testing in 3 rounds"):
        assert words in said


def test_python_page_with_litert(here: Path, with_tflite: Path) -> None:
    names = run("python.md", tflite=True)
    apart = names["same"].probabilities - names["prediction"].probabilities
    assert np.abs(apart).max() < 1e-4


def test_export_page(here: Path) -> None:
    names = run("export.md")
    assert names["done"].files["onnx"].exists()
    assert (here / "site" / "model" / "model-card.md").exists()


def test_the_card_of_a_tflite_file(here: Path, with_tflite: Path) -> None:
    names: dict[str, Any] = {}
    exec(next(code for code in blocks("export.md", "python") if "model.tflite" in code), names)
    assert names["card"]["signs"] == list(SIGNS)


def test_competition_page(
    here: Path, with_tflite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run("kaggle.md", tflite=True)
    np.testing.assert_array_equal(names["frames"], CLIP)
    recogniser = signlet.load(here / "model.tflite")
    recogniser.calibration = None
    wanted = recogniser(CLIP).probabilities
    np.testing.assert_allclose(names["output"]["outputs"], wanted, atol=1e-6)
    assert capsys.readouterr().out == f"{names['right']} of 1\n"


# --- the browser --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return browsing.libraries(tmp_path_factory.getbasetemp().parent / "npm.lock")


@pytest.fixture(scope="module")
def site(
    node_modules: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[browsing.Site]:
    served = tmp_path_factory.mktemp("site")
    (served / "model.onnx").symlink_to(folder / "model.onnx")
    for number, code in enumerate(blocks("web.md", "js")):
        (served / f"block{number}.js").write_text(code)
    (served / "whole.html").write_text(blocks("web.md", "html")[0])
    with browsing.opened(served, node_modules) as opened:
        yield opened


def test_modules_of_the_web_page(site: browsing.Site) -> None:
    for number in range(len(blocks("web.md", "js"))):
        site.page.evaluate(f"import('./block{number}.js').then(() => null)")
    assert site.problems[0] == f"{len(SIGNS)} signs"
    assert any(sign in site.problems[1] for sign in SIGNS)
    assert len(site.problems) == 2


def test_a_frame_of_mediapipe_in_the_web_page(site: browsing.Site) -> None:
    (number,) = (n for n, code in enumerate(blocks("web.md", "js")) if "frameNumbers" in code)
    code = f"""async () => {{
        const {{ frameNumbers }} = await import("./block{number}.js");
        const points = (count, x) => Array.from({{ length: count }}, (_, y) => ({{ x, y, z: 0 }}));
        return Array.from(frameNumbers({{
            faceLandmarks: points(478, 1), poseLandmarks: points(33, 3),
            rightHandLandmarks: points(21, 4),
        }}), (number) => Number.isNaN(number) ? -1 : number);
    }}"""
    frame = np.array(site.page.evaluate(code)).reshape(543, 3)
    for (x, found), part in zip([(1, 1), (-1, 0), (3, 1), (4, 1)], RAW_PARTS.values(), strict=True):
        rows = frame[part]
        assert (rows[:, 0] == x).all()
        assert (rows[:, 1] == (np.arange(len(rows)) if found else -1)).all()


def test_the_whole_web_page(site: browsing.Site, folder: Path) -> None:
    CLIP.astype("<f4").tofile(folder / "clip.f32")
    page = site.page
    page.goto(page.url.rsplit("/", 1)[0] + "/whole.html")
    page.wait_for_function("document.querySelector('output').textContent.startsWith('Ready')")
    page.set_input_files("input", folder / "clip.f32")
    page.wait_for_function("document.querySelector('output').textContent.endsWith('%')")
    answer = signlet.load(folder / "model.onnx")(CLIP)
    said = f"{answer.sign or 'none of the signs'}, {answer.confidence * 100:.0f} %"
    assert page.text_content("output") == said


@pytest.mark.parametrize(
    "page", ["export", "python", "training", "web", "android", "ios", "kaggle"]
)
def test_links_to_headings_lead_somewhere(page: str) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    for target, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text):
        linked = (DOCS / (target or f"{page}.md")).read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", linked, re.MULTILINE)
        anchors = [re.sub(r"[^\w\- ]", "", t.lower()).strip().replace(" ", "-") for t in titles]
        assert heading in anchors, (target, heading)
