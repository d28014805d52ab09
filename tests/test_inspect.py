"""Looking at data: each planted defect is found, clean clips are left alone, pictures appear."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from PIL import Image
from rich.console import Console

import signlet
from signlet.clip import Clip, advised
from signlet.clip.remarks import BEYOND, CUT, DAMAGED, NO_RATE
from signlet.errors import ClipError, SignletError
from signlet.landmarks import FACE, LEFT_HAND, NUM_RAW, POSE, RIGHT_HAND
from signlet.pack import pack
from signlet.quality import (
    DataQuality,
    clip_quality,
    data_quality,
    draw_animation,
    draw_strip,
    print_clip,
    print_quality,
    quality_json,
    write_quality,
)
from signlet.quality import quality as quality_module
from signlet.quality.clip import USUAL_LEN
from signlet.quality.draw import spaced
from signlet.quality.words import overview
from signlet.sources import ClipRef, open_source
from signlet.training.recipes import load_recipe

SHARED = Path(__file__).parents[1].parent / "shared"


def clean(number: int, frames: int = 12) -> Clip:
    """A moving person with both hands; every clip is another one."""
    rng = np.random.default_rng(number)
    body = rng.uniform(0.2, 0.8, (1, NUM_RAW, 3))
    moving = body + 0.01 * rng.normal(size=(frames, NUM_RAW, 3)).cumsum(0)
    name = f"clip{number}"
    return Clip.from_array(moving, name, "yes" if number % 2 else "no", f"s{number % 4 // 2}", 25.0)


CLEAN = [clean(number) for number in range(12)]


@dataclass(frozen=True)
class Made:
    """A source of given clips; one without frames cannot be read."""

    clips: tuple[Clip, ...]
    name: str = "made"
    signs: tuple[str, ...] = ("no", "yes")

    def refs(self) -> list[ClipRef]:
        return [ClipRef(c.name, Path(c.name), c.sign, c.signer) for c in self.clips]

    def read(self, ref: ClipRef) -> Clip:
        clip = next(clip for clip in self.clips if clip.name == ref.name)
        if not len(clip.frames):
            raise ClipError(f"{ref.path}: is damaged; copy it again")
        return clip


def quality_of(*extra: Clip, signs: tuple[str, ...] = ("no", "yes")) -> DataQuality:
    return data_quality(Made((*CLEAN, *extra), signs=signs), jobs=1)


def changed(change: Callable[[np.ndarray], object], frames: int = 12, **fields: object) -> Clip:
    clip = clean(99, frames)
    points = clip.frames.copy()
    result = change(points)
    points = points if result is None else result
    return replace(clip, frames=np.asarray(points, np.float32), name="planted", **fields)


def lose(*parts: slice, frames: slice = slice(None)) -> Callable[[np.ndarray], None]:
    def change(points: np.ndarray) -> None:
        for part in parts:
            points[frames, part] = np.nan

    return change


def freeze(points: np.ndarray) -> None:
    points[3:] = points[3]


def pixels(points: np.ndarray) -> None:
    points[..., :2] *= 500


def leave(points: np.ndarray) -> None:
    points[4:, FACE, 0] += 2


# --- data sets ------------------------------------------------------------------------------


def test_clean_clips_are_not_suspected() -> None:
    quality = quality_of()
    assert quality.suspicious == ()
    assert quality.skipped == ()
    (note,) = quality.notes
    assert "12 of 12 clips are shorter than 1 second" in note


PLANTED = {
    "very short": changed(lambda p: p[:3]),
    "very long": changed(lambda _: None, frames=80),
    "no hands": changed(lose(LEFT_HAND, RIGHT_HAND)),
    "few hands": changed(lose(LEFT_HAND, RIGHT_HAND, frames=slice(2, None))),
    "no face": changed(lose(FACE)),
    "frozen": changed(freeze),
    "outside the picture": changed(leave),
    "duplicate": replace(CLEAN[4], name="planted"),
}


@pytest.mark.parametrize("problem", PLANTED)
def test_a_planted_defect_is_found_and_nothing_else(problem: str) -> None:
    found = quality_of(PLANTED[problem]).suspicious
    assert [(one.about, one.name, one.problem) for one in found] == [("clip", "planted", problem)]


PACKED_TELLS = (
    "very short",
    "very long",
    "no hands",
    "few hands",
    "no face",
    "frozen",
    "duplicate",
)


@pytest.mark.parametrize("problem", PACKED_TELLS)
def test_a_packed_set_tells_it_too(problem: str, tmp_path: Path) -> None:
    packed = pack(Made((*CLEAN, PLANTED[problem])), tmp_path / "packed", 25, jobs=1)
    found = data_quality(packed).suspicious
    assert [(one.name, one.problem) for one in found] == [("planted", problem)]


def test_source_and_packed_set_agree_on_the_numbers(tmp_path: Path) -> None:
    source = Made((*CLEAN, PLANTED["few hands"], replace(PLANTED["no face"], name="other")))
    packed = pack(source, tmp_path / "packed", 25, jobs=1)
    one, other = data_quality(source, jobs=1), data_quality(packed)
    for name in ("clips", "clips_of_sign", "clips_of_signer", "signers_of_sign", "frames"):
        assert getattr(one, name) == getattr(other, name)
    assert other.missing == pytest.approx(one.missing)


def test_pixels_are_told_from_a_hand_outside() -> None:
    details = [one.detail for one in quality_of(changed(pixels)).suspicious]
    assert len(details) == 1
    assert "divide pixels by width and height" in details[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sign": "yes"}, "which is of sign no"),
        ({"sign": "no", "signer": "s9"}, "scores on held-out clips would be too high"),
    ],
)
def test_a_copy_under_another_sign_or_signer_says_so(fields: dict[str, str], words: str) -> None:
    (found,) = quality_of(replace(CLEAN[0], name="copy", **fields)).suspicious
    assert found.detail.startswith("same landmarks as clip0")
    assert words in found.detail


def test_thin_signs_are_named() -> None:
    lonely = [replace(clean(20 + i), sign="rare", signer="s7") for i in range(5)]
    quality = quality_of(*lonely, signs=("never", "no", "rare", "yes"))
    found = {(one.name, one.problem) for one in quality.suspicious if one.about == "sign"}
    assert found == {("rare", "one signer"), ("never", "few clips")}
    assert list(quality.clips_of_sign) == ["never", "no", "rare", "yes"]


def test_unreadable_clips_are_listed_with_their_reason() -> None:
    broken = replace(CLEAN[0], name="broken", frames=np.empty((0, NUM_RAW, 3), np.float32))
    (one,) = quality_of(broken).skipped
    assert (one.name, one.problem) == ("broken", "unreadable")
    assert "is damaged" in one.detail
    with pytest.raises(SignletError, match=r"no readable clip.*is damaged"):
        data_quality(Made((broken,)), jobs=1)


def test_skipped_clips_of_a_packed_set_are_listed(tmp_path: Path) -> None:
    broken = replace(CLEAN[0], name="broken", frames=np.empty((0, NUM_RAW, 3), np.float32))
    packed = pack(Made((*CLEAN, broken)), tmp_path / "packed", 25, jobs=1)
    (one,) = data_quality(packed).skipped
    assert (one.name, one.problem) == ("broken", "skipped")


def test_counts_lengths_and_missing_rates() -> None:
    half = changed(lose(POSE, frames=slice(0, 6)), frames=24, fps=None, signer=None)
    quality = quality_of(half)
    assert (quality.clips, quality.signs, quality.signers) == (13, 2, 2)
    assert quality.clips_of_sign == {"no": 6, "yes": 7}
    assert quality.clips_of_signer == {"": 1, "s0": 6, "s1": 6}
    assert (quality.frames.low, quality.frames.middle, quality.frames.high) == (12, 12, 24)
    assert quality.seconds is not None
    assert quality.seconds.high == pytest.approx(12 / 25)
    assert quality.missing["pose"] == pytest.approx(0.25 / 13)
    assert quality.missing["both_hands"] == 0
    (note,) = [note for note in quality.notes if "signer" in note]
    assert note.startswith("the signer of 1 of 13 clips is unknown; name the files")


def test_workers_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(clean(number, frames=4) for number in range(40))
    one = data_quality(Made(many), jobs=1)
    monkeypatch.setattr(quality_module, "_SERIAL", 0)
    with parallel_config(backend="threading"):
        assert data_quality(Made(many), jobs=2) == one


# --- printed, as JSON, as a page --------------------------------------------------------------


def printed(show: Callable[[Console], None]) -> str:
    console = Console(file=io.StringIO(), width=120)
    show(console)
    return console.file.getvalue()


def test_tables_hold_the_numbers_and_any_name() -> None:
    odd = replace(PLANTED["no hands"], name="[red]odd[/red]", sign="[bold]")
    text = printed(lambda console: print_quality(quality_of(odd), console))
    for wanted in ("12 to 12, median 12", "no hand in any frame", "[red]odd[/red]", "[bold]"):
        assert wanted in text


def test_long_tables_say_how_much_is_left_out() -> None:
    signs = tuple(f"sign{i}" for i in range(50))
    quality = quality_of(signs=("no", "yes", *signs))
    text = printed(lambda console: print_quality(quality, console, limit=8))
    assert "and 44 more" in text
    assert "and 47 more" in text


def test_json_is_whole_and_without_nan(tmp_path: Path) -> None:
    packed = pack(Made((*CLEAN, changed(lambda _: None, frames=60))), tmp_path / "p", 25, jobs=1)
    data = json.loads(quality_json(data_quality(packed)), parse_constant=pytest.fail)
    assert (data["clips"], data["signs"], data["signers"]) == (13, 2, 2)
    one = json.loads(quality_json(clip_quality(CLEAN[0])), parse_constant=pytest.fail)
    assert one["missing"] == dict.fromkeys(
        ("face", "left_hand", "right_hand", "both_hands", "pose"), 0.0
    )


def test_page_shows_findings_and_escapes_names(tmp_path: Path) -> None:
    odd = replace(PLANTED["no hands"], name="<script>alert(1)</script>")
    text = write_quality(quality_of(odd), tmp_path / "q.html").read_text()
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "no hand in any frame" in text
    assert "http" not in text


# --- one clip -------------------------------------------------------------------------------


def test_quality_of_one_clip() -> None:
    clip = changed(lose(LEFT_HAND, RIGHT_HAND, frames=slice(8, None)), frames=60)
    quality = clip_quality(clip, max_len=3)
    assert (quality.frames, quality.seconds, quality.hand_frames) == (60, 2.4, 8)
    assert quality.kept == 2  # every third of eight
    assert quality.missing["left_hand"] == pytest.approx(52 / 60)
    assert quality.problems == ("few hands: hands in 8 of 60 frames",)
    text = printed(lambda console: print_clip(quality, console))
    assert "60, 2.40 s" in text
    assert "few hands" in text


def test_a_clip_is_looked_at_as_the_usual_models_do() -> None:
    lengths = {load_recipe(name).packing.max_len for name in ("small", "small-conv", "demo")}
    card = signlet.load("fingerspelling").card
    assert card is not None
    assert {*lengths, *card.max_lens} == {USUAL_LEN}
    for told, who in (((), "the recipes small and demo and the"), ((5,), "a model of this --max")):
        quality = clip_quality(clean(1, 40), *told)
        said = printed(lambda console, quality=quality: print_clip(quality, console))
        assert f"{quality.kept} of 40 frames ({who}" in said


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(2, 30))
def test_kept_frames_never_exceed_the_model(frames: int, max_len: int) -> None:
    assert 1 <= clip_quality(clean(1, frames), max_len).kept <= min(frames, max_len)


def test_a_model_without_frames_is_refused() -> None:
    with pytest.raises(SignletError, match="max_len is 0"):
        clip_quality(CLEAN[0], 0)


# --- pictures -------------------------------------------------------------------------------

EDGE_CASES = {
    "one frame": clean(1, 1),
    "nothing found": Clip(np.full((5, NUM_RAW, 3), np.nan, np.float32), "none", "$x_1$"),
    "long": Clip(np.tile(clean(2, 50).frames, (100, 1, 1)), "long", "手話", "<b>"),
    "flat": Clip(np.zeros((3, NUM_RAW, 3), np.float32), "flat"),
    "far": Clip(np.full((3, NUM_RAW, 3), 3e38, np.float32), "far"),
}


@pytest.mark.parametrize("case", EDGE_CASES)
@pytest.mark.filterwarnings("error")
def test_any_clip_can_be_drawn(case: str, tmp_path: Path) -> None:
    clip = EDGE_CASES[case]
    strip = draw_strip(clip, tmp_path / "strip.png")
    with Image.open(strip) as image:
        assert min(image.size) > 100
    page = draw_animation(clip, tmp_path / "moving.html").read_text()
    assert len(page) < 1_000_000
    assert "<b>" not in page
    clip = replace(clip, frames=clip.frames[:4])
    with Image.open(draw_animation(clip, tmp_path / "moving.gif")) as image:
        assert image.format == "GIF"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["moving.gif", "moving.html", "strip.png"]


def test_strip_numbers_its_frames_and_names_what_is_missing(tmp_path: Path) -> None:
    clip = changed(lose(LEFT_HAND, frames=slice(0, 1)), frames=9)
    clip.frames[8] = np.nan
    text = draw_strip(clip, tmp_path / "strip.svg", frames=3).read_text()
    words = re.findall(r"<!-- (.*?) -->", text)
    assert [w for w in words if w.startswith("frame ")] == ["frame 1", "frame 5", "frame 9"]
    assert "no left hand" in words
    assert "nothing found" in words


def test_gif_moves_at_the_clip_s_speed(tmp_path: Path) -> None:
    with Image.open(draw_animation(clean(3, 6), tmp_path / "a.gif")) as image:
        assert image.n_frames == 6
        assert image.info["duration"] == 40


@given(st.integers(1, 5000), st.integers(1, 40))
def test_strip_frames_are_spread_over_the_clip(total: int, count: int) -> None:
    numbers = spaced(total, count)
    assert len(numbers) == min(total, count)
    assert numbers[0] >= 0
    assert numbers[-1] <= total - 1
    if count > 1:
        assert (numbers[0], numbers[-1]) == (0, total - 1)


@pytest.mark.parametrize("draw", [draw_strip, draw_animation])
def test_other_suffixes_are_refused(draw: Callable[[Clip, Path], Path], tmp_path: Path) -> None:
    with pytest.raises(SignletError, match=r"a\.bmp: .* is written as \."):
        draw(CLEAN[0], tmp_path / "a.bmp")
    with pytest.raises(SignletError, match="shows nothing"):
        draw_strip(CLEAN[0], tmp_path / "a.png", 0)


# --- real clips -----------------------------------------------------------------------------


@pytest.mark.skipif(not (SHARED / "data/aslsigns").exists(), reason="shared data are not here")
def test_real_competition_clips() -> None:
    quality = data_quality(open_source(SHARED / "data/aslsigns"), jobs=1)
    assert quality.skipped == ()
    assert quality.signs == 250
    few = {one.detail for one in quality.suspicious if one.problem == "few hands"}
    assert "hands in 2 of 16 frames" in few
    problems = {one.problem for one in quality.suspicious}
    assert problems <= {"few hands", "very short", "few clips", "one signer"}


@pytest.mark.parametrize("remark", [CUT, DAMAGED, BEYOND, NO_RATE])
def test_inspect_of_one_clip_says_its_remarks(remark: str) -> None:
    quality = clip_quality(replace(clean(0), remarks=(remark, remark)))
    assert quality.problems == (advised(remark),)
    said = " ".join(printed(lambda console: print_clip(quality, console)).split())
    assert remark in said
    assert clip_quality(clean(0)).problems == ()


def test_published_splits_are_counted_in_one_line(tmp_path: Path) -> None:
    for split, count in (("train", 2), ("test", 1)):
        for number in range(count):
            path = tmp_path / split / "yes" / f"ada_{number}.npz"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, landmarks=clean(number + count).frames, fps=25.0)
    source = open_source(tmp_path)
    quality = data_quality(source)
    assert quality.clips_of_split == {"train": 2, "test": 1}
    said = printed(lambda console: print_quality(quality, console))
    assert re.search(r"^split +train 2, test 1 *$", said, re.MULTILINE)
    packed = pack(source, tmp_path.parent / f"{tmp_path.name}_packed", 8, jobs=1)
    assert data_quality(packed).clips_of_split == quality.clips_of_split


def test_without_splits_there_is_no_such_line() -> None:
    quality = quality_of()
    assert quality.clips_of_split == {}
    assert "split" not in dict(overview(quality))
