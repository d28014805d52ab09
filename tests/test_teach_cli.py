"""`signlet teach`: from a folder of letters to a file that knows them."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import signlet
from signlet.cli import main
from signlet.errors import SignletError
from signlet.live import lines
from signlet.modelfile.float16 import as_text
from signlet.modelfile.rewrite import with_entries
from signlet.sources import Fingerspelling
from signlet.stream import StreamRecogniser
from signlet.stream.segmenter import Segment
from signlet_testing.clips import moving_hand
from signlet_testing.teaching import own_rows
from signlet_testing.teaching_clips import Capture, base, clips, fails, mine, record

__all__ = ["base", "clips", "mine"]
LETTERS = "ABCDE"
STAGES = ("read", "decode", "wait", "recognise")
LANGUAGES = ("gsg", "ase", "bfi")


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five letters as signs, of two or three sign languages as signers."""
    try:
        source = Fingerspelling.open()
    except SignletError:
        pytest.skip("the package spoken-to-signed is not installed")
    root = tmp_path_factory.mktemp("letters")
    for ref in source.refs():
        if ref.sign in LETTERS and ref.signer in LANGUAGES:
            (root / ref.sign).mkdir(exist_ok=True)
            shutil.copyfile(ref.path, root / ref.sign / f"{ref.signer}_1.pose")
    return root


