"""What is appended to MediaPipe's models, computed by LiteRT and compared with plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from signlet.video.bundle import corrections
from signlet.video.bundle.graph import Net, packed
from signlet.video.bundle.metadata import no_blend_shapes

litert = pytest.importorskip("ai_edge_litert.interpreter")
schema = pytest.importorskip("mediapipe.tasks.metadata.schema_py_generated")
Array = NDArray[Any]
RANDOM = np.random.default_rng(7)


def passing(*shapes: tuple[int, ...]) -> bytes:
    """A model that answers what it is asked: its outputs are its inputs."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.operatorCodes, model.buffers = 3, [], [schema.BufferT()]
    graph.tensors, graph.operators = [], []
    for number, shape in enumerate(shapes):
        tensor = schema.TensorT()
        tensor.shape, tensor.buffer, tensor.name = list(shape), 0, f"t{number}"
        graph.tensors.append(tensor)
    graph.inputs = list(range(len(shapes)))
    graph.outputs = list(graph.inputs)
    model.subgraphs = [graph]
    return packed(model, b"TFL3")


def run(content: bytes, *inputs: Array) -> list[Array]:
    interpreter = litert.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    for detail, values in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], values.astype(np.float32))
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def corrected(change: Callable[[Net], None], *inputs: Array) -> list[Array]:
    net = Net(passing(*(values.shape for values in inputs)))
    change(net)
    return run(net.packed(), *inputs)


# --- the pose ----------------------------------------------------------------------------
def refined(points: Array, heat: Array) -> Array:
    """MediaPipe's RefineLandmarksFromHeatmap with its window of 9 x 9, as it is written there.

    points: (39, 5), x and y in pixels of 256. heat: (64, 64, 39), before the sigmoid.
    """
    points, heat = points.copy(), 1 / (1 + np.exp(-heat.astype(np.float64)))
    for number, (x, y) in enumerate(points[:, :2]):
        column, row = int(x / 4), int(y / 4)
        if column < 0 or column >= 64 or row < 0:
            continue
        columns = np.arange(max(0, column - 4), min(64, column + 5))
        rows = np.arange(max(0, row - 4), min(64, row + 5))
        window = heat[np.ix_(rows, columns, [number])][..., 0]
        if window.size and window.max() >= 0.5:
            points[number, 0] = 4 * (window.sum(0) * columns).sum() / window.sum()
            points[number, 1] = 4 * (window.sum(1) * rows).sum() / window.sum()
    return points


def heated(points: Array, hot: float) -> Array:
    """(64, 64, 39) with a spot near each point, so hot in its middle."""
    at = np.arange(64)
    near = points[:, :2] / 4 + RANDOM.uniform(-2, 2, (39, 2))
    far = (at[:, None, None] - near[:, 1]) ** 2 + (at[None, :, None] - near[:, 0]) ** 2
    return hot - far / 3 + RANDOM.normal(0, 0.3, far.shape)


@pytest.mark.parametrize("low", [0.0, 100.0, -3.9, -40.0, 230.0, 252.0])
@pytest.mark.parametrize("hot", [4.0, 0.2, -4.0])
def test_a_pose_is_refined_as_mediapipe_does_with_the_larger_window(low: float, hot: float) -> None:
    points = RANDOM.uniform(low, low + 30, (39, 5)).astype(np.float32)
    heat = heated(points, hot).astype(np.float32)
    rest = np.zeros((1, 1)), np.zeros((1, 2, 2, 1))
    found = corrected(
        corrections.pose_landmarks, points.reshape(1, 195), *rest, heat[None], np.ones((1, 117))
    )
    np.testing.assert_allclose(found[0].reshape(39, 5), refined(points, heat), atol=2e-3)
    assert found[0].shape == (1, 195)
    assert (found[3] == -100).all(), "cold, so that the graph refines nothing"
    assert found[3].shape == (1, 64, 64, 39)
    np.testing.assert_array_equal(found[4], np.ones((1, 117)))


