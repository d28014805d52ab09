"""Checks of a clip's meaning: frames (T, 543, 3) in, suspected faults out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from signlet.landmarks import LEFT_HAND, POSE, RIGHT_HAND
from signlet.meaning import axes, faults, filled_frames, hands, parts, quick_check, times, units
from signlet.meaning.change import NOTHING, Change, together
from signlet.meaning.faults import Fault
from signlet.meaning.points import Floats, few_frames, tracks

SPREAD, HIGH = 0.02, 0.2
"""A confidence varies by more than this, or it would do no harm, and is mostly above that."""


def suspected(frames: Floats) -> tuple[Fault, ...]:
    """Return the suspected faults of a clip; () if all is well.

    frames: (T, 543, 3), NaN if not found. Each fault is searched for after the earlier ones were
    repaired. Clips that do not tell, such as one hand and nothing else, give none.
    """
    with np.errstate(all="ignore"):  # of coordinates beyond all measure, and of what is missing
        hands_way = tracks(frames)
        if filled_frames.may_be_filled(hands_way) and (filled := _filled(frames)):
            mended = together([fault.change for fault in filled if fault.change])(frames)
            return *filled, *_suspected(few_frames(mended), tracks(mended))
        if doubts := quick_check.doubts(frames, hands_way[0, 0]):
            few = few_frames(frames)
            if "all" in doubts or any(_found(doubts, few)):
                return _suspected(few, hands_way)
        return tuple(times.check(hands_way))


def _filled(frames: Floats) -> list[Fault]:
    """Faults that show in all frames only, and make others look wrong, too."""
    found = []
    if filled_frames.is_repeated(frames):
        found.append(faults.REPEATED)
        frames = frames[~filled_frames.repeats(frames)]
    if filled_frames.is_filled(frames):
        found.append(faults.FILLED)
    return found


def _found(doubts: set[quick_check.Doubt], few: Floats) -> Iterator[Fault]:
    """Faults of what is in doubt, where everything else is right."""
    for doubt, checks in _CHECKS.items():
        if doubt in doubts:
            for check in checks:
                yield from check(few)


def _suspected(few: Floats, hands_way: Floats) -> tuple[Fault, ...]:
    """Of a few frames of a clip, and of what `tracks` gives of all."""
    found: list[Fault] = []
    shape = parts.raggedness(few)
    if parts.is_noise(shape) and _stays_noise(few, shape):
        return ()
    orders = (_order,) if parts.is_ragged(shape) else ()
    for check in (
        units.scale,
        *orders,
        _coordinates,
        units.origin,
        _lost_places,
        _body,
        _hands,
        _places,
        _depth,
    ):
        for fault in check(few):
            found.append(fault)
            if fault.change:
                few = fault.change(few)
        if faults.OWN_PLACES in found:
            break
    return _joined(found) if found else tuple(times.check(hands_way))


def _stays_noise(few: Floats, shape: dict[str, float]) -> bool:
    return "face" not in shape or parts.likely_order(few) is None


def remarks_on(frames: Floats) -> tuple[str, ...]:
    """The same as phrases for `Clip.remarks`."""
    return tuple(fault.phrase for fault in suspected(frames))


def _joined(found: list[Fault]) -> tuple[Fault, ...]:
    """Parts in another order and exchanged hands are one fault: the order of all four."""
    orders = [fault for fault in found if fault.change and fault.change.order]
    if not (orders and faults.HANDS in found):
        return tuple(found)
    rest = [fault for fault in found if fault not in (orders[0], faults.HANDS)]
    return faults.with_hands_exchanged(orders[0]), *rest


def _with_axes(few: Floats) -> tuple[str, Floats]:
    """The order of the coordinates, and the frames in the usual order."""
    read = axes.likely_axes(few)
    return read, few if read == "xyz" else Change(axes=read)(few)


def _order(few: Floats) -> Iterator[Fault]:
    _, moved = _with_axes(few)
    if parts.is_ragged(parts.raggedness(moved)):
        change = parts.likely_order(moved)
        yield faults.ordered(change) if change else faults.SCRAMBLED


def _coordinates(few: Floats) -> Iterator[Fault]:
    read, moved = _with_axes(few)
    ways = [way for way in (axes.face_ways(moved), axes.pose_ways(moved)) if way]
    turns = [axes.likely_reading(way) for way in ways]
    turn = turns[0] if turns and turns[0] == turns[-1] else NOTHING
    if turn.axes == "yxz":  # x and y exchanged among what z left
        read = read.translate(str.maketrans("xy", "yx"))
    change = Change(axes=read, flip_x=turn.flip_x, flip_y=turn.flip_y)
    if change != NOTHING:
        yield faults.axes_of(change)


def _body(few: Floats) -> Iterator[Fault]:
    face, pose = axes.face_ways(few), axes.pose_ways(few)
    if face and pose:
        turns = axes.likely_reading(face), axes.likely_reading(pose)
        if turns == (NOTHING, Change(flip_x=True)):
            yield faults.POSE
        elif turns[0] != turns[1]:
            yield faults.PLACES


def _hands(few: Floats) -> Iterator[Fault]:
    if hands.one_hand_twice(few):
        yield faults.TWICE if hands.twin(few) is None else faults.TWICE_PLACED
    elif hands.exchanged(few) and not hands.far_from_wrists(few):
        yield faults.HANDS


def _lost_places(few: Floats) -> Iterator[Fault]:
    if hands.counted_from_itself(few):
        yield faults.OWN_PLACES


def _places(few: Floats) -> Iterator[Fault]:
    if hands.far_from_wrists(few) or hands.face_elsewhere(few):
        yield faults.PLACES


def _depth(few: Floats) -> Iterator[Fault]:
    for rows in (LEFT_HAND, RIGHT_HAND, POSE):
        z = few[:, rows, 2]
        z = z[~np.isnan(z)]
        if len(z) and z.min() >= 0 and z.max() <= 1 and z.std() > SPREAD and z.mean() > HIGH:
            yield faults.DEPTH
            return
    low, high = (of.reduce(few, (0, 1)) for of in (np.fmin, np.fmax))
    if low[2] == high[2] != 0 and low[0] != high[0]:
        yield faults.DEPTH_ALIKE


_CHECKS: dict[quick_check.Doubt, tuple[Callable[[Floats], Iterator[Fault]], ...]] = {
    "ways": (_coordinates, _body),
    "origin": (units.origin,),
    "hands": (_hands, _places),
    "anchors": (_coordinates, _lost_places),
    "depth": (_depth,),
}
"""The check that looks into each doubt."""
