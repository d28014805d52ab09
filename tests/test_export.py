"""An exported file: the same answers as torch, alone and in a batch, and none for bad files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import signlet
from signlet.calibration import Calibration
from signlet.cli import main
from signlet.errors import ClipError, SignletError
from signlet.export import BOUNDS, Exported, export_ensemble
from signlet.export import onnx as onnx_export
from signlet.export.cases import edge_cases, wandering
from signlet.export.check import EMBEDDING_BOUNDS, check
from signlet.export.frozen import FrozenModel
from signlet.export.graph import averaged
from signlet.model import ModelSize, SignModel
from signlet.model.files import ModelFile, save_model
from signlet.modelfile.averaging import Average
from signlet.modelfile.card import Card, read_card
from signlet.modelfile.onnx_bytes import sealed
from signlet.preprocess import Preprocess
from signlet.recognition.recogniser import Recogniser
from signlet.runtimes.onnx import load
from signlet.runtimes.torch import TorchRuntime
from signlet_testing.golden import golden_clips, golden_logits, golden_model
from signlet_testing.teaching import OWN, tiny_model

SIZE = ModelSize(dense=8, widths=(16, 24, 24, 16), heads=4)
SIGNS = ("alpha", "beta", "gamma", "delta", "Ω, eps")
CALIBRATION = Calibration(1.5, 0.9, 0.05, 0.8, 0.4, 100, 50)
NESTED = Average("logits", (Average("softmax", (0, 1)), 2))
RANDOM = np.random.default_rng(0)


def trained_like(size: ModelSize, max_len: int, seed: int) -> SignModel:
    """A model whose statistics and weights are not those of a new one."""
    torch.manual_seed(seed)
    model = SignModel(size.config(max_len, len(SIGNS)))
    for name, tensor in model.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            tensor.uniform_(-0.3, 0.3)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
    return model.eval()


@pytest.fixture(scope="module")
def models() -> list[SignModel]:
    other = replace(SIZE, hand_shapes=True, disentangled=False, position_convolutions=False)
    return [
        trained_like(SIZE, 8, 0),
        trained_like(replace(SIZE, centre_parts=False, widths=(16, 24, 24, 24)), 12, 1),
        trained_like(other, 8, 2),
    ]


@pytest.fixture(scope="module")
def exported(models: list[SignModel], tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_ensemble(
        models,
        SIGNS,
        tmp_path_factory.mktemp("export"),
        to=("onnx",),
        precision="fp32",
        average=NESTED,
        calibration=CALIBRATION,
        about={"recipe": "tiny", "strange": float("nan")},
        licence="CC0-1.0",
        clips={"real": wandering(30, RANDOM)},
    )


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


# --- what is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"to": ("coreml",)}, "cannot export to coreml"),
        ({"to": ()}, "cannot export to nothing"),
        ({"precision": "fp8"}, "precision is 'fp8'"),
        ({"labels": SIGNS[:3]}, "a model knows 5 signs, 3 labels"),
        ({"models": []}, "no model"),
    ],
)
def test_senseless_arguments_are_refused(
    arguments: dict[str, object], said: str, models: list[SignModel], tmp_path: Path
) -> None:
    given = {"models": models, "labels": SIGNS, "to": ("onnx",), "out_dir": tmp_path / "out"}
    with pytest.raises(SignletError, match=said):
        export_ensemble(**{**given, **arguments})  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_file_that_differs_from_torch_is_not_written(
    models: list[SignModel], exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here it is the file of other models."""
    monkeypatch.setattr(
        onnx_export, "write", lambda path, *rest: shutil.copy(exported.files["onnx"], path)
    )
    with pytest.raises(SignletError, match=r"model.onnx: differs from torch by .* at "):
        export_ensemble(models[::-1], SIGNS, tmp_path, to=("onnx",), precision="fp32")
    assert list(tmp_path.iterdir()) == []


def test_a_file_whose_embeddings_differ_is_refused(
    models: list[SignModel], exported: Exported
) -> None:
    """Here no difference is allowed at all."""
    said = r"model.onnx: its embedding lies .* from torch's at .*, allowed is 0; .*--no-embedding"
    with pytest.raises(SignletError, match=said):
        check(exported.files["onnx"], models, NESTED, SIGNS, {}, 1.0, 0.0)


