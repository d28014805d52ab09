"""What cannot be exported or opened is refused in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import signlet
from signlet.errors import ClipError, SignletError
from signlet.export import Exported, export_ensemble
from signlet.export import onnx as onnx_export
from signlet.export.cases import wandering
from signlet.export.check import check
from signlet.model import SignModel
from signlet.modelfile.card import read_card
from signlet.modelfile.onnx_bytes import sealed
from signlet_testing.exporting import (
    NESTED,
    RANDOM,
    SIGNS,
    exported,
    models,
)

__all__ = ["exported", "models"]


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
    said = r"model.onnx: its embedding lies .* from torch's at .*;.* 0 is allowed.*--no-embedding"
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
