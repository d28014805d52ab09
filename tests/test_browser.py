"""The same model.onnx in headless Chromium, by onnxruntime-web: the same answers as here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

import signlet
from signlet.calibration import Calibration, tempered
from signlet.export import onnx as onnx_export
from signlet.export.cases import edge_cases
from signlet.model import ModelSize, SignModel
from signlet.model.files import ModelFile
from signlet.modelfile.averaging import Average, log_probabilities
from signlet.modelfile.card import Card
from signlet.modelfile.onnx_bytes import sealed
from signlet.runtimes.torch import TorchRuntime
from signlet_testing import browsing
from signlet_testing.golden import golden_clips

pytestmark = pytest.mark.slow

SIGNS = ("alpha", "βeta", "gamma, delta", "epsilon")
SIZE = ModelSize(dense=8, widths=(16, 24, 24, 16), heads=4)
_NOTHING = ("nothing found", "one number everywhere")
"""Clips that are refused, the second because its parts lie at one place."""
CLIPS = {
    **golden_clips(),
    **{name: clip for name, clip in edge_cases() if name not in _NOTHING},
}
RECOGNISE = """async ([model, name, T]) => {
    window.models ??= {};
    const recogniser = window.models[model] ??= await loadRecogniser(model, { threads: 2 });
    const answer = await recogniser.recognise(await clip(`${name}.f32`), T);
    const embedding = answer.embedding && Array.from(answer.embedding);
    return {...answer, probabilities: Array.from(answer.probabilities), embedding};
}"""
EMBED = """async ([model, name, T]) => {
    const recogniser = await loadRecogniser(model);
    const given = await recogniser.embed(await clip(`${name}.f32`), T);
    if (given.length !== recogniser.embeddingSize) throw new Error("another size");
    await recogniser.release();
    return Array.from(given);
}"""
REFUSED = """async (code) => {
    try { await new Function("return (async () => {" + code + "})()")(); }
    catch (error) { return error.message; }
    return "nothing was refused";
}"""


def made_model() -> SignModel:
    """Untrained, but to it some clips are one sign and some another."""
    torch.manual_seed(1)
    made = SignModel(SIZE.config(24, len(SIGNS))).eval()
    for name, tensor in made.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            tensor.uniform_(-0.3, 0.3)
    logits = log_probabilities(torch_runtime(made).probabilities(list(CLIPS.values())))
    scale = 1 / logits.std(0).mean()
    with torch.no_grad():
        made.logits.weight *= scale
        made.logits.bias.copy_(torch.from_numpy(-scale * logits.mean(0)) + scale * made.logits.bias)
    return made


def torch_runtime(made: SignModel) -> TorchRuntime:
    return TorchRuntime(ModelFile(SIGNS, (made,), Average.plain(1)))


def calibrated(made: SignModel) -> Calibration:
    """So that half of the clips are none of the signs."""
    confidences = tempered(torch_runtime(made).probabilities(list(CLIPS.values())), 1.5).max(1)
    middle = float(np.sort(confidences)[len(CLIPS) // 2 - 1 :][:2].mean())
    return Calibration(1.5, middle, 0.05, 0.8, 0.4, 100, 50)


def write(
    path: Path, made: SignModel, precision: str, calibration: Calibration | None = None
) -> Path:
    card = Card(
        signs=SIGNS,
        max_lens=(24,),
        average=Average.plain(1),
        precision=precision,
        calibration=calibration,
        embedding=SIZE.widths[3],
    )
    onnx_export.write(path, [made], card.average, card)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One model in three precisions, and its broken relatives."""
    folder = tmp_path_factory.mktemp("models")
    made = made_model()
    plain = write(folder / "plain.onnx", made, "fp32")
    half = write(folder / "fp16.onnx", made, "fp16", calibrated(made))
    int8 = write(folder / "int8.onnx", made, "int8", calibrated(made))
    before = without_embedding(plain, folder / "before.onnx")
    models = {path.name: path for path in (plain, half, int8, before)}
    return {**models, **broken(plain, folder)}


def without_embedding(plain: Path, path: Path) -> Path:
    """The file as it was before there were embeddings."""
    model = onnx.load_from_string(changed(plain, None, without="embedding"))
    del model.graph.output[1]
    path.write_bytes(sealed(model.SerializeToString()))
    return path


