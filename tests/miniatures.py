"""Miniatures of published sets: the folders and tables as they are, with made-up landmarks."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conftest import moving_hand
from signlet.clip import Clip
from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND
from signlet.sources import write_clip

Frames = NDArray[np.float32]


def frames(sign: int = 0, signer: int = 0, take: int = 0) -> Frames:
    """(T, 543, 3); the left hand is never found."""
    return moving_hand(sign, signer, take)


def clip(path: Path, sign: int = 0, signer: int = 0, take: int = 0) -> Path:
    """A file of landmarks of 25 frames a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_clip(Clip(frames(sign, signer, take), fps=25.0), path)
    return path


def table(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def saved_json(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def tutorial_rows(points: Frames, face: bool = True) -> NDArray[np.float64]:
    """(T, 1662) or (T, 258) as N. Renotte's extract_keypoints writes them: zeros are missing."""
    pose = np.concatenate([points[:, POSE], np.full((len(points), 33, 1), 0.9)], axis=2)
    parts = [
        pose,
        *([points[:, FACE]] if face else []),
        points[:, LEFT_HAND],
        points[:, RIGHT_HAND],
    ]
    return np.nan_to_num(np.concatenate([part.reshape(len(points), -1) for part in parts], axis=1))


SIGNS, SIGNERS = ("book", "drink"), (1, 2, 3)
Split = dict[int, str]
SPLIT_OF: Split = {1: "train", 2: "val", 3: "test"}


def takes() -> list[tuple[int, int, int]]:
    """Sign's number, signer, take."""
    return [(sign, signer, take) for sign in (0, 1) for signer in SIGNERS for take in (0, 1)]


def wlasl(root: Path) -> Path:
    """12 videos, as landmarks, of which 1 is not there."""
    entries: list[dict[str, Any]] = [{"gloss": sign, "instances": []} for sign in SIGNS]
    for sign, signer, take in takes():
        video = f"{sign}{signer}{take:03}"
        entries[sign]["instances"].append(
            {
                "bbox": [1, 2, 30, 40],
                "fps": 25,
                "frame_start": 1,
                "frame_end": -1,
                "instance_id": take,
                "signer_id": signer,
                "source": "aslbricks",
                "split": SPLIT_OF[signer],
                "url": f"http://x/{video}.mp4",
                "variation_id": 0,
                "video_id": video,
            }
        )
        if video != "03001":
            clip(root / "videos" / f"{video}.npz", sign, signer, take)
    saved_json(root / "WLASL_v0.3.json", entries)
    return root


def asl_citizen(root: Path) -> Path:
    rows: dict[str, list[Sequence[object]]] = {split: [] for split in SPLIT_OF.values()}
    for sign, signer, take in takes():
        video = f"{sign}{signer}{take}-seed{SIGNS[sign].upper()}.mp4"
        rows[SPLIT_OF[signer]].append((f"P{signer}", video, SIGNS[sign].upper(), "C_02_014"))
        clip(root / "videos" / Path(video).with_suffix(".npz"), sign, signer, take)
    for split, lines in rows.items():
        heading = ("Participant ID", "Video file", "Gloss", "ASL-LEX Code")
        table(root / "splits" / f"{split}.csv", [heading, *lines])
    return root


def autsl(root: Path) -> Path:
    names = {"train": "train_labels.csv", "val": "validation_labels.csv", "test": "test_labels.csv"}
    rows: dict[str, list[Sequence[object]]] = {split: [] for split in names}
    for sign, signer, take in takes():
        split, sample = SPLIT_OF[signer], f"signer{signer}_sample{10 * sign + take}"
        rows[split].append((sample, sign))
        clip(root / split / f"{sample}_color.npz", sign, signer, take)
    for split, lines in rows.items():
        table(root / names[split], lines)
    classes = [("ClassId", "TR", "EN"), (0, "kitap", "book"), (1, "içmek", "drink")]
    table(root / "SignList_ClassId_TR_EN.csv", classes)
    return root


def lsa64(root: Path) -> Path:
    for sign, signer, take in takes():
        clip(root / "all" / f"{sign + 1:03}_{signer:03}_{take + 1:03}.npz", sign, signer, take)
    return root


def mp_data(root: Path) -> Path:
    """Sequences of both signs, one file a frame."""
    for sign, signer, take in takes():
        folder = root / SIGNS[sign] / str(2 * signer + take)
        folder.mkdir(parents=True)
        for number, row in enumerate(tutorial_rows(frames(sign, signer, take))):
            np.save(folder / f"{number}.npy", row)
    return root


def tutorial_arrays(root: Path) -> Path:
    """Sequences of both signs, one file each."""
    for sign, signer, take in takes():
        path = root / SIGNS[sign] / f"s{signer}_{take}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, tutorial_rows(frames(sign, signer, take)))
    return root


def points(root: Path, *parts: slice, flat: bool = False) -> Path:
    """Arrays of some parts in an order: (T, points, 3), or as numbers in a row."""
    for sign, signer, take in takes():
        path = root / SIGNS[sign] / f"s{signer}_{take}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = frames(sign, signer, take)
        array = np.nan_to_num(np.concatenate([whole[:, part] for part in parts], axis=1))
        np.save(path, array.reshape(len(array), -1) if flat else array)
    return root
