"""sentinels.js and names.js say what their Python twins say, to the last bit."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signlet.clip.sentinels import without_numbers
from signlet.errors import SignletError
from signlet.landmarks import POSE, RAW_PARTS
from signlet.printable import UNPRINTED, in_a_message
from signlet.text.names import is_name, sign_name
from signlet_testing import PATIENCE
from signlet_testing.clips import moving_hand
from test_names import ALLOWED, REFUSED

RUNNER = Path(__file__).parent / "plain_runner.mjs"
WEB = Path(__file__).parents[1] / "src" / "signlet" / "web"
NUMBERS = (0, -0.0, -1, 0.5, 0.1, 1 / 3, 1e6, 1e20, 1e-7, 3.4e38, -0.001)


def clips() -> list[np.ndarray]:
    """Parts lost here and there, written as numbers, as places, and as NaN."""
    whole = moving_hand(1, 0, 0)
    found = [whole, np.full_like(whole, np.nan), np.zeros_like(whole)]
    for seed, number in enumerate(NUMBERS):
        clip, rng = whole.copy(), np.random.default_rng(seed)
        for part in RAW_PARTS.values():
            clip[rng.random(len(clip)) < 0.4, part] = number
        clip[rng.random(clip.shape[:2]) < 0.05 * (seed % 3)] = np.nan
        found.append(clip)
    for seed in range(20):
        clip, rng = whole.copy(), np.random.default_rng(seed)
        for part in RAW_PARTS.values():
            lost = rng.random(len(clip)) < 0.5
            clip[lost, part] = rng.choice([-1.0, 0.0, 0.25, np.nan], (int(lost.sum()), 1, 3))
        few = rng.random(clip.shape[:2]) < 0.9
        clip[few & (rng.random(len(clip)) < 0.3)[:, None]] = np.nan
        found.append(clip)
    for seed, number in enumerate((0, -1, 9999, 0.3, 0.1)):
        for z in (number, np.nan, 0.7):
            clip, rng = whole.copy(), np.random.default_rng(seed)
            lost = rng.random(clip.shape[:2]) < 0.01
            clip[lost] = (number, number, z)
            clip[0, POSE.start : POSE.start + 2] = (number, number, number)
            found += [clip, np.round(clip, seed)]
    return found


def names() -> list[str]:
    rng = np.random.default_rng(0)
    points = [0x20, 0x41, 0x65, 0x301, 0x4F60, 0x200D, 0x202E, 0xA0, 0x1F600, 0xFE0F, 0x85]
    made = ["".join(map(chr, rng.choice(points, rng.integers(0, 6)))) for _ in range(200)]
    every = [
        chr(point) for point in (*range(0x3000), *range(0xD7F0, 0xE010), *range(0xFE00, 0x10000))
    ]
    return [*made, *every, *ALLOWED, *REFUSED]


@pytest.fixture(scope="module")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What node makes of all cases."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("SIGNLET_BROWSER") == "required":
            pytest.fail("SIGNLET_BROWSER=required, but node is not installed")
        pytest.skip("node is not installed")
    folder = tmp_path_factory.mktemp("clips")
    paths = [str(folder / f"{number}.f32") for number in range(len(clips()))]
    for path, clip in zip(paths, clips(), strict=True):
        clip.astype("<f4").tofile(path)
    asked = json.dumps({"clips": paths, "names": names()})
    command = [node, str(RUNNER), str(WEB)]
    ran = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=PATIENCE)
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_the_same_landmarks_are_not_found(javascript: dict[str, Any]) -> None:
    remarks = []
    for clip, said in zip(clips(), javascript["clips"], strict=True):
        frames, remark = without_numbers(clip)
        quiet = np.nan_to_num(frames, nan=-7e7).astype("<f4")
        assert said["digest"] == hashlib.sha256(quiet.tobytes()).hexdigest()
        assert said["remark"] == remark
        assert said["kept"]
        assert said["same"] is (remark is None)
        remarks.append(remark)
    assert len(set(remarks)) > 6


def test_the_same_names_are_taken_in_the_same_form(javascript: dict[str, Any]) -> None:
    differ = [
        (name, said)
        for name, said in zip(names(), javascript["names"], strict=True)
        if said["name"] != _form(name) or said["may"] is not is_name(name)
    ]
    assert differ == []


def test_messages_are_shown_in_the_same_form(javascript: dict[str, Any]) -> None:
    differ = [
        (name, said)
        for name, said in zip(names(), javascript["messages"], strict=True)
        if said != in_a_message(name) or UNPRINTED.search(said)
    ]
    assert differ == []


def test_errors_are_one_line(javascript: dict[str, Any]) -> None:
    errors = [said["error"] for said in javascript["names"] if "error" in said]
    assert errors
    assert all(error.isprintable() for error in errors)


def _form(name: str) -> str | None:
    try:
        return sign_name(name)
    except SignletError:
        return None
