"""Tables of clips are read as spreadsheets save them, or refused in one line."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signlet.errors import SignletError
from signlet.sources import open_source
from signlet.sources.tables import read_rows

NEEDED = ("path", "sign")
ROWS = [
    {"path": "gruß/a 1.npz", "sign": "Gruß", "signer": "Zoë"},
    {"path": "ja,nein/b.npz", "sign": "ja; nein", "signer": ""},
]


def table(root: Path, content: str | bytes, name: str = "clips.csv") -> Path:
    path = root / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def spelt(delimiter: str, headings: str = "path,sign,signer", end: str = "\r\n") -> str:
    lines = [headings.split(","), *[[f'"{cell}"' for cell in row.values()] for row in ROWS]]
    return end.join(delimiter.join(cells) for cells in lines) + end


def refused(path: Path, words: str) -> None:
    with pytest.raises(SignletError) as caught:
        read_rows(path, NEEDED)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_separator_is_read(tmp_path: Path, delimiter: str, end: str) -> None:
    assert read_rows(table(tmp_path, spelt(delimiter, end=end)), NEEDED) == ROWS


@pytest.mark.parametrize(
    "headings",
    ["Path,Sign,Signer", "PATH,SIGN,SIGNER", '"path","sign","signer"', " path , sign , signer "],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_headings_in_capitals_quotes_and_spaces(
    tmp_path: Path, headings: str, delimiter: str
) -> None:
    assert read_rows(table(tmp_path, spelt(delimiter, headings)), NEEDED) == ROWS


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "sep=; "])
def test_the_first_line_of_excel_tells_the_separator(tmp_path: Path, first: str) -> None:
    assert read_rows(table(tmp_path, f"{first}\r\n{spelt(';')}"), NEEDED) == ROWS
    path = table(tmp_path, f"{first}\r\npath;sign\r\na.npz;yes\r\nb.npz;\r\n")
    refused(path, "line 4 has no sign")


ENCODED = {
    "utf-8": spelt(";").encode(),
    "utf-8 with mark": codecs.BOM_UTF8 + spelt(";").encode(),
    "utf-16 with mark": spelt("\t").encode("utf-16"),
    "utf-16-le": spelt("\t").encode("utf-16-le"),
    "utf-16-be": spelt(",").encode("utf-16-be"),
    "utf-16-be with mark": codecs.BOM_UTF16_BE + spelt(",").encode("utf-16-be"),
    "utf-32": spelt(",").encode("utf-32"),
    "cp1252": spelt(";").encode("cp1252"),
    "latin-1": spelt(";").encode("latin-1"),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_any_usual_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    path = table(tmp_path, ENCODED[encoding])
    assert read_rows(path, NEEDED) == ROWS
    notes = " ".join(open_source(path).notes)
    guessed = encoding in ("cp1252", "latin-1")
    assert ("was read as Windows-1252" in notes) is guessed
    assert ("Gruß" in notes) is guessed


def test_columns_are_called_as_they_were_asked_for(tmp_path: Path) -> None:
    path = table(tmp_path, "Video_ID,GLOSS,Signer  ID,\nv.mp4,yes,3,\n")
    assert read_rows(path, ("Video_ID", "gloss")) == [
        {"Video_ID": "v.mp4", "gloss": "yes", "signer id": "3"}
    ]


def test_lines_without_content_are_no_rows(tmp_path: Path) -> None:
    path = table(tmp_path, "\n;;\npath;sign;signer\n\na.npz;yes;\n;;\n ; ; \nb.npz;no\n")
    rows = read_rows(path, NEEDED)
    assert [row["path"] for row in rows] == ["a.npz", "b.npz"]
    assert rows[1]["signer"] == ""


BAD: dict[str, tuple[str | bytes, str]] = {
    "other headings": ("File;Gloss;Person\na;b;c\n", "its first line has File, Gloss, Person"),
    "no headings": ("a.npz,yes,ann\n", "its first line has a.npz, yes, ann"),
    "nothing": ("", "it has no first line"),
    "two of a name": ("path,sign,Sign\na,b,c\n", "two columns called sign"),
    "two signers": ("path,sign,signer,SIGNER\na,b,c,d\n", "two columns called signer"),
    "a separator in a cell": ("path,sign\na,b.npz,yes\n", "line 2 has 3 cells"),
    "the same later": ("path;sign\n\na;b\na;b;c\n", "line 4 has 3 cells"),
    "line break in a cell": ('path,sign\n"a\nb.npz",yes\n', "line break in path"),
    "workbook": (b"PK\x03\x04\x14\x00", "is a workbook"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1", "is a workbook"),
    "bytes": (bytes(range(256)), "is not UTF-8 text"),
    "half of UTF-16": ("path,sign\n".encode("utf-16") + b"\x00", "is not UTF-8 text"),
    "UTF-8 mark on another": (codecs.BOM_UTF8 + b"path,sign\n\xfc,a\n", "is not UTF-8 text"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_says_what_was_found(tmp_path: Path, case: str) -> None:
    content, words = BAD[case]
    refused(table(tmp_path, content), words)


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").mkdir()
    refused(tmp_path / "clips.csv", "is a directory")


WORDS = st.text(st.characters(categories=("L", "N"), include_characters=" ,;\t-"), min_size=1)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cells=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_what_is_quoted_comes_back(
    tmp_path: Path, cells: list[tuple[str, str]], delimiter: str, encoding: str
) -> None:
    cells = [(f"x{a}", f"y{b}") for a, b in cells]
    lines = [f"Path{delimiter}Sign", *[f'"{a}"{delimiter}"{b}"' for a, b in cells]]
    path = table(tmp_path, "\n".join(lines).encode(encoding))
    found = [(row["path"], row["sign"]) for row in read_rows(path, NEEDED)]
    assert found == [(a.strip(), b.strip()) for a, b in cells]
