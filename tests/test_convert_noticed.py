"""The other commands notice clips whose arrays mean something else, and name the remedy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from signlet.cli import main
from signlet.errors import SignletError
from signlet.landmarks import FACE, POSE
from signlet.meaning import Change, for_some, tells_meaning
from signlet.meaning.faults import MIXED, OWN_PLACES, PIXELS, TWICE, WRITE_AGAIN
from signlet.sources import open_source
from signlet_testing.converting import (
    Frames,
    Spoil,
    letter,
    made,
    reordered,
    same_as_the_letters,
    swapped,
)

# --- the other commands notice it -------------------------------------------------------------


def test_inspect_names_such_clips_and_the_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = made(tmp_path / "in")
    assert main(["inspect", str(clips), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    problems = [one for one in found["suspicious"] if one["problem"].startswith("left and right")]
    assert len(problems) == 4
    assert "signlet convert IN OUT --swap-hands" in problems[0]["detail"]
    assert main(["inspect", str(clips / "A" / "ase_1.npz")]) == 0
    assert "left and right hand are swapped" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("spoil", "flags"),
    [
        (swapped, "--swap-hands"),
        (Change(flip_y=True), "--flip-y"),
        (reordered, "--order pose,face,left_hand,right_hand"),
    ],
)
def test_where_some_clips_are_wrong_the_remedy_leaves_the_others(
    spoil: Spoil, flags: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = made(tmp_path / "in", lambda frames: frames)
    frames = spoil(letter("ase/A").frames)
    np.savez(clips / "A" / "ase_1.npz", landmarks=frames, fps=30.0)
    assert main(["inspect", str(clips), "--json"]) == 0
    note = next(n for n in json.loads(capsys.readouterr().out)["notes"] if "in 1 of 4" in n)
    assert "signlet convert IN OUT --auto" in note
    assert f"({flags} would change all)" in note
    assert main(["convert", str(clips), str(tmp_path / "out"), "--auto"]) == 0
    assert all(same_as_the_letters(tmp_path / "out"))
    made(clips, spoil)  # all of them
    assert main(["inspect", str(clips), "--json"]) == 0
    said = capsys.readouterr().out
    note = json.loads(said[said.index("\n{\n") :])["notes"][0]
    assert note.endswith(f"in 4 of 4 clips; signlet convert IN OUT {flags}")


def test_some_clips_in_pixels_are_converted_alone() -> None:
    assert "in a folder of their own: signlet convert" in for_some(PIXELS.phrase)
    assert for_some(WRITE_AGAIN) == WRITE_AGAIN
    for fault in (TWICE, MIXED, OWN_PLACES):
        assert for_some(fault.phrase) == fault.phrase


def test_recognise_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = made(tmp_path / "in", Change(flip_y=True))
    assert main(["recognise", str(clips / "A" / "ase_1.npz"), "--top", "1"]) == 0
    assert "y runs upwards" in (said := capsys.readouterr().err)
    assert "signlet convert IN OUT --flip-y" in said


def test_a_packed_set_keeps_it_in_its_index(tmp_path: Path) -> None:
    from signlet.pack import pack

    packed = pack(open_source(made(tmp_path / "in")), tmp_path / "packed", 16, jobs=1)
    remarks = packed.index["remarks"].to_pylist()
    assert [len(row) for row in remarks] == [1] * 4
    assert all(tells_meaning(row[0]) for row in remarks)


def test_changes_of_python_raise_the_same_errors() -> None:
    with pytest.raises(SignletError, match="640x480"):
        Change(pixels=(-1, 2))


def test_the_service_answers_it(tmp_path: Path) -> None:
    from signlet.serve.decode import decode

    frames = swapped(letter("ase/A").frames)[:5]
    points = np.where(np.isnan(frames), None, frames.astype(object)).tolist()
    for remarks in (
        decode(json.dumps({"landmarks": points}).encode(), "application/json", 100).remarks,
        decode((made(tmp_path) / "A" / "ase_1.npz").read_bytes(), "application/zip", 100).remarks,
    ):
        assert [remark.partition(" (")[0] for remark in remarks] == [
            "left and right hand are swapped"
        ]


def _hands_of_the_other_side(frames: Frames) -> Frames:
    found = swapped(frames)
    found[:, FACE], found[:, POSE] = np.nan, np.nan
    return found


@pytest.mark.parametrize(
    ("spoil", "note"),
    [
        (swapped, "at the other wrist of the pose) in 6 of 6 clips; signlet convert IN OUT"),
        (Change(flip_y=True), "y runs upwards (heads hang below the shoulders) in 6 of 6 clips"),
        (
            _hands_of_the_other_side,
            "in most of the 6 clips where this can be seen; signlet convert IN OUT",
        ),
        (Change(flip_z=True), "z has the opposite sign"),
        (Change(), ""),
    ],
    ids=["swapped", "y up", "hands only", "z", "right"],
)
def test_the_first_note_on_a_set_says_it(spoil: Spoil, note: str, tmp_path: Path) -> None:
    from signlet.pack import pack
    from signlet.quality import data_quality
    from signlet.quality.data_warnings import data_warnings

    for name in ("ase/A", "ase/C", "ase/D", "gsg/A", "gsg/C", "gsg/D"):
        who, sign = name.split("/")
        path = tmp_path / "in" / sign / f"{who}_1.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, landmarks=spoil(letter(name).frames))
    source = open_source(tmp_path / "in")
    packed = pack(source, tmp_path / "packed", 16, jobs=1)
    for notes in (data_warnings(packed), data_quality(source).notes, data_quality(packed).notes):
        if note:
            assert note in notes[0]
        else:
            assert not any("signlet convert" in one for one in notes)
