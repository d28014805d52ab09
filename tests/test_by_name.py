"""Clips by name in inspect and live, and clips of no frames: our own words everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import signlet
from signlet.cli import main
from signlet.clip import Clip, require_landmarks
from signlet.errors import ClipError
from signlet.live.inputs import open_input
from signlet.runtimes import open_runtime
from signlet.sources import read_named

NONE = np.zeros((0, 543, 3), np.float32)
SOME = np.random.default_rng(0).uniform(0, 1, (6, 543, 3)).astype(np.float32)


def test_inspect_takes_a_letter_by_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    strip = tmp_path / "strip.png"
    assert main(["inspect", "fingerspelling:gsg/R", "--strip", str(strip)]) == 0
    said = capsys.readouterr().out
    assert "gsg/R" in said
    assert strip.exists()
    assert main(["inspect", "fingerspelling:gsg/R", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert (about["sign"], about["signer"]) == ("R", "gsg")


def test_live_takes_a_letter_by_name() -> None:
    with open_input("fingerspelling:gsg/R") as opened:
        frames = [one.landmarks for one in opened.frames]
    assert opened.name == "fingerspelling:gsg/R"
    assert np.array_equal(frames, read_named("fingerspelling:gsg/R").frames, equal_nan=True)


@pytest.mark.parametrize("command", ["inspect", "live"])
@pytest.mark.parametrize("name", ["gsg/nothing", "", "xx/R"])
def test_a_name_that_is_not_there_is_one_line(
    command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--headless"] if command == "live" else []
    assert main([command, f"fingerspelling:{name}", *more]) == 2
    (line,) = [x for x in capsys.readouterr().err.splitlines() if "no model was named" not in x]
    assert f"no clip is called {name!r}" in line


def test_a_file_of_such_a_name_is_taken_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fingerspelling:gsg").mkdir()
    np.savez("fingerspelling:gsg/R.npz", landmarks=SOME)
    assert main(["inspect", "fingerspelling:gsg/R.npz"]) == 0
    assert "6" in capsys.readouterr().out


# --- no frames -------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["onnx", "run folder"])
def model(request: pytest.FixtureRequest) -> signlet.Recogniser:
    shipped = Path(signlet.__file__).parent / "pretrained"
    named = "fingerspelling.onnx" if request.param == "onnx" else "fingerspelling"
    return signlet.load(shipped / named)


@pytest.mark.parametrize(
    "clip", [NONE, Clip(NONE, "c"), NONE.astype(np.float64), np.zeros((0, 553, 3)), NONE.tolist()]
)
def test_a_clip_of_no_frames_is_refused_in_our_words(
    model: signlet.Recogniser, clip: np.ndarray
) -> None:
    asked = [model, lambda one: model.batch([SOME, one]), lambda one: model.batch([one])]
    for ask in [*asked, model.embed]:
        with pytest.raises(ClipError) as caught:
            ask(clip)
        assert "frames" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "onnx" not in str(caught.value).lower()


@pytest.mark.parametrize("name", ["fingerspelling.onnx", "fingerspelling"])
def test_nor_does_a_runtime_take_one(name: str) -> None:
    runtime = open_runtime(Path(signlet.__file__).parent / "pretrained" / name)
    for ask in (runtime.probabilities, runtime.answers, runtime.embed):
        with pytest.raises(ClipError, match="clip 2 of 2: has 0 frames; record it again"):
            ask([SOME, NONE])
        assert len(ask([])) in (0, 2)


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_nor_a_file_in_any_command(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"none.{suffix}"
    with path.open("wb") as file:
        np.savez(file, landmarks=NONE) if suffix == "npz" else np.save(file, NONE)
    out = tmp_path / "mine.onnx"
    for command, *more in (["recognise"], ["inspect"], ["live", "--headless"]):
        assert main([command, str(path), *more]) == 2
        assert "has 0 frames" in capsys.readouterr().err
    folder = tmp_path / "clips" / "hi"
    folder.mkdir(parents=True)
    path.rename(folder / path.name)
    taught = ["teach", "fingerspelling", str(folder.parent), "-o", str(out)]
    assert main(taught) == 2
    assert "has 0 frames" in capsys.readouterr().err
    assert not out.exists()


def test_no_frames_are_no_landmarks() -> None:
    with pytest.raises(ClipError, match="c: has 0 frames; record it again"):
        require_landmarks(NONE, "c")
