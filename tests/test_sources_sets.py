"""Sets of clips: which clips, in which order, with which sign and signer, and clear refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signlet.clip import Clip
from signlet.errors import ClipError, SignletError
from signlet.sources import find, open_source, write_clip
from signlet_testing.sources_data import labels, same_in_a_worker

CLIP = Clip(np.ones((2, 543, 3), np.float32))


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if Path(name).suffix in (".npz", ".parquet"):
            write_clip(CLIP, root / name)
        else:
            (root / name).write_bytes(b"")
    return root


def refused(where: str | Path, words: str) -> None:
    with pytest.raises(SignletError) as caught:
        open_source(where).refs()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


# --- competition ---------------------------------------------------------------------------
TRAIN = """path,participant_id,sequence_id,sign
train_landmark_files/7/30.parquet,7,30,owl
train_landmark_files/7/4.parquet,7,4,blow
train_landmark_files/12/4.parquet,12,4,owl
"""
FILES = [f"train_landmark_files/{name}.parquet" for name in ("7/30", "7/4", "12/4")]


def competition(
    root: Path,
    train: str | None = TRAIN,
    signs: object = {"blow": 1, "owl": 0},
) -> Path:
    make(root, *FILES)
    if train is not None:
        (root / "train.csv").write_text(train, encoding="utf-8")
    if signs is not None:
        (root / "sign_to_prediction_index_map.json").write_text(json.dumps(signs))
    return root


def test_competition_directory_gives_the_rows_of_its_table(tmp_path: Path) -> None:
    source = open_source(competition(tmp_path))
    assert (source.name, source.signs) == ("asl-signs", ("owl", "blow"))
    refs = source.refs()
    assert labels(refs) == [("7/30", "owl", "7"), ("7/4", "blow", "7"), ("12/4", "owl", "12")]
    clip = source.read(refs[2])
    assert (clip.name, clip.sign, clip.signer) == ("12/4", "owl", "12")
    same_in_a_worker(source)


def test_without_the_label_file_signs_are_sorted(tmp_path: Path) -> None:
    assert open_source(competition(tmp_path, signs=None)).signs == ("blow", "owl")


@pytest.mark.parametrize("signs", [None, {"blow": 1, "owl": 0}])
def test_without_the_table_all_files_are_unlabelled(tmp_path: Path, signs: object) -> None:
    source = open_source(competition(tmp_path, train=None, signs=signs))
    assert source.signs == (("owl", "blow") if signs else ())
    assert labels(source.refs()) == [("12/4", None, "12"), ("7/30", None, "7"), ("7/4", None, "7")]
    assert source.read(source.refs()[0]).sign is None


def test_table_that_contradicts_itself_or_the_labels_is_refused(tmp_path: Path) -> None:
    refused(competition(tmp_path, signs={"owl": 0}), "the sign 'blow' is not in")
    refused(competition(tmp_path, train=TRAIN + TRAIN.splitlines()[1]), "lists 7/30 twice")
    refused(competition(tmp_path, train=TRAIN.replace(",sign", ",gloss")), "lacks the columns sign")
    refused(competition(tmp_path, train=TRAIN.replace(",blow", ",")), "line 3 has no sign")
    refused(competition(tmp_path, train=TRAIN.splitlines()[0]), "contains no clips")
    refused(make(tmp_path / "empty", "train_landmark_files/readme.txt"), "contains no clips")


@pytest.mark.parametrize(
    "signs",
    [[], {}, ["owl"], {"owl": 0, "blow": 0}, {"owl": 0, "blow": 2}, {"owl": True}, {"owl": "0"}],
)
def test_label_file_must_count_from_0(tmp_path: Path, signs: object) -> None:
    refused(competition(tmp_path, signs=signs), "counted from 0 without a gap")


def test_label_file_must_be_json(tmp_path: Path) -> None:
    path = competition(tmp_path) / "sign_to_prediction_index_map.json"
    for damaged in (b"{", b"\xff\xfe", b"[" * 100_000):
        path.write_bytes(damaged)
        refused(tmp_path, "is not JSON")


def test_listed_file_that_is_missing_is_refused_when_read(tmp_path: Path) -> None:
    source = open_source(competition(tmp_path))
    (tmp_path / FILES[0]).unlink()
    with pytest.raises(ClipError, match=r"30\.parquet: there is no such file"):
        source.read(source.refs()[0])


# --- own folder ----------------------------------------------------------------------------
def test_folder_gives_signs_and_signers_from_its_names(tmp_path: Path) -> None:
    make(tmp_path, "yes/ann_2.npz", "yes/ann_10.npz", "no/bob_x_1.parquet", "no/alone.npz")
    make(
        tmp_path, "no/_odd.npz", "no/readme.txt", ".cache/a_1.npz", "no/.a_1.npz", "no/deep/a_1.npz"
    )
    make(tmp_path, "empty/readme.txt", "loose.npz", "yes/CAM_1.NPZ")
    source = open_source(tmp_path)
    assert (source.name, source.signs) == ("folder", ("no", "yes"))
    assert labels(source.refs()) == [
        ("no/_odd.npz", "no", None),
        ("no/alone.npz", "no", None),
        ("no/bob_x_1.parquet", "no", "bob"),
        ("yes/CAM_1.NPZ", "yes", None),
        ("yes/ann_10.npz", "yes", "ann"),
        ("yes/ann_2.npz", "yes", "ann"),
    ]
    clip = source.read(source.refs()[2])
    assert (clip.name, clip.sign, clip.signer) == ("no/bob_x_1.parquet", "no", "bob")
    same_in_a_worker(source)


def test_folder_without_clips_says_what_it_expects(tmp_path: Path) -> None:
    refused(tmp_path, "<sign>/<signer>_<anything>")
    refused(make(tmp_path, "a_1.npz", "sign/readme.txt"), "<sign>/<signer>_<anything>")


def manifest(root: Path, text: str | bytes) -> Path:
    path = root / "clips.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_manifest_lists_clips_relative_to_itself(tmp_path: Path) -> None:
    make(tmp_path / "data", "a.npz", "b.npz")
    far = make(tmp_path / "far", "c.npz") / "c.npz"
    rows = f"data/b.npz, yes ,ann\nextra/none.npz,no,\n{far},no,bob\n"
    source = open_source(manifest(tmp_path, "\ufeffpath,sign,signer,more\n" + rows))
    assert (source.name, source.signs) == ("folder", ("no", "yes"))
    refs = source.refs()
    assert labels(refs) == [
        ("data/b.npz", "yes", "ann"),
        ("extra/none.npz", "no", None),
        (str(far), "no", "bob"),
    ]
    assert source.read(refs[0]).signer == "ann"
    assert source.read(refs[2]).name == str(far)
    with pytest.raises(ClipError, match=r"none\.npz: there is no such file"):
        source.read(refs[1])
    same_in_a_worker(source)


def test_manifest_may_leave_out_the_signer(tmp_path: Path) -> None:
    assert labels(open_source(manifest(tmp_path, "sign,path\nyes,a.npz\n")).refs()) == [
        ("a.npz", "yes", None)
    ]


BAD_MANIFESTS: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "lacks the columns path, sign"),
    "no sign column": ("path,signer\na.npz,b\n", "lacks the columns sign"),
    "no rows": ("path,sign,signer\n", "lists no clips"),
    "empty sign": ("path,sign\na.npz,yes\nb.npz,\n", "line 3 has no sign"),
    "empty path": ("path,sign\n,yes\n", "line 2 has no path"),
    "short row": ("path,sign\na.npz\n", "line 2 has no sign"),
    "twice": ("path,sign\na.npz,yes\na.npz,no\n", "lists a.npz twice"),
    "not text": (b"path,sign\n\x81\x8d,yes\n", "is not UTF-8"),
    "open quote": ('path,sign\n"a.npz,yes\n', "is not a CSV table"),
}


@pytest.mark.parametrize("case", BAD_MANIFESTS)
def test_bad_manifest_is_refused(tmp_path: Path, case: str) -> None:
    text, words = BAD_MANIFESTS[case]
    refused(manifest(tmp_path, text), words)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.binary(max_size=80) | st.text(alphabet='path,sign\n\r"\0 xé', max_size=60))
def test_any_manifest_is_listed_or_refused(tmp_path: Path, text: str | bytes) -> None:
    body = text if isinstance(text, bytes) else text.encode()
    path = manifest(tmp_path, b"path,sign\n" + body)
    try:
        refs = open_source(path).refs()
    except SignletError as error:
        line = str(error)
        refs = []
    else:
        line = f"{path} is fine"
        assert refs
    assert str(path) in line
    assert "\n" not in line
    assert all(ref.name and ref.sign for ref in refs)


def test_find_prefers_the_whole_name(tmp_path: Path) -> None:
    source = open_source(manifest(tmp_path, "path,sign\nb/a.npz,yes\na.npz,no\n"))
    assert find(source, "a.npz").sign == "no"
    assert find(source, "b/a").sign == "yes"


def test_what_is_no_set_of_clips_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none", "no such file or folder")
    refused(tmp_path / "none.csv", "there is no such file")
    refused(make(tmp_path, "a.npz") / "a.npz", "is one clip")
    refused(make(tmp_path, "a.txt") / "a.txt", "not a set of clips")


def test_clips_without_folders_of_signs_are_counted(tmp_path: Path) -> None:
    refused(make(tmp_path, "a_1.npz", "b_1.mp4"), "contains 2 clips, but no folder for each sign")
