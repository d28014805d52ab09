"""A .zip of own clips is read like the folder that it was; a hostile one does no harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signlet.cli import main
from signlet.errors import SignletError
from signlet.pack import pack
from signlet.sources import find, open_source, zipped
from signlet_testing.clips import moving_hand


def npz(sign: int = 0, signer: int = 0, take: int = 0) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, landmarks=moving_hand(sign, signer, take), fps=25.0)
    return out.getvalue()


def write(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def recorded(path: Path, before: str = "") -> Path:
    """As the live page saves it: three signs by two signers."""
    return write(
        path,
        {
            f"{before}{sign}/{signer}_{take}.npz": npz(number, s, take)
            for number, sign in enumerate(("Gruß", "line", "wave"))
            for s, signer in enumerate(("anna", "ben"))
            for take in (1, 2)
        },
    )


@pytest.mark.parametrize("before", ["", "clips/", "./", "./clips/"])
def test_it_is_read_as_the_folder_that_it_was(tmp_path: Path, before: str) -> None:
    archive = recorded(tmp_path / "clips.zip", before)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "folder")
    zipped_set = open_source(archive)
    folder = open_source(tmp_path / "folder" / before)
    assert zipped_set.signs == folder.signs == ("Gruß", "line", "wave")
    assert zipped_set.name == folder.name
    for ref, other in zip(zipped_set.refs(), folder.refs(), strict=True):
        assert (ref.name, ref.sign, ref.signer) == (other.name, other.sign, other.signer)
        clip, wanted = zipped_set.read(ref), folder.read(other)
        assert clip.name == wanted.name
        assert (clip.sign, clip.signer, clip.fps) == (wanted.sign, wanted.signer, wanted.fps)
        np.testing.assert_array_equal(clip.frames, wanted.frames)


def test_what_else_lies_in_it_is_left_out(tmp_path: Path) -> None:
    files = {
        "hello/anna_1.npz": npz(),
        "hello/notes.txt": b"",
        "hello/.hidden.npz": b"",
        "__MACOSX/hello/._anna_1.npz": b"",
        "loose.npz": b"",
        "a/b/deep.npz": b"",
    }
    (ref,) = open_source(write(tmp_path / "x.zip", files)).refs()
    assert ref.name == "hello/anna_1.npz"


@pytest.mark.parametrize(
    "name", ["../hello/a_1.npz", "/etc/hello/a_1.npz", "/hello/a_1.npz", "hello/../a_1.npz"]
)
def test_no_name_leads_out_of_it(tmp_path: Path, name: str) -> None:
    archive = write(tmp_path / "x.zip", {name: npz()})
    with pytest.raises(SignletError, match="contains no clips"):
        open_source(archive)
    assert [path.name for path in tmp_path.rglob("*")] == ["x.zip"]


def test_a_clip_that_is_too_large_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_source(recorded(tmp_path / "x.zip"))
    monkeypatch.setattr(zipped, "_MOST_BYTES", 100)
    with pytest.raises(SignletError, match=r"x\.zip/Gruß/anna_1\.npz: is larger"):
        source.read(source.refs()[0])
    monkeypatch.setattr(zipped, "_MOST_FILES", 3)
    with pytest.raises(SignletError, match="holds 12 files"):
        open_source(tmp_path / "x.zip")


def test_an_array_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with (
        zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("landmarks.npy", "w", force_zip64=True) as file,
    ):
        for _ in range(300):
            file.write(bytes(1 << 20))
    source = open_source(write(tmp_path / "x.zip", {"hello/a_1.npz": inner.getvalue()}))
    with pytest.raises(SignletError, match=r"x\.zip/hello/a_1\.npz: .*too much"):
        source.read(source.refs()[0])


def test_a_damaged_clip_is_named_by_its_place_in_the_archive(tmp_path: Path) -> None:
    files = {"hello/a_1.npz": b"no archive", "hello/a_2.npz": npz()}
    source = open_source(write(tmp_path / "x.zip", files))
    first, second = source.refs()
    with pytest.raises(SignletError, match=r"x\.zip/hello/a_1\.npz: ") as error:
        source.read(first)
    assert "signlet-zip" not in str(error.value)
    assert source.read(second).frames.shape[1:] == (543, 3)


def test_files_that_are_no_archive_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK nothing")
    with pytest.raises(SignletError, match=r"x\.zip: is damaged"):
        open_source(tmp_path / "x.zip")
    with pytest.raises(SignletError, match="no such file"):
        open_source(tmp_path / "y.zip")


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, 10**6), bits=st.integers(1, 255), cut=st.booleans())
def test_damage_gives_one_line_or_the_clip(
    place: int, bits: int, cut: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.mktemp("fuzz") / "x.zip", {"hello/anna_1.npz": npz()})
    content = bytearray(path.read_bytes())
    place %= len(content)
    content[place] ^= bits
    path.write_bytes(content[:place] if cut else content)
    problem = problem_with(path)
    assert "\n" not in problem
    assert not problem or "x.zip" in problem


def problem_with(path: Path) -> str:
    try:
        source = open_source(path)
        for ref in source.refs():
            source.read(ref)
    except SignletError as error:
        return str(error)
    return ""


def test_commands_take_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = recorded(tmp_path / "clips.zip")
    assert pack(open_source(archive), tmp_path / "packed", 12, jobs=1).skipped.num_rows == 0
    assert main(["inspect", str(archive), "--json"]) == 0
    assert '"Gruß"' in capsys.readouterr().out
    clip = open_source(archive).read(find(open_source(archive), "line/ben_2"))
    assert clip.signer == "ben"
