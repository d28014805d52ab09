"""One set of notes: what train says of clips, inspect, evaluate and teach say too."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from signlet.calibration.unknown import predict_unknown
from signlet.cli import main
from signlet.clip import Clip
from signlet.clip.sentinels import TAKEN
from signlet.errors import SignletError
from signlet.evaluation.predict import predict_known
from signlet.landmarks import FACE, LEFT_HAND, RIGHT_HAND
from signlet.meaning.clip_warnings import ClipSummary, SetSummary
from signlet.model import SignModel
from signlet.model.files import ModelFile, save_model
from signlet.modelfile.averaging import Average
from signlet.pack import PackedSet, pack
from signlet.quality import data_quality
from signlet.quality.data_warnings import (
    NO_ESTIMATE,
    data_warnings,
    estimate_warnings,
    reading_warnings,
)
from signlet.sources import ClipRef, open_source
from signlet.text.confusables import alike, looks, numbers, one_form, shown
from signlet_testing.clips import Synthetic, moving_hand
from signlet_testing.teaching import SIZE

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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(
            ("hello", "h\u0435llo"),
            ("SOS", "S\u041eS"),
            ("Kiss", "\u041aiss"),
            ("omega", "\u03bfmega"),
        ),
        *(("thank-you", "thank\u2011you"), ("thank_you", "thank you"), ("thank-you", "thank_you")),
        *(("don't", "don\u2019t"), ("a\u2013b", "a-b"), ("Thank You", "thank_you")),
        ("\u0645\u0631\u062d\u0628\u0627", "\u0645\u0631\u062d\u0640\u0628\u0627"),
    ],
)
def test_dashes_apostrophes_and_twins_of_letters_look_the_same(one: str, other: str) -> None:
    (pair,) = alike([one, other])
    assert pair == f"{shown(one)} and {shown(other)}"
    assert len({ascii(name) for name in pair.split(" and ")}) == 2


@pytest.mark.parametrize(
    "pair", ["O 0", "thankyou thank_you", "resign sign", "\u043d\u0435\u0442 \u0434\u0430"]
)
def test_other_names_do_not(pair: str) -> None:
    assert not alike(pair.split())


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
        remarks = ("numbers treated as not found",) if ref.name.endswith("_0") else ()
        return replace(clip, remarks=(*remarks, *remarks[:1]) + ("b",) * ref.name.endswith("0_0"))


def test_each_remark_is_said_once_with_its_count(tmp_path: Path) -> None:
    packed = pack(Remarked(), tmp_path / "packed", 12, jobs=1)
    notes = reading_warnings(packed)
    assert [n for n in notes if "12 of 24" in n and TAKEN in n and "write NaN" in n]
    assert [n for n in notes if n == "b in 3 of 24 clips"]


def test_clips_without_a_hand_are_named(tmp_path: Path) -> None:
    clips = record(tmp_path / "clips", {"hi/anna_1.npz": (0, 0), "no/ben_1.npz": (1, 1)})
    face_only = moving_hand(0, 0, 0)
    face_only[:, LEFT_HAND], face_only[:, RIGHT_HAND] = np.nan, np.nan
    face_only[:, FACE] = np.random.default_rng(0).random((len(face_only), 468, 3))
    np.savez(clips / "hi" / "ben_2.npz", landmarks=face_only)
    said = "no hand was found in any frame of 1 of 3 clips (hi/ben_2.npz); record it again"
    packed, of_folder, of_packed = both(clips, tmp_path)
    for notes in (data_warnings(packed), of_folder, of_packed):
        assert [note for note in notes if note.startswith(said)], notes


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
    train = data_warnings(packed)
    assert train
    if "" in packed.signers:  # which inspect says once
        train = [note for note in train if "no signer is named" not in note]
    assert set(train) <= set(of_packed)
    assert set(train) <= set(of_folder)


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ({"hi/anna_1.npz": (0, 0)}, "one sign only (hi); training needs at least two"),
        ({"hi/anna_1.npz": (0, 0), "no/anna_1.npz": (1, 0)}, NO_ESTIMATE),
        (
            {f"{s}/anna_{n}.npz": (n, n) for s in ("hi", "no") for n in range(2)},
            "only anna signs here: the score will say nothing about other people",
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
    clips = [
        ClipSummary(f"c{n}", "s", "anna", n, seconds) for n, seconds in enumerate((0.4, 1.0, None))
    ]
    (note,) = (n for n in reading_warnings(SetSummary(("s",), clips)) if "shorter" in n)
    assert note.startswith("1 of 3 clips are shorter than 1 second (c0 0.4 s)")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.94, "0.9"),
        (0.96, "0.96"),
        (29 / 30, "0.97"),
        (0.996, "0.996"),
        (0.9999, "0.999900"),
        (0.0, "0.0"),
    ],
)
def test_a_length_is_shown_to_be_short(seconds: float, shown: str) -> None:
    seen = SetSummary(("s",), [ClipSummary("c", "s", "anna", 1, seconds)])
    (note,) = (n for n in reading_warnings(seen) if "shorter" in n)
    assert f"(c {shown} s)" in note
    assert float(shown) < 1


def test_nothing_is_said_of_good_clips() -> None:
    clips = [
        ClipSummary(f"{sign}{who}{n}", sign, who, (sign, who, n), 2.0)
        for sign in "ab"
        for who in ("x", "y")
        for n in range(3)
    ]
    seen = SetSummary(("a", "b"), clips)
    assert data_warnings(seen) == []
    assert estimate_warnings(seen) == []


def test_no_clips_at_all_are_no_trouble() -> None:
    seen = SetSummary(("a",), [])
    assert "no usable clip is left of a" in data_warnings(seen)[0]
    assert estimate_warnings(seen) == ["the clips show no known sign; training needs at least two"]


# --- one form of a name ----------------------------------------------------------------------


def tiny(max_len: int) -> SignModel:
    """A model of two signs."""
    return SignModel(SIZE.config(max_len, 2)).eval()


COMPOSED, APART = "caf\u00e9", "cafe\u0301"


def test_a_model_knows_its_signs_in_any_form(tmp_path: Path) -> None:
    assert numbers([APART, "b"]) == {COMPOSED: 0, "b": 1}
    assert one_form(f" {APART} ") == COMPOSED


def test_clips_are_scored_for_a_sign_that_an_older_model_writes_otherwise(tmp_path: Path) -> None:
    packed = pack(Synthetic(signs=("circle", COMPOSED)), tmp_path / "packed", 12, jobs=1)
    model = ModelFile((APART, "circle"), (tiny(12),), Average.plain(1))
    known = predict_known(model, packed)
    assert len(known.names) == len(packed)
    assert {known.signs[label] for label in known.labels} == {APART, "circle"}
    with pytest.raises(SignletError, match="the model knows the signs of all 16 clips"):
        predict_unknown(model, packed)


def test_the_competition_s_tables_are_read_in_one_form(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(
        f"path,participant_id,sequence_id,sign\na.parquet,1,1,{APART}\nb.parquet,1,2,b\n",
        encoding="utf-8",
    )
    labels = tmp_path / "sign_to_prediction_index_map.json"
    labels.write_text(json.dumps({APART: 1, "b": 0}), encoding="utf-8")
    source = open_source(tmp_path)
    assert source.signs == ("b", COMPOSED)
    assert [ref.sign for ref in source.refs()] == [COMPOSED, "b"]
    labels.write_text(json.dumps({APART: 1, COMPOSED: 0}), encoding="utf-8")
    with pytest.raises(SignletError, match="twice"):
        open_source(tmp_path)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_folders_and_tables_give_one_form(form: str, tmp_path: Path) -> None:
    sign = unicodedata.normalize(form, COMPOSED)
    record(tmp_path / "clips", {f"{sign}/anna_1.npz": (0, 0), "b/anna_1.npz": (1, 0)})
    table = tmp_path / "clips" / "clips.csv"
    rows = f"path,sign,signer\n{sign}/anna_1.npz,{sign}\u00a0,anna\nb/anna_1.npz,b,anna\n"
    table.write_text(rows, encoding="utf-8")
    for source in (open_source(tmp_path / "clips"), open_source(table)):
        assert source.signs == ("b", COMPOSED)
        assert {ref.sign for ref in source.refs()} == {"b", COMPOSED}
        assert all(len(source.read(ref).frames) for ref in source.refs())


# --- evaluate and teach ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of signs and people whose names look alike."""
    clips = {f"circle/{who}_1.npz": (0, n) for n, who in enumerate(("Anna", "anna"))}
    clips |= {"Circle/ben_1.npz": (0, 2), "other/ben_1.npz": (1, 3)}
    return record(tmp_path_factory.mktemp("odd") / "clips", clips)


