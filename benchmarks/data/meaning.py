"""Does signlet notice clips of the right shape and the wrong meaning, and how often wrongly?

Cost: some minutes on one core for each set.
Page: docs/meaning.md
Results: meaning.csv, meaning_cost.csv, meaning_mirror.csv
Short: --most 2

    python -m benchmarks.data.meaning [--data fingerspelling DIR ...] [--most 100]
    python -m benchmarks.data.meaning --cost [--data DIR ...] [--repetitions 7]
    python -m benchmarks.data.meaning --mirror [--data DIR ...]

Per set of clips: in how many of all clips, taken as they are, `signlet.meaning` suspects anything
(false alarms, unless the set itself holds such clips), and in how many of at most `--most` clips
each fault is noticed after it was made, and noticed with exactly the remedy that mends it. Last,
milliseconds of the processor that looking at a clip takes, and reading it from its file.

With `--cost`: milliseconds of the processor that packing a clip takes on one core, with looking
and without, each repetition doing both; and the median of their ratio. (`meaning_cost.csv`)

With `--mirror`: is a set doubted as it is and when all of it is mirrored, and in what share of
random groups of five of its people? Only people count with enough clips in which one hand leads.
(`meaning_mirror.csv`)

Faults that change nothing in a clip (hands exchanged where none is found) are not made in it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.environment import write_csv
from signlet.landmarks import LEFT_HAND, POSE, RAW_PARTS, RIGHT_HAND
from signlet.meaning import Change, look_at, remarks_on, suspected
from signlet.meaning.change import together
from signlet.meaning.leading import CLIPS, PEOPLE, Lead, left_handed_people
from signlet.pack import pack
from signlet.sources import files, open_source

Frames = NDArray[np.float32]
GROUPS = 10_000
"""Random groups of people."""
TUTORIAL = ("pose", "face", "left_hand", "right_hand")


def main() -> None:
    """Parse, look, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", nargs="+", default=["fingerspelling"])
    parser.add_argument("--most", type=int, default=100)
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--mirror", action="store_true")
    parser.add_argument("--repetitions", type=int, default=7)
    asked = parser.parse_args()
    if asked.mirror:
        rows = [mirror(where) for where in asked.data]
        print(*rows, sep="\n")
        write_csv("meaning_mirror", rows)
        return
    if asked.cost:
        rows = [cost(where, asked.repetitions) for where in asked.data]
        print(*rows, sep="\n")
        write_csv("meaning_cost", rows)
        return
    rows = [row for where in asked.data for row in measure(where, asked.most)]
    for row in rows:
        print(row)
    write_csv("meaning", rows)


