"""How far are landmarks of MediaPipe 1.x from those of MediaPipe 0.10.21, on the same videos?

Cost: seconds on one core, once both have read the videos.
Page: docs/video.md
Results: extractors_agree.csv

    signlet extract VIDEOS -o old --format npz        on Python 3.11
    signlet models && signlet extract VIDEOS -o new --format npz      on Python 3.13
    python -m benchmarks.video.extractors_agree old new

For each part: frames in which both found it, in which only one did, and how far its points are
apart in x and y where both did, as fractions of the picture: median, the distance that 95 % of the
coordinates keep to, and the largest. Writes benchmarks/results/extractors_agree.csv.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.environment import write_csv
from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND

PARTS = {"face": [FACE], "body": [POSE], "hands": [LEFT_HAND, RIGHT_HAND]}


def compare(
    old: list[NDArray[np.float32]], new: list[NDArray[np.float32]], rows: list[slice]
) -> dict[str, Any]:
    """One line of the table. old, new: clips (T, 543, 3), NaN = not found."""
    distances, both, one = [], 0, 0
    for part in rows:
        for first, second in zip(old, new, strict=True):
            here, there = (~np.isnan(clip[:, part, 0]).any(1) for clip in (first, second))
            shared = here & there
            both, one = both + int(shared.sum()), one + int((here ^ there).sum())
            apart = np.abs(first[shared][:, part, :2] - second[shared][:, part, :2])
            distances.append(apart.ravel())
    all_of_them = np.concatenate(distances)
    return {
        "both": both,
        "one_only": one,
        "median": f"{np.median(all_of_them):.6f}",
        "p95": f"{np.quantile(all_of_them, 0.95):.6f}",
        "largest": f"{all_of_them.max():.6f}",
    }


def read(folder: Path) -> dict[str, tuple[NDArray[np.float32], str]]:
    """Landmarks and extractor by the name of the video."""
    found = {}
    for path in sorted(folder.rglob("*.npz")):
        with np.load(path) as archive:
            found[path.stem] = archive["landmarks"], str(archive["extractor"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parsed = parser.parse_args()
    old, new = read(parsed.old), read(parsed.new)
    if not old or set(old) != set(new):
        parser.error(f"{parsed.old} and {parsed.new} hold no .npz of the same videos")
    clips = [[read[name][0] for name in sorted(old)] for read in (old, new)]
    extractors = [" and ".join(sorted({name for _, name in read.values()})) for read in (old, new)]
    rows = [
        {
            "part": part,
            "old": extractors[0],
            "new": extractors[1],
            "videos": len(old),
            **compare(*clips, slices),
        }
        for part, slices in PARTS.items()
    ]
    print(write_csv("extractors_agree", rows))


if __name__ == "__main__":
    main()
