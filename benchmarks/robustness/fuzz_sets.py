"""Fuzzed sets of clips: tables, annotations of published sets, archives, folders."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import ClassVar

from benchmarks.robustness.fuzz_kinds import (
    Generator,
    Kind,
    damaged_text,
    drawn,
    linked,
    replaced,
    wrong_clip,
)
from signlet.sources import open_source
from signlet_testing import miniatures
from signlet_testing.mutations import mutate


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


SETS: dict[str, type[Kind]] = {
    "table": Table,
    "annotations": Annotations,
    "competition": Competition,
    "zip": Zip,
    "folder": FolderOfSigns,
}