def test_letters_are_taught_recognised_added_and_removed(
    base: Path, letters: Path, tmp_path: Path, capsys: Capture
) -> None:
    mine = tmp_path / "mine.onnx"
    assert main(["teach", str(base), str(letters), "-o", str(mine)]) == 0
    told = capsys.readouterr().out
    assert "Taught: 5 signs from" in told
    assert "signers in turn:" in told
    assert f"clips of them, too: signlet recognise {mine} CLIP" in told
    clip = next((letters / "A").glob("gsg*"))
    assert main(["recognise", str(mine), str(clip), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {one["sign"] for one in said["top"]} == set(LETTERS)
    assert sum(one["probability"] for one in said["top"]) + said["none"] == pytest.approx(
        1, abs=1e-5
    )
    more = tmp_path / "more" / "Z"
    more.mkdir(parents=True)
    source = Fingerspelling.open()
    (ref,) = (ref for ref in source.refs() if ref.name == "gsg/Z")
    shutil.copyfile(ref.path, more / "gsg_1.pose")
    assert main(["teach", str(mine), str(more.parent), "--add"]) == 0
    assert signlet.load(mine).signs == tuple("ABCDEZ")
    new = tmp_path / "new.onnx"
    remove = ["--remove", "Z", "--remove", "A", "-o", str(new)]
    assert main(["teach", str(mine), *remove]) == 0
    assert signlet.load(new).signs == tuple("BCDE")
    assert signlet.load(mine).signs == tuple("ABCDEZ")


def test_a_zip_teaches_the_same(mine: Path, base: Path, clips: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "clips.zip", "w") as archive:
        for path in sorted(clips.rglob("*.npz")):
            archive.write(path, path.relative_to(clips))
    other = tmp_path / "other.onnx"
    assert main(["teach", str(base), str(tmp_path / "clips.zip"), "-o", str(other)]) == 0
    assert other.read_bytes() == mine.read_bytes()


def test_what_is_said_of_new_people(base: Path, tmp_path: Path, capsys: Capture) -> None:
    out = ["-o", str(tmp_path / "x.onnx")]
    one = record(tmp_path / "one", {"hello": 0, "thanks": 1}, ("anna",))
    assert main(["teach", str(base), str(one), *out]) == 0
    told = capsys.readouterr().out
    assert "Tested by leaving out each clip in turn:" in told
    assert "Expect less for other people" in told
    assert "For new people the score is unknown: all clips are of one signer." in told
    for path in one.rglob("*_2.npz"):
        path.unlink()
    assert main(["teach", str(base), str(one), *out]) == 0
    assert "tells the signs apart: no sign has a second clip" in capsys.readouterr().out
    shutil.rmtree(one / "thanks")
    assert main(["teach", str(base), str(one), *out]) == 0
    assert "Only one sign, hello: signlet tells it" in capsys.readouterr().err


def test_clips_that_name_nobody_are_counted_apart(
    base: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = ["-o", str(tmp_path / "x.onnx")]
    root = record(tmp_path / "clips", {"hello": 0, "thanks": 1}, ("anna",))
    (root / "hello" / "anna_2.npz").rename(root / "hello" / "IMG0012.npz")
    assert main(["teach", str(base), str(root), *out]) == 0
    told = capsys.readouterr().out
    assert "from 4 clips, by 1 signer and unknown people." in told
    assert "1 clip names no signer; name it anna_1.npz (signer, underscore, number)" in told
    assert "For new people the score is unknown: only one signer is named." in told
    assert "look like one of yours; people who are not in the clips." in told
    for number, path in enumerate(sorted(root.glob("*/anna*"))):
        path.rename(path.with_name(f"{number}.npz"))
    assert main(["teach", str(base), str(root), *out]) == 0
    told = capsys.readouterr().out
    assert "from 4 clips, by unknown people." in told
    assert "4 clips name no signer; name them anna_1.npz" in told


def test_only_people_who_were_tested_are_counted(
    base: Path, tmp_path: Path, capsys: Capture
) -> None:
    root = record(tmp_path / "clips", {"hello": 0, "thanks": 1})
    record(root, {"bye": 2}, ("carl",))
    assert main(["teach", str(base), str(root), "-o", str(tmp_path / "x.onnx")]) == 0
    told = capsys.readouterr().out
    assert "Taught: 3 signs from 10 clips, by 3 signers." in told
    assert re.search(r"Tested by leaving out each of 2 signers in turn: \d of 8 correct", told)
    assert "2 clips could not be tested, because nobody else shows their sign." in told
    assert (
        "2 people are too few to say what to expect of others: their figure may well be 20 "
        "points lower."
    ) in told
    assert "Expect" not in told.split("Tested by leaving out each of 2 signers")[1]
    assert re.search(r"Each of your signs was left out in turn\. .* in \d+ of 10 cases", told)
    assert "Not measured: signs that you did not teach, above all those that look like" in told
    assert f"Try it with clips of them, too: signlet recognise {tmp_path / 'x.onnx'} CLIP" in told


def test_a_sign_cannot_be_called_none(base: Path, tmp_path: Path, capsys: Capture) -> None:
    root = record(tmp_path / "clips", {"hello": 0, "NONE": 1})
    words = "a sign is called 'NONE', which is the answer for none of the signs"
    fails(["teach", base, root, "-o", tmp_path / "x.onnx"], words, capsys)


def test_a_write_protected_file_stays_and_a_mode_is_kept(
    mine: Path, tmp_path: Path, capsys: Capture
) -> None:
    more = record(tmp_path / "more", {"bye": 2})
    before = mine.read_bytes()
    mine.chmod(0o444)
    fails(["teach", mine, more, "--add"], f"{mine}: is write-protected", capsys)
    with pytest.raises(SignletError, match="is write-protected"):
        signlet.load(mine).without_sign("hello").save(mine)
    assert mine.read_bytes() == before
    mine.chmod(0o640)
    assert main(["teach", str(mine), str(more), "--add"]) == 0
    assert signlet.load(mine).signs == ("bye", "hello", "thanks")
    assert mine.stat().st_mode & 0o777 == 0o640


def test_clips_that_were_taught_before_write_nothing(
    mine: Path, clips: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.onnx"
    assert main(["teach", str(mine), str(clips), "--add", "-o", str(out)]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "all of these clips were taught before; nothing changes" in told.err
    assert not out.exists()


def test_a_clip_without_hands_is_said_to_be_so(mine: Path, tmp_path: Path, capsys: Capture) -> None:
    bare = moving_hand(0, 0, 0)
    bare[:, 468:489] = bare[:, 522:] = np.nan
    np.savez(tmp_path / "bare.npz", landmarks=bare)
    assert main(["recognise", str(mine), str(tmp_path / "bare.npz")]) == 0
    told = capsys.readouterr()
    assert f"{tmp_path / 'bare.npz'}: no hand was found in any frame" in told.err
    name, remark, *_ = told.out.splitlines()
    assert name == str(tmp_path / "bare.npz")
    assert remark.startswith("  do not trust this answer: no hand was found in any frame")
    with pytest.warns(signlet.ClipWarning, match="no hand .* the answer means nothing; record"):
        signlet.load(mine)(bare)


def test_own_signs_are_kept_on_request(base: Path, clips: Path, tmp_path: Path) -> None:
    with_own = tmp_path / "own.onnx"
    rows = {"prototypes": as_text(own_rows())}
    with_own.write_bytes(with_entries(base.read_bytes(), ".onnx", rows, "base"))
    out = tmp_path / "x.onnx"
    assert main(["teach", str(with_own), str(clips), "-o", str(out), "--keep-signs"]) == 0
    assert signlet.load(out).signs == ("a", "b", "été", "hello", "thanks")


def test_none_reaches_streams_and_lines(
    mine: Path, clips: Path, tmp_path: Path, capsys: Capture
) -> None:
    changed = json.loads(json.dumps(signlet.load(mine).taught.as_json())) | {"threshold": 2.0}  # type: ignore[union-attr]
    strict = tmp_path / "strict.onnx"
    strict.write_bytes(with_entries(mine.read_bytes(), ".onnx", {"taught": changed}, "mine"))
    recogniser = signlet.load(strict)
    clip = moving_hand(0, 0, 1)
    assert recogniser(clip).sign is None
    stream = StreamRecogniser(recogniser)
    event = stream._answer(Segment(0.0, 1.0, clip))
    assert event.sign is None
    assert event.top
    assert main(["recognise", str(strict), str(clips / "hello" / "anna_1.npz")]) == 0
    assert "none of the signs (" in capsys.readouterr().out
    assert "none of the signs (nearest: " in lines.as_text(event)
    answers = pytest.importorskip("signlet.serve.answers")
    served = answers.Recognised(recogniser(clip), len(clip), dict.fromkeys(STAGES, 0.0), 1)
    said = answers.answer(served, 2)
    assert said.sign is None
    assert said.none == pytest.approx(recogniser(clip).none, abs=1e-6)
