"""Answers that are none, as NaN or numbers beyond 1, are no prediction, event or lesson."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import signlet
from signlet.calibration import Calibration
from signlet.errors import SignletError
from signlet.model.files import ModelFile
from signlet.modelfile.averaging import Average
from signlet.recognition.recogniser import Recogniser
from signlet.runtimes import Runtime
from signlet.runtimes.torch import TorchRuntime
from signlet.stream import StreamRecogniser
from signlet_testing.damaged_models import (
    CALIBRATED,
    CLIP,
    INF,
    NAN,
    NO_ANSWERS,
    THIRD,
    UNIT,
    _noted,
    _one_thread,
    made,
)
from signlet_testing.handmade import handmade, write
from signlet_testing.streams import person
from signlet_testing.teaching import OWN, WIDTH, clips, labels, tiny_card, tiny_model

__all__ = ["_noted", "_one_thread"]


class _Says(Runtime):
    """A runtime that says the same of every clip."""

    max_frames = None

    def __init__(
        self,
        row: Sequence[float],
        vector: Sequence[float] = UNIT,
        calibration: Calibration | None = None,
    ) -> None:
        self.signs, self.embedding_size = OWN, len(vector)
        self.card, self.about = tiny_card(), {}
        self.calibration, self._row, self._vector = calibration, row, vector

    def probabilities(self, raws: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.array([self._row] * len(raws), np.float32)

    def answers(self, raws: Sequence[NDArray[np.float32]]) -> Any:
        return self.probabilities(raws), np.array([self._vector] * len(raws), np.float32)


@pytest.mark.parametrize("calibration", [None, CALIBRATED])
@pytest.mark.parametrize("what", NO_ANSWERS)
def test_what_are_no_probabilities_is_no_prediction(
    what: str, calibration: Calibration | None
) -> None:
    found = Recogniser(_Says(NO_ANSWERS[what], calibration=calibration))
    for ask in (found, lambda clip: found.batch([clip, clip])):
        with pytest.raises(
            SignletError, match="the model: is not a usable model: it gives"
        ) as error:
            ask(CLIP)
        assert "\n" not in str(error.value)


def test_a_sum_within_the_tolerance_is_an_answer() -> None:
    found = Recogniser(_Says((0.5, 0.3, 0.205)))
    assert found(CLIP).likeliest == OWN[0]


@pytest.mark.parametrize("what", NO_ANSWERS)
def test_a_stream_gives_no_such_event(what: str) -> None:
    stream = StreamRecogniser(Recogniser(_Says(NO_ANSWERS[what])))
    with pytest.raises(SignletError, match="is not a usable model"):
        _signed(stream)


def test_a_stream_of_the_same_gives_an_event() -> None:
    assert _signed(StreamRecogniser(Recogniser(_Says(THIRD))))


def _signed(stream: StreamRecogniser) -> list[Any]:
    """What comes of a hand that is raised and lowered."""
    events = []
    for number in range(50):
        height = -1.6 if number < 30 or number > 80 else 0.0
        events += stream.push(person(height), number / 25)
    return events + stream.finish()


@pytest.mark.parametrize(
    "vector", [(NAN, *UNIT[1:]), (0.0,) * WIDTH, (7.0,) * WIDTH, (INF,) * WIDTH]
)
def test_an_embedding_that_is_none_is_refused_and_teaches_nothing(
    vector: tuple[float, ...], teachable: Path
) -> None:
    found = Recogniser(_Says(THIRD, vector))
    with pytest.raises(SignletError, match="it gives an embedding of length"):
        found.embed(CLIP)
    good = signlet.teach(teachable, clips(), labels()).taught
    with pytest.raises(SignletError, match="it gives an embedding of length"):
        Recogniser(_Says(THIRD, vector), taught=good)(CLIP)


@pytest.mark.parametrize("kind", ["softmax", "logits"])
def test_a_member_that_says_nan_spoils_the_average(kind: Any) -> None:
    broken = tiny_model()
    with torch.no_grad():
        broken.logits.bias.fill_(NAN)
    both = ModelFile(OWN, (tiny_model(), broken), Average(kind, (0, 1)))
    with pytest.raises(SignletError, match="whose sum is nan"):
        Recogniser(TorchRuntime(both))(CLIP)


@pytest.mark.parametrize("what", NO_ANSWERS)
def test_a_file_whose_graph_says_so_is_refused(what: str, tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", made(NO_ANSWERS[what]))
    with pytest.raises(SignletError, match=r"m\.onnx: is not a usable model"):
        signlet.load(path)(CLIP)


def test_a_card_with_another_layout_of_the_average_still_opens(tmp_path: Path) -> None:
    """Nothing above refuses what was right before."""
    card = replace(tiny_card(), average=Average("logits", (0,)), max_frames=9000)
    found = signlet.load(write(tmp_path / "m.onnx", handmade(THIRD, UNIT, card.as_json())))
    assert found.max_frames == 9000
