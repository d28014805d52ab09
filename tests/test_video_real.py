"""MediaPipe itself, on a rendered signer (see videos.py) and on real signing where present."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import signlet
from signlet.cli import main
from signlet.extract import extract_many
from signlet.extract.files import write_extraction
from signlet.landmarks import FACE, LEFT_HAND, POSE, RAW_PARTS, RIGHT_HAND
from signlet.model import ModelConfig, SignModel
from signlet.model.files import save_model
from signlet.sources import read_clip
from signlet.video.frames import read_frames
from signlet.video.holistic import Holistic
from signlet.video.quality import video_quality
from signlet.video.single import HOLISTIC, find, run
from signlet_testing.videos import Image, cached, signer, write_video

__all__ = ["cached"]
FRAMES = 6


@pytest.fixture(scope="module")
def pictures() -> list[Image]:
    return [signer(number / FRAMES) for number in range(FRAMES)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory, pictures: list[Image]) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "anna_1.mp4", pictures)


@pytest.fixture(scope="module")
def holistic() -> Holistic:
    return Holistic()


def landmarks(extractor: Holistic, path: Path) -> NDArray[np.float32]:
    return run(path, extractor, "test").frames


def test_a_video_becomes_a_clip_with_face_pose_and_hand(cached: Path, video: Path) -> None:
    clip = read_clip(video)
    assert clip.frames.shape == (FRAMES, 543, 3)
    assert clip.frames.dtype == np.float32
    assert clip.fps == pytest.approx(25)
    found = {part: ~np.isnan(clip.frames[:, rows]).any((1, 2)) for part, rows in RAW_PARTS.items()}
    assert found["face"].all()
    assert found["pose"].all()
    assert found["left_hand"].mean() > 0.5
    assert not found["right_hand"].any()
    face = clip.frames[:, FACE]
    assert 0.3 < face[..., 0].mean() < 0.6, "fractions of the picture"
    assert face[..., 1].max() < 0.5, "the face is in the upper half"


def test_the_left_hand_is_the_signers_own(cached: Path, video: Path) -> None:
    frames = read_clip(video).frames
    wrist = frames[:, LEFT_HAND.start, :2]
    near, far = (frames[:, POSE.start + point, :2] for point in (15, 16))
    distance = np.nanmedian(np.linalg.norm(wrist - near, axis=1))
    assert distance < 0.5 * np.nanmedian(np.linalg.norm(wrist - far, axis=1))
    assert not video_quality(find(video, HOLISTIC).extraction).swapped


def test_the_same_landmarks_whatever_was_seen_before(
    tmp_path: Path, holistic: Holistic, video: Path, pictures: list[Image]
) -> None:
    with Holistic() as new:
        alone = landmarks(new, video)
    other = write_video(tmp_path / "other.mp4", [p[::-1, ::-1].copy() for p in pictures[:2]])
    for path in (other, video):
        landmarks(holistic, path)
    np.testing.assert_array_equal(landmarks(holistic, video), alone)


def test_a_large_picture_gives_what_the_small_one_gives(tmp_path: Path, holistic: Holistic) -> None:
    large = [signer(0.1 * number, 2048) for number in range(3)]
    scaled = landmarks(holistic, write_video(tmp_path / "large.mp4", large))
    holistic.forget()
    whole = np.stack([holistic(picture) for picture in large])
    assert np.abs(scaled - whole)[:, FACE, :2].max() < 0.01
    assert np.abs(scaled - whole)[:, POSE.start : POSE.start + 13, :2].max() < 0.02


def test_files_hold_what_was_extracted(cached: Path, tmp_path: Path, video: Path) -> None:
    extraction = find(video, HOLISTIC).extraction
    for suffix, tolerance in ((".parquet", 0), (".npz", 0), (".pose", 2e-7)):
        write_extraction(extraction, tmp_path / f"a{suffix}")
        clip = read_clip(tmp_path / f"a{suffix}")
        np.testing.assert_allclose(clip.frames, extraction.frames, rtol=0, atol=tolerance)
        assert clip.fps == pytest.approx(25)


def test_from_a_video_to_a_sign(
    cached: Path, tmp_path: Path, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ModelConfig(dense=8, widths=(16, 16, 16, 16), heads=4, max_len=12, num_classes=2)
    torch.manual_seed(0)
    model = tmp_path / "model"
    save_model(model, [SignModel(size).eval()], ("hello", "thanks"), {"recipe": "tiny"})
    said = signlet.load(model)(video)
    clip = read_clip(video)
    assert clip.hand_frames().any(), "the model is given frames to look at"
    expected = signlet.load(model)(clip.frames)
    np.testing.assert_allclose(said.probabilities, expected.probabilities, atol=1e-6)
    flipped = signlet.load(model)(1 - clip.frames)
    assert np.abs(said.probabilities - flipped.probabilities).max() > 1e-4, "it does look"
    assert main(["recognise", str(model), str(video)]) == 0
    assert said.sign in capsys.readouterr().out


def test_the_page_in_docs_runs(
    cached: Path, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my_videos/hello").mkdir(parents=True)
    for name in ("anna_1", "bob_1"):
        Path(f"my_videos/hello/{name}.mp4").write_bytes(video.read_bytes())
    page = (Path(__file__).parents[1] / "docs" / "video.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "video.md", "exec"), names)
    np.testing.assert_allclose(names["landmarks"], names["clip"].frames[-1], atol=1e-6)
    assert [outcome.cached for outcome in names["outcomes"]] == [True]
    assert len(names["summary"].good) == 2


@pytest.mark.slow
def test_the_command_is_quiet_and_uses_processes(
    tmp_path: Path, video: Path, pictures: list[Image], cached: Path
) -> None:
    videos = tmp_path / "videos"
    (videos / "hello").mkdir(parents=True)
    (videos / "hello" / "anna_1.mp4").write_bytes(video.read_bytes())
    write_video(videos / "hello" / "bob_1.mp4", pictures[::-1])
    command = [sys.executable, "-m", "signlet", "extract", str(videos), "-o", str(tmp_path / "o")]
    said = subprocess.run([*command, "--jobs", "2"], capture_output=True, text=True, check=True)
    assert said.stderr == "", "MediaPipe's native code is kept quiet"
    for name in ("anna_1", "bob_1"):
        written = read_clip(tmp_path / "o" / "hello" / f"{name}.parquet")
        np.testing.assert_array_equal(
            written.frames, read_clip(videos / "hello" / f"{name}.mp4").frames
        )
    (outcome,) = extract_many([videos / "hello" / "bob_1.mp4"])
    assert outcome.cached


# --- real signing ------------------------------------------------------------------------
def test_hands_are_found_in_real_signing(cached: Path, shared: Path) -> None:
    path = sorted((shared / "data" / "videos").glob("*.mp4"))[1]
    clip = read_clip(path)
    assert len(clip.frames) == len(list(read_frames(path)))
    quality = video_quality(find(path, HOLISTIC).extraction)
    assert quality.face == quality.pose == 1
    assert quality.hands > 0.8
    assert not quality.swapped
    assert np.isfinite(clip.frames[:, [LEFT_HAND.start, RIGHT_HAND.start]]).any()
