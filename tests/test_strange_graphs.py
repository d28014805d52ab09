"""Graphs of other programs: what they may not ask for is refused, failures are one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper

import signlet
from signlet.errors import SignletError
from signlet.recognition.recogniser import Recogniser
from signlet.runtimes.onnx import OnnxRuntime
from signlet_testing.damaged_models import (
    CLIP,
    GRAPHS,
    THIRD,
    UNIT,
    _noted,
    _one_thread,
    made,
)
from signlet_testing.handmade import write
from signlet_testing.teaching import OWN, tiny_card

__all__ = ["_noted", "_one_thread"]


def test_a_graph_made_by_hand_answers(tmp_path: Path) -> None:
    """So that what is refused below is refused for its own fault."""
    found = signlet.load(write(tmp_path / "m.onnx", made()))
    assert found(CLIP).likeliest == OWN[2]
    assert len(found.batch([CLIP] * 3)) == 3
    assert found.embed(CLIP).tolist() == pytest.approx(UNIT)


@pytest.mark.parametrize("how", GRAPHS)
def test_a_strange_graph_is_refused_in_one_line(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(np.array(THIRD, "<f4").tobytes())
    model = made()
    GRAPHS[how](model)
    path = write(tmp_path / "m.onnx", model)
    with pytest.raises(SignletError) as refused:
        signlet.load(path)(CLIP)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)
    assert capfd.readouterr().err == ""


def test_a_graph_that_fails_while_it_runs_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its sum of `inputs` and a row of four does not exist."""
    model = made()
    four = numpy_helper.from_array(np.ones((1, 1, 4), np.float32), "four")
    model.graph.initializer.append(four)
    shape = numpy_helper.from_array(np.array([-1, 1, 2], np.int64), "odd")
    model.graph.initializer.append(shape)
    model.graph.node.append(helper.make_node("Reshape", ["inputs", "odd"], ["bent"]))
    model.graph.node.append(helper.make_node("ReduceSum", ["bent"], ["total"], keepdims=0))
    model.graph.node.append(helper.make_node("Add", ["early", "total"], ["outputs"]))
    next(node for node in model.graph.node if "outputs" in node.output).output[0] = "early"
    found = signlet.load(write(tmp_path / "m.onnx", model))
    odd = np.resize(CLIP, (3, 543, 3))  # 4,887 numbers cannot be pairs
    with pytest.raises(SignletError, match=r"m\.onnx: cannot be run \(") as refused:
        found(odd)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr().err == ""


class _Session:
    """Stands in for onnxruntime's. said: its outputs; error: what it raises."""

    def __init__(self, said: list[Any] | None = None, error: Exception | None = None) -> None:
        self.said, self.error = said, error

    def run(self, names: list[str], given: dict[str, Any]) -> list[Any]:
        if self.error is not None:
            raise self.error
        return list(self.said or [])


@pytest.mark.parametrize(
    "error", [RuntimeError("one\ntwo"), MemoryError(), ValueError(""), KeyError("x"), OSError(5)]
)
def test_whatever_a_library_raises_while_it_runs_is_one_line(error: Exception) -> None:
    runtime = OnnxRuntime(_Session(error=error), tiny_card(), Path("m.onnx"))
    with pytest.raises(SignletError, match=r"^m\.onnx: cannot be run \([^)]") as refused:
        Recogniser(runtime)(CLIP)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "said",
    [
        np.full((1, 4), 0.25, np.float32),
        np.full((3,), 1 / 3, np.float32),
        np.full((2, 3), 1 / 3, np.float32),
        np.full((1, 3), 1 / 3),
        np.ones((1, 3), np.int64),
        None,
    ],
)
def test_an_answer_of_another_shape_is_refused(said: Any) -> None:
    """NumPy would stretch some of them to fit."""
    runtime = OnnxRuntime(_Session([said]), tiny_card(), Path("m.onnx"))
    with pytest.raises(SignletError, match=r"m\.onnx: (answers|cannot)"):
        runtime.probabilities([CLIP])
