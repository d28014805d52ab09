"""Names of folders that hold clips of any signs: no signs themselves."""

from __future__ import annotations

import re

_HOLDERS = frozenset(
    (
        *("clip", "clips", "video", "videos", "vid", "vids", "movie", "movies", "media"),
        *("recording", "recordings", "sample", "samples", "data", "dataset", "datasets"),
        *("landmark", "landmarks", "keypoints", "pose", "poses", "raw", "processed", "extracted"),
        *("sign", "signs", "gesture", "gestures", "words", "glosses", "file", "files"),
        *("export", "exports", "output", "out", "npz", "npy", "mp4", "parquet"),
        *("aufnahmen", "daten", "dateien", "gebärden", "enregistrements", "vidéos", "données"),
        *("trainset", "testset", "valset", "trainingset", "validationset"),
        *("grabaciones", "vídeos", "datos", "folder", "folders", "ordner", "directory"),
    )
)
"""As words they are hardly signs."""
_BESIDE = frozenset(
    (
        *("my", "our", "new", "old", "all", "the", "of", "copy", "v", "version", "final"),
        *("cropped", "set", "train", "training", "val", "valid", "validation", "test", "testing"),
        *("dev", "development", "eval", "evaluation", "holdout"),
    )
)
"""Words that say nothing of their own beside one of the others: my_data, dataset_v2."""
_NUMBERED = frozenset(
    (
        *("fold", "batch", "session", "part", "set", "subset", "split", "chunk", "shard", "day"),
        *("week", "round", "take", "volume", "vol", "disc", "disk", "group", "cam", "camera"),
        *("teil", "tag", "sitzung", "aufnahme", "kamera", "partie", "jour", "parte", "sesión"),
    )
)
"""Words that are parts of a set with a number: fold1, batch_2, day 3. Alone some are signs."""
_DATE = re.compile(
    r"(?:19|20)\d\d[-._ ]?(?:0[1-9]|1[0-2])[-._ ]?(?:0[1-9]|[12]\d|3[01])(?:[-._ T]\d{4,6})?"
    r"|(?:0[1-9]|[12]\d|3[01])[-._ ](?:0[1-9]|1[0-2])[-._ ](?:19|20)\d\d"
)


def is_container(name: str) -> bool:
    """Return True if a folder's name suggests clips of any signs: videos, my_data, fold1.

    One name alone proves nothing, since a sign may have it. Use this only where all folders
    beside each other have such names.
    """
    name = name.strip()
    if _DATE.fullmatch(name):
        return True
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    if len(words) == 1 and words[0] in _NUMBERED:
        return any(map(str.isdecimal, name))
    return bool(_HOLDERS.intersection(words)) and _HOLDERS.union(_BESIDE).issuperset(words)
