"""inspect says once that signers are unknown: how many, why, what to do, what follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from signlet.pack import pack
from signlet.quality import data_quality
from signlet.sources import open_source
from signlet_testing import miniatures as mini

SIGNS = ("hello", "thanks", "yes")
FOLDS = "KNOWN signers"
SOME = "another fold"
NAMES = {  # names of the clips of each sign -> how many are unknown, and words of the one note
    ("IMG_10{}", "IMG_20{}", "IMG_30{}"): (9, FOLDS),
    ("{}1", "{}2", "{}3"): (9, FOLDS),
    ("IMG_10{}", "anna_{}", "ben_{}"): (3, SOME),
    ("20240103_1200{}", "anna_{}", "2{}"): (6, FOLDS),
    ("a{}", "anna_{}", "ben_{}"): (3, SOME),
}


def clips(root: Path, names: tuple[str, ...]) -> Path:
    for sign, word in enumerate(SIGNS):
        for number, name in enumerate(names):
            mini.clip(root / word / f"{name.format(sign)}.npz", sign, number, number)
    return root


def on_signers(notes: tuple[str, ...]) -> list[str]:
    return [note for note in notes if "signer" in note or "signs here" in note]


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("packed", [False, True])
def test_unknown_signers_are_said_in_one_note(
    tmp_path: Path, names: tuple[str, ...], packed: bool
) -> None:
    unknown, words = NAMES[names]
    source = open_source(clips(tmp_path / "clips", names))
    data = pack(source, tmp_path / "packed", 8, jobs=1) if packed else source
    (note,) = on_signers(data_quality(data, jobs=1).notes)
    assert words in note
    assert note.count("unknown") == 1
    assert note.startswith(f"the signer of {unknown} of 9 clips is unknown")
    assert "<signer>_<number>" in note


def test_no_note_is_made_where_all_signers_are_known(tmp_path: Path) -> None:
    root = clips(tmp_path / "clips", ("anna_{}", "ben_{}", "chris_{}"))
    assert on_signers(data_quality(open_source(root), jobs=1).notes) == []


def test_a_published_set_and_misfits_of_names_are_said_once(tmp_path: Path) -> None:
    rows = [("path", "sign", "signer")]
    for sign, word in enumerate(SIGNS):
        for number in range(3):
            path = mini.clip(tmp_path / word / f"{word}-p{number}.npz", sign, number, number)
            mini.clip(tmp_path / word / f"{number}.npz", sign, number, 5 + number)
            rows.append((f"{word}/{path.name}", word, "" if number else "anna"))
    told = open_source(tmp_path, names="{any}-{signer}")
    (note,) = on_signers(data_quality(told, jobs=1).notes)
    assert "9 of 18 clips is unknown" in note
    assert "do not match --names" in note
    assert SOME in note
    (note,) = on_signers(data_quality(open_source(mini.table(tmp_path / "t.csv", rows))).notes)
    assert note.startswith("the signer of 6 of 9 clips is unknown")


def test_what_folds_say_besides_is_kept(tmp_path: Path) -> None:
    root = clips(tmp_path / "clips", ("IMG_10{}", "IMG_20{}"))
    mini.clip(root / "once" / "IMG_99.npz", 5)
    notes = data_quality(open_source(root), jobs=1).notes
    (note,) = on_signers(notes)
    assert note.startswith("the signer of 7 of 7 clips is unknown")
    assert any("all clips of 1 sign are left out" in one for one in notes)
