"""What one kind of fuzzed input is, and the kinds that hold clips: files, videos, sets of clips.

A kind makes its whole inputs once, damages one of them by a seed, and reads it as users do. The
answer to a damaged input is sane where it could be that of a whole one.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import miniatures
import videos
from mutations import mutate, mutate_json
from signlet.clip import Clip
from signlet.landmarks import NUM_RAW
from signlet.sources import open_source, read_clip, write_clip
from signlet.video.frames import Pictures

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

        Raises SignletError, or Refused, where the input is refused as it should be.
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
    """What no clip may be; "" where all is well."""
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
        from sources_data import HOLISTIC, pose_bytes

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


# --- sets of clips -------------------------------------------------------------------------


class ClipSet(Kind):
    """A set of clips: listed, and one clip of it read."""

    def read(self, given: str) -> str:
        source = open_source(given)
        refs = source.refs()
        for ref in refs:
            if not isinstance(ref.name, str) or (ref.sign is not None and not ref.sign.strip()):
                return f"a clip {ref.name!r} of the sign {ref.sign!r}"
        return wrong_clip(source.read(refs[len(refs) // 2])) if refs else ""


class Table(ClipSet):
    """A CSV or JSON table of one's own clips."""

    @staticmethod
    def prepare(base: Path) -> None:
        rows = [("path", "sign", "signer", "start", "end", "split")]
        for sign, signer, take in miniatures.takes():
            name = f"{sign}{signer}{take}.npz"
            miniatures.clip(base / name, sign, signer, take)
            split = miniatures.SPLIT_OF[signer]
            rows.append((name, miniatures.SIGNS[sign], f"p{signer}", "0", "0.3", split))
        miniatures.table(base / "clips.csv", rows)
        miniatures.saved_json(
            base / "clips.json", [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        )

    def damaged(self, folder: Path, rng: Generator) -> str:
        path = linked(self.base, folder) / drawn(["clips.csv", "clips.csv", "clips.json"], rng)
        replaced(path, damaged_text(path, rng))
        return str(path)

    def read(self, given: str) -> str:
        if not given.endswith(".json"):
            return super().read(given)
        source = open_source(given, "path=path,sign=sign,signer=signer")
        refs = source.refs()
        return wrong_clip(source.read(refs[0])) if refs else ""


class Annotations(ClipSet):
    """The tables of published sets: JSON, CSV, workbooks."""

    _SETS: ClassVar = ("wlasl", "asl_citizen", "autsl", "include", "ms_asl", "karsl")
    _TABLES: ClassVar = (".json", ".csv", ".xlsx", ".txt")

    @classmethod
    def prepare(cls, base: Path) -> None:
        for name in cls._SETS:
            getattr(miniatures, name)(base / name)

    def damaged(self, folder: Path, rng: Generator) -> str:
        name = drawn(self._SETS, rng)
        root = linked(self.base / name, folder)
        tables = sorted(p for p in root.rglob("*") if p.suffix in self._TABLES)
        path = drawn(tables, rng)
        replaced(path, damaged_text(path, rng))
        return f"{name.replace('_', '-')}:{root}"


class Competition(ClipSet):
    """The directories of the two competitions."""

    share = 0.5

    @staticmethod
    def prepare(base: Path) -> None:
        miniatures.asl_fingerspelling(base / "fingerspelling")
        root = base / "signs"
        rows: list[tuple[object, ...]] = [("path", "participant_id", "sequence_id", "sign")]
        for number, (sign, signer, take) in enumerate(miniatures.takes()):
            name = f"train_landmark_files/{signer}/{number}.parquet"
            miniatures.clip(root / name, sign, signer, take)
            rows.append((name, signer, number, miniatures.SIGNS[sign]))
        miniatures.table(root / "train.csv", rows)
        classes = {sign: number for number, sign in enumerate(miniatures.SIGNS)}
        miniatures.saved_json(root / "sign_to_prediction_index_map.json", classes)

    def damaged(self, folder: Path, rng: Generator) -> str:
        name = drawn(["signs", "signs", "fingerspelling"], rng)
        root = linked(self.base / name, folder)
        path = drawn(sorted(p for p in root.rglob("*") if p.is_file()), rng)
        replaced(path, damaged_text(path, rng))
        return str(root) if name == "signs" else f"asl-fingerspelling:{root}"


class Zip(ClipSet):
    """A .zip of a folder of signs."""

    @staticmethod
    def prepare(base: Path) -> None:
        with zipfile.ZipFile(base / "clips.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for sign, signer, take in miniatures.takes()[:6]:
                path = miniatures.clip(base / "one.npz", sign, signer, take)
                archive.write(path, f"{miniatures.SIGNS[sign]}/p{signer}_{take}.npz")
        (base / "one.npz").unlink()

    def damaged(self, folder: Path, rng: Generator) -> str:
        path = folder / "clips.zip"
        path.write_bytes(mutate((self.base / "clips.zip").read_bytes(), rng))
        return str(path)


class FolderOfSigns(ClipSet):
    """A folder of signs whose names are anything."""

    share = 0.3

    @staticmethod
    def prepare(base: Path) -> None:
        miniatures.clip(base / "clip.npz")

    def damaged(self, folder: Path, rng: Generator) -> str:
        root = folder / "clips"
        for number in range(int(rng.integers(1, 6))):
            sign, name = (_odd_name(rng) for _ in range(2))
            place = os.fsencode(root) + b"/" + sign
            os.makedirs(place, exist_ok=True)
            end = drawn([b".npz", b".npz", b".NPZ", b".txt", b""], rng)
            target = place + b"/" + name[:200] + b"_%d" % number + end
            if not os.path.exists(target):
                os.link(self.base / "clip.npz", target)
        return str(root)


def _odd_name(rng: Generator) -> bytes:
    if rng.random() < 0.4:
        return drawn([b"book", b"drink", b"p1", b"P1_2", b"train", b"val", b"_", b"-", b"="], rng)
    letters = [b"a", b" ", b".", b"\xff", b"\xe2\x80\xae", b"\n", b"\x1b", b"\xc3\xa9", b"[", b"\\"]
    made = b"".join(drawn(letters, rng) for _ in range(int(rng.integers(1, 30))))
    return b"x" if made in (b".", b"..") else made


CLIPS: dict[str, type[Kind]] = {
    "clip .npz": Npz,
    "clip .npy": Npy,
    "clip .parquet": Parquet,
    "clip .pose": Pose,
    "clip .json": LandmarkJson,
    "video": Video,
    "table": Table,
    "annotations": Annotations,
    "competition": Competition,
    "zip": Zip,
    "folder": FolderOfSigns,
}