def test_evaluate_says_it_and_what_is_not_scored(
    odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(tmp_path / "model", [tiny(12)], ("circle", "line"), {})
    given = ["evaluate", str(tmp_path / "model"), "--data", str(odd)]
    assert main([*given, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["model"]["clips"] == 2
    assert "2 of 4 clips are of signs that the model does not know" in said.err
    assert "'circle' and 'Circle'" in said.err
    assert "'Anna' and 'anna'" in said.err
    assert "4 of 4 clips are shorter" not in said.err  # at ten frames a second they are long
    assert main(given) == 0
    assert "Note: " in capsys.readouterr().err


def test_teach_says_it(
    odd: Path, teachable: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.onnx"
    assert main(["teach", str(teachable), str(odd), "-o", str(out)]) == 0
    said = capsys.readouterr().err
    assert "'Circle' and 'circle'" in said
    assert "'Anna' and 'anna'" in said


@pytest.mark.parametrize("as_json", [False, True])
def test_inspect_extracts_videos_as_train_does(
    as_json: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = record(tmp_path / "clips", {"hi/anna_1.npz": (0, 0)})
    (folder / "hi" / "anna_2.mp4").write_bytes(b"a video")

    def said(source: object, console: Console) -> None:
        console.print("of the videos")
        raise SignletError("far enough")

    monkeypatch.setattr("signlet.cli.inspect.extract_first", said)
    assert main(["inspect", str(folder), *["--json"][: int(as_json)]]) == 2
    printed = capsys.readouterr()
    assert "of the videos" in (printed.err if as_json else printed.out)
    assert "far enough" in printed.err


def test_people_all_of_whose_clips_lack_a_face_are_named_then_other_clips() -> None:
    faceless = ("amy1", "ben0", "ben1", "ben2")
    clips = [
        ClipSummary(f"{who}{n}", "s", who, (who, n), 2.0, face=f"{who}{n}" not in faceless)
        for who in ("amy", "ben", "eve")
        for n in range(3)
    ]
    (note,) = reading_warnings(SetSummary(("s",), clips))
    assert note.startswith("no face was found in 4 of 9 clips (all 3 of ben, amy1), so ")
    none = [replace(clip, face=False, hands=False) for clip in clips]
    hands, face = reading_warnings(SetSummary(("s",), none))
    assert hands.startswith("no hand was found in any frame of 9 of 9 clips (all of them); record ")
    assert face.startswith("no face was found in 9 of 9 clips (all of them), so ")