def test_a_file_from_before_there_were_embeddings(exported: Exported, tmp_path: Path) -> None:
    model = onnx.load(exported.files["onnx"])
    entry = next(entry for entry in model.metadata_props if entry.key == "signlet")
    card = json.loads(entry.value)
    del card["embedding"], model.graph.output[1]
    entry.value = json.dumps(card)
    (tmp_path / "before.onnx").write_bytes(sealed(model.SerializeToString()))
    recogniser, now = signlet.load(tmp_path / "before.onnx"), signlet.load(exported.files["onnx"])
    clip = wandering(20, RANDOM)
    assert recogniser.embedding_size is None
    assert recogniser(clip).top(5) == now(clip).top(5)
    for clips in ([clip], []):
        with pytest.raises(SignletError) as refused:
            recogniser.embed_batch(clips)
        path = tmp_path / "before.onnx"
        said = f"{path}: has no embedding: it was exported without one (--no-embedding, or by an "
        assert str(refused.value) == f"{said}older signlet); export it again"


def test_a_damaged_file_is_refused(exported: Exported, tmp_path: Path) -> None:
    whole = exported.files["onnx"].read_bytes()
    for name, content in {"empty": b"", "cut": whole[: len(whole) // 2], "text": b"hello"}.items():
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(content)
        with pytest.raises(SignletError, match=rf"{name}.onnx: is damaged \(not a model"):
            signlet.load(path)
    with pytest.raises(SignletError, match="no such model file"):
        signlet.load(tmp_path / "absent.onnx")


def changed(exported: Exported, path: Path, change: object) -> Path:
    """A copy of the file with another card, and the checksum of that."""
    model = onnx.load(exported.files["onnx"])
    for entry in model.metadata_props:
        if entry.key == "signlet":
            entry.value = (
                change
                if isinstance(change, str)
                else json.dumps(
                    {**json.loads(entry.value), **change}  # type: ignore[dict-item]
                )
            )
    path.write_bytes(sealed(model.SerializeToString()))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("", "not exported by signlet"),
        ("[" * 100_000, "description is damaged"),
        ({"format": 2}, "card format 2; update"),
        ({"landmarks": "other"}, "made for landmarks 'other'"),
        ({"signs": ["a", 3]}, "description is damaged"),
        ({"signs": ["a", "b"]}, "not a recogniser as signlet exports it"),
        ({"calibration": {"temperature": 1}}, "calibration"),
        ({"max_frames": -3}, "max_frames is -3"),
        ({"embedding": True}, "embedding is True"),
        ({"embedding": 55}, "not a recogniser as signlet exports it"),
        ({"embedding": None}, "not a recogniser as signlet exports it"),
        ({"average": {"kind": "softmax", "parts": [0, 0, 7]}}, "average"),
    ],
)
def test_a_strange_card_is_refused(
    change: object, said: str, exported: Exported, tmp_path: Path
) -> None:
    with pytest.raises(SignletError, match=said) as refused:
        signlet.load(changed(exported, tmp_path / "strange.onnx", change))
    assert "\n" not in str(refused.value)


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "g", [value], [out])
    imports = [onnx.helper.make_opsetid("", 20)]
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=imports, ir_version=10), tmp_path / "other.onnx"
    )
    with pytest.raises(SignletError, match="was not exported by signlet"):
        signlet.load(tmp_path / "other.onnx")


def test_a_clip_without_landmarks_is_refused(exported: Exported) -> None:
    nothing = np.full((9, 543, 3), np.nan, np.float32)
    recogniser = signlet.load(exported.files["onnx"])
    for ask in (recogniser, recogniser.embed):
        with pytest.raises(ClipError, match="no landmark was found"):
            ask(nothing)


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=80) | st.dictionaries(st.text(), st.integers()).map(json.dumps))
def test_no_text_as_a_card_makes_more_than_one_line(text: str) -> None:
    with pytest.raises(SignletError) as refused:
        read_card(text, "model.onnx")
    assert str(refused.value).startswith("model.onnx: ")


# --- the command, and the install without torch ---------------------------------------


