"""signlet convert: clips whose arrays mean something else are written anew."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import numpy as np
import pytest

from signlet import Clip
from signlet.cli import main
from signlet.convert import convert_set
from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND
from signlet.meaning import Change
from signlet.sources import ClipRef, open_source, read_clip, write_clip
from signlet_testing.converting import (
    Frames,
    Spoil,
    letter,
    made,
    reordered,
    same_as_the_letters,
    swapped,
)


def with_irises(frames: Frames) -> Frames:
    face = np.concatenate([frames[:, FACE], frames[:, :10]], 1)
    return np.concatenate([frames[:, POSE], face, frames[:, LEFT_HAND], frames[:, RIGHT_HAND]], 1)


@pytest.mark.parametrize(
    ("spoil", "suffix", "flags"),
    [
        (swapped, ".npz", "--swap-hands"),
        (swapped, ".npy", "--auto"),
        (Change(flip_y=True), ".npz", "--flip-y"),
        (Change(flip_y=True), ".npz", "--auto"),
        (Change(mirror=True), ".npy", "--mirror"),
        (lambda f: f * np.float32([640, 480, 640]), ".npz", "--pixels 640x480"),
        (lambda f: f[..., [2, 0, 1]], ".npz", "--axes z,x,y"),
        (lambda f: swapped(f)[..., [2, 0, 1]], ".npz", "--auto"),
        (reordered, ".npz", "--order pose,face,left_hand,right_hand"),
        (reordered, ".npy", "--auto"),
        (with_irises, ".npz", "--order pose,face,left_hand,right_hand"),
        (with_irises, ".npz", "--auto"),
        (lambda f: with_irises(swapped(f)), ".npy", "--order pose,face,right_hand,left_hand"),
    ],
)
def test_a_set_becomes_what_it_should_be(
    spoil: Spoil, suffix: str, flags: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert (
        main(["convert", str(made(tmp_path / "in", spoil, suffix)), str(out), *flags.split()]) == 0
    )
    assert all(same_as_the_letters(out))
    refs = open_source(out).refs()
    assert [(ref.sign, ref.signer) for ref in refs] == [
        (s, w) for s in "AB" for w in ("ase", "gsg")
    ]
    if suffix == ".npz":
        assert {read_clip(ref.path).fps for ref in refs} == {30.0}
    assert "4 clips written" in (said := capsys.readouterr().out)
    assert "Still suspicious" not in said
    assert f"signlet inspect {out}" in said


def test_what_is_still_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(made(tmp_path / "in")), str(tmp_path / "out"), "--flip-z"]) == 0
    said = capsys.readouterr().out
    assert "Still suspicious in 4 clips: left and right hand are swapped" in said


def test_a_conversion_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips, out = made(tmp_path / "in"), tmp_path / "out"
    source = open_source(clips)
    left = iter(range(2))

    def stop() -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_set(source, out, Change(swap_hands=True), str(clips), stop)
    first = {path: path.stat().st_mtime_ns for path in out.rglob("*.npz")}
    assert len(first) == 3
    assert main(["convert", str(clips), str(out), "--swap-hands"]) == 0
    assert "1 clip written, 3 existed already" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in first} == first
    assert all(same_as_the_letters(out))


@pytest.mark.parametrize("flags", ["--flip-y", "--auto", ""])
def test_other_conversions_are_not_mixed(
    flags: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips, out = made(tmp_path / "in"), tmp_path / "out"
    assert main(["convert", str(clips), str(out), "--swap-hands"]) == 0
    assert main(["convert", str(clips), str(out), *flags.split()]) == 2
    assert "with other flags" in capsys.readouterr().err
    assert all(same_as_the_letters(out))


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({"signer": "two_parts"}, "two_parts"),
        ({"signer": None, "name": "anna_1"}, ""),
        ({"sign": "and/or"}, "and/or"),
        ({"sign": "what?"}, "what?"),
        ({"split": "test"}, "test"),
    ],
    ids=str,
)
def test_a_table_says_what_names_of_files_cannot(
    names: dict[str, str | None], says: str, tmp_path: Path
) -> None:
    class Source:
        name, signs, notes = "mine", (str(names.get("sign") or "A"),), ()

        def refs(self) -> list[ClipRef]:
            known = {"name": "one/clip.npz", "sign": "A", "signer": "ase", **names}
            return [ClipRef(path=Path("clip.npz"), **known)]  # type: ignore[arg-type]

        def read(self, ref: ClipRef) -> Clip:
            return letter("ase/A")

    where = convert_set(Source(), tmp_path / "out", None, "mine").where
    assert where == tmp_path / "out" / "manifest.csv"
    (found,), (want,) = open_source(where).refs(), Source().refs()
    assert (found.sign, found.signer, found.split) == (want.sign, want.signer, want.split)
    assert says in where.read_text(encoding="utf-8")
    assert read_clip(found.path).fps == letter("ase/A").fps


def test_clips_of_one_name_are_all_written(tmp_path: Path) -> None:
    table = tmp_path / "clips.csv"
    for folder in ("one", "two"):
        write_clip(letter("ase/A"), tmp_path / folder / "ase_1.npz")
    rows = [("path", "sign", "signer"), *((f"{f}/ase_1.npz", "A", "ase") for f in ("one", "two"))]
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    out = tmp_path / "out"
    assert convert_set(open_source(table), out, Change(), "clips").written == 2
    assert sorted(path.name for path in out.rglob("*.npz")) == ["ase_1-2.npz", "ase_1.npz"]


@pytest.mark.parametrize(
    ("flags", "sign", "who"),
    [
        (["--names", "{any}_{sign}_{signer}_{n}"], "A", "ase"),
        (["--columns", "path=File,sign=Gloss,signer=Who"], "A", "ase"),
        (["--columns=path=File,sign=Gloss"], "A", None),
    ],
)
def test_clips_that_are_told_apart_by_flags_are_converted(
    flags: list[str], sign: str, who: str | None, tmp_path: Path
) -> None:
    clips, out = tmp_path / "in", tmp_path / "out"
    clips.mkdir()
    np.savez(clips / "x_A_ase_1.npz", landmarks=swapped(letter("ase/A").frames), fps=30.0)
    table = tmp_path / "table.csv"
    table.write_text("File,Gloss,Who\nin/x_A_ase_1.npz,A,ase\n")
    given = table if flags[0].startswith("--columns") else clips
    assert main(["convert", str(given), str(out), "--swap-hands", *flags]) == 0
    made = out / "manifest.csv"
    (ref,) = open_source(made if made.exists() else out).refs()
    assert (ref.sign, ref.signer) == (sign, who)
    assert np.allclose(read_clip(ref.path).frames, letter("ase/A").frames, 1e-6, equal_nan=True)


def test_flags_for_a_set_are_refused_for_one_clip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = made(tmp_path / "in")
    for flag in (["--names", "{sign}_{signer}"], ["--columns", "path=a,sign=b"]):
        out = tmp_path / "out.npz"
        assert main(["convert", str(clips / "A" / "ase_1.npz"), str(out), *flag]) == 2
        assert capsys.readouterr().err.count("\n") == 1
        assert not out.exists()


def test_a_packed_set_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed, out = tmp_path / "packed", tmp_path / "out"
    assert main(["pack", str(made(tmp_path / "in")), "-o", str(packed), "--jobs", "1"]) == 0
    capsys.readouterr()
    assert main(["convert", str(packed), str(out), "--auto"]) == 2
    said = capsys.readouterr().err
    assert "is a packed set" in said
    assert "convert the original clips" in said
    assert said.count("\n") == 1
    assert not out.exists()


def test_zips_and_the_lexicon_are_converted(tmp_path: Path) -> None:
    clips, packed = made(tmp_path / "in", reordered), tmp_path / "clips.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(clips.rglob("*.npz")):
            archive.write(path, path.relative_to(clips).as_posix())
    assert main(["convert", str(packed), str(tmp_path / "out"), "--auto"]) == 0
    assert all(same_as_the_letters(tmp_path / "out"))


def test_a_clip_that_cannot_be_read_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = made(tmp_path / "in")
    (clips / "A" / "ase_9.npz").write_bytes(b"nothing")
    assert main(["convert", str(clips), str(tmp_path / "out"), "--swap-hands"]) == 2
    said = capsys.readouterr()
    assert "4 clips written" in said.out
    assert "ase_9.npz" in said.err
    assert "1 clip could not be read and is left out" in said.err
    assert all(same_as_the_letters(tmp_path / "out"))
    assert not list((tmp_path / "out").rglob(".*"))


def test_a_clip_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = Clip(np.full((5, 543, 3), np.nan, np.float32))
    path, out = tmp_path / "clips" / "hi" / "ann_1.npz", tmp_path / "out"
    write_clip(nothing, path)
    write_clip(letter("gsg/R"), path.with_name("ben_1.npz"))
    assert main(["convert", str(path), str(out / "one.npz"), "--flip-y"]) == 2
    assert f"{path}: no landmark was found in any frame" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / "clips"), str(out), "--flip-y"]) == 2
    assert "hi/ann_1.npz: no landmark was found in any frame" in capsys.readouterr().err
    assert [one.name for one in out.rglob("*.npz")] == ["ben_1.npz"]


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_one_clip_is_converted(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "clip.npy", with_irises(letter("ase/A").frames))
    out = tmp_path / "new" / f"clip{suffix}"
    order = "pose,face,left_hand,right_hand"
    assert main(["convert", str(tmp_path / "clip.npy"), str(out), "--order", order]) == 0
    assert np.allclose(read_clip(out).frames, letter("ase/A").frames, atol=1e-6, equal_nan=True)
    assert f"{out}: written (--order {order})" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("nowhere out", "nowhere"),
        ("in out --pixels 640", "640x480"),
        ("in out --pixels 0x480", "width and height"),
        ("in out --order face,pose", "each of face"),
        ("in out --axes xyw", "x, y and z"),
        ("in out --auto --flip-y", "leave out --flip-y"),
        ("in in --flip-y", "is inside the folder"),
        ("in in/new --flip-y", "is inside the folder"),
        ("in full --flip-y", "exists already"),
        ("in full/file.txt --flip-y", "exists and is not a folder"),
        ("in/A/ase_1.npz in/A/ase_1.npz --flip-y", "the clip itself"),
        ("in/A/ase_1.npz out.mp4 --flip-y", ".npz or .parquet"),
        ("in out --swap-hand", "did you mean --swap-hands"),
        ("in", "out"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    arguments: str,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    made(Path("in"))
    Path("full").mkdir()
    Path("full/file.txt").write_text("mine")
    before = sorted(Path().rglob("*"))
    assert main(["convert", *arguments.split()]) == 2
    said = capsys.readouterr()
    assert says.lower() in said.err.lower()
    assert said.err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before
