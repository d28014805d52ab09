"""An exported file gives the same answers as torch, alone and in a batch, and describes itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import signlet
from signlet.export import BOUNDS, Exported, export_ensemble
from signlet.export import onnx as onnx_export
from signlet.export.cases import edge_cases, wandering
from signlet.export.check import EMBEDDING_BOUNDS, check
from signlet.export.frozen import FrozenModel
from signlet.export.graph import averaged
from signlet.model import ModelSize, SignModel
from signlet.model.files import ModelFile
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card
from signlet.preprocess import Preprocess
from signlet.runtimes.onnx import load
from signlet.runtimes.torch import TorchRuntime
from signlet_testing.exporting import (
    CALIBRATION,
    NESTED,
    RANDOM,
    SIGNS,
    SIZE,
    exported,
    models,
    trained_like,
)
from signlet_testing.golden import golden_clips, golden_logits, golden_model

__all__ = ["exported", "models"]


@pytest.fixture(scope="module")
def reference(models: list[SignModel]) -> TorchRuntime:
    return TorchRuntime(ModelFile(SIGNS, tuple(models), NESTED))


# --- the same answers -----------------------------------------------------------------


@pytest.mark.parametrize("size", [SIZE, replace(SIZE, hand_shapes=True, centre_parts=False)])
@pytest.mark.parametrize("length", [1, 2, 5, 12])
def test_a_frozen_model_says_what_the_model_says(size: ModelSize, length: int) -> None:
    model = trained_like(size, 12, 3)
    mask = torch.arange(length) < torch.tensor([[length], [1], [(length + 1) // 2]])
    frames = torch.randn(3, length, 100, 3) * mask[:, :, None, None]
    with torch.inference_mode():
        ours, theirs = FrozenModel(model)(frames, mask), model(frames, mask)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_edge_cases_and_real_clips_equal_torch(exported: Exported, reference: TorchRuntime) -> None:
    runtime = load(exported.files["onnx"])
    for name, clip in edge_cases():
        ours, theirs = runtime.probabilities([clip]), reference.probabilities([clip])
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5, err_msg=name)
    noted = exported.checks["model.onnx"]
    assert noted.difference <= 1e-5
    assert (noted.real, noted.edge, noted.refused) == (1, 18, 0)


@settings(max_examples=8, deadline=None)
@given(lengths=st.lists(st.integers(1, 60), min_size=1, max_size=20), seed=st.integers(0, 99))
def test_a_batch_says_what_each_clip_says_alone(
    exported: Exported, lengths: list[int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    clips = [wandering(length, random) for length in lengths]
    clips[0][:, 468:489] = clips[0][:, 522:] = np.nan  # keeps frames for another reason
    runtime = load(exported.files["onnx"], 1)
    alone = np.concatenate([runtime.probabilities([clip]) for clip in clips])
    np.testing.assert_allclose(runtime.probabilities(clips), alone, rtol=0, atol=1e-5)
    embedded = np.concatenate([runtime.embed([clip]) for clip in clips])
    for together, wanted in zip(runtime.answers(clips), (alone, embedded), strict=True):
        np.testing.assert_allclose(together, wanted, rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, atol=1e-5)


def test_embeddings_are_as_defined(
    exported: Exported, reference: TorchRuntime, models: list[SignModel]
) -> None:
    """Each member's features at length 1, side by side, over the square root of their number."""
    clips = dict(edge_cases())
    wanted = embedded(models, list(clips.values()))
    said = load(exported.files["onnx"]).embed(list(clips.values()))
    for name, ours, theirs in zip(clips, said, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5, err_msg=name)
    assert (said.shape[1], said.dtype) == (16 + 24 + 16, np.float32)
    assert reference.embedding_size == said.shape[1]
    noted = exported.checks["model.onnx"]
    assert noted.embedding_difference is not None
    assert noted.embedding_difference <= 1e-5


