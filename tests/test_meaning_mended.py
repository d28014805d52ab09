"""Right shape, wrong meaning: what mends it, in clips and in a program's arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signlet import Clip
from signlet.errors import ClipError, ClipWarning, SignletError
from signlet.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND
from signlet.meaning import (
    Change,
    remarks_on,
    remedy,
    suspected,
    tells_meaning,
)
from signlet.meaning.faults import PROBLEMS
from signlet.meaning.watch import EVERY, FIRST, Watch
from signlet_testing.spoiled import (
    MENDED,
    SAID,
    Frames,
    _flip_y,
    _pixels,
    _swapped,
    letters,
)

# --- changes --------------------------------------------------------------------------------


def test_a_change_says_its_flags_and_keeps_the_array() -> None:
    frames = letters("A")[0]
    before = frames.copy()
    change = Change(
        order=("pose", "face", "left_hand", "right_hand"),
        axes="zxy",
        pixels=(640, 480),
        zeros_missing=True,
        flip_y=True,
        mirror=True,
    )
    assert change.flags() == (
        "--order pose,face,left_hand,right_hand --axes zxy --pixels 640x480 --zeros-missing "
        "--flip-y --mirror"
    )
    assert change(frames).shape == frames.shape
    assert np.array_equal(frames, before, equal_nan=True)
    assert Change().flags() == ""


def test_pixels_become_fractions_and_zeros_missing() -> None:
    for frames in letters("A"):
        mended = Change(pixels=(640, 480))(_pixels(frames))
        assert np.allclose(mended, frames, atol=1e-6, equal_nan=True)
        zeros = frames.copy()
        zeros[:, 470, :2] = 0
        assert np.isnan(Change(zeros_missing=True)(zeros)[:, 470]).all()


def test_a_mirror_image_is_turned_and_back() -> None:
    for frames in letters("A"):
        turned = Change(mirror=True)(frames)
        assert suspected(turned) == ()  # a left-hander is no fault
        assert np.array_equal(turned[:, LEFT_HAND, 1], frames[:, RIGHT_HAND, 1], equal_nan=True)
        assert np.allclose(Change(mirror=True)(turned), frames, atol=1e-6, equal_nan=True)


def test_the_order_of_an_array_with_irises_is_known() -> None:
    frames = letters("A")[0]
    face = np.concatenate([frames[:, FACE], frames[:, :10]], 1)
    parts = [frames[:, POSE], face, frames[:, LEFT_HAND], frames[:, RIGHT_HAND]]
    mended = Change(order=("pose", "face", "left_hand", "right_hand"))(np.concatenate(parts, 1))
    assert np.array_equal(mended, frames, equal_nan=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": ("face", "pose")},
        {"order": ("face", "face", "pose", "left_hand")},
        {"axes": "xxz"},
        {"axes": "xy"},
        {"pixels": (0, 480)},
        {"pixels": (float("nan"), 480)},
    ],
    ids=str,
)
def test_changes_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SignletError, match="--"):
        Change(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(5, 543), (5, 540, 3), (0, 543, 3), (5, 543, 2)], ids=str)
def test_arrays_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    for change in (Change(flip_y=True), Change(order=("pose", "face", "left_hand", "right_hand"))):
        with pytest.raises(ClipError, match="frames"):
            change(np.zeros(shape), "mine")


def test_one_command_mends_several_faults() -> None:
    faults = suspected(_flip_y(_swapped(letters("A")[0])))
    assert remedy(faults, "a", "b") == "signlet convert a b --flip-y --swap-hands"
    assert remedy(()) == ""


def test_every_phrase_is_known_as_one() -> None:
    spoils = [spoil for spoil, _ in (*MENDED.values(), *SAID.values())]
    phrases = {phrase for spoil in spoils for phrase in remarks_on(spoil(letters("A")[0]))}
    assert all(map(tells_meaning, phrases))
    assert len(PROBLEMS) > 10
    assert not tells_meaning("zeros treated as not found")


def test_the_page_of_the_docs_runs_and_names_every_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[1] / "docs" / "meaning.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    np.savez("clip.npz", landmarks=_flip_y(_swapped(letters("A")[0])))
    scope: dict[str, Any] = {}
    exec(page.partition("```python")[2].partition("```")[0], scope)
    assert np.allclose(scope["repaired"], letters("A")[0], atol=1e-6, equal_nan=True)
    assert "--swap-hands" in capsys.readouterr().out
    said = " ".join(page.split())
    unsaid = {problem for problem in PROBLEMS if problem not in said}
    assert unsaid == {"the picture is turned by 90 degrees"}  # in one row with another


# --- a program that gives many clips ----------------------------------------------------------


def _show(watch: Watch, *clips: Frames) -> None:
    for frames in clips:
        watch.see(Clip(frames))


def test_a_program_is_warned_once_of_each_kind() -> None:
    watch = Watch()
    wrong, other = _swapped(letters("A")[0]), _flip_y(letters("A")[0])
    with pytest.warns(ClipWarning) as said:
        _show(watch, wrong, wrong, other, other)
    assert len(said) == 2
    assert "left and right hand are swapped" in str(said[0].message)


def test_later_clips_are_looked_at_from_time_to_time() -> None:
    watch = Watch()
    frames = letters("A")[0]
    _show(watch, *[frames] * FIRST)
    with pytest.warns(ClipWarning, match="y runs upwards"):
        _show(watch, *[_flip_y(frames)] * EVERY)