def test_the_window_matters() -> None:
    """Else the tests above would say nothing of its size."""
    points = np.full((39, 5), 128, np.float32)
    heat = np.full((64, 64, 39), -20.0)
    heat[32, 36] = 3.0
    assert refined(points, heat)[0, 0] == pytest.approx(144, abs=0.01)
    assert heat[29:36, 29:36].max() < 0


# --- the face ----------------------------------------------------------------------------
def face(width: float, height: float) -> Array:
    """(468, 3) within an egg: pointed below, as faces are."""
    angle = RANDOM.uniform(0, 2 * np.pi, 468)
    radius = np.sqrt(RANDOM.uniform(0.6, 1, 468))
    narrow = 1 - 0.3 * np.clip(np.sin(angle), 0, 1)
    x, y = width / 2 * radius * np.cos(angle) * narrow, height / 2 * radius * np.sin(angle)
    return np.stack([96 + x, 96 + y, RANDOM.normal(0, 5, 468)], 1)


def box(points: Array, tilt: float) -> tuple[Array, Array]:
    """Middle and size of the box around points (., 2) in a picture, the head tilted by degrees."""
    angle = np.deg2rad(tilt)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = points @ turn.T
    return (turned.max(0) + turned.min(0)) / 2, np.ptp(turned, axis=0)


@pytest.mark.parametrize("tilt", [0, 3, -7, 10, -15, 20])
@pytest.mark.parametrize(("width", "height"), [(90, 120), (100, 110), (60, 130)])
def test_the_box_of_a_face_is_square_whatever_its_tilt(
    tilt: float, width: float, height: float
) -> None:
    points = face(width, height).astype(np.float32)
    answer = corrected(corrections.face_landmarks, points.reshape(1, 1, 1, 1404), np.ones((1, 1)))
    found = answer[0].reshape(478, 3)
    np.testing.assert_array_equal(found[:468], points)
    middle, size = box(points[:, :2], tilt)
    square_middle, square = box(found[:, :2], tilt)
    assert np.abs(square - size.max()).max() < 0.02 * size.max()
    assert np.abs(square_middle - middle).max() < 0.015 * size.max()
    assert answer[1].shape == (1, 1), "how sure it is stays the second answer"


def test_a_face_that_fills_a_point_does_no_harm() -> None:
    points = np.full((1, 1, 1, 1404), 50.0)
    found = corrected(corrections.face_landmarks, points, np.ones((1, 1)))[0]
    np.testing.assert_allclose(found, 50.0, atol=1e-4)


@pytest.mark.parametrize("tilt", [0, 8, -25])
def test_a_detected_face_is_moved_up_along_itself(tilt: float) -> None:
    angle = np.deg2rad(tilt)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    boxes = RANDOM.normal(0, 20, (896, 6, 2))
    boxes[:, 0], boxes[:, 1] = (-20, -10), (20, -10)  # the eyes are level before the tilt
    boxes = boxes @ turn.T
    found = np.concatenate([RANDOM.normal(0, 9, (896, 4)), boxes.reshape(896, 12)], 1)[None]
    answer = corrected(corrections.face_detector, found, np.ones((1, 896, 1)))[0][0]
    np.testing.assert_allclose(answer[:, :4], found[0, :, :4], atol=1e-5)
    up = turn @ [0, -1]
    by = 0.1 * np.ptp(boxes[..., 1], axis=1)
    expected = boxes + up * by[:, None, None]
    np.testing.assert_allclose(answer[:, 4:].reshape(896, 6, 2), expected, atol=1e-3)


def test_eyes_at_one_place_give_numbers() -> None:
    answer = corrected(corrections.face_detector, np.ones((1, 896, 16)), np.ones((1, 896, 1)))[0]
    np.testing.assert_allclose(answer, 1, atol=1e-4)


def test_the_blend_shapes_are_a_model_of_zeros() -> None:
    interpreter = litert.Interpreter(model_content=no_blend_shapes())
    interpreter.allocate_tensors()
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (list(given["shape"]), list(answer["shape"])) == ([1, 146, 2], [1, 52])
