"""Corrections of the models for MediaPipe's newer graph, so that it equals `solutions.holistic`.

The landmarks of a video depend on the models and on the graph around them: which part of the
picture each model is shown, and what is made of its answer. The graph of HolisticLandmarker
differs from that of `solutions.holistic` in four places, and cannot be changed from outside.
Operations appended to three models make up for it (docs/video.md has the figures).
"""

from __future__ import annotations

import numpy as np

from signlet.video.bundle.graph import Net

_FACE, _FACE_ASKED = 468, 478
_TILTS = np.deg2rad(np.arange(-30.0, 31.0, 10.0))
"""Tilts of the head for which the box of a face is worked out; the outermost serve for slopes."""
_POSE, _VALUES = 39, 5
_HEAT, _CELL = 64, 4.0
"""The heat map of a pose has 64 x 64 cells of 4 x 4 pixels."""
_REACH = 4.0
"""Cells to each side that `solutions.holistic` looks at: a window of 9 x 9, where the newer
graph takes 7 x 7."""
_NO_HEAT = -100.0
_SHIFT = -0.1


def face_landmarks(net: Net) -> None:
    """Answer with 478 points, and make the face's box square.

    The newer graph reads 478 points; with 468 it takes x for y. It also cuts out the next
    picture's face by the box around all points without making that square. The ten added points
    make it square: each is where the square's left or right side touches it, for one tilt of
    the head. They are cut off afterwards, like the irises that they stand for.
    """
    points = net.reshaped(net.outputs[0], (_FACE, 3))
    low, high = (net.reduced(name, points, (0,)) for name in ("REDUCE_MIN", "REDUCE_MAX"))
    centre = net.binary("MUL", net.binary("ADD", low, high), 0.5)
    sides = _square(net, net.binary("SUB", points, centre))
    added = net.joined([_touching(net, side) for side in sides], 0)
    points = net.joined([points, net.binary("ADD", added, centre)], 0)
    net.outputs[0] = net.reshaped(points, (1, 1, 1, 3 * _FACE_ASKED))


def _square(net: Net, points: int) -> list[int]:
    """Compute the left and right side of the square around a face, for each of _TILTS.

    points: (468, 3) around their centre. Returns two of (1, 7).
    """
    x, y = (net.cut(points, (0, axis), (_FACE, 1)) for axis in (0, 1))
    cosine, sine = (net.constant(turn(_TILTS)[None]) for turn in (np.cos, np.sin))
    across = net.binary("SUB", net.binary("MUL", x, cosine), net.binary("MUL", y, sine))
    down = net.binary("ADD", net.binary("MUL", x, sine), net.binary("MUL", y, cosine))
    (left, right), (top, bottom) = (
        [net.reduced(name, line, (0,)) for name in ("REDUCE_MIN", "REDUCE_MAX")]
        for line in (across, down)
    )
    sizes = net.binary("SUB", right, left), net.binary("SUB", bottom, top)
    half = net.binary("MUL", net.binary("MAXIMUM", *sizes), 0.5)
    middle = net.binary("MUL", net.binary("ADD", left, right), 0.5)
    return [net.binary("SUB", middle, half), net.binary("ADD", middle, half)]


def _touching(net: Net, side: int) -> int:
    """Points (5, 3) whose hull touches a side at all tilts but the outermost.

    side: (1, 7), where it is at each tilt. A line that turns touches its envelope at
    u s + u' s', with s its distance, u its direction, and the primes by the angle.
    """
    inner = len(_TILTS) - 2
    place = net.reshaped(net.cut(side, (0, 1), (1, inner)), (inner, 1))
    ends = [net.cut(side, (0, start), (1, inner)) for start in (2, 0)]
    step = float(_TILTS[2] - _TILTS[0])
    change = net.reshaped(net.binary("MUL", net.binary("SUB", *ends), 1 / step), (inner, 1))
    cosine, sine = (turn(_TILTS[1:-1])[:, None] for turn in (np.cos, np.sin))
    flat = np.zeros_like(cosine)
    direction = net.constant(np.hstack([cosine, -sine, flat]))
    turned = net.constant(np.hstack([-sine, -cosine, flat]))
    return net.binary("ADD", net.binary("MUL", direction, place), net.binary("MUL", turned, change))


