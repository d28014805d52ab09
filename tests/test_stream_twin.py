"""stream.js gives what the Python stream recogniser gives: the same numbers to the last bit."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signlet.landmarks import MIRROR
from signlet.stream import Segment, Segmenter, StreamRecogniser, StreamSettings
from signlet_testing import PATIENCE
from signlet_testing.streams import DOWN, UP, Recorded, act, fake, random_stream, sign

RUNNER = Path(__file__).parent / "stream_runner.mjs"
WEB = Path(__file__).parents[1] / "src" / "signlet" / "web"


@dataclass(frozen=True)
class Case:
    recorded: Recorded
    settings: dict[str, float] = field(default_factory=dict)
    mirrored: bool = False


@cache
def cases() -> dict[str, Case]:
    waving = act(*[(i * 0.2, UP + 0.4 * (i % 2), i % 2) for i in range(60)], fps=60)
    letters = act(*[key for i in range(20) for key in sign(2.0 * i, 0.9, 0.1 * i)], right=False)
    spelled = act(*[(0.5 * (i // 2) + 0.4 * (i % 2), UP, (i // 2) % 2) for i in range(20)], fps=8)
    made = {
        "letters": Case(letters),
        "letters, mirrored": Case(letters, mirrored=True),
        "waving": Case(waving, {"longest": 2.0, "max_frames": 20}),
        "spelled": Case(spelled),
        "held": Case(act((0, DOWN, 0), (0.3, UP, 0), (5, UP, 0), (5.2, UP, 1), (9, UP, 1))),
        "unsure": Case(letters, {"min_confidence": 0.45}),
    }
    return made | {f"random {seed}": Case(random_stream(seed)) for seed in range(25)}


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


@pytest.fixture(scope="module")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What node makes of all cases."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("SIGNLET_BROWSER") == "required":
            pytest.fail("SIGNLET_BROWSER=required, but node is not installed")
        pytest.skip("node is not installed")
    folder = tmp_path_factory.mktemp("streams")
    streams = [written(folder / str(i), case) for i, case in enumerate(cases().values())]
    ran = subprocess.run(
        [node, str(RUNNER), str(WEB)],
        input=json.dumps({"streams": streams}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer | {"results": dict(zip(cases(), answer["results"], strict=True))}


def written(stem: Path, case: Case) -> dict[str, Any]:
    frames, times = case.recorded.frames, case.recorded.times
    people = [1 if frame.ndim == 2 else len(frame) for frame in frames]
    np.concatenate([frame.ravel() for frame in frames]).astype("<f4").tofile(f"{stem}.f32")
    np.array(times, "<f8").tofile(f"{stem}.f64")
    settings = {camel(name): value for name, value in case.settings.items()}
    paths = {"frames": f"{stem}.f32", "times": f"{stem}.f64"}
    return {**paths, "people": people, "settings": settings, "mirrored": case.mirrored}


def described(segment: Segment) -> dict[str, Any]:
    quiet = np.nan_to_num(segment.frames, nan=-1.0)
    digest = hashlib.sha256(quiet.astype("<f4").tobytes()).hexdigest()
    return {"start": segment.start, "end": segment.end, "T": len(quiet), "digest": digest}


@pytest.mark.parametrize("name", cases())
def test_segments_and_events_are_those_of_python(name: str, javascript: dict[str, Any]) -> None:
    case, theirs = cases()[name], javascript["results"][name]
    settings = StreamSettings(**case.settings)  # type: ignore[arg-type]
    segmenter, stream = Segmenter(settings), StreamRecogniser(fake, settings, case.mirrored)
    segments, events, states = [], [], []
    for frame, time in zip(case.recorded.frames, case.recorded.times, strict=True):
        segments += segmenter.push(frame, time)
        events += stream.push(frame, time)
        states.append(segmenter.state)
    segments += segmenter.finish()
    events += stream.finish()
    assert theirs["segments"] == [described(segment) for segment in segments]
    assert theirs["events"] == json.loads(json.dumps([asdict(event) for event in events]))
    assert theirs["states"] == states
    assert (theirs["suggestion"] is None) == (stream.suggestion is None)


def test_the_cases_are_worth_comparing(javascript: dict[str, Any]) -> None:
    segments = [len(result["segments"]) for result in javascript["results"].values()]
    signs = {event["sign"] for r in javascript["results"].values() for event in r["events"]}
    assert sum(segments) > 100
    assert {None, "a"} < signs
    assert sum(result["suggestion"] is not None for result in javascript["results"].values()) >= 1


def test_defaults_and_mirror_pairs_are_those_of_python(javascript: dict[str, Any]) -> None:
    ours = {camel(name): value for name, value in asdict(StreamSettings()).items()}
    assert javascript["settings"] == ours
    assert javascript["mirror"] == MIRROR.tolist()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("new Segmenter({ hold: -1 })", "hold=-1"),
        ("new Segmenter({ holt: 1 })", "no such setting"),
        ("new Segmenter({ maxFrames: 9.5 })", "whole number"),
        ("new Segmenter().push(new Float32Array(1629), NaN)", "give seconds"),
        ("new Segmenter().push(new Float32Array(1628), 0)", "543 * 3 numbers"),
        ("new Segmenter().push(Array(1629).fill(0), 0)", "Float32Array"),
    ],
)
def test_javascript_refuses_what_python_refuses(
    code: str, said: str, javascript: dict[str, Any]
) -> None:
    script = f'import {{ Segmenter }} from "{(WEB / "stream.js").as_uri()}"; {code}'
    command = ["node", "--input-type=module", "-e", script]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert ran.returncode != 0
    assert said in ran.stderr
