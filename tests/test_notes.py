"""One set of notes: what train says of clips, inspect, evaluate and teach say too."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Synthetic, moving_hand
from signlet.advice import NO_ESTIMATE, data_notes, estimate_notes, reading_notes
from signlet.alike import alike, looks, shown
from signlet.clip import Clip
from signlet.folds import KNOWN_SIGNERS_ONLY
from signlet.inspect import data_quality
from signlet.notes import Seen, SeenSet
from signlet.pack import PackedSet, pack
from signlet.sources import ClipRef, open_source
from signlet.unfound import TAKEN

LOOK_ALIKE = [
    ("Hello", "hello"),
    ("thank  you", "thank you"),
    ("thank\xa0you", "thank you"),
    ("caf\u00e9", "cafe\u0301"),
    ("\ufb01ne", "fine"),
    ("\uff28\uff49", "Hi"),
    ("go\u200d", "go"),
    ("g\u200bo", "go"),
    ("\ufeffgo", "go"),
    ("go\u00adod", "good"),
    ("\u2764\ufe0f", "\u2764"),
    ("Stra\u00dfe", "STRASSE"),
    ("\u0633\u0644\u0627\u0645", "\ufeb3\ufefc\ufee1"),
    ("\u1112\u1161\u11ab", "\ud55c"),
]


# --- names that look the same ----------------------------------------------------------------


@pytest.mark.parametrize(("one", "other"), LOOK_ALIKE)
def test_names_that_look_the_same_are_told(one: str, other: str) -> None:
    (pair,) = alike([one, "something else", other])
    assert pair == f"{shown(one)} and {shown(other)}"
    assert len({*pair.split(" and ")}) == 2  # in print they can be told apart


@pytest.mark.parametrize(
    ("one", "other"),
    [("a", "b"), ("e", "\u00e9"), ("sch\u00f6n", "schon"), ("1", "11")],
)
def test_other_names_are_left_alone(one: str, other: str) -> None:
    assert alike([one, other]) == []


@given(st.text(min_size=1))
def test_a_name_looks_like_all_its_forms(name: str) -> None:
    for form in ("NFC", "NFD", "NFKC"):
        assert looks(unicodedata.normalize(form, name)) == looks(name)
    assert looks(f" {name}\u200b") == looks(name)
    assert alike([name, name]) == []


# --- the notes -------------------------------------------------------------------------------


class Remarked(Synthetic):
    """Clips that were mended while they were read, two of them in two ways; other clips short."""

    notes = ("1 file is left aside: notes.txt",)

    def read(self, ref: ClipRef) -> Clip:
        clip = super().read(ref)
        remarks = ("numbers taken as not found",) if ref.name.endswith("_0") else ()
        return replace(clip, remarks=(*remarks, *remarks[:1]) + ("b",) * ref.name.endswith("0_0"))


def test_each_remark_is_said_once_with_its_count(tmp_path: Path) -> None:
    packed = pack(Remarked(), tmp_path / "packed", 12, jobs=1)
    notes = reading_notes(packed)
    assert [n for n in notes if "12 of 24" in n and TAKEN in n and "write NaN" in n]
    assert [n for n in notes if n == "b in 3 of 24 clips"]


def both(folder: Path, tmp_path: Path) -> tuple[PackedSet, list[str], list[str]]:
    """A folder packed, and the notes of inspect on the folder and on the packed set."""
    source = open_source(folder)
    packed = pack(source, tmp_path / "packed", 12, jobs=1)
    return packed, list(data_quality(source).notes), list(data_quality(packed).notes)


def record(folder: Path, clips: dict[str, tuple[int, int]]) -> Path:
    """clips: path -> number of the movement and signer of `moving_hand`."""
    for name, (number, signer) in clips.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if signer < 0:
            path.write_bytes(b"nothing")
        else:
            np.savez_compressed(path, landmarks=moving_hand(number, signer, 0), fps=10.0)
    return folder


FOLDERS = {
    "names alike": {"Hi/anna_1.npz": (0, 0), "hi/ben_1.npz": (0, 1), "no/ben_1.npz": (1, 1)},
    "people alike": {"hi/Anna_1.npz": (0, 0), "hi/anna_1.npz": (0, 1), "no/ben_1.npz": (1, 1)},
    "twice": {"hi/anna_1.npz": (0, 0), "no/anna_2.npz": (0, 0), "no/ben_1.npz": (1, 1)},
    "broken": {"hi/anna_1.npz": (0, 0), "no/anna_2.npz": (1, 0), "no/ben_1.npz": (1, -1)},
    "gone": {"hi/anna_1.npz": (0, 0), "no/anna_2.npz": (1, 0), "yes/ben_1.npz": (1, -1)},
    "one person": {"hi/anna_1.npz": (0, 0), "no/anna_2.npz": (1, 0)},
    "nobody": {"hi/1.npz": (0, 0), "no/2.npz": (1, 0)},
    "several": {f"{s}/{p}_1.npz": (n, m) for n, s in enumerate("abc") for m, p in enumerate("xy")},
}


@pytest.mark.parametrize("clips", FOLDERS.values(), ids=FOLDERS)
def test_inspect_says_what_train_says(clips: dict[str, tuple[int, int]], tmp_path: Path) -> None:
    packed, of_folder, of_packed = both(record(tmp_path / "clips", clips), tmp_path)
    train = data_notes(packed)
    assert train
    assert set(train) <= set(of_packed)
    assert set(train) <= set(of_folder)


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ({"hi/anna_1.npz": (0, 0)}, "one sign only (hi); training needs two or more"),
        ({"hi/anna_1.npz": (0, 0), "no/anna_1.npz": (1, 0)}, NO_ESTIMATE),
        (
            {f"{s}/anna_{n}.npz": (n, n) for s in ("hi", "no") for n in range(2)},
            KNOWN_SIGNERS_ONLY,
        ),
    ],
)
def test_inspect_says_how_it_can_be_tested(
    clips: dict[str, tuple[int, int]], words: str, tmp_path: Path
) -> None:
    _, of_folder, of_packed = both(record(tmp_path / "clips", clips), tmp_path)
    assert any(words in note for note in of_folder)
    assert any(words in note for note in of_packed)


def test_how_the_clips_were_found_is_said_first() -> None:
    assert data_quality(Remarked()).notes[0] == Remarked.notes[0]


def test_clips_shorter_than_the_guide_asks_for_are_counted() -> None:
    clips = [Seen(f"c{n}", "s", "anna", n, seconds) for n, seconds in enumerate((0.4, 1.0, None))]
    (note,) = (n for n in reading_notes(SeenSet(("s",), clips)) if "shorter" in n)
    assert note.startswith("1 of 3 clips are shorter than 1 second (c0 0.4 s)")


def test_nothing_is_said_of_good_clips() -> None:
    clips = [
        Seen(f"{sign}{who}{n}", sign, who, (sign, who, n), 2.0)
        for sign in "ab"
        for who in ("x", "y")
        for n in range(3)
    ]
    seen = SeenSet(("a", "b"), clips)
    assert data_notes(seen) == []
    assert estimate_notes(seen) == []


def test_no_clips_at_all_are_no_trouble() -> None:
    seen = SeenSet(("a",), [])
    assert "no clip is left of: a" in data_notes(seen)[0]
    assert estimate_notes(seen) == ["the clips show no known sign; training needs two or more"]
