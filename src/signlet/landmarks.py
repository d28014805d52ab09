"""The landmark layout: MediaPipe's 543 points, the 100 the model sees, parts, mirror pairs.

Everything in signlet that knows where a point is imports it from here. Indices are
0-based rows of one frame in the competition's order: face 0-467, left hand 468-488,
pose 489-521, right hand 522-542. "Left" and "right" are the signer's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SCHEMA = "mediapipe-holistic-543/signlet-100"
"""Name of this layout; written into packed sets and model files, checked when they are read."""

NUM_RAW = 543
FACE, LEFT_HAND = slice(0, 468), slice(468, 489)
POSE, RIGHT_HAND = slice(489, 522), slice(522, 543)
RAW_PARTS: dict[str, slice] = {
    "face": FACE,
    "left_hand": LEFT_HAND,
    "pose": POSE,
    "right_hand": RIGHT_HAND,
}
IRIS_FACE = 478
"""Face points of MediaPipe's refined face mesh; the last ten (iris) are cut."""

# --- the 100 landmarks, in the model's order -------------------------------------------
SILHOUETTE = (10, 54, 67, 132, 150, 152, 162, 172, 176, 234, 284, 297, 361, 379, 389, 397, 400, 454)
LIPS = (
    *(13, 37, 40, 61, 78, 81, 84, 87, 88, 91, 191),
    *(267, 270, 291, 308, 311, 314, 317, 318, 321, 415),
)
ARMS = tuple(range(500, 512))
CHEEKS = (205, 425)
MEANS: dict[str, tuple[int, ...]] = {
    "left_eye": (466, 387, 385, 398, 263, 390, 374, 381, 362),
    "right_eye": (246, 160, 158, 173, 33, 163, 145, 154, 133),
    "left_brow": (383, 293, 296, 285),
    "right_brow": (156, 63, 66, 55),
    "nose": (1, 2, 98, 327, 168),
}
"""Points 96-100: each the mean of these raw points, NaN if one of them is."""

SINGLE: tuple[int, ...] = (
    *range(LEFT_HAND.start, LEFT_HAND.stop),
    *range(RIGHT_HAND.start, RIGHT_HAND.stop),
    *SILHOUETTE,
    *LIPS,
    *ARMS,
    *CHEEKS,
)
"""Raw rows of the first 95 selected points."""

NUM_SELECTED = len(SINGLE) + len(MEANS)
TYPE_IDS: NDArray[np.int64] = np.repeat(
    [1, 2, 3, 4, 5, 6], [21, 21, len(SILHOUETTE), len(LIPS), len(ARMS), len(CHEEKS) + len(MEANS)]
)
"""Type of each selected point, 1-based: left hand, right hand, silhouette, lips, arms, face."""
LANDMARK_IDS: NDArray[np.int64] = np.arange(1, NUM_SELECTED + 1)


def _of_type(*types: int) -> NDArray[np.int64]:
    return np.flatnonzero(np.isin(TYPE_IDS, types))


PARTS: dict[str, NDArray[np.int64]] = {
    "left_hand": _of_type(1),
    "right_hand": _of_type(2),
    "lips": _of_type(4),
    "face": _of_type(3, 6),
    "arms": _of_type(5),
    "full": np.arange(NUM_SELECTED),
}
"""Positions among the 100 selected points."""
HEAD: NDArray[np.int64] = _of_type(3, 4, 6)
"""All selected points of the head: silhouette, lips and face."""

# --- mirror pairs -----------------------------------------------------------------------
# Derived once: mean of 2,467 real faces, mirrored, matched by an optimal assignment
# (tests/test_landmarks.py repeats the check on real faces). The 28 points that are not
# named are on the midline and are their own mirror image.
_FACE_PAIRS = (
    "3-248 7-249 20-250 21-251 22-252 23-253 24-254 25-255 26-256 27-257 28-258 29-259 30-260 "
    "31-261 32-262 33-263 34-264 35-265 36-266 37-267 38-268 39-269 40-270 41-271 42-272 "
    "43-273 44-274 45-275 46-276 47-277 48-278 49-279 50-280 51-281 52-282 53-283 54-284 "
    "55-285 56-286 57-287 58-288 59-289 60-290 61-291 62-292 63-293 64-294 65-295 66-296 "
    "67-297 68-298 69-299 70-300 71-301 72-302 73-303 74-304 75-305 76-306 77-307 78-308 "
    "79-309 80-310 81-311 82-312 83-313 84-314 85-315 86-316 87-317 88-318 89-319 90-320 "
    "91-321 92-322 93-323 95-324 96-325 97-326 98-327 99-328 100-329 101-330 102-331 103-332 "
    "104-333 105-334 106-335 107-336 108-337 109-338 110-339 111-340 112-341 113-342 114-343 "
    "115-344 116-345 117-346 118-347 119-348 120-349 121-350 122-351 123-352 124-353 125-354 "
    "126-355 127-356 128-357 129-358 130-359 131-360 132-361 133-362 134-363 135-364 136-365 "
    "137-366 138-367 139-368 140-369 141-370 142-371 143-372 144-373 145-374 146-375 147-376 "
    "148-377 149-378 150-379 153-380 154-381 155-382 156-383 157-384 158-385 159-386 160-387 "
    "161-388 162-389 163-390 165-391 166-392 167-393 169-394 170-395 171-396 172-397 173-398 "
    "174-399 176-400 177-401 178-402 179-403 180-404 181-405 182-406 183-407 184-408 185-409 "
    "186-410 187-411 188-412 189-413 190-414 191-415 192-416 193-417 194-418 196-419 198-420 "
    "201-421 202-422 203-423 204-424 205-425 206-426 207-427 208-428 209-429 210-430 211-431 "
    "212-432 213-433 214-434 215-435 216-436 217-437 218-438 219-439 220-440 221-441 222-442 "
    "223-443 224-444 225-445 226-446 227-447 228-448 229-449 230-450 231-451 232-452 233-453 "
    "234-454 235-455 236-456 237-457 238-458 239-459 240-460 241-461 242-462 243-463 244-464 "
    "245-465 246-466 247-467 "
)


