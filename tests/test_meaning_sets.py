"""What the clips of a set mean together: one verdict, the same for every command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from signlet import Clip
from signlet.cli.clip_remarks import ClipRemarks
from signlet.convert import convert_set
from signlet.landmarks import FACE, POSE
from signlet.meaning import Change, faults, look_at, of_set, remarks_on, suspected
from signlet.meaning.clip_warnings import ClipSummary, SetSummary, reading_warnings
from signlet.pack import pack
from signlet.preprocess import Preprocess
from signlet.quality import data_quality
from signlet.quality.data_warnings import seen_in
from signlet.sources import open_source, read_clip, write_clip
from signlet_testing.spoiled import MENDED

Frames = NDArray[np.float32]
Spoil = Callable[[Frames], Frames]
_LANGUAGES = ("ase", "bzs", "csq", "eso")
LEGS = slice(POSE.start + 23, POSE.stop)


def letters() -> list[Frames]:
    source = open_source("fingerspelling")
    wanted = [
        one for one in source.refs() if one.signer in _LANGUAGES and (one.sign or "-") in "ABCZ"
    ]
    return [source.read(one).frames for one in wanted]


def _deep(frames: Frames) -> Frames:
    found = frames.copy()
    found[..., 2] = -frames[..., 2]
    return found


def _moved(frames: Frames, x: float, y: float) -> Frames:
    """As if the camera pointed elsewhere."""
    found = frames.copy()
    found[..., :2] += np.array([x, y], np.float32)
    return found


def _from_middle(frames: Frames) -> Frames:
    """With legs that MediaPipe guessed far below the picture."""
    found = frames.copy()
    found[:, LEGS, 1] += 2
    found[..., :2] = found[..., :2] * 2 - 1
    return found


def _small(frames: Frames) -> Frames:
    """Somebody far away, near the middle of the picture."""
    found = frames.copy()
    found[..., :2] = (frames[..., :2] - 0.5) * 0.4 + 0.5
    return found


def _hands_only(frames: Frames) -> Frames:
    found = frames.copy()
    found[:, FACE], found[:, POSE] = np.nan, np.nan
    return found


def _folder(root: Path, clips: Sequence[Frames]) -> Path:
    for number, frames in enumerate(clips):
        path = root / ("hello", "help")[number % 2] / f"p{number % 3}_{number}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_clip(Clip(frames), path)
    return root


def _seen(clips: Sequence[Frames]) -> list[ClipSummary]:
    return [
        ClipSummary.of(Clip(one, str(n), remarks=remarks_on(one))) for n, one in enumerate(clips)
    ]


def _flags(said: Sequence[str]) -> list[str]:
    return [one.partition("IN OUT ")[2] for one in said if "IN OUT " in one]


EXCHANGED: dict[str, tuple[Spoil, str]] = {
    "hands": MENDED["hands exchanged"],
    "y": MENDED["y up, 1 - y"],
    "x": MENDED["x to the left"],
}


@pytest.mark.parametrize("kind", EXCHANGED)
def test_of_clips_with_another_fault_nothing_is_said_of_z(kind: str, tmp_path: Path) -> None:
    spoil, flags = EXCHANGED[kind]
    clips = [spoil(frames) for frames in letters()]
    seen = _seen(clips)
    assert _flags(reading_warnings(SetSummary((), seen))) == [flags]
    assert _flags(reading_warnings(SetSummary((), seen, told=True))) == []  # as teach asks
    source = open_source(_folder(tmp_path / "set", clips))
    assert _flags(data_quality(source, jobs=1).notes) == [flags]
    packed = pack(source, tmp_path / "packed", 25, jobs=1)
    assert _flags(reading_warnings(seen_in(packed))) == [flags]
    done = convert_set(source, tmp_path / "out", None, "set")
    assert dict(done.done) == {flags: len(clips)}
    assert not done.left


@given(share=st.integers(0, 16))
def test_few_right_clips_beside_others_do_not_decide(share: int) -> None:
    look = look_at(_deep(letters()[0]))
    clips = [((faults.HANDS.phrase,), look)] * share + [((), look)] * (16 - share)
    found = of_set(clips).together
    assert (found is not None and found[0] is faults.DEPTH_TURNED) == (share <= 4)


def test_z_is_told_where_nothing_else_is_wrong_whatever_was_said_before() -> None:
    seen = _seen([_deep(frames) for frames in letters()])
    for told in (False, True):
        assert _flags(reading_warnings(SetSummary((), seen, told=told))) == ["--flip-z"]


def _some_low(frames: Sequence[Frames]) -> list[Frames]:
    """From -1 to 1: usual ones, small ones, and ones at the lower right, which cannot tell."""
    low = [_moved(_small(one), 0.35, 0.35) for one in frames[:2]]
    return [*map(_from_middle, [*frames[4:], *map(_small, frames[2:4]), *low])]


def test_units_are_decided_for_the_whole_set(tmp_path: Path) -> None:
    clips = _some_low(letters())
    own = [{fault.flags for fault in suspected(one)} for one in clips]
    for one in ({"--span=-1,1"}, {""}, set()):
        assert one in own
    source = open_source(_folder(tmp_path / "set", clips))
    assert _flags(data_quality(source, jobs=1).notes) == ["--span=-1,1"]
    packed = pack(source, tmp_path / "packed", 25, jobs=1)
    assert _flags(reading_warnings(seen_in(packed))) == ["--span=-1,1"]
    done = convert_set(source, tmp_path / "out", None, "set")
    assert dict(done.done) == {"--span=-1,1": len(clips)}
    assert not done.left
    assert not any(suspected(read_clip(one).frames) for one in (tmp_path / "out").rglob("*.npz"))


def test_what_is_printed_of_many_clips_names_one_remedy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    remarked = ClipRemarks()
    for number, frames in enumerate(_some_low(letters())):
        remarked.see(str(number), Clip(frames, str(number), remarks=remarks_on(frames)))
    remarked.say()
    said = capsys.readouterr().err.strip().splitlines()
    assert _flags(said) == ["--span=-1,1"]
    assert "--auto" not in said[0]


def test_a_few_clips_in_other_units_are_mended_alone(tmp_path: Path) -> None:
    right = letters()
    clips = [*map(_from_middle, right[:4]), *right[4:]]
    done = convert_set(open_source(_folder(tmp_path / "set", clips)), tmp_path / "out", None, "set")
    assert dict(done.done) == {"--span=-1,1": 4, "": len(right) - 4}


def test_clips_with_hands_only_are_mended_as_those_that_tell(tmp_path: Path) -> None:
    up = [EXCHANGED["y"][0](frames) for frames in letters()]
    clips = [_hands_only(one) if number % 4 == 0 else one for number, one in enumerate(up)]
    done = convert_set(open_source(_folder(tmp_path / "set", clips)), tmp_path / "out", None, "set")
    assert dict(done.done) == {"--flip-y": len(clips)}


def test_guessed_legs_say_nothing_of_the_units() -> None:
    for frames in letters():
        far = frames.copy()
        far[:, LEGS, 1] += 5
        assert suspected(far) == ()


@pytest.mark.parametrize("edges", [(-1, 1), (-0.5, 0.5)])
def test_a_model_does_not_mind_from_where_x_and_y_are_counted(edges: tuple[float, float]) -> None:
    low, high = edges
    for frames in letters()[:4]:
        other = frames.copy()
        other[..., :2] = frames[..., :2] * (high - low) + low
        one, two = (Preprocess(16)(torch.from_numpy(of)) for of in (frames, other))
        assert torch.allclose(one[0], two[0], atol=1e-3, equal_nan=True)


# --- mirror images ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "change", "noticed"),
    [
        (5, Change(mirror=True), True),
        (4, Change(mirror=True), False),  # they may all be left-handed
        (5, Change(), False),
    ],
)
def test_a_set_that_was_mirrored_is_noticed_by_every_command(
    people: int, change: Change, noticed: bool, tmp_path: Path
) -> None:
    source = open_source("fingerspelling")
    for who in ("ase", "asq", "bzs", "eso", "gsg")[:people]:
        for ref in [one for one in source.refs() if one.signer == who][:6]:
            (tmp_path / "in" / (ref.sign or "")).mkdir(parents=True, exist_ok=True)
            path = tmp_path / "in" / (ref.sign or "") / f"{who}_1.npz"
            np.savez(path, landmarks=change(source.read(ref).frames), fps=25.0)
    mirrored = open_source(tmp_path / "in")
    packed = pack(mirrored, tmp_path / "packed", 16, jobs=1)
    for notes in (
        data_quality(mirrored, jobs=1).notes,  # as inspect prints them
        data_quality(packed).notes,
        reading_warnings(seen_in(packed)),  # before a training
    ):
        found = [note for note in notes if "the left hand leads" in note]
        assert len(found) == noticed, notes
        assert all(f"of {people} people" in note and "--mirror" in note for note in found)


def test_hands_that_are_swapped_are_not_called_mirrored_too() -> None:
    looks = [replace(look_at(letters()[0]), leads="left")] * 5
    swapped = [
        ClipSummary(f"{who}{n}", "a", who, (who, n), 2.0, (faults.HANDS.phrase,), look)
        for who in "abcde"
        for n, look in enumerate(looks)
    ]
    plain = [replace(clip, remarks=()) for clip in swapped]
    for clips, mirrored in ((swapped, False), (plain, True)):
        notes = reading_warnings(SetSummary(("a",), clips))
        assert any("the left hand leads" in note for note in notes) == mirrored
