"""How files are named, tables, archives, and what the commands say of them."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signlet.cli import main
from signlet.errors import SignletError
from signlet.extract.folder import left_notes, plan
from signlet.pack import pack
from signlet.sources import open_source
from signlet.sources.pattern import NamePattern
from signlet_testing.own_layouts import KEPT, Made, folder, made, notes, refused, told, words
from signlet_testing.sources_data import same_in_a_worker

__all__ = ["made"]


# --- how the files are named ---------------------------------------------------------------------
def test_names_tell_sign_and_signer(made: Made) -> None:
    where = made("hello_ann_1.npz", "more/thank_you_bob_2.npz", "odd.npz", "x.txt")
    source = open_source(where, names="{sign}_{signer}_{n}")
    assert told(source) == [
        ("hello_ann_1.npz", "hello", "ann", None),
        ("more/thank_you_bob_2.npz", "thank_you", "bob", None),
    ]
    said = notes(source)
    assert "1 of 3 clips skipped, because their names do not match" in said
    assert "odd.npz" in said
    same_in_a_worker(source)


def test_names_may_tell_the_signer_alone(made: Made) -> None:
    where = made("train/no/IMG_ann_1.npz", "test/no/IMG_bob_2.npz", "test/yes/x.npz")
    assert {ref.signer for ref in open_source(where).refs()} == {None}
    source = open_source(where, names="img_{signer}_{n}")
    assert told(source) == [
        ("test/no/IMG_bob_2.npz", "no", "bob", "test"),
        ("test/yes/x.npz", "yes", None, "test"),
        ("train/no/IMG_ann_1.npz", "no", "ann", "train"),
    ]
    assert "the signer of 1 of 3 clips is unknown" in notes(source)


def test_names_keep_a_split(made: Made) -> None:
    where = made("train/hello_ann_1.npz", "val/yes_bob_2.npz")
    source = open_source(where, names="{sign}_{signer}_{n}")
    assert [ref.split for ref in source.refs()] == ["train", "val"]


def test_names_that_fit_nothing_are_refused(made: Made) -> None:
    where = made(*KEPT)
    refused(
        where, "none of 2 clips matches", "a name looks like ann_1", names="{sign}_{signer}_{n}"
    )
    refused(
        where, "none of 2 clips matches", "a path looks like no/ann_1", names="{signer}/x/{sign}"
    )
    refused(where, "has a slash, but no {sign}", names="{signer}/{any}")
    refused(where, "is not a field", names="{gloss}_{n}")


@pytest.mark.parametrize("where", ["fingerspelling", "wlasl:nowhere"])
def test_names_are_for_own_files(where: str) -> None:
    with pytest.raises(SignletError, match="leave --names out"):
        open_source(where, names="{sign}_{n}")


# --- tables --------------------------------------------------------------------------------------
def table(root: Path, text: str, name: str = "clips.csv") -> Path:
    (root / name).write_text(text, encoding="utf-8")
    return root / name


def test_missing_files_are_counted_up_front(tmp_path: Path) -> None:
    folder(tmp_path, "yes/a_1.npz")
    rows = "".join(f"no/gone{n}.npz,no\n" for n in range(8))
    source = open_source(table(tmp_path, f"path,sign\nyes/a_1.npz,yes\n{rows}"))
    said = notes(source)
    assert "lists 9 files, of which 8 cannot be found" in said
    assert "gone0.npz" in said
    assert "and 3 more" in said
    assert len(source.refs()) == 9
    assert open_source(table(tmp_path, "path,sign\nyes/a_1.npz,yes\n")).notes == ()


def test_backslashes_of_windows_are_read(tmp_path: Path) -> None:
    folder(tmp_path, "yes/a_1.npz")
    source = open_source(table(tmp_path, "path,sign\nyes\\a_1.npz,yes\n"))
    assert source.notes == ()
    assert source.read(source.refs()[0]).sign == "yes"


def test_names_tell_the_signers_that_a_table_does_not(tmp_path: Path) -> None:
    rows = "v/yes_ann_1.npz,yes,\nv/no_bob_1.npz,no,cleo\nv/odd.npz,no,\n"
    where = table(tmp_path, f"path,sign,signer\n{rows}")
    source = open_source(where, names="{sign}_{signer}_{n}")
    assert [ref.signer for ref in source.refs()] == ["ann", "cleo", None]
    assert "the signer of 1 of 2 clips is unknown" in notes(source)
    same_in_a_worker(source)
    refused(where, "add {signer}", names="{sign}_{n}")
    assert [r.signer for r in open_source(where, names="{any}/{sign}_{signer}_{n}").refs()] == [
        "ann",
        "cleo",
        None,
    ]


def test_a_table_may_be_tab_separated(tmp_path: Path) -> None:
    source = open_source(table(tmp_path, "Path\tSign\na.npz\tyes\n", "clips.tsv"))
    assert source.signs == ("yes",)


# --- archives ------------------------------------------------------------------------------------
def test_an_archive_with_backslashes_is_read(tmp_path: Path) -> None:
    inner = folder(tmp_path / "set", *KEPT)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in KEPT:
            archive.writestr(f"set\\{name}".replace("/", "\\"), (inner / name).read_bytes())
    source = open_source(tmp_path / "set.zip")
    assert [ref.name for ref in source.refs()] == list(KEPT)
    assert source.read(source.refs()[0]).sign == "no"


PART = st.sampled_from(
    ["train", "test", "videos", "signer1", "signer2", "yes", "no", "ann_1.npz", "x.txt", "a.mp4"]
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(PART, min_size=1, max_size=4).map("/".join), max_size=6, unique=True))
def test_every_clip_is_read_or_counted(tmp_path: Path, names: list[str]) -> None:
    files = [name for name in names if not any(other.startswith(f"{name}/") for other in names)]
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in files:
            archive.writestr(name, b"")
    try:
        source = open_source(tmp_path / "set.zip")
    except SignletError as error:
        problem, source = str(error), None
    if source is None:
        assert problem.startswith(f"{tmp_path / 'set.zip'}: ")
        assert "\n" not in problem
        for pattern in re.findall(r"'([^']*\{[^']*)'", problem):
            assert open_source(tmp_path / "set.zip", names=pattern).refs()
        return
    assert not {"train", "test"} & {ref.signer for ref in source.refs()}
    clips = [name for name in files if name.endswith((".npz", ".mp4"))]
    counted = re.findall(r"(\d+) clips? (?:skipped|in deeper folders)", notes(source))
    assert len(told(source)) + sum(map(int, counted)) == len(clips)


def test_pack_says_what_is_left_aside_and_takes_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = words(tmp_path / "set", lambda sign, who, take: f"{sign}/{sign}_p{who}_{take}.npz")
    folder(root, "empty/", "lost/a.xyz")
    assert main(["pack", str(root), "-o", str(tmp_path / "one"), "--jobs", "1"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "2 folders that may be signs: empty (empty), lost (1 file: .xyz)" in said
    assert "the signer of 8 of 8 clips is unknown" in said
    assert "0 signers" in said
    names = ["--names", "{sign}_{signer}_{n}"]
    assert main(["pack", str(root), "-o", str(tmp_path / "two"), "--jobs", "1", *names]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "2 signers" in said
    assert "is unknown" not in said
    assert main(["train", "--data", str(tmp_path / "two"), *names]) == 2
    assert "is packed already" in capsys.readouterr().err


def test_a_pack_keeps_the_split_of_folders(tmp_path: Path) -> None:
    parts = ("train", "test")
    root = words(tmp_path / "set", lambda sign, who, take: f"{parts[take]}/{sign}/p{who}_1.npz")
    packed = pack(open_source(root), tmp_path / "packed", 12, jobs=1)
    assert sorted(packed.index["split"].to_pylist()) == ["test"] * 4 + ["train"] * 4


def test_extract_says_which_files_are_no_videos_and_whose_signer_is_unknown(tmp_path: Path) -> None:
    names = ("hello/hello_ann_1.mp4", "signer3/yes/1.mp4", "flat_2.mov", "hello/a.txt", "b_1.npz")
    root = folder(tmp_path / "set", *names)
    aside, unknown = left_notes(root)
    assert aside == "2 files skipped (not videos): b_1.npz, hello/a.txt"
    assert unknown.startswith("the signer of 1 of 3 clips is unknown")
    tasks = plan(root, tmp_path / "out", "npz")
    found = {task.name: task.signer for task in tasks}
    assert found == {
        "flat_2.mov": "flat",
        "hello/hello_ann_1.mp4": "",
        "signer3/yes/1.mp4": "signer3",
    }
    names_told = NamePattern("{sign}_{signer}_{n}")
    told = {task.name: task.signer for task in plan(root, tmp_path / "out", "npz", names_told)}
    assert told["hello/hello_ann_1.mp4"] == "ann"
    assert "the signer of 2 of 3 clips is unknown" in left_notes(root, names_told)[1]
    with pytest.raises(SignletError, match=r"has no \{signer\}"):
        plan(root, tmp_path / "out", "npz", NamePattern("{sign}_{n}"))


def test_teach_says_what_is_left_aside_and_takes_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = words(tmp_path / "set", lambda sign, who, take: f"{sign}/{sign}_p{who}_{take}.npz")
    folder(root, "empty/")
    out = ["-o", str(tmp_path / "mine.onnx")]
    assert main(["teach", "fingerspelling", str(root), *out]) == 0
    said = capsys.readouterr()
    assert "empty (empty)" in said.err
    assert said.err.count("is unknown") == 1
    assert "by unknown people" in said.out
    assert main(["teach", "fingerspelling", str(root), *out, "--names", "{sign}_{signer}_{n}"]) == 0
    assert "by 2 signers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("hello/a.mp4", "thanks/a.npz", "thanks/b.npz"), "thanks (2 files: .npz)"),
        (
            ("hello/a.mp4", "thanks/a.txt", "thanks/deep/b.jpg"),
            "thanks (2 files: .txt, .jpg); make videos of single pictures",
        ),
        (("hello/a.mp4", "thanks/"), "thanks (empty)"),
        (("train/hello/a.mp4", "train/thanks/a.txt"), "train/thanks (1 file: .txt)"),
        (("train/hello/a.mp4", "val/"), "val (empty)"),
        (("hello/signer1/a.mp4", "hello/signer2/a.txt"), "hello/signer2 (1 file: .txt)"),
        (("hello/signer1/a.mp4", "thanks/signer1/a.pose"), "thanks (1 file: .pose)"),
        (("hello/a.mp4", "hello/notes/a.txt"), ""),
        (("a.mp4", "b.txt"), ""),
    ],
)
def test_extract_names_the_folders_of_which_nothing_is_read(
    tmp_path: Path, files: tuple[str, ...], words: str
) -> None:
    for name in files:
        path = tmp_path / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(b"")
    said = [note for note in left_notes(tmp_path) if "may be signs" in note]
    assert [note.partition("signs: ")[2] for note in said] == ([words] if words else [])


CONTAINERS = (
    *("my_data", "dataset_v2", "Videos (1)", "New folder", "raw_videos", "SignVideos", "Our Clips"),
    *("fold1", "batch_1", "Batch-02", "session 3", "day1", "part2", "2024-01-03", "03.01.2024"),
    *("20240103_120000", "landmarks_npz", "Aufnahmen", "camera2"),
)


@pytest.mark.parametrize("name", CONTAINERS)
def test_folders_that_hold_any_clips_are_no_signs(tmp_path: Path, name: str) -> None:
    nested = empty_files(tmp_path / "nested", f"{name}/hello/anna_1.npz", f"{name}/yes/ben_1.npz")
    assert open_source(nested).signs == ("hello", "yes")
    flat = empty_files(tmp_path / "flat", f"{name}/hello_anna_1.npz", f"{name}/yes_ben_1.npz")
    with pytest.raises(SignletError, match=r"does not take for.*'\{sign\}_\{signer\}_\{n\}'"):
        open_source(flat)


@pytest.mark.parametrize(
    "pair",
    ["fold1 fold2", "batch_1 batch_2", "day1 day2", "train_data test_data", "trainset testset"],
)
def test_several_of_them_are_refused_with_a_remedy_that_works(tmp_path: Path, pair: str) -> None:
    signs = ("hello", "yes")
    names = [f"{top}/{sign}/anna_1.npz" for top in pair.split() for sign in signs]
    with pytest.raises(SignletError, match="not signs; give one") as caught:
        open_source(empty_files(tmp_path / "nested", *names))
    pattern = str(caught.value).split("--names '")[1].split("'")[0]
    source = open_source(tmp_path / "nested", names=pattern)
    assert source.signs == signs
    assert {ref.signer for ref in source.refs()} == {"anna"}
    flat = [f"{top}/{sign}_anna_1.npz" for top in pair.split() for sign in signs]
    with pytest.raises(SignletError, match="does not take for"):
        open_source(empty_files(tmp_path / "flat", *flat))


@pytest.mark.parametrize("sign", ["day", "part", "file", "data", "set", "group", "all", "video"])
def test_a_sign_beside_others_may_be_called_like_one(tmp_path: Path, sign: str) -> None:
    root = empty_files(tmp_path, f"{sign}/anna_1.npz", "hello/ben_1.npz")
    assert open_source(root).signs == tuple(sorted((sign, "hello")))


def test_a_link_to_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    root = empty_files(tmp_path / "clips", "hello/anna_1.npz", "yes/ben_1.npz")
    (root / "thanks").symlink_to(tmp_path / "elsewhere")
    assert any("thanks (empty)" in note for note in open_source(root).notes)


def empty_files(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root
