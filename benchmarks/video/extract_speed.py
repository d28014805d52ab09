"""How fast do videos become landmarks, compared with MediaPipe alone on the same pictures?

Cost: about ten minutes on two cores.
Page: docs/video.md
Results: extract_speed.csv
Short: --count 1 --repetitions 1

    python -m benchmarks.video.extract_speed [--videos DIR] [--count 6] [--repetitions 5]

On one core and in turn, in each repetition: (1) a bare loop of `holistic.process` over the
decoded pictures of all videos, in one graph that is never reset, decoding and everything else
left out; (2) `extract_many` of the same videos in one process with an empty cache: decoding,
starting over for each video, quality, cache, Parquet files. Reported is the median of each by
the clock and by the processor time used (steadier on a machine that others use too), and the
median of the rate of (2) relative to (1) in the same repetition.

Then, on as many cores as there are processes, (3) `extract_many` in 2 processes, their start
included; what loading MediaPipe and forgetting one video for the next cost; and how far the
landmarks of large pictures move when they are scaled down first (the pictures of the first
video enlarged eight times; largest and mean distance as fractions of the picture).

The column load says how many processes wanted the machine's cores: where it is above the
number of cores, only figures by the processor mean anything.

DIR holds short videos of signing, .mp4; by default those of ../shared/data/videos.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.environment import SHARED, write_csv
from signlet.extract import extract_many
from signlet.running.silence import silent
from signlet.video.extractors import Choice, opened
from signlet.video.frames import read_frames
from signlet.video.holistic import Holistic
from signlet.video.picture import LONG_SIDE, Image

VIDEOS = SHARED / "data" / "videos"
ENLARGED = 8
LARGE_FRAMES = 10


def bare(pictures: Sequence[Image]) -> None:
    """MediaPipe and nothing else; the start of the graph is not counted by the caller."""
    for picture in pictures:
        GRAPH.process(picture)


def signlet(videos: Sequence[Path], jobs: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["SIGNLET_CACHE"] = f"{scratch}/cache"
        outs = [Path(scratch) / f"{video.stem}.parquet" for video in videos]
        outcomes = extract_many(videos, jobs, outs=outs)
        assert all(outcome.error is None and not outcome.cached for outcome in outcomes)


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock and of the processor, all threads of this process."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def one_core(videos: Sequence[Path], repetitions: int) -> list[dict[str, Any]]:
    pictures = [frame.image for video in videos for frame in read_frames(video)]
    opened(Choice())  # loaded before, as the bare graph is
    taken = []
    for number in range(repetitions):
        ways = [lambda: bare(pictures), lambda: signlet(videos, 1)]
        order = [0, 1] if number % 2 == 0 else [1, 0]
        times = {way: timed(ways[way]) for way in order}
        taken.append([times[0], times[1]])
    seconds = np.array(taken)
    rates = np.median(len(pictures) / seconds, 0)
    relative = np.median(seconds[:, 0] / seconds[:, 1], 0)
    names = ["mediapipe alone, 1 core", "signlet, 1 core"]
    shares = [(1.0, 1.0), tuple(relative)]
    return [row(*named) for named in zip(names, rates, shares, strict=True)]


def row(what: str, rates: Sequence[float], shares: Sequence[float]) -> dict[str, Any]:
    values = {
        "frames_per_second_clock": rates[0],
        "frames_per_second_processor": rates[1],
        "share_of_mediapipe_clock": shares[0],
        "share_of_mediapipe_processor": shares[1],
    }
    return {"what": what, **{name: round(float(value), 3) for name, value in values.items()}}


def two_processes(videos: Sequence[Path]) -> dict[str, Any]:
    frames = sum(1 for video in videos for _ in read_frames(video))
    clock, _ = timed(lambda: signlet(videos, 2))
    return {
        "what": "signlet, 2 processes, start included",
        "frames_per_second_clock": round(frames / clock, 3),
    }


def costs(picture: Image) -> list[dict[str, Any]]:
    start, _ = timed(lambda: Holistic().close())
    with Holistic() as extractor:
        extractor(picture)
        forget, _ = timed(extractor.forget)
    return [
        {"what": "start of Holistic", "seconds": round(start, 3)},
        {"what": "forgetting a video", "seconds": round(forget, 3)},
    ]


def scaled_down(video: Path) -> dict[str, Any]:
    small = [frame.image for frame, _ in zip(read_frames(video), range(LARGE_FRAMES), strict=False)]
    large = [cv2.resize(p, None, fx=ENLARGED, fy=ENLARGED) for p in small]
    factor = LONG_SIDE / max(large[0].shape[:2])
    scaled = [
        cv2.resize(p, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) for p in large
    ]
    with Holistic() as extractor:
        found = np.stack([extractor(picture) for picture in large])
        extractor.forget()
        again = np.stack([extractor(picture) for picture in scaled])
    distance = np.linalg.norm((found - again)[..., :2], axis=-1)
    return {
        "what": f"landmarks moved by scaling {max(large[0].shape)} to {LONG_SIDE} pixels",
        "mean_distance": round(float(np.nanmean(distance)), 5),
        "largest_distance": round(float(np.nanmax(distance)), 5),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=Path, default=VIDEOS)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    videos = sorted(arguments.videos.glob("*.mp4"))[: arguments.count]
    rows = [two_processes(videos)]
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    global GRAPH
    with silent():
        from mediapipe.python.solutions.holistic import Holistic as Graph

        GRAPH = Graph(model_complexity=1)
        GRAPH.process(next(read_frames(videos[0])).image)
        rows = [*one_core(videos, arguments.repetitions), *rows]
    rows += [*costs(next(read_frames(videos[0])).image), scaled_down(videos[0])]
    columns = dict.fromkeys(key for one in rows for key in one)
    about = {
        "videos": len(videos),
        "frames": sum(1 for video in videos for _ in read_frames(video)),
        "repetitions": arguments.repetitions,
        "mediapipe": version("mediapipe"),
        "av": version("av"),
        "load": round(os.getloadavg()[0], 1),
    }
    rows = [{**about, **{name: one.get(name, "") for name in columns}} for one in rows]
    for one in rows:
        print(*(f"{key} {value}" for key, value in one.items() if value != ""), sep=", ")
    print("written to", write_csv("extract_speed", rows))


GRAPH: Any = None

if __name__ == "__main__":
    main()
