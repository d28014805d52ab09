"""Signers are read from file names only where they can be persons; else they are unknown."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signlet.errors import SignletError
from signlet.sources.pattern import NamePattern
from signlet.sources.signers import signers_of
from signlet.sources.splits import split_name


def signers(*paths: str) -> list[str | None]:
    found, note = signers_of([(path.split("/")[0], path.split("/")[1]) for path in paths])
    refused = [path for path, who in zip(paths, found, strict=True) if who is None and "_" in path]
    assert bool(note) == bool(refused)
    if note:
        assert f"the signer of {found.count(None)} of {len(paths)} clips" in note
        assert "a table (path,sign,signer)" in note
        assert "\n" not in note
    for pattern in re.findall(r"--names '(.*)'", note):
        for path, who in zip(paths, found, strict=True):
            assert who or NamePattern(pattern).match(PurePosixPath(path))
    return found


OFFERED = [
    (("no/IMG_0001.mp4", "no/IMG_0002.mp4"), ""),
    (("no/IMG_20240103_120000.mp4", "yes/IMG_20240104_120000.mp4"), ""),
    (("no/VID_final_1.mp4", "no/VID_final_2.mp4"), ""),
    (("no/no_1.npz", "yes/yes_1.npz"), ""),
    (("no/no_train_1.npz", "no/no_test_1.npz"), ""),
    (("no/no_ann_1.npz", "yes/yes_bob_2.npz"), "{any}_{signer}_{n}"),
    (("thank you/thank_you_ann_1.npz", "yes/yes_bob_2.npz"), "{any}_{signer}_{n}"),
    (("no/20240103_ann_1.mp4", "no/20240103_bob_2.mp4"), "{any}_{signer}_{n}"),
    (("no/IMG_ann.mp4", "no/IMG_bob.mp4"), "{any}_{signer}"),
    (("no/no_ann_1.npz", "yes/IMG_0001.mp4"), ""),
]


@pytest.mark.parametrize(("paths", "pattern"), OFFERED)
def test_only_a_pattern_that_finds_persons_is_offered(paths: tuple[str, ...], pattern: str) -> None:
    note = signers_of([(path.split("/")[0], path.split("/")[1]) for path in paths])[1]
    assert re.findall(r"--names '(.*)'", note) == [pattern] * bool(pattern)


def test_all_unknown_signers_are_counted() -> None:
    clips = [("no", "IMG_1.mp4"), ("no", "odd.mp4"), ("no", "ann_1.mp4")]
    note = signers_of(clips, others=4)[1]
    assert "the signer of 2 of 7 clips is unknown" in note
    assert "(IMG_1.mp4), not with a person, or have nothing before a _ (odd.mp4)" in note


PEOPLE = [
    ("ada_1", "bob_2", "ada_3"),
    ("signer03_2", "signer04_2", "signer03_1"),
    ("w001_hello_2", "w002_hello_2", "w001_hello_1"),
    ("p1_1", "p2_1", "p1_2"),
    ("P001_a", "P002_a", "P001_b"),
    ("s01_x", "s02_x", "s01_y"),
    ("n175_0", "n217_0", "n175_1"),
    ("Anna Müller_1", "Jean-Luc_1", "Anna Müller_2"),
    ("Zoë_1", "Łukasz_1", "さくら_1"),
    ("jan_1", "may_1", "june_3"),
    ("vida_1", "david_1", "cami_2"),
    ("camille_1", "vidal_1", "sidney_2"),
    ("pascal_1", "Picard_1", "handya_1"),
    ("mark_1", "signe_2", "newton_1"),
    ("test-person_1", "001ann_1", "dev-user_1"),
    ("A_1", "B_1", "A_2"),
    ("1_1", "1_2", "2_1", "2_2"),
]


@pytest.mark.parametrize("names", PEOPLE, ids=lambda names: names[0])
def test_true_signers_pass(names: tuple[str, ...]) -> None:
    paths = [f"{sign}/{name}.npz" for sign in ("hello", "thanks") for name in names]
    assert signers(*paths) == [name.split("_")[0] for name in names] * 2


def test_many_signers_of_one_clip_a_sign_pass() -> None:
    paths = [f"{sign}/w{who:03}_{sign}_0.npz" for sign in ("hi", "no") for who in range(40)]
    assert None not in signers(*paths)


def test_signers_who_show_one_sign_each_pass_where_their_names_say_so() -> None:
    assert None not in signers(*[f"sign{n % 3}/signer{n}_1.mp4" for n in range(30)])
    assert None not in signers("a/person1_1.mp4", "b/person2_1.mp4", "c/person3_1.mp4")


NOBODY = [
    *("20240103_120000", "2024-01-03_12", "2024_01_03_12", "2024.01.03_1", "03-01-2024_1"),
    *("03.01.2024_1", "03012024_1", "01_03_2024_x", "3Jan2024_1", "240103_120000", "2024_1"),
    *("1704283200_1", "1704283200123_1", "20240103120000_1", "12-30-05_1", "12_30_05_1"),
    *("ann20240103_1", "ann 2024-01-03_1"),
    *("IMG_0001", "img_1", "IMG20240103_1", "VID_20240103_1", "PXL_20240103_123", "DSC_0001"),
    *("DSCN_1", "DSCF0001_1", "MVI_0001", "MOV_1", "GOPR_0001", "GOPR0001_1", "GX010001_1"),
    *("WIN_20240103_12_00_00_Pro", "Screen_1", "Screen Recording 2024_1", "Screenshot_2024"),
    *("WhatsApp_Video_1", "WhatsApp Video 2024-01-03 at 12.00_1", "video_1", "Video1_2"),
    *("videos_1", "clip_3", "clips3_1", "recording_1", "REC_0001", "CAM_1", "webcam_2"),
    *("take_1", "take2_1", "sample_1", "test_1", "copy_1", "sign01_1", "gloss_1", "Aufnahme_1"),
    *("my video_1", "phone-clip_2", "Copy of ann_1", "FB_IMG_1704", "MVIMG_2024", "front_1"),
    *("rgb_2", "slow_1", "mmexport1704_1", "Zoom 3_1", "iPhone 12_1", "screen-recording_2"),
    *("hello_1", "Hello_1", "HELLO_ann_1", "hello2_1", "hello-2_1"),
    *("0001_x", "7_x", "000_x"),
]


@pytest.mark.parametrize("name", NOBODY)
def test_what_is_no_person_is_unknown(name: str) -> None:
    assert signers(f"hello/{name}.mp4") == [None]
    others = [f"thanks/{who}_{take}.mp4" for who in ("ada", "bob") for take in (1, 2)]
    assert signers(f"hello/{name}.mp4", *others) == [None, "ada", "ada", "bob", "bob"]


@pytest.mark.parametrize(
    "paths",
    [
        [f"{sign}/{sign}_{n}.mp4" for sign in ("hello", "thanks", "yes") for n in range(3)],
        [f"thank you/thank_you_{n}.mp4" for n in range(3)] + ["no/No_1.mp4"],
        [f"{sign}/{n:04}_{sign}.mp4" for sign in ("hello", "yes") for n in range(5)],
        [f"{sign}/{n + 1}_x.mp4" for sign in ("hello", "yes") for n in range(5)],
        [f"{sign}/x{10 * s + n}_a.mp4" for s, sign in enumerate(("hi", "yes")) for n in range(4)],
        [
            f"{sign}/{crc32(f'{sign}{n}'.encode()):08x}_a.mp4"
            for sign in ("hi", "yes")
            for n in range(8)
        ],
        [
            f"{sign}/{label}_{n}.mp4"
            for sign, label in zip("abc", ("hi", "thx", "ok"), strict=True)
            for n in range(3)
        ],
        [f"{letter}/{letter}_{n}.mp4" for letter in "ABC" for n in range(3)],
    ],
    ids=["sign", "words", "running", "from 1", "counter", "hash", "labels", "letters"],
)
def test_a_whole_set_without_persons_is_unknown(paths: list[str]) -> None:
    assert set(signers(*paths)) == {None}


def test_a_signer_called_like_a_sign_is_one() -> None:
    paths = [f"{sign}/{who}_1.npz" for sign in ("will", "yes", "no") for who in ("will", "ada")]
    assert signers(*paths) == ["will", "ada"] * 3
    letters = [f"{sign}/{who}_1.npz" for sign in "ABC" for who in "AB"]
    assert signers(*letters) == ["A", "B"] * 3


def test_a_clip_in_the_wrong_folder_makes_its_sign_no_person() -> None:
    paths = [f"yes/yes_{n}.mp4" for n in range(4)] + [
        "no/yes_9.mp4",
        "no/ada_1.mp4",
        "yes/ada_1.mp4",
    ]
    assert signers(*paths) == [None] * 5 + ["ada", "ada"]


def test_names_without_an_underscore_are_unknown_without_a_note() -> None:
    assert signers("hello/1.mp4", "hello/ann-2.mp4", "hello/x.mp4") == [None] * 3
    assert signers_of([("hello", "_odd.npz")]) == ([None], "")


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=12))
def test_any_names_give_a_signer_or_none_each(clips: list[tuple[str, str]]) -> None:
    found, note = signers_of([(sign, f"{name}_1.mp4") for sign, name in clips])
    assert len(found) == len(clips)
    assert all(
        who is None or who == name.partition("_")[0].strip()
        for who, (_, name) in zip(found, clips, strict=True)
    )
    if not note:
        assert all(
            who
            for who, (_, name) in zip(found, clips, strict=True)
            if name.partition("_")[0].strip()
        )


# --- patterns ------------------------------------------------------------------------------
FITS = [
    ("{sign}_{signer}_{n}", "any/hello_ann_1.npz", ("hello", "ann")),
    ("{sign}_{signer}_{n}", "any/thank_you_ann_1.npz", ("thank_you", "ann")),
    ("{sign}_{signer}_{n}.npz", "hello_ann_1.npz", ("hello", "ann")),
    ("{signer}/{sign}_{n}", "ann/hello_12.mp4", ("hello", "ann")),
    ("{sign}/{signer}/{any}", "hello/ann/x.y.npz", ("hello", "ann")),
    ("./{sign}/{signer}-{any}", "hello/ann-x-y.npz", ("hello", "ann")),
    ("{sign}/{sign}_{signer}_{n}", "Hello/hello_ann_1.npz", ("Hello", "ann")),
    ("IMG_{signer}_{n}", "hello/img_ann_0001.MOV", (None, "ann")),
    ("{sign}{n}", "x/hello12.npz", ("hello", None)),
    ("{any}/{sign}/{signer}_{any}", "a/b/c_d_e.npz", ("b", "c")),
    ("{sign}", "x/thank you.npz", ("thank you", None)),
    ("{sign} ({signer}) [{n}]", "x/hi (Ann B.) [3].npz", ("hi", "Ann B.")),
]


@pytest.mark.parametrize(("pattern", "path", "wanted"), FITS)
def test_a_pattern_tells_sign_and_signer(
    pattern: str, path: str, wanted: tuple[str | None, str | None]
) -> None:
    found = NamePattern(pattern).match(PurePosixPath(path))
    assert found is not None
    assert (found.get("sign"), found.get("signer")) == wanted


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("{sign}_{signer}_{n}", "hello/ann_x.npz"),
        ("{sign}_{signer}_{n}", "hello/hello_ann_x.npz"),
        ("{signer}/{sign}_{n}", "hello_1.npz"),
        ("{signer}/{sign}_{n}", "set/ann/hello_1.npz"),
        ("{sign}/{sign}_{n}", "hello/thanks_1.npz"),
        ("{sign}_{n}", "x/ _1.npz"),
    ],
)
def test_what_does_not_fit_is_told_by_none(pattern: str, path: str) -> None:
    assert NamePattern(pattern).match(PurePosixPath(path)) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "contains neither {sign} nor {signer}"),
        ("{n}_{any}", "contains neither"),
        ("sign_signer", "contains neither"),
        (
            "{signr}_{n}",
            "{signr} is not a field; the fields are {sign}, {signer}, {split}, {n}, {any}",
        ),
        ("{}_{sign}", "{} is not a field"),
        ("{sign", "a brace is not closed"),
        ("{{sign}}", "a brace is not closed"),
        ("{sign}{signer}", "touch each other"),
        ("{any}{sign}_{n}", "touch each other"),
    ],
)
def test_what_is_no_pattern_says_why(text: str, words: str) -> None:
    with pytest.raises(SignletError) as caught:
        NamePattern(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


NAME = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
SIGNER = NAME.filter(lambda name: not split_name(name))  # a signer called "valid" is a split


@given(sign=st.lists(NAME, min_size=1, max_size=3).map("_".join), signer=SIGNER, n=st.integers(0))
def test_what_was_written_by_a_pattern_is_read_back(sign: str, signer: str, n: int) -> None:
    path = PurePosixPath(f"{signer}/{sign}_{signer}_{n}.npz")
    wanted = {"sign": sign, "signer": signer}
    assert NamePattern("{sign}_{signer}_{n}").match(path) == wanted
    assert NamePattern("{signer}/{sign}_{signer}_{n}").match(path) == wanted


RECORDED = (  # {n} counts; what stands before the first underscore is no person in any of these
    *("C00{n}_1", "IMGP10{n}_1", "CIMG10{n}_a", "HPIM{n}_1", "SAM_10{n}", "100_10{n}", "M4H0{n}_1"),
    *("A001_C0{n}_0103", "100MEDIA_{n}", "trim.1A2B3C4D5E6F_{n}", "S10{n}_1", "P10{n}1234_1"),
    *("9f8e7d6c5b4a392817060a1b_{n}", "123e4567-e89b-12d3-a456-426614174000_{n}"),
    *("v2_{n}", "1080p_{n}", "1920x1080_{n}", "30fps_{n}", "3-1-24_{n}", "03.01.24_{n}"),
    *("Monday_{n}", "camA_{n}", "camera b_{n}", "right hand_{n}", "left_hand_{n}", "keypoints_{n}"),
    *("ASL_{n}", "new_{n}", "flip_{n}", "my_video_{n}", "My Sign_{n}", "tmp_{n}", "label_{n}"),
    *("Kazam_{n}", "ssstik.io_{n}", "y2mate.com - x_{n}", "videoplayback_{n}", "XRecorder_{n}"),
    *("lv_0_202401{n}", "VN_202401{n}", "Neues Video_{n}", "vidéo_{n}", "видео_{n}", "视频_{n}"),
    *(
        "微信视频_{n}",
        "動画_{n}",
        "فيديو_{n}",
        "kayıt_{n}",
        "gravação_{n}",
        "filmato_{n}",
        "वीडियो_{n}",
    ),
    *("subj_{n}_1", "signer_{n}", "Person_{n}_2", "unknown_{n}", "None_{n}", "anonymous_{n}"),
)


@pytest.mark.parametrize("name", RECORDED)
def test_what_cameras_and_programs_write_is_no_person(name: str) -> None:
    clips = [
        (sign, f"{name.replace('{n}', str(10 + n))}.mp4")
        for sign in ("hello", "thanks", "yes")
        for n in range(2)
    ]
    found, note = signers_of(clips)
    assert set(found) == {None}
    assert "not with a person" in note


@pytest.mark.parametrize(
    "people",
    [
        "Sam Lis|sam kim|P01 P02|S1 S2|AB CD|p10 p11|Kif Loom|Mon Sun|August Aug|001 002",
        "user100 user101|Vn vera|Asla Tid|Иван Ольга|美咲 健太|Anna-Lena Zoë|S001 S002|abe fae",
        "Victor v|signer1 signerB|Nan2 Nani",
    ],
)
def test_people_with_short_names_and_numbers_stay_people(people: str) -> None:
    for pair in people.split("|"):
        clips = [
            (sign, f"{who}_{n}.mp4")
            for sign in ("hello", "thanks", "yes")
            for who in pair.split()
            for n in range(2)
        ]
        found, note = signers_of(clips)
        assert set(found) == set(pair.split())
        assert note == ""