def measure(where: str, most: int) -> Iterator[dict[str, Any]]:
    """Rows on one set: as it is, each fault, the time."""
    clips, reading = read(where)
    name = where.rstrip("/").rpartition("/")[2]
    begin = time.process_time()
    alarms = Counter(fault.problem for clip in clips for fault in suspected(clip)[:1])
    looking = time.process_time() - begin
    said = "; ".join(f"{problem} {count}" for problem, count in alarms.most_common())
    share = f"{sum(alarms.values())} of {len(clips)}"
    yield row(name, "none", len(clips), sum(alarms.values()), None, said or share)
    few = [clip for clip in clips if not suspected(clip)]
    few = few[:: -(-len(few) // most)]
    for fault, (spoil, flags) in FAULTS.items():
        yield detected(name, fault, [spoil(clip) for clip in few], few, flags)
    each = (
        f"{1000 * looking / len(clips):.2f} ms to look, {1000 * reading / len(clips):.2f} to read"
    )
    yield row(name, "time", len(clips), None, None, each)


def cost(where: str, repetitions: int) -> dict[str, Any]:
    """Measure the time that the checks add to packing."""
    packing(where)  # what is read for the first time
    times = [(packing(where), packing(where, looking=lambda _: ())) for _ in range(repetitions)]
    looking, without = np.median(times, axis=0)
    return {
        "set": where.rstrip("/").rpartition("/")[2],
        "ms_a_clip": round(looking, 3),
        "ms_without_looking": round(without, 3),
        "ratio": round(float(np.median([one / other for one, other in times])), 3),
    }


def mirror(where: str) -> dict[str, Any]:
    """Judge a set as it is and mirrored, and groups of five of its people."""
    source, sides = open_source(where), Change(mirror=True)
    leads: dict[bool, dict[str, list[Lead]]] = {False: {}, True: {}}
    for ref in source.refs():
        frames = source.read(ref).frames
        for turned, each in leads.items():
            look = look_at(sides(frames) if turned else frames)
            each.setdefault(ref.signer or "", []).append(look.leads)
    led = {who: each.count("left") + each.count("right") for who, each in leads[False].items()}
    people = [who for who, clips in led.items() if clips >= CLIPS]
    draw = np.random.default_rng(0)
    groups = [draw.choice(people, PEOPLE, False) for _ in range(GROUPS)] if people[4:] else []

    def doubted(turned: bool) -> float | None:
        found = [left_handed_people({who: leads[turned][who] for who in group}) for group in groups]
        return round(float(np.mean([count > 0 for count in found])), 4) if found else None

    return {
        "set": where.rstrip("/").rpartition("/")[2],
        "clips": len(source.refs()),
        "people": len(people),
        "doubted": int(left_handed_people(leads[False]) > 0),
        "doubted_mirrored": int(left_handed_people(leads[True]) > 0),
        "groups_doubted": doubted(False),
        "groups_doubted_mirrored": doubted(True),
    }


def packing(where: str, looking: Callable[[Frames], tuple[str, ...]] = remarks_on) -> float:
    """Milliseconds of the processor that packing a clip takes."""
    source = open_source(where)
    with patch.object(files, "remarks_on", looking), tempfile.TemporaryDirectory() as folder:
        begin = time.process_time()
        packed = pack(source, Path(folder) / "packed", 64, jobs=1)
        return 1000 * (time.process_time() - begin) / len(packed)


def read(where: str) -> tuple[list[Frames], float]:
    """Clips with a hand and a pose, and the seconds that reading takes, looking included."""
    source = open_source(where)
    begin = time.process_time()
    clips = [source.read(ref).frames for ref in source.refs()]
    return clips, time.process_time() - begin


def detected(
    name: str, fault: str, spoilt: Sequence[Frames], before: Sequence[Frames], flags: str
) -> dict[str, Any]:
    """Count the clips with a fault that are noticed."""
    changed = [
        clip
        for clip, was in zip(spoilt, before, strict=True)
        if not np.array_equal(clip, was, equal_nan=True)
    ]
    found = [suspected(clip) for clip in changed]
    changes = [together([one.change for one in all_ if one.change]).flags() for all_ in found]
    exact = sum(map(bool, found)) if flags is SAID else changes.count(flags)
    return row(name, fault, len(changed), sum(map(bool, found)), exact, "")


def row(
    name: str, fault: str, clips: int, noticed: int | None, exact: int | None, more: str
) -> dict[str, Any]:
    """One line of the table."""
    return {
        "set": name,
        "fault": fault,
        "clips": clips,
        "noticed": noticed,
        "exact": exact,
        "more": more,
    }


# --- faults -------------------------------------------------------------------------------

SAID = "(only said)"
"""Of a fault that nothing mends."""


def stored(*order: str) -> Callable[[Frames], Frames]:
    """Parts lie in that order."""
    return lambda clip: np.concatenate([clip[:, RAW_PARTS[part]] for part in order], 1)


def from_wrists(clip: Frames) -> Frames:
    """Hands without their place."""
    found = clip.copy()
    for hand in (LEFT_HAND, RIGHT_HAND):
        found[:, hand] -= clip[:, hand][:, :1]
    return found


def boxed(clip: Frames) -> Frames:
    """Every part fills its own picture."""
    found = clip.copy()
    for part in RAW_PARTS.values():
        points = clip[:, part, :2]
        low, high = np.nanmin(points, 1, keepdims=True), np.nanmax(points, 1, keepdims=True)
        found[:, part, :2] = (points - low) / (high - low)
    return found


def from_shoulders(clip: Frames) -> Frames:
    """Coordinates counted from the middle of the shoulders in each frame, in their widths."""
    left, right = clip[:, POSE.start + 11], clip[:, POSE.start + 12]
    width = np.hypot(*(left - right)[:, :2].T)
    return (clip - ((left + right) / 2)[:, None]) / width[:, None, None]


def flat(clip: Frames) -> Frames:
    """1 in place of z."""
    found = clip.copy()
    found[..., 2] = np.where(np.isnan(clip[..., 0]), np.nan, 1)
    return found


def held(clip: Frames) -> Frames:
    """Each hand is held at its last place where it was not found, and for six frames more."""
    found, middle = clip.copy(), len(clip) // 2
    for hand in (LEFT_HAND, RIGHT_HAND):
        found[middle : middle + 6, hand] = np.nan
        for row in range(1, len(clip)):
            if np.isnan(found[row, hand]).all():
                found[row, hand] = found[row - 1, hand]
    return found


def as_text(clip: Frames) -> Frames:
    """Frames sorted by their numbers as text."""
    return clip[np.array(sorted(range(len(clip)), key=str))]


FAULTS: dict[str, tuple[Callable[[Frames], Frames], str]] = {
    "hands exchanged": (Change(swap_hands=True), "--swap-hands"),
    "y up": (Change(flip_y=True), "--flip-y"),
    "x to the left": (Change(flip_x=True), "--flip-x"),
    "x and y exchanged": (Change(axes="yxz"), "--axes yxz"),
    "z first": (lambda clip: clip[..., [2, 0, 1]], "--axes zxy"),
    "pixels": (lambda clip: clip * np.float32([640, 480, 640]), SAID),
    "pose first": (stored(*TUTORIAL), f"--order {','.join(TUTORIAL)}"),
    "hands first": (
        stored("left_hand", "right_hand", "pose", "face"),
        "--order left_hand,right_hand,pose,face",
    ),
    "pose first, y up, hands exchanged": (
        lambda clip: stored(*TUTORIAL)(Change(flip_y=True, swap_hands=True)(clip)),
        "--order pose,face,right_hand,left_hand --flip-y",
    ),
    "from -1 to 1": (lambda clip: clip * 2 - 1, "--span=-1,1"),
    "percent": (lambda clip: clip * 100, "--span=0,100"),
    "from the shoulders": (from_shoulders, SAID),
    "1 for z": (flat, "--without-z"),
    "lost hands held": (held, "--filled-missing"),
    "frames twice": (lambda clip: np.repeat(clip, 2, axis=0), "--drop-repeats"),
    "hands from their wrists": (from_wrists, SAID),
    "each part in its box": (boxed, SAID),
    "frames sorted as text": (as_text, "--sort-frames"),
}

if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
