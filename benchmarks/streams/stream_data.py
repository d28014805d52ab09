"""The streams of `stream_events.py`: which clips of which signers are in them."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np

from benchmarks.environment import SHARED
from benchmarks.streams.stream_scenes import SHOULDERS, Scene, SceneMaker, Truth
from signlet.clip import Clip
from signlet.sources import open_source, read_clip
from signlet.sources.fingerspelling import Fingerspelling
from signlet.sources.tables import read_rows

TUNING_FOLD = 1
FOLDS: dict[int, tuple[str, ...]] = {
    0: ("eso", "gsg", "ise", "lls"),
    1: ("mfs", "ssp", "swl", "tsm"),
    2: ("bzs", "psr", "sgg"),
    3: ("asq", "cse", "csq", "svk"),
}
"""Sign languages that the demo's folds hold out, less ase and fsl, whose clips are the same."""
ALPHABETS = ("gss", "jos", "ukl")
"""Greek, Jordanian and Ukrainian: alphabets other than A to Z, in no fold."""

WEBCAM = SHARED / "data" / "webcam"
FEWEST_WORDS, FEWEST_FRAMES = 4, 12


@lru_cache(2)
def scene_of(language: str, seed: int) -> Scene:
    """All letters of a sign language once; those beyond A to Z are the unknown signs."""
    source = open_source("fingerspelling")
    assert isinstance(source, Fingerspelling)
    known = [source.read(ref) for ref in source.refs() if ref.signer == language]
    table = read_rows(source.root / "index.csv", ("path", "signed_language", "glosses"))
    others = [
        row["path"]
        for row in table
        if row["signed_language"] == language and row["glosses"].upper() not in source.signs
    ]
    return SceneMaker(known, [read_clip(source.root / path) for path in others], seed).make()


@cache
def truth_of(language: str, seed: int) -> Truth:
    """The content of that stream."""
    return scene_of(language, seed).truth


def word_scenes(part: int) -> list[Scene]:
    """Streams of webcam words of every second signer with four words; [] where they are not.

    part: 0 to tune on, 1 for the other signers.
    """
    clips: dict[str, dict[str, Clip]] = {}
    for path in sorted(WEBCAM.glob("*/*.npz")):
        signer, word = path.stem.rsplit("_", 1)[0], path.parent.name
        frames = np.load(path)["landmarks"].astype(np.float32)
        hands = np.flatnonzero(Clip.from_array(frames).hand_frames())
        if len(hands) < FEWEST_FRAMES:
            continue
        frames = frames[hands[0] : hands[-1] + 1]
        if np.isfinite(frames[:, SHOULDERS]).all():
            clip = Clip.from_array(frames, str(path), word, signer, 30.0)
            clips.setdefault(signer, {}).setdefault(word, clip)
    enough = [list(own.values()) for own in clips.values() if len(own) >= FEWEST_WORDS]
    return [SceneMaker(own, [], 0).make(together=1) for own in enough[part::2]]
