"""Miniatures of published sets: the folders and tables as they are, with made-up landmarks."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from signlet.clip import Clip
from signlet.landmarks import FACE, LEFT_HAND, POSE, RAW_PARTS, RIGHT_HAND
from signlet.sources import write_clip
from signlet_testing.clips import moving_hand

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


def include(root: Path) -> Path:
    """Two words of one category and the authors' lists, of which one names a video too many."""
    folders = ("48. book", "49. drink")
    lines: dict[str, list[str]] = {split: [] for split in SPLIT_OF.values()}
    for sign, signer, take in takes():
        name = f"Greetings/{folders[sign]}/MVI_{signer}{take:03}"
        clip(root / f"{name}.npz", sign, signer, take)
        lines[SPLIT_OF[signer]].append(f"{name}.MOV")
    lines["test"].append("Greetings/48. book/MVI_9999.MOV")
    (root / "train_test_paths").mkdir()
    for split, names in lines.items():
        (root / "train_test_paths" / f"include_{split}.txt").write_text("\n".join(names))
    return root


def ms_asl(root: Path) -> Path:
    """Every signer's video holds all of the signer's takes, one after the other."""
    entries: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLIT_OF.values()}
    for signer in SIGNERS:
        video, parts, start = f"video_id_{signer:02}", [], 0
        for sign, _, take in (one for one in takes() if one[1] == signer):
            parts.append(frames(sign, signer, take))
            end = start + len(parts[-1])
            entries[SPLIT_OF[signer]].append(
                {
                    "org_text": SIGNS[sign].title(),
                    "clean_text": SIGNS[sign],
                    "text": SIGNS[sign],
                    "label": sign,
                    "start_time": start / 25,
                    "end_time": end / 25,
                    "start": start,
                    "end": end,
                    "fps": 25.0,
                    "signer_id": signer,
                    "signer": -1,
                    "box": [0.1, 0.2, 0.9, 0.8],
                    "url": f"https://www.youtube.com/watch?v={video}",
                }
            )
            start = end
        (root / "videos").mkdir(parents=True, exist_ok=True)
        np.savez(root / "videos" / f"{video}.npz", landmarks=np.concatenate(parts), fps=25)
    for split, found in entries.items():
        saved_json(root / f"MSASL_{split}.json", found)
    saved_json(root / "MSASL_classes.json", list(SIGNS))
    return root


def karsl(root: Path) -> Path:
    for sign, signer, take in takes():
        split = "test" if take else "train"
        folder = root / f"{signer:02}" / f"{signer:02}" / split / f"{sign + 1:04}"
        clip(folder / f"03_0{signer}_{sign + 1:04}_({take}).npz", sign, signer, take)
    rows = [
        ("SignID", "Sign-Arabic", "Sign-English"),
        ("1", "كتاب", "book"),
        ("2", "يشرب", "drink"),
    ]
    workbook(root / "KARSL-502_Labels.xlsx", rows)
    return root


def workbook(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """An .xlsx whose texts are shared and whose numbers are not, as spreadsheets write it."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    texts = sorted({cell for row in rows for cell in row if not cell.isdigit()})
    lines = ""
    for number, row in enumerate(rows, 1):
        lines += f'<row r="{number}">'
        for letter, cell in zip("ABCDEF", row, strict=False):
            kind, value = ("", cell) if cell.isdigit() else (' t="s"', str(texts.index(cell)))
            lines += f'<c r="{letter}{number}"{kind}><v>{value}</v></c>' if cell else ""
        lines += "</row>"
    shared = "".join(f"<si><t>{text}</t></si>" for text in texts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst {main}>{shared}</sst>")
        sheet = f"<worksheet {main}><sheetData>{lines}</sheetData></worksheet>"
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return path


def asl_fingerspelling(root: Path) -> Path:
    """Two files of landmarks, each of all sequences of three people, in several row groups."""
    rows: list[Sequence[object]] = []
    columns = [
        f"{axis}_{part}_{i}"
        for axis in "xyz"
        for part, where in RAW_PARTS.items()
        for i in range(where.stop - where.start)
    ]
    for sign in (0, 1):
        name = f"train_landmarks/{sign + 10}.parquet"
        parts, ids, numbers = [], [], []
        for _, signer, take in (one for one in takes() if one[0] == sign):
            sequence = 100 * signer + 10 * take + sign
            whole = frames(sign, signer, take)
            rows.append((name, sign + 10, sequence, signer, SIGNS[sign]))
            parts.append(np.moveaxis(whole, 2, 1).reshape(len(whole), -1))
            ids += [sequence] * len(whole)
            numbers += list(range(len(whole)))
        table_of = dict(zip(columns, np.concatenate(parts).T, strict=True))
        content = pa.table({"frame": pa.array(numbers, pa.int16()), **table_of, "sequence_id": ids})
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(content, root / name, row_group_size=15)
    heading = ("path", "file_id", "sequence_id", "participant_id", "phrase")
    table(root / "train.csv", [heading, *rows])
    return root


NAMES = {
    "python": ("face_landmarks", "pose_landmarks", "left_hand_landmarks", "right_hand_landmarks"),
    "javascript": ("faceLandmarks", "poseLandmarks", "leftHandLandmarks", "rightHandLandmarks"),
    "plain": ("face", "pose", "left_hand", "right_hand"),
}


def tasks_frames(points: Frames, spelling: str = "python") -> list[dict[str, Any]]:
    """Results of a landmarker as dataclasses.asdict, or JSON.stringify in JavaScript, has them."""
    frames = []
    for frame in points:
        content: dict[str, Any] = {"pose_world_landmarks": [{"x": 9.0, "y": 9.0, "z": 9.0}]}
        for name, part in zip(NAMES[spelling], (FACE, POSE, LEFT_HAND, RIGHT_HAND), strict=True):
            places = frame[part].astype(float).tolist()
            found = [] if np.isnan(places[0][0]) else places
            named = [{"x": x, "y": y, "z": z, "visibility": 0.5} for x, y, z in found]
            one = named if spelling == "python" else found
            content[name] = [named] if spelling == "javascript" and named else one
        frames.append(content)
    return frames


def tasks_json(root: Path) -> Path:
    for sign, signer, take in takes():
        content = tasks_frames(frames(sign, signer, take), "javascript")
        saved_json(root / SIGNS[sign] / f"s{signer}_{take}.json", {"fps": 25, "frames": content})
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
