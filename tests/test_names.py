"""Names of signs are one printable line, wherever they come from."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import signlet
from signlet.convert.clips import convert_set
from signlet.errors import SignletError
from signlet.export.bundle import export_ensemble
from signlet.export.model_card import model_card
from signlet.files.atomic import replacing, require_writable
from signlet.model import ModelConfig, SignModel
from signlet.model.files import load_model, save_model
from signlet.modelfile.card import read_card
from signlet.pack import pack
from signlet.printable import printable
from signlet.sources import open_source
from signlet.text.names import (
    MOST,
    cell,
    file_name,
    from_cell,
    is_name,
    new_sign_name,
    sign_name,
    signer_name,
)
from signlet_testing.clips import Synthetic, moving_hand
from signlet_testing.teaching import clips, tiny_card

ALLOWED = {
    "hello": "hello",
    " two words\t": "two words",
    "\nhello\r\n": "hello",
    "\u3000空\u00a0": "空",
    "e\u0301te\u0301": "été",
    "می\u200cخواهم": "می\u200cخواهم",
    "क्\u200dष": "क्\u200dष",
    "👩\u200d🚒": "👩\u200d🚒",
    "❤\ufe0f": "❤\ufe0f",
    "a/b?": "a/b?",
    "-": "-",
    "x" * MOST: "x" * MOST,
    "空" * 80: "空" * 80,
}
REFUSED = (
    *("", " ", "\t\n", "\u00a0\u3000", "\u200d", "\u3164", "\u2800", "\ufe0f"),
    *("a\nb", "a\r\nb", "a\rb", "a\tb", "a\x0bb", "a\x0cb", "a\x00b", "\x00", "a\x1b[31mb"),
    *("a\u0085b", "a\u2028b", "a\u2029b", "\u2028a", "a\u0085", "a\x7f", "\x1ca", "a\x1f"),
    *("\ud800", "a\udc80", "\udfffb", "a\u202eb", "\u202aa", "\u2066a\u2069", "\u200ea", "\u061c"),
    *("a\u200bb", "\ufeffa", "a\u00adb", "a\u2060b", "a\U000e0041", "a\ufff9b"),
    *("x" * (MOST + 1), "x" * 1_000_000, "空" * 81, "😀" * 61),
)
WORST = [text for text in REFUSED if text and len(text) < 200]


@pytest.mark.parametrize("text", ALLOWED)
def test_a_name_has_one_form(text: str) -> None:
    assert sign_name(text) == ALLOWED[text]
    assert sign_name(ALLOWED[text]) == ALLOWED[text]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text)[:20])
def test_what_is_no_printable_line_is_refused_in_one(text: str) -> None:
    with pytest.raises(SignletError) as caught:
        sign_name(text, f"signs/{text[:50]}/a.csv")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
    assert not is_name(text)


@pytest.mark.parametrize("inner", [" ", "\u3000", "\n", "\t", "\u200b", ".", "\x1b"])
def test_names_of_a_million_letters_are_refused_at_once(inner: str) -> None:
    name = f"a{inner * 1_000_000}b"
    with pytest.raises(SignletError, match="1000002 characters"):
        sign_name(name)
    assert len(str(SignletError(name))) < 2000
    assert len(file_name(name).encode()) <= 200


@pytest.mark.parametrize("thing", [None, 3, 1.5, b"hello", ["a"], np.int64(1)])
def test_what_is_no_text_is_refused(thing: Any) -> None:
    for take in (sign_name, new_sign_name):
        with pytest.raises(SignletError, match="is not text"):
            take(thing)
    assert not is_name(thing)


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_is_taken_is_one_line(text: str) -> None:
    if is_name(text):
        name = sign_name(text)
        assert name.splitlines() == [name]
        assert name == name.strip() == unicodedata.normalize("NFC", name)
        assert name.encode().decode() == name
        assert sign_name(name) == name


def test_a_signer_may_be_unknown() -> None:
    assert signer_name(None) == signer_name("") == signer_name("  ") == ""
    assert signer_name(" e\u0301va ") == "éva"
    for text in ("a\nb", "a\u202eb", "x" * 101):
        with pytest.raises(SignletError, match="the signer"):
            signer_name(text)


# --- where names come in -------------------------------------------------------------------


def write(path: Path, number: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, landmarks=moving_hand(number % 3, number, 0))
    return path


def refs(where: Path) -> Any:
    return open_source(where).refs()


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "a\u2028b", "a\u202eb", "\u200b", "x" * 200])
def test_folders_are_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / "good" / "ada_1.npz")
    write(tmp_path / name / "ada_1.npz")
    with pytest.raises(SignletError) as caught:
        refs(tmp_path)
    assert str(caught.value).isprintable()


def test_a_folder_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "good" / "ada_1.npz")
    write(tmp_path / "caf\udce9" / "ada_1.npz")
    with pytest.raises(SignletError) as caught:
        refs(tmp_path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["a\nb", "a\x00b", "a\u2028b", "a\u202eb", "\u200b", "x" * 200])
@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_tables_are_refused(tmp_path: Path, name: str, suffix: str) -> None:
    write(tmp_path / "a.npz")
    table = tmp_path / f"clips{suffix}"
    text = (
        f'path,sign\na.npz,"{name}"\n'
        if suffix == ".csv"
        else json.dumps([{"path": "a.npz", "sign": name}])
    )
    table.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(SignletError) as caught:
        open_source(table, "path=path,sign=sign" if suffix == ".json" else None).refs()
    assert str(caught.value).isprintable()
    assert table.name in str(caught.value)


def test_names_from_folders_and_tables_have_one_form(tmp_path: Path) -> None:
    write(tmp_path / "e\u0301te\u0301" / "ada_1.npz")
    (tmp_path / "clips.csv").write_text(
        "path,sign\ne\u0301te\u0301/ada_1.npz, e\u0301te\u0301\n", encoding="utf-8"
    )
    for where in (tmp_path, tmp_path / "clips.csv"):
        source = open_source(where)
        assert source.signs == ("été",)
        assert [ref.sign for ref in source.refs()] == ["été"]


@pytest.mark.parametrize("name", ["a\nb", "", "a\u202eb"])
def test_the_competitions_labels_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "sign_to_prediction_index_map.json").write_text(json.dumps({"a": 0, name: 1}))
    with pytest.raises(SignletError, match="sign_to_prediction_index_map"):
        open_source(tmp_path)


@pytest.mark.parametrize("name", WORST[:12])
def test_packing_refuses_names_of_any_source(tmp_path: Path, name: str) -> None:
    with pytest.raises(SignletError) as caught:
        pack(Synthetic(signs=("good", name)), tmp_path / "packed", 12, jobs=1)
    assert str(caught.value).isprintable()
    assert not (tmp_path / "packed").exists()


@pytest.mark.parametrize("name", WORST)
def test_teaching_refuses_names(teachable: Path, name: str) -> None:
    with pytest.raises(SignletError) as caught:
        signlet.teach(teachable, clips()[:2], ["hello", name])
    assert str(caught.value).isprintable()


# --- where names go out --------------------------------------------------------------------


def tiny(names: tuple[str, ...]) -> SignModel:
    sizes = {"dense": 8, "widths": (16, 16, 16, 16), "heads": 4, "max_len": 12}
    return SignModel(ModelConfig(**sizes, num_classes=len(names))).eval()


@pytest.mark.parametrize("name", ["a\nb", "a\u2028b", "\x1b[2J", ""])
def test_no_file_is_written_with_a_name_that_breaks_a_line(tmp_path: Path, name: str) -> None:
    names = ("good", name)
    with pytest.raises(SignletError, match="labels"):
        export_ensemble([tiny(names)], names, tmp_path / "out", to=("onnx",))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a\nb", "a\u2028b", "\x1b[2J", ""])
def test_files_of_strangers_are_refused(tmp_path: Path, name: str) -> None:
    save_model(tmp_path / "run", [tiny(("good", "odd"))], ("good", "odd"), {})
    config = json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))
    config["signs"] = ["good", name]
    config.pop("sha256")  # as in files of an older signlet
    (tmp_path / "run" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(SignletError, match="one printable line"):
        load_model(tmp_path / "run")
    card = json.loads(tiny_card().as_json())
    card["signs"][0] = name
    with pytest.raises(SignletError, match="not a list of names"):
        read_card(json.dumps(card), "model.onnx")


def test_a_model_card_holds_no_links_tags_or_columns_of_others() -> None:
    bad = "[x](javascript:a) <img src=x onerror=a()> | `b` \x1b[2J \u202e\n# Title"
    about = {"source": bad, "recipe": bad, "split": bad, "init": {"model": bad}}
    card = replace(
        tiny_card(), signs=("a", "[x](http://y)", "<b>", "a|b"), licence=bad, about=about
    )
    text = model_card(card, {})
    assert text.replace("\n", "").isprintable()
    assert not re.search(r"(?<!\\)(<|\]\(j|\[x|`b|\[2J)", text)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows if "javascript" in row} == {4}
    assert text.count("\n# ") == 0


def test_texts_of_a_card_are_one_line() -> None:
    card = json.loads(tiny_card().as_json())
    card["licence"] = "free\x1b]0;x\x07\nfor all \u202e" + "x" * 100_000
    licence = read_card(json.dumps(card), "model.onnx").licence
    assert licence.startswith(r"free\x1b]0;x\x07 for all \u202exxx")
    assert len(licence) < 1600


def test_labels_are_a_line_each(tmp_path: Path) -> None:
    names = tuple(sorted({sign_name(text) for text in ALLOWED}))
    export_ensemble([tiny(names)], names, tmp_path, to=("onnx",))
    text = (tmp_path / "labels.txt").read_text(encoding="utf-8")
    assert text.splitlines() == list(names)
    assert signlet.load(tmp_path / "model.onnx").signs == names


# --- names of files ------------------------------------------------------------------------

DEVICES = ("CON", "nul.txt", "aux.tar.gz", "Com1", "lpt9.x", "prn ", "CON .txt", "com²", "CONIN$")
LONG = ("x" * 300, "空" * 100, "😀" * 100, "x" * 299 + "y")
AWKWARD = (
    *("../../etc/passwd", "..", "...", ".", "", " ", "/", "\\", "a/b", "a\\b", "C:evil", "a:b"),
    *('a"b', "a<b>", "a|b", "a?", "a*", "trailing.", "trailing ", ".hidden", "a\nb", "a\x00b"),
    *("\x1b]0;x\x07", "a\u202eb", "caf\udce9", "-rf", "$(id)", "e\u0301t", *DEVICES, *LONG),
)


@pytest.mark.parametrize("name", AWKWARD, ids=lambda name: ascii(name)[:20])
def test_a_file_is_called_so_on_every_system(name: str, tmp_path: Path) -> None:
    file = file_name(name)
    assert not set(file) & set('/\\:*?"<>|')
    assert file.isprintable()
    assert file == file.strip(" .") == file_name(file) != ""
    assert len(f"{file}-12.parquet".encode()) < 256
    assert file.split(".")[0].strip().upper() not in ("CON", "NUL", "AUX", "PRN", "COM1", "LPT9")
    (tmp_path / f"{file}.npz").write_bytes(b"")
    assert [one.name for one in tmp_path.iterdir()] == [f"{file}.npz"]


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_name_gives_a_file(name: str) -> None:
    file = file_name(name)
    assert 0 < len(file.encode()) <= 200
    assert file == file.strip(" .")
    assert Path(file).name == PureWindowsPath(file).name == file
    assert not PureWindowsPath(file).is_reserved()


def test_long_names_stay_apart_and_plain_ones_as_they_are() -> None:
    assert len({file_name(name) for name in LONG}) == len(LONG)
    for name in ("hello", "two words", "空", "می\u200cخواهم", "concert", "com", "null", "a.b"):
        assert file_name(name) == name


def test_clips_of_awkward_names_are_converted_and_read_back(tmp_path: Path) -> None:
    signs = ("CON", "con", "nul.txt", "a:b?", "trailing.", "=1+1", "@x", "空" * 60)
    table = ["path,sign,signer"]
    for number, sign in enumerate(signs):
        write(tmp_path / f"{number}.npz", number)
        table.append(f'{number}.npz,"{sign}","+{number}"')
    (tmp_path / "clips.csv").write_text("\n".join(table), encoding="utf-8")
    source = open_source(tmp_path / "clips.csv")
    done = convert_set(source, tmp_path / "out", None, "clips.csv")
    refs = open_source(done.where).refs()
    assert [ref.sign for ref in refs] == list(signs)
    assert [ref.signer for ref in refs] == [f"+{number}" for number in range(len(signs))]
    parts = [part for ref in refs for part in ref.path.relative_to(tmp_path / "out").parts]
    stems = [part.removesuffix(".npz") for part in parts]
    assert stems == [file_name(stem) for stem in stems]
    text = done.where.read_text(encoding="utf-8")
    cells = [one for row in csv.reader(text.splitlines()) for one in row]
    assert not [one for one in cells if one.startswith(("=", "+", "-", "@"))]


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf")), max_size=9).map(str.strip))
def test_no_cell_is_a_formula(text: str) -> None:
    shown = cell(text)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
    assert shown.strip() == text.strip() or not text.isprintable()
    assert from_cell(shown) == printable(text)


@pytest.mark.parametrize("name", ["x" * 251, "空" * 83, "é" * 125])
def test_a_result_may_have_as_long_a_name_as_the_system_allows(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.npz"
    with replacing(path) as temporary:
        temporary.write_bytes(b"x")
    require_writable(path)
    assert path.read_bytes() == b"x"
