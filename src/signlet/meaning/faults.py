"""Faults of clips of the right shape: each with its description, its `Change` and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signlet.meaning.change import NOTHING, Change, together


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the meaning of a clip's numbers.

    problem: its kind in few words. seen: from what it was noticed.
    change: what repairs it, None if nothing can. instead: what to do then.
    """

    problem: str
    seen: str
    change: Change | None = None
    instead: str = ""

    @property
    def flags(self) -> str:
        """Of `signlet convert`; "" if it cannot repair this."""
        return self.change.flags() if self.change else ""

    @property
    def phrase(self) -> str:
        """In one line with the remedy, the same for all clips with this fault."""
        remedy = f"signlet convert IN OUT {self.flags}" if self.flags else self.instead
        return f"{self.problem} ({self.seen}); {remedy}"


_COMMAND = "signlet convert IN OUT "
WRITE_AGAIN = "write the landmarks as MediaPipe gives them, or extract the video again"

PIXELS = Fault(
    "x and y are not fractions of the picture",
    "most are above 5, so they seem to be pixels",
    instead="signlet convert IN OUT --pixels WIDTHxHEIGHT",
)
BEYOND = Fault(
    PIXELS.problem,
    "most are above 100,000, too large for pixels",
    instead=WRITE_AGAIN,
)
PERCENT = Fault(
    PIXELS.problem,
    "all lie between 0 and 100, so they seem to be percent",
    Change(span=(0, 100)),
)
_HARMLESS = "which does no harm, because the model standardises each clip"
_PERHAPS = "which does no harm if the point never moves"
FROM_MIDDLE = Fault(
    "x and y are counted from the middle of the picture",
    f"heads or hands are below 0, and all between -1 and 1, {_HARMLESS}",
    Change(span=(-1, 1)),
)
FROM_MIDDLE_HALF = Fault(
    FROM_MIDDLE.problem,
    f"heads or hands are below 0, and z of the wrists is -0.5, {_HARMLESS}",
    Change(span=(-0.5, 0.5)),
)
FROM_A_POINT = Fault(
    "x and y are counted from a point inside the picture",
    f"heads or hands are below 0, {_PERHAPS}",
    instead="signlet convert IN OUT with the numbers at the edges of the picture, --span=-1,1 or "
    "--span=-0.5,0.5 if the point is its middle; otherwise " + WRITE_AGAIN,
)
FROM_THE_BODY = Fault(
    FROM_A_POINT.problem,
    "nose or shoulders never move, or their width never changes",
    instead=WRITE_AGAIN,
)
FROM_AFAR = Fault(
    FROM_A_POINT.problem,
    f"heads or hands are below 0, and some above 1, {_PERHAPS}",
    instead=WRITE_AGAIN,
)
SCRAMBLED = Fault(
    "the points are in an unknown order",
    "points of one part are far apart",
    instead=f"give them in the order face 468, left hand 21, pose 33, right hand 21: {WRITE_AGAIN}",
)
HANDS = Fault(
    "left and right hand are swapped",
    "each is at the other wrist of the pose",
    Change(swap_hands=True),
)
HANDS_ALONE = Fault(
    "left and right hand are swapped, or x runs to the left",
    "each is shaped like the other hand",
    Change(swap_hands=True),
)
HANDS_HANG = Fault(
    "y runs upwards",
    "fingers point down, and each hand is shaped like the other one",
    Change(flip_y=True),
)
HANDS_ON_HEAD = Fault(
    "the picture is upside down",
    "fingers point down, and the left hand is on the left",
    Change(flip_x=True, flip_y=True),
)
DEPTH_TURNED = Fault(
    "z has the opposite sign",
    "hands are at their wrists, but each is shaped like the other one",
    Change(flip_z=True),
)
POSE = Fault(
    "left and right of the pose are swapped",
    "left and right are the other way round than in the face",
    Change(swap_pose=True),
)
PLACES = Fault(
    "the parts do not fit into one picture",
    "hands are far from the pose's wrists, or the face from its head",
    instead=WRITE_AGAIN,
)
OWN_PLACES = Fault(
    "each hand is measured from a point of its own",
    "their wrist, centre or edge never moves, so their position is lost",
    instead=WRITE_AGAIN,
)
TWICE = Fault(
    "one hand appears twice",
    "left and right hand hold the same points",
    instead="set the one that is not visible to NaN, or extract the video again",
)
TWICE_PLACED = Fault(TWICE.problem, "both are at the same wrist of the pose", Change(one_hand=True))
DEPTH = Fault(
    "the third coordinate is not z",
    "it is between 0 and 1, like a confidence",
    Change(without_z=True),
)
DEPTH_ALIKE = Fault(DEPTH.problem, "it is the same number everywhere", Change(without_z=True))
FILLED = Fault(
    "hands are filled in where they were lost",
    "in some frames a hand stands still to the last digit, or moves in a straight line, while "
    "the rest does not",
    Change(filled_missing=True),
)
REPEATED = Fault(
    "frames are repeated",
    "each appears two or more times in a row",
    Change(drop_repeats=True),
)
UNSORTED = Fault(
    "frames are sorted as text",
    "0, 1, 10, 11, 2: sorted by number the movement is smooth",
    Change(sort_frames=True),
)
MIXED = Fault(
    "frames are mixed up",
    "neighbouring frames are no closer than others",
    instead="write them in time order, or record the clip again",
)