def face_detector(net: Net) -> None:
    """Move the six points of a found face up by a tenth of their height, along the face.

    `solutions.holistic` moves the box around them by as much, which the newer graph leaves out.
    """
    found = net.outputs[0]
    boxes = net.shape(found)[1]
    points = net.reshaped(net.cut(found, (0, 0, 4), (1, boxes, 12)), (boxes, 6, 2))
    y = net.cut(points, (0, 0, 1), (boxes, 6, 1))
    height = net.binary(
        "SUB", net.reduced("REDUCE_MAX", y, (1,)), net.reduced("REDUCE_MIN", y, (1,))
    )
    first, second = (net.cut(points, (0, eye, 0), (boxes, 1, 2)) for eye in (0, 1))
    eyes = net.binary("SUB", second, first)
    square = net.reduced("SUM", net.binary("MUL", eyes, eyes), (2,))
    scale = net.unary("RSQRT", net.binary("MAXIMUM", square, 1e-6))
    by = net.binary("MUL", net.binary("MUL", height, scale), _SHIFT)
    right, down = (net.cut(eyes, (0, 0, axis), (boxes, 1, 1)) for axis in (0, 1))
    up = net.joined([net.binary("MUL", down, -1.0), right], 2)
    moved = net.reshaped(net.binary("ADD", points, net.binary("MUL", up, by)), (1, boxes, 12))
    net.outputs[0] = net.joined([net.cut(found, (0, 0, 0), (1, boxes, 4)), moved], 2)


def pose_landmarks(net: Net) -> None:
    """Refine the pose by its heat map here, with the window of `solutions.holistic`.

    What leaves the model is refined already, and its heat map is cold, so that the graph
    leaves the points as they are.
    """
    raw = net.reshaped(net.outputs[0], (_POSE, _VALUES))
    place = net.cut(raw, (0, 0), (_POSE, 2))
    heat = net.unary("LOGISTIC", net.reshaped(net.outputs[3], (_HEAT, _HEAT, _POSE)))
    cells = net.op(
        "TRANSPOSE", net.binary("MUL", place, 1 / _CELL), net.constant([1, 0]), shape=(2, _POSE)
    )
    near, inside = _near(net, cells)
    heat = net.binary("MUL", net.binary("MUL", heat, near[1]), near[0])
    refined, sure = _mean_cell(net, heat)
    sure = net.binary("LOGICAL_AND", sure, inside)
    best = net.op("SELECT_V2", sure, refined, place, shape=(_POSE, 2))
    whole = net.joined([best, net.cut(raw, (0, 2), (_POSE, _VALUES - 2))], 1)
    net.outputs[3] = net.binary("ADD", net.binary("MUL", net.outputs[3], 0.0), _NO_HEAT)
    net.outputs[0] = net.reshaped(whole, (1, _POSE * _VALUES))


def _near(net: Net, cells: int) -> tuple[list[int], int]:
    """1 for columns and rows within reach of a point, else 0; and whether it is in the map.

    cells: (2, 39), column and row of each point. Returns (1, 64, 39) for columns, (64, 1, 39)
    for rows, and (39, 1).
    """
    line = net.constant(np.arange(_HEAT, dtype=np.float32)[:, None])
    near = []
    for axis, shape in ((0, (1, _HEAT, _POSE)), (1, (_HEAT, 1, _POSE))):
        cell = net.binary("MAXIMUM", net.unary("FLOOR", net.cut(cells, (axis, 0), (1, _POSE))), 0.0)
        far = net.unary("ABS", net.binary("SUB", line, cell))
        left = net.unary("RELU", net.binary("ADD", net.binary("MUL", far, -1.0), _REACH + 1))
        near.append(net.reshaped(net.binary("MINIMUM", left, 1.0), shape))
    return near, _inside(net, cells)


def _inside(net: Net, cells: int) -> int:
    """(39, 1), whether a point is in the map. Below it MediaPipe does not look."""
    column = net.reshaped(net.cut(cells, (0, 0), (1, _POSE)), (_POSE, 1))
    row = net.reshaped(net.cut(cells, (1, 0), (1, _POSE)), (_POSE, 1))
    least = np.nextafter(np.float32(-1), np.float32(0))
    most = net.constant(-np.nextafter(np.float32(_HEAT), np.float32(0)))
    checks = [
        net.binary("GREATER_EQUAL", column, net.constant(least)),
        net.binary("GREATER_EQUAL", net.binary("MUL", column, -1.0), most),
        net.binary("GREATER_EQUAL", row, net.constant(least)),
    ]
    both = net.binary("LOGICAL_AND", checks[0], checks[1])
    return net.binary("LOGICAL_AND", both, checks[2])


def _mean_cell(net: Net, heat: int) -> tuple[int, int]:
    """Mean place in pixels, weighted by heat (39, 2), and whether it is hot enough (39, 1).

    heat: (64 rows, 64 columns, 39), 0 out of reach.
    """
    total = net.reshaped(net.reduced("SUM", heat, (0, 1)), (_POSE, 1))
    line = np.arange(_HEAT, dtype=np.float32) * _CELL
    places = []
    for shape in ((1, _HEAT, 1), (_HEAT, 1, 1)):
        weighed = net.binary("MUL", heat, net.constant(line.reshape(shape)))
        places.append(net.reshaped(net.reduced("SUM", weighed, (0, 1)), (_POSE, 1)))
    mean = net.binary("DIV", net.joined(places, 1), total)
    hottest = net.reshaped(net.reduced("REDUCE_MAX", heat, (0, 1)), (_POSE, 1))
    return mean, net.binary("GREATER_EQUAL", hottest, 0.5)
