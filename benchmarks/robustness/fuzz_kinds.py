"""Kinds of fuzzed input: the protocol, and the kinds of one clip (landmarks, videos).

A kind makes its whole inputs once, damages one of them by a seed, and reads it as users do. The
answer to a damaged input is sane where it could be that of a whole one.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from signlet.clip import Clip
from signlet.landmarks import NUM_RAW
from signlet.sources import read_clip, write_clip
from signlet.video.frames import Pictures
from signlet_testing import miniatures, videos
from signlet_testing.mutations import mutate, mutate_json

Generator = np.random.Generator
FPS = 25.0


class Kind:
    """A kind of input.

    share: of all inputs, beside those of other kinds. base: the folder of `prepare`.
    """

    share: ClassVar[float] = 1.0

    def __init__(self, base: Path) -> None:
        self.base = base

    @staticmethod
    def prepare(base: Path) -> None:
        """Write the whole inputs into an empty folder."""

    def damaged(self, folder: Path, rng: Generator) -> Any:
        """Make an input in an empty folder; what `read` takes."""
        raise NotImplementedError

    def read(self, given: Any) -> str:
        """Read it. Returns "" for an answer that can be right, else what is wrong with it.

        Raises SignletError, or Rejection, where the input is refused as it should be.
        """
        raise NotImplementedError


def drawn(choices: Sequence[Any], rng: Generator) -> Any:
    return choices[int(rng.integers(len(choices)))]


def linked(base: Path, folder: Path) -> Path:
    """A copy of a folder that takes no time; files are replaced in it, never changed."""
    return Path(shutil.copytree(base, folder / base.name, copy_function=os.link))


def replaced(path: Path, content: bytes | str) -> None:
    """Put another file in the place of one that may be linked elsewhere."""
    path.unlink(missing_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))


def damaged_text(path: Path, rng: Generator) -> bytes | str:
    """The bytes of a file damaged, or what a JSON file says."""
    if path.suffix == ".json" and rng.random() < 0.7:
        return mutate_json(json.loads(path.read_text(encoding="utf-8")), rng)
    return mutate(path.read_bytes(), rng)


def wrong_clip(clip: Clip) -> str:
    """Return what is wrong with a clip; "" if all is well."""
    frames = clip.frames
    if frames.dtype != np.float32 or frames.shape[1:] != (NUM_RAW, 3) or not len(frames):
        return f"frames are {frames.dtype} {frames.shape}"
    if np.isinf(frames).any():
        return "a coordinate is infinite"
    if clip.fps is not None and not 0 < clip.fps < 1e6:
        return f"a frame rate of {clip.fps}"
    return ""


# --- one file ------------------------------------------------------------------------------


class ClipFile(Kind):
    """A file of landmarks."""

    suffix: ClassVar[str]

    @classmethod
    def prepare(cls, base: Path) -> None:
        for number in range(3):
            frames = miniatures.frames(number, number % 2, number // 2)
            cls.write(base / f"{number}{cls.suffix}", frames)

    @classmethod
    def write(cls, path: Path, frames: miniatures.Frames) -> None:
        write_clip(Clip(frames, fps=FPS), path)

    def damaged(self, folder: Path, rng: Generator) -> Path:
        path = folder / f"clip{self.suffix}"
        path.write_bytes(self.changed(drawn(sorted(self.base.iterdir()), rng), rng))
        return path

    def changed(self, whole: Path, rng: Generator) -> bytes:
        return mutate(whole.read_bytes(), rng)

    def read(self, given: Path) -> str:
        return wrong_clip(read_clip(given))


class Npz(ClipFile):
    suffix = ".npz"

    def changed(self, whole: Path, rng: Generator) -> bytes:
        """Half of them with the damage inside, where the archive's own checksums fit it."""
        if rng.random() < 0.5:
            return super().changed(whole, rng)
        file = io.BytesIO()
        with zipfile.ZipFile(whole) as before, zipfile.ZipFile(file, "w") as after:
            for name in before.namelist():
                content = before.read(name)
                after.writestr(name, mutate(content, rng) if rng.random() < 0.7 else content)
        return file.getvalue()


class Npy(ClipFile):
    suffix = ".npy"

    @classmethod
    def write(cls, path: Path, frames: miniatures.Frames) -> None:
        np.save(path, frames)


class Parquet(ClipFile):
    suffix = ".parquet"


class Pose(ClipFile):
    suffix = ".pose"

    @classmethod
    def write(cls, path: Path, frames: miniatures.Frames) -> None:
        from signlet_testing.sources_data import HOLISTIC, pose_bytes

        path.write_bytes(pose_bytes(HOLISTIC, len(frames)))


class LandmarkJson(ClipFile):
    suffix = ".json"

    @classmethod
    def write(cls, path: Path, frames: miniatures.Frames) -> None:
        spelling = drawn(tuple(miniatures.NAMES), np.random.default_rng(len(frames)))
        content = miniatures.tasks_frames(frames[:3], spelling)
        path.write_text(json.dumps({"fps": FPS, "frames": content}), encoding="utf-8")

    def changed(self, whole: Path, rng: Generator) -> bytes:
        content = damaged_text(whole, rng)
        return content if isinstance(content, bytes) else content.encode("utf-8", "replace")


class Video(Kind):
    """A recording, decoded; nothing looks for landmarks in it."""

    share = 0.4
    _CODECS: ClassVar = {
        "a.mp4": "libx264",
        "b.webm": "libvpx",
        "c.avi": "mpeg4",
        "d.mkv": "libx264",
        "e.gif": "gif",
    }

    @classmethod
    def prepare(cls, base: Path) -> None:
        pictures = [videos.signer(hand, 64) for hand in np.linspace(0, 1, 8)]
        for name, codec in cls._CODECS.items():
            try:
                videos.write_video(base / name, pictures, codec=codec)
            except Exception:  # this build of PyAV lacks the encoder
                (base / name).unlink(missing_ok=True)

    def damaged(self, folder: Path, rng: Generator) -> Path:
        whole = drawn(sorted(self.base.iterdir()), rng)
        path = folder / whole.name
        path.write_bytes(mutate(whole.read_bytes(), rng))
        return path

    def read(self, given: Path) -> str:
        pictures, last = Pictures(given), -1.0
        for picture in pictures:
            if picture.image.dtype != np.uint8 or picture.image.ndim != 3:
                return f"a picture is {picture.image.dtype} {picture.image.shape}"
            if not last < picture.time < 1e9:
                return f"the time {picture.time} comes after {last}"
            last = picture.time
        pictures.remarks()
        return ""


CLIPS: dict[str, type[Kind]] = {
    "clip .npz": Npz,
    "clip .npy": Npy,
    "clip .parquet": Parquet,
    "clip .pose": Pose,
    "clip .json": LandmarkJson,
    "video": Video,
}