def ordered(change: Change) -> Fault:
    """Parts in another order."""
    return Fault("parts are in another order", "the lines between their points show it", change)


def with_hands_exchanged(fault: Fault) -> Fault:
    """The same order of parts, but for the hands."""
    names = {"left_hand": "right_hand", "right_hand": "left_hand"}
    order = (fault.change and fault.change.order) or ()
    return ordered(Change(order=tuple(names.get(part, part) for part in order)))


def axes_of(change: Change) -> Fault:
    """Coordinates in another order, or running the other way."""
    turned = change.flip_x, change.flip_y
    if change.axes == "xyz":
        problem, seen = {
            (True, False): ("x runs to the left", "the left shoulder and eye are on the left"),
            (False, True): ("y runs upwards", "heads hang below the shoulders"),
            (True, True): ("the picture is upside down", "heads hang below the shoulders"),
        }[turned]
    elif change.axes[2] != "z":
        problem, seen = "coordinates are in another order", f"they fit as {change.axes}"
    elif turned[0] != turned[1]:
        problem, seen = "the picture is turned by 90 degrees", "heads are beside the shoulders"
    else:
        problem, seen = "x and y are swapped", "heads are beside the shoulders"
    return Fault(problem, seen, change)


def tells_meaning(remark: str) -> bool:
    """Return True if a remark on a clip is the phrase of a fault."""
    return remark.partition(" (")[0] in PROBLEMS


def spoils_answers(remark: str) -> bool:
    """Return True if a model's answer for a clip with this remark is not to be trusted."""
    return tells_meaning(remark) and _HARMLESS not in remark and _PERHAPS not in remark


def for_some(phrase: str) -> str:
    """The phrase of a fault that not all clips of a set have: its flag would spoil the others."""
    what, _, advice = phrase.partition("; ")
    command, _, flags = advice.partition(_COMMAND)
    if command or not flags.startswith("--"):
        return phrase
    if phrase == PIXELS.phrase:
        return f"{what}; for these clips alone, in a folder of their own: {advice}"
    return (
        f"{what}; {_COMMAND}--auto, which repairs each clip by its own faults ({flags} would "
        "change all)"
    )


def remedy(faults: Sequence[Fault], given: str = "IN", out: str = "OUT") -> str:
    """One command that repairs all of several faults of a clip; "" if none can be repaired."""
    change = together([fault.change for fault in faults if fault.change])
    return "" if change == NOTHING else f"signlet convert {given} {out} {change.flags()}"


_READINGS = [
    Change(axes=axes, flip_x=flip_x, flip_y=flip_y)
    for axes in ("xyz", "yxz", "zxy")
    for flip_x in (False, True)
    for flip_y in (False, True)
]
PROBLEMS = frozenset(
    [fault.problem for fault in list(vars().values()) if isinstance(fault, Fault)]
    + [axes_of(change).problem for change in _READINGS if change != NOTHING]
    + [ordered(Change(order=("pose", "face", "left_hand", "right_hand"))).problem]
)
"""Beginnings of the phrases of all faults."""