def _mirror_raw() -> NDArray[np.int64]:
    mirror = np.arange(NUM_RAW)
    for pair in _FACE_PAIRS.split():
        a, b = map(int, pair.split("-"))
        mirror[[a, b]] = b, a
    mirror[LEFT_HAND], mirror[RIGHT_HAND] = np.arange(522, 543), np.arange(468, 489)
    # MediaPipe Pose: nose 0, left eye 1-3, right eye 4-6, then left (odd) and right (even) in turn.
    pose = np.array([0, 4, 5, 6, 1, 2, 3, *(i + 1 if i % 2 else i - 1 for i in range(7, 33))])
    mirror[POSE] = POSE.start + pose
    return mirror


MIRROR: NDArray[np.int64] = _mirror_raw()
"""(543,) raw row of each point's mirror image; an involution."""


def _mirror_selected() -> NDArray[np.int64]:
    position = {row: i for i, row in enumerate(SINGLE)}
    singles = [position[int(MIRROR[row])] for row in SINGLE]
    left_eye = len(SINGLE)
    return np.array([*singles, *(left_eye + i for i in (1, 0, 3, 2, 4))])


MIRROR_SELECTED: NDArray[np.int64] = _mirror_selected()
"""(100,) position of each selected point's mirror image; an involution."""

# --- lines to draw ----------------------------------------------------------------------


def _chain(points: tuple[int, ...], closed: bool = True) -> list[tuple[int, int]]:
    ends = (*points[1:], points[0]) if closed else points[1:]
    return list(zip(points, ends, strict=False))


_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
_OUTER_LIPS = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375),
    *(291, 409, 270, 269, 267, 0, 37, 39, 40, 185),
)
_INNER_LIPS = (
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324),
    *(308, 415, 310, 311, 312, 13, 82, 81, 80, 191),
)
_LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
_LEFT_BROW = (276, 283, 282, 295, 285)
_NOSE = (168, 6, 197, 195, 5, 4, 1)
_ONE_SIDE = _chain(_LEFT_EYE) + _chain(_LEFT_BROW, closed=False)
_HAND = [
    *_chain((0, 1, 2, 3, 4), closed=False),
    *_chain((0, 5, 6, 7, 8), closed=False),
    *_chain((9, 10, 11, 12), closed=False),
    *_chain((13, 14, 15, 16), closed=False),
    *_chain((0, 17, 18, 19, 20), closed=False),
    *((5, 9), (9, 13), (13, 17)),
]
_BODY = [
    *((11, 12), (11, 13), (13, 15), (12, 14), (14, 16), (11, 23), (12, 24), (23, 24)),
    *((15, 17), (15, 19), (15, 21), (17, 19), (16, 18), (16, 20), (16, 22), (18, 20)),
]

EDGES: dict[str, NDArray[np.int64]] = {
    "face": np.array(
        _chain(_OVAL)
        + _chain(_OUTER_LIPS)
        + _chain(_INNER_LIPS)
        + _chain(_NOSE, closed=False)
        + _ONE_SIDE
        + [(int(MIRROR[a]), int(MIRROR[b])) for a, b in _ONE_SIDE]
    ),
    "left_hand": np.array(_HAND) + LEFT_HAND.start,
    "pose": np.array(_BODY) + POSE.start,
    "right_hand": np.array(_HAND) + RIGHT_HAND.start,
}
"""Per raw part, (edges, 2) raw rows to join when a skeleton is drawn."""


def _selected_chain(points: tuple[int, ...]) -> list[tuple[int, int]]:
    position = {row: i for i, row in enumerate(SINGLE)}
    return _chain(tuple(position[row] for row in points if row in position))


def _selected_edges() -> dict[str, NDArray[np.int64]]:
    left_arm = int(PARTS["arms"][0]) - (ARMS[0] - POSE.start)
    body = [(left_arm + a, left_arm + b) for a, b in _BODY if max(a, b) < 23]
    return {
        "left_hand": np.array(_HAND),
        "right_hand": np.array(_HAND) + 21,
        "lips": np.array(_selected_chain(_OUTER_LIPS) + _selected_chain(_INNER_LIPS)),
        "face": np.array(_selected_chain(_OVAL)),
        "arms": np.array(body),
    }


SELECTED_EDGES: dict[str, NDArray[np.int64]] = _selected_edges()
"""Per part, (edges, 2) positions among the 100 selected points to join."""