@torch.inference_mode()
def embedded(models: list[SignModel], raws: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(B, D) as an embedding is defined."""
    parts = []
    for model in models:
        clips = [Preprocess(model.config.max_len)(torch.from_numpy(raw)) for raw in raws]
        frames, masks = zip(*clips, strict=True)
        features = model.features(torch.stack(frames), torch.stack(masks)).numpy()
        parts.append(features / np.linalg.norm(features, axis=1, keepdims=True))
    return np.concatenate(parts, axis=1) / np.sqrt(len(models))


def test_an_embedding_does_not_depend_on_the_average(models: list[SignModel]) -> None:
    clips = [wandering(20, RANDOM)]
    averages = NESTED, Average.plain(3)
    one, two = (TorchRuntime(ModelFile(SIGNS, tuple(models), a)).answers(clips) for a in averages)
    np.testing.assert_array_equal(one[1], two[1])
    assert np.abs(one[0] - two[0]).max() > 1e-6


def test_frames_without_hands_change_nothing(exported: Exported) -> None:
    clip = wandering(10, RANDOM)
    empty = np.full((7, 543, 3), np.nan, np.float32)
    padded = np.concatenate([empty, clip[:4], empty, clip[4:], empty])
    runtime = load(exported.files["onnx"])
    np.testing.assert_allclose(
        runtime.probabilities([padded]), runtime.probabilities([clip]), rtol=0, atol=1e-5
    )
    np.testing.assert_allclose(runtime.embed([padded]), runtime.embed([clip]), rtol=0, atol=1e-5)


def test_one_clip_needs_no_lengths(exported: Exported, reference: TorchRuntime) -> None:
    """As a page or another program would call the graph."""
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(exported.files["onnx"])
    assert [value.name for value in session.get_inputs()] == ["inputs"]
    clip = wandering(20, RANDOM)
    (out,) = session.run(["outputs"], {"inputs": clip})
    np.testing.assert_allclose(out, reference.probabilities([clip]), rtol=0, atol=1e-5)


def test_lower_precision_is_smaller_and_nearly_the_same(tmp_path: Path) -> None:
    average = Average.plain(1)
    members = [trained_like(replace(SIZE, dense=64, widths=(128, 128, 128, 128)), 8, 4)]
    sizes = {}
    for precision in ("fp32", "fp16", "int8"):
        path = tmp_path / f"{precision}.onnx"
        card = Card(signs=SIGNS, max_lens=(8,), average=average, precision=precision, embedding=128)
        onnx_export.write(path, members, average, card)
        bounds = BOUNDS[precision], EMBEDDING_BOUNDS[precision]
        found = check(path, members, average, SIGNS, {}, *bounds)
        sizes[precision] = path.stat().st_size
        assert found.embedding_bound == bounds[1]
        assert found.difference > 1e-6 or precision == "fp32"
    assert sizes["fp16"] < 0.65 * sizes["fp32"]
    assert sizes["int8"] < 0.5 * sizes["fp32"]


@pytest.mark.slow
def test_the_published_sizes_give_the_golden_logits(tmp_path: Path) -> None:
    """Both distilled sizes with the golden weights: fp32 to 1e-5, fp16 under 40 MB."""
    names = ("len25_distilled", "len80_distilled")
    members = [golden_model(name) for name in names]
    softmaxes = []
    for name in names:
        logits = {k: np.exp(v - v.max()) for k, v in golden_logits(name).items()}
        softmaxes.append({k: v / v.sum() for k, v in logits.items()})
    labels = [f"sign {number}" for number in range(250)]
    done = export_ensemble(members, labels, tmp_path, to=("onnx",), clips=golden_clips())
    assert done.files["onnx"].stat().st_size < 40e6
    runtime = load(done.files["onnx"])
    for name, clip in golden_clips().items():
        wanted = (softmaxes[0][name] + softmaxes[1][name]) / 2
        np.testing.assert_allclose(runtime.probabilities([clip])[0], wanted, rtol=0, atol=1e-3)


def test_averages_nest_as_outside_of_the_graph() -> None:
    parts = [torch.rand(4, 5).softmax(1) for _ in range(3)]
    ours = averaged(parts, NESTED).numpy()
    np.testing.assert_allclose(ours, NESTED.of([part.numpy() for part in parts]), atol=1e-6)


# --- what the file says of itself -----------------------------------------------------


def test_a_file_describes_itself(exported: Exported) -> None:
    recogniser = signlet.load(exported.files["onnx"])
    assert recogniser.signs == SIGNS
    assert recogniser.calibration == CALIBRATION
    assert recogniser.about == {"recipe": "tiny", "strange": None}
    card = load(exported.files["onnx"]).card
    assert (card.max_lens, card.average, card.licence) == ((8, 12, 8), NESTED, "CC0-1.0")
    folder = exported.files["onnx"].parent
    assert (folder / "labels.txt").read_text(encoding="utf-8").split("\n")[:-1] == list(SIGNS)
    text = (folder / "model-card.md").read_text(encoding="utf-8")
    assert "CC0-1.0" in text
    assert "Ω, eps" in text
    assert "`embedding`, 56 numbers of length 1" in text
    noted = json.loads((folder / "checks.json").read_text())["model.onnx"]
    assert (noted["edge"], noted["embedding_bound"]) == (18, EMBEDDING_BOUNDS["fp32"])
    assert noted["embedding_difference"] < noted["embedding_bound"]


def test_none_is_answered_below_the_threshold(exported: Exported) -> None:
    recogniser = signlet.load(exported.files["onnx"])
    raw = load(exported.files["onnx"]).probabilities([wandering(20, np.random.default_rng(5))])
    answer = recogniser(wandering(20, np.random.default_rng(5)))
    np.testing.assert_allclose(answer.probabilities, CALIBRATION.apply(raw)[0], atol=1e-6)
    assert answer.confidence < CALIBRATION.threshold
    assert answer.sign is None
    assert answer.likeliest == SIGNS[int(raw.argmax())]
    recogniser.calibration = replace(CALIBRATION, threshold=0.0)
    assert recogniser(wandering(20, np.random.default_rng(5))).sign == answer.likeliest