def run_folder(models: list[SignModel], folder: Path) -> Path:
    save_model(folder, models, SIGNS, {"recipe": "tiny", "source": "folder"}, NESTED)
    return folder


def test_export_and_recognise_on_the_command_line(
    models: list[SignModel], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_folder(models, tmp_path / "run")
    np.savez(tmp_path / "clip.npz", landmarks=wandering(20, RANDOM))
    assert main(["export", str(run), "--to", "onnx", "--precision", "fp32"]) == 0
    assert "Compared with torch" in capsys.readouterr().out
    model = run / "export" / "model.onnx"
    assert main(["recognise", str(model), str(tmp_path / "clip.npz"), "--json"]) == 0
    exported = json.loads(capsys.readouterr().out)
    assert main(["recognise", str(run), str(tmp_path / "clip.npz"), "--json"]) == 0
    by_torch = json.loads(capsys.readouterr().out)
    assert [one["sign"] for one in exported["top"]] == [one["sign"] for one in by_torch["top"]]
    assert Recogniser.load(model).signs == SIGNS
    assert main(["export", str(run), "--to", "onnx", "-o", str(model / "below")]) == 2
    told = capsys.readouterr()
    assert "cannot be written" in told.err
    assert "Writing and comparing" not in told.out


def test_the_competition_s_contract_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One input, one output."""
    onnxruntime = pytest.importorskip("onnxruntime")
    save_model(tmp_path / "run", [tiny_model()], OWN, {"recipe": "tiny"})
    run = tmp_path / "run"
    assert main(["export", str(run), "--to", "onnx", "--no-embedding"]) == 0
    assert "Compared with torch" in capsys.readouterr().out
    path = run / "export" / "model.onnx"
    session = onnxruntime.InferenceSession(path)
    assert [value.name for value in session.get_inputs()] == ["inputs"]
    assert [value.name for value in session.get_outputs()] == ["outputs"]
    noted = json.loads((path.parent / "checks.json").read_text())["model.onnx"]
    assert noted["embedding_difference"] is None
    with pytest.raises(SignletError, match="has no embedding"):
        signlet.load(path).embed(wandering(20, RANDOM))


CORE = ("numpy", "onnxruntime", "flatbuffers", "packaging", "protobuf")
"""What `pip install signlet` brings, with onnxruntime's own needs."""


def link_core(site: Path) -> None:
    """Put the core install, and nothing else, into an empty environment."""
    for name in CORE:
        tops = {Path(file).parts[0] for file in distribution(name).files or ()}
        for top in tops - {"..", "__pycache__"}:
            target = site / top
            if not target.exists():
                target.symlink_to(Path(str(distribution(name).locate_file(top))))
    (site / "signlet.pth").write_text(str(Path(signlet.__file__).parents[1]))


def test_an_exported_model_runs_without_torch(exported: Exported, tmp_path: Path) -> None:
    """In a virtual environment with numpy and onnxruntime only."""
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    (site,) = (tmp_path / "venv").glob("lib/python3*/site-packages")
    link_core(site)
    np.savez(tmp_path / "clip.npz", landmarks=wandering(20, RANDOM))
    shutil.copy(exported.files["onnx"], tmp_path / "model.onnx")
    python = tmp_path / "venv" / "bin" / "python"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    assert run("-c", "import torch").returncode == 1
    command = ("-m", "signlet", "recognise", "model.onnx", "clip.npz", "--json")
    done = run(*command)
    assert done.stderr == ""
    assert json.loads(done.stdout)["top"][0]["sign"] in SIGNS
    run_folder([trained_like(SIZE, 8, 0)], tmp_path / "run")
    refused = run("-m", "signlet", "recognise", "run", "clip.npz")
    assert refused.returncode == 2
    assert refused.stderr.startswith("signlet: run: reading a run folder needs the extra train")
    assert 'pip install -c constraints.txt ".[train]"' in refused.stderr, "the way into a clone"


def test_import_is_light() -> None:
    """numpy only; onnxruntime when a file is loaded."""
    code = "import sys, signlet; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "onnxruntime", "pyarrow", "rich", "jsonargparse", "scipy", "sklearn"}
    assert not heavy & set(done.stdout.split())