def broken(plain: Path, folder: Path) -> dict[str, Path]:
    """Files to refuse."""
    whole = plain.read_bytes()
    contents = {
        "cut.onnx": whole[: len(whole) // 2],
        "empty.onnx": b"",
        "text.onnx": b"hello, this is no model",
        "bare.onnx": changed(plain, None),
        "json.onnx": changed(plain, '{"format": 1'),
        "newer.onnx": changed(plain, {"format": 2}),
        "other.onnx": changed(plain, {"landmarks": "other"}),
        "signs.onnx": changed(plain, {"signs": ["a", 3]}),
        "fewer.onnx": changed(plain, {"signs": ["a", "b"]}),
        "frames.onnx": changed(plain, {"max_frames": -3}),
        "size.onnx": changed(plain, {"embedding": 15}),
        "sizes.onnx": changed(plain, {"embedding": "many"}),
        "cold.onnx": changed(plain, {"calibration": {"temperature": 0, "threshold": 0.5}}),
        "half.onnx": changed(plain, {"calibration": {"temperature": 1}}),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in contents}


def changed(plain: Path, change: dict[str, Any] | str | None, without: str = "") -> bytes:
    """The file with another card; None: with none, or the same without an entry."""
    model = onnx.load(plain)
    entry = next(entry for entry in model.metadata_props if entry.key == "signlet")
    if without:
        card = json.loads(entry.value)
        entry.value = json.dumps({name: card[name] for name in card if name != without})
    elif change is None:
        model.metadata_props.remove(entry)
    elif isinstance(change, str):
        entry.value = change
    else:
        entry.value = json.dumps({**json.loads(entry.value), **change})
    return sealed(model.SerializeToString())


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return browsing.libraries(tmp_path_factory.getbasetemp().parent / "npm.lock")


@pytest.fixture(scope="module", params=[1, 2], ids=["one thread", "two threads"])
def site(
    request: pytest.FixtureRequest,
    node_modules: Path,
    files: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[browsing.Site]:
    """With one thread, and where the page is isolated with two."""
    folder = tmp_path_factory.mktemp("site")
    for name, path in files.items():
        (folder / name).symlink_to(path)
    with browsing.opened(folder, node_modules, isolated=request.param > 1) as opened:
        for name, clip in CLIPS.items():
            opened.put_clip(name, clip)
        opened.threads = request.param
        # onnxruntime-web takes the number of threads once a page.
        first = "(threads) => loadRecogniser('plain.onnx', { threads }).then(() => null)"
        opened.page.evaluate(first, request.param)
        yield opened


def there(site: browsing.Site, file: str, clip: str) -> dict[str, Any]:
    """The browser's answer."""
    return site.page.evaluate(RECOGNISE, [file, clip, len(CLIPS[clip])])


@pytest.mark.parametrize("name", ["plain.onnx", "fp16.onnx"])
def test_the_browser_says_what_python_says(
    site: browsing.Site, name: str, files: dict[str, Path]
) -> None:
    recogniser = signlet.load(files[name], threads=1)
    answers = {clip_name: recogniser(clip) for clip_name, clip in CLIPS.items()}
    for clip_name, answer in answers.items():
        said = there(site, name, clip_name)
        apart = np.abs(np.array(said["probabilities"]) - answer.probabilities).max()
        assert apart <= 1e-4, (clip_name, apart)
        assert (said["sign"], said["likeliest"]) == (answer.sign, answer.likeliest), clip_name
        assert said["confidence"] == pytest.approx(answer.confidence, abs=1e-4)
    assert len({answer.likeliest for answer in answers.values()}) > 1
    nones = {answer.sign is None for answer in answers.values()}
    assert nones == ({False} if name == "plain.onnx" else {True, False})


@pytest.mark.parametrize("name", ["plain.onnx", "fp16.onnx"])
def test_embeddings_are_python_s(site: browsing.Site, name: str, files: dict[str, Path]) -> None:
    recogniser = signlet.load(files[name], threads=1)
    for clip_name, clip in CLIPS.items():
        here = recogniser.embed(clip)
        apart = np.abs(np.array(there(site, name, clip_name)["embedding"]) - here).max()
        assert apart <= 1e-4, (clip_name, apart)
    alone = site.page.evaluate(EMBED, [name, clip_name, len(clip)])
    np.testing.assert_allclose(alone, here, rtol=0, atol=1e-4)
    assert np.linalg.norm(alone) == pytest.approx(1, abs=1e-5)


def test_a_file_from_before_recognises_and_says_that_it_has_no_embedding(
    site: browsing.Site,
) -> None:
    said, now = (there(site, name, "real0") for name in ("before.onnx", "plain.onnx"))
    assert said["embedding"] is None
    assert said["probabilities"] == pytest.approx(now["probabilities"], abs=1e-6)
    code = "return (await loadRecogniser('before.onnx')).embed(new Float32Array(1629), 1);"
    message = site.page.evaluate(REFUSED, code)
    assert message.startswith("before.onnx: has no embedding: it was exported without one")


def test_int8_is_as_near_as_int8_is_to_itself(site: browsing.Site, files: dict[str, Path]) -> None:
    """A change of 1e-7 in an activation may round to the next of 256 levels, anywhere."""
    recogniser = signlet.load(files["int8.onnx"], threads=1)
    for name, clip in CLIPS.items():
        said = np.array(there(site, "int8.onnx", name)["probabilities"])
        assert np.abs(said - recogniser(clip).probabilities).max() <= 0.1, name


def test_threads_are_there_only_where_asked_for(site: browsing.Site) -> None:
    assert site.page.evaluate("crossOriginIsolated") == (site.threads > 1)
    assert len(site.page.workers) == site.threads - 1


def test_one_file_says_what_it_is(site: browsing.Site, files: dict[str, Path]) -> None:
    look = """async (bytes) => {
        const model = await (await fetch("fp16.onnx")).arrayBuffer();
        const {signs, temperature, threshold, maxFrames} = await loadRecogniser(model);
        return {signs, temperature, threshold, maxFrames};
    }"""
    about = site.page.evaluate(look)
    assert about.pop("signs") == list(SIGNS)
    calibration = signlet.load(files["fp16.onnx"]).calibration
    assert calibration is not None
    threshold = calibration.threshold
    assert about == {"temperature": 1.5, "threshold": threshold, "maxFrames": 20_000}


def test_clips_at_the_same_time_wait_for_each_other(site: browsing.Site) -> None:
    together = """async () => {
        const recogniser = await loadRecogniser("plain.onnx");
        const clips = await Promise.all(["real0", "t81"].map((name) => clip(`${name}.f32`)));
        const bad = recogniser.recognise(clips[0], 3).catch(() => "refused");
        const runs = clips.map((frames) => recogniser.recognise(frames, frames.length / 1629));
        const answers = await Promise.all(runs);
        const after = await recogniser.recognise(clips[0], clips[0].length / 1629);
        const same = after.confidence === answers[0].confidence;
        await recogniser.release();
        return [await bad, same, answers[0].confidence !== answers[1].confidence];
    }"""
    assert site.page.evaluate(together) == ["refused", True, True]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent", "cannot be fetched (404)"),
        ("cut", "is damaged (not a model, or cut off)"),
        ("empty", "is damaged (not a model, or cut off)"),
        ("text", "is damaged (not a model"),
        ("bare", "was not exported by signlet"),
        ("json", "is damaged (its card is not JSON"),
        ("newer", "has card format 2"),
        ("other", "made for landmarks other"),
        ("signs", "is damaged (signs is not a list"),
        ("fewer", "is not a recogniser as signlet exports it"),
        ("frames", "is damaged (max_frames is -3"),
        ("size", "is not a recogniser as signlet exports it"),
        ("sizes", "is damaged (embedding is many"),
        ("cold", "is damaged (its calibration"),
        ("half", "is damaged (its calibration"),
    ],
)
def test_a_strange_file_is_refused(site: browsing.Site, name: str, said: str) -> None:
    before = len(site.problems)
    message = site.page.evaluate(REFUSED, f"await loadRecogniser('{name}.onnx')")
    assert message.startswith(f"{name}.onnx: {said}")
    assert "\n" not in message
    del site.problems[before:]  # Chromium notes the 404


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        ("new Float32Array(1629), 2", "a clip is a Float32Array of T * 543 * 3"),
        ("new Float32Array(1629), 1.5", "a clip is a Float32Array of T * 543 * 3"),
        ("Array(1629).fill(0), 1", "a clip is a Float32Array of T * 543 * 3"),
        ("new Float32Array(0), 0", "the clip has 0 frames"),
        (
            "new Float32Array(20001 * 1629), 20001",
            "the clip has 20001 frames, 1 to 20000 are allowed",
        ),
        ("new Float32Array(1629).fill(NaN), 1", "no landmark was found in any frame"),
        ("new Float32Array(1629).fill(0.3), 1", "no landmark was found in any frame"),
        ("new Float32Array(1629).fill(Infinity), 1", "the clip contains infinite values"),
    ],
)
def test_a_strange_clip_is_refused(site: browsing.Site, clip: str, said: str) -> None:
    code = f"const model = await loadRecogniser('plain.onnx'); await model.recognise({clip});"
    assert site.page.evaluate(REFUSED, code).startswith(said)


def test_nothing_leaves_the_machine_and_nothing_is_complained_of(site: browsing.Site) -> None:
    site.page.evaluate(RECOGNISE, ["fp16.onnx", "real0", len(CLIPS["real0"])])
    own = site.page.url.rsplit("/", 1)[0] + "/"
    assert own.startswith("http://127.0.0.1:")
    assert any(url.endswith(".wasm") for url in site.requests)
    assert [url for url in site.requests if not url.startswith((own, "data:", "blob:"))] == []
    mended = "treated as not found"  # what is rightly said of clips of the tests before
    assert [text for text in site.problems if mended not in text] == []


def test_the_runtime_is_pinned() -> None:
    """And its lock file names no registry."""
    package = (browsing.WEB / "package.json").read_text()
    lock = (browsing.WEB / "package-lock.json").read_text()
    assert '"onnxruntime-web": "1.30.0"' in package
    assert "http" not in "".join(line for line in lock.splitlines() if '"resolved"' in line)
    assert '"integrity": "sha512-' in lock
